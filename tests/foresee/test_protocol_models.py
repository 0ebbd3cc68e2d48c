"""Agents that ask a language model behind a real HTTP endpoint on loopback: paid once, capped, gone on with."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

import journeyman as jm
from journeyman.errors import ModelConfigInvalid, ModelRejected, ModelUnavailable
from journeyman.foresee import events
from journeyman.models import Completion
from journeyman.runlog import RunLog
from journeyman.testing.endpoint import Behaviour, EndpointServer

evaluate, resume, forecast = jm.foresee.evaluate, jm.foresee.resume, jm.foresee.forecast

MODELS = """
[models.near]
endpoint = "{url}"
model = "stand-in"
max_tokens = 50
backoff_s = 0.01
attempts = 1
patience_s = 5
timeout_s = 20
{price}
"""
PRICE = "price = { input = 2.0, output = 10.0 }"


def walk(body: dict[str, Any]) -> str:
    """Simulates once before each action where it may, and goes down and right."""
    system, *rest = body["messages"]
    last = rest[-1]["content"]
    if "Simulator" in system["content"] and "HYPOTHETICAL" not in last and "REFUSED" not in last:
        return "I look first. <simulate>Down</simulate>"
    return "I go. <act>Down, Right</act>"


def models(tmp_path: Path, server: EndpointServer, *, price: str = PRICE) -> Path:
    file = tmp_path / "models.toml"
    file.write_text(MODELS.format(url=server.url, price=price))
    return file


def told(result: Any) -> list[bytes]:
    return [msgspec.msgpack.encode(episode, order="deterministic") for episode in result.episodes]


def books(run: Path) -> Counter[str]:
    """Counts of events; every reservation is settled once, and money and tokens add up to what the episodes say."""
    with RunLog.open(run) as log:
        found = list(log.events())
        reserved = sorted(e.key for e in found if e.kind == events.RESERVE)
        settled = sorted(e.key for e in found if e.kind == events.SETTLE)
        assert reserved == settled
        assert len(set(reserved)) == len(reserved)
        for event in found:
            if event.kind == events.CALL:
                body = msgspec.convert(event.body, events.CallBody)
                assert msgspec.json.decode(log.blob(body.reply), type=Completion).text
        for episode in events.episodes(log):
            for decision in episode.decisions:
                assert log.blob(decision.text).decode().startswith("I ")
    return Counter(event.kind for event in found)


def test_replies_are_kept_and_paid_once(tmp_path: Path) -> None:
    with EndpointServer(walk) as server:
        result = evaluate(
            "lake-4", agents="near", modes=["invisible", "normal", "force"], instances=3, runs=tmp_path / "runs",
            models_file=models(tmp_path, server),
        )  # fmt: skip
        asked = len(server.requests)
    assert result.reason == events.PLAYED
    counts = books(result.run)
    assert counts[events.CALL] == counts[events.RESERVE] == asked
    assert sum(len(episode.decisions) for episode in result.episodes) == asked
    spent = sum(e.tokens_in + e.tokens_out for e in result.episodes)
    assert (result.spent.tokens, result.spent.micro_usd) == (spent, sum(e.micro_usd for e in result.episodes))
    assert spent > 0
    blind, normal, force = result.rows()
    assert blind.calls == 0
    assert normal.calls == force.calls > 0
    with RunLog.open(result.run) as log:
        (known,) = events.about(log).models
    assert (known["name"], known["price"]) == ("near", {"input": 2.0, "output": 10.0, "cached_input": None})


def test_several_at_once_give_the_same_episodes(tmp_path: Path) -> None:
    def slow(body: dict[str, Any]) -> Behaviour:
        return Behaviour.slow(0.1, walk(body))

    what: dict[str, Any] = {"agents": "near", "modes": "normal", "instances": 4}
    with EndpointServer(walk) as server:
        alone = evaluate("lake-4", runs=tmp_path / "1", models_file=models(tmp_path, server), **what)
        assert server.peak == 1
    with EndpointServer(slow) as server:
        together = evaluate("lake-4", runs=tmp_path / "2", models_file=models(tmp_path, server), parallel=2, **what)
        assert server.peak == 2
    assert told(alone) == told(together)


@pytest.mark.parametrize("parallel", [1, 3])
@pytest.mark.parametrize("cap", ["max_tokens", "max_usd"])
def test_a_budget_ends_a_run_within_its_cap_and_more_of_it_goes_on(tmp_path: Path, parallel: int, cap: str) -> None:
    what: dict[str, Any] = {"agents": "near", "modes": ["invisible", "normal"], "instances": 4}
    with EndpointServer(walk) as server:
        file = models(tmp_path, server)
        whole = evaluate("lake-4", runs=tmp_path / "whole", models_file=file, **what)
        needed = len(server.requests)
    limit: Any = 12_000 if cap == "max_tokens" else 0.03
    with EndpointServer(walk) as server:
        file = models(tmp_path, server)
        result = evaluate("lake-4", runs=tmp_path / "runs", models_file=file, parallel=parallel, **{cap: limit}, **what)
        assert "has no room for another call" in result.reason
        assert len(result.episodes) < result.planned
        used = result.spent.tokens if cap == "max_tokens" else result.spent.micro_usd / 1e6
        assert limit / 4 < used <= limit
        books(result.run)
        paid_before = len(server.requests)
        done = resume(result.run, parallel=parallel, **{cap: 100 * limit})
        assert done.reason == events.PLAYED
        assert paid_before > 0
        assert len(server.requests) == needed, "what was paid for was not asked again"
    books(done.run)
    assert told(done) == told(whole)


def test_a_cap_on_money_needs_a_price(tmp_path: Path) -> None:
    with EndpointServer(walk) as server, pytest.raises(ModelConfigInvalid, match="has no price"):
        evaluate("lake-4", agents="near", runs=tmp_path, models_file=models(tmp_path, server, price=""), max_usd=1.0)
    assert not server.requests


@pytest.mark.parametrize("parallel", [1, 2])
@pytest.mark.parametrize(
    ("broken", "error"), [(Behaviour.status(500), ModelUnavailable), (Behaviour.status(401), ModelRejected)]
)
def test_a_model_that_is_gone_stops_the_run_and_it_goes_on_without_loss(
    tmp_path: Path, parallel: int, broken: Behaviour, error: type[Exception]
) -> None:
    number = 0

    def breaks(body: dict[str, Any]) -> str | Behaviour:
        nonlocal number
        number += 1
        return walk(body) if number <= 13 else broken

    what: dict[str, Any] = {"agents": "near", "modes": ["invisible", "normal"], "instances": 5}
    with EndpointServer(breaks) as server, pytest.raises(error, match="go on with: journeyman run resume"):
        evaluate("lake-4", runs=tmp_path / "runs", models_file=models(tmp_path, server), parallel=parallel, **what)
    (run,) = (tmp_path / "runs").iterdir()
    with RunLog.open(run) as log:
        paid = sum(1 for _ in log.events(events.CALL))
        assert list(log.events(events.STOPPED))
    assert paid == 13
    with EndpointServer(walk) as server:
        file = models(tmp_path, server)
        result = resume(run, models_file=file, parallel=parallel)
        asked = len(server.requests)
        whole = evaluate("lake-4", runs=tmp_path / "whole", models_file=file, **what)
        assert asked + paid == len(server.requests) - asked
    assert told(result) == told(whole)


def test_a_learning_governor_is_brought_back_by_what_the_model_said(tmp_path: Path) -> None:
    """The model is not asked again for episodes that are played once more for the governor to learn."""
    made: list[Any] = []

    class Counts:
        name = "counts"

        def __init__(self) -> None:
            self.rulings = 0
            made.append(self)

        def begin(self, brief: Any) -> None: ...

        def rule(self, point: Any) -> Any:
            from journeyman.foresee.governors.governor import Ruling

            self.rulings += 1
            return Ruling("allow", values={"rulings": float(self.rulings)})

        def learn(self, checked: Any) -> None: ...

        def ended(self, success: bool) -> None: ...

    what: dict[str, Any] = {"agents": "near", "modes": "normal", "instances": 6, "governors": [Counts]}
    number = 0

    def breaks(body: dict[str, Any]) -> str | Behaviour:
        nonlocal number
        number += 1
        return walk(body) if number <= 12 else Behaviour.status(401)

    with EndpointServer(walk) as server:
        whole = evaluate("lake-4", runs=tmp_path / "whole", models_file=models(tmp_path, server), **what)
        needed = len(server.requests)
    with EndpointServer(breaks) as server, pytest.raises(ModelRejected):
        evaluate("lake-4", runs=tmp_path / "runs", models_file=models(tmp_path, server), **what)
    (run,) = (tmp_path / "runs").iterdir()
    with EndpointServer(walk) as server:
        result = resume(run, models_file=models(tmp_path, server), governors=[Counts])
        assert len(server.requests) == needed - 12
    assert told(result) == told(whole)


def test_a_forecast_asks_nothing_and_reckons_more_calls_where_there_is_a_simulator(tmp_path: Path) -> None:
    with EndpointServer(walk) as server:
        file = models(tmp_path, server)
        found = forecast("lake-4", agents=["near", "scripted"], instances=10, models_file=file, parallel=2)
        result = evaluate("lake-4", agents="near", instances=10, runs=tmp_path, models_file=file)
        assert len(server.requests) == sum(len(e.decisions) for e in result.episodes), "the forecast sent nothing"
    blind, normal, *free = found.cells
    assert (blind.model, normal.model) == ("near", "near")
    assert normal.replies == 2 * blind.replies > 0
    assert blind.replies <= blind.most_replies
    assert normal.tokens > 2 * blind.tokens
    assert normal.usd is not None
    assert found.usd == pytest.approx((blind.usd or 0.0) + normal.usd)
    assert normal.set_aside_tokens > 50
    assert all(cell.replies == 0 and cell.usd == 0.0 for cell in free)
    # Reckoned and real are of one order: this model's replies are shorter than what is reckoned with.
    assert 0.2 < found.tokens / result.spent.tokens < 5
