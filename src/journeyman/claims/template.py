"""E8a: prompts in the template that the teacher was improved under raise overlap and help a little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.lab_arm import ROLES, TrainingArm, trained
from journeyman.claims.over_seeds import mean, over_run, panel, said

if TYPE_CHECKING:
    from markupsafe import Markup

OTHER, OWN = "another template", "the teacher's template"
STAND_INS = {"student": "student", "teacher": "twin_t1"}


def run(cell: Cell) -> Mapping[str, Any]:
    """Train the student on the same questions in the arm's template; it is evaluated in that template."""
    return trained(TrainingArm("student", "teacher", STAND_INS, template=cell.arm.settings["template"]), cell)


def judge(measured: Measured) -> Judgement:
    """The criterion, on every seed."""
    start = {arm: [curve[0][1] for curve in measured.curves(arm, "overlap/ratio")] for arm in (OTHER, OWN)}
    last = {arm: measured.values(arm, "last") for arm in (OTHER, OWN)}
    over = {arm: over_run(measured, arm) for arm in (OTHER, OWN)}
    met = all(a > b for a, b in zip(start[OWN], start[OTHER], strict=True))
    sentence = (
        f"Overlap starts at {mean(start[OWN]):.3f} in the teacher's template and at {mean(start[OTHER]):.3f} in the "
        f"other; the student ends at {said(last[OWN])} and {said(last[OTHER])}, over the run {said(over[OWN])} and "
        f"{said(over[OTHER])}."
    )
    figures = {
        "start overlap, teacher's": mean(start[OWN]), "start overlap, other": mean(start[OTHER]),
        "end, teacher's": mean(last[OWN]), "end, other": mean(last[OTHER]),
    }  # fmt: skip
    return Judgement("reproduced" if met else "contradicted", sentence, figures)


def draw(measured: Measured) -> Sequence[Markup]:
    """Scores, overlap, divergence and student's entropy over the steps."""
    return [
        panel(measured, "score", "share of right answers", bounds=(0.0, 1.0)),
        panel(measured, "overlap/ratio", "overlap of the top 4"),
        panel(measured, "divergence/full", "reverse KL [nats]", bounds=(0.0, None)),
        panel(measured, "entropy/student", "student's entropy [nats]", bounds=(0.0, None)),
    ]


CLAIM = Claim(
    id="E8a",
    title="the teacher's own template raises overlap",
    statement=(
        "The same questions in the template that the teacher's reinforcement learning used start with a higher overlap "
        "(.82 against .74) and end with a higher one (.95 against .92) and a slightly better student (.54 against .51)."
    ),
    source="arXiv 2604.13016, section 5.2, Figure 9",
    setting=(
        "Lab: a student that knows two templates, and its twin that was improved under one of them (four of five "
        "prompts). Reverse KL over the whole vocabulary, 64 rollouts a step, 160 steps, AdamW at 3e-4. Each arm is "
        "evaluated in its own template."
    ),
    criterion=(
        "On every seed the overlap ratio (top 4) at the first step is higher in the teacher's template. The scores are "
        "reported and decide nothing: in the paper they differ by less than five runs of one condition did."
    ),
    arms=(Arm(OTHER, {"template": "T0"}), Arm(OWN, {"template": "T1"})),
    run=run,
    judge=judge,
    draw=draw,
    roles=("student", "teacher", *ROLES),
)
