"""The story of a run: one pass over its log that agrees with what the engine says."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from quick_task import Rough, Valley, make_task, params

import journeyman as jm
from journeyman.errors import RunCorrupt, RunError
from journeyman.optimize import Scripted, events
from journeyman.optimize.progress import Progress
from journeyman.optimize.said import read_prompt, read_reply
from journeyman.optimize.story import story_of
from journeyman.runlog import RunLog


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("story")
    task = make_task(folder / "task")
    return jm.optimize(
        task, evaluations=60, runs=folder / "runs", verifier=Valley(), proposer=Rough(task)
    ).run


def test_every_proposal_is_a_step_with_its_fate(made: Path) -> None:
    with RunLog.open(made) as log:
        story = story_of(log)
        kinds = [step.kind for step in story.steps]
        result = story.result
        assert [step.index for step in story.steps] == list(range(len(story.steps)))
        assert kinds[0] == "seed"
        assert kinds.count("verified") == result.verified == 60
        assert kinds.count("malformed") == result.failed_proposals > 0
        assert kinds.count("repeated") == result.repeated > 0
        assert story.course == tuple(range(len(story.steps)))
        for step in story.steps:
            assert (step.score is None) == (step.failed or step.status != "ok")
            assert step.failed == bool(story.failure(step.index))
            if step.has_candidate:
                assert story.candidate(step.index).digest
                verdict = story.verdict(step.index)
                assert verdict is not None
                assert verdict.score == step.score


def test_what_is_so_far_never_falls_back_and_ends_at_the_result(made: Path) -> None:
    with RunLog.open(made) as log:
        story = story_of(log)
    steps = [story.step(index) for index in story.course]
    for before, after in pairwise(steps):
        assert after.evaluations_so_far - before.evaluations_so_far in (0, 1)
        assert after.at_s >= before.at_s
        assert before.best_so_far is not None
        assert after.best_so_far is not None
        assert after.best_so_far <= before.best_so_far
        assert after.improved == (after.best_so_far < before.best_so_far)
    assert steps[-1].evaluations_so_far == story.result.spent.evaluations
    assert steps[-1].best_so_far == story.result.best.score
    curve = [(s.evaluations_so_far, s.best_so_far) for s in steps if s.improved or s.index == 0]
    assert curve == list(story.result.curve)


def test_a_noisy_best_counts_with_its_second_measurement(tmp_path: Path) -> None:
    task = make_task(tmp_path / "task", noise=0.5)
    script = [{"params.toml": params(x)} for x in (3.0, 2.0, 6.0)]
    result = jm.optimize(
        task, evaluations=6, runs=tmp_path / "runs", verifier=Valley(), proposer=Scripted(script)
    )
    with RunLog.open(result.run) as log:
        story = story_of(log)
    assert [step.improved for step in story.steps] == [False, True, True, False]
    assert [step.evaluations_so_far for step in story.steps] == [0, 2, 4, 5]


def test_a_story_can_be_told_at_any_moment(tmp_path: Path) -> None:
    """After every step of a live run the story holds, and what is not settled is under way."""
    task = make_task(tmp_path / "task")
    seen: list[tuple[int, int]] = []

    def look(progress: Progress) -> None:
        (folder,) = [p for p in (tmp_path / "runs").iterdir() if not p.name.startswith(".")]
        with RunLog.open(folder) as log:
            story = story_of(log)
        under_way = [step for step in story.steps if step.kind == "under way"]
        assert len(story.course) + len(under_way) == len(story.steps)
        seen.append((len(story.course), len(under_way)))

    jm.optimize(
        task, evaluations=12, parallel=2, runs=tmp_path / "runs", verifier=Valley(0.01), proposer=Rough(task, waits=True),
        on_progress=look,
    )  # fmt: skip
    assert [settled for settled, _ in seen] == sorted(settled for settled, _ in seen)
    assert any(under_way for _, under_way in seen)
    assert seen[-1][1] == 0


def test_a_log_without_a_seed_has_no_story(tmp_path: Path) -> None:
    with (
        RunLog.create(tmp_path / "run", verb="optimize", header={"task": "t"}) as log,
        pytest.raises(RunError, match="no result yet"),
    ):
        story_of(log)


def test_the_end_of_a_proposer_is_no_proposal(tmp_path: Path) -> None:
    task = make_task(tmp_path / "task")
    script = [{"params.toml": params(3.0)}]
    result = jm.optimize(
        task, evaluations=5, runs=tmp_path / "runs", verifier=Valley(), proposer=Scripted(script)
    )
    with RunLog.open(result.run) as log:
        assert any(event.kind == events.FAILED for event in log.events())
        assert [step.kind for step in story_of(log).steps] == ["seed", "verified"]


def test_records_of_prompts_and_replies_are_read_back() -> None:
    image = b'{"media_type": "image/png", "digest": "ab"}'
    blob = b'{"messages": [{"role": "user", "text": "hot", "images": [%s]}], "max_tokens": 5}' % image
    (said,) = read_prompt(blob)
    assert (said.role, said.text, said.images[0].digest) == ("user", "hot", "ab")
    assert read_reply(b'{"text": "colder", "outcome": "answered", "usage": null}').text == "colder"
    for broken in (b"", b"[]", b'{"messages": 3}', b"\xff"):
        with pytest.raises(RunCorrupt, match="cannot be read"):
            read_prompt(broken)
    with pytest.raises(RunCorrupt, match="cannot be read"):
        read_reply(b'{"text": 3}')
