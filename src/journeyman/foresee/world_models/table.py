"""A table of counts: how often each label was met in each context (spec J8, first rung).

The probability of label l in context x is (n_xl + c m_l) / (n_x + c): the mean of a Dirichlet posterior whose prior weighs
`prior` = c observations, spread as labels are overall, m_l = (n_l + 1) / (n + labels). A context that was never met has
the overall distribution, whatever it looks like: a table does not generalize.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from journeyman.errors import UsageError
from journeyman.foresee.world_models.kept import Arrays, kept
from journeyman.foresee.world_models.learned import Learned, Votes
from journeyman.foresee.world_models.logged import UNEXPLAINED, Logged, log_transitions, numbers_of
from journeyman.foresee.worlds.world import World


@dataclass(frozen=True)
class TableSettings:
    """`transitions`: trained on. `prior`: weight of the prior in observations, above 0. `seed`: of the logged episodes."""

    transitions: int = 5000
    prior: float = 1.0
    seed: int = 0


def open_table(world: World, settings: TableSettings, name: str) -> Learned:
    """A table for this world, from the disk where it was counted before.

    Raises UsageError: a setting out of range, a world without labels or train instances.
    """
    if not 0.0 < settings.prior < float("inf"):
        raise UsageError(f"'{name}': prior={settings.prior:g} is no positive number of observations")
    labels = len(numbers_of(world))

    def learn() -> Arrays:
        return count(log_transitions(world, settings.transitions, settings.seed), labels)

    # The prior is not counted: tables that differ in it alone are one file.
    arrays = kept("table", world, {"transitions": settings.transitions, "seed": settings.seed}, learn)
    return Learned(world, name, votes_of(arrays, settings.prior), float(arrays["unexplained"]))


def count(logged: Logged, labels: int) -> Arrays:
    """`contexts` (k, c), all different; `counts` (k, labels); `unexplained`, the share of transitions without a label."""
    plain = logged.labels != UNEXPLAINED
    contexts, which = np.unique(logged.contexts[plain], axis=0, return_inverse=True)
    counts = np.zeros((len(contexts), labels), dtype=np.int64)
    np.add.at(counts, (which.reshape(-1), logged.labels[plain]), 1)
    return {"contexts": contexts, "counts": counts, "unexplained": np.array(1.0 - plain.mean())}


def votes_of(arrays: Arrays, prior: float) -> Votes:
    """The posterior mean of each context, shape (1, labels)."""
    counts = arrays["counts"].astype(float)
    overall = (counts.sum(axis=0) + 1.0) / (counts.sum() + counts.shape[1])
    posterior = (counts + prior * overall) / (counts.sum(axis=1, keepdims=True) + prior)
    known: dict[tuple[int, ...], NDArray[np.float64]] = {
        tuple(context): row[None] for context, row in zip(arrays["contexts"].tolist(), posterior, strict=True)
    }
    return lambda context: known.get(context, overall[None])
