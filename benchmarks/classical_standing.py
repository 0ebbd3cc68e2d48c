"""Where classical search stands on a task: the numbers, and how much of the way they are."""

from __future__ import annotations

import statistics

import msgspec

CLOSED, HALF = 0.95, 0.5
"""Shares of the way from seed to reference from which a task counts as closed, or as half closed."""


class Numeric(msgspec.Struct, frozen=True):
    """One run of `numeric`. `final`: the finalist on held-out (dev where the task has no other); None: it has no score."""

    seed: int
    dev: float
    final: float | None


class Line(msgspec.Struct, frozen=True):
    """One task. Scores are on `split`, in `unit` ("": the share of the gap between baseline and reference that is closed).

    `program`: the gate's oracle, a textbook method written as a candidate inside the candidate's own limits; None where it
    has none that goes beyond the seed on `split` (one that only knows dev answers, say). `reference_dev`: the stored designs
    of the long run, verified again; None where none are stored. `reference_s`: its CPU seconds for one instance.
    `evaluation_s`, `slowest_s`: median and largest wall seconds of an evaluation (all dev instances) over the runs.
    """

    task: str
    title: str
    category: str
    split: str
    unit: str
    maximize: bool
    seed: float
    seed_dev: float
    numeric: list[Numeric]
    program: float | None
    reference_dev: float | None
    reference_s: float | None
    baseline_is: str
    reference_is: str
    evaluation_s: float
    slowest_s: float
    digest: str


def finals(line: Line) -> list[float]:
    """The scores of `numeric` that exist."""
    return [n.final for n in line.numeric if n.final is not None]


def share(line: Line, score: float | None) -> float | None:
    """How much of the way from the seed to the reference `score` is. The reference is 1 on every scale used here."""
    if score is None or line.seed == 1.0:
        return None
    return (score - line.seed) / (1.0 - line.seed)


def mean_share(line: Line) -> float | None:
    """The mean share of `numeric`; None if a run has no final score."""
    found = finals(line)
    return share(line, statistics.fmean(found)) if len(found) == len(line.numeric) else None


def mark(line: Line) -> str:
    """What classical search alone does to the task: closed, half closed, open, by the better of `numeric` and the program.

    "unsteady" where a finalist of `numeric` has no score and no program closes the task.
    """
    by_program, by_numeric = share(line, line.program), mean_share(line)
    if by_program is not None and by_program >= CLOSED:
        return "closed"
    if by_numeric is None:
        return "unsteady"
    best = max(by_numeric, by_program or by_numeric)
    if best >= CLOSED:
        return "closed"
    return "half closed" if best >= HALF else "open"
