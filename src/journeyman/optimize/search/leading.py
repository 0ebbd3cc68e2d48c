"""Which of two trials leads, in the same way whatever the order they were told in."""

from __future__ import annotations

from collections.abc import Callable

from journeyman.optimize.trial import Trial


def leads(trial: Trial, best: Trial | None, better: Callable[[float, float], bool]) -> bool:
    """Whether `trial` takes the place of `best`: it has a score, and that is better, or equal and older."""
    if trial.score is None:
        return False
    if best is None or best.score is None:
        return True
    return better(trial.score, best.score) or (trial.score == best.score and trial.index < best.index)
