"""Predicting with what was learned of labels: the likeliest possible one happens, step after step (spec J8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from journeyman.foresee.world_models.clone import clone
from journeyman.foresee.world_models.logged import numbers_of
from journeyman.foresee.world_models.model import Asked, Prediction
from journeyman.foresee.worlds.world import Labelled, Snapshot, World

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Votes = Callable[[tuple[int, ...]], "NDArray[np.float64]"]
"""From a context to the probabilities of all labels, shape (members, labels); each row adds up to 1."""


class _Guess(NamedTuple):
    """The label that is shown, its probability among the possible ones, and the share of members that would show it."""

    label: str
    probability: float
    agreed: float


class Learned:
    """A world model that has learned what happens in which context.

    What is shown is the likeliest of the labels that are possible there, through `imagine`. `Prediction.confidence` is the
    product over the steps of its probability among them, and of the probability that no slip comes between.
    `Prediction.realised` has "disagreement": 1 less the product over the steps of the share of members that would have
    shown the same, each for itself; 0 for a model of one.

    Args:
        votes: what was learned.
        unexplained: share of the logged transitions in which something else than a possible label happened.

    Raises UsageError: a world without labels.
    """

    def __init__(self, world: World, name: str, votes: Votes, unexplained: float) -> None:
        self._numbers = numbers_of(world)
        self._world = clone(world)
        assert isinstance(self._world, Labelled)
        # Asking whether it is one takes longer than asking it.
        self._labelled: Labelled = self._world
        self._name, self._votes, self._plain = name, votes, 1.0 - unexplained
        self._guesses: dict[tuple[tuple[int, ...], tuple[str, ...]], _Guess] = {}

    @property
    def name(self) -> str:
        return self._name

    def predict(self, snapshot: Snapshot, actions: Sequence[int], asked: Asked) -> Prediction:
        """The likeliest outcome after `actions`."""
        world, labelled = self._world, self._labelled
        state, done, confidence, agreed = snapshot, 0, 1.0, 1.0
        world.restore(state)
        digest = world.digest()
        for action in actions:
            if digest["terminal"]:
                break
            guess = self._guess(labelled.context(state, action), tuple(labelled.possible(state, action)))
            state = labelled.imagine(state, action, guess.label)
            confidence *= guess.probability * self._plain
            agreed *= guess.agreed
            world.restore(state)
            digest, done = world.digest(), done + 1
        return Prediction(world.observe(asked.format), digest, state, done, confidence, {"disagreement": 1.0 - agreed})

    def _guess(self, context: tuple[int, ...], possible: tuple[str, ...]) -> _Guess:
        """Kept: contexts come again and again."""
        found = self._guesses.get((context, possible))
        if found is None:
            found = self._guesses[context, possible] = _guess(self._votes(context), self._numbers, possible)
        return found


def _guess(votes: NDArray[np.float64], numbers: dict[str, int], possible: Sequence[str]) -> _Guess:
    among = votes[:, [numbers[label] for label in possible]]
    among = among / among.sum(axis=1, keepdims=True)
    mean = among.mean(axis=0)
    best = int(mean.argmax())
    return _Guess(possible[best], float(mean[best]), float((among.argmax(axis=1) == best).mean()))
