"""Ranks of several methods on the same cells, and their average."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from journeyman.errors import UsageError
from journeyman.stats.interval import Interval
from journeyman.stats.paired import hierarchical_interval

Ties = Literal["mean", "smallest"]


def ranks(scores: Sequence[float | None], *, maximize: bool = True, ties: Ties = "mean") -> list[float]:
    """Place of each score, 1 the best. None, no score, comes behind every score.

    Tied ones share the mean of the places they take, or with "smallest" the first of them. Published average ranks use
    either, so it must be said which.
    """
    if not scores:
        return []
    from scipy import stats

    worst = float("inf")
    keys = [worst if s is None else -s if maximize else s for s in scores]
    method = "average" if ties == "mean" else "min"
    return [float(rank) for rank in stats.rankdata(keys, method=method)]


def average_ranks(
    tasks: Sequence[Sequence[Sequence[float | None]]],
    *,
    maximize: bool = True,
    ties: Ties = "mean",
    level: float = 0.95,
    seed: int = 0,
) -> list[Interval]:
    """Average rank of each method with its hierarchical bootstrap interval (see `paired.hierarchical_interval`).

    `tasks[t][c][m]`: score of method m in cell c of task t. Each task counts once.

    Raises UsageError: no task or cell, or cells with different numbers of methods.
    """
    counts = {len(cell) for cells in tasks for cell in cells}
    if len(counts) != 1:
        raise UsageError(f"every cell needs the same methods, here there are {sorted(counts) or 'none'}")
    placed = [[ranks(cell, maximize=maximize, ties=ties) for cell in cells] for cells in tasks]
    return [
        hierarchical_interval([[cell[m] for cell in cells] for cells in placed], level=level, seed=seed)
        for m in range(counts.pop())
    ]
