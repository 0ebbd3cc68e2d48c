"""The five repairs one by one: on a small lake, with agents that say their lines, so that each step is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from journeyman.foresee.agents.agent import Agent, Brief, Event, Turn
from journeyman.foresee.attribution.evidence import Evidence, fails, of_no_use, truth
from journeyman.foresee.attribution.repairs import Repairs, in_chain, intended
from journeyman.foresee.attribution.replay import Staged, arm, repairs_of, replay
from journeyman.foresee.draws import Draws
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.protocol.repair import STAGES
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.world_models.model import WorldModel
from journeyman.foresee.world_models.open import open_world_model
from journeyman.foresee.worlds.lake import Lake
from journeyman.foresee.worlds.world import Instance


@dataclass
class Reactive:
    """Replies by what it was shown last; keeps all events."""

    think: Callable[[Reactive, Turn], str]
    seen: list[Event] = field(default_factory=list)
    turns: int = 0

    def begin(self, brief: Brief) -> None:
        """Nothing to prepare."""

    def reply(self, turn: Turn) -> str:
        """What it thinks of."""
        self.seen += turn.new
        self.turns += 1
        return self.think(self, turn)


@dataclass(frozen=True)
class Spot:
    """An instance at whose start one action falls and another one moves; `way` leads from the start to the goal."""

    world: Lake
    instance: Instance
    falls: int
    moves: int
    way: tuple[int, ...]

    def name(self, action: int) -> str:
        return self.world.about.actions[action]

    def scene(self, model: str = "exact", mode: str = "normal", **more: object) -> Scene:
        exact = open_world_model("exact", self.world)
        opened: WorldModel = exact if model == "exact" else open_world_model(model, self.world)
        return Scene(self.world, opened, mode, cell="reactive", exact=exact, clone=Lake(4), **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def spot() -> Spot:
    world = Lake(4)
    for instance in world.instances():
        world.reset(options={"instance": instance.id})
        start = world.snapshot()
        labels = {a: world.label(start, a) for a in range(4)}
        falls = [a for a, label in labels.items() if label == "fall"]
        best = world.best_actions(start)
        if falls and best and (instance.optimal or 0) >= 3:
            way = []
            while not world.digest()["terminal"]:
                way.append(world.best_actions(world.snapshot())[0])
                world.step(way[-1])
            return Spot(world, instance, falls[0], way[0], tuple(way))
    raise AssertionError("no instance of lake-4 has a hole beside its start")


def staged(spot: Spot, think: Callable[[Reactive, Turn], str], model: str = "exact", mode: str = "normal") -> Staged:
    scene = spot.scene(model, mode)

    def make() -> Agent:
        return Reactive(think)

    return Staged(play(scene, spot.instance, make(), Draws(0)), spot.instance, scene, make)


def fell(events: Sequence[Event], digest: bool = False) -> bool | None:
    """Whether the last prediction shows a fall, by its picture or by its digest; None: there was none since the last act."""
    for event in reversed(events):
        if event.kind == "real":
            return None
        if event.kind == "hypothetical" and event.observation is not None:
            if digest and event.digest is not None:
                return bool(event.digest["terminal"]) and not event.digest["success"]
            return "X" in event.observation.symbols
    return None


def contexts(episode: Episode) -> str:
    return "".join(decision.context for decision in episode.decisions)


def on_the_way(spot: Spot, turn: Turn) -> str:
    """The next step of the known way."""
    done = spot.instance.cap - turn.real_left
    return f"<act>{spot.name(spot.way[done])}</act>"


# --- gate -------------------------------------------------------------------------------------------------------------


def heedful(spot: Spot, asks: int | None = None) -> Callable[[Reactive, Turn], str]:
    """Wants to fall at the start; asks `asks` first, if anything; goes the known way once a prediction shows a fall."""

    def think(agent: Reactive, turn: Turn) -> str:
        if spot.instance.cap > turn.real_left or any(fell([e]) for e in agent.seen):
            return on_the_way(spot, turn)
        if asks is not None and agent.turns == 1:
            return f"<simulate>{spot.name(asks)}</simulate>"
        return f"<act>{spot.name(spot.falls)}</act>"

    return think


def test_the_gate_asks_where_the_wanted_action_loses(spot: Spot) -> None:
    of = staged(spot, heedful(spot))
    assert (of.episode.success, contexts(of.episode)) == (False, "E")
    again = replay(of, ["gate"])
    assert again.episode.success
    first = again.episode.decisions[0]
    assert (first.context, first.by, first.actions) == ("W", "governor", (spot.falls,))
    assert again.diverged == 0
    assert again.episode.calls == 1  # no later step of the way needs one
    assert [i.stage for i in again.interventions] == ["gate"]
    assert not any(arm(of, [stage]).success.hits for stage in STAGES if stage != "gate")


def test_the_gate_leaves_an_agent_alone_that_asked_the_wrong_thing(spot: Spot) -> None:
    of = staged(spot, heedful(spot, asks=spot.moves))
    assert contexts(of.episode) == "WE"
    assert not replay(of, ["gate"]).episode.success
    assert intended(of.episode) == {of.episode.decisions[0].state: (spot.falls,)}
    repaired = replay(of, ["query"])
    assert repaired.episode.success
    assert repaired.episode.decisions[0].actions == (spot.falls,)
    assert (repaired.diverged, repaired.interventions[0].stage) == (0, "query")


def test_the_gate_ends_a_loop_and_nothing_else(spot: Spot) -> None:
    def loops(agent: Reactive, turn: Turn) -> str:
        if any(event.kind == "refusal" for event in turn.new) or not turn.calls_left_now:
            return on_the_way(spot, turn)
        return f"<simulate>{spot.name(spot.moves)}</simulate>"

    of = staged(spot, loops)
    assert of.episode.calls > 5
    again = replay(of, ["gate"]).episode
    # A question is answered once in each state; after the refusal the agent acts.
    assert contexts(again)[:3] == "WRE"
    assert again.calls < of.episode.calls
    assert "repaired" in str(again.decisions[1].ruling["why"])


def test_nothing_is_asked_in_mode_invisible(spot: Spot) -> None:
    of = staged(spot, heedful(spot), mode="invisible")
    assert not replay(of, STAGES).episode.success
    assert replay(of, STAGES).episode.calls == 0


def test_force_keeps_its_call_when_the_gate_is_repaired(spot: Spot) -> None:
    def always(agent: Reactive, turn: Turn) -> str:
        step = spot.name(spot.way[spot.instance.cap - turn.real_left])
        return f"<simulate>{step}</simulate>" if turn.must_simulate else f"<act>{step}</act>"

    of = staged(spot, always, mode="force")
    assert of.episode.success
    assert replay(of, ["gate"]).diverged is None


# --- simulator and reading --------------------------------------------------------------------------------------------


def cautious(spot: Spot, *, digest: bool) -> Callable[[Reactive, Turn], str]:
    """Asks about the fall first and goes the known way if it sees one, else falls. Without `digest` it is blind to falls
    unless the digest comes along."""

    def think(agent: Reactive, turn: Turn) -> str:
        if spot.instance.cap > turn.real_left:
            return on_the_way(spot, turn)
        if agent.turns == 1:
            return f"<simulate>{spot.name(spot.falls)}</simulate>"
        event = next(e for e in turn.new if e.kind == "hypothetical")
        seen = fell([event], digest=True) if digest or event.digest is not None else False
        stated = "yes" if seen else "no"
        act = on_the_way(spot, turn) if seen else f"<act>{spot.name(spot.falls)}</act>"
        return f"<reading>terminal={stated} success=no</reading>{act}"

    return think


def test_the_simulator_becomes_the_exact_clone(spot: Spot) -> None:
    of = staged(spot, cautious(spot, digest=True), model="exact+transition=1")
    assert not of.episode.success
    assert of.episode.decisions[0].predicted != of.episode.decisions[0].true
    again = replay(of, ["simulator"])
    assert again.episode.success
    assert again.episode.decisions[0].predicted == again.episode.decisions[0].true
    assert {i.stage for i in again.interventions} == {"simulator"}
    assert [stage for stage in STAGES if arm(of, [stage]).success.hits] == ["simulator"]


def test_a_reading_that_is_repaired_comes_with_its_digest(spot: Spot) -> None:
    of = staged(spot, cautious(spot, digest=False))
    assert not of.episode.success
    again = replay(of, ["reading"])
    assert again.episode.success
    assert (again.diverged, again.interventions[0].calls) == (1, 0)
    assert again.episode.decisions[1].reading == {"terminal": True, "success": False}
    # The action did what the stated reading allows, so its repair changes nothing.
    assert [stage for stage in STAGES if arm(of, [stage]).success.hits] == ["reading"]


# --- action -----------------------------------------------------------------------------------------------------------


def test_an_action_that_the_evidence_shows_to_lose_is_masked(spot: Spot) -> None:
    def stubborn(agent: Reactive, turn: Turn) -> str:
        if agent.turns == 1:
            return f"<simulate>{spot.name(spot.moves)} | {spot.name(spot.falls)}</simulate>"
        stated = "<reading>terminal=yes success=no</reading>" if agent.turns == 2 else ""
        act = spot.name(spot.falls) if turn.real_left == spot.instance.cap else spot.name(0)
        return f"{stated}<act>{act}</act>"

    of = staged(spot, stubborn)
    assert contexts(of.episode) == "WWE"
    again = replay(of, ["action"])
    third = again.episode.decisions[2]
    # Of the others, the one that was seen to do no harm goes first.
    assert (third.actions, third.wished) == ((spot.moves,), (spot.falls,))
    assert (again.diverged, again.interventions[0].stage, again.interventions[0].calls) == (2, "action", 2)


def test_an_action_without_evidence_is_left_alone(spot: Spot) -> None:
    of = staged(spot, lambda agent, turn: f"<act>{spot.name(spot.falls)}</act>")
    again = replay(of, ["action"])
    assert (again.diverged, again.interventions) == (None, ())


# --- what they rest on ------------------------------------------------------------------------------------------------


def test_what_is_of_no_use() -> None:
    here = {"at": [1, 1], "terminal": False, "success": False}
    assert fails({"terminal": True, "success": False})
    assert fails({"dead": True, "terminal": False, "success": False})
    assert not fails({"terminal": True, "success": True})
    assert of_no_use(here, here)
    assert not of_no_use({**here, "at": [1, 2]}, here)
    assert of_no_use({**here, "at": [1, 2], "terminal": True}, here)


def test_the_truth_is_looked_up_and_the_world_put_back(spot: Spot) -> None:
    world = Lake(4)
    world.reset(options={"instance": spot.instance.id})
    snapshot = world.snapshot()
    before, after = truth(world, (spot.falls, spot.moves))
    assert world.snapshot() == snapshot
    assert not before["terminal"]
    assert after["terminal"]
    assert truth(world, spot.way)[1]["success"]


def test_evidence_is_what_was_read() -> None:
    shown = {"at": [0, 1], "terminal": True, "success": False}
    evidence = Evidence()
    evidence.shown("s", (1,), shown, attached=False)
    assert fails(evidence.of("s", (1,)) or {})
    evidence.read({"terminal": False, "at": [0, 1]})
    assert not fails(evidence.of("s", (1,)) or {})
    evidence.read({"terminal": True})  # a statement counts once
    assert not fails(evidence.of("s", (1,)) or {})
    evidence.shown("s", (2,), shown, attached=True)
    evidence.read({"terminal": False})
    assert fails(evidence.of("s", (2,)) or {})
    # What begins with a fall falls; of what begins well, nothing is known yet.
    assert fails(evidence.of("s", (2, 3)) or {})
    assert evidence.of("s", (1, 3)) is None
    assert evidence.of("t", (1,)) is None


def test_stages_are_named_in_the_order_of_the_chain(spot: Spot) -> None:
    assert in_chain({"action", "gate", "reading"}) == ("gate", "reading", "action")
    of = staged(spot, heedful(spot))
    watching = repairs_of(of, ())
    assert isinstance(watching, Repairs)
    assert play(of.scene, of.instance, of.make(), Draws(0), repair=watching).decisions[0].context == "E"
    assert watching.interventions == []
