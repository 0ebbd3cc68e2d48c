"""Words about a candidate, and its own words made harmless: tails without control characters."""

from __future__ import annotations

import signal
import unicodedata
from collections.abc import Mapping
from typing import Any

TAIL_BYTES = 8_000


def visible(text: str) -> str:
    """Show every control and formatting character (escape sequences, bidirectional marks) as an escape."""
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(c if c in "\n\t" or not _invisible(c) else _escaped(c) for c in text)


def _invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def tail(data: bytes | bytearray) -> str:
    """The last TAIL_BYTES of what was printed, at most that many bytes long after escaping."""
    shown = visible(bytes(data[-TAIL_BYTES:]).decode("utf-8", errors="replace"))
    raw = shown.encode()
    return raw[-TAIL_BYTES:].decode("utf-8", errors="ignore") if len(raw) > TAIL_BYTES else shown


def one_line(text: str, longest: int = 300) -> str:
    """One line of at most `longest` characters."""
    line = visible(" ".join(text.split()))
    return line if len(line) <= longest else line[: longest - 1] + "…"


def exception_sentence(report: Mapping[str, Any]) -> str:
    """`raised ZeroDivisionError: division by zero at line 12 of candidate.py`"""
    kind, text = one_line(str(report.get("type")), 80), one_line(str(report.get("text")))
    return f"the candidate raised {kind}{': ' if text else ''}{text}{place(report)}"


def place(report: Mapping[str, Any]) -> str:
    frames = _frames(report)
    return f" at line {frames[-1][1]} of {frames[-1][0]}" if frames else ""


def _frames(report: Mapping[str, Any]) -> list[tuple[str, int, str]]:
    found = report.get("frames")
    if not isinstance(found, list):
        return []
    return [
        (one_line(str(f[0]), 120), f[1], one_line(str(f[2]), 80))
        for f in found[:12]
        if isinstance(f, list) and len(f) == 3 and isinstance(f[1], int)
    ]


def traceback_text(report: Mapping[str, Any]) -> str:
    """The candidate's own frames, outermost first."""
    lines = [f"  {file}, line {line}, in {name}" for file, line, name in _frames(report)]
    if not lines:
        return ""
    return "\n".join(
        [*lines, f"{one_line(str(report.get('type')), 80)}: {one_line(str(report.get('text')))}"]
    )


def signal_words(number: int) -> str:
    known = {
        # The first process of a PID namespace cannot abort by SIGABRT; the C library then faults on purpose.
        signal.SIGSEGV: "a memory access violation or an abort", signal.SIGABRT: "an abort", signal.SIGBUS: "a bus error",
        signal.SIGFPE: "an arithmetic fault", signal.SIGILL: "an illegal instruction", signal.SIGSYS: "a forbidden call",
    }  # fmt: skip
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"{known[signal.Signals(number)]} ({name})" if number in list(known) else name
