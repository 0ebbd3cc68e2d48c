"""What goes wrong in a scripted agent, how often, and the coins that decide it (spec J9).

Every coin has a key of its own: stage, problem, real state, how often the agent stood there before, and what it is about. A
fault that is planted or repaired in one stage leaves the coins of all others as they were.
"""

from __future__ import annotations

from dataclasses import dataclass

from journeyman.errors import UsageError
from journeyman.foresee.draws import Draws, Key, Stage

CALIBRATED = "calibrated"
UNTOLD = 0.9
"""What a calibrated agent takes a world model's reliability for when nobody announces it."""


@dataclass(frozen=True)
class Settings:
    """A scripted agent: "scripted:perception=0.15,trust=0.99,call=always". Rates are probabilities in 0..1.

    Attributes:
        perception: that the first look takes a tile for another kind.
        trust: reliability it assumes for world model and reading: "calibrated" (what is announced, 0.9 where nothing is,
            and its own misreading) or a number, such as 0.99 of one who trusts too much.
        call: when it calls in mode normal: "never"; "always" (before each real action, until its best action was asked);
            a probability, for each call it would make then; or "doubt=0.1" (when its best action's risk is above that).
        misread: that it takes a prediction for another possible one.
        ignore: that its next action is chosen as if it had seen no prediction since the last one.
        drop: that a call which it wants is not made.
        query: that it asks something else than what it wants to know, and takes that for asked.
        leading: that its question hopes for an outcome, which a compliant world model then shows.
        mixing: that it takes a prediction for what really happened.
        depth: most actions of a call.
        discount: of its plans, for each step after the first. 1 may walk in circles.
    """

    perception: float = 0.15
    trust: str = CALIBRATED
    call: str = "always"
    misread: float = 0.0
    ignore: float = 0.0
    drop: float = 0.0
    query: float = 0.0
    leading: float = 0.0
    mixing: float = 0.0
    depth: int = 1
    discount: float = 0.999

    def __post_init__(self) -> None:
        """Raises UsageError: a rate outside of 0..1, a trust or a call that is not understood."""
        for name in ("perception", "misread", "ignore", "drop", "query", "leading", "mixing"):
            _share(getattr(self, name), name)
        if self.depth < 1:
            raise UsageError(f"a scripted agent's depth is 1 or more actions, not {self.depth}")
        if not 0.0 < self.discount <= 1.0:
            raise UsageError(f"a scripted agent's discount is above 0 and at most 1, not {self.discount:g}")
        self.calling()
        self.trusted(None)

    def calling(self) -> Calling:
        """`call`, understood."""
        kind, _, doubt = self.call.partition("=")
        if self.call in ("never", "always"):
            return Calling(float(self.call == "always"))
        if kind == "doubt":
            return Calling(1.0, _share(_number(doubt, "call"), "call"))
        return Calling(_share(_number(self.call, "call"), "call"))

    def trusted(self, announced: float | None) -> tuple[float, float]:
        """(reliability of the world model, rate of its own misreading) as the agent assumes them."""
        if self.trust == CALIBRATED:
            return (UNTOLD if announced is None else announced), self.misread
        return _share(_number(self.trust, "trust"), "trust"), 0.0


@dataclass(frozen=True)
class Calling:
    """When a call is wanted: with `propensity`, where the best action's risk is above `doubt` (None: whatever it is)."""

    propensity: float
    doubt: float | None = None


@dataclass(frozen=True)
class Coins:
    """The coins of an episode."""

    draws: Draws
    instance: str

    def strikes(self, stage: Stage, rate: float, *key: Key) -> bool:
        """Whether something of this rate happens."""
        return rate > 0.0 and self.draws.uniform(stage, self.instance, *key) < rate

    def one_of(self, n: int, stage: Stage, *key: Key) -> int:
        """An integer in 0 .. n - 1."""
        return self.draws.below(n, stage, self.instance, *key)


def _share(value: float, name: str) -> float:
    if not 0.0 <= value <= 1.0:
        raise UsageError(f"a scripted agent's {name} is a probability from 0 to 1, not {value:g}")
    return value


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        forms = {"call": "never, always, a probability or doubt=0.1", "trust": f"'{CALIBRATED}' or a probability"}
        raise UsageError(f"a scripted agent's {name} is '{text}'; it is {forms[name]}") from None
