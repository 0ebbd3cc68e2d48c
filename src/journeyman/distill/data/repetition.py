"""Which responses of a teacher are no good to learn from: without an answer, cut off, or turning in circles.

The rules are those of the released code of arXiv 2604.13016 (section 5.1 uses them on the teacher's responses before the
cold start), each by name, so that a report can say how many went for which reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from journeyman.distill.data.answers import last_boxed
from journeyman.errors import UsageError

Rule = Callable[[str], bool]
"""rule(text): whether the text is to be rejected."""

LINE, LINES = 20, 5
WINDOW, STRIDE, WINDOWS = 100, 10, 3
LONG, BLOCK, BLOCKS = 5_000, 50, 3


def no_box(text: str) -> bool:
    """No whole boxed answer."""
    return last_boxed(text) is None


def repeated_line(text: str) -> bool:
    """A line of at least 20 characters, spaces around it aside, stands there at least 5 times."""
    lines = (line.strip() for line in text.split("\n"))
    counts = Counter(line for line in lines if len(line) >= LINE)
    return bool(counts) and max(counts.values()) >= LINES


def repeated_window(text: str) -> bool:
    """A window of 100 characters, one begun every 10, occurs at least 3 times."""
    counts = Counter(text[at : at + WINDOW] for at in range(0, len(text) - WINDOW + 1, STRIDE))
    return bool(counts) and max(counts.values()) >= WINDOWS


def repeated_block(text: str) -> bool:
    """In a text of more than 5,000 characters, a block of 50 stands 3 times in a row, wherever it begins."""
    if len(text) <= LONG:
        return False
    # A block stands b times in a row where (b - 1) * 50 characters in a row equal those 50 further on.
    run = 0
    for a, b in zip(text, text[BLOCK:], strict=False):
        run = run + 1 if a == b else 0
        if run >= (BLOCKS - 1) * BLOCK:
            return True
    return False


RULES: dict[str, Rule] = {
    "no_box": no_box,
    "repeated_line": repeated_line,
    "repeated_window": repeated_window,
    "repeated_block": repeated_block,
}

INCOMPLETE = "incomplete"
"""The name under which responses are counted that hit the limit."""


def rules(names: Sequence[str] | None = None) -> dict[str, Rule]:
    """The rules called so; all by default. Without boxes in the task, leave "no_box" out. UsageError: no such rule."""
    if names is None:
        return dict(RULES)
    unknown = [name for name in names if name not in RULES]
    if unknown:
        raise UsageError(f"there is no rejection rule '{unknown[0]}'; use {', '.join(RULES)}")
    return {name: RULES[name] for name in names}


def rejected_by(text: str, checked: dict[str, Rule] | None = None) -> list[str]:
    """Names of the rules that reject the text; empty: it may stay."""
    return [name for name, rejects in (RULES if checked is None else checked).items() if rejects(text)]


@dataclass(frozen=True)
class Filtered:
    """`kept`: places of the texts that stay. `rejected`: how many each rule rejected; a text may fall to several."""

    kept: list[int]
    rejected: dict[str, int] = field(default_factory=dict)


def filter_responses(
    texts: Sequence[str], finished: Sequence[bool] | None = None, checked: dict[str, Rule] | None = None
) -> Filtered:
    """Drop responses that hit the limit (where `finished` says so) and those that a rule rejects."""
    checked = dict(RULES) if checked is None else checked
    if finished is not None and len(finished) != len(texts):
        raise UsageError(f"{len(texts)} responses, but {len(finished)} of them are said to be finished or not")
    counts = dict.fromkeys([INCOMPLETE, *checked], 0)
    kept = []
    for at, text in enumerate(texts):
        reasons = rejected_by(text, checked)
        if finished is not None and not finished[at]:
            reasons.append(INCOMPLETE)
        for reason in reasons:
            counts[reason] += 1
        if not reasons:
            kept.append(at)
    return Filtered(kept, counts)
