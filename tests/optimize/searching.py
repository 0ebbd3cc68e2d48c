"""What the tests of single searches share: a fixed course whose parents are on record, and a real run that is cut in two.

    python tests/optimize/searching.py

writes the record anew after a deliberate change of a search.
"""

from __future__ import annotations

import json
import operator
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from quick_task import Rough, Valley, make_task

from journeyman.errors import RunInterrupted
from journeyman.optimize import optimize, resume
from journeyman.optimize.progress import Progress
from journeyman.optimize.search import make_search
from journeyman.optimize.search.base import Search
from journeyman.optimize.trial import SEED, Request
from journeyman.runlog import RunLog, canonical_digest
from journeyman.testing.searches import a_trial

GOLDEN = Path(__file__).parent / "golden_courses.json"

RECORDED: dict[str, tuple[str, dict[str, Any]]] = {
    "independent": ("independent", {}),
    "sequential": ("sequential", {}),
    "best_of_n": ("best_of_n", {}),
    "ab_mcts": ("ab_mcts", {}),
    "adaptive": ("adaptive", {}),
    "adaptive of 8": ("adaptive", {"chains": 8, "patience": 0.5, "finish": 0.1}),
    "ab_mcts beta": ("ab_mcts", {"posterior": "beta"}),
}
"""Key of the record -> search and its options."""


def played_out(search: Search, count: int = 80, lanes: int = 2) -> list[list[Any]]:
    """Each request as [indices of its parents, chain or island], for fixed scores and `lanes` under way.

    A child is its parent plus noise that depends on its index alone, mostly worse; one in ten has no score, one in
    twenty is no candidate.
    """
    search.tell(a_trial(SEED, 0.0, ()))
    scores: dict[int, float] = {SEED: 0.0}
    asked: list[list[Any]] = []
    under_way: list[Request] = []
    index = 1
    while len(asked) < count:
        request = search.ask(index) if len(under_way) < lanes else None
        if request is not None:
            chain = request.hint.get("chain", request.hint.get("island"))
            asked.append([*(parent.index for parent in request.parents), chain])
            under_way.append(request)
            index += 1
            continue
        assert under_way, "None while nothing is in flight ends a run"
        done = under_way.pop(0)
        rng = random.Random(done.index)
        fate, step = rng.random(), rng.gauss(-0.5, 0.5)
        if fate < 0.05:
            search.failed(done.index)
            continue
        parents = tuple(parent.index for parent in done.parents)
        score = None if fate < 0.15 else round(scores.get(parents[0], 0.0) + step, 3)
        if score is not None:
            scores[done.index] = score
        search.tell(a_trial(done.index, score, parents))
    return asked


def recorded_course(key: str) -> list[list[Any]]:
    """The course that is to be on record under `key`."""
    name, options = RECORDED[key]
    return played_out(make_search(name, operator.gt, options, seed=7, evaluations=80))


def on_record(key: str) -> list[list[Any]]:
    """The course that is on record."""
    record: list[list[Any]] = json.loads(GOLDEN.read_text())[key]
    return record


def run_cut_and_whole(folder: Path, make: Callable[[], Search], parallel: int, evaluations: int = 60) -> None:
    """A real run with a proposer that fails and repeats itself, cut after a third and resumed.

    The searches are for the task's direction: smaller is better.
    """
    task = make_task(folder / "task")

    def cut(progress: Progress) -> None:
        if progress.spent.evaluations == evaluations // 3:
            raise KeyboardInterrupt

    with pytest.raises(RunInterrupted):
        optimize(
            task, search=make(), proposer=Rough(task, waits=parallel > 1), evaluations=evaluations, parallel=parallel,
            verifier=Valley(), runs=folder / "cut", on_progress=cut,
        )  # fmt: skip
    (run,) = (folder / "cut").iterdir()
    # What the log says must be what the search repeats, else this raises.
    result = resume(
        run, search=make(), proposer=Rough(task, waits=parallel > 1), verifier=Valley(), task=task
    )
    assert result.spent.evaluations == evaluations
    assert result.reason == "the budget of evaluations is spent"
    assert result.improved
    if parallel == 1:
        whole = optimize(
            task,
            search=make(),
            proposer=Rough(task),
            evaluations=evaluations,
            verifier=Valley(),
            runs=folder / "whole",
        )
        with RunLog.open(result.run) as one, RunLog.open(whole.run) as other:
            assert canonical_digest(one) == canonical_digest(other)


if __name__ == "__main__":
    courses = {key: recorded_course(key) for key in RECORDED}
    lines = [f"{json.dumps(key)}: {json.dumps(course)}" for key, course in courses.items()]
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n")
