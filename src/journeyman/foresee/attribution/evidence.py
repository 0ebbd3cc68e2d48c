"""What an episode's predictions showed, as the agent read them: what its next action should have rested on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.worlds.world import Digest, World


def fails(digest: Mapping[str, Any]) -> bool:
    """Whether this state is lost: over without success, or beyond success (`dead`, where a world says so)."""
    return bool(digest.get("dead")) or (bool(digest.get("terminal")) and not digest.get("success"))


def of_no_use(after: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether an action that leads from `before` to `after` is one that nobody wants: it loses, or changes nothing."""
    return fails(after) or all(after.get(name) == value for name, value in before.items())


def truth(world: World, actions: Sequence[int]) -> tuple[Digest, Digest]:
    """Digests before and after doing `actions` in `world`, until the episode ends. The world is put back."""
    snapshot = world.snapshot()
    before = world.digest()
    after = before
    for action in actions:
        if after["terminal"]:
            break
        world.step(action)
        after = world.digest()
    world.restore(snapshot)
    return before, after


class Evidence:
    """Predictions of one episode by the state they began at, with the readings that the agent stated of them."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, Actions], dict[str, Any]] = {}
        self._last: tuple[str, Actions] | None = None

    def shown(self, state: str, actions: Sequence[int], digest: Digest, *, attached: bool) -> None:
        """A prediction was shown. `attached`: with its digest, so that a reading of it counts for nothing."""
        key = (state, tuple(actions))
        self._shown[key] = dict(digest)
        self._last = None if attached else key

    def read(self, reading: Mapping[str, Any] | None) -> None:
        """What the agent stated of the last prediction: it stands for the digest, as far as it goes. It is stated once."""
        if reading and self._last is not None:
            self._shown[self._last].update(reading)
        self._last = None

    def of(self, state: str, actions: Sequence[int]) -> Mapping[str, Any] | None:
        """What is known of `actions` from `state`, or of their beginning where that already loses; None: nothing."""
        for end in range(1, len(actions) + 1):
            known = self._shown.get((state, tuple(actions[:end])))
            if known is not None and (fails(known) or end == len(actions)):
                return known
        return None
