"""What holds in every episode: calls change nothing, caps hold, luck repeats itself (spec k.3.1 and k.3.6)."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocol_doubles import Corridor, Rules, scene

from journeyman.foresee.agents.agent import Brief, Turn
from journeyman.foresee.cell import Cell
from journeyman.foresee.draws import Draws
from journeyman.foresee.evaluation.opened import open_scene
from journeyman.foresee.governors.governor import ALLOW, Point, Ruling
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.world_models.exact import Exact
from journeyman.foresee.worlds.registry import open_world
from journeyman.foresee.worlds.world import World, state_hash

REPLIES = (
    "<simulate>Left</simulate>", "<simulate>Right, Right</simulate>", "<simulate>Left | Right | Left, Left</simulate>",
    '<simulate from="0">Right</simulate>', '<simulate from="3">Left</simulate>', "<act>Left</act>", "<act>Right</act>",
    "<act>Right, Left</act>", "<act>Left, Right, Right</act>", "nonsense", "<answer>B</answer>",
)  # fmt: skip
RULINGS = (ALLOW, ALLOW, Ruling("veto"), Ruling("simulate", (0,)), Ruling("simulate", (1, 1), others=((0,),)))


class Scribbles:
    """Replies at random, from words of its own."""

    def __init__(self, seed: int, replies: tuple[str, ...] = REPLIES) -> None:
        self._random, self._replies = random.Random(seed), replies

    def begin(self, brief: Brief) -> None:
        pass

    def reply(self, turn: Turn) -> str:
        assert turn.new
        assert turn.real_left > 0
        assert 0 <= turn.calls_left_now <= min(5, turn.calls_left)
        return self._random.choice(self._replies)


@settings(max_examples=150)
@given(
    seed=st.integers(0, 10**6), cap=st.integers(1, 9), mode=st.sampled_from(["invisible", "normal", "force"]),
    memory=st.sampled_from(["restart", "continue", "branches"]), governed=st.booleans(),
)  # fmt: skip
def test_whatever_is_replied_caps_hold_and_the_record_is_whole(
    seed: int, cap: int, mode: str, memory: str, governed: bool
) -> None:
    coin = random.Random(seed + 1)
    governor = Rules(lambda point: coin.choice(RULINGS)) if governed else None
    world = Corridor(cap)
    setting = scene(world, mode=mode, memory=memory, governor=governor)
    replies = REPLIES if seed % 3 else tuple(reply for reply in REPLIES if "answer" not in reply)
    episode = play(setting, world.instances(1)[0], Scribbles(seed, replies), Draws(seed))
    decisions = episode.decisions
    assert episode.real <= cap
    assert episode.calls <= 3 * cap
    assert sum(d.context == "W" for d in decisions) == episode.calls
    in_order = [d.index for d in decisions]
    assert in_order == list(range(len(decisions)))
    assert [d.call for d in decisions if d.context == "W"] == list(range(episode.calls))
    carried_out = sum(len(d.actions) for d in decisions if d.context == "E")
    unread = [d for d in decisions if d.context == "P"]
    assert world.steps == carried_out, "the world was stepped by acts and by nothing else"
    assert carried_out <= episode.real <= carried_out + len(unread) // 2
    replies_given = sum(d.batch is None or d.batch == d.index for d in decisions)
    assert replies_given <= 4 * cap
    since, fresh = 0, False
    for before, d in zip((None, *decisions), decisions, strict=False):
        assert before is None or before.after == d.state
        if d.context != "E":
            assert d.state == d.after
        if d.context == "W":
            since, fresh = since + 1, True
            assert since <= 5
            assert mode != "invisible"
        elif d.context == "E":
            assert fresh or mode != "force" or sum(w.context == "W" for w in decisions[: d.index]) == 3 * cap
            since, fresh = 0, False
    assert episode.success == (world.at == 6)
    assert episode.reason in ("success", "lost", "answered", "real cap", "turn cap", "unreadable")
    if governor is not None and mode != "invisible":
        assert governor.begun == len(governor.ends) == 1
    packed, written = msgspec.msgpack.encode(episode), msgspec.json.encode(episode)
    assert msgspec.msgpack.decode(packed, type=Episode) == msgspec.json.decode(written, type=Episode)


class Wanders:
    """Simulates at random as often as it may, then does what a clone of its own says does not end the episode."""

    def __init__(self, seed: int, clone: World, live: World) -> None:
        self._random, self._clone, self._live = random.Random(seed), clone, live
        self.calls = 0

    def begin(self, brief: Brief) -> None:
        self._names = brief.about.actions

    def reply(self, turn: Turn) -> str:
        if turn.calls_left_now:
            self.calls += 1
            actions = self._random.choices(self._names, k=self._random.choice((1, 1, 2, 3)))
            return f"<simulate>{', '.join(actions)}</simulate>"
        return f"<act>{self._safe()}</act>"

    def _safe(self) -> str:
        here = self._live.snapshot()
        for number in self._random.sample(range(len(self._names)), len(self._names)):
            self._clone.restore(here)
            self._clone.step(number)
            if not self._clone.digest()["terminal"]:
                return self._names[number]
        return self._names[0]


def test_ten_thousand_random_calls_leave_the_real_state_alone() -> None:
    """Spec k.3.1, over the built-in worlds: beside the runner's own check, the record's states and the world's steps."""
    calls = 0
    for name in ("lake-4", "lake-6:slip=0.1", "lake-8", "push-6", "push-7", "push-8"):
        world, clone = open_world(name), open_world(name)
        exact = Exact(world)
        setting = Scene(world, exact, exact=exact, exact_format="text")
        steps = _counted(world)  # of the live world alone: the model has its own
        wanted = calls + 1700
        for number, instance in enumerate(world.instances(200)):
            if calls >= wanted:
                break
            steps.clear()
            agent = Wanders(number, clone, world)
            episode = play(setting, instance, agent, Draws(0))
            calls += agent.calls
            assert steps == [action for d in episode.decisions if d.context == "E" for action in d.actions]
            assert all(d.state == d.after for d in episode.decisions if d.context == "W")
            assert state_hash(world.snapshot()) == episode.decisions[-1].after
    assert calls >= 10_000


def _counted(world: World) -> list[int]:
    """The actions that this world is stepped by, from now on."""
    steps: list[int] = []
    step = world.step

    def counted(action: int) -> tuple[object, object, bool, bool, dict[str, object]]:
        steps.append(action)
        return step(action)

    world.step = counted  # type: ignore[method-assign]
    return steps


@pytest.mark.parametrize(
    "cell",
    [
        Cell("scripted:perception=0.15", mode="normal"),
        Cell("scripted:perception=0.15,trust=0.99,misread=0.2,ignore=0.2", "exact+transition=0.3", "normal", "random:0.4"),
        Cell("scripted:perception=0.15", "exact+transition=0.3+observation=0.2", "force", memory="continue"),
        Cell("scripted:perception=0.1", "exact", "normal", "confidence:0.1", "branches"),
    ],
    ids=lambda cell: cell.key,
)
@pytest.mark.parametrize("world", ["lake-6:slip=0.1", "push-6"])
def test_played_again_an_episode_is_the_same_to_the_last_bit(cell: Cell, world: str) -> None:
    """Spec k.3.6, whatever was played before it, by another scene and with other objects."""

    def bits(order: list[int]) -> dict[int, bytes]:
        setting, make = open_scene(world, cell)
        found = setting.world.instances(3)
        return {n: msgspec.msgpack.encode(play(setting, found[n], make(), Draws(11)), order="deterministic") for n in order}

    once, again = bits([0, 1, 2]), bits([2, 0])
    assert all(again[n] == once[n] for n in again)
    setting, make = open_scene(world, cell)
    other = play(setting, setting.world.instances(1)[0], make(), Draws(12))
    assert msgspec.msgpack.encode(other, order="deterministic") != once[0]


def test_with_an_exact_model_and_no_slip_every_prediction_comes_true() -> None:
    """Spec k.3.2, for the part that is the runner's: what is recorded as predicted, true and done agree."""
    for name in ("lake-6", "push-6"):
        setting, make = open_scene(name, Cell("scripted:perception=0.15", mode="force"))
        checked = 0
        for instance in setting.world.instances(8):
            episode = play(setting, instance, make(), Draws(0))
            assert all(d.predicted == d.true for d in episode.decisions if d.context == "W")
            checked += sum(d.disagreed is not None for d in episode.decisions)
            assert not any(d.disagreed for d in episode.decisions)
        assert checked > 10


def test_a_governor_hears_of_an_episode_once() -> None:
    governor = Rules(lambda point: ALLOW)
    setting = scene(governor=governor)
    for instance in setting.world.instances(5):
        play(setting, instance, Scribbles(1), Draws(0))
    assert governor.begun == len(governor.ends) == 5
    assert all(isinstance(point, Point) for point in governor.points)
