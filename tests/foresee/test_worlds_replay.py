"""Gymnasium's own environments as worlds, and a user's."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.errors import UsageError
from journeyman.foresee.worlds.known_gym import Ended
from journeyman.foresee.worlds.registry import open_world
from journeyman.foresee.worlds.replay import ReplaySnapshot
from journeyman.foresee.worlds.world import Planned, World

NAMES = ["gym:CliffWalking-v1", "gym:FrozenLake-v1", "gym:FrozenLake-v1,is_slippery=false,cap=12", "gym:CartPole-v1,cap=30",
         "gym:Taxi-v4", "gym:MountainCar-v0", "gym:Blackjack-v1"]  # fmt: skip


class Line(gymnasium.Env[Any, Any]):
    """A walk on a line to +1 or -1; with `loose`, a random number that no seed fixes is added."""

    observation_space = spaces.Box(-np.inf, np.inf, (1,), np.float64)
    action_space: Any = spaces.Box(-1, 1, (1,), np.float64)

    def __init__(self, loose: float = 0.0, after: int = 0) -> None:
        self.loose, self.after = loose, after

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.at, self.steps = float(self.np_random.uniform(-0.1, 0.1)), 0
        return np.array([self.at]), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        self.at += 0.3 * float(action[0])
        if self.steps > self.after:
            self.at += self.loose * random.random()
        over = abs(self.at) >= 1
        return np.array([self.at]), 0.0, over, False, {"is_success": self.at >= 1}


MENU = {"left": [-1.0], "stay": [0.0], "right": [1.0]}


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 499), st.lists(st.integers(0, 7), max_size=12), st.lists(st.integers(0, 7), max_size=6))
def test_restoring_is_the_identity(name: str, number: int, actions: list[int], more: list[int]) -> None:
    world: Any = _opened(name)
    count = len(world.about.actions)
    world.reset(options={"instance": f"{name}/test/{number}"})
    for action in actions:
        world.step(action % count)
    state, digest, text = world.snapshot(), world.digest(), world.observe().text
    after = [world.step(action % count)[:4] for action in more]
    clone = world.clone()
    for other in (world, clone):
        other.restore(state)
        assert (other.snapshot(), other.digest(), other.observe().text) == (state, digest, text)
    again = [clone.step(action % count)[:4] for action in more]
    assert all(_equal(a, b) for a, b in zip(after, again, strict=True))
    assert world.snapshot() == state  # though the clone went on


def _opened(name: str, kept: dict[str, World] = {}) -> World:  # noqa: B006 (made once)
    return kept.setdefault(name, kept.get(name) or open_world(name))


def _equal(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_members_words_and_marks() -> None:
    world: Any = _opened("gym:CliffWalking-v1")
    assert isinstance(world, World)
    assert not isinstance(world, Planned)
    assert world.about.actions == ("Up", "Right", "Down", "Left")
    world.reset(options={"instance": "gym:CliffWalking-v1/test/0"})
    assert world.observe().symbols.splitlines()[-1].startswith("x")
    for action in (0, *[1] * 11, 2):
        assert not world.digest()["terminal"]
        world.step(action)
    assert world.digest() == {"observation": 47, "reward": -13.0, "terminal": True, "success": True}
    assert "success" in world.observe().text
    ended = world.snapshot()
    assert world.step(0)[1:4] == (0.0, True, False)
    assert world.snapshot() == ended
    frozen: Any = _opened("gym:FrozenLake-v1,is_slippery=false,cap=12")
    frozen.reset(options={"instance": "gym:FrozenLake-v1,is_slippery=false,cap=12/test/0"})
    frozen.step(2)
    assert "S[F]FF" in frozen.observe().symbols


def test_a_cap_ends_an_episode_and_may_be_the_aim() -> None:
    world: Any = ReplaySnapshot(gymnasium.make("CartPole-v1"), cap=6)
    assert world.instances(1)[0].cap == 6
    for actions, held in (((0, 1, 0, 1, 0, 1), True), ((0, 1, 0), False)):
        world.reset(seed=0)
        for action in actions:
            world.step(action)
        assert world.digest()["terminal"] is held
        assert world.digest()["success"] is held
    fallen: Any = ReplaySnapshot(gymnasium.make("CartPole-v1"), cap=60)
    fallen.reset(seed=0)
    for _ in range(20):
        fallen.step(0)
    assert (fallen.digest()["terminal"], fallen.digest()["success"]) == (True, False)


def test_a_menu_makes_any_action_space_countable() -> None:
    world = ReplaySnapshot(Line(), MENU, cap=9)
    world.reset(seed=1)
    assert world.action_space.n == 3
    for _ in range(4):
        world.step(2)
    assert world.digest()["success"]
    assert world.about.name == "gym:Line"
    own = ReplaySnapshot(Line(), MENU, cap=9, success=lambda ended: ended.terminated and not ended.info["is_success"])
    own.reset(seed=1)
    for _ in range(4):
        own.step(0)
    assert own.digest()["success"]
    with pytest.raises(UsageError, match="give a menu"):
        ReplaySnapshot(Line())
    with pytest.raises(UsageError, match="has 2 actions, not the 1"):
        ReplaySnapshot(gymnasium.make("CartPole-v1"), ["push"])
    with pytest.raises(UsageError, match="0 to 2 are left, stay, right"):
        world.step(3)


def test_the_rule_of_success_sees_all_there_is() -> None:
    told: list[Ended] = []
    world = ReplaySnapshot(gymnasium.make("CliffWalking-v1"), cap=2, success=lambda ended: bool(told.append(ended)) or True)
    world.reset(seed=0)
    world.step(0)
    assert not world.digest()["success"]
    assert not told
    world.step(0)
    assert world.digest()["success"]
    assert (told[0].reward, told[0].total, told[0].terminated, told[0].truncated) == (-1.0, -2.0, False, True)


def test_an_environment_that_does_not_repeat_itself_is_found_out_at_once() -> None:
    with pytest.raises(UsageError, match=r"gym:Line is not deterministic: with seed 0, observation 1 was once .* and once"):
        ReplaySnapshot(Line(loose=0.01), MENU)


def test_and_later_where_it_began_to_do_so_later() -> None:
    world = ReplaySnapshot(Line(loose=0.001, after=40), {"left": [-0.01], "right": [0.01]})
    world.reset(seed=1)
    for step in range(45):
        world.step(step % 2)
    state = world.snapshot()
    world.reset(seed=2)
    with pytest.raises(UsageError, match="is not deterministic: seed 1 and the same 45 actions"):
        world.restore(state)


def test_going_on_costs_no_replay() -> None:
    class Counted(Line):
        total = 0

        def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
            Counted.total += 1
            return super().step(action)

    world = ReplaySnapshot(Counted(), MENU, check=False)
    world.reset(seed=1)
    states = [world.snapshot()]
    for action in (1, 1, 2, 1):
        world.step(action)
        states.append(world.snapshot())
    Counted.total = 0
    world.restore(states[-1])
    assert Counted.total == 0
    world.restore(states[2])
    world.restore(states[3])
    assert Counted.total == 3


@pytest.mark.parametrize("state", [b"", b"{}", b'["gym:Line","",1,[0]]', b"lake 0 0 i S__G", None])
def test_what_is_no_state_is_refused(state: Any) -> None:
    with pytest.raises(UsageError, match="is no state of gym:Line"):
        ReplaySnapshot(Line(), MENU).restore(state)


def test_a_state_of_another_environment_is_refused() -> None:
    with pytest.raises(UsageError, match="a state of gym:Other cannot be one of gym:Line"):
        ReplaySnapshot(Line(), MENU).restore(ReplaySnapshot(Line(), MENU, name="gym:Other").snapshot())


@pytest.mark.parametrize(("name", "match"), [
    ("gym", "names no environment; write gym:ENV_ID"), ("gym:Nowhere-v0", "has no environment 'Nowhere-v0'"),
    ("gym:Pendulum-v1", "give a menu"), ("gym:CartPole-v1,cap=0", "cap is '0'"),
    ("gym:CartPole-v1,wind=3", "could not be made"),
    ("nowhere.py:World", "there is no file nowhere.py"), ("nowhere.py", "names no class"),
])  # fmt: skip
def test_a_wrong_name_gets_a_sentence(name: str, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        open_world(name)


OWN = """
from journeyman.foresee.worlds.world import About, Instance, Observation

class World:
    def __init__(self, goal=3):
        self.at, self.goal = 0, goal
    @property
    def about(self):
        return About("line", "You walk.", "Reach the end.", {}, ("Back", "On"))
    def instances(self, n=None, split="test"):
        return [Instance("line/test/0", 9)][:n]
    def snapshot(self):
        return str(self.at).encode()
    def restore(self, snapshot):
        self.at = int(snapshot)
    def digest(self):
        return {"at": self.at, "terminal": self.at == self.goal, "success": self.at == self.goal}
    def observe(self, format="symbols"):
        return Observation(f"You are at {self.at}.")
    def reset(self, *, seed=None, options=None):
        self.at = 0
        return 0, {}
    def step(self, action):
        self.at += 1 if action else -1
        return self.at, 0.0, self.at == self.goal, False, {}
"""


def test_a_users_world_is_opened_with_its_settings(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(OWN)
    world = open_world(f"{file}:World,goal=2")
    assert isinstance(world, World)
    world.step(1)
    world.step(1)
    assert world.digest()["success"]


@pytest.mark.parametrize(("old", "new", "match"), [
    ("def digest", "def digits", "has no 'digest'; digest\\(\\) gives what is the case"),
    ("def snapshot(self):", "snapshot = 3\n    def other(self):", "'snapshot' of .* is no method"),
    ("return str(self.at).encode()", "return self.at", "'snapshot' of .* gives 0; snapshot\\(\\) gives the state as bytes"),
    ('"terminal": self.at == self.goal, ', "", "'digest' of .* gives .*'terminal' and 'success'"),
    ('About("line", "You walk.", "Reach the end.", {}, ("Back", "On"))', '"line"', "'about' of .* gives 'line'"),
    ('Observation(f"You are at {self.at}.")', '"here"', "'observe' of .* gives 'here'"),
    ("self.at = int(snapshot)", "self.at = int(snapshot) + 1", "does not bring the state back"),
    ("self.at, self.goal = 0, goal", "1 / 0", "could not be made: ZeroDivisionError"),
    ("        self.at = 0\n", "        {}[0]\n", "fails before the first step: KeyError"),
    ('[Instance("line/test/0", 9)][:n]', "[]", "'instances' of .* gives \\[\\]"),
    ("class World", "class Earth", "has no class 'World'"),
    ("import About", "import Abut", "cannot be loaded: ImportError"),
])  # fmt: skip
def test_a_users_world_that_lacks_something_is_told_what(old: str, new: str, match: str, tmp_path: Path) -> None:
    assert old in OWN
    file = tmp_path / "mine.py"
    file.write_text(OWN.replace(old, new))
    with pytest.raises(UsageError, match=match):
        open_world(f"{file}:World")


class Camera(gymnasium.Env[Any, Any]):
    """Shows a picture as its observation; only its third action does what it is told."""

    observation_space = spaces.Box(0, 255, (40, 40, 3), np.uint8)
    action_space = spaces.Discrete(7)

    def __init__(self, moody: bool = False) -> None:
        self.moody = moody

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.at = 0
        return self._seen(), {}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.at += int(np.random.default_rng().integers(200)) if self.moody and action == 2 else action
        return self._seen(), 1.0, self.at > 100, False, {}

    def _seen(self) -> Any:
        return np.full((40, 40, 3), self.at % 256, np.uint8)


def test_a_large_observation_is_summed_up_where_it_is_written_out() -> None:
    world = ReplaySnapshot(Camera(), cap=10)
    first = world.digest()
    assert first["observation"].startswith("4800 values, ")
    assert len(world.observe().text) < 100
    state = world.snapshot()
    world.step(1)
    assert world.digest() != first
    world.restore(state)
    assert world.digest() == first


def test_chance_behind_any_one_action_is_noticed_at_once() -> None:
    with pytest.raises(UsageError, match="is not deterministic"):
        ReplaySnapshot(Camera(moody=True))


def test_an_episode_that_the_clock_ends_is_not_lost() -> None:
    from journeyman.foresee.draws import Draws
    from journeyman.foresee.protocol.episode import play
    from journeyman.foresee.protocol.scene import Scene
    from journeyman.foresee.world_models.exact import Exact

    class Up:
        def begin(self, brief: Any) -> None:
            """Nothing to prepare."""

        def reply(self, turn: Any) -> str:
            return "<act>Up</act>"

    world = open_world("gym:CliffWalking-v1,cap=6")
    episode = play(Scene(world, Exact(world), "normal"), world.instances(1)[0], Up(), Draws(0))
    assert (episode.reason, episode.real, episode.success) == ("real cap", 6, False)
