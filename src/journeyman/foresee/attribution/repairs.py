"""The five repairs of an episode's stages (spec J5), alone or together.

    gate        calls where a call is of use: what is wanted really loses or does nothing, and nothing was asked while it was
                wanted; forbids calls that no outcome could make useful
    query       asks about exactly the wanted action, or the most telling thing where that cannot change the mind
    simulator   is the exact clone
    reading     comes with its symbols, so that nothing of it can be misread
    action      is not one that the evidence, as the agent read it, shows to lose or to do nothing

Each takes what the stage before it gave, right or wrong, so that a repair mends one stage and no other: the action repair
does not see through a prediction that was misread, the gate not through a wrong one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from journeyman.foresee.agents.mind import Actions, Mind
from journeyman.foresee.attribution.evidence import Evidence, of_no_use, truth
from journeyman.foresee.governors.governor import ALLOW, Point, Ruling
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.protocol.repair import STAGES, Repairable
from journeyman.foresee.world_models.model import Asked, Prediction, WorldModel
from journeyman.foresee.worlds.world import Snapshot, World, state_hash


@dataclass(frozen=True)
class Intervention:
    """A repair took effect, or may have: after how many calls and real actions."""

    stage: Repairable
    calls: int
    real: int


class Repairs:
    """Hooks of `protocol.repair.Repair` for one replay; the next one needs new ones.

    Attributes:
        interventions: where repairs took effect, in order.

    Args:
        stages: to be repaired; none of them makes a replay that only watches.
        model: the cell's world model, which predicts where the simulator is not repaired.
        exact: the exact clone.
        intended: state -> the real actions that the logged episode took there: what an agent without a mind was about to do
            when it asked something.
        governed: whether the cell has a governor that the gate's repair replaces.
    """

    def __init__(
        self, stages: Collection[Repairable], model: WorldModel, exact: WorldModel, *,
        intended: Mapping[str, Actions] | None = None, governed: bool = False,
    ) -> None:  # fmt: skip
        self.stages = frozenset(stages)
        self.interventions: list[Intervention] = []
        self._model, self._exact = model, exact
        self._intended = intended or {}
        self._governed = governed
        self._evidence = Evidence()
        self._opened: set[tuple[str, int, Actions]] = set()  # what was wanted when the agent asked something
        self._at = (0, 0)

    def gate(self, point: Point, world: World) -> Ruling | None:
        """Instead of the governor's ruling; None where the gate is not repaired or there is nothing to call."""
        self._note(point)
        if "gate" not in self.stages or point.brief.mode == "invisible" or point.wish.kind == "answer":
            return None
        ruling = self._ruling(point, world)
        if self._governed or ruling is not ALLOW:
            self._intervened("gate")
        return ruling

    def query(self, point: Point, actions: Actions, world: World) -> Actions | None:
        """Instead of what would be simulated from the real state."""
        self._note(point)
        wish = point.wish
        # What goes on from an imagined state stays; of a batch, the first makes room, unless the right thing is in it.
        if "query" not in self.stages or wish.origin is not None or (wish.kind == "simulate" and actions != wish.actions):
            return None
        better = self._most_telling(point)
        if better == actions or better in wish.alternatives:
            return None
        self._intervened("query")
        return better

    def predict(self, snapshot: Snapshot, actions: Sequence[int], asked: Asked, world: World) -> Prediction | None:
        """The exact clone's prediction, or the world model's: it goes through here so that the action's repair knows it."""
        model = self._exact if "simulator" in self.stages else self._model
        prediction = model.predict(snapshot, actions, asked)
        done = actions[: prediction.done] or actions
        self._evidence.shown(state_hash(snapshot), done, prediction.digest, attached=self.attach())
        for stage in ("simulator", "reading"):
            if stage in self.stages:
                self._intervened(stage)
        return prediction

    def attach(self) -> bool:
        """Whether the reading is repaired."""
        return "reading" in self.stages

    def action(self, point: Point, actions: Actions, world: World) -> Actions | None:
        """Instead of real actions that the evidence shows to be of no use: the best others that it does not."""
        self._note(point)
        if "action" not in self.stages:
            return None
        before = world.digest()

        def shown(candidate: Actions) -> bool | None:
            known = self._evidence.of(point.state, candidate)
            return None if known is None else of_no_use(known, before)

        if not shown(actions):
            return None
        others = _ranked(point.mind) or sorted(
            ((number,) for number in range(len(point.brief.about.actions))), key=lambda one: shown(one) is None
        )
        better = next((other for other in others if other != actions and not shown(other)), None)
        if better is not None:
            self._intervened("action")
        return better

    # --- the gate -----------------------------------------------------------------------------------------------------

    def _ruling(self, point: Point, world: World) -> Ruling:
        wish = point.wish
        wanted = wish.actions if wish.kind == "act" else self._wanted(point)
        here = (point.state, point.real)
        if wish.kind == "simulate":
            self._opened.add((*here, wanted))
            if self._wasted(point, wanted):
                return Ruling("veto", why="repaired: the answer is known, or none would change the decision")
            return ALLOW
        if (*here, wanted) in self._opened or self._evidence.of(point.state, wanted) is not None:
            return ALLOW
        before, after = truth(world, wanted)
        if point.calls_left_now > 0 and of_no_use(after, before):
            return Ruling("simulate", wanted, why="repaired: what is wanted loses or does nothing, and nobody has asked")
        return ALLOW

    def _wasted(self, point: Point, wanted: Actions) -> bool:
        """Whether a call could change nothing, whatever it showed (spec d.2.5, iii and iv). That it asks about the wrong
        thing is no matter of the gate's."""
        if point.wish.origin is not None:
            return False
        if all(actions in point.asked for actions in point.wish.alternatives):
            return True
        foreseen = [one for one in point.mind.foresee(1.0) if one.actions == wanted] if point.mind is not None else []
        return bool(foreseen) and not any(one.flips for one in foreseen)

    def _wanted(self, point: Point) -> Actions:
        """What the agent is about to do: the best under its mind, else what the log shows, else what it asks about."""
        best = _ranked(point.mind)
        if isinstance(point.mind, Deciding):
            return point.mind.best()
        if best and point.mind is not None:
            values = point.mind.values()
            asked = values.get(point.wish.actions)
            return point.wish.actions if asked is not None and asked >= values[best[0]] - 1e-12 else best[0]
        return self._intended.get(point.state, point.wish.actions)

    # --- the query ----------------------------------------------------------------------------------------------------

    def _most_telling(self, point: Point) -> Actions:
        asked = point.wish.actions
        wanted = self._wanted(point) if point.wish.kind == "simulate" else asked
        if asked[: len(wanted)] == wanted:
            return asked
        if point.mind is None:
            return wanted
        foreseen = point.mind.foresee(1.0)
        if not foreseen or any(one.actions == wanted and one.flips for one in foreseen):
            return wanted
        telling = max(foreseen, key=lambda one: one.expected)
        return telling.actions if telling.flips else wanted

    def _note(self, point: Point) -> None:
        self._at = (point.calls, point.real)
        self._evidence.read(point.reading)

    def _intervened(self, stage: Repairable) -> None:
        self.interventions.append(Intervention(stage, *self._at))


@runtime_checkable
class Deciding(Protocol):
    """A mind that says itself what it would do now, ties included: of two turns of the same value, the one that was asked
    about need not be the one that is wanted."""

    def best(self) -> Actions:
        """The turn it would take."""


def _ranked(mind: Mind | None) -> list[Actions]:
    """Turns by their value, the best first; empty without a mind."""
    values = mind.values() if mind is not None else {}
    return sorted(values, key=lambda actions: -values[actions])


def intended(episode: Episode) -> dict[str, Actions]:
    """For each real state of a logged episode in which something was simulated, what the agent did there in the end."""
    found: dict[str, Actions] = {}
    asked: set[str] = set()
    for decision in episode.decisions:
        if decision.context == "W":
            asked.add(decision.state)
        elif decision.context == "E" and decision.state in asked:
            found.setdefault(decision.state, decision.actions)
    return found


def in_chain(stages: Collection[Repairable]) -> tuple[Repairable, ...]:
    """Stages in the order of the chain from gate to action."""
    return tuple(stage for stage in STAGES if stage in stages)
