"""How an agent is told what it is told: the ablations of spec g. Usage rates may rest on it, so it is part of its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar, get_args, get_type_hints

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Mode
from journeyman.foresee.setting import filled

T = TypeVar("T")


@dataclass(frozen=True)
class Wording:
    """What the words are to be like.

    Attributes:
        order: whether the simulator stands after acting or before it.
        tone: "encouraging" recommends the simulator; "neutral" leaves it open.
        cost: of a call, as it is told, in units of success (1); 0: not told.
        claim: that the simulator is "exact", that it may err ("fallible"), or nothing ("none").
        think: whether the reply may begin with free thought ("free") or is to have the tags alone ("none").
        confidence: ask for the confidence of success with every reply, in every mode.
        reading: ask, after a prediction, for what it showed; only where there is a simulator.
        state: names of the symbolic content that a reading may state, with spaces between them.

    Raises UsageError: another word, or a cost below 0.
    """

    order: Literal["last", "first"] = "last"
    tone: Literal["neutral", "encouraging"] = "neutral"
    cost: float = 0.0
    claim: Literal["none", "exact", "fallible"] = "none"
    think: Literal["free", "none"] = "free"
    confidence: bool = False
    reading: bool = False
    state: str = "at terminal success"

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(Wording).items():
            words = get_args(kind)
            if words and getattr(self, name) not in words:
                raise UsageError(f"{name} is '{getattr(self, name)}'; it is {' or '.join(words)}")
        if not 0 <= self.cost < float("inf"):
            raise UsageError(f"cost is {self.cost}; it is 0 or more, in units of success")

    def fields(self, mode: Mode) -> tuple[str, ...]:
        """What a reply must have besides its one tag: `Brief.fields`."""
        reading = self.reading and mode != "invisible"
        return ("confidence",) * self.confidence + ("reading",) * reading


USUAL = Wording()


def wording_of(make: Any) -> Wording:
    """How this agent, or the agents of this maker, are told: the attribute `wording`, or the usual."""
    wording = getattr(make, "wording", None)
    return wording if isinstance(wording, Wording) else USUAL


def with_wording(kind: type[T], given: Mapping[str, str], *, what: str) -> tuple[T, Wording]:
    """Settings after an agent's name as those of its kind and those of its wording.

    Raises UsageError: a setting that neither has, or a value that is none.
    """
    own = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    words = {field.name for field in fields(Wording)}
    for key in given:
        if key not in own | words:
            there = ", ".join((*sorted(own), *sorted(words)))
            raise UsageError(f"{what} has no setting '{key or given[key]}'; it has {there}")
    mine = filled(kind, {key: text for key, text in given.items() if key in own}, what=what)
    return mine, filled(Wording, {key: text for key, text in given.items() if key not in own}, what=what)
