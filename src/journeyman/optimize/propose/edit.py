"""From a reply to a candidate: what a model wrote is applied to the files it was shown, all of it or nothing.

Steps are taken one after the other, each on what the last one left. An edit must have one place: its SEARCH text stands
in the file once, or once where the file may be changed. A whole file replaces what was there; of a file with one
EVOLVE-BLOCK region, the inside of the region will do. Every refusal is a sentence that tells the model what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from journeyman.errors import CandidateInvalid, ProposalFailed
from journeyman.optimize.propose.editable import Editable, has_region, whole_of
from journeyman.optimize.propose.match import Place, lines_of, places, put
from journeyman.optimize.propose.reply import Delete, Edit, Reply, Step, Write, read_reply
from journeyman.report.text import visible
from journeyman.verify import Candidate, make_candidate
from journeyman.verify.region import START, check_outside

Form = Literal["edit", "rewrite"]

MAX_FILE_CHARS = 100_000
"""Of a file that a reply writes or changes."""

_HOW = {
    "edit": "answer with '### FILE: path' and SEARCH/REPLACE blocks below it",
    "rewrite": "answer with '### FILE: path' and the whole file in a fenced block below it",
}


def apply_reply(
    parent: Candidate,
    reply: str,
    form: Form,
    *,
    main: str,
    seed: Candidate | None = None,
    max_file_chars: int = MAX_FILE_CHARS,
    cut: bool = False,
) -> Candidate:
    """The candidate that `reply` makes of `parent`; equal to it if the reply changes nothing.

    Args:
        parent: what the model was shown.
        reply: its whole answer, prose included.
        form: what it was asked for. An answer in the other form is taken too.
        main: the file that the task runs; it cannot be deleted.
        seed: whose EVOLVE-BLOCK markers count and whose text outside of them must stay; None: the parent's own.
        max_file_chars: longest that a file that was changed may be.
        cut: whether the reply was ended by the length limit. It is used if nothing in it is incomplete.

    Raises:
        ProposalFailed: of kind "empty", "cut", "unparsable", "outside_region" or "over_long".
        CandidateInvalid: a path that is not allowed, or too many or too large files.
    """
    if not reply.strip():
        raise ProposalFailed("empty", f"the reply is empty; {_HOW[form]}")
    read = read_reply(reply)
    if cut and (read.unclosed or not (read.steps or read.loose)):
        raise ProposalFailed("cut", "the reply ends at the length limit, before it is complete")
    tree = _Tree(parent, seed or parent, main)
    for number, step in enumerate(_steps(read, tree.single, form), start=1):
        tree.take(step, number)
    return tree.candidate(max_file_chars)


def _steps(read: Reply, single: bool, form: Form) -> Sequence[Step]:
    if read.unclosed == "edit":
        raise ProposalFailed("unparsable", "the last edit has no line '>>>>>>> REPLACE' at its end")
    if read.steps:
        return read.steps
    if not read.loose:
        raise ProposalFailed("unparsable", f"the reply changes no file; {_HOW[form]}")
    # One block is the file. Of several, the one that brings the region's own markers.
    marked = [write for write in read.loose if any(START in line for line in write.lines)]
    chosen = read.loose if len(read.loose) == 1 else marked
    if len(chosen) != 1 or not single:
        found = f"{len(read.loose)} fenced block{'s' * (len(read.loose) > 1)}"
        said = (
            f"the reply has {found} and no line '### FILE: path' that says which file is meant; {_HOW[form]}"
        )
        raise ProposalFailed("unparsable", said)
    return chosen


class _Tree:
    """The files while the steps are taken. Bytes that are no UTF-8 pass through unharmed."""

    def __init__(self, parent: Candidate, contract: Candidate, main: str) -> None:
        self._parent, self._contract, self._main = parent, contract, main
        self._changed: dict[str, str | None] = {}
        self.single = len(parent.files) == 1

    def take(self, step: Step, number: int) -> None:
        """Change the files as step `number`, counted from 1, says. Raises ProposalFailed."""
        if isinstance(step, Delete):
            self._delete(step.path)
            return
        path = step.path
        if path is None and self.single:
            path = next(iter(self._parent.files))
        if path is None:
            count = len(self._parent.files)
            said = (
                f"edit {number} has no line '### FILE: path' before it, and the candidate has {count} files"
            )
            raise ProposalFailed("unparsable", said)
        if isinstance(step, Write):
            self._changed[path] = self._written(path, step.lines)
        else:
            self._changed[path] = self._edited(path, step, f"edit {number}, of {_name(path)}")

    def candidate(self, max_file_chars: int) -> Candidate:
        """The files as they are now."""
        written = {path: text for path, text in self._changed.items() if text is not None}
        for path, text in written.items():
            if len(text) > max_file_chars:
                said = (
                    f"{_name(path)} would have {len(text):,} characters, and {max_file_chars:,} are allowed"
                )
                raise ProposalFailed("over_long", f"{said}; make it shorter")
        if self.single and written and not written.keys() & self._parent.files.keys():
            new = _name(next(iter(written)))
            said = f"the reply writes only {new}, a new file that nothing uses; the one to change is {_name(self._main)}"
            raise ProposalFailed("unparsable", said)
        kept = {path: data for path, data in self._parent.files.items() if path not in self._changed}
        new_files = {path: text.encode("utf-8", "surrogateescape") for path, text in written.items()}
        candidate = make_candidate({**kept, **new_files})
        try:
            check_outside(self._contract, candidate)
        except CandidateInvalid as error:
            raise ProposalFailed("outside_region", str(error)) from error
        return candidate

    def _delete(self, path: str) -> None:
        if path == self._main:
            said = f"{_name(path)} is the file that the task runs and cannot be deleted"
            raise ProposalFailed("unparsable", said)
        if self._text(path) is None:
            raise ProposalFailed("unparsable", f"{_name(path)} cannot be deleted: {self._there()}")
        self._changed[path] = None

    def _written(self, path: str, lines: Sequence[str]) -> str:
        old = self._text(path)
        if old is not None and has_region(self._contract, path):
            return whole_of(_name(path), old, lines)
        end = "\n" if old is None else lines_of(old).end
        text = "".join(line + end for line in lines)
        # A fence always shows a last line end; that the file has none is no change that anybody made.
        return text.removesuffix(end) if old and not old.endswith("\n") else text

    def _edited(self, path: str, step: Edit, edit: str) -> str:
        old, splits = self._text(path), step.splits()
        if not splits:
            raise ProposalFailed(
                "unparsable", f"{edit}: there is no line '=======' between SEARCH and REPLACE"
            )
        if old is None:
            search, new = splits[-1]
            if any(map(str.strip, search)):
                raise ProposalFailed("unparsable", f"{edit}: {self._there()}")
            return "".join(line + "\n" for line in new)
        editable = Editable(old, has_region(self._contract, path))
        place = _place(editable, splits, edit)
        if place is not None:
            return put(editable.lines, place)
        before = self._parent.files.get(path)
        if before is not None and path in self._changed:
            shown = lines_of(before.decode("utf-8", "surrogateescape"))
            if any(any(places(shown, search, new)) for search, new in splits):
                said = "an earlier edit of this reply has changed the lines of its SEARCH text; make one edit of the two"
                raise ProposalFailed("unparsable", f"{edit}: {said}")
        raise editable.not_found(splits[-1][0], edit)

    def _text(self, path: str) -> str | None:
        if path in self._changed:
            return self._changed[path]
        data = self._parent.files.get(path)
        return None if data is None else data.decode("utf-8", "surrogateescape")

    def _there(self) -> str:
        names = [path for path in {**self._parent.files, **self._changed} if self._text(path) is not None]
        shown = ", ".join(map(_name, sorted(names)[:8])) + (", …" if len(names) > 8 else "")
        return f"there is no such file; there {'is' if len(names) == 1 else 'are'} {shown}"


def _place(editable: Editable, splits: Sequence[tuple[list[str], list[str]]], edit: str) -> Place | None:
    # The text itself may hold lines of "=======": of all ways to read the edit, the one with the most that stands there.
    for search, new in splits:
        if not any(map(str.strip, search)):
            return editable.empty_place(new, edit)
        place = editable.place(search, new, edit)
        if place is not None:
            return place
    return None


def _name(path: str) -> str:
    return f"'{visible(path, limit=80)}'"
