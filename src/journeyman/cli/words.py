"""What happened in a run, in words: one line a step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from journeyman.report.number import alike, number

if TYPE_CHECKING:
    from journeyman.optimize import Result
    from journeyman.optimize.story import Step

FAILURES = {
    "cut": "reply cut at the length limit",
    "refused": "the model refused",
    "empty": "the reply was empty",
    "empty_after_reasoning": "reasoning, and then no reply",
    "unparsable": "no candidate could be read from the reply",
    "over_long": "the candidate is too long",
    "outside_region": "changes outside the editable region",
    "not_novel": "too like an earlier candidate",
    "invalid": "no valid candidate",
    "malformed": "an answer that cannot be read",
    "timeout": "no answer in time",
    "exit": "the program failed",
    "output": "the program printed too much",
    "deadline": "the deadline came first",
}
"""Kind of a failed proposal -> words. A kind that is not here is its own word."""

_WITH_MESSAGE = frozenset({"unparsable", "over_long", "outside_region", "not_novel", "invalid"})
_MESSAGE_ALONE = frozenset({"malformed", "timeout", "exit", "output"})


def step_words(step: Step) -> str:
    """`#41 by opus: 0.3720, best so far`. Not made visible yet: parts of it come from proposers and candidates."""
    if step.index == 0:
        return f"seed: {number(step.score) if step.score is not None else step.status}"
    return f"#{step.index}{f' by {step.proposer}' if step.proposer else ''}: {outcome_words(step)}"


def outcome_words(step: Step) -> str:
    """What came of a step, after its colon."""
    if step.same_as is not None:
        known = number(step.score) if step.score is not None else _status(step)
        return f"the same as #{step.same_as}" + (f" ({known})" if known else "")
    if step.failed:
        words = FAILURES.get(step.kind, step.kind.replace("_", " "))
        if not step.message or (step.kind in FAILURES and step.kind not in _WITH_MESSAGE | _MESSAGE_ALONE):
            return words
        return step.message if step.kind in _MESSAGE_ALONE else f"{words}: {step.message}"
    if step.score is not None:
        return number(step.score) + (", best so far" if step.improved else "")
    words = _status(step) or step.kind
    return f"{words}: {step.message}" if step.message else words


def _status(step: Step) -> str:
    return str(step.status).replace("_", " ") if step.status is not None else ""


def headline(result: Result) -> str:
    """`task: 0.2500 → 0.3720 kg on dev`, or that nothing beat the seed."""
    if result.best.index == 0:
        return f"{result.task}: nothing beat the seed{' so far' if result.reason is None else ''}"
    unit = f" {result.unit}" if result.unit else ""
    seed, best = alike([result.seed.score, result.best.score])
    return f"{result.task}: {seed} → {best}{unit} on dev"


def money(micro_usd: int) -> str:
    """`$0.12`; below a cent with as many digits as it takes to see something."""
    usd = micro_usd / 1e6
    return f"${usd:.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.4f}"


def count(tokens: int) -> str:
    """A count with its thousands apart: `1 234 567`."""
    return f"{tokens:,}".replace(",", " ")


def ref_of(folder: Path) -> str:
    """How a command names the run in `folder`: by its name where runs are looked for, else by its path."""
    from journeyman.runlog import runs_root

    return folder.name if folder.parent == runs_root().absolute() else str(folder)
