"""The governor that calls where calls were seen to help: a gate on learned uplift (spec J2)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from journeyman.foresee.governors.coin import coined, log_values
from journeyman.foresee.governors.features import features
from journeyman.foresee.governors.gate import at_least, is_open, ruling, share
from journeyman.foresee.governors.governor import Point, Ruling
from journeyman.foresee.governors.unlearning import Unlearning
from journeyman.foresee.governors.uplift_model import Uplift, load


@dataclass(frozen=True)
class Settings:
    """"uplift:FILE,cost=0.02,explore=0.1".

    Attributes:
        file: a model that `uplift_model.save` wrote.
        cost: what a call must add to the probability of success.
        explore: share of the decision points at which a fair coin decides instead. Above 0 its runs can be learned from
            again, and the gate cannot close for good.
        skip: by how much a call that is wrongly left out weighs more than one that is wrongly made; 0: they weigh the same.
    """

    file: str
    cost: float = 0.02
    explore: float = 0.1
    skip: float = 0.0

    def __post_init__(self) -> None:
        """Raises UsageError: a setting out of range."""
        at_least(self.cost, 0.0, "cost of the governor 'uplift'")
        at_least(self.skip, 0.0, "skip of the governor 'uplift'")
        share(self.explore, "explore of the governor 'uplift'")


class UpliftGate(Unlearning):
    """Calls for what is wanted iff (1 + skip) tau(x) > cost, but where the coin falls.

    Raises UsageError: a file that cannot be read or holds no model.
    """

    def __init__(self, settings: Settings, name: str = "uplift") -> None:
        self.name, self.settings = name, settings
        self.model: Uplift = load(Path(settings.file))
        self._settled: tuple[str, str, int, int] | None = None

    def rule(self, point: Point) -> Ruling:
        here = (point.brief.instance.id, point.state, point.real, point.calls)
        if here == self._settled and point.wish.kind == "act":
            return Ruling("allow", why="it has been decided")
        if not is_open(point):
            return ruling(point, None, "it was simulated just before, or no call is left")
        self._settled = here
        tau = self.model.tau(features(point), point.brief.about.name)
        useful = (1.0 + self.settings.skip) * tau > self.settings.cost
        coin = coined(point, useful, self.settings.explore, "uplift")
        values = {**log_values(point, coin.call), "tau": tau, "cost": self.settings.cost, "p_useful": max(tau, 0.0)}
        why = f"a call adds {tau:.3f} here, {'' if useful else 'not '}above {self.settings.cost:g}"
        if coin.forced:
            why = f"the coin decides; {why}"
        propensity = coin.propensity if self.settings.explore else None
        if coin.call:
            return ruling(point, point.wish.actions, why, values, others=point.wish.others, propensity=propensity)
        return ruling(point, None, why, values, propensity=propensity)
