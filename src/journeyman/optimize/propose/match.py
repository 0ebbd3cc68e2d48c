"""Where a SEARCH text stands in a file.

Lines are compared whole. What is forgiven, in this order, and only if nothing stricter is found: nothing; white space at the
ends of lines; blank lines around the text; and an indentation that is off by the same amount on every line, if there is one
place only where that fits. The replacement is then moved by the same amount. Nothing else is guessed: a wrong edit costs an
evaluation, a failed one is explained to the model by `nearest`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from journeyman.report.text import visible

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_COMPARED = 200  # characters of a line that are looked at when the most similar one is sought
_SHIFTED = 100  # places that are looked at for a common indentation; with more, none would be the only one
_LOOKED_AT = 100  # lines of a SEARCH text that are followed to find where it breaks off
_SHOWN = 120


@dataclass(frozen=True)
class Lines:
    """A file by lines. `ends` holds each line's own end: "\\n", "\\r\\n", or "" for a last line without one."""

    text: tuple[str, ...]
    ends: tuple[str, ...]

    @cached_property
    def bare(self) -> list[str]:
        """The lines without white space at their ends."""
        return [line.rstrip() for line in self.text]

    @property
    def end(self) -> str:
        """The line end that most lines have."""
        return "\r\n" if self.ends.count("\r\n") > self.ends.count("\n") else "\n"


@dataclass(frozen=True, slots=True)
class Place:
    """Lines first..last-1 of a file, and what is to stand there."""

    first: int
    last: int
    replace: tuple[str, ...]


def lines_of(text: str) -> Lines:
    """`text` taken apart; `text_of(lines_of(text)) == text`."""
    parts = _LINE.findall(text)
    ends = ["\r\n" if part.endswith("\r\n") else "\n" if part.endswith("\n") else "" for part in parts]
    bodies = [part[: len(part) - len(end)] for part, end in zip(parts, ends, strict=True)]
    return Lines(tuple(bodies), tuple(ends))


def text_of(lines: Lines) -> str:
    """The file as one text."""
    return "".join(line + end for line, end in zip(lines.text, lines.ends, strict=True))


def put(lines: Lines, place: Place) -> str:
    """The file's text with `place` replaced. New lines end as the file's do; a missing last line end stays missing."""
    ends = [lines.end] * len(place.replace)
    if ends and place.last == len(lines.text) and lines.ends and not lines.ends[-1]:
        ends[-1] = ""
    return text_of(
        Lines(
            (*lines.text[: place.first], *place.replace, *lines.text[place.last :]),
            (*lines.ends[: place.first], *ends, *lines.ends[place.last :]),
        )
    )


def places(lines: Lines, search: Sequence[str], replace: Sequence[str]) -> list[list[Place]]:
    """All places where `search` stands, one list for each degree of leniency, strictest first. `search` is not all blank."""
    inner_search, inner_replace = _without_blank_edges(search, replace)
    found = [
        _equal(lines.text, list(search), replace),
        _equal(lines.bare, [line.rstrip() for line in search], replace),
    ]
    if len(inner_search) < len(search):
        found.append(_equal(lines.bare, inner_search, inner_replace))
    return found


def shifted(lines: Lines, search: Sequence[str], replace: Sequence[str]) -> list[Place]:
    """All places where `search` stands but for one and the same indentation on every line that is not blank."""
    search, replace = _without_blank_edges(search, replace)
    bare = lines.bare
    wanted = [line.lstrip() for line in search]
    fitting = _equal([line.lstrip() for line in bare], wanted, replace)
    found = []
    for place in fitting if len(fitting) <= _SHIFTED else []:
        move = _move(bare[place.first : place.last], search)
        moved = None if move is None else [line and move(line) for line in place.replace]
        if moved is not None and None not in moved:
            found.append(Place(place.first, place.last, tuple(line for line in moved if line is not None)))
    return found


def nearest(lines: Lines, search: Sequence[str]) -> str:
    """What is there instead of `search`: the line at which the best fit breaks off, and how it differs."""
    wanted, _ = _without_blank_edges(search, ())
    bare = lines.bare
    if not any(bare):
        return "the file is empty"
    if not wanted:
        return "the SEARCH text is blank"
    fits = [_fit(bare, i, wanted[:_LOOKED_AT]) for i in range(len(bare))]
    best = fits.index(max(fits))
    fit = _fit(bare, best, wanted)
    if fit == 0:
        best = _most_similar(bare, wanted[0])
    at, asked = best + fit, wanted[min(fit, len(wanted) - 1)]
    if at >= len(bare):
        return f"the file ends after line {len(bare)}, where the SEARCH text goes on with {shown(asked)}"
    there = bare[at]
    if there.lstrip() == asked.lstrip():
        return f"line {at + 1} is indented by {_indent(there)}, in the SEARCH text by {_indent(asked)}: {shown(there)}"
    said = "the nearest line" if fit == 0 else f"the {fit} before it fit, and the next"
    return f"{said} is line {at + 1}, {shown(there)}, where the SEARCH text has {shown(asked)}"


def shown(line: str) -> str:
    """A line as it can stand in a sentence."""
    return f"`{visible(line.strip(), limit=_SHOWN)}`" if line.strip() else "a blank line"


def _equal(there: Sequence[str], search: Sequence[str], replace: Sequence[str]) -> list[Place]:
    if not search:
        return []
    # One search in one text stays linear where lines repeat themselves a thousand times.
    text, wanted = "\n".join(["", *there, ""]), "\n".join(["", *search, ""])
    found: list[Place] = []
    row, seen = 0, 0
    at = text.find(wanted)
    while at >= 0:
        row += text.count("\n", seen, at)
        seen = at
        found.append(Place(row, row + len(search), tuple(replace)))
        at = text.find(wanted, at + 1)
    return found


def _fit(there: Sequence[str], start: int, wanted: Sequence[str]) -> int:
    """How many lines of `wanted` stand from `start` on."""
    length = 0
    while length < len(wanted) and start + length < len(there) and there[start + length] == wanted[length]:
        length += 1
    return length


def _without_blank_edges(search: Sequence[str], replace: Sequence[str]) -> tuple[list[str], list[str]]:
    """`search` without blank lines around it, its lines' ends bare, and `replace` without as many of its own."""
    start, stop = 0, len(search)
    while start < stop and not search[start].strip():
        start += 1
    while stop > start and not search[stop - 1].strip():
        stop -= 1
    head, tail = start, len(search) - stop
    new = list(replace)
    while head and new and not new[0].strip():
        head, new = head - 1, new[1:]
    while tail and new and not new[-1].strip():
        tail, new = tail - 1, new[:-1]
    return [line.rstrip() for line in search[start:stop]], new


def _move(there: Sequence[str], search: Sequence[str]) -> Callable[[str], str | None] | None:
    """How the lines of `search` become those that are there: by a prefix put on, or taken off, every line."""
    pairs = [(a, b) for a, b in zip(there, search, strict=True) if a]
    gaps = {
        (a[: len(a) - len(b)], True) if len(a) >= len(b) else (b[: len(b) - len(a)], False) for a, b in pairs
    }
    if len(gaps) != 1:
        return None
    gap, put_on = gaps.pop()
    if put_on:
        return (lambda line: gap + line) if all(a == gap + b for a, b in pairs) else None
    if not all(gap + a == b for a, b in pairs):
        return None
    return lambda line: line[len(gap) :] if line.startswith(gap) else None


def _most_similar(there: Sequence[str], asked: str) -> int:
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(asked.strip()[:_COMPARED])
    best, ratio = next((i for i, line in enumerate(there) if line), 0), 0.0
    for i, line in enumerate(there):
        matcher.set_seq1(line.strip()[:_COMPARED])
        # Each is an upper bound of the next and cheaper than it.
        if matcher.real_quick_ratio() > ratio and matcher.quick_ratio() > ratio and matcher.ratio() > ratio:
            best, ratio = i, matcher.ratio()
    return best


def _indent(line: str) -> str:
    blank = line[: len(line) - len(line.lstrip())]
    tabs = blank.count("\t")
    names = [f"{n} {name}{'s' * (n != 1)}" for n, name in ((tabs, "tab"), (len(blank) - tabs, "space")) if n]
    return " and ".join(names) or "nothing"
