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
NARROW_OTHER, NARROW_OWN = "another template, narrow teacher", "its template, narrow teacher"
STAND_INS = {"student": "student", "teacher": "twin_t1", "narrow": "twin"}
LAB_TEMPLATES = {"teacher": {"own": "T1", "other": "T0"}, "narrow": {"own": "T0", "other": "T1"}}


def run(cell: Cell) -> Mapping[str, Any]:
    """Train the student on the same questions in the arm's template; it is evaluated in that template."""
    teacher, which = cell.arm.settings["teacher"], cell.arm.settings["template"]
    template = cell.models[f"{which}_template"] if cell.models else LAB_TEMPLATES[teacher][which]
    return trained(TrainingArm("student", teacher, STAND_INS, template=template), cell)


def judge(measured: Measured) -> Judgement:
    """The criterion, on every seed."""
    arms = list(measured.cells)
    start = {arm: [curve[0][1] for curve in measured.curves(arm, "overlap/ratio")] for arm in arms}
    last = {arm: measured.values(arm, "last") for arm in arms}
    over = {arm: over_run(measured, arm) for arm in arms}
    met = all(a > b for a, b in zip(start[OWN], start[OTHER], strict=True))
    sentence = (
        f"Overlap starts at {mean(start[OWN]):.3f} in the teacher's template and at {mean(start[OTHER]):.3f} in the other; "
        f"the student ends at {said(last[OWN])} and {said(last[OTHER])}, over the run {said(over[OWN])} and "
        f"{said(over[OTHER])}. With a teacher that knows one template only: overlap {mean(start[NARROW_OWN]):.3f} and "
        f"{mean(start[NARROW_OTHER]):.3f}, ends {said(last[NARROW_OWN])} and {said(last[NARROW_OTHER])}."
    )
    figures = {f"start overlap, {arm}": mean(values) for arm, values in start.items()}
    figures |= {f"end, {arm}": mean(values) for arm, values in last.items()}
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
        "Lab: a student that knows two templates, and its twin that was improved under one of them (four of five prompts). "
        "Reverse KL over the whole vocabulary, 64 rollouts a step, 160 steps, AdamW at 3e-4. Each arm is evaluated in its "
        "own template. Two arms were added after these had been run: the same with a narrow teacher, the twin that was "
        "improved under one template alone and forgot the other."
    ),
    criterion=(
        "On every seed the overlap ratio (top 4) at the first step is higher in the teacher's template. The scores are "
        "reported and decide nothing: in the paper they differ by less than five runs of one condition did. The narrow "
        "teacher decides nothing either."
    ),
    arms=(
        Arm(OTHER, {"teacher": "teacher", "template": "other"}),
        Arm(OWN, {"teacher": "teacher", "template": "own"}),
        Arm(NARROW_OTHER, {"teacher": "narrow", "template": "other"}),
        Arm(NARROW_OWN, {"teacher": "narrow", "template": "own"}),
    ),
    stand_ins=STAND_INS,
    run=run,
    judge=judge,
    draw=draw,
    roles=("student", "teacher", "narrow", "own_template", "other_template", *ROLES),
)  # fmt: skip
