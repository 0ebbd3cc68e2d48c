"""World models by name: what can be asked for, what is refused with a sentence, and a user's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from world_models_meadow import Plain

import journeyman
from journeyman.errors import UsageError
from journeyman.foresee.draws import Draws
from journeyman.foresee.world_models.channels import CHANNELS
from journeyman.foresee.world_models.model import Asked
from journeyman.foresee.world_models.open import NAMES, open_world_model
from journeyman.foresee.worlds.registry import open_world
from journeyman.foresee.worlds.world import state_hash

EXAMPLE = Path(__file__).parents[2] / "examples" / "my_world_model.py"
FULL = "exact+transition=0.2+observation=0.1+stale=2+horizon=0.1+compliance=0.5+overclaim"
ASKED = Asked(Draws(0), "lake-6/test/0", call=0)

MODEL = """
from journeyman.foresee.world_models.model import Prediction
class Good:
    def __init__(self, world): self.world = world
    def predict(self, snapshot, actions, asked):
        self.world.restore(snapshot)
        return Prediction(self.world.observe(asked.format), self.world.digest(), snapshot, 0)
class Raises(Good):
    def predict(self, snapshot, actions, asked):
        return 1 / 0
class Gives(Good):
    def predict(self, snapshot, actions, asked):
        return {GIVES}
class Broken:
    def __init__(self, world): raise RuntimeError("no weights")
class Silent:
    def __init__(self, world): pass
something = 3
"""


def mine(folder: Path, gives: str = "None") -> str:
    file = folder / "c++" / "mine.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(MODEL.replace("{GIVES}", gives))
    return str(file)


def test_every_name_opens_and_is_the_models_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEYMAN_CACHE", str(tmp_path))
    world = open_world("lake-6")
    before = state_hash(world.snapshot())
    settings = {"exact": "", "table": ":50", "ensemble": ":transitions=50,steps=5"}
    for name in NAMES:
        for channels in ("", *(f"+{c}" + {"overclaim": "", "stale": "=1"}.get(c, "=0.5") for c in CHANNELS)):
            asked = f"{name}{settings[name]}{channels}"
            model = open_world_model(asked, world)
            assert model.name == asked
            assert model.predict(world.snapshot(), [0, 1], ASKED).observation.symbols
    assert open_world_model(FULL, world).name == FULL
    assert state_hash(world.snapshot()) == before


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "begins with no name"),
        ("perfect", "no world model 'perfect'; world models are exact, table, ensemble and file.py:Model"),
        ("exact:deep=1", "exact has no settings; channels follow a plus sign"),
        ("exact+", "has no channel ''; channels are transition, observation"),
        ("exact+transitoin=0.2", "no channel 'transitoin'; channels are transition,"),
        ("exact+transition", r"gives transition no severity; write transition=0\.2"),
        ("exact+stale", "gives stale no severity; write stale=2"),
        ("exact+transition=", "transition= is not between 0 and 1"),
        ("exact+transition=1.5", r"transition=1\.5 is not between 0 and 1"),
        ("exact+horizon=-0.1", r"horizon=-0\.1 is not between 0 and 1"),
        ("exact+compliance=nan", "compliance=nan is not between 0 and 1"),
        ("exact+observation=much", "observation=much is not between 0 and 1"),
        ("exact+stale=1.5", r"stale=1\.5 is no number of real actions"),
        ("exact+stale=-1", "stale=-1 is no number of real actions"),
        ("exact+overclaim=2", "overclaim=2 is not between 0 and 1"),
        ("exact+transition=0.1+transition=0.2", "gives the channel transition twice"),
    ],
)
def test_wrong_names_are_sentences(name: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        open_world_model(name, open_world("lake-6"))


def test_worlds_that_lack_something_are_named() -> None:
    with pytest.raises(UsageError, match="compliance needs a world whose outcomes have labels, not meadow"):
        open_world_model("exact+compliance=0.5", Plain())
    with pytest.raises(UsageError, match="'meadow' has no labels to learn"):
        open_world_model("table", Plain())

    class Blind(Plain):
        from dataclasses import replace

        about = replace(Plain.about, formats=("image",))

    with pytest.raises(UsageError, match="observation needs a world that shows itself in symbols"):
        open_world_model("exact+observation=0.5", Blind())
    open_world_model("exact+transition=0.5+horizon=0.1+stale=1+observation=0.1+overclaim", Plain())


def test_a_users_model_is_a_class_in_a_file(tmp_path: Path) -> None:
    world = open_world("lake-6")
    name = f"{mine(tmp_path)}:Good"
    model = open_world_model(name, world)
    assert model.name == name
    assert model.predict(world.snapshot(), [0], ASKED).digest == world.digest()
    disturbed = open_world_model(f"{name}+transition=0.5+overclaim", world)
    assert disturbed.name == f"{name}+transition=0.5+overclaim"
    assert disturbed.predict(world.snapshot(), [0], ASKED).confidence == 1.0


def test_what_is_wrong_with_a_users_model_is_said(tmp_path: Path) -> None:
    world, file = open_world("lake-6"), mine(tmp_path)
    for name, sentence in (
        (f"{tmp_path}/nowhere.py:Model", "there is no file .*nowhere.py; a world model of your own is FILE.py:CLASS"),
        (f"{file}:Absent", "has no class 'Absent'"),
        (f"{file}:something", "has no class 'something'"),
        (f"{file}:", "names no class; write .*mine.py:Model"),
        (f"{file}:Broken", r"Broken\(world\) of .* raised RuntimeError: no weights \(line 15\)"),
        (f"{file}:Silent", "Silent of .* has no method predict"),
        (f"{file}:Good+speed=3", "no channel 'speed'"),
    ):
        with pytest.raises(UsageError, match=sentence):
            open_world_model(name, world)
    with pytest.raises(UsageError, match=r"predict\(\) of .* raised ZeroDivisionError: division by zero \(line 10\)"):
        open_world_model(f"{file}:Raises", world).predict(world.snapshot(), [0], ASKED)
    (tmp_path / "bad.py").write_text("class Model\n")
    with pytest.raises(UsageError, match=r"bad.py cannot be loaded: SyntaxError: .*\(line 1\)"):
        open_world_model(f"{tmp_path}/bad.py:Model", world)


@pytest.mark.parametrize(
    ("gives", "sentence"),
    [
        ("None", "returned NoneType, not a Prediction"),
        ("Prediction('seen', {}, b'', 0)", "an observation that is str"),
        ("Prediction(self.world.observe(), self.world.digest(), 'state', 0)", "a snapshot that is str, not bytes"),
        ("Prediction(self.world.observe(), {'terminal': False}, b'', 0)", "a digest without the boolean 'success'"),
        ("Prediction(self.world.observe(), self.world.digest(), b'', 0, 1.5)", r"confidence 1\.5, not a number from 0 to 1"),
        ("Prediction(self.world.observe(), self.world.digest(), b'', 7)", "done=7 of 1 actions"),
    ],
)
def test_what_a_users_model_returns_is_looked_at(tmp_path: Path, gives: str, sentence: str) -> None:
    world = open_world("lake-6")
    model = open_world_model(f"{mine(tmp_path, gives)}:Gives", world)
    with pytest.raises(UsageError, match=sentence):
        model.predict(world.snapshot(), [0], ASKED)


def test_the_example_is_an_optimist() -> None:
    assert len(EXAMPLE.read_text().splitlines()) < 80
    for world in (open_world("lake-6"), open_world("push-6")):
        model = open_world_model(f"{EXAMPLE}:Optimist", world)
        for instance in world.instances(20):
            world.reset(options={"instance": instance.id})
            for action in range(4):
                shown = model.predict(world.snapshot(), [action], ASKED)
                possible = world.possible(world.snapshot(), action)  # type: ignore[attr-defined]
                assert shown.digest.get("on") != "hole"
                assert shown.confidence == (0.8 if len(possible) > 1 else 1.0)
                assert (shown.snapshot != world.snapshot()) == (set(possible) not in ({"stay"}, {"blocked"}))


def test_the_example_measures_itself(tmp_path: Path) -> None:
    source = str(Path(journeyman.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": source, "JOURNEYMAN_CACHE": str(tmp_path)},
    )  # fmt: skip
    assert "my_world_model.py:Optimist" in done.stdout
    assert "wrong decision" in done.stdout
