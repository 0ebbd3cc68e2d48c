"""What the course of a run shows: a verdict as soon as one is due, else None.

A course is a metric's values in the order of its steps, by flat metric name (docs/distill-metrics.md). Values are compared
as medians of a few neighbours, so that one odd step decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import median

from journeyman.distill.check import commands
from journeyman.distill.check.commands import Names
from journeyman.distill.check.figures import Verdict
from journeyman.distill.check.thresholds import THRESHOLDS, Thresholds

Course = Mapping[str, Sequence[float]]

SAMPLER_GAP = "sampler/gap"
RECOVERY = "gap_recovery"
EARLY, LATE = "entropy/student/early", "entropy/student/late"


def judge_course(
    course: Course, *, names: Names | None = None, thresholds: Thresholds = THRESHOLDS, values: int | None = None
) -> Verdict | None:
    """The first of these that the course shows: stale rollouts, leaking mass, an entropy that runs away late in responses
    only, or everywhere, a foreign pattern, responses that no longer end, nothing to learn. None: none of them.

    `course` may hold any of "loss", "gradient/norm", "divergence/full", "overlap/ratio", "entropy/student", "entropy/gap",
    "mass/on_set", "response/truncated", "sampler/gap" (mean |difference| of the sampler's and the scorer's
    log-probabilities), "entropy/student/early" and "/late" (first and last third of the positions). `values`: how many of
    them a metric must have to say anything; default `thresholds.course_steps`, for a course with every step.
    """
    thresholds = thresholds if values is None else replace(thresholds, course_steps=values)
    names = names or Names()
    rules: tuple[Callable[[Course, Names, Thresholds], Verdict | None], ...] = (
        _stale, _leak, _late_entropy, _entropy, _pattern, _truncated, _flat,
    )  # fmt: skip
    for rule in rules:
        verdict = rule(course, names, thresholds)
        if verdict is not None:
            return verdict
    return None


def _series(course: Course, name: str, steps: int) -> tuple[float, ...] | None:
    values = tuple(value for value in course.get(name, ()) if value == value)
    return values if len(values) >= steps else None


def _start(values: Sequence[float]) -> float:
    return median(values[: _width(values)])


def _end(values: Sequence[float]) -> float:
    return median(values[-_width(values) :])


def _middle(values: Sequence[float]) -> float:
    at, width = len(values) // 2, _width(values)
    return median(values[at - width // 2 : at - width // 2 + width])


def _width(values: Sequence[float]) -> int:
    return max(1, min(5, len(values) // 4))


def _stale(course: Course, names: Names, limits: Thresholds) -> Verdict | None:
    gap = _series(course, SAMPLER_GAP, 4)
    if gap is None or _end(gap) <= limits.sampler_gap:
        return None
    return Verdict(
        "stale_rollouts",
        f"The sampler's log-probabilities are {_end(gap):.3f} nats a token off the scorer's ({_start(gap):.3f} at first): "
        "it samples from other weights than those that are trained. Hand it the new weights before every rollout.",
        {"sampler_gap": _end(gap), "sampler_gap_start": _start(gap)},
    )


def _leak(course: Course, names: Names, limits: Thresholds) -> Verdict | None:
    loss = _series(course, "loss", limits.course_steps)
    if loss is None or _end(loss) >= _start(loss):
        return None
    mass = _series(course, "mass/on_set", limits.course_steps)
    divergence = _series(course, "divergence/full", limits.course_steps)
    if mass is not None and _start(mass) - _end(mass) > limits.mass_fall:
        seen = f"the student's mass on the trained tokens from {_start(mass):.3f} to {_end(mass):.3f}"
        figures = {"mass_start": _start(mass), "mass": _end(mass)}
    elif divergence is not None and _end(divergence) > limits.divergence_growth * _start(divergence):
        seen = f"while the exact divergence rose from {_start(divergence):.4f} to {_end(divergence):.4f}"
        figures = {"divergence_start": _start(divergence), "divergence": _end(divergence)}
    else:
        return None
    return Verdict(
        "mass_leak",
        f"The loss fell from {_start(loss):.4f} to {_end(loss):.4f}, {seen}: probability drains to tokens "
        "that the loss does not see.",
        {"loss_start": _start(loss), "loss": _end(loss), **figures},
        commands.whole_vocabulary(names),
    )


def _runs_away(values: Sequence[float], limits: Thresholds) -> bool:
    end = _end(values)
    return end > limits.entropy_growth * _start(values) and end > limits.entropy_least and end > _middle(values)


def _late_entropy(course: Course, names: Names, limits: Thresholds) -> Verdict | None:
    early = _series(course, EARLY, limits.course_steps)
    late = _series(course, LATE, limits.course_steps)
    if early is None or late is None or not _runs_away(late, limits) or _runs_away(early, limits):
        return None
    return Verdict(
        "beyond_useful_depth",
        f"Late in the responses the student's entropy went from {_start(late):.2f} to {_end(late):.2f} nats, early in them "
        f"from {_start(early):.2f} to {_end(early):.2f}: instability has begun at the end, where the teacher is of no use.",
        {"entropy_late": _end(late), "entropy_early": _end(early)},
        commands.useful_depth(names),
    )


def _entropy(course: Course, names: Names, limits: Thresholds) -> Verdict | None:
    values = _series(course, "entropy/student", limits.course_steps)
    if values is None or not _runs_away(values, limits):
        return None
    return Verdict(
        "entropy_unstable",
        f"The student's entropy went from {_start(values):.2f} to {_end(values):.2f} nats a token and is rising.",
        {"entropy_start": _start(values), "entropy": _end(values)},
        commands.cold_start(names),
    )


def _pattern(course: Course, names: Names, limits: Thresholds) -> Verdict | None:
    overlap = _series(course, "overlap/ratio", limits.course_steps)
    gap = _series(course, "entropy/gap", limits.course_steps)
    if overlap is None or gap is None:
        return None
    if _start(overlap) - _end(overlap) < limits.overlap_fall or _end(gap) < limits.entropy_gap_growth * _start(gap):
        return None
    return Verdict(
        "pattern_mismatch",
        f"The overlap fell from {_start(overlap):.3f} to {_end(overlap):.3f} while the entropy gap grew from "
        f"{_start(gap):.3f} to {_end(gap):.3f} nats: the student leaves its own form without finding the teacher's.",
        {"overlap_start": _start(overlap), "overlap": _end(overlap), "entropy_gap": _end(gap)},
        commands.cold_start(names),
    )


def _truncated(course: Course, names: Names, limits: Thresholds) -> Verdict | None:
    share = _series(course, "response/truncated", limits.course_steps)
    if share is None or _end(share) < limits.truncated or _end(share) - _start(share) < limits.truncated_rise:
        return None
    return Verdict(
        "beyond_useful_depth",
        f"{_end(share):.0%} of the responses hit the limit, at the start {_start(share):.0%}: they no longer end by "
        "themselves. See first that student and teacher end with the same token.",
        {"truncated_start": _start(share), "truncated": _end(share)},
        commands.useful_depth(names),
    )


def _flat(course: Course, names: Names, limits: Thresholds) -> Verdict | None:
    steps = 2 * limits.course_steps
    divergence = _series(course, "divergence/full", steps)
    overlap = _series(course, "overlap/ratio", steps)
    entropy = _series(course, "entropy/student", steps)
    if divergence is None or overlap is None or entropy is None:
        return None
    recovered = course.get(RECOVERY, ())
    if recovered and recovered[-1] >= limits.recovered:
        return None  # it was measured that the student gains
    later, overlap_later = divergence[len(divergence) // 4 :], overlap[len(overlap) // 4 :]
    quiet = _start(divergence) < limits.quiet * _start(entropy)
    still = _end(later) > limits.flat_divergence * _start(later) and abs(_end(overlap_later) - _start(overlap_later)) < (
        limits.flat_overlap
    )
    learned = _end(divergence) < limits.learned_divergence * _start(divergence)
    if not quiet and not (still and not learned):
        return None
    return Verdict(
        "no_new_capability",
        f"The divergence began at {_start(divergence):.4f} nats a token and stands at {_end(divergence):.4f}, the overlap "
        f"began at {_start(overlap):.3f} and stands at {_end(overlap):.3f}: there is nothing left, or nothing at all, to "
        "learn from this teacher.",
        {"divergence_start": _start(divergence), "divergence": _end(divergence), "overlap": _end(overlap)},
    )
