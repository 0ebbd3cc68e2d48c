"""What holds of every built-in world: saving, cloning, labels, what Gymnasium asks for."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import gymnasium
import msgspec
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.errors import UsageError
from journeyman.foresee.worlds.registry import names, open_world
from journeyman.foresee.worlds.world import Chancy, Labelled, Planned, World

NAMES = ["lake-4", "lake-6", "lake-6:slip=0.1", "lake-8", "push-6", "push-7", "push-8"]
walks = st.tuples(st.sampled_from(NAMES), st.sampled_from(["test", "train"]), st.integers(0, 499),
                  st.lists(st.integers(0, 3), max_size=15))  # fmt: skip


@cache
def world(name: str) -> Any:
    return open_world(name)


def walked(name: str, split: str, number: int, actions: list[int]) -> Any:
    made = world(name)
    made.reset(options={"instance": f"{name.split(':')[0]}/{split}/{number}"})
    for action in actions:
        made.step(action)
    return made


def seen(made: Any) -> Any:
    return made.snapshot(), made.digest(), made.observe()


@settings(max_examples=80, deadline=None)
@given(walks)
def test_restoring_is_the_identity(walk: tuple[str, str, int, list[int]]) -> None:
    """In the world itself after it went on, and in another one that never saw the instance."""
    made = walked(*walk)
    before = seen(made)
    for action in range(4):
        made.step(action)
    made.restore(before[0])
    assert seen(made) == before
    other = open_world(walk[0])
    other.restore(before[0])
    assert seen(other) == before


@settings(max_examples=40, deadline=None)
@given(walks)
def test_stepping_a_clone_leaves_the_world_as_it_was(walk: tuple[str, str, int, list[int]]) -> None:
    made = walked(*walk)
    before = seen(made)
    grid = made.step(0)[0].copy()
    made.restore(before[0])
    clone = copy.deepcopy(made)
    for action in range(4):
        array = clone.step(action)[0]
        array[:] = 0  # what is given away is the caller's
    assert seen(made) == before
    assert np.array_equal(made.step(0)[0], grid)


@settings(max_examples=80, deadline=None)
@given(walks)
def test_labels_possibilities_and_imagination_agree(walk: tuple[str, str, int, list[int]]) -> None:
    made = walked(*walk)
    snapshot = made.snapshot()
    for action in range(4):
        label, possible = made.label(snapshot, action), made.possible(snapshot, action)
        assert label in possible
        assert set(possible) <= set(made.outcomes)
        imagined = {name: made.imagine(snapshot, action, name) for name in possible}
        assert len(set(imagined.values())) == len(possible)
        made.restore(snapshot)
        if not getattr(made, "slip", 0):
            made.step(action)
            assert imagined[label] == made.snapshot()
        for name in possible:
            made.restore(imagined[name])  # each is a state in its own right
            assert set(made.digest()) == set(walked(*walk).digest())
        for name in set(made.outcomes) - set(possible):
            with pytest.raises(UsageError, match="cannot happen"):
                made.imagine(snapshot, action, name)


@pytest.mark.parametrize("name", NAMES)
def test_the_label_is_a_function_of_the_context(name: str) -> None:
    made, known = world(name), {}
    lengths = set()
    for instance in made.instances(40):
        made.reset(options={"instance": instance.id})
        for step in range(20):
            state = made.snapshot()
            for action in range(4):
                context = made.context(state, action)
                lengths.add(len(context))
                assert known.setdefault(context, made.label(state, action)) == made.label(state, action)
            made.step(step * 5 % 4 if step % 3 else step // 3 % 4)
    assert len(lengths) == 1
    assert len(set(known.values())) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_following_the_best_actions_succeeds_in_the_optimum(name: str) -> None:
    made = world(name)
    for instance in made.instances(25):
        made.reset(options={"instance": instance.id})
        if getattr(made, "slip", 0):
            assert made.best_actions(made.snapshot())
            continue
        for left in range(instance.optimal, 0, -1):
            assert made.distance(made.snapshot()) == left
            assert not made.digest()["terminal"]
            made.step(made.best_actions(made.snapshot())[-1])
        assert made.digest()["success"]
        assert made.distance(made.snapshot()) == 0
        assert made.best_actions(made.snapshot()) == ()
        ended = seen(made)
        assert made.step(0)[1:3] == (0.0, True)  # nothing moves after the end
        assert seen(made) == ended


@pytest.mark.parametrize("name", NAMES)
def test_members_are_those_of_the_protocols(name: str) -> None:
    made = world(name)
    assert isinstance(made, World)
    assert isinstance(made, Planned)
    assert isinstance(made, Labelled)
    assert isinstance(made, Chancy) == name.startswith("lake")
    assert made.about.name == name
    made.reset(options={"instance": made.instances(1)[0].id})
    digest = made.digest()
    assert msgspec.json.decode(msgspec.json.encode(digest)) == digest
    assert {"terminal", "success", "at"} <= set(digest)
    assert set(made.observe().symbols) - {"\n"} <= set(made.about.legend)


@pytest.mark.parametrize("name", names())
def test_splits_are_what_they_say(name: str) -> None:
    made = world(name)
    assert [i.id for i in made.instances(3)] == [f"{name}/test/{n}" for n in range(3)]
    assert len(made.instances(split="train")) == 500
    with pytest.raises(UsageError, match="500 test instances, not 501"):
        made.instances(501)
    with pytest.raises(UsageError, match="no split 'dev'"):
        made.instances(1, "dev")


@pytest.mark.parametrize("wrong", ["", "lake-6", "lake-6/test/500", "lake-6/test/-1", "lake-6/test/07", "lake-4/test/0",
                                   "lake-6/dev/0", "lake-6/test/1/2", None, 3])  # fmt: skip
def test_what_is_no_id_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError, match="is no instance of lake-6"):
        world("lake-6").reset(options={"instance": wrong})


@pytest.mark.parametrize("name", ["lake-6", "push-6"])
@pytest.mark.parametrize("action", [4, -1, "Left", None, 1.5])
def test_what_is_no_action_is_refused(name: str, action: Any) -> None:
    made = world(name)
    for call in (made.step, lambda a: made.label(made.snapshot(), a), lambda a: made.imagine(made.snapshot(), a, "move")):
        with pytest.raises(UsageError, match="is no action of"):
            call(action)


@pytest.fixture
def registered() -> Iterator[None]:
    """As Gymnasium does it with our entry point, and undone after."""
    from gymnasium.envs.registration import namespace, registry

    from journeyman.foresee.worlds.register import register

    before = dict(registry)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that they are there already, where the package is installed
        with namespace("journeyman"):
            register()
    yield
    registry.clear()
    registry.update(before)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("name", ["Lake-4", "Lake-6", "Push-6", "Push-8"])
@pytest.mark.parametrize("mode", ["rgb_array", "ansi"])
def test_gymnasiums_own_check_finds_nothing(name: str, mode: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make(f"journeyman/{name}-v0", render_mode=mode).unwrapped)


def test_a_seed_alone_draws_an_instance_of_the_train_split() -> None:
    made = world("push-6")
    found = [made.reset(seed=seed)[1]["instance"] for seed in (1, 2, 3, 1)]
    assert found[0] == found[3]
    assert len(set(found)) == 3
    assert all("/train/" in of for of in found)
    assert made.reset()[1]["instance"] != made.reset()[1]["instance"]


@pytest.mark.parametrize(("name", "match"), [
    ("lake-5", "there is no world 'lake-5'; worlds are lake-4"), ("lake-6:slip=1", "slip is 1.0"),
    ("lake-6:slip=x", "no float"), ("lake-6:p=1", "no setting 'p'"), ("push-7:slip=0.1", "no setting"),
    ("", "begins with no name"),
])  # fmt: skip
def test_a_wrong_name_gets_a_sentence(name: str, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        open_world(name)


def test_wrong_sizes_and_modes_get_a_sentence() -> None:
    from journeyman.foresee.worlds.lake import Lake
    from journeyman.foresee.worlds.push import Push

    for call, match in ((lambda: Lake(5), "sizes are 4, 6, 8"), (lambda: Push(9), "sizes are 6, 7, 8"),
                        (lambda: Lake(4, render_mode="human"), "render mode is 'human'")):  # fmt: skip
        with pytest.raises(UsageError, match=match):
            call()
    with pytest.raises(UsageError, match="as symbols, image or text, not as 'video'"):
        world("lake-6").observe("video")


@pytest.mark.usefixtures("registered")
def test_gymnasium_makes_them_once_they_are_registered() -> None:
    for name, steps in (("Lake-4", 16), ("Lake-6", 24), ("Lake-8", 32), ("Push-6", 60), ("Push-8", 60)):
        made = gymnasium.make(f"journeyman/{name}-v0", render_mode="ansi")
        assert made.spec is not None
        assert made.spec.max_episode_steps == steps
        made.reset(seed=3)
        made.step(1)
        assert made.unwrapped.base == name.lower()  # type: ignore[attr-defined]


def test_the_entry_point_leads_there() -> None:
    import tomllib
    from importlib import import_module
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    module, function = project["entry-points"]["gymnasium.envs"]["journeyman"].split(":")
    assert callable(getattr(import_module(module), function))


def test_names_are_known_without_gymnasium() -> None:
    """A command line lists them, and Gymnasium's plugin is loaded by programs that never use it."""
    code = (
        "import sys, json\n"
        "from journeyman.foresee.worlds import register, registry\n"
        "print(json.dumps([registry.names(), [m for m in ('gymnasium', 'PIL', 'numpy') if m in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [["lake-4", "lake-6", "lake-8", "push-6", "push-7", "push-8"], []]
