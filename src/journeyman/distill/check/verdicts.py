"""From figures to a verdict: rules in a fixed order, each resting on figures that it names.

    verdict = judge(figures, names=Names("student", "teacher", "prompts.jsonl"))
    print(verdict.sentence, verdict.remedy)

No rule rests on the overlap at the start: in the paper the teacher that works often starts lower (.703 against .757), in a
small lab higher. A rule whose figures were not measured does not apply, and "ready" needs all that could speak against it;
what is missing is said by "undecided".
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from journeyman.distill.check import commands
from journeyman.distill.check.commands import Names
from journeyman.distill.check.course import judge_course
from journeyman.distill.check.figures import PairFigures, Verdict
from journeyman.distill.check.thresholds import THRESHOLDS, Thresholds


def judge(figures: PairFigures, *, names: Names | None = None, thresholds: Thresholds = THRESHOLDS) -> Verdict:
    """What is the matter with the pair, first cause first.

    Order: what a run under way already shows; another template; too long a horizon, since what lies beyond it spoils every
    mean after it; a foreign pattern; nothing to learn; an entropy that will not stay; else ready, or undecided with what to
    measure.
    """
    names = names or Names()
    rules = (_course, _template, _depth, _pattern, _capability, _entropy)
    for rule in rules:
        verdict = rule(figures, names, thresholds)
        if verdict is not None:
            return verdict
    return _ready_or_undecided(figures, names, thresholds)


def missing(figures: PairFigures, thresholds: Thresholds = THRESHOLDS) -> tuple[str, ...]:
    """What "ready" needs and is not known, or known too roughly, in words."""
    lacks: list[str] = []
    if figures.student_score is None or figures.teacher_score is None:
        lacks.append("both scores on the same prompts")
    elif _gap_is_open(figures, thresholds):
        lacks.append("scores on more prompts")
    if figures.divergence is None:
        lacks.append("the divergence on the student's own rollouts")
    if figures.entropy_student is None:
        lacks.append("the student's entropy")
    if figures.mass_student is None or figures.mass_teacher is None:
        lacks.append("the mass that both put on shared tokens")
    return tuple(lacks)


def loudness(figures: PairFigures, thresholds: Thresholds = THRESHOLDS) -> float | None:
    """Divergence over the student's entropy, a share without unit; None where one of them is not known.

    An entropy below `entropy_least` counts as that: where nothing is open, a share of it is an effect of the floor.
    """
    if figures.divergence is None or figures.entropy_student is None:
        return None
    return figures.divergence / max(figures.entropy_student, thresholds.entropy_least)


def depth_of_use(gains: Sequence[tuple[int, float]], thresholds: Thresholds = THRESHOLDS) -> int | None:
    """Tokens into a response where the teacher's gain falls below `depth_gain` of the shallowest, linear in between.

    None where it never falls so far, or where even the shallowest gain is nothing.
    """
    ordered = sorted(gains)
    if len(ordered) < 2 or ordered[0][1] < thresholds.depth_least:
        return None
    wanted = thresholds.depth_gain * ordered[0][1]
    for (shallow, before), (deep, after) in pairwise(ordered):
        if after < wanted:
            return round(shallow + (before - wanted) / (before - after) * (deep - shallow))
    return None


def _course(figures: PairFigures, names: Names, thresholds: Thresholds) -> Verdict | None:
    return judge_course(figures.course, names=names, thresholds=thresholds) if figures.course else None


def _template(figures: PairFigures, names: Names, thresholds: Thresholds) -> Verdict | None:
    overlaps, here = figures.overlap_by_template, figures.template
    if here not in overlaps or len(overlaps) < 2:
        return None
    best = max(overlaps, key=lambda name: overlaps[name])
    gained = overlaps[best] - overlaps[here]
    if gained < thresholds.template_overlap or _diverges_more(figures, best):
        return None
    return Verdict(
        "prompts_not_the_teachers",
        f"Under template '{best}' the two share {overlaps[best]:.3f} of their likeliest tokens, under '{here}' "
        f"{overlaps[here]:.3f}: the prompts are not put as the teacher knows them.",
        {"overlap_here": overlaps[here], "overlap_there": overlaps[best]},
        commands.other_template(names, best),
    )


def _diverges_more(figures: PairFigures, template: str) -> bool:
    """A template whose overlap is higher but whose divergence is higher too is no better."""
    divergences = figures.divergence_by_template
    return divergences.get(template, 0.0) > divergences.get(figures.template, float("inf"))


def _pattern(figures: PairFigures, names: Names, thresholds: Thresholds) -> Verdict | None:
    ratio = loudness(figures, thresholds)
    masses = [mass for mass in (figures.mass_student, figures.mass_teacher) if mass is not None]
    if ratio is None or not masses or figures.divergence is None:
        return None
    apart = min(masses) < thresholds.shared_mass
    if not (apart and ratio > thresholds.quiet) and not ratio > thresholds.loud:
        return None
    return Verdict(
        "pattern_mismatch",
        f"The divergence of {figures.divergence:.3f} nats a token is {ratio:.2f} of the student's entropy, and as little as "
        f"{min(masses):.2f} of the probability is on shared tokens: the teacher thinks in another form. Start cold, on its "
        f"own responses, first.{_behind(figures, thresholds)}",
        {"divergence": figures.divergence, "divergence_of_entropy": ratio, "mass": min(masses)},
        commands.cold_start(names),
    )


def _behind(figures: PairFigures, thresholds: Thresholds) -> str:
    """A foreign form can hide right answers from a grader, so a low score does not say which of the two it is."""
    gap = score_gap(figures)
    if gap is None or gap[0] + thresholds.errors * gap[1] >= 0:
        return ""
    return (
        f" It also scores {figures.teacher_score:.3f} against the student's {figures.student_score:.3f}: read some of its "
        "responses before; where they are wrong, and not only put differently, it has nothing to teach on these prompts."
    )


def _capability(figures: PairFigures, names: Names, thresholds: Thresholds) -> Verdict | None:
    return _no_gap(figures, thresholds) or _no_signal(figures, thresholds)


def _no_gap(figures: PairFigures, thresholds: Thresholds) -> Verdict | None:
    gap = score_gap(figures)
    if gap is None or gap[0] + thresholds.errors * gap[1] >= thresholds.min_gap:
        return None
    difference, error = gap
    student, teacher = figures.student_score or 0.0, figures.teacher_score or 0.0
    effect = (
        "the student would lose what it has"
        if difference + thresholds.errors * error < 0
        else f"that is not the {thresholds.min_gap:.2f} which a student needs to gain anything"
    )
    return Verdict(
        "no_new_capability",
        f"The teacher scores {teacher:.3f} and the student {student:.3f} (difference {difference:+.3f} ± {error:.3f}): "
        f"{effect}. Take a teacher that was trained further, with rewards, not one that is only bigger.",
        {"student_score": student, "teacher_score": teacher, "score_s_e": error},
    )


def _no_signal(figures: PairFigures, thresholds: Thresholds) -> Verdict | None:
    ratio, floor = loudness(figures, thresholds), figures.divergence_floor
    if ratio is None or figures.divergence is None:
        return None
    said = {"divergence": figures.divergence, "divergence_of_entropy": ratio}
    if figures.gradient_norm is not None:
        said["gradient_norm"] = figures.gradient_norm
    if floor is not None and figures.divergence < thresholds.quiet_floor * floor:
        against = f"less than {thresholds.quiet_floor:g} times that of two students that differ by their seed ({floor:.3f})"
        said["divergence_floor"] = floor
    elif floor is None and ratio < thresholds.quiet:
        against = f"{ratio:.3f} of the student's entropy, below {thresholds.quiet:g}"
    else:
        return None
    return Verdict(
        "no_new_capability",
        f"The divergence is {figures.divergence:.4f} nats a token, {against}: the teacher says nothing that the student "
        "does not say by itself. Take a teacher that was trained further, with rewards, not one that is only bigger.",
        said,
    )


def score_gap(figures: PairFigures) -> tuple[float, float] | None:
    """(teacher's minus student's score, its standard error: 0 where none is known), or None."""
    if figures.student_score is None or figures.teacher_score is None:
        return None
    return figures.teacher_score - figures.student_score, figures.score_s_e or 0.0


def _gap_is_open(figures: PairFigures, thresholds: Thresholds) -> bool:
    gap = score_gap(figures)
    return gap is not None and (gap[0] < thresholds.min_gap or gap[0] < thresholds.errors * gap[1])


def _entropy(figures: PairFigures, names: Names, thresholds: Thresholds) -> Verdict | None:
    entropy = figures.entropy_student
    if entropy is None or entropy <= thresholds.entropy:
        return None
    return Verdict(
        "entropy_unstable",
        f"The student's entropy is {entropy:.2f} nats a token, above {thresholds.entropy:g}: a student as unsure as that "
        "collapsed within 20 steps elsewhere. Fine-tune it on the teacher's responses first, or watch the first steps.",
        {"entropy_student": entropy},
        commands.cold_start(names),
    )


def _depth(figures: PairFigures, names: Names, thresholds: Thresholds) -> Verdict | None:
    depth, horizon = depth_of_use(figures.gain_by_depth, thresholds), figures.horizon
    if depth is None or horizon is None or horizon <= thresholds.depth_slack * depth:
        return None
    if figures.truncated is not None and figures.truncated < thresholds.depth_truncated:
        return None
    return Verdict(
        "beyond_useful_depth",
        f"Responses reach {horizon:,} tokens; from about {depth:,} on the teacher saves less than half of what it saves at "
        "the beginning, so that its word there misleads.",
        {"horizon": float(horizon), "useful_depth": float(depth)},
        commands.shorter(names, depth),
    )


def _ready_or_undecided(figures: PairFigures, names: Names, thresholds: Thresholds) -> Verdict:
    lacks = missing(figures, thresholds)
    gap, ratio = score_gap(figures), loudness(figures, thresholds)
    if lacks or gap is None or ratio is None or figures.mass_student is None or figures.mass_teacher is None:
        return Verdict(
            "undecided",
            f"Nothing speaks against the pair, but these are not known: {'; '.join(lacks)}.",
            _known(figures),
            commands.check_graded(names),
        )
    return Verdict(
        "ready",
        f"The teacher is {gap[0]:.3f} ± {gap[1]:.3f} ahead, its divergence is {ratio:.2f} of the student's entropy, and "
        f"{min(figures.mass_student, figures.mass_teacher):.3f} of the probability or more is on shared tokens.",
        _known(figures),
        commands.command("train", names),
    )


def _known(figures: PairFigures) -> dict[str, float]:
    wanted = (
        "student_score", "teacher_score", "score_s_e", "divergence", "entropy_student", "mass_student", "mass_teacher",
        "gradient_norm", "overlap",
    )  # fmt: skip
    values = {name: getattr(figures, name) for name in wanted}
    return {name: float(value) for name, value in values.items() if value is not None}
