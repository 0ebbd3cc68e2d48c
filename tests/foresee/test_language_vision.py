"""A vision model behind an endpoint plays whole episodes from pictures alone, in text and by calling functions."""

from __future__ import annotations

import functools
import itertools
import json
from pathlib import Path

import pytest
from language_eyes import Eyes

from journeyman.cli import main
from journeyman.errors import ModelRejected, UsageError
from journeyman.foresee import events
from journeyman.foresee.agents.agent import format_of, models_of, waits
from journeyman.foresee.agents.open import open_agent
from journeyman.foresee.cell import Cell
from journeyman.foresee.draws import Draws
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.world_models.exact import Exact
from journeyman.foresee.worlds.registry import names, open_world
from journeyman.runlog import RunLog
from journeyman.testing.endpoint import EndpointServer


def models_toml(folder: Path, server: EndpointServer, *, tools: bool, sees: bool = True) -> Path:
    path = folder / "models.toml"
    path.write_text(
        f'[models.eyes]\nendpoint = "{server.url}"\nmodel = "eyes-1"\nsees = {str(sees).lower()}\nbackoff_s = 0\n'
        f"tools = {str(tools).lower()}\n[models.eyes.price]\ninput = 1\noutput = 2\n"
    )
    return path


@functools.cache
def learned(name: str) -> Eyes:
    return Eyes(open_world(name))


def eyes_of(name: str) -> Eyes:
    """A model that knows this world's tiles and has seen no picture of an episode."""
    eyes = learned(name)
    eyes.pictures.clear()
    return eyes


@pytest.mark.parametrize("tools", [False, True])
@pytest.mark.parametrize(("name", "size"), [("lake-4", 4), ("push-6", 6)])
@pytest.mark.parametrize("mode", ["invisible", "force"])
def test_it_wins_from_pictures_alone(name: str, size: int, mode: str, tools: bool, tmp_path: Path) -> None:
    world = open_world(name)
    eyes = eyes_of(world.about.name)
    instance = max(world.instances(20), key=lambda one: one.optimal)
    with EndpointServer(lambda body: eyes.reply(body, size)) as server:
        make = open_agent("eyes:image=true", world, models=models_toml(tmp_path, server, tools=tools))
        assert format_of(make) == "image"
        assert waits(make)
        scene = Scene(world, Exact(world), mode, cell=Cell("eyes", mode=mode).key, format="image")
        try:
            episode = play(scene, instance, make(), Draws(0))
        finally:
            models_of(make)[0].close()
    assert (episode.success, episode.reason) == (True, "success")
    assert episode.real == instance.optimal
    assert episode.calls == (instance.optimal if mode == "force" else 0)
    assert [d.context for d in episode.decisions] == (["W", "E"] if mode == "force" else ["E"]) * instance.optimal
    # Every picture was a new one: each action and each prediction changed what was seen.
    assert len(server.requests) == len(episode.decisions)
    pairs = itertools.pairwise(eyes.pictures)
    if mode == "invisible":
        assert all(one != other for one, other in pairs)
    else:  # a prediction, and then the same in reality
        assert [one == other for one, other in pairs] == [False, True] * (instance.optimal - 1) + [False]
    assert episode.tokens_in > 0
    assert episode.micro_usd == episode.tokens_in + 2 * episode.tokens_out
    roles = [message["role"] for message in server.requests[-1].body["messages"]]
    assert ("tool" in roles) == tools
    system = server.requests[0].body["messages"][0]["content"]
    assert ("# Simulator" in system) == (mode == "force")
    assert ("tools" in server.requests[0].body) == tools


def test_what_a_model_is_sent_grows_by_what_is_new(tmp_path: Path) -> None:
    world = open_world("lake-4")
    eyes = eyes_of(world.about.name)
    with EndpointServer(lambda body: eyes.reply(body, 4)) as server:
        make = open_agent("eyes:image=true,confidence=false", world, models=models_toml(tmp_path, server, tools=False))
        play(Scene(world, Exact(world), "force", format="image"), world.instances(1)[0], make(), Draws(0))
        models_of(make)[0].close()
    asked = [request.body["messages"] for request in server.requests]
    assert len(asked) >= 2
    for before, after in itertools.pairwise(asked):
        assert after[: len(before)] == before
        assert [message["role"] for message in after[len(before) :]] == ["assistant", "user"]


def test_a_blind_model_is_shown_symbols_and_refused_pictures(tmp_path: Path) -> None:
    world = open_world("lake-4")
    with EndpointServer(["<act>Left</act>"]) as server:
        file = models_toml(tmp_path, server, tools=False, sees=False)
        assert format_of(open_agent("eyes", world, models=file)) == "symbols"
        with pytest.raises(UsageError, match="model 'eyes' takes no images: set sees = true"):
            open_agent("eyes:image=true", world, models=file)
        with pytest.raises(UsageError, match="model 'eyes' calls no functions: set tools = true"):
            open_agent("eyes:tools=true", world, models=file)


def test_a_seeing_model_may_be_shown_either(tmp_path: Path) -> None:
    world = open_world("lake-4")
    with EndpointServer(["<act>Left</act>"]) as server:
        file = models_toml(tmp_path, server, tools=False)
        assert format_of(open_agent("eyes", world, models=file)) is None
        assert format_of(open_agent("eyes:image=false", world, models=file)) == "symbols"


def test_a_fault_of_the_served_model_ends_the_episode_with_its_words(tmp_path: Path) -> None:
    world = open_world("lake-4")
    eyes = eyes_of(world.about.name)
    with EndpointServer(lambda body: eyes.reply(body, 4)) as server:
        make = open_agent("eyes:image=false", world, models=models_toml(tmp_path, server, tools=False))
        with pytest.raises(ModelRejected, match="no picture in the request"):
            play(Scene(world, Exact(world), format="symbols"), world.instances(1)[0], make(), Draws(0))
        models_of(make)[0].close()


@pytest.mark.parametrize("name", names())
def test_from_the_command_line_it_plays_every_world(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run from its beginning to its record: pictures over HTTP, nothing else to go by, in modes invisible and force."""
    monkeypatch.setenv("JOURNEYMAN_RUNS", str(tmp_path / "runs"))
    eyes, size = eyes_of(name), int(name[-1])
    with EndpointServer(lambda body: eyes.reply(body, size)) as server:
        file = models_toml(tmp_path, server, tools=False)
        asked = ["-a", "eyes:image=true", "-m", "invisible", "-m", "force", "-n", "1", "--models", str(file)]
        assert main(["foresee", name, *asked, "--max-usd", "9", "--json", "--quiet"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert [(cell["cell"]["mode"], cell["success"]) for cell in found["cells"]] == [("invisible", 1.0), ("force", 1.0)]
    optimal = open_world(name).instances(1)[0].optimal
    assert [(cell["real"], cell["calls"]) for cell in found["cells"]] == [(optimal, 0), (optimal, optimal)]
    assert len(eyes.pictures) == len(server.requests) == 3 * optimal
    with RunLog.open(Path(found["run"])) as log:
        decisions = [d for episode in events.episodes(log) for d in episode.decisions]
    assert all(d.text and d.tokens_in for d in decisions)
