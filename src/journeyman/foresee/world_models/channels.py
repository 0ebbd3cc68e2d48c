"""The channels by which a prediction can be disturbed, their severities, and the coins that decide (spec J4)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from journeyman.errors import UsageError
from journeyman.foresee.draws import Key
from journeyman.foresee.world_models.model import Asked

CHANNELS: Mapping[str, str] = {
    "transition": "at each action, the probability that something else happens that is possible there",
    "observation": "for each prediction, the probability that its picture and symbols show something wrong",
    "stale": "predict from the state that many real actions ago",
    "horizon": "the same as transition, with probability 1 - (1 - p)^d at the d-th action from the real state",
    "compliance": "the probability that the outcome is shown that the question hopes for",
    "overclaim": "claim certainty; a number from 0 to 1 claims that part of what is lacking to it",
}
"""Channel -> what it does, in words."""


@dataclass(frozen=True)
class Channels:
    """Severity of each channel; None: it is off. `stale` is a number of real actions, the others are in 0..1."""

    transition: float | None = None
    observation: float | None = None
    stale: int | None = None
    horizon: float | None = None
    compliance: float | None = None
    overclaim: float | None = None

    def slips(self, depth: int) -> tuple[tuple[str, float], ...]:
        """(channel, probability) of the channels that put another outcome in place of the `depth`-th action's, from 1."""
        found = []
        if self.transition is not None:
            found.append(("transition", self.transition))
        if self.horizon is not None:
            found.append(("horizon", 1.0 - (1.0 - self.horizon) ** depth))
        return tuple(found)


def channels_of(parts: Sequence[str], *, what: str) -> Channels:
    """Channels from texts such as "transition=0.2" and "overclaim". `what`: the whole name, for errors.

    Raises UsageError: an unknown channel, one that is there twice, or a severity out of range.
    """
    given: dict[str, float] = {}
    for part in parts:
        name, equals, text = part.partition("=")
        if name not in CHANNELS:
            raise UsageError(f"'{what}' has no channel '{name}'; channels are {', '.join(CHANNELS)}")
        if name in given:
            raise UsageError(f"'{what}' gives the channel {name} twice")
        if not equals and name != "overclaim":
            raise UsageError(f"'{what}' gives {name} no severity; write {name}={'2' if name == 'stale' else '0.2'}")
        given[name] = _severity(name, text if equals else "1", what)
    return Channels(**{f.name: given[f.name] for f in fields(Channels) if f.name in given})  # type: ignore[arg-type]


def _severity(name: str, text: str, what: str) -> float:
    if name == "stale":
        if not text.isdecimal():
            raise UsageError(f"'{what}': stale={text} is no number of real actions; write stale=2")
        return int(text)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise UsageError(f"'{what}': {name}={text} is not between 0 and 1")
    return value


class Luck:
    """The coins of one call. Each channel has its own, so that switching one on or off moves no other's.

    They are keyed by the problem, the state it is asked of, the actions, and how often the same was asked before (see
    `Asked.again`).
    """

    def __init__(self, asked: Asked, state: str, actions: Sequence[int]) -> None:
        self._draws = asked.draws
        self._key: tuple[Key, ...] = (asked.instance, state, ",".join(map(str, actions)), asked.again)

    def uniform(self, channel: str, *key: Key) -> float:
        """A number in [0, 1)."""
        return self._draws.uniform("simulator", channel, *self._key, *key)

    def below(self, n: int, channel: str, *key: Key) -> int:
        """An integer in 0 .. n - 1."""
        return self._draws.below(n, "simulator", channel, *self._key, *key)
