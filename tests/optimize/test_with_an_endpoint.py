"""Whole runs with a language model behind a real HTTP endpoint on loopback: paid once, capped, replayed, never leaking."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from quick_task import Valley, make_task

from journeyman.errors import (
    ModelConfigInvalid,
    ModelNotFound,
    ModelRejected,
    ModelUnavailable,
    ReplayMismatch,
    RunInterrupted,
    UsageError,
)
from journeyman.models import Message, Prompt
from journeyman.models.nudge import nudge
from journeyman.optimize import optimize, resume
from journeyman.optimize.forecast import forecast
from journeyman.optimize.page import page_of
from journeyman.optimize.redo import redo
from journeyman.optimize.result import result_of
from journeyman.optimize.search import SEARCHES
from journeyman.report.page import render
from journeyman.runlog import RunLog, canonical
from journeyman.testing.endpoint import Behaviour, EndpointServer
from journeyman.verify import Task, load_task

KEY = "sk-test-0123456789abcdef"

MODELS = """
[models.near]
endpoint = "{url}"
model = "stand-in"
key = "NEAR_KEY"
max_tokens = {max_tokens}
backoff_s = 0.01
attempts = 3
patience_s = 20
timeout_s = {timeout_s}
seeded = true
price = {{ input = 2.0, output = 10.0 }}
{more}
"""


def answer(body: dict[str, Any]) -> str:
    """What the stand-in says, from the request alone."""
    messages = tuple(Message(m["role"], m["content"]) for m in body["messages"])
    return nudge(Prompt(messages, seed=body.get("seed")))


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return make_task(tmp_path / "task")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEAR_KEY", KEY)


def models_file(
    folder: Path, url: str, *, max_tokens: int = 60, timeout_s: float = 10, more: str = ""
) -> Path:
    file = folder / "models.toml"
    file.write_text(MODELS.format(url=url, max_tokens=max_tokens, timeout_s=timeout_s, more=more))
    return file


def lasting(run: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """What is compared of a run."""
    with RunLog.open(run) as log:
        return list(canonical(log))


def counted(run: Path, kind: str) -> list[dict[str, Any]]:
    with RunLog.open(run) as log:
        return [{"key": event.key, **(event.body or {})} for event in log.events(kind)]


@pytest.mark.parametrize("search", SEARCHES)
def test_every_search_runs_and_is_replayed_with_the_network_off(
    task: Task, tmp_path: Path, search: str
) -> None:
    with EndpointServer(answer) as server:
        result = optimize(
            task, model="near", models_file=models_file(tmp_path, server.url), search=search, evaluations=14, seed=3,
            verifier=Valley(), runs=tmp_path / "runs",
        )  # fmt: skip
        asked = len(server.requests)
    assert result.spent.evaluations == 14
    assert result.improved
    calls = counted(result.run, "call")
    assert len(calls) == asked
    assert result.spent.tokens == sum(c["input"] + c["output"] for c in calls) > 0
    assert result.spent.micro_usd == sum(c["micro_usd"] for c in calls) > 0
    # The server is gone: whatever follows has nobody to ask.
    again = optimize(
        task, model=f"replay/{result.run}", search=search, evaluations=14, seed=3, verifier=Valley(),
        runs=tmp_path / "again",
    )  # fmt: skip
    assert lasting(again.run) == lasting(result.run)
    with RunLog.open(result.run) as log:
        redone = redo(log, task, Valley())
    assert redone.equal, redone.differences
    assert redone.candidates == result.spent.proposals
    # A replay may itself be replayed.
    third = optimize(
        task, model=f"replay/{again.run}", search=search, evaluations=14, seed=3, verifier=Valley(),
        runs=tmp_path / "third",
    )  # fmt: skip
    assert lasting(third.run) == lasting(result.run)
    with RunLog.open(third.run) as log:
        assert "were recorded or scripted" in render(page_of(log))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "search"),
    [
        ("operations/job_shop", "pool"),
        ("optics/adaptive_optics_lag", "ab_mcts"),
        ("computing/sha256", "islands"),
    ],
)
def test_every_built_in_task_runs_with_its_own_verifier(tmp_path: Path, name: str, search: str) -> None:
    with EndpointServer(answer) as server:
        result = optimize(
            name, model="near", models_file=models_file(tmp_path, server.url, max_tokens=8000), search=search,
            evaluations=2, runs=tmp_path / "runs",
        )  # fmt: skip
        prompts = [request.body["messages"] for request in server.requests]
    assert result.spent.evaluations == 2
    assert result.best_held_out is not None
    statement = load_task(name).statement.strip()
    assert prompts
    assert all(statement in messages[-1]["content"] for messages in prompts)


def test_a_run_of_many_workers_is_done_again_from_its_log(task: Task, tmp_path: Path) -> None:
    chance = random.Random(1)

    def uneven(body: dict[str, Any]) -> Behaviour:
        return Behaviour.slow(chance.random() * 0.02, answer(body))

    with EndpointServer(uneven) as server:
        result = optimize(
            task, model="near", models_file=models_file(tmp_path, server.url), search="islands", evaluations=30,
            parallel=2, calls=8, verifier=Valley(0.002), runs=tmp_path / "runs",
        )  # fmt: skip
        assert server.peak > 2
    with RunLog.open(result.run) as log:
        redone = redo(log, task, Valley())
    assert redone.equal, redone.differences
    assert redone.candidates == result.spent.proposals
    assert redone.verdicts == result.verified + 1


def test_a_record_that_was_changed_is_noticed(task: Task, tmp_path: Path) -> None:
    with EndpointServer(answer) as server:
        file = models_file(tmp_path, server.url)
        result = optimize(
            task, model="near", models_file=file, evaluations=5, verifier=Valley(), runs=tmp_path / "runs"
        )
    with pytest.raises(ReplayMismatch, match="asks something else than its record holds"):
        optimize(
            task,
            model=f"replay/{result.run}",
            seed=9,
            evaluations=5,
            verifier=Valley(),
            runs=tmp_path / "again",
        )

    def wrong(candidate: Any, split: str, repeat: int, verdict: Any) -> Any:
        return msgspec.structs.replace(verdict, score=0.5) if verdict.score is not None else verdict

    with RunLog.open(result.run) as log:
        redone = redo(log, task, Valley(meddle=wrong))
    assert {d.index for d in redone.differences} >= {0, 1}
    assert "score 0.5" in redone.differences[0].now


def test_money_is_never_overspent_and_unused_reservations_come_back(task: Task, tmp_path: Path) -> None:
    with EndpointServer(answer) as server:
        result = optimize(
            task, model="near", models_file=models_file(tmp_path, server.url), evaluations=500, max_usd=0.2, parallel=2,
            calls=8, verifier=Valley(), runs=tmp_path / "runs",
        )  # fmt: skip
    calls = counted(result.run, "call")
    assert result.spent.micro_usd == sum(c["micro_usd"] for c in calls) <= 200_000
    # The worst case of a call is some 0.012 dollars; less than one is left, though eight were asked at a time.
    assert result.spent.micro_usd > 180_000
    assert result.reason == "the budget of money is spent"
    most = running = 0
    reserved: dict[str, int] = {}
    with RunLog.open(result.run) as log:
        for event in log.events():
            amount = (event.body or {}).get("micro_usd", 0)
            if event.kind == "reserve":
                running += amount
                reserved[event.key] = amount
            elif event.kind == "settle":
                running += amount - reserved[event.key]
            most = max(most, running)
    assert most <= 200_000


def test_a_replay_ends_where_the_budget_ended_the_run(task: Task, tmp_path: Path) -> None:
    with EndpointServer(answer) as server:
        result = optimize(
            task, model="near", models_file=models_file(tmp_path, server.url), evaluations=500, tokens=30_000,
            verifier=Valley(), runs=tmp_path / "runs",
        )  # fmt: skip
    assert result.reason == "the budget of tokens is spent"
    # The proposal whose call no longer fitted was none, and nobody failed.
    assert [f["kind"] for f in counted(result.run, "proposal_failed")] == ["budget"]
    assert result.failed_proposals == 0
    assert result.spent.proposals == len(counted(result.run, "call"))
    assert result.spent.tokens <= 30_000
    again = optimize(
        task,
        model=f"replay/{result.run}",
        evaluations=500,
        tokens=30_000,
        verifier=Valley(),
        runs=tmp_path / "again",
    )
    assert lasting(again.run) == lasting(result.run)


MISBEHAVIOUR = {
    "refused": Behaviour.refusal("I would rather not."),
    "empty": Behaviour.empty(),
    "empty_after_reasoning": Behaviour.reasoning_only(),
    "cut": Behaviour.cut("### FILE: params.toml\n<<<<<<< SEARCH\nx ="),
    "unparsable": Behaviour.ok("I would make x smaller."),
    "over_long": Behaviour.ok("### FILE: params.toml\n```\n" + "# padding\n" * 20_000 + "```\n"),
}


@pytest.mark.parametrize("kind", MISBEHAVIOUR)
def test_every_way_of_giving_no_candidate_is_counted_and_fed_back(
    task: Task, tmp_path: Path, kind: str
) -> None:
    turns = itertools.count(1)

    def mixed(body: dict[str, Any]) -> str | Behaviour:
        return MISBEHAVIOUR[kind] if next(turns) in (1, 3) else answer(body)

    with EndpointServer(mixed) as server:
        result = optimize(
            task, model="near", models_file=models_file(tmp_path, server.url), evaluations=3, verifier=Valley(),
            runs=tmp_path / "runs",
        )  # fmt: skip
        prompts = [request.body["messages"][-1]["content"] for request in server.requests]
    failed = counted(result.run, "proposal_failed")
    assert [f["kind"] for f in failed] == [kind, kind]
    assert {f["proposer"] for f in failed} == {"model"}
    assert (result.spent.evaluations, result.spent.proposals, result.failed_proposals) == (3, 5, 2)
    for failure in failed:
        told = prompts[failure["index"]]
        assert "# What went wrong last time" in told
        assert failure["message"] in told


def test_a_candidate_that_was_there_before_is_counted_and_fed_back(task: Task, tmp_path: Path) -> None:
    same = "### FILE: params.toml\n```toml\nx = 1.0\ny = 0.0\nn = 3\n```\n"
    with EndpointServer([same, same, same]) as server:
        result = optimize(
            task, model="near", models_file=models_file(tmp_path, server.url), search="independent", evaluations=5,
            proposals=4, verifier=Valley(), runs=tmp_path / "runs",
        )  # fmt: skip
        told = server.requests[2].body["messages"][-1]["content"]
    assert (result.spent.evaluations, result.spent.proposals, result.repeated) == (1, 4, 3)
    assert "was identical to trial 1 (its score is 2.5), which is known" in told


def test_a_model_that_is_gone_stops_the_run_which_goes_on_when_it_is_back(task: Task, tmp_path: Path) -> None:
    turns = itertools.count(1)
    down = [Behaviour.status(500, "the rack is on fire")] * 2

    def failing(body: dict[str, Any]) -> str | Behaviour:
        return answer(body) if next(turns) <= 4 else down[0]

    with EndpointServer(failing) as server:
        file = models_file(tmp_path, server.url)
        with pytest.raises(ModelUnavailable, match="the rack is on fire") as raised:
            optimize(
                task, model="near", models_file=file, evaluations=8, verifier=Valley(), runs=tmp_path / "runs"
            )
    assert "nothing is lost; go on with: journeyman run resume " in str(raised.value)
    (run,) = (tmp_path / "runs").iterdir()
    assert len(counted(run, "call")) == 4
    with EndpointServer(answer) as server:
        models_file(tmp_path, server.url)
        result = resume(run, verifier=Valley())
        assert len(server.requests) == result.spent.proposals - 4
    assert result.spent.evaluations == 8
    with EndpointServer(answer) as server:
        file = models_file(tmp_path, server.url)
        whole = optimize(
            task, model="near", models_file=file, evaluations=8, verifier=Valley(), runs=tmp_path / "whole"
        )
    # Only the attempts that failed, and so the numbers of the later ones, tell the two apart.
    books = ("reserve", "settle")
    kept, wanted = (
        [(kind, body) for kind, _, body in lasting(r) if kind not in books] for r in (run, whole.run)
    )
    assert kept == wanted


def test_a_refused_key_stops_the_run_at_once_and_stays_secret(
    task: Task, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with EndpointServer([Behaviour.echo(401)]) as server:
        file = models_file(tmp_path, server.url)
        with pytest.raises(ModelRejected) as raised:
            optimize(
                task, model="near", models_file=file, evaluations=8, verifier=Valley(), runs=tmp_path / "runs"
            )
        assert len(server.requests) == 1
    assert KEY not in str(raised.value)
    assert KEY not in "".join(capfd.readouterr())


def test_no_key_is_in_anything_a_run_leaves_behind(task: Task, tmp_path: Path) -> None:
    turns = itertools.count(1)

    def leaky(body: dict[str, Any]) -> str | Behaviour:
        return Behaviour.echo(200) if next(turns) % 2 else answer(body)

    with EndpointServer(leaky) as server:
        result = optimize(
            task, model="near", models_file=models_file(tmp_path, server.url), evaluations=4, verifier=Valley(),
            runs=tmp_path / "runs",
        )  # fmt: skip
        assert all(request.headers["authorization"] == f"Bearer {KEY}" for request in server.requests)
        assert KEY not in str([request.body for request in server.requests])
    with RunLog.open(result.run) as log:
        texts = [log.blob(digest) for digest in log.blob_digests()]
        texts += [str((event.body, event.volatile)).encode() for event in log.events()]
    texts += [path.read_bytes() for path in result.run.rglob("*") if path.is_file()]
    assert not [text for text in texts if KEY.encode() in text or KEY[3:].encode() in text]


def test_what_cannot_be_used_is_refused_before_anything_is_begun(task: Task, tmp_path: Path) -> None:
    free = models_file(
        tmp_path,
        "http://127.0.0.1:9/v1",
        more='[models.unpriced]\nendpoint = "http://127.0.0.1:9/v1"\nmodel = "x"',
    )
    runs = tmp_path / "runs"
    calls: tuple[tuple[dict[str, Any], type[Exception], str], ...] = (
        (
            {"model": "unpriced", "max_usd": 1.0},
            ModelConfigInvalid,
            "has no price, so its cost cannot be capped",
        ),
        ({"model": "nowhere"}, ModelNotFound, "near"),
        ({"model": ["near", "near"], "proposer": "mixed"}, UsageError, "must differ"),
        ({"model": ["near", "unpriced"], "proposer": "model"}, UsageError, "takes one model, not 2"),
        ({"model": "near", "proposer": "numeric"}, UsageError, "asks no model"),
        ({"model": "replay/nothing"}, Exception, "nothing"),
    )
    for options, error, text in calls:
        with pytest.raises(error, match=text):
            optimize(task, models_file=free, verifier=Valley(), runs=runs, **options)
    assert not runs.exists()


def test_a_forecast_asks_nobody_and_says_what_a_call_takes(task: Task, tmp_path: Path) -> None:
    with EndpointServer(answer) as server:
        file = models_file(tmp_path, server.url)
        found = forecast(task, model="near", models_file=file, evaluations=100, runs=tmp_path / "runs")
        assert not server.requests
        (call,) = found.calls
        assert call.expected_tokens < call.most_tokens
        assert call.expected_usd is not None
        assert found.expected_usd == pytest.approx(100 * call.expected_usd)
        result = optimize(
            task, model="near", models_file=file, evaluations=20, verifier=Valley(), runs=tmp_path / "runs"
        )
    for asked in counted(result.run, "call"):
        assert asked["input"] + asked["output"] <= call.most_tokens * 2
    assert not found.expected_tokens or result.spent.tokens / 20 == pytest.approx(
        found.expected_tokens / 100, rel=0.6
    )


def test_ctrl_c_ends_a_call_that_hangs(task: Task, tmp_path: Path) -> None:
    with EndpointServer([Behaviour.hang()]) as server:
        worker = subprocess.Popen(
            [sys.executable, __file__, str(tmp_path), server.url, "20"], stderr=subprocess.PIPE, text=True
        )
        server.wait(1)
        worker.send_signal(signal.SIGINT)
        _, said = worker.communicate(timeout=30)
    assert RunInterrupted.__name__ in said
    (run,) = (tmp_path / "runs").iterdir()
    (call,) = [s for s in counted(run, "settle") if "/call/" in s["key"]]
    assert call["known"] is False
    assert call["micro_usd"] > 0
    with RunLog.open(run) as log:
        assert "is the worst case of calls whose outcome nobody knows" in render(page_of(log))


@pytest.mark.slow
def test_a_run_killed_again_and_again_pays_no_reply_twice(task: Task, tmp_path: Path) -> None:
    """SIGKILL at random instants; a reply in the log is never asked for again, and the outcome is that of a whole run."""
    evaluations, kills = 25, 12
    chance = random.Random(7)

    def slow(body: dict[str, Any]) -> Behaviour:
        return Behaviour.slow(0.01, answer(body))

    with EndpointServer(slow) as server:
        whole = optimize(
            task, model="near", models_file=models_file(tmp_path, server.url), search="adaptive", evaluations=evaluations,
            seed=5, verifier=Valley(), runs=tmp_path / "whole",
        )  # fmt: skip
        server.requests.clear()
        struck = 0
        while True:
            before = len(server.requests)
            worker = subprocess.Popen([sys.executable, __file__, str(tmp_path), server.url, str(evaluations)])
            if struck < kills:
                while worker.poll() is None and len(server.requests) < before + chance.randrange(1, 4):
                    time.sleep(0.002)
                time.sleep(chance.random() * 0.02)
                if worker.poll() is None:
                    worker.kill()
                    struck += 1
            if worker.wait() == 0:
                break
            assert worker.returncode == -signal.SIGKILL
        asked = len(server.requests)
    assert struck > 5
    (run,) = (tmp_path / "runs").iterdir()
    calls = Counter(c["key"].partition("/")[0] for c in counted(run, "call"))
    assert set(calls.values()) == {1}
    unknown = [s for s in counted(run, "settle") if s.get("known") is False]
    with RunLog.open(run) as log:
        assert result_of(log).unknown.micro_usd == sum(s["micro_usd"] for s in unknown)
    # Every request is either a reply in the log or one that was in flight when the process died.
    assert len(calls) <= asked <= len(calls) + len(unknown)
    assert len(unknown) <= struck
    books = ("reserve", "settle", "call")
    assert [e for e in lasting(run) if e[0] not in books] == [
        e for e in lasting(whole.run) if e[0] not in books
    ]
    replies = ("digest", "reply", "micro_usd")
    pairs = zip(counted(run, "call"), counted(whole.run, "call"), strict=True)
    assert all(one[name] == other[name] for one, other in pairs for name in replies)


def _work(folder: Path, url: str, evaluations: int) -> None:
    """A worker process: begin the run in `folder`, or go on with it."""
    os.environ["NEAR_KEY"] = KEY
    task = load_task(folder / "task")
    file = models_file(folder, url)
    begun = list((folder / "runs").iterdir()) if (folder / "runs").exists() else []
    begun = [run for run in begun if (run / "run.sqlite").exists()]
    if begun:
        resume(begun[0], verifier=Valley())
    else:
        optimize(
            task, model="near", models_file=file, search="adaptive", evaluations=evaluations, seed=5, verifier=Valley(),
            runs=folder / "runs",
        )  # fmt: skip


if __name__ == "__main__":
    _work(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
