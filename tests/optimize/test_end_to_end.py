"""The whole way, with verifier processes: nothing here is in this process but the engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from quick_task import make_task, params

import journeyman as jm
from journeyman.errors import PreflightFailure
from journeyman.optimize import Scripted
from journeyman.runlog import RunLog, canonical_digest
from journeyman.verify import Status


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEYMAN_CACHE", str(tmp_path / "cache"))


def test_a_parameter_file_is_improved_and_the_log_is_the_same_with_and_without_cache(tmp_path: Path) -> None:
    task = make_task(tmp_path / "task")
    digests = []
    for _ in range(2):
        result = jm.optimize(task, evaluations=25, runs=tmp_path / "runs")
        assert result.improved
        assert result.best_held_out is not None
        assert result.best_held_out.status is Status.OK
        with RunLog.open(result.run) as log:
            digests.append(canonical_digest(log))
    assert digests[0] == digests[1]


def test_a_task_whose_seed_fails_is_refused_before_there_is_a_run(tmp_path: Path) -> None:
    folder = make_task(tmp_path / "task").folder
    (folder / "params.toml").write_text("x = 1.0\ny = 1.0\nn = 19\n")
    with pytest.raises(PreflightFailure, match="infeasible"):
        jm.optimize(folder, evaluations=5, runs=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_job_shop_in_the_sandbox_with_two_lanes(tmp_path: Path) -> None:
    result = jm.optimize(
        "operations/job_shop", evaluations=6, parallel=2, runs=tmp_path / "runs", cache=False
    )
    assert result.spent.evaluations == 6
    assert result.feasible == 6
    assert result.best.verdict.level
    assert result.seed_held_out is not None
    assert (result.run / "best" / "design" / jm.load_task("operations/job_shop").main).is_file()


def test_a_candidate_that_crashes_is_told_why(tmp_path: Path) -> None:
    seen = {}

    def script(request: object, rng: object) -> dict[str, str]:
        from journeyman.optimize import Request

        assert isinstance(request, Request)
        seen[request.index] = [parent.feedback for parent in request.parents]
        return {"params.toml": "x = = 1" if request.index == 1 else params(1.0)}

    task = make_task(tmp_path / "task")
    result = jm.optimize(task, proposer=Scripted(script), evaluations=2, runs=tmp_path / "runs")
    assert result.feasible == 1
    assert len(seen[2]) == 2
    assert seen[2][1]


def test_the_finalist_is_drawn_at_the_end(tmp_path: Path) -> None:
    folder = make_task(tmp_path / "task").folder
    text = (folder / "verifier.py").read_text()
    (folder / "verifier.py").write_text(
        text + "\n\ndef draw(instance, design):\n    return {'valley.svg': str(design).encode()}\n"
    )
    result = jm.optimize(folder, evaluations=2, runs=tmp_path / "runs")
    from journeyman.optimize import pictures_of

    with RunLog.open(result.run) as log:
        assert list(pictures_of(log)) == ["valley.svg"]
    assert b"'n'" in (result.run / "best" / "pictures" / "valley.svg").read_bytes()
