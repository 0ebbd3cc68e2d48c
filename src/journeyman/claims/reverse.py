"""E3: distilled from its own past, or from a bigger model of that past, an improved student loses what it had gained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.lab_arm import ROLES, TrainingArm, trained
from journeyman.claims.over_seeds import mean, panel, pooled, said

if TYPE_CHECKING:
    from markupsafe import Markup

PAST, BIGGER = "its own past", "bigger, same data"
STAND_INS = {"improved": "twin", "past": "student", "same_data": "bigger"}
NEAR = 0.03


def run(cell: Cell) -> Mapping[str, Any]:
    """Train the improved student by the arm's teacher."""
    return trained(TrainingArm("improved", cell.arm.settings["teacher"], STAND_INS, steps=320, eval_every=40), cell)


def judge(measured: Measured) -> Judgement:
    """The criterion, on the mean of the seeds."""
    last = {arm: measured.values(arm, "last") for arm in (PAST, BIGGER)}
    level = mean(measured.values(PAST, "teacher_score"))
    far = {arm: mean(values) - level for arm, values in last.items()}
    apart, spread = abs(mean(last[PAST]) - mean(last[BIGGER])), pooled(*last.values())
    met = all(abs(distance) <= NEAR for distance in far.values()) and apart < spread
    begun = mean(measured.values(PAST, "first"))
    sentence = (
        f"From {begun:.2f} the student falls to {said(last[PAST])} by its own past and to {said(last[BIGGER])} by "
        "the bigger "
        f"model; the level before the improvement is {level:.2f}. The arms end {apart:.2f} apart, seeds {spread:.2f}."
    )
    figures = {
        "end, own past": mean(last[PAST]), "end, bigger": mean(last[BIGGER]), "level before": level, "arms apart": apart,
        "seeds apart": spread,
    }  # fmt: skip
    return Judgement("reproduced" if met else "contradicted", sentence, figures)


def draw(measured: Measured) -> Sequence[Markup]:
    """Scores, overlap, divergence and entropy gap over the steps."""
    return [
        panel(measured, "score", "share of right answers", bounds=(0.0, 1.0)),
        panel(measured, "overlap/ratio", "overlap of the top 4"),
        panel(measured, "divergence/full", "reverse KL [nats]", bounds=(0.0, None)),
        panel(measured, "entropy/gap", "entropy gap [nats]", bounds=(0.0, None)),
    ]


CLAIM = Claim(
    id="E3",
    title="reverse distillation undoes an improvement, whatever the teacher's size",
    statement=(
        "A student improved by reinforcement learning, distilled from its own checkpoint before that or from a bigger "
        "model of the same family, falls back to the level before the improvement (.54 to .30-.33 on AIME 2024); both "
        "curves are practically the same, although the bigger teacher scores as high as the student."
    ),
    source="arXiv 2604.13016, section 3.3, Figure 5",
    setting=(
        "Lab: the improved twin as the student; its parent, or the model of 1.2 M parameters that learned from the same "
        "kind of writers, as the teacher. Reverse KL over the whole vocabulary, 64 rollouts a step, 320 steps, AdamW at "
        "3e-4. Unlike in the paper the bigger teacher is no better than the parent."
    ),
    criterion=(
        f"On the mean of the seeds both arms end within {NEAR:.2f} of the parent's share of right answers, and they "
        "differ from each other by less than the standard deviation between seeds."
    ),
    arms=(Arm(PAST, {"teacher": "past"}), Arm(BIGGER, {"teacher": "same_data"})),
    stand_ins=STAND_INS,
    run=run,
    judge=judge,
    draw=draw,
    roles=("improved", "past", "same_data", *ROLES),
    minutes=2.0,
)
