"""Edits of Python text by whole statements, blind to what they mean: swap two neighbours, delete one, write one twice.

Only statements that have their lines to themselves and stand in one editable span are touched, so what is outside of the
spans stays as it is. Whether the outcome is still Python is for the caller to look at (`is_python`): to move a statement
may part a `global` from its use.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_NOTHING_MORE = re.compile(r"[ \t\f]*(#[^\r\n]*)?")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that fills whole lines: text[start:end], indentation included, the end of its last line not."""

    start: int
    end: int


def is_python(text: str) -> bool:
    """Whether the text compiles. Nothing of it is run."""
    try:
        compile(text, "candidate", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def blocks(text: str, spans: Sequence[tuple[int, int]]) -> list[list[Statement]]:
    """The statements of each block, as far as they may be edited, in order; none for a text that is not Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    lines = list(io.StringIO(text, newline=""))
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    found = []
    for body in _bodies(tree):
        block = [statement for node in body if (statement := _statement(node, lines, starts)) is not None]
        inside = [s for s in block if any(a <= s.start and s.end <= b for a, b in spans)]
        if inside:
            found.append(inside)
    return found


def swapped(text: str, one: Statement, other: Statement) -> str:
    """The text with two statements in each other's place, what stands between them left."""
    return (
        text[: one.start] + text[other.start : other.end] + text[one.end : other.start]
        + text[one.start : one.end] + text[other.end :]
    )  # fmt: skip


def deleted(text: str, statement: Statement) -> str:
    """The text without the statement and its line end."""
    end = re.compile(r"\r\n|\r|\n|").match(text, statement.end)
    assert end is not None
    return text[: statement.start] + text[end.end() :]


def doubled(text: str, statement: Statement) -> str:
    """The text with the statement twice in a row."""
    end = re.compile(r"\r\n|\r|\n|").match(text, statement.end)
    assert end is not None
    return (
        text[: statement.end]
        + (end[0] or "\n")
        + text[statement.start : statement.end]
        + text[statement.end :]
    )


def neighbours(found: Sequence[Sequence[Statement]]) -> list[tuple[Statement, Statement]]:
    """Pairs that could be swapped."""
    return [pair for block in found for pair in pairwise(block)]


def removable(found: Sequence[Sequence[Statement]]) -> list[Statement]:
    """Statements whose block has another."""
    return [statement for block in found if len(block) > 1 for statement in block]


def _bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            # The body of a lambda or a conditional expression is no list.
            if isinstance(body, list):
                yield body


def _statement(node: ast.stmt, lines: Sequence[str], starts: Sequence[int]) -> Statement | None:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)]) - 1
    last = (node.end_lineno or node.lineno) - 1
    if last >= len(lines):
        return None
    column = 0 if decorators else _characters(lines[first], node.col_offset)
    behind = _characters(lines[last], node.end_col_offset or 0)
    head, tail = lines[first][:column], lines[last][behind:]
    match = _NOTHING_MORE.match(tail)
    assert match is not None
    alone = not head.strip() and not tail[match.end() :].strip("\r\n")
    # What ast calls an If in an else is spelled elif, and cannot stand elsewhere.
    if not alone or lines[first][column:].startswith("elif"):
        return None
    return Statement(starts[first], starts[last] + behind + match.end())


def _characters(line: str, column: int) -> int:
    """`column` of ast, which counts UTF-8 bytes, as a number of characters."""
    return len(line.encode()[:column].decode("utf-8", errors="ignore"))
