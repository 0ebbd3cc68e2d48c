"""E7: fine-tuned on the teacher's own responses first, a student of another pattern can be distilled, and gets further."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.lab_arm import ROLES, TrainingArm, evaluated, trained
from journeyman.claims.over_seeds import mean, panel, pooled, said

if TYPE_CHECKING:
    from markupsafe import Markup

    from journeyman.distill.recipes.cold_start import ColdStarted

ALONE, SOME, MORE, CONTROL = "distillation only", "1,024 responses first", "4,096 responses first", "fine-tuning only"
STAND_INS = {"student": "student", "teacher": "teacher_b"}
STEPS, ROLLOUTS = 160, 64


def run(cell: Cell) -> Mapping[str, Any]:
    """Cold start with so many responses of the teacher, then distillation; or fine-tuning alone for as much computation."""
    responses, control = cell.arm.settings["responses"], cell.arm.settings["control"]
    arm = TrainingArm("student", "teacher", STAND_INS, steps=STEPS)
    if not responses:
        return trained(arm, cell)
    with tempfile.TemporaryDirectory(prefix="journeyman-cold-") as scratch:
        begun = _begun(cell, Path(scratch), responses, control)
        chosen = str(begun.control if control else begun.student)
        if cell.models:
            there = replace(cell, models={**cell.models, "student": chosen})
        else:
            arm, there = replace(arm, stand_ins={**STAND_INS, "student": chosen}), cell
        return evaluated(arm, there) if control else trained(arm, there)


def _begun(cell: Cell, scratch: Path, responses: int, control: bool) -> ColdStarted:
    from journeyman.distill.data.prompts import read_prompts
    from journeyman.distill.lab.build import lab_model
    from journeyman.distill.lab.prompts import lab_prompts
    from journeyman.distill.presets import PAPER_COLD_START, ColdStart
    from journeyman.distill.recipes.cold_start import cold_start
    from journeyman.distill.rollout.sampling import Sampling

    rollouts = cell.share(STEPS) * ROLLOUTS if control else 0
    if cell.models:
        prompts = read_prompts(cell.models["prompts"])
        settings = replace(PAPER_COLD_START, prompts=responses)
        return cold_start(
            cell.models["student"], cell.models["teacher"], prompts, to=scratch / "cold", settings=settings,
            control_rollouts=rollouts, seed=cell.seed,
        )  # fmt: skip
    settings = ColdStart(
        prompts=responses, sampling=Sampling(0.7, 0.95, max_tokens=96), batch=32, lr=1e-3, epochs=2, max_tokens=256
    )
    return cold_start(
        lab_model("student"), lab_model("teacher_b"), lab_prompts("chains", "cold", responses, seed=cell.seed),
        others=lab_prompts("chains", "train", 64, seed=cell.seed), to=scratch / "cold", settings=settings, grader="bracket",
        control_rollouts=rollouts, batch=256, seed=cell.seed,
    )  # fmt: skip


def judge(measured: Measured) -> Judgement:
    """The criterion, on the mean of the seeds."""
    last = {arm: measured.values(arm, "last") for arm in measured.cells}
    best = mean(last[MORE])
    ahead = {arm: best - mean(last[arm]) for arm in (ALONE, CONTROL)}
    spread = {arm: pooled(last[MORE], last[arm]) for arm in (ALONE, CONTROL)}
    met = all(ahead[arm] > spread[arm] for arm in (ALONE, CONTROL))
    listed = ", ".join(f"{said(values)} ({arm})" for arm, values in last.items())
    figures = {f"end, {arm}": mean(values) for arm, values in last.items()}
    sentence = f"Ends: {listed}; the fine-tuning alone took as much computation as {MORE} with its distillation."
    return Judgement("reproduced" if met else "contradicted", sentence, figures)


def draw(measured: Measured) -> Sequence[Markup]:
    """Scores, overlap, entropy gap and mass over the steps of the distillations."""
    arms = [ALONE, SOME, MORE]
    return [
        panel(measured, "score", "share of right answers", bounds=(0.0, 1.0)),
        panel(measured, "overlap/chance_corrected", "overlap of the top 4, chance-corrected", arms=arms),
        panel(measured, "entropy/gap", "entropy gap [nats]", bounds=(0.0, None), arms=arms),
        panel(measured, "overlap/mass_student", "student's mass on shared tokens", bounds=(None, 1.0), arms=arms),
    ]


CLAIM = Claim(
    id="E7",
    title="a cold start on the teacher's responses repairs a pattern that does not match",
    statement=(
        "A base student distilled from an instruction-tuned teacher stays low while the overlap plunges; fine-tuned on "
        "200,000 of the teacher's responses first, it starts higher and ends higher (AMC 2023 .40 against .26), with "
        "smooth overlap. The paper does not control for the computation that the fine-tuning takes."
    ),
    source="arXiv 2604.13016, section 5.1, Figures 8 and 21",
    setting=(
        "Lab: a student that only ever saw one format, a teacher of its size that thinks in another. None, 1,024 or "
        f"4,096 of the teacher's responses, two passes at 1e-3, then {STEPS} steps of distillation on other prompts; and "
        "a control, fine-tuned on the 4,096 responses for as much computation as fine-tuning and distillation take "
        "together, counted in operations a token."
    ),
    criterion=(
        "On the mean of the seeds, 4,096 responses first end above distillation alone, and above fine-tuning alone, each "
        "by more than the standard deviation between seeds."
    ),
    arms=(
        Arm(ALONE, {"responses": 0, "control": False}), Arm(SOME, {"responses": 1024, "control": False}),
        Arm(MORE, {"responses": 4096, "control": False}), Arm(CONTROL, {"responses": 4096, "control": True}),
    ),
    stand_ins=STAND_INS,
    run=run,
    judge=judge,
    draw=draw,
    roles=("student", "teacher", *ROLES),
    minutes=2.0,
)  # fmt: skip
