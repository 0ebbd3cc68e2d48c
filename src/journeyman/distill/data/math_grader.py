"""Whether the answer in a response is the same mathematics as the right one: quick cases here, the others by math-verify.

math-verify stops long computations by a signal, which works in a main thread only, and between Python steps only. Here a
process of its own computes and is ended when its time is up; any thread may ask, and a hostile answer costs its time.
"""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import threading
import weakref
from fractions import Fraction
from pathlib import Path
from typing import Any

from journeyman.distill.data.answers import begins_a_box, final_answer
from journeyman.errors import MissingExtra, UsageError

_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?")
_START_S = 120.0
_REMEMBERED = 10_000
"""Comparisons kept: responses to one prompt give few different answers. One that took too long is not kept."""
_LONGEST = 2_000
"""Characters of an answer; a longer one is no answer that a person would write."""
_TAIL = 2_000
"""Without a box or an answer line, math-verify looks for one in so many characters at the end."""


class MathGrader:
    """`grader(response, answer)`: whether the last box, or else the answer line, or else the end, equals `answer`.

    A box that was cut off is no answer.

    Thread-safe; a copy in a forked process starts a process of its own. `limit_s` seconds for one comparison, after which
    the answer counts as wrong and `timeouts` goes up by one.
    """

    def __init__(self, limit_s: float = 5.0) -> None:
        if not limit_s > 0:
            raise UsageError(f"limit_s is {limit_s}; a comparison needs some time")
        self.limit_s = limit_s
        self.timeouts = 0
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._replies: dict[tuple[str, str, bool], bool] = {}
        self._owner = os.getpid()

    def __call__(self, response: str, answer: str) -> bool:
        found = final_answer(response)
        if found is None and begins_a_box(response):
            return False  # its box was cut off
        candidate, answer = (response[-_TAIL:] if found is None else found).strip(), answer.strip()
        if not candidate or not answer or max(len(candidate), len(answer)) > _LONGEST:
            return bool(answer) and candidate == answer
        quick = _quick(candidate, answer)
        return quick if quick is not None else self._asked(answer, candidate, alone=found is not None)

    def answer_of(self, response: str) -> str | None:
        """What is graded; None where the response has neither a box nor an answer line."""
        return final_answer(response)

    def close(self) -> None:
        """End the process, if one runs; the next comparison starts another."""
        with self._lock:
            self._drop()

    def _asked(self, answer: str, candidate: str, *, alone: bool) -> bool:
        if self._owner != os.getpid():
            # Forked: the parent's pipe must not be read here, and its lock may be held by a thread that is not here.
            self._lock, self._worker, self._owner = threading.Lock(), None, os.getpid()
        asked = (answer, candidate, alone)
        with self._lock:
            if asked in self._replies:
                return self._replies[asked]
            if self._worker is None:
                self._worker = _Worker()
            reply = self._worker.ask(self.limit_s, *asked)
            if reply is None:
                self.timeouts += 1
                self._drop()
                return False
            if len(self._replies) >= _REMEMBERED:
                self._replies.clear()
            self._replies[asked] = reply
            return reply

    def _drop(self) -> None:
        if self._worker is not None and self._owner == os.getpid():
            self._worker.end()
        self._worker = None

    def __getstate__(self) -> dict[str, Any]:
        return {"limit_s": self.limit_s}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def _quick(candidate: str, answer: str) -> bool | None:
    """Equal texts and plain numbers need no mathematics; None: it takes some."""
    candidate, answer = _bare(candidate), _bare(answer)
    if candidate == answer:
        return True
    left, right = _number(candidate), _number(answer)
    return left == right if left is not None and right is not None else None


def _bare(text: str) -> str:
    """Without dollars, thin spaces and a full stop, which mean nothing."""
    for mark in ("\\$", "$", "\\!", "\\,"):
        text = text.replace(mark, "")
    return text.strip().removesuffix(".").strip()


def _number(text: str) -> Fraction | None:
    """An integer or a decimal, thousands set off by commas or not."""
    if not text or len(text) > 50 or not _NUMBER.fullmatch(text) or not any(c.isdigit() for c in text):
        return None
    return Fraction(text.replace(",", ""))


class _Worker:
    """One process of `math_worker`, with its pipes. Not thread-safe."""

    def __init__(self) -> None:
        paths = [p for p in sys.path if p]
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("math_worker.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )  # fmt: skip
        self._end = weakref.finalize(self, _kill, self._process, os.getpid())
        ready = self._line(_START_S)
        if ready != "ready":
            self.end()
            raise MissingExtra(f"{ready or 'math-verify did not start'}: pip install 'journeyman[distill]'")

    def ask(self, limit_s: float, *what: str | bool) -> bool | None:
        """The reply; None where the process did not give one in time, or died."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps([limit_s, *what]).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return None
        reply = self._line(limit_s)
        return reply if isinstance(reply, bool) else None

    def _line(self, limit_s: float) -> Any:
        # A reply is one short line, written at once: when the pipe is readable, the line is there, or the end is.
        assert self._process.stdout is not None
        readable = select.poll()
        readable.register(self._process.stdout, select.POLLIN | select.POLLHUP)
        if not readable.poll(limit_s * 1000):
            return None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

    def end(self) -> None:
        self._end()


def _kill(process: subprocess.Popen[bytes], owner: int) -> None:
    if owner != os.getpid():
        return
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                continue  # what was left unsent goes nowhere
