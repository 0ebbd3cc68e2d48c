"""Transitions that learned world models are trained on: contexts and labels met on the train split (spec J8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from journeyman.errors import UsageError
from journeyman.foresee.draws import Draws
from journeyman.foresee.world_models.clone import clone
from journeyman.foresee.worlds.world import Digest, Instance, Labelled, Planned, Snapshot, World

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNEXPLAINED = -1
"""Instead of a label: what happened is none of the action's possible outcomes, as after a slip."""


class Visit(NamedTuple):
    """A step on an episode's way: the state, the action taken there, and the state after it."""

    state: Snapshot
    action: int
    after: Snapshot


@dataclass(frozen=True)
class Logged:
    """`contexts`: (n, c) integers. `labels`: (n,) numbers of `Labelled.outcomes`, or `UNEXPLAINED`."""

    contexts: NDArray[np.int64]
    labels: NDArray[np.int64]


def numbers_of(world: World) -> dict[str, int]:
    """Label -> its number. Raises UsageError for a world without labels."""
    if not isinstance(world, Labelled):
        raise UsageError(
            f"world '{world.about.name}' has no labels to learn; it needs outcomes, label, possible, imagine and context"
        )
    return {label: number for number, label in enumerate(world.outcomes)}


def log_transitions(world: World, n: int, seed: int) -> Logged:
    """The first `n` transitions of episodes on the train split, half of the actions random, half the planner's.

    The log of more transitions begins with that of fewer. A world without a planner gets random actions only.

    Raises UsageError: fewer than one transition, a world without labels, or one without train instances.
    """
    import numpy as np

    if n < 1:
        raise UsageError(f"a world model is trained on at least 1 transition, not {n}")
    numbers, world = numbers_of(world), clone(world)
    assert isinstance(world, Labelled)
    train = world.instances(split="train")
    if not train:
        raise UsageError(f"world '{world.about.name}' has no instances in its train split to learn from")
    contexts: list[tuple[int, ...]] = []
    labels: list[int] = []
    episode = 0
    while len(labels) < n:
        for visit in walk(world, train[episode % len(train)], Draws(seed), episode)[: n - len(labels)]:
            contexts.append(world.context(visit.state, visit.action))
            world.restore(visit.after)
            happened = label_of(world, visit.state, visit.action, world.digest())
            labels.append(UNEXPLAINED if happened is None else numbers[happened])
        episode += 1
    return Logged(np.array(contexts, dtype=np.int64), np.array(labels, dtype=np.int64))


def walk(world: World, instance: Instance, draws: Draws, episode: int, most: int | None = None) -> list[Visit]:
    """An episode of up to `most` (None: the instance's cap) actions, each random or the planner's with even odds.

    `world` is changed. Slips are drawn from a seed of the episode's own.
    """
    luck = Draws(draws.below(2**24, "world", "episode", episode))
    world.reset(options={"instance": instance.id, "draws": luck})
    visits: list[Visit] = []
    for step in range(instance.cap if most is None else most):
        state = world.snapshot()
        best: Sequence[int] = ()
        if isinstance(world, Planned) and draws.uniform("policy", "plan", episode, step) < 0.5:
            best = world.best_actions(state)
        choice = best or range(len(world.about.actions))
        action = choice[draws.below(len(choice), "policy", "action", episode, step)]
        _, _, terminated, truncated, _ = world.step(action)
        visits.append(Visit(state, action, world.snapshot()))
        if terminated or truncated:
            break
    return visits


def label_of(world: World, state: Snapshot, action: int, after: Digest) -> str | None:
    """The possible label whose outcome looks like `after`; None where none does. `world`: a clone with labels."""
    assert isinstance(world, Labelled)
    for label in dict.fromkeys((world.label(state, action), *world.possible(state, action))):
        world.restore(world.imagine(state, action, label))
        if world.digest() == after:
            return label
    return None
