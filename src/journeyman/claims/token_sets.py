"""E5: which tokens carry the signal, with weights raw and renormalised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.lab_arm import ROLES, K, TrainingArm, trained
from journeyman.claims.over_seeds import mean, over_run, panel, said
from journeyman.distill.losses.spec import LossSpec

if TYPE_CHECKING:
    from markupsafe import Markup

STUDENT, SHARED, RAW, RENORMALISED = "student's", "shared", "not shared, raw", "not shared, renormalised"
SETS: dict[str, dict[str, Any]] = {
    STUDENT: {"strategy": "student"},
    SHARED: {"strategy": "intersection"},
    RAW: {"strategy": "symmetric_difference", "renormalise": False},
    RENORMALISED: {"strategy": "symmetric_difference"},
    "teacher's": {"strategy": "teacher"},
    "union": {"strategy": "union"},
}
STAND_INS = {"student": "student", "teacher": "twin"}
NEAR = 0.05


def run(cell: Cell) -> Mapping[str, Any]:
    """Train the student on the arm's token set."""
    loss = LossSpec(form="topk", k=16 if cell.models else K, **cell.arm.settings)
    return trained(TrainingArm("student", "teacher", STAND_INS, loss=loss, steps=80, eval_every=10), cell)


def judge(measured: Measured) -> Judgement:
    """The criterion, on the mean of the seeds."""
    scores = {arm: over_run(measured, arm) for arm in SETS}
    behind = {arm: mean(scores[STUDENT]) - mean(values) for arm, values in scores.items()}
    met = abs(behind[SHARED]) <= NEAR and behind[RAW] > NEAR
    survives = behind[RENORMALISED] > NEAR
    sentence = (
        f"Mean score over the run: {said(scores[STUDENT])} on the student's set, {said(scores[SHARED])} on the shared "
        f"tokens, {said(scores[RAW])} on those not shared with raw weights and {said(scores[RENORMALISED])} with "
        f"renormalised ones: the gap {'survives' if survives else 'does not survive'} renormalisation."
    )
    figures = {f"score, {arm}": mean(values) for arm, values in scores.items()}
    return Judgement("reproduced" if met else "contradicted", sentence, figures)


def draw(measured: Measured) -> Sequence[Markup]:
    """Scores, overlap, entropy gap and gradient norm over the steps."""
    return [
        panel(measured, "score", "share of right answers", bounds=(0.0, 1.0)),
        panel(measured, "overlap/ratio", f"overlap of the top {K}"),
        panel(measured, "entropy/gap", "entropy gap [nats]", bounds=(0.0, None)),
        panel(measured, "gradient/norm", "gradient norm", bounds=(0.0, None)),
    ]


CLAIM = Claim(
    id="E5",
    title="the shared tokens carry the signal",
    statement=(
        "Trained on the tokens that both models have among their likeliest, a student does as well as on its own top-k; "
        "on those that only one of them has, clearly worse. The released code leaves the weights of that last set raw, "
        "so that its terms are scaled down, which the paper does not mention."
    ),
    source="arXiv 2604.13016, section 4.2, Figure 7, and its released code",
    setting=(
        f"Lab: the student and its improved twin; sets from the top {K} of each, the released code's form of the loss, 64 "
        "rollouts a step, 80 steps, AdamW at 3e-4 (which takes out most of a constant scale). The measure is the mean of "
        "the evaluations after every 10 steps, since most arms end alike."
    ),
    criterion=(
        f"On the mean of the seeds, the shared tokens come within {NEAR:.2f} of the student's set, and the tokens "
        "not shared, with "
        "raw weights, fall behind it by more than that. Whether they still do with renormalised weights is reported."
    ),
    arms=tuple(Arm(name, settings) for name, settings in SETS.items()),
    stand_ins=STAND_INS,
    run=run,
    judge=judge,
    draw=draw,
    roles=("student", "teacher", *ROLES),
    minutes=0.6,
)
