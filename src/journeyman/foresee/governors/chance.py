"""The governor that tosses a coin: a method that calls as often and is no better has only called, not governed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from journeyman.errors import UsageError
from journeyman.foresee.governors.gate import is_open, ruling, share
from journeyman.foresee.governors.governor import Point, Ruling
from journeyman.foresee.governors.unlearning import Unlearning

if TYPE_CHECKING:
    from journeyman.foresee.protocol.decision import Episode


class Chance(Unlearning):
    """Calls for what is wanted with probability `rate` at each decision point, whatever the agent wants.

    A point is told by its real actions and calls so far: an agent whose call was forbidden and that is asked again meets
    the same coin.
    """

    def __init__(self, rate: float, name: str = "") -> None:
        self.rate = share(rate, "the rate of the governor 'random'")
        self.name = name or f"random:{rate:g}"

    def rule(self, point: Point) -> Ruling:
        if not is_open(point):
            return ruling(point, None, "it was simulated just before, or no call is left")
        coin = point.brief.draws.uniform("gate", "random", point.brief.instance.id, point.state, point.real, point.calls)
        if coin < self.rate:
            return ruling(point, point.wish.actions, f"the coin fell below {self.rate:g}",
                          others=point.wish.others, propensity=self.rate)  # fmt: skip
        return ruling(point, None, f"the coin did not fall below {self.rate:g}", propensity=1.0 - self.rate)


def matched_rate(episodes: Iterable[Episode]) -> float:
    """The rate at which `Chance` decides for a call as often as these episodes did: calls per call or real action.

    Episodes of another governor are of other lengths, so numbers of calls match about, not exactly: compare them in the
    table. Raises UsageError: no episode has a call or a real action.
    """
    calls = real = 0
    for episode in episodes:
        calls += episode.calls
        real += episode.real
    if calls + real == 0:
        raise UsageError("a rate to match needs episodes with calls or real actions, and there are none")
    return calls / (calls + real)
