"""What a governor is: it hears what the agent wants and lets it, forbids a call, or has something simulated first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from journeyman.foresee.agents.agent import Brief
from journeyman.foresee.agents.mind import Actions, Mind


@dataclass(frozen=True)
class Wish:
    """What the agent wants: to simulate or to act, which actions, and how sure it says it is (0..1, None: not said)."""

    kind: Literal["simulate", "act", "answer"]
    actions: Actions = ()
    answer: str = ""
    confidence: float | None = None


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
    """

    verdict: Literal["allow", "veto", "simulate"]
    actions: Actions = ()
    why: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    propensity: float | None = None


ALLOW = Ruling("allow")


@dataclass(frozen=True)
class Checked:
    """A real action that had been simulated, and whether it came out as predicted: what reliability is learned from.

    `reading`: whether the agent's stated reading of the prediction agreed with it; None: nothing stated."""

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
