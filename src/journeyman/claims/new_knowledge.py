"""E2: a teacher that learned more than the student's data helps; a bigger one of the same data does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.lab_arm import ROLES, TrainingArm, trained
from journeyman.claims.over_seeds import mean, panel, said

if TYPE_CHECKING:
    from markupsafe import Markup

SAME, IMPROVED = "bigger, same data", "bigger, improved"
STAND_INS = {"student": "student", "same_data": "bigger", "improved": "bigger_rl"}
LEAST = 0.30


def run(cell: Cell) -> Mapping[str, Any]:
    """Train the student by the arm's teacher."""
    return trained(TrainingArm("student", cell.arm.settings["teacher"], STAND_INS), cell)


def judge(measured: Measured) -> Judgement:
    """The criterion, on the mean of the seeds."""
    lead = [
        taught - first
        for taught, first in zip(
            measured.values(IMPROVED, "teacher_score"), measured.values(IMPROVED, "first"), strict=True
        )
    ]
    shares = {
        arm: [
            (last - first) / gap
            for last, first, gap in zip(
                measured.values(arm, "last"), measured.values(arm, "first"), lead, strict=True
            )
        ]
        for arm in (SAME, IMPROVED)
    }
    difference = mean(shares[IMPROVED]) - mean(shares[SAME])
    sentence = (
        f"Of the improved teacher's lead over the student ({mean(lead):.2f}) the student gains "
        f"{said(shares[IMPROVED])} from "
        f"that teacher and {said(shares[SAME])} from the bigger one of the same data: a difference of {difference:.2f}."
    )
    figures = {"share gained, improved": mean(shares[IMPROVED]), "share gained, same data": mean(shares[SAME])}
    return Judgement("reproduced" if difference >= LEAST else "contradicted", sentence, figures)


def draw(measured: Measured) -> Sequence[Markup]:
    """Scores, overlap, divergence and gradient norm over the steps."""
    return [
        panel(measured, "score", "share of right answers", bounds=(0.0, 1.0)),
        panel(measured, "overlap/ratio", "overlap of the top 4"),
        panel(measured, "divergence/full", "reverse KL [nats]", bounds=(0.0, None)),
        panel(measured, "gradient/norm", "gradient norm", bounds=(0.0, None)),
    ]


CLAIM = Claim(
    id="E2",
    title="new knowledge helps, size alone does not",
    statement=(
        "A bigger teacher of the student's own pipeline adds next to nothing (5.3 and 15.6 % of the gap); one that got "
        "further reinforcement learning does (16.9 and 58.6 %), even where its overlap with the student starts lower."
    ),
    source="arXiv 2604.13016, section 3.2, Figure 4",
    setting=(
        "Lab: a student of 0.34 M parameters that learned from slipping writers; a teacher of 1.2 M that learned from "
        "the same kind of writers, and the same teacher after it was improved with the verifier. Reverse KL over the "
        "whole vocabulary, 64 rollouts a step, 160 steps, AdamW at 3e-4. Seeds draw prompts and rollouts; the models are "
        "fixed."
    ),
    criterion=(
        "Each arm's gain is taken as a share of the improved teacher's lead over the student, since a teacher of "
        "the same data "
        f"may have none. On the mean of the seeds, the improved teacher's share is larger by at least {LEAST:.2f}."
    ),
    arms=(Arm(SAME, {"teacher": "same_data"}), Arm(IMPROVED, {"teacher": "improved"})),
    stand_ins=STAND_INS,
    run=run,
    judge=judge,
    draw=draw,
    roles=("student", "same_data", "improved", *ROLES),
)
