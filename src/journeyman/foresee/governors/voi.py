"""The governor that calls where a call is worth more than it costs: what to ask, how far, and when to stop (spec J1).

At each wish it takes of all calls the one with the largest EVSI - c, and has it made if that is above 2 epsilon + delta;
else the agent acts. It stops by itself: evidence shrinks what further evidence is worth. No call is repeated at a state,
and before a real action there are at most `cap`.

A call that can wait, waits: one that would not change the next action, but only what comes after it, is as good when that
action is done, and then perhaps not needed any more. EVSI alone does not see that, as it sets asking now against never.

A call of a whole route costs one call and tells of all its tiles up to the first that is shown to fail, so calls of several
actions are where this rule gains most over the same rule with single steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Brief
from journeyman.foresee.agents.mind import Actions, Foreseen, Mind
from journeyman.foresee.governors.batch import companions
from journeyman.foresee.governors.evsi import Price, Worth, can_wait, ranked, worthwhile
from journeyman.foresee.governors.gate import at_least, has_room, ruling, share
from journeyman.foresee.governors.governor import Checked, Point, Ruling
from journeyman.foresee.governors.reliability import Learning
from journeyman.foresee.governors.steps import risks, shown_bad
from journeyman.foresee.governors.trust import Given, Learned, Trust
from journeyman.foresee.worlds.world import Digest

LEARNED = "learned"


@dataclass(frozen=True)
class Settings:
    """"voi:cost=0.02,depth=1".

    Attributes:
        cost: of a call, in units of the probability of success. growth: share of it for each action beyond the first.
        depth: most actions of a call.
        epsilon, delta: errors of values and of the distribution of outcomes, for the safe margin; `margins` estimates them.
        cap: most calls before a real action.
        reliability: of a step, simulator and reading together, in 0..1; or "learned" while it is used.
        start: reliability before anything is learned. quantile: of what was learned; 0.5 or less is careful, None its mean.
        explore: probability with which the best call is made though it is not worth its cost, so that a reliability that
            has recovered can be found out.
        batch: most calls that are made together. single: what a call by itself costs, in calls.
        calibration, uplift: files, for agents that show no belief.
    """

    cost: float = 0.02
    growth: float = 0.1
    depth: int = 5
    epsilon: float = 0.0
    delta: float = 0.0
    cap: int = 5
    reliability: str = LEARNED
    start: float = 0.9
    quantile: float | None = None
    explore: float = 0.0
    batch: int = 1
    single: float = 1.0
    calibration: str = ""
    uplift: str = ""

    def __post_init__(self) -> None:
        """Raises UsageError: a setting out of range."""
        for name, value in (("cost", self.cost), ("growth", self.growth), ("epsilon", self.epsilon), ("delta", self.delta)):
            at_least(value, 0.0, f"{name} of the governor 'voi'")
        at_least(self.depth, 1, "depth of the governor 'voi'")
        at_least(self.cap, 0, "cap of the governor 'voi'")
        at_least(self.single, 1.0, "single of the governor 'voi'")
        share(self.explore, "explore of the governor 'voi'")
        if not 1 <= self.batch <= 4:
            raise UsageError(f"batch of the governor 'voi' is from 1 to 4 calls, not {self.batch}")
        if self.quantile is not None and not 0.0 < self.quantile < 1.0:
            raise UsageError(f"quantile of the governor 'voi' lies between 0 and 1, not at {self.quantile:g}")

    @property
    def price(self) -> Price:
        """What a call that is made by itself must be worth."""
        return Price(self.cost * self.single, self.growth, 2.0 * self.epsilon + self.delta)

    def trust(self) -> Trust:
        """Reliability as it is relied on. Raises UsageError: neither a probability nor "learned"."""
        if self.reliability == LEARNED:
            return Learned(Learning(start=self.start), self.quantile)
        try:
            given = float(self.reliability)
        except ValueError:
            raise UsageError(
                f"reliability of the governor 'voi' is '{self.reliability}'; it is a number from 0 to 1, or '{LEARNED}'"
            ) from None
        return Given(share(given, "reliability of the governor 'voi'"))


Blind = Callable[[Point, float], tuple[float, dict[str, float]]]
"""Of an agent that shows no belief: what a call for the wanted actions is worth at a reliability, and why."""


class Voi:
    """See the module. `blind`: for agents that show no belief; None: such an agent is an error."""

    def __init__(self, settings: Settings, name: str = "voi", blind: Blind | None = None) -> None:
        self.name = name
        self.settings = settings
        self.trust = settings.trust()
        self.learns = self.trust.learns
        self._blind = blind
        self._asked: set[tuple[str, Actions]] = set()

    def begin(self, brief: Brief) -> None:
        self._asked.clear()

    def rule(self, point: Point) -> Ruling:
        """Raises UsageError: an agent that shows no belief, and nothing learned to go by."""
        self._asked.update((point.state, actions) for actions in point.asked)
        if point.wish.kind == "answer" and point.mind is None:
            return ruling(point, None, "nothing is known of what an answer is worth")
        if not has_room(point) or len(point.asked) >= self.settings.cap:
            return ruling(point, None, "no call is left before the next action")
        found = self._without_mind(point) if point.mind is None else self._with_mind(point, point.mind)
        calls = point.wish.alternatives if found.verdict == "allow" else (found.actions, *found.others)
        self.trust.asks(point, calls)
        return found

    def heard(self, actions: Actions, digest: Digest, confidence: float) -> None:
        self.trust.heard(actions, digest)

    def learn(self, checked: Checked) -> None:
        self.trust.learn(checked)

    def ended(self, success: bool) -> None:
        self.trust.ended()

    def _with_mind(self, point: Point, mind: Mind) -> Ruling:
        values = mind.values()
        now = max(values.values(), default=0.0)
        asked = {actions for state, actions in self._asked if state == point.state}
        price = self.settings.price
        risk = mind.irreversible(max(values, key=lambda turn: values[turn])) if values else 0.0
        foreseen = [call for call in self._foreseen(point, mind) if not can_wait(call, price, risk)]
        calls = ranked(foreseen, now, price, asked=asked)
        if not calls:
            return ruling(point, None, "there is nothing left to ask here that cannot wait", {"now": now})
        best = calls[0]
        reliability = self.trust.of(point, best.call.actions)
        figures = {
            "evsi": best.evsi, "cost": best.cost, "margin": price.margin, "now": now, "after": best.call.expected,
            "reliability": reliability, "p_useful": max(best.evsi, 0.0), "depth": float(len(best.call.actions)),
            "p_bad": shown_bad(risks(mind, best.call.actions), reliability),
        }  # fmt: skip
        if worthwhile(best, price):
            others = self._others(calls)
            return ruling(point, best.call.actions, _why(best, "above"), figures, others=others)
        return self._explored(point, best, figures)

    def _foreseen(self, point: Point, mind: Mind) -> list[Foreseen]:
        """Calls of single steps and of walks, each at the reliability of its kind: a mind is asked twice at most."""
        deepest = self.settings.depth
        first = next(iter(mind.values()), (0,))[:1]
        single = round(self.trust.of(point, first), 2)
        walk = round(self.trust.of(point, first * deepest), 2) if deepest > 1 else single
        if single == walk:
            return list(mind.foresee(walk, deepest))
        walks = [call for call in mind.foresee(walk, deepest) if len(call.actions) > 1]
        return [*(call for call in mind.foresee(single, 1) if len(call.actions) == 1), *walks]

    def _others(self, calls: list[Worth]) -> tuple[Actions, ...]:
        if self.settings.batch < 2:
            return ()
        # Beside another, a call is charged as one.
        together = Price(self.settings.cost, self.settings.growth, self.settings.price.margin)
        return companions(calls, together, most=self.settings.batch - 1, free=self.settings.single >= 2.0)

    def _explored(self, point: Point, best: Worth, figures: dict[str, float]) -> Ruling:
        """Nothing is worth its cost: now and then the best is asked all the same."""
        share = self.settings.explore
        if not share:
            return ruling(point, None, _why(best, "not above"), figures)
        key = (point.brief.instance.id, point.state, point.real, point.calls)
        if point.brief.draws.uniform("gate", "voi", *key) < share:
            return ruling(point, best.call.actions, "to find out what calls are worth", figures, propensity=share)
        return ruling(point, None, _why(best, "not above"), figures, propensity=1.0 - share)

    def _without_mind(self, point: Point) -> Ruling:
        if self._blind is None:
            raise UsageError(
                f"the governor '{self.name}' needs an agent that shows its belief, as scripted ones do; for another give it "
                "uplift=FILE or calibration=FILE, learned from runs with the governor 'encourage:0.15'"
            )
        actions = point.wish.actions
        if not actions or (point.state, actions) in self._asked:
            return ruling(point, None, "it was simulated here already")
        reliability = self.trust.of(point, actions)
        gain, figures = self._blind(point, reliability)
        best = Worth(Foreseen(actions, ((1.0, gain),), gain > 0.0), gain, self.settings.price.of(actions))
        figures = {
            **figures, "evsi": gain, "cost": best.cost, "margin": self.settings.price.margin, "reliability": reliability,
            "p_useful": max(gain, 0.0),
        }  # fmt: skip
        if worthwhile(best, self.settings.price):
            return ruling(point, actions, _why(best, "above"), figures, others=point.wish.others)
        return self._explored(point, best, figures)


def _why(best: Worth, relation: str) -> str:
    return f"the best call adds {best.evsi:.4f}, {relation} its cost {best.cost:.4f} and the margin"
