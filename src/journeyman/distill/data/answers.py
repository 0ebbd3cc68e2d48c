"""Where the answer stands in a response: in the last box, behind "Answer:", or in the last brackets."""

from __future__ import annotations

import re

_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_ANSWER_LINE = re.compile(r"^[\s*_>#]*(?:final\s+)?answer[\s*_]*[:：][\s*_]*(\S.*)$", re.IGNORECASE | re.MULTILINE)
_LONGEST = 20_000
"""Answers stand at the end; what comes before the last so many characters is not looked at."""


def last_boxed(text: str) -> str | None:
    r"""What stands in the last whole \boxed{...}, braces balanced; None where there is none.

    A box that was cut off by the end of the text is no answer, nor is one before it: the model had gone on.
    """
    found = list(_BOX.finditer(text, max(0, len(text) - _LONGEST)))
    if not found:
        return None
    start = found[-1].end()
    depth = 1
    at = start
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 1  # an escaped brace is a character, not a group
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return text[start:at]
        at += 1
    return None


def begins_a_box(text: str) -> bool:
    """Whether a box is begun, ended or not."""
    return _BOX.search(text, max(0, len(text) - _LONGEST)) is not None


def answer_line(text: str) -> str | None:
    """What stands behind the last "Answer:" that begins a line, as the DAPO template asks for; None without one."""
    found = _ANSWER_LINE.findall(text[-_LONGEST:])
    return found[-1].strip().strip("*_").strip() if found else None


def last_brackets(text: str) -> str | None:
    """What stands in the last [ ... ] that has no bracket inside; None where there is none."""
    end = text.rfind("]")
    start = text.rfind("[", 0, end) if end >= 0 else -1
    return text[start + 1 : end] if start >= 0 else None


def final_answer(text: str) -> str | None:
    """The last box, or else the last answer line."""
    boxed = last_boxed(text)
    return boxed if boxed is not None else answer_line(text)
