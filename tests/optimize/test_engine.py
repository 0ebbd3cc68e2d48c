"""The loop: exact budgets, failures of every kind, one seed one log."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from quick_task import Valley, make_task, params, valley, verdict

from journeyman.errors import PreflightFailure, ProposalFailed, RunInterrupted, UsageError, VerifierFailure
from journeyman.optimize import Chains, Scripted, optimize, resume
from journeyman.optimize.progress import Progress
from journeyman.optimize.trial import Proposal, Request
from journeyman.runlog import RunLog, canonical, canonical_digest
from journeyman.verify import Status, Task, make_candidate


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return make_task(tmp_path / "task")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def events_of(run: Path, kind: str | None = None) -> list[Any]:
    with RunLog.open(run) as log:
        return list(log.events(kind))


def digest_of(run: Path) -> str:
    with RunLog.open(run) as log:
        return canonical_digest(log)


def different(request: Request, rng: Any) -> str:
    return params(request.index / 100)


def test_a_run_improves_its_seed_and_measures_both_on_held_out(task: Task, runs: Path) -> None:
    verifier = Valley()
    result = optimize(task, evaluations=200, verifier=verifier, runs=runs)
    assert result.spent.evaluations == 200
    assert result.reason == "the budget of evaluations is spent"
    assert not result.maximize
    assert result.seed.score is not None
    assert result.best.score is not None
    assert result.best.score < 3.0 < result.seed.score
    assert result.seed_held_out is not None
    assert result.best_held_out is not None
    assert result.improved
    assert [s for s in verifier.seen if s[1] == "held-out"] == [
        (result.seed.digest, "held-out", 0), (result.best.digest, "held-out", 0),
    ]  # fmt: skip
    assert result.curve[0] == (0, result.seed.score)
    assert result.curve[-1][1] == result.best.score
    assert [score for _, score in result.curve] == sorted((s for _, s in result.curve), reverse=True)


def test_serial_runs_with_one_seed_are_equal_bit_for_bit(task: Task, runs: Path) -> None:
    first = optimize(task, evaluations=60, seed=3, verifier=Valley(), runs=runs)
    again = optimize(task, evaluations=60, seed=3, verifier=Valley(takes_s=0.001), runs=runs)
    other = optimize(task, evaluations=60, seed=4, verifier=Valley(), runs=runs)
    assert digest_of(first.run) == digest_of(again.run)
    assert digest_of(first.run) != digest_of(other.run)


def test_nothing_that_differs_between_equal_runs_is_canonical(task: Task, runs: Path) -> None:
    result = optimize(task, evaluations=5, verifier=Valley(), runs=runs)
    with RunLog.open(result.run) as log:
        bodies = [body for _, _, body in canonical(log)]
    named = {key for body in bodies for key in _keys(body)}
    assert not named & {"wall_s", "cpu_s", "memory_mb", "pid", "host", "attempts", "at_s", "cached"}


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {k for v in value.values() for k in _keys(v)}
    return {k for v in value for k in _keys(v)} if isinstance(value, list) else set()


@pytest.mark.parametrize("parallel", [1, 3, 8])
def test_the_budget_is_exact(task: Task, runs: Path, parallel: int) -> None:
    verifier = Valley(takes_s=0.002)
    result = optimize(
        task, proposer=Scripted(different), evaluations=50, parallel=parallel, verifier=verifier, runs=runs
    )
    assert result.spent.evaluations == 50
    assert len(verifier.dev()) == 51
    assert verifier.most_at_once <= parallel


def test_all_lanes_are_kept_busy_while_proposals_wait(task: Task, runs: Path) -> None:
    verifier = Valley(takes_s=0.02)
    proposer = Scripted(different, waits=True)
    optimize(task, proposer=proposer, evaluations=40, parallel=4, verifier=verifier, runs=runs)
    assert verifier.most_at_once == 4


def test_a_failed_proposal_costs_a_proposal_and_is_fed_back(task: Task, runs: Path) -> None:
    told: list[str] = []

    def script(request: Request, rng: Any) -> str:
        told.append(request.failure)
        if request.index % 2:
            raise ProposalFailed("malformed", f"no diff in reply {request.index}")
        return params(request.index / 100)

    verifier = Valley()
    result = optimize(task, proposer=Scripted(script), evaluations=5, verifier=verifier, runs=runs)
    assert result.spent.evaluations == 5
    assert result.spent.proposals == 10
    assert result.failed_proposals == 5
    assert told[1] == "no diff in reply 1"
    assert told[2] == ""
    assert len(verifier.dev()) == 6


def test_a_run_of_failures_ends_by_its_proposals(task: Task, runs: Path) -> None:
    def script(request: Request, rng: Any) -> str:
        raise ProposalFailed("timeout", "no answer")

    result = optimize(
        task, proposer=Scripted(script), evaluations=5, parallel=2, verifier=Valley(), runs=runs
    )
    assert result.spent.evaluations == 0
    assert result.spent.proposals == 30
    assert result.reason == "the budget of proposals is spent; too many gave no new candidate"
    assert result.best.index == 0


def test_an_invalid_tree_is_a_failed_proposal(task: Task, runs: Path) -> None:
    script: list[Any] = [{"../params.toml": "x = 1"}, params(1.0)]
    result = optimize(task, proposer=Scripted(script), evaluations=5, verifier=Valley(), runs=runs)
    assert [e.body["kind"] for e in events_of(result.run, "proposal_failed")] == ["invalid", "nothing_left"]
    assert result.spent.evaluations == 1
    assert result.reason is not None
    assert "script" in result.reason


@pytest.mark.parametrize("parallel", [1, 4])
def test_the_same_files_again_take_the_verdict_and_no_evaluation(
    task: Task, runs: Path, parallel: int
) -> None:
    verifier = Valley(takes_s=0.002)
    script = [params(1.0), params(1.0), params(2.0), params(1.0), params(2.0), params(3.0)]
    result = optimize(
        task, proposer=Scripted(script), evaluations=9, parallel=parallel, verifier=verifier, runs=runs
    )
    assert result.repeated == 3
    assert result.spent.evaluations == 3
    assert result.spent.proposals == 6
    assert Counter(verifier.dev()).most_common(1)[0][1] == 1
    for event in events_of(result.run, "repeated"):
        assert (
            event.body["score"]
            == valley(make_candidate({"params.toml": script[event.body["index"] - 1]}), "dev").score
        )


def test_the_seed_proposed_again_is_not_verified_again(task: Task, runs: Path) -> None:
    verifier = Valley()
    result = optimize(task, proposer=Scripted([task.seed]), evaluations=3, verifier=verifier, runs=runs)
    assert (result.repeated, result.spent.evaluations, len(verifier.dev())) == (1, 0, 1)


def test_a_seed_that_does_not_verify_stops_the_run_in_one_sentence(task: Task, runs: Path) -> None:
    verifier = Valley(meddle=lambda *_: verdict(Status.INFEASIBLE, feedback="it breaks"))
    with pytest.raises(
        PreflightFailure, match=r"the seed of task 'test/valley' does not verify .infeasible.: it breaks"
    ):
        optimize(task, evaluations=3, verifier=verifier, runs=runs)


def test_a_verifier_error_on_a_candidate_is_charged_and_the_run_goes_on(task: Task, runs: Path) -> None:
    broken = make_candidate({"params.toml": params(2.0)}).digest

    def meddle(candidate: Any, split: str, repeat: int, given: Any) -> Any:
        return (
            verdict(Status.VERIFIER_ERROR, split, feedback="the scorer hung")
            if candidate.digest == broken
            else given
        )

    verifier = Valley(meddle=meddle)
    script = Scripted([params(1.0), params(2.0), params(3.0)])
    result = optimize(task, proposer=script, evaluations=3, verifier=verifier, runs=runs)
    assert result.spent.evaluations == 3
    assert result.feasible == 2
    assert [repeat for digest, _, repeat in verifier.seen if digest == task.seed.digest] == [0, 1_000_001, 0]


def test_a_verifier_that_fails_on_the_seed_too_stops_the_run_which_can_go_on_later(
    task: Task, runs: Path
) -> None:
    mended = []

    def meddle(candidate: Any, split: str, repeat: int, given: Any) -> Any:
        first = candidate.digest == task.seed.digest and repeat == 0
        return given if first or mended else verdict(Status.VERIFIER_ERROR, split, feedback="no licence")

    with pytest.raises(
        VerifierFailure, match=r"after 1 evaluations the verifier .* fails on the seed too .*no licence"
    ):
        optimize(task, evaluations=4, verifier=Valley(meddle=meddle), runs=runs)
    mended.append(True)
    (run,) = runs.iterdir()
    result = resume(run, verifier=Valley(meddle=meddle))
    assert result.spent.evaluations == 4
    assert result.feasible == 3


def test_an_infrastructure_error_is_retried_once_and_not_charged(task: Task, runs: Path) -> None:
    calls: Counter[str] = Counter()
    once = make_candidate({"params.toml": params(1.0)}).digest
    always = make_candidate({"params.toml": params(2.0)}).digest

    def meddle(candidate: Any, split: str, repeat: int, given: Any) -> Any:
        calls[candidate.digest] += split == "dev"
        fails = candidate.digest == always or (candidate.digest == once and calls[once] == 1)
        return verdict(Status.INFRASTRUCTURE_ERROR, split) if fails else given

    script = Scripted([params(1.0), params(2.0), params(2.0), params(3.0)])
    result = optimize(task, proposer=script, evaluations=2, verifier=Valley(meddle=meddle), runs=runs)
    assert calls[once] == 2
    # Never verified, so the same files are no repetition: they are tried again.
    assert calls[always] == 4
    assert result.repeated == 0
    assert result.spent.evaluations == 2
    assert result.spent.proposals == 4


def test_a_noisy_best_counts_only_as_measured_again(tmp_path: Path, runs: Path) -> None:
    task = make_task(tmp_path / "noisy", noise=0.1)
    lucky = make_candidate({"params.toml": params(3.9)}).digest

    def meddle(candidate: Any, split: str, repeat: int, given: Any) -> Any:
        return (
            verdict(Status.OK, split, 0.5, repeat=0)
            if candidate.digest == lucky and split == "dev" and repeat == 0
            else given
        )

    verifier = Valley(meddle=meddle)
    script = Scripted([params(3.9), params(3.5), params(5.0)])
    result = optimize(task, proposer=script, evaluations=5, verifier=verifier, runs=runs)
    assert result.best.index == 2
    assert result.best.verdict.repeat == 1
    # Three candidates, two of which beat the best so far at first sight.
    assert result.spent.evaluations == 5
    assert [repeat for digest, split, repeat in verifier.seen if digest == lucky] == [0, 1]


def test_without_budget_to_measure_again_a_noisy_best_stays(tmp_path: Path, runs: Path) -> None:
    task = make_task(tmp_path / "noisy", noise=0.1)
    result = optimize(task, proposer=Scripted([params(1.0)]), evaluations=1, verifier=Valley(), runs=runs)
    assert result.best.index == 0


def test_a_finalist_that_fails_on_held_out_is_the_result(task: Task, runs: Path) -> None:
    best = make_candidate({"params.toml": params(0.5)}).digest

    def meddle(candidate: Any, split: str, repeat: int, given: Any) -> Any:
        bad = split == "held-out" and candidate.digest == best
        return verdict(Status.INFEASIBLE, split, feedback="learnt by heart") if bad else given

    script = Scripted([params(1.0), params(0.5), params(2.0)])
    result = optimize(task, proposer=script, evaluations=3, verifier=Valley(meddle=meddle), runs=runs)
    assert result.best.index == 2
    assert result.best_held_out is not None
    assert result.best_held_out.status is Status.INFEASIBLE
    assert not result.improved


def test_without_a_held_out_split_there_is_no_held_out_verdict(tmp_path: Path, runs: Path) -> None:
    task = make_task(tmp_path / "dev_only", held_out=False)
    result = optimize(task, evaluations=3, verifier=Valley(), runs=runs)
    assert result.best_held_out is None
    assert result.reason is not None


def test_every_request_says_all_that_a_proposer_must_know(task: Task, runs: Path) -> None:
    asked: list[Request] = []

    def script(request: Request, rng: Any) -> str:
        asked.append(request)
        return params(request.index / 50)

    optimize(
        task,
        proposer=Scripted(script),
        evaluations=20,
        parallel=3,
        search_options={"width": 2},
        verifier=Valley(),
        runs=runs,
    )
    for request in asked:
        assert request.brief is not None
        assert "bottom of the valley" in request.brief.statement
        assert "`n` is an integer at least 0 and at most 20." in request.brief.constraints
        assert request.parents[0].verdict.status is Status.OK
        assert "x lies" in request.parents[0].feedback
        assert "params.toml" in request.parents[0].candidate.files
        assert request.evaluations_left is not None
        assert 1 <= request.evaluations_left <= 20


def test_what_was_caught_or_not_its_fault_is_not_told(task: Task, runs: Path) -> None:
    seen: dict[int, str] = {}

    def script(request: Request, rng: Any) -> str:
        seen.update({p.index: p.feedback for p in request.parents})
        return params(request.index / 50)

    def meddle(candidate: Any, split: str, repeat: int, given: Any) -> Any:
        bad = "0.02" in candidate.text("params.toml")
        return verdict(Status.TAMPERING, split, feedback="it rewrote the clock") if bad else given

    optimize(task, proposer=Scripted(script), evaluations=4, verifier=Valley(meddle=meddle), runs=runs)
    assert seen[1] == ""


def test_after_the_deadline_nothing_new_is_started(task: Task, runs: Path) -> None:
    verifier = Valley(takes_s=0.02)
    result = optimize(
        task,
        proposer=Scripted(different),
        evaluations=None,
        max_wall_s=0.3,
        parallel=2,
        verifier=verifier,
        runs=runs,
    )
    assert result.reason == "the deadline has come"
    assert 1 <= result.spent.evaluations <= 30
    assert result.best_held_out is not None


def test_an_endless_call_is_refused(task: Task) -> None:
    with pytest.raises(UsageError, match="needs an end"):
        optimize(task, evaluations=None, verifier=Valley())


def test_progress_is_reported_after_every_step(task: Task, runs: Path) -> None:
    seen: list[Progress] = []
    optimize(task, evaluations=10, verifier=Valley(), runs=runs, on_progress=seen.append)
    assert [p.spent.proposals for p in seen] == list(range(1, len(seen) + 1))
    assert seen[-1].spent.evaluations == seen[-1].budget.evaluations == 10
    assert seen[-1].feasible_share is not None
    assert 0 <= seen[-1].feasible_share <= 1


def test_ctrl_c_leaves_a_run_that_goes_on_to_the_same_end(task: Task, runs: Path) -> None:
    whole = optimize(task, evaluations=20, verifier=Valley(), runs=runs / "whole")

    def interrupt(progress: Progress) -> None:
        if progress.spent.evaluations == 7:
            raise KeyboardInterrupt

    with pytest.raises(
        RunInterrupted,
        match="stopped after 7 evaluations, nothing is lost; go on with: journeyman run resume",
    ):
        optimize(task, evaluations=20, verifier=Valley(), runs=runs / "cut", on_progress=interrupt)
    (run,) = (runs / "cut").iterdir()
    result = resume(run, verifier=Valley())
    assert digest_of(result.run) == digest_of(whole.run)


def test_a_chain_of_given_depth_ends_the_run(task: Task, runs: Path) -> None:
    result = optimize(
        task,
        proposer=Scripted(different),
        evaluations=100,
        search_options={"width": 3, "depth": 4},
        verifier=Valley(),
        runs=runs,
    )
    assert result.spent.evaluations == 12
    assert result.reason == "the search has nothing more to ask"


def test_own_search_and_proposer_resume_only_with_themselves(task: Task, runs: Path) -> None:
    chains = Chains(lambda a, b: a < b, width=2)
    result = optimize(
        task, search=chains, proposer=Scripted(different), evaluations=4, verifier=Valley(), runs=runs
    )
    assert result.spent.evaluations == 4
    with RunLog.open(result.run) as log:
        assert log.header["search"] == {"name": "Chains", "options": {}, "given": True}


def test_tokens_and_transcripts_of_a_proposal_are_on_record(task: Task, runs: Path) -> None:
    from journeyman.ledger import Spend

    class Paid:
        name, waits, worst_case = "paid", True, Spend(tokens=100)

        def propose(self, request: Request, rng: Any) -> Proposal:
            made = make_candidate({"params.toml": params(request.index / 10)})
            return Proposal(
                made,
                transcript={"prompt": b"improve it", "reply": b"x = 1"},
                spend=Spend(tokens=70, micro_usd=5),
            )

        def observe(self, trial: Any) -> None:
            pass

    result = optimize(task, proposer=Paid(), evaluations=3, verifier=Valley(), runs=runs)
    assert (result.spent.tokens, result.spent.micro_usd) == (210, 15)
    with RunLog.open(result.run) as log:
        body = next(e.body for e in log.events("candidate") if e.key == "1")
        assert body is not None
        assert log.blob(body["transcript"]["reply"]) == b"x = 1"


def test_a_verifier_that_fails_on_the_seed_at_first_leaves_a_run_that_can_go_on(
    task: Task, runs: Path
) -> None:
    broken = Valley(meddle=lambda *_: verdict(Status.INFRASTRUCTURE_ERROR, feedback="no memory left"))
    with pytest.raises(VerifierFailure, match=r"fails on the seed .infrastructure_error.: no memory left"):
        optimize(task, evaluations=2, verifier=broken, runs=runs)
    (run,) = runs.iterdir()
    assert resume(run, verifier=Valley()).spent.evaluations == 2


def test_a_cap_on_proposals_alone_ends_a_run(task: Task, runs: Path) -> None:
    result = optimize(
        task, proposer=Scripted(different), evaluations=None, proposals=7, verifier=Valley(), runs=runs
    )
    assert result.spent.evaluations == 7
    assert result.reason == "the budget of proposals is spent"
