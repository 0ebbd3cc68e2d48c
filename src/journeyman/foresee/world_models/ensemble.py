"""An ensemble of small networks: the label from the context, one input for each value at each place (spec J8, second rung).

Each network is trained on a bootstrap sample of its own, so where they were taught little they disagree.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from journeyman.errors import UsageError
from journeyman.foresee.world_models.kept import Arrays, kept
from journeyman.foresee.world_models.learned import Learned, Votes
from journeyman.foresee.world_models.logged import UNEXPLAINED, Logged, log_transitions, numbers_of
from journeyman.foresee.world_models.network import Training, Weights, probabilities, train
from journeyman.foresee.worlds.world import World


@dataclass(frozen=True)
class EnsembleSettings:
    """`transitions`: trained on. `members`: networks. `hidden`: units of each. `steps`: of training.
    `seed`: of the logged episodes and of the training."""

    transitions: int = 5000
    members: int = 5
    hidden: int = 32
    steps: int = 1500
    seed: int = 0


def open_ensemble(world: World, settings: EnsembleSettings, name: str) -> Learned:
    """An ensemble for this world, from the disk where it was trained before.

    Raises UsageError: a setting out of range, a world without labels or train instances.
    """
    for field in ("members", "hidden", "steps"):
        if getattr(settings, field) < 1:
            raise UsageError(f"'{name}': {field}={getattr(settings, field)} is not at least 1")
    labels = len(numbers_of(world))

    def learn() -> Arrays:
        return trained(log_transitions(world, settings.transitions, settings.seed), labels, settings)

    arrays = kept("ensemble", world, asdict(settings), learn)
    return Learned(world, name, votes_of(arrays), float(arrays["unexplained"]))


def trained(logged: Logged, labels: int, settings: EnsembleSettings) -> Arrays:
    """`inputs` (f, 2): the place and value that each input stands for, of those that were met; weights; `unexplained`.

    Without a single explained transition the networks stay as they were initialized.
    """
    plain = logged.labels != UNEXPLAINED
    met = [(place, value) for place, column in enumerate(logged.contexts.T) for value in np.unique(column).tolist()]
    inputs = np.array(met, dtype=np.int64)
    x, y = one_hot(logged.contexts[plain], inputs), logged.labels[plain]
    training = Training(hidden=settings.hidden, steps=settings.steps if len(y) else 0)
    weights = train(x, y, labels, settings.members, training, settings.seed)
    return {"inputs": inputs, "unexplained": np.array(1.0 - plain.mean()), **weights._asdict()}


def one_hot(contexts: NDArray[np.int64], inputs: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, c) integers as (n, f) zeros and ones; all zeros at a place whose value was never met."""
    return np.equal(contexts[:, inputs[:, 0]], inputs[:, 1]).astype(np.float64)


def votes_of(arrays: Arrays) -> Votes:
    """Each network's probabilities, shape (members, labels)."""
    weights, inputs = Weights(*(arrays[name] for name in Weights._fields)), arrays["inputs"]
    return lambda context: probabilities(weights, one_hot(np.array([context], dtype=np.int64), inputs))[:, 0, :]
