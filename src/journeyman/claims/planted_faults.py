"""F6: replays with one stage repaired find the stage at which a fault was planted, and it alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.foresee_arm import RESTS_ON
from journeyman.claims.over_seeds import mean
from journeyman.foresee.protocol.repair import STAGES

if TYPE_CHECKING:
    from markupsafe import Markup

    from journeyman.foresee.protocol.repair import Repairable

WORLD, INSTANCES = "lake-6", 150
ALONE = 0.9
PILOT = {"gate": 0.979, "simulator": 0.987, "reading": 0.982, "action": 0.937}
"""Share in which no other repair flips the failure, in the reference (spec Appendix 1); it had no fault of the query."""


def run(cell: Cell) -> Mapping[str, Any]:
    """Plant one fault, play, and replay every failure with each stage repaired, and with all others."""
    from journeyman.foresee.attribution.planted import planted

    stage: Repairable = cell.arm.settings["stage"]
    rows, failures = planted([stage], world=WORLD, instances=cell.share(INSTANCES, least=10), seed=cell.seed)
    row, found = rows[0], failures[stage]
    return {
        "played": row.played, "failures": row.failures, "inside": row.inside.hits, "alone": row.alone.hits,
        "flips": [row.flips[other] for other in STAGES],
        "necessity": [mean([one.necessary[other].value for one in found]) if found else 0.0 for other in STAGES],
        "sufficiency": [mean([one.sufficient[other].value for one in found]) if found else 0.0 for other in STAGES],
    }  # fmt: skip


def judge(measured: Measured) -> Judgement:
    """The criterion, on the failures of all seeds."""
    missed, said = [], []
    figures: dict[str, float] = {}
    for stage in STAGES:
        failures, inside, alone = (round(sum(measured.values(stage, name))) for name in ("failures", "inside", "alone"))
        if not failures:
            missed.append(f"{stage}: no failure")
            continue
        if inside < failures:
            missed.append(f"{stage}: not in the set of {failures - inside} failures")
        if alone < ALONE * failures:
            missed.append(f"{stage}: alone in {100 * alone / failures:.1f} %")
        figures |= {f"{stage}: failures": failures, f"{stage}: in the set": inside / failures,
                    f"{stage}: alone": alone / failures}  # fmt: skip
        sufficient = _weighted(measured, stage, "sufficiency", STAGES.index(stage))
        figures[f"{stage}: the fault alone is sufficient"] = sufficient
        pilot = f" (reference {100 * PILOT[stage]:.1f} %)" if stage in PILOT else ""
        said.append(f"{stage} {inside} of {failures}, alone in {alone}, {100 * alone / failures:.1f} %{pilot}")
    sentence = (
        f"Failures that the true stage's repair flips: {'; '.join(said)}."
        + (f" Not met: {'; '.join(missed)}." if missed else "")
    )  # fmt: skip
    return Judgement("contradicted" if missed else "reproduced", sentence, figures)


def _weighted(measured: Measured, stage: str, name: str, i: int) -> float:
    """Mean over the failures of all seeds."""
    weights = measured.values(stage, "failures")
    values = [float(measured.cells[stage][seed][name][i]) for seed in measured.seeds]
    return sum(w * v for w, v in zip(weights, values, strict=True)) / max(sum(weights), 1.0)


def draw(measured: Measured) -> Sequence[Markup]:
    """Planted faults against the repairs that flip them."""
    from journeyman.foresee.attribution.confusion import Planted
    from journeyman.foresee.attribution.figure import draw_confusion
    from journeyman.foresee.attribution.proportion import share_of

    rows = []
    for stage in STAGES:
        played, failures, inside, alone = (
            round(sum(measured.values(stage, name))) for name in ("played", "failures", "inside", "alone")
        )
        flips = {
            other: sum(int(measured.cells[stage][seed]["flips"][i]) for seed in measured.seeds)
            for i, other in enumerate(STAGES)
        }
        rows.append(Planted(stage, played, failures, share_of(inside, failures), share_of(alone, failures), flips))
    return [draw_confusion(rows)]


CLAIM = Claim(
    id="F6",
    title="replays with one repair find the stage of a planted fault, and it alone",
    statement=(
        "An episode is a chain of gate, query, simulator, reading and action. Played again with the same luck and one "
        "stage repaired, it succeeds if that stage was to blame: on planted single faults the true stage is always among "
        "those that flip a failure, and alone in at least 90 % (pilot: 93.7 to 98.7 %). The paper's judges were not tested "
        "so."
    ),
    source="our specification, J5 and Appendix 1; the paper's labels are in its section 5.1",
    stated="The claim",
    setting=(
        f"lake-6, {INSTANCES} instances a seed. Agents that ask before each action and believe what they read, with one "
        "fault each: half of the calls dropped, half of the queries other ones, 40 % of the outcomes wrong, 40 % of the "
        "predictions misread, half of the evidence ignored. Each failure is played again with each stage repaired, with "
        "all, and with all but one."
    ),
    criterion=(
        "On the failures of all seeds, for each of the five stages: its repair flips every failure, and in at least "
        f"{100 * ALONE:.0f} % no other single repair does."
    ),
    arms=tuple(Arm(stage, {"stage": stage}) for stage in STAGES),
    rests_on=RESTS_ON,
    run=run,
    judge=judge,
    draw=draw,
    minutes=0.15,
)
