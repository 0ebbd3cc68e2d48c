"""A process that compares mathematical answers, one JSON line in and one out, so that its parent can end it in the middle.

A program of its own, started by path: it needs math-verify and nothing of this package. The first line out says
"ready" or why not. Each line in is [seconds, answer, candidate, whether the candidate is an answer alone and no running
text]; the reply is true or false. Some time after those seconds the system ends the process, should its parent be gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any, TextIO

MEMORY = 4 * 2**30
"""Bytes of address space: an answer that expands without end takes this process, not the machine."""

GRACE_S = 5


def main() -> None:
    replies = os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)  # libraries that print would break the protocol
    os.dup2(nothing, 2)
    _limit_memory()
    try:
        import math_verify
    except ImportError as error:
        say(replies, f"math-verify cannot be imported: {error}")
        return
    say(replies, "ready")
    for line in sys.stdin:
        seconds, *asked = json.loads(line)
        signal.alarm(int(seconds) + GRACE_S)  # nobody handles it, so it ends the process wherever it is
        say(replies, equal(math_verify, *asked))
        signal.alarm(0)


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most), most))


def say(replies: TextIO, what: Any) -> None:
    replies.write(json.dumps(what) + "\n")
    replies.flush()


def equal(math_verify: Any, answer: str, candidate: str, alone: bool) -> bool:
    """Whether two texts are the same mathematical object, 1 < x < 2 and (1, 2) being so. Without memory they differ."""
    try:
        gold, given = parsed(math_verify, answer, True), parsed(math_verify, candidate, alone)
        return bool(gold) and bool(
            math_verify.verify(gold, given, allow_set_relation_comp=True, timeout_seconds=None)
        )
    except (MemoryError, RecursionError):
        return False


def parsed(math_verify: Any, text: str, alone: bool) -> Any:
    """The text as mathematics. An answer alone comes without the dollars that math-verify looks for."""
    return math_verify.parse(f"${text}$" if alone and "$" not in text else text, parsing_timeout=None)


if __name__ == "__main__":
    main()
