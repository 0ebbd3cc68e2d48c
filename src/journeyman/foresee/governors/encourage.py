"""The governor that leaves the agent alone but for a coin: it makes the logs from which the worth of calls is learned."""

from __future__ import annotations

from journeyman.foresee.governors.coin import coined, log_values
from journeyman.foresee.governors.gate import is_open, ruling, share
from journeyman.foresee.governors.governor import Point, Ruling
from journeyman.foresee.governors.unlearning import Unlearning


class Encourage(Unlearning):
    """With probability `share` at each decision point a fair coin forces or forbids a call for what is wanted.

    Rulings keep the features of the point, whether a call was made, and the probability of that. A point is told by its
    real actions and calls so far; the act that follows a forbidden call is the same point and logged without features.
    """

    def __init__(self, share_: float) -> None:
        self.share = share(share_, "the share of the governor 'encourage'")
        self.name = f"encourage:{share_:g}"
        self._settled: tuple[str, str, int, int] | None = None

    def rule(self, point: Point) -> Ruling:
        here = (point.brief.instance.id, point.state, point.real, point.calls)
        if here == self._settled and point.wish.kind == "act":
            return Ruling("allow", why="the coin has fallen")
        if not is_open(point):
            return Ruling("allow", why="it was simulated just before, or no call is left")
        coin = coined(point, point.wish.kind == "simulate", self.share, "encourage")
        values = log_values(point, coin.call)
        self._settled = here
        why = f"the coin {'forced' if coin.call else 'forbade'} a call" if coin.forced else "no coin: as the agent wants"
        call = point.wish.actions if coin.call else None
        return ruling(point, call, why, values, others=point.wish.others if coin.call else (), propensity=coin.propensity)
