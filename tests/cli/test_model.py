"""`journeyman model ...` and `journeyman optimize --model ...` against a real endpoint on loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from journeyman.models import Message, Prompt
from journeyman.models.nudge import nudge
from journeyman.testing.endpoint import Behaviour, EndpointServer

from .conftest import Call

KEY = "sk-test-0123456789abcdef"


def answer(body: dict[str, Any]) -> str:
    """What the stand-in says, from the request alone."""
    return nudge(
        Prompt(tuple(Message(m["role"], m["content"]) for m in body["messages"]), seed=body.get("seed"))
    )


def write_models(home: Path, url: str) -> None:
    (home / "models.toml").write_text(
        f'[models.near]\nendpoint = "{url}"\nmodel = "stand-in"\nkey = "NEAR_KEY"\nseeded = true\nbackoff_s = 0.01\n'
        "attempts = 2\nmax_tokens = 1000\nprice = { input = 2.0, output = 10.0 }\n"
        f'[models.dear]\nendpoint = "{url}"\nmodel = "stand-in"\nkey = "DEAR_KEY"\n'
    )


@pytest.fixture(autouse=True)
def key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEAR_KEY", KEY)


def test_models_are_listed_with_what_they_lack(call: Call, home: Path) -> None:
    assert "There is no models.toml here" in call("model", "list").err
    write_models(home, "http://127.0.0.1:9/v1")
    shown = call("model", "list").out
    assert "NEAR_KEY, set" in shown
    assert "DEAR_KEY, NOT set" in shown
    listed = {model["name"]: model for model in call("model", "list", "--json").document}
    assert listed["near"]["key_is_set"] is True
    assert listed["dear"]["price"] is None
    assert KEY not in call("model", "list", "--json").out


def test_a_model_is_tried_and_what_is_wrong_is_one_sentence(call: Call, home: Path) -> None:
    with EndpointServer(["ready"]) as server:
        write_models(home, server.url)
        tried = call("model", "try", "near", "--json")
        assert tried.document["text"] == "ready"
        assert tried.document["micro_usd"] > 0
        forecast = call("model", "try", "near", "--dry-run", "--json").document
        assert forecast["most_usd"] > tried.document["micro_usd"] / 1e6
        refused = call("model", "try", "near", "--max-usd", "0.001")
        assert (refused.status, refused.out) == (1, "")
        assert len(server.requests) == 1
        unpriced = call("model", "try", "dear")
        assert unpriced.status == 2
        assert "DEAR_KEY is not set" in unpriced.err
    with EndpointServer([Behaviour.echo(401)]) as server:
        write_models(home, server.url)
        wrong = call("model", "try", "near")
        assert wrong.status == 1
        assert wrong.err.count("\n") == 1
        assert KEY not in wrong.err


def test_a_run_with_a_model_from_forecast_to_replay(call: Call, home: Path, task: Path) -> None:
    with EndpointServer(answer) as server:
        write_models(home, server.url)
        words = (
            "optimize",
            "beam",
            "--model",
            "near",
            "--search",
            "adaptive",
            "--evaluations",
            "6",
            "--max-usd",
            "1",
        )
        forecast = call(*words, "--dry-run", "--json").document
        assert forecast["tokens"] > 0
        assert 0 < forecast["usd"] < 1
        assert not server.requests
        done = call(*words, "--json")
        assert done.status == 0, done.err
        result = done.document
        assert result["evaluations"] == 6
        assert 0 < result["usd"] < 1
        assert len(server.requests) == result["proposals"]
        page = (Path(result["run"]) / "report.html").read_text()
        assert "stand-in" in page or "near" in page
        assert KEY not in page
    replayed = call("run", "replay", "last", "--json")
    assert replayed.status == 0, replayed.err
    assert replayed.document["equal"] is True
    assert replayed.document["candidates"] == result["proposals"]
    again = call("optimize", "beam", "--model", "replay/last", *words[4:], "--json")
    assert again.status == 0, again.err
    assert again.document["best"]["candidate"] == result["best"]["candidate"]
    assert again.document["usd"] == result["usd"]


def test_a_mixture_of_two_models_and_numbers(call: Call, home: Path, task: Path) -> None:
    with EndpointServer(answer) as server:
        write_models(home, server.url)
        text = (home / "models.toml").read_text().replace("DEAR_KEY", "NEAR_KEY")
        (home / "models.toml").write_text(text)
        words = (
            "optimize",
            "beam",
            "--model",
            "near",
            "--model",
            "dear",
            "--search",
            "pool",
            "--evaluations",
            "16",
        )
        done = call(*words, "--json")
        assert done.status == 0, done.err
    shown = call("run", "show", "last", "--json").document
    assert shown["evaluations"] == 16


def test_wrong_words_about_models_are_one_sentence(call: Call, home: Path, task: Path) -> None:
    write_models(home, "http://127.0.0.1:9/v1")
    for words, said in (
        (("--model", "nobody"), "there is no model 'nobody'"),
        (("--model", "near", "--proposer", "numeric"), "asks no model"),
        (("--model", "near", "--set", "islands=2"), "--search chains takes: width, depth"),
        (("--model", "dear", "--max-usd", "1"), "DEAR_KEY"),
        (("--proposer", "model"), "needs a model"),
        (("--search", "annealing"), "there is no search 'annealing'"),
        (("--model", "replay/last"), "there is no run"),
    ):
        done = call("optimize", "beam", "--evaluations", "3", *words)
        assert done.status == 2, (words, done.err)
        assert said in done.err
        assert done.err.count("\n") == 1
    gone = call("optimize", "beam", "--evaluations", "3", "--model", "near")
    assert gone.status == 1
    assert "go on with: journeyman run resume" in gone.err
