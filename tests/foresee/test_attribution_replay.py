"""Replays: the log to the last bit, luck that stays where it was, agents that do not repeat themselves, blame and credit."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from journeyman.errors import ReplayDiffers
from journeyman.foresee.agents.agent import Brief, Turn
from journeyman.foresee.attribution.blame import Arms, blame, flips, gained, key_of, most_arms
from journeyman.foresee.attribution.credit import code_of, credit
from journeyman.foresee.attribution.planted import PLANTED, planted_stage
from journeyman.foresee.attribution.proportion import share_of
from journeyman.foresee.attribution.record import Arm, Failure
from journeyman.foresee.attribution.replay import (
    Resampled,
    Staged,
    arm,
    divergence,
    play_again,
    repairs_of,
    replay,
)
from journeyman.foresee.cell import Cell
from journeyman.foresee.draws import Draws, Key
from journeyman.foresee.evaluation.opened import open_scene
from journeyman.foresee.protocol.decision import Decision, Episode
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.protocol.repair import STAGES, Repairable

FAULTY = Cell("scripted:perception=0.2,trust=1,drop=0.3,query=0.2,misread=0.25,ignore=0.2", "exact+transition=0.25")
"""A little of everything goes wrong."""


def staged(cell: Cell, instances: int, world: str = "lake-6") -> list[Staged]:
    """Episodes of a cell."""
    scene, make = open_scene(world, cell)
    return [
        Staged(play(scene, instance, make(), Draws(3)), instance, scene, make)
        for instance in scene.world.instances(instances)
    ]


@dataclasses.dataclass(frozen=True)
class Noted(Draws):
    """Draws that note what was drawn: (stage, key) -> bits."""

    noted: dict[tuple[str, tuple[Key, ...]], int] = dataclasses.field(default_factory=dict, compare=False)

    def _bits(self, stage: str, key: tuple[Key, ...]) -> int:
        bits = super()._bits(stage, key)
        self.noted[(stage, key)] = bits
        return bits


@pytest.fixture(scope="module")
def faulty() -> list[Staged]:
    return staged(FAULTY, 8)


# --- the log to the last bit ------------------------------------------------------------------------------------------


def test_a_replay_without_repairs_is_the_log(faulty: list[Staged]) -> None:
    for of in faulty:
        again = replay(of)
        assert again.diverged is None
        assert msgspec.msgpack.encode(again.episode) == msgspec.msgpack.encode(of.episode)


def test_a_replay_is_the_log_until_a_repair_takes_effect(faulty: list[Staged]) -> None:
    seen: Counter[str] = Counter()
    for of, stages in itertools.product(faulty[:4], [*((stage,) for stage in STAGES), STAGES]):
        found = replay(of, stages)
        first = divergence(of.episode, found.episode)
        assert first == found.diverged
        if found.diverged is None:
            continue
        seen[key_of(stages)] += 1
        calls = sum(d.context == "W" for d in of.episode.decisions[: found.diverged])
        assert (found.interventions[0].calls, found.interventions[0].real) <= (
            calls, found.episode.decisions[min(found.diverged, len(found.episode.decisions) - 1)].real,
        )  # fmt: skip
    assert len(seen) == 6


def test_another_agent_is_no_replay(faulty: list[Staged]) -> None:
    _, make = open_scene("lake-6", Cell("scripted:perception=0.4"))
    others = [dataclasses.replace(of, make=make) for of in faulty]
    with pytest.raises(ReplayDiffers, match=r"is not the logged one: in decision \d+, '\w+' is .* --replays 8"):
        list(map(replay, others))


def test_an_episode_that_ends_elsewhere_is_no_replay(faulty: list[Staged]) -> None:
    of = faulty[0]
    shorter = msgspec.structs.replace(of.episode, decisions=of.episode.decisions[:-1])
    with pytest.raises(ReplayDiffers, match=r"it has \d+ decisions, the log \d+"):
        replay(dataclasses.replace(of, episode=shorter))
    other = msgspec.structs.replace(of.episode, success=not of.episode.success)
    assert divergence(other, of.episode) == len(of.episode.decisions)


# --- luck -------------------------------------------------------------------------------------------------------------


def questions(episode: Episode) -> Iterator[tuple[tuple[object, ...], Decision, Decision | None]]:
    """Each call by its state, actions and how often it was made before; with the next decision."""
    times: Counter[tuple[str, tuple[int, ...]]] = Counter()
    for decision, after in itertools.zip_longest(episode.decisions, episode.decisions[1:]):
        if decision.context == "W":
            question = (decision.state, decision.actions)
            yield (*question, times[question]), decision, after
            times[question] += 1


@pytest.mark.parametrize("stage", STAGES)
def test_repairing_one_stage_leaves_the_luck_of_the_others(faulty: list[Staged], stage: Repairable) -> None:
    common = changed = 0
    for of in faulty:
        before, after = Noted(3), Noted(3)
        play_again(of, None, before, None)
        repaired = play_again(of, repairs_of(of, [stage]), after, None)
        # The same event has the same key, however many calls there were before it, so the same luck.
        shared = before.noted.keys() & after.noted.keys()
        assert all(before.noted[key] == after.noted[key] for key in shared)
        ours = {key: (call, next_) for key, call, next_ in questions(of.episode)}
        for key, call, next_ in questions(repaired):
            if key not in ours:
                changed += 1
                continue
            common += 1
            was, was_next = ours[key]
            if stage != "simulator":
                assert (call.predicted, call.realised) == (was.predicted, was.realised)
            if stage not in ("simulator", "reading") and next_ is not None and was_next is not None:
                assert next_.reading == was_next.reading
    assert common > 10
    assert changed or stage in ("reading",)


def test_luck_is_drawn_under_the_stage_it_belongs_to(faulty: list[Staged]) -> None:
    noted = Noted(3)
    play_again(faulty[0], None, noted, None)
    assert {stage for stage, _ in noted.noted} >= {"perception", "gate", "query", "simulator", "reading", "action"}
    plain = Draws(3)
    assert noted.uniform("world", "a", 1) == plain.uniform("world", "a", 1)


def test_resampling_changes_the_agents_own_choices_alone() -> None:
    key: tuple[Key, ...] = ("lake-6/test/0", 4)
    plain, first, second = Draws(5), Resampled(5, 0), Resampled(5, 1)
    assert plain.uniform("simulator", *key) == first.uniform("simulator", *key) == second.uniform("simulator", *key)
    assert len({draws.uniform("policy", *key) for draws in (plain, first, second)}) == 3
    assert Resampled(5, 1).uniform("policy", *key) == second.uniform("policy", *key)


# --- agents that do not repeat themselves -----------------------------------------------------------------------------


class Moody:
    """Walks by a coin of its own that nobody can key."""

    def __init__(self, coin: random.Random) -> None:
        self._coin = coin

    def begin(self, brief: Brief) -> None:
        """Nothing to prepare."""

    def reply(self, turn: Turn) -> str:
        """Any action."""
        return f"<act>{self._coin.randrange(4)}</act>"


def test_an_agent_that_does_not_repeat_itself_is_found_out_and_replayed_several_times() -> None:
    coin = random.Random(1)
    scene, _ = open_scene("lake-6", Cell("scripted"))
    instance = scene.world.instances(1)[0]

    def make() -> Moody:
        return Moody(coin)

    of = Staged(play(scene, instance, make(), Draws(0)), instance, scene, make)
    with pytest.raises(ReplayDiffers, match="--replays 8"):
        list(map(replay, [of] * 5))
    several = arm(of, (), 8)
    assert several.success.n == 8
    assert several.diverged is None
    found = blame(lambda stages: arm(of, stages, 8), cell="moody", instance=instance.id, seed=0, sufficiency=False)
    assert all(one.success.n == 8 for one in found.arms)
    assert all(d.low <= d.value <= d.high for d in found.necessary.values())


def test_several_replays_flip_where_the_interval_says_so() -> None:
    few, none, all_ = Arm((), share_of(2, 8)), Arm((), share_of(0, 8)), Arm(("gate",), share_of(8, 8))
    assert flips(all_, few)
    assert not flips(few, none)  # 2 of 8 against 0 of 8 may be chance
    assert gained(few, none).low < 0 < gained(few, none).high
    one, zero = Arm(("gate",), share_of(1, 1)), Arm((), share_of(0, 1))
    assert flips(one, zero)
    assert (gained(one, zero).low, gained(one, zero).value) == (1.0, 1.0)


# --- blame ------------------------------------------------------------------------------------------------------------


def made_up(*minimal: set[str]) -> Arms:
    """Arms of an episode that succeeds where one of these sets is repaired."""

    def arms(stages: frozenset[Repairable]) -> Arm:
        return Arm(tuple(s for s in STAGES if s in stages), share_of(int(any(one <= stages for one in minimal)), 1))

    return arms


def blamed(*minimal: set[str], all_subsets: bool = False) -> Failure:
    return blame(made_up(*minimal), cell="c", instance="i", seed=0, all_subsets=all_subsets)


def test_blame_of_episodes_whose_causes_are_known() -> None:
    one = blamed({"reading"})
    assert (one.singles, one.pairs, one.whole, one.first) == (("reading",), (), True, "reading")
    assert {s: d.value for s, d in one.necessary.items()} == {s: float(s == "reading") for s in STAGES}
    assert {s: d.value for s, d in one.sufficient.items()} == {s: float(s == "reading") for s in STAGES}
    assert len(one.arms) == 12
    # Either repair is enough, so neither fault is sufficient; both repairs are needed, so no single one flips.
    either = blamed({"gate"}, {"action"})
    assert either.singles == ("gate", "action")
    assert not any(d.value for d in either.sufficient.values())
    both = blamed({"gate", "action"}, all_subsets=True)
    assert (both.singles, both.pairs) == ((), (("gate", "action"),))
    assert both.blame == {"gate": 0.5, "query": 0.0, "simulator": 0.0, "reading": 0.0, "action": 0.5}
    assert len(both.arms) == 32
    hopeless = blamed()
    assert (hopeless.singles, hopeless.pairs, hopeless.whole) == ((), (), False)
    assert len(hopeless.arms) == most_arms() == 22
    assert most_arms(all_subsets=True) == 32
    assert most_arms(sufficiency=False, pairs=False) == 7


# --- credit -----------------------------------------------------------------------------------------------------------


def test_calls_that_a_success_needs_are_found_and_named() -> None:
    needed = spared = 0
    for of in staged(Cell("scripted:perception=0.15,trust=1"), 14):
        assert of.episode.success
        found = credit(of)
        assert found.calls == of.episode.calls > 0
        if not found.made_by_calls:
            spared += 1
            assert found.removed == ()
            continue
        needed += 1
        asked = {(d.state, d.actions) for d in of.episode.decisions if d.context == "W"}
        assert len(found.removed) == len(asked)
        decisive = [one for one in found.removed if one.decisive]
        # What saved it was a call that showed a fall, or the one that showed the way past it.
        assert {one.code for one in decisive} <= {"S1", "S2", "S3"}
        for one in decisive:
            call = of.episode.decisions[one.decision]
            shows_fall = call.predicted["terminal"] and not call.predicted["success"]
            assert (one.code == "S2") == bool(shows_fall)
            assert code_of(of.episode, call, of.scene.world) == one.code
    assert needed > 0
    assert spared > 0


# --- planted faults ---------------------------------------------------------------------------------------------------


def test_the_stage_of_a_planted_fault_is_told_by_its_settings() -> None:
    assert {stage: planted_stage(cell) for stage, cell in PLANTED.items()} == {stage: stage for stage in PLANTED}
    assert planted_stage(FAULTY) is None
    assert planted_stage(Cell("scripted:0.3")) is None
    assert planted_stage(Cell("scripted:drop=0")) is None
    assert planted_stage(Cell("openai/some-model:drop=0.5")) is None
    assert planted_stage(Cell("scripted", "table+observation=0.1")) == "simulator"
    assert planted_stage(Cell("scripted:misread=0.1", "exact+overclaim")) == "reading"
    assert planted_stage(Cell("scripted:misread=0.1,mixing=0.2")) == "reading"
