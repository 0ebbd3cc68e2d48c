"""What of a file may be changed, and how a change is kept inside of it.

A task's seed may mark one or several blocks with EVOLVE-BLOCK-START and EVOLVE-BLOCK-END; the rest of that file is contract.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from journeyman.errors import CandidateInvalid, ProposalFailed
from journeyman.optimize.propose.match import Place, lines_of, nearest, places, put, shifted, shown
from journeyman.verify import Candidate
from journeyman.verify.region import END, START, editable_spans, fixed_text


def has_region(contract: Candidate, path: str) -> bool:
    """Whether `path` is a file of which only a part may be changed."""
    return path in contract.files and _pieces(contract.text(path)) is not None


class Editable:
    """A file's text and where it may be edited. `marked`: whether markers in it mean anything."""

    def __init__(self, text: str, marked: bool) -> None:
        self.lines = lines_of(text)
        self._outside = _pieces(text) if marked else None
        self._spans = editable_spans(text) if self._outside is not None else [(0, len(text))]
        self._starts = [0]
        for line, end in zip(self.lines.text, self.lines.ends, strict=True):
            self._starts.append(self._starts[-1] + len(line) + len(end))

    def place(self, search: Sequence[str], replace: Sequence[str], edit: str) -> Place | None:
        """The one place for an edit, None if its SEARCH text is not there at all. `search` is not all blank.

        Raises ProposalFailed, with `edit` at the beginning of its sentence, for several places or one outside the region.
        """
        outside: Place | None = None
        for found in places(self.lines, search, replace):
            inside = [place for place in found if self._allows(place, search)]
            if len(inside) == 1:
                return inside[0]
            if inside:
                where = ", ".join(str(place.first + 1) for place in inside[:5])
                more = ", …" if len(inside) > 5 else ""
                raise ProposalFailed(
                    "unparsable",
                    f"{edit}: its SEARCH text stands there {len(inside)} times (from lines {where}{more}); quote more lines "
                    "around it, so that it stands there once",
                )
            outside = outside or next(iter(found), None)
        if outside is not None:
            raise ProposalFailed("outside_region", f"{edit}: {self._why_not(outside)}")
        found = [place for place in shifted(self.lines, search, replace) if self._allows(place, search)]
        return found[0] if len(found) == 1 else None

    def empty_place(self, replace: Sequence[str], edit: str) -> Place:
        """Where nothing stands yet. Raises ProposalFailed if there is no such place."""
        at = {start: row for row, start in enumerate(self._starts)}
        rows = [(at[a], at[b]) for a, b in self._spans if a in at and b in at]
        blank = [(a, b) for a, b in rows if not any(line.strip() for line in self.lines.text[a:b])]
        if len(blank) != 1:
            raise ProposalFailed(
                "unparsable",
                f"{edit}: its SEARCH text is empty, and the file is not; quote the lines that are to be replaced",
            )
        place = Place(*blank[0], tuple(replace))
        if not self._allows(place, ()):
            raise ProposalFailed("outside_region", f"{edit}: {self._why_not(place)}")
        return place

    def not_found(self, search: Sequence[str], edit: str) -> ProposalFailed:
        """The sentence that says what is there instead."""
        return ProposalFailed(
            "unparsable",
            f"{edit}: its SEARCH text is not in the file; {nearest(self.lines, search)}; quote the lines exactly",
        )

    def _allows(self, place: Place, search: Sequence[str]) -> bool:
        if self._outside is None:
            return True
        start, end = self._starts[place.first], self._starts[place.last]
        written = any(START in line or END in line for line in place.replace)
        if any(a <= start and end <= b for a, b in self._spans) and not written:
            return True
        # Lines outside may be quoted as long as they come out the same.
        quoted = any(START in line or END in line for line in search)
        same = place.replace == self.lines.text[place.first : place.last]
        return (quoted or written or same) and _pieces(put(self.lines, place)) == self._outside

    def _why_not(self, place: Place) -> str:
        rows = [(self._row(a), self._row(b)) for a, b in self._spans]
        if any(a <= place.first and place.last <= b for a, b in rows):
            return f"it writes a line with {START} or {END}; these lines stay where they are"
        row = next(
            (i for i in range(place.first, place.last) if not any(a <= i < b for a, b in rows)), place.first
        )
        allowed = " and ".join(f"{a + 1} to {b}" for a, b in rows)
        return (
            f"it changes line {row + 1}, {shown(self.lines.text[row])}, which stands outside the {START}/{END} block; only "
            f"lines {allowed} may change"
        )

    def _row(self, at: int) -> int:
        return bisect_right(self._starts, at) - 1


def whole_of(name: str, old: str, lines: Sequence[str]) -> str:
    """The file that `lines` stand for, where `old` has a region: its outside, with the new inside.

    `lines` are the whole file, or the inside of its one region. White space that differs outside is undone; `name` is
    what the file is called in a sentence.

    Raises:
        ProposalFailed: the outside differs otherwise, or there is no telling which block is meant.
    """
    text = "".join(line + "\n" for line in lines)
    outside = _pieces(old)
    if outside is None:
        return text
    blocks = len(outside) - 1
    if START in text or END in text:
        insides = _insides(name, text, outside)
    elif blocks == 1:
        insides = [_without_outside(lines, *map(_bare, outside))]
    else:
        said = f"{name} has {blocks} editable blocks; give the whole file with its {START} and {END} lines"
        raise ProposalFailed("outside_region", said)
    end = lines_of(old).end
    return "".join(a + b.replace("\n", end) for a, b in zip(outside, [*insides, ""], strict=True))


def _insides(name: str, text: str, outside: Sequence[str]) -> list[str]:
    try:
        insides, given = [text[a:b] for a, b in editable_spans(text)], fixed_text(text) or []
    except CandidateInvalid as error:
        raise ProposalFailed("outside_region", f"{name}: {error}") from error
    if len(given) != len(outside):
        blocks = f"{len(outside) - 1} editable blocks and the reply has {len(insides)}"
        raise ProposalFailed("outside_region", f"{name} has {blocks}; keep each {START} and {END} line")
    here, there = [_bare(piece) for piece in given], [_bare(piece) for piece in outside]
    if any(here) and here != there:
        a, b = next((a, b) for a, b in zip(there, here, strict=True) if a != b)
        raise ProposalFailed("outside_region", f"{name}: {_difference(a, b)}")
    return insides


def _without_outside(lines: Sequence[str], head: list[str], tail: list[str]) -> str:
    """The inside, also where the reply has the whole file and only the markers are missing."""
    full = [i for i, line in enumerate(lines) if line.strip()]
    said = [lines[i].rstrip() for i in full]
    first, last = 0, len(lines)
    fits = len(said) >= len(head) + len(tail) and said[: len(head)] == head
    if (head or tail) and fits and said[len(said) - len(tail) :] == tail:
        kept = full[len(head) : len(full) - len(tail)]
        first, last = (kept[0], kept[-1] + 1) if kept else (0, 0)
    return "".join(line + "\n" for line in lines[first:last])


def _difference(there: list[str], here: list[str]) -> str:
    shared = min(len(there), len(here))
    at = next((i for i in range(shared) if there[i] != here[i]), shared)
    was = shown(there[at]) if at < len(there) else "nothing"
    now = shown(here[at]) if at < len(here) else "nothing"
    return (
        f"outside the {START}/{END} block the file has {was} where the reply has {now}; leave everything outside as it is, "
        "or give only the inside of the block"
    )


def _bare(piece: str) -> list[str]:
    lines = piece.split("\n")
    return [line.rstrip() for line in lines if line.strip() and START not in line and END not in line]


def _pieces(text: str) -> list[str] | None:
    """What stands outside; None where there are no markers, or broken ones."""
    try:
        return fixed_text(text)
    except CandidateInvalid:
        return None
