"""Courses of runs: healthy ones say nothing, each sick one says what it has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from journeyman.distill.check.commands import Names
from journeyman.distill.events import Step
from journeyman.distill.watch import Watch, course_of
from journeyman.errors import TrainingFailed, UsageError

Course = dict[str, tuple[float, ...]]


def line(start: float, end: float, steps: int = 60, bend: float = 1.0) -> tuple[float, ...]:
    """From start to end, fast at first for a bend below 1; a small zigzag on top, as runs have."""
    return tuple(
        start + (end - start) * (i / (steps - 1)) ** bend + 0.004 * (end - start) * (-1) ** i for i in range(steps)
    )


def healthy(steps: int = 60) -> Course:
    """The published pair that works: overlap .72 to .92, the rest as section 4.1 has it."""
    return {
        "loss": line(0.27, 0.05, steps, 0.4), "divergence/full": line(0.27, 0.05, steps, 0.4),
        "gradient/norm": line(3.1, 1.0, steps), "overlap/ratio": line(0.72, 0.92, steps, 0.6),
        "entropy/student": line(0.9, 0.8, steps), "entropy/gap": line(0.27, 0.07, steps, 0.5),
        "mass/on_set": line(0.978, 0.99, steps), "response/truncated": line(0.6, 0.5, steps),
        "sampler/gap": line(0.010, 0.012, steps), "entropy/student/early": line(0.9, 0.8, steps),
        "entropy/student/late": line(1.0, 0.9, steps),
    }  # fmt: skip


@pytest.mark.parametrize("steps", [1, 3, 20, 60, 200])
def test_a_healthy_run_is_left_alone_at_every_step(steps: int) -> None:
    whole = healthy(200)
    assert Watch().judge({name: values[:steps] for name, values in whole.items()}) is None


def test_a_run_that_is_done_is_left_alone() -> None:
    done = healthy(60)
    flat = {name: values + (values[-1],) * 140 for name, values in done.items()}
    assert Watch().judge(flat) is None


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("entropy_unstable", {"entropy/student": line(1.14, 3.18), "entropy/student/early": line(1.1, 3.0),
                              "entropy/student/late": line(1.2, 3.3)}),
        ("pattern_mismatch", {"overlap/ratio": line(0.72, 0.49, bend=0.5), "entropy/gap": line(0.27, 0.9)}),
        ("mass_leak", {"mass/on_set": line(0.98, 0.6)}),
        ("mass_leak", {"divergence/full": line(0.27, 0.5), "mass/on_set": ()}),
        ("stale_rollouts", {"sampler/gap": line(0.01, 0.3)}),
        ("beyond_useful_depth", {"response/truncated": line(0.1, 0.9)}),
        ("beyond_useful_depth", {"entropy/student/late": line(1.0, 4.0), "entropy/student": line(0.9, 2.2)}),
        ("no_new_capability", {"divergence/full": line(0.05, 0.048), "loss": line(0.05, 0.048),
                               "overlap/ratio": line(0.745, 0.75)}),
        ("no_new_capability", {"divergence/full": line(0.2, 0.18), "loss": line(0.2, 0.18),
                               "overlap/ratio": line(0.745, 0.75)}),
    ],
)  # fmt: skip
def test_each_sick_course_is_named(name: str, changes: Course) -> None:
    verdict = Watch().judge({**healthy(), **changes})
    assert verdict is not None
    assert verdict.name == name
    assert verdict.figures
    assert not verdict.sentence.startswith(" ")


@pytest.mark.parametrize("steps", [1, 5, 19])
def test_nothing_is_said_of_a_course_too_short(steps: int) -> None:
    wild = {"entropy/student": line(1.0, 9.0, 60)[:steps], "loss": line(1.0, 0.1)[:steps]}
    assert Watch().judge(wild) is None


def test_an_entropy_near_nothing_may_double() -> None:
    assert Watch().judge({**healthy(), "entropy/student": line(0.02, 0.06), "divergence/full": line(0.3, 0.05)}) is None


def test_one_odd_step_decides_nothing() -> None:
    course = healthy()
    for name in ("entropy/student", "sampler/gap"):
        course[name] = (*course[name][:-1], 9.0)
    assert Watch().judge(course) is None


def sick() -> Course:
    return {**healthy(), "overlap/ratio": line(0.72, 0.49), "entropy/gap": line(0.27, 0.9)}


def test_warn_tells_with_the_command_and_stop_ends_with_it() -> None:
    told: list[str] = []
    names = Names("my student", "teacher", "p.jsonl")
    assert Watch("warn", names, tell=told.append).look(sick()) is not None
    assert "journeyman distill cold-start 'my student' teacher --prompts p.jsonl" in told[0]
    with pytest.raises(TrainingFailed, match="cold-start 'my student' teacher"):
        Watch("stop", names, tell=told.append).look(sick())
    assert Watch("off", names, tell=told.append).look(sick()) is None
    assert len(told) == 1


def test_a_watch_is_what_a_trainer_asks() -> None:
    watch: Callable[[Course], object] = Watch("stop")
    verdict = watch(sick())
    assert verdict is not None


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(UsageError, match="use warn, stop or off"):
        Watch("panic")  # type: ignore[arg-type]


def test_positions_become_their_first_and_last_third() -> None:
    rows = [Step(i, {"loss": float(i)}, {"entropy/student": [1.0, 2.0, 3.0, 4.0, 5.0, None]}) for i in range(3)]
    course = course_of(rows)
    assert course["loss"] == (0.0, 1.0, 2.0)
    assert course["entropy/student/early"] == (1.0,) * 3
    assert course["entropy/student/late"] == (5.0,) * 3
    assert "entropy/student/early" not in course_of([Step(1, {"loss": 1.0})])


def test_curves_that_look_flat_are_none_where_the_score_climbs() -> None:
    flat = {"divergence/full": line(0.2, 0.18), "loss": line(0.2, 0.18), "overlap/ratio": line(0.7, 0.71),
            "entropy/student": line(0.5, 0.5)}  # fmt: skip
    assert Watch().judge({**flat, "gap_recovery": (0.1,)}) is not None
    assert Watch().judge({**flat, "gap_recovery": (0.1, 0.4)}) is None
