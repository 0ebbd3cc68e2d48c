"""What a governor is: it hears what the agent wants and lets it, forbids a call, or has something simulated first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from journeyman.foresee.agents.agent import Brief
from journeyman.foresee.agents.agent import Wish as Wish
from journeyman.foresee.agents.mind import Actions, Mind
from journeyman.foresee.worlds.world import Digest, World


@dataclass(frozen=True)
class Point:
    """A decision point: everything a governor may rest on. Nothing of the true state is in here.

    Attributes:
        brief: of the episode.
        wish: what the agent wants.
        mind: its belief, where it shows one.
        state: hash of the real state, to recognise a repeated question; not its content.
        asked: what was simulated since the last real action: actions, in order.
        calls, real: calls and real actions so far. calls_left, calls_left_now: what the caps still allow.
        disagreed: of the real actions that had been simulated, the share that came out otherwise; None before the first.
        reading: what the agent stated of the last prediction, in the reply with this wish; None: nothing stated.
        model: name of the world model that would be asked.
    """

    brief: Brief
    wish: Wish
    mind: Mind | None
    state: str
    asked: Sequence[Actions]
    calls: int
    real: int
    calls_left: int
    calls_left_now: int
    disagreed: float | None = None
    reading: Mapping[str, Any] | None = None
    model: str = ""


@dataclass(frozen=True)
class Ruling:
    """What becomes of the wish.

    Attributes:
        verdict: "allow"; "veto" (of a call: the agent is told to act); "simulate" (do this call now, then ask the agent
            again with its result).
        actions: of "simulate".
        why: a sentence for the episode's page.
        values: figures it rests on, by name: evsi, cost, margin, p_useful, reliability ...
        propensity: probability with which this ruling was made, below 1 where a coin decided; None: not random.
        others: of "simulate": further alternatives to simulate with it (a batch, as in `Wish.others`); at most three.
    """

    verdict: Literal["allow", "veto", "simulate"]
    actions: Actions = ()
    why: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    propensity: float | None = None
    others: tuple[Actions, ...] = ()


ALLOW = Ruling("allow")


@dataclass(frozen=True)
class Checked:
    """A simulated way that was really gone, and whether it came out as predicted: what reliability is learned from.

    Attributes:
        actions: of the call, without any after the imagined end.
        depth: at which of them, from 1, it was settled: the last, or the one that really ended the episode.
        reading: whether the agent's stated reading of the prediction agreed with it; None: nothing stated.
    """

    world: str
    model: str
    actions: Actions
    depth: int
    agreed: bool
    reading: bool | None = None


class Governor(Protocol):
    """Rules on wishes. One governor sees a run's episodes in order; what it learns stays with it."""

    @property
    def name(self) -> str:
        """As it was opened, with its settings: "never", "random:0.3", "voi:cost=0.02"."""

    def begin(self, brief: Brief) -> None:
        """An episode begins."""

    def rule(self, point: Point) -> Ruling:
        """On one wish. Called again after each of its own "simulate"; "allow" of an act ends the questions."""

    def learn(self, checked: Checked) -> None:
        """A simulated action was done."""

    def ended(self, success: bool) -> None:
        """The episode is over."""


@runtime_checkable
class Listening(Protocol):
    """A governor that wants to hear what was predicted, also where it was never checked by a real action."""

    def heard(self, actions: Actions, digest: Digest, confidence: float) -> None:
        """A prediction was shown to the agent, which has not answered yet: `actions` without any after the imagined end, the
        digest as the world model gave it (never the true one), and the model's own confidence. Of a batch, once for each."""


@runtime_checkable
class Knowing(Protocol):
    """A governor that is a reference, not a method: it sees the true world. It is asked here instead of by `rule`."""

    needs_world: Literal[True]

    def rule_knowing(self, point: Point, world: World) -> Ruling:
        """On one wish, with a clone of the world at the real state, free to be used."""


def learns(governor: Governor) -> bool:
    """Whether what it rules depends on earlier episodes, which then are played in order, by one worker.

    So unless its attribute `learns` is False."""
    return bool(getattr(governor, "learns", True))
