"""The outcome that a question hopes for, and a way by which it could come (spec J4, compliance)."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import NamedTuple

from journeyman.foresee.worlds.world import Digest, Labelled, Snapshot, World

HOPES = ("success", "safe")


class Hoped(NamedTuple):
    """The state that a question hopes for, after `done` actions; `before`: the state before the last of them."""

    state: Snapshot
    done: int
    before: Snapshot


def hoped(digest: Digest, hope: str) -> bool:
    """Whether this is the outcome hoped for: "success"; or "safe": neither lost nor beyond saving."""
    if hope == "success":
        return bool(digest["success"])
    lost = digest["terminal"] and not digest["success"]
    return not lost and not digest.get("dead", False)


def find_hoped(
    world: World, start: Snapshot, actions: Sequence[int], hope: str, predicted: Callable[[Snapshot, int], Snapshot]
) -> Hoped | None:
    """The hoped-for outcome that changes the labels of the fewest actions; None where no possible labels give it.

    Args:
        world: a clone that may be used, with labels.
        predicted: the state that is predicted after an action, honestly; it costs no change.
    """
    assert isinstance(world, Labelled)
    # (changes, order of finding, actions done, state, state before): fewest changes first, ties as they were found.
    queue: list[tuple[int, int, int, Snapshot, Snapshot]] = [(0, 0, 0, start, start)]
    seen: set[tuple[int, Snapshot]] = set()
    found = 0
    while queue:
        changes, _, done, state, before = heapq.heappop(queue)
        if (done, state) in seen:
            continue
        seen.add((done, state))
        world.restore(state)
        digest = world.digest()
        if done == len(actions) or digest["terminal"]:
            if done and hoped(digest, hope):
                return Hoped(state, done, before)
            continue
        action = actions[done]
        honest = predicted(state, action)
        others = [world.imagine(state, action, label) for label in world.possible(state, action)]
        for after in (honest, *others):
            found += 1
            heapq.heappush(queue, (changes + (after != honest), found, done + 1, after, state))
    return None
