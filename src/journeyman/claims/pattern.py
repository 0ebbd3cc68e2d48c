"""E1: of two teachers that score alike, the one that thinks as the student does teaches more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.lab_arm import ROLES, TrainingArm, trained
from journeyman.claims.over_seeds import mean, over_run, panel, pooled, said

if TYPE_CHECKING:
    from markupsafe import Markup

LIKE, UNLIKE = "the student's pattern", "another pattern"
STAND_INS = {"student": "mostly_a", "like": "teacher_a", "unlike": "teacher_b"}
DEVIATIONS, EQUAL = 2.0, 0.02


def run(cell: Cell) -> Mapping[str, Any]:
    """Train the student by the arm's teacher."""
    return trained(TrainingArm("student", cell.arm.settings["teacher"], STAND_INS), cell)


def judge(measured: Measured) -> Judgement:
    """The criterion, on the mean of the seeds."""
    last = {arm: measured.values(arm, "last") for arm in (LIKE, UNLIKE)}
    taught = {arm: mean(measured.values(arm, "teacher_score")) for arm in (LIKE, UNLIKE)}
    start = {arm: [curve[0][1] for curve in measured.curves(arm, "overlap/chance_corrected")] for arm in (LIKE, UNLIKE)}
    gap, spread = mean(last[LIKE]) - mean(last[UNLIKE]), pooled(*last.values())
    over = {arm: over_run(measured, arm) for arm in (LIKE, UNLIKE)}
    closer = all(a > b for a, b in zip(start[LIKE], start[UNLIKE], strict=True))
    fair = taught[UNLIKE] >= taught[LIKE] - EQUAL
    sentence = (
        f"Teachers score {taught[LIKE]:.3f} (the student's pattern) and {taught[UNLIKE]:.3f}; the student ends at "
        f"{said(last[LIKE])} and {said(last[UNLIKE])} (means over the run {said(over[LIKE])} and {said(over[UNLIKE])}); "
        f"overlap starts at {mean(start[LIKE]):.2f} and {mean(start[UNLIKE]):.2f}."
    )
    figures = {
        "end, student's pattern": mean(last[LIKE]), "end, another": mean(last[UNLIKE]), "seeds apart": spread,
        "start overlap, student's pattern": mean(start[LIKE]), "start overlap, another": mean(start[UNLIKE]),
    }  # fmt: skip
    if not fair:
        return Judgement("undecided", f"The teachers do not score alike, so nothing follows. {sentence}", figures)
    met = closer and gap > 0 and gap >= DEVIATIONS * spread
    return Judgement("reproduced" if met else "contradicted", sentence, figures)


def draw(measured: Measured) -> Sequence[Markup]:
    """Scores, overlap, divergence and entropy gap over the steps."""
    return [
        panel(measured, "score", "share of right answers", bounds=(0.0, 1.0)),
        panel(measured, "overlap/chance_corrected", "overlap of the top 4, chance-corrected"),
        panel(measured, "divergence/full", "reverse KL [nats]", bounds=(0.0, None)),
        panel(measured, "entropy/gap", "entropy gap [nats]", bounds=(0.0, None)),
    ]


CLAIM = Claim(
    id="E1",
    title="a teacher that thinks as the student does teaches more than one that scores as well",
    statement=(
        "A base student learns more from a teacher made from its own kind of base by reinforcement learning (.20 on "
        "average after 200 steps) than from an instruction-tuned one that scores as well or better (.15); the first "
        "starts with the higher overlap, and the gap in accuracy stays although the overlaps converge later."
    ),
    source="arXiv 2604.13016, section 3.1, Figures 2, 3 and 17",
    setting=(
        "Lab: a student that learned from writers of whom one in ten uses another format; two teachers of the student's "
        "size, one model improved on its right solutions in either format. Reverse KL over the whole vocabulary, 64 "
        "rollouts a step, 160 steps, AdamW at 3e-4."
    ),
    criterion=(
        f"The teachers' scores: the other pattern's is at most {EQUAL:.2f} below; else nothing is decided. The overlap "
        "(top 4, chance-corrected) starts higher with the student's own pattern on every seed, and at the end the "
        f"student is better by at least {DEVIATIONS:g} standard deviations between seeds."
    ),
    arms=(Arm(LIKE, {"teacher": "like"}), Arm(UNLIKE, {"teacher": "unlike"})),
    stand_ins=STAND_INS,
    run=run,
    judge=judge,
    draw=draw,
    roles=("student", "like", "unlike", *ROLES),
)
