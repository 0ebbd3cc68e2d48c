"""Make text that came from a candidate, a model or a simulator safe to show.

Such text may try to repaint the terminal (ANSI, OSC), to reorder what is read (bidirectional overrides), to hide
characters (zero width, tags), or to be taken for rich markup. Nothing is removed: whatever would act is shown as the
escape it is written as, so a reader sees that it was there.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

# Categories whose characters act instead of showing: control, format (bidi, zero width, tags), surrogate, private use,
# unassigned, line separator, paragraph separator.
_ACTING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_KEPT = "\n\t"
# Outside of these every character is looked at; inside nothing acts. A run of them is taken as one.
_UNUSUAL = re.compile(r"[^ -~\n\t]+")
_STACKED = (
    4  # combining marks kept on one character; the rest of a longer pile would spill over its neighbours
)


def visible(text: str, *, limit: int | None = None) -> str:
    """`text` with every acting character written as its escape; newlines and tabs stay.

    `limit` cuts to so many characters (of the result) and says how many of the original are not shown. What lies behind
    the cut is not looked at, so a text of many megabytes costs no more than its beginning.
    """
    text = text.replace("\r\n", "\n")
    head = text if limit is None else text[:limit]
    shown = _UNUSUAL.sub(_shown_run, head)
    if limit is None or len(shown) <= limit:
        return shown if len(head) == len(text) else f"{shown} … ({len(text) - len(head)} more characters)"
    pieces: list[str] = []
    length = stacked = 0
    for i, character in enumerate(head):
        piece, stacked = _shown(character, stacked)
        if length + len(piece) > limit:
            return "".join(pieces) + f" … ({len(text) - i} more characters)"
        pieces.append(piece)
        length += len(piece)
    raise AssertionError("the pieces are what was too long")


def one_line(text: str, *, limit: int = 200) -> str:
    """`text` on one line: lines are joined by a visible sign, runs of blanks become one."""
    head = text[: 50 * limit]
    lines = (" ".join(line.split()) for line in visible(head).splitlines())
    joined = " ⏎ ".join(line for line in lines if line) + ("…" if len(head) < len(text) else "")
    return joined if len(joined) <= limit else joined[: limit - 1].rstrip() + "…"


def rich_text(text: str, style: str = "") -> Text:
    """`text` for a rich console: made visible, and a Text, so that square brackets and colons stay themselves."""
    from rich.text import Text

    return Text(visible(text), style=style)


def _shown_run(found: re.Match[str]) -> str:
    pieces, stacked = [], 0
    for character in found[0]:
        piece, stacked = _shown(character, stacked)
        pieces.append(piece)
    return "".join(pieces)


def _shown(character: str, stacked: int) -> tuple[str, int]:
    """What stands for `character`, the `stacked`-th combining mark in a row before it; and the count after it."""
    category = unicodedata.category(character)
    stacked = stacked + 1 if category in ("Mn", "Me") else 0
    acts = character not in _KEPT and category in _ACTING
    return (_escape(character) if acts or stacked > _STACKED else character), stacked


def _escape(character: str) -> str:
    point = ord(character)
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
