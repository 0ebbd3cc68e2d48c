"""Many episodes: paired cells, a log that is read back, workers, going on, predicting (spec k.3.5 and more)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from protocol_doubles import ACT, SIMULATE, Corridor, Rules, Says, Wrong

import journeyman as jm
from journeyman.errors import EpisodeFailed, RunError, RunInterrupted, UsageError
from journeyman.foresee import events
from journeyman.foresee.cell import Cell, baseline
from journeyman.foresee.evaluation.plan import Plan, cells_of
from journeyman.foresee.evaluation.result import rows_of
from journeyman.foresee.evaluation.schedule import Schedule, Unit
from journeyman.foresee.governors.governor import ALLOW, Ruling
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.world_models.model import Prediction
from journeyman.runlog import RunLog, canonical_digest

evaluate, resume, forecast = jm.foresee.evaluate, jm.foresee.resume, jm.foresee.forecast
SCRIPTED = "scripted:perception=0.15"
LEARNING = "voi:cost=0.02"


def always() -> Says:
    """An agent that calls before each action."""
    return Says(SIMULATE, ACT, SIMULATE, ACT, SIMULATE, ACT)


def lefty() -> Says:
    return Says("<act>Left</act>")


def bits(episodes: list[Episode]) -> list[bytes]:
    return [msgspec.msgpack.encode(episode, order="deterministic") for episode in episodes]


# --- cells and figures ----------------------------------------------------------------------------------------------------


def test_every_combination_is_a_cell_and_invisible_is_one_an_agent() -> None:
    cells = cells_of(["a", "b"], ["exact", "table"], ["invisible", "normal"], ["none", "always"], "continue")
    assert len(cells) == 2 * (1 + 4)
    blind = [cell for cell in cells if cell.mode == "invisible"]
    assert [(cell.agent, cell.world_model, cell.governor, cell.memory) for cell in blind] == [
        ("a", "exact", "none", "restart"), ("b", "exact", "none", "restart"),
    ]  # fmt: skip
    assert all(baseline(cell, cells) == blind[cell.agent == "b"] for cell in cells)
    assert baseline(Cell("c"), cells) is None
    with pytest.raises(UsageError, match="agent 'a' is there twice"):
        cells_of(["a", "a"], ["exact"], ["normal"], ["none"], "restart")
    with pytest.raises(UsageError, match="there is no mode"):
        cells_of(["a"], ["exact"], [], ["none"], "restart")
    with pytest.raises(UsageError, match="nothing to govern"):
        Plan("lake-4", (Cell("a", mode="invisible", governor="always"),), 1)


def test_helps_less_hurts_is_the_difference_in_every_cell(tmp_path: Path) -> None:
    """Spec k.3.5, on a run and against the episodes themselves."""
    result = evaluate(
        "lake-4", agents=["scripted:perception=0.3", "scripted:perception=0.3,trust=0.99"],
        world_models=["exact", "exact+transition=0.4"], modes=["invisible", "normal", "force"], instances=25, runs=tmp_path,
    )  # fmt: skip
    rows = result.rows(cost=0.1)
    assert len(rows) == 2 * (1 + 2 * 2)
    of = {(e.cell, e.instance): e for e in result.episodes}
    assert len(of) == len(result.episodes) == len(rows) * 25
    moved = 0
    for row in rows:
        mine = [e for e in result.episodes if e.cell == row.cell.key]
        assert row.success == sum(e.success for e in mine) / 25
        assert row.net == pytest.approx(sum(e.success - 0.1 * e.calls for e in mine) / 25)
        without = baseline(row.cell, result.cells)
        assert without is not None
        if row.cell.mode == "invisible":
            assert row.helps is row.gain is None
            continue
        there = [of[without.key, e.instance].success for e in mine]
        assert row.helps == sum(e.success and not t for e, t in zip(mine, there, strict=True)) / 25
        assert row.gain == pytest.approx(row.success - sum(there) / 25)
        assert row.gain == pytest.approx((row.helps or 0.0) - (row.hurts or 0.0))
        moved += bool(row.helps) + bool(row.hurts)
    assert moved >= 4, "the identity was tried where it means something"
    assert "helps" in result.table().columns


def test_pairs_are_those_that_both_cells_have() -> None:
    normal, blind = Cell("a"), Cell("a", mode="invisible")

    def episode(cell: Cell, instance: str, success: bool) -> Episode:
        return Episode(cell.key, "w", instance, 0, cell.mode, success, "success" if success else "lost", 1, 2, ())

    found = [episode(normal, "1", True), episode(normal, "2", False), episode(normal, "3", True)]
    found += [episode(blind, "1", False), episode(blind, "2", True)]
    row = next(row for row in rows_of((normal, blind), found, 0.5) if row.cell == normal)
    assert (row.pairs, row.helps, row.hurts, row.gain) == (2, 0.5, 0.5, 0.0)
    assert row.net == pytest.approx(2 / 3 - 0.5)


# --- the run and its log --------------------------------------------------------------------------------------------------


def test_a_run_says_all_that_was_played_and_with_what(tmp_path: Path) -> None:
    seen: list[Any] = []
    result = evaluate("lake-4", agents=SCRIPTED, instances=5, seeds=[3, 4], runs=tmp_path, on_progress=seen.append)
    assert result.reason == events.PLAYED
    assert (result.planned, len(result.episodes)) == (20, 20)
    with RunLog.open(result.run) as log:
        about = events.about(log)
        assert log.verb == "foresee"
        assert about.plan.world == "lake-4"
        assert len(about.instances) == 5
        assert about.versions["gymnasium"]
        assert events.finished(log)
        assert [e.kind for e in log.events()] == ["session", *["episode"] * 20, "finished"]
        assert events.episodes(log) == result.episodes
    order = [(episode.mode, episode.seed, episode.instance) for episode in result.episodes]
    assert order == [(m, s, i) for m in ("invisible", "normal") for s in (3, 4) for i in about.instances]
    assert seen[0].played == 0
    assert seen[-1].played == seen[-1].episodes == 20
    assert [cell.success_rate for cell in seen[-1].cells] == [row.success for row in result.rows()]


def test_two_equal_runs_are_equal_in_their_logs(tmp_path: Path) -> None:
    digests = set()
    for number in range(2):
        result = evaluate("lake-4", agents=SCRIPTED, governors=["none", LEARNING], instances=6, runs=tmp_path / str(number))
        with RunLog.open(result.run) as log:
            digests.add(canonical_digest(log))
    assert len(digests) == 1


def test_several_workers_play_the_same_episodes(tmp_path: Path) -> None:
    what: dict[str, Any] = {
        "agents": SCRIPTED, "modes": ["invisible", "normal"], "governors": ["none", LEARNING, "random:0.5"],
        "world_models": "exact+transition=0.2", "instances": 12,
    }  # fmt: skip
    alone = evaluate("lake-4", runs=tmp_path / "1", **what)
    together = evaluate("lake-4", runs=tmp_path / "2", parallel=2, **what)
    assert len(alone.episodes) == 4 * 12
    assert bits(together.episodes) == bits(alone.episodes)


def test_what_is_given_as_an_object_is_played_in_threads_with_the_same_outcome(tmp_path: Path) -> None:
    what: dict[str, Any] = {
        "agents": [always, lefty], "world_models": [Wrong], "modes": ["invisible", "normal"], "instances": 10,
        "governors": ["none", lambda: Rules(lambda point: Ruling("veto"), learns=False)],
    }  # fmt: skip
    alone, together = (evaluate(Corridor(), runs=tmp_path / str(n), parallel=n, **what) for n in (1, 3))
    assert bits(together.episodes) == bits(alone.episodes)
    assert {episode.success for episode in alone.episodes} == {True, False}
    with pytest.raises(UsageError, match="begun with 'world' given as an object"):
        _half(alone.run, tmp_path / "half")
    again = _half(alone.run, tmp_path / "other", world=Corridor(), agents=[always, lefty], world_models=[Wrong],
                  governors=what["governors"][1:])  # fmt: skip
    assert bits(again.episodes) == bits(alone.episodes)


def test_what_is_wrong_is_said_before_anything_is_begun(tmp_path: Path) -> None:
    for what, said in (
        ({"agents": "nobody:perception=2"}, "nobody"),
        ({"world_models": "exact+nonsense=1"}, "nonsense"),
        ({"governors": "king"}, "king"),
        ({"modes": "hidden"}, "hidden"),
        ({"instances": 10**6}, "instances"),
        ({"parallel": 0}, "parallel"),
        ({"max_usd": -1.0}, "max_usd"),
        ({"reliable": 2.0}, "reliable"),
        ({"format": "smell"}, "smell"),
    ):
        with pytest.raises(jm.JourneymanError, match=said) as raised:
            evaluate("lake-4", runs=tmp_path, **what)
        assert raised.value.exit_status == 2
    with pytest.raises(UsageError, match="no world 'lake-5'"):
        evaluate("lake-5", runs=tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_breaks_in_a_worker_ends_the_run_with_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "class Breaks:\n    def begin(self, brief):\n        self.id = brief.instance.id\n"
        "    def reply(self, turn):\n        if self.id.endswith('3'):\n            raise KeyError('lost it')\n"
        "        return '<act>Left</act>'\n"
    )
    said = r"the agent failed in instance 'lake-4/test/\S*3': KeyError: 'lost it' \(.*mine.py, line 6\)"
    for parallel in (1, 2):
        with pytest.raises(EpisodeFailed, match=said):
            evaluate("lake-4", agents=f"{tmp_path}/mine.py:Breaks", instances=8, runs=tmp_path / "runs", parallel=parallel)
    for run in (tmp_path / "runs").iterdir():
        with RunLog.open(run) as log:
            assert list(log.events(events.STOPPED))
            assert not events.finished(log)


def test_a_worker_that_is_killed_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import os, signal\nclass Dies:\n    def begin(self, brief): pass\n"
        "    def reply(self, turn):\n        os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with pytest.raises(EpisodeFailed, match="a worker process was ended by signal SIGKILL"):
        evaluate("lake-4", agents=f"{tmp_path}/mine.py:Dies", instances=4, runs=tmp_path / "runs", parallel=2)


# --- going on -------------------------------------------------------------------------------------------------------------


def _half(run: Path, to: Path, keep: float = 0.5, **given: Any) -> Any:
    """The first part of a run's log, as a kill would have left it, gone on with."""
    with RunLog.open(run) as log:
        found = [e for e in log.events() if e.kind in (events.SESSION, events.EPISODE)]
        with RunLog.create(to, verb=log.verb, header=log.header) as copy:
            for event in found[: int(len(found) * keep)]:
                copy.append(event.kind, event.key, event.body, event.volatile)
    return resume(to, **given)


@pytest.mark.parametrize("governor", ["none", LEARNING])
@pytest.mark.parametrize("parallel", [1, 2])
def test_a_run_that_goes_on_ends_as_if_nothing_had_happened(tmp_path: Path, governor: str, parallel: int) -> None:
    """Also where a governor learns: it is brought to where it was."""
    whole = evaluate(
        "lake-4", agents=SCRIPTED, world_models="exact+transition=0.3", modes="normal", governors=governor, instances=16,
        runs=tmp_path,
    )  # fmt: skip
    rest = _half(whole.run, tmp_path / "half", parallel=parallel)
    assert bits(rest.episodes) == bits(whole.episodes)
    assert rest.reason == events.PLAYED
    assert resume(rest.run).episodes == rest.episodes, "one that has ended gives its result"


def test_a_governor_that_learned_something_else_would_have_been_noticed(tmp_path: Path) -> None:
    """The test above means something: a governor that begins anew in the middle rules differently."""
    governor = Rules(learns=True)
    counted: list[int] = []

    def rule(point: Any) -> Ruling:
        counted.append(len(governor.ends))
        return Ruling("veto", values={"episodes": float(len(governor.ends))})

    def make() -> Rules:
        nonlocal governor
        governor = Rules(rule, learns=True)
        return governor

    make.name = "counts"  # type: ignore[attr-defined]
    whole = evaluate(Corridor(), agents=[always], modes="normal", governors=[make], instances=8, runs=tmp_path)
    assert whole.episodes[5].decisions[0].ruling["values"] == {"episodes": 5.0}
    rest = _half(whole.run, tmp_path / "half", world=Corridor(), agents=[always], governors=[make])
    assert bits(rest.episodes) == bits(whole.episodes)


def test_a_world_that_has_changed_is_not_gone_on_with(tmp_path: Path) -> None:
    result = evaluate(Corridor(), agents=[always], modes="normal", instances=4, runs=tmp_path)
    with pytest.raises(RunError, match="the world 'corridor' has changed"):
        _half(result.run, tmp_path / "half", world=Moved(), agents=[always])


class Moved(Corridor):
    def reset(self, **rest: Any) -> tuple[int, dict[str, Any]]:
        self.at = 2
        return self.at, {}


def test_another_verbs_run_is_refused(tmp_path: Path) -> None:
    RunLog.create(tmp_path / "other", verb="optimize", header={}).close()
    with pytest.raises(RunError, match="of 'optimize', not of 'foresee'"):
        resume(tmp_path / "other")


def test_ctrl_c_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    def interrupt(progress: Any) -> None:
        if progress.played == 7:
            raise KeyboardInterrupt

    with pytest.raises(RunInterrupted, match="go on with: journeyman run resume"):
        evaluate("lake-4", agents=SCRIPTED, instances=10, runs=tmp_path, on_progress=interrupt)
    (run,) = tmp_path.iterdir()
    result = resume(run)
    assert bits(result.episodes) == bits(evaluate("lake-4", agents=SCRIPTED, instances=10, runs=tmp_path / "w").episodes)


def test_a_deadline_ends_a_run_that_can_be_gone_on_with(tmp_path: Path) -> None:
    class Slow(Says):
        def reply(self, turn: Any) -> Any:
            time.sleep(0.02)
            return super().reply(turn)

    def slow() -> Slow:
        return Slow(ACT)

    what: dict[str, Any] = {"agents": [slow]}
    result = evaluate(Corridor(), modes="normal", instances=40, runs=tmp_path, max_wall_s=0.2, **what)
    assert result.reason == "the deadline has come"
    assert len(result.episodes) < result.planned == 40
    again = resume(result.run, world=Corridor(), max_wall_s=0.0, **what)
    assert (again.reason, len(again.episodes)) == ("the deadline has come", len(result.episodes))
    assert len(resume(result.run, world=Corridor(), max_wall_s=1e6, **what).episodes) == 40


@pytest.mark.parametrize("parallel", [1, 2])
def test_sigkill_loses_no_finished_episode_and_none_is_played_twice(tmp_path: Path, parallel: int) -> None:
    """A real process, killed three times; what its workers were doing dies with it."""
    program = (
        "import sys, pathlib, journeyman as jm\n"
        "root = pathlib.Path(sys.argv[1])\n"
        "def follow(p):\n"
        "    print(p.played, flush=True)\n"
        f"what = dict(parallel={parallel}, on_progress=follow)\n"
        "runs = sorted(root.glob('foresee-*')) if root.exists() else []\n"
        "if runs: jm.foresee.resume(runs[0], **what)\n"
        f"else: jm.foresee.evaluate('lake-4', agents={SCRIPTED!r}, governors=['none', {LEARNING!r}], instances=25,\n"
        "                           runs=root, **what)\n"
    )
    root = tmp_path / "runs"
    told = 0
    for stop in (9, 30, 55):
        process = subprocess.Popen([sys.executable, "-c", program, str(root)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            told = int(line)
            if told >= stop:
                break
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        (run,) = root.glob("foresee-*")
        with RunLog.open(run) as log:
            kept = [key for key, _ in events.keyed_episodes(log)]
        assert len(kept) == len(set(kept)) >= told, "what was told is in the log"
    _wait_for_workers()
    result = resume(run)
    assert (result.reason, len(result.episodes)) == (events.PLAYED, 75)
    whole = evaluate("lake-4", agents=SCRIPTED, governors=["none", LEARNING], instances=25, runs=tmp_path / "whole")
    assert bits(result.episodes) == bits(whole.episodes)


def _wait_for_workers() -> None:
    """Workers end with the process that started them: none is left a few seconds later."""
    import psutil

    worker = "journeyman.foresee.evaluation.process"
    end = time.monotonic() + 10
    while time.monotonic() < end:
        found = [p.info for p in psutil.process_iter(["cmdline", "ppid"])]
        if not [info for info in found if worker in (info["cmdline"] or ()) and info["ppid"] == 1]:
            return
        time.sleep(0.05)
    raise AssertionError("a worker outlived its caller")


# --- the order of work ----------------------------------------------------------------------------------------------------


def test_all_cells_play_the_first_instances_first_and_chains_stay_with_their_worker() -> None:
    cells = (Cell("a"), Cell("b"), Cell("c", governor="learns"))
    schedule = Schedule(Plan("w", cells, 6, seeds=(0, 1)), set(), [2], range(3), 2)
    one, two = object(), object()
    first = schedule.next(one)
    assert first == Unit(2, 0, (0, 1), ())
    assert schedule.next(two) == Unit(2, 1, (0, 1), ())
    got = [schedule.next(one) for _ in range(4)]
    assert [(u.cell, u.seed) for u in got if u] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert all(u.instances == (0, 1) for u in got if u)
    schedule.ended(first)
    assert schedule.next(two) == Unit(0, 0, (2, 3)), "the chain of the other worker is not taken over"
    assert schedule.next(one) == Unit(2, 0, (2, 3), None)


def test_a_unit_given_back_begins_where_it_was_left() -> None:
    done = {(0, 0, 0)}
    schedule = Schedule(Plan("w", (Cell("a"),), 4), done, [0], [0], 4)
    unit = schedule.next("me")
    assert unit == Unit(0, 0, (1, 2, 3), (0,))
    schedule.give_back(unit, {*done, (0, 0, 1)})
    assert schedule.next("you") is None
    assert schedule.next("me") == Unit(0, 0, (2, 3), (0, 1)), "a governor that has seen half an episode begins anew"
    assert schedule.empty


# --- the forecast ---------------------------------------------------------------------------------------------------------


def test_a_forecast_plays_a_little_and_begins_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = forecast("lake-4", agents=SCRIPTED, modes=["invisible", "normal"], instances=50, seeds=[0, 1], parallel=2)
    assert (found.episodes, found.replies, found.tokens, found.usd) == (200, 0, 0, 0.0)
    assert found.seconds == pytest.approx(sum(cell.seconds for cell in found.cells) / 2)
    assert all(cell.seconds > 0 for cell in found.cells)
    assert not list(tmp_path.iterdir())


def test_agents_by_class_go_by_its_name() -> None:
    assert forecast(Corridor(), agents=always, modes="normal", instances=3).cells[0].cell == "always | exact | normal | none"
    with pytest.raises(UsageError, match="neither a name nor something that makes one"):
        evaluate("lake-4", agents=[7])  # type: ignore[list-item]
    assert ALLOW.verdict == "allow"


def test_a_world_that_cannot_be_copied_is_played_and_nobody_says_what_is_true(tmp_path: Path) -> None:
    (tmp_path / "my_world.py").write_text(
        "import sys, threading\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from protocol_doubles import Corridor\n"
        "class Locked(Corridor):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.lock = threading.Lock()\n"
    )

    class Guess:
        """Says that nothing will change."""

        name = "guess"

        def __init__(self, world: Any) -> None:
            self._world = world

        def predict(self, snapshot: bytes, actions: Any, asked: Any) -> Prediction:
            return Prediction(self._world.observe(), dict(self._world.digest()), snapshot, len(actions))

    for parallel in (1, 2):
        result = evaluate(
            f"{tmp_path}/my_world.py:Locked", agents=[always], world_models=[Guess], instances=3, runs=tmp_path / "runs",
            parallel=parallel,
        )  # fmt: skip
        assert all(episode.success for episode in result.episodes)
        calls = [d for episode in result.episodes for d in episode.decisions if d.context == "W"]
        assert len(calls) == 9
        assert all(d.predicted and not d.true for d in calls)


@pytest.mark.parametrize("parallel", [1, 2])
def test_each_reply_has_its_seconds_beside_the_record(parallel: int, tmp_path: Path) -> None:
    """Spec a.7: wall time. It differs between equal runs, so it is no part of the episode."""
    run = evaluate("lake-4", agents="scripted", instances=2, parallel=parallel, runs=tmp_path).run
    with RunLog.open(run) as log:
        played = [(msgspec.convert(e.body, Episode), e.volatile) for e in log.events(events.EPISODE)]
    assert len(played) == 4
    for episode, volatile in played:
        assert volatile is not None
        assert len(volatile["replies_s"]) == len(episode.replies) > 0
        assert 0 < sum(volatile["replies_s"]) < volatile["wall_s"]
