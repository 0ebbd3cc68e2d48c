"""What a model's reply says, before anything is done with it.

A reply is prose with steps in it, in the order in which they are to be taken:

    ### FILE: path          then SEARCH/REPLACE blocks, fenced or not      one `Edit` each
    ### FILE: path          then a fenced block                            a `Write`: the file's whole new text
    ### DELETE: path                                                       a `Delete`

A block of edits ends where its own `>>>>>>> REPLACE` stands: markers may be nested, as in a file that explains them. A fence
ends, as in CommonMark, at the next one of its kind that is at least as long and says nothing else; a pair of fences
inside that was opened with a language is passed over. Reading never fails: what makes no sense is prose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_OPEN = re.compile(r"<{5,9} ?SEARCH\s*")
_CLOSE = re.compile(r">{5,9} ?REPLACE\s*")
_DIVIDER = re.compile(r"={7}\s*")
_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})\s*([^`]*)")
_HEADER = re.compile(r" {0,3}#{1,6}\s*(?:\*+\s*)?(FILE|DELETE):\s*(.*\S)\s*", re.IGNORECASE)

_DEPTH = 20  # of fences inside a fence
_SPLITS = 50  # dividers of one edit that are tried

# A unified diff is no file, whatever FILE line stands above it.
_PATCHES = ("diff", "patch")


@dataclass(frozen=True, slots=True)
class Edit:
    """The lines between the opening and the closing marker; `path` None: no FILE line came before it."""

    path: str | None
    body: tuple[str, ...]

    def splits(self) -> list[tuple[list[str], list[str]]]:
        """Each way to read the body as (search, replace), longest search first: the text may hold dividers itself."""
        at = [i for i, line in enumerate(self.body) if _DIVIDER.fullmatch(line)][:_SPLITS]
        return [(list(self.body[:i]), list(self.body[i + 1 :])) for i in reversed(at)]


@dataclass(frozen=True, slots=True)
class Write:
    """A whole file; `lines` without line ends."""

    path: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """A file that is to go."""

    path: str


Step = Edit | Write | Delete


@dataclass(frozen=True, slots=True)
class Reply:
    """`loose` are fenced blocks that follow no FILE line; they count only where there are no `steps`.

    `unclosed` says what the reply's end left open: an edit, which is then no step, or a file, which runs to the end.
    """

    steps: tuple[Step, ...]
    loose: tuple[Write, ...]
    prose: str
    unclosed: Literal["", "edit", "file"]


def read_reply(text: str) -> Reply:
    """The steps and the prose of a reply. Line ends become `\\n`; what no file can hold becomes `?`."""
    lines = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").split("\n")
    steps: list[Step] = []
    loose: list[Write] = []
    prose: list[str] = []
    unclosed: Literal["", "edit", "file"] = ""
    path: str | None = None
    awaited = False  # the first fenced block after a FILE line is that file; further ones are examples
    named = False  # whether there was any FILE line
    wrapper = ""  # a fence around steps instead of around a file
    i = 0
    while i < len(lines):
        line = lines[i]
        header, fence = _HEADER.fullmatch(line), _FENCE.fullmatch(line)
        if header:
            i += 1
            path = _path(header[2])
            named = awaited = True
            if header[1].upper() == "DELETE":
                steps.append(Delete(path))
                path, awaited = None, False
        elif _OPEN.fullmatch(line):
            end = _end_of_edit(lines, i)
            if end is None:
                unclosed = "edit"
                break
            steps.append(Edit(path, tuple(lines[i + 1 : end])))
            awaited, i = False, end + 1
        elif fence is None:
            prose.append(line)
            i += 1
        elif wrapper and _closes(fence, wrapper):
            wrapper, i = "", i + 1
        elif _wraps_steps(lines, i):
            wrapper, i = fence[2], i + 1
        else:
            content, after, closed = _fenced(lines, i)
            inner = _HEADER.fullmatch(content[0]) if content else None
            if inner and not awaited and inner[1].upper() == "FILE":
                path, content, named, awaited = _path(inner[2]), content[1:], True, True
            if fence[3].strip().lower() in _PATCHES:
                pass
            elif awaited:
                steps.append(Write(path, tuple(content)))
            elif not named:
                loose.append(Write(None, tuple(content)))
            if not closed and (awaited or not steps):
                unclosed = "file"
            awaited, i = False, after
    return Reply(tuple(steps), tuple(loose), "\n".join(prose).strip(), unclosed)


def _path(said: str) -> str:
    return said.strip("`'\"* ").removeprefix("./")


def _end_of_edit(lines: list[str], start: int) -> int | None:
    depth = 0
    for i in range(start, len(lines)):
        if _OPEN.fullmatch(lines[i]):
            depth += 1
        elif _CLOSE.fullmatch(lines[i]):
            depth -= 1
            if depth == 0:
                return i
    return None


def _closes(fence: re.Match[str], opened: str) -> bool:
    return not fence[3].strip() and fence[2].startswith(opened)


def _wraps_steps(lines: list[str], at: int) -> bool:
    """Whether the fence at `at` stands around edits, or around a FILE line and what belongs to it."""
    following = (lines[i] for i in range(at + 1, len(lines)) if lines[i].strip())
    first = next(following, "")
    if _HEADER.fullmatch(first):
        second = next(following, "")
        return bool(_OPEN.fullmatch(second) or _FENCE.fullmatch(second) or _HEADER.fullmatch(second))
    return bool(_OPEN.fullmatch(first))


def _fenced(lines: list[str], start: int) -> tuple[list[str], int, bool]:
    """The lines inside the fence that opens at `start`, the index after it, and whether it is closed."""
    opened = _FENCE.fullmatch(lines[start])
    assert opened is not None
    first = None  # where it ends if inner fences do not come in pairs
    depth = 0
    for i in range(start + 1, len(lines)):
        if first is not None and _HEADER.fullmatch(lines[i]) and _wraps_steps(["", *lines[i : i + 3]], 0):
            break
        fence = _FENCE.fullmatch(lines[i])
        if fence is None or fence[1] != opened[1] or not fence[2].startswith(opened[2]):
            continue
        if fence[3].strip():
            depth += 1
            if depth > _DEPTH:
                break
            continue
        if first is None:
            first = i
        if depth == 0:
            return lines[start + 1 : i], i + 1, True
        depth -= 1
    if first is not None:
        return lines[start + 1 : first], first + 1, True
    # What follows the last line end of the reply is no line.
    return lines[start + 1 : -1] if not lines[-1] else lines[start + 1 :], len(lines), False
