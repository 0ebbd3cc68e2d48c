"""E4: what the curves of a run that works look like beside those of one that does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.lab_arm import ROLES, TrainingArm, trained
from journeyman.claims.over_seeds import ends, mean, panel

if TYPE_CHECKING:
    from markupsafe import Markup

WORKS, FAILS = "improved twin", "bigger, same data"
STAND_INS = {"student": "student", "improved": "twin", "same_data": "bigger"}
FALL, MASS = 0.5, 0.95


def run(cell: Cell) -> Mapping[str, Any]:
    """Train the student by the arm's teacher."""
    return trained(TrainingArm("student", cell.arm.settings["teacher"], STAND_INS), cell)


def judge(measured: Measured) -> Judgement:
    """The criterion, on every seed."""
    rise = {arm: [end - start for start, end in ends(measured, arm, "overlap/ratio")] for arm in (WORKS, FAILS)}
    left = {arm: [end / start for start, end in ends(measured, arm, "overlap/advantage")] for arm in (WORKS, FAILS)}
    mass = {
        arm: min(
            value
            for name in ("overlap/mass_student", "overlap/mass_teacher")
            for pair in ends(measured, arm, name)
            for value in pair
        )
        for arm in (WORKS, FAILS)
    }
    parts = {
        "overlap rises more": all(a > max(b, 0.0) for a, b in zip(rise[WORKS], rise[FAILS], strict=True)),
        "advantage closes": max(left[WORKS]) <= FALL and min(left[FAILS]) > FALL,
        "mass is alike": min(mass.values()) >= MASS,
    }
    missed = [name for name, met in parts.items() if not met]
    sentence = (
        f"Overlap rises by {mean(rise[WORKS]):.3f} where it works and by {mean(rise[FAILS]):.3f} where it does not; of the "
        f"overlap-token advantage {mean(left[WORKS]):.2f} (at most {max(left[WORKS]):.2f}) and {mean(left[FAILS]):.2f} (at "
        f"least {min(left[FAILS]):.2f}) are left; mass on shared tokens is never below {mass[WORKS]:.3f} and "
        f"{mass[FAILS]:.3f}." + (f" Not met: {', '.join(missed)}." if missed else "")
    )
    figures = {
        "overlap rise, works": mean(rise[WORKS]), "overlap rise, fails": mean(rise[FAILS]),
        "advantage left, works": mean(left[WORKS]), "advantage left, fails": mean(left[FAILS]),
        "most left, works": max(left[WORKS]), "least left, fails": min(left[FAILS]),
        "least mass, works": mass[WORKS], "least mass, fails": mass[FAILS],
    }  # fmt: skip
    return Judgement("contradicted" if missed else "reproduced", sentence, figures)


def draw(measured: Measured) -> Sequence[Markup]:
    """The paper's panels."""
    return [
        panel(measured, "score", "share of right answers", bounds=(0.0, 1.0)),
        panel(measured, "overlap/ratio", "overlap of the top 4"),
        panel(measured, "overlap/advantage", "overlap-token advantage [nats]", bounds=(None, 0.0)),
        panel(measured, "entropy/gap", "entropy gap [nats]", bounds=(0.0, None)),
        panel(measured, "overlap/mass_student", "student's mass on shared tokens", bounds=(None, 1.0)),
        panel(measured, "overlap/mass_teacher", "teacher's mass on shared tokens", bounds=(None, 1.0)),
        panel(measured, "divergence/full", "reverse KL [nats]", bounds=(0.0, None)),
        panel(measured, "gradient/norm", "gradient norm", bounds=(0.0, None)),
        panel(measured, "extreme/difference", "probability difference at the extreme token"),
    ]


CLAIM = Claim(
    id="E4",
    title="success and failure differ in their course, not in the mass on shared tokens",
    statement=(
        "Where distillation works, the overlap of the top-k sets rises steadily (.72 to .92), the overlap-token "
        "advantage goes "
        "to 0 and the entropy gap closes; where it fails they stay, loss and gradients being small from the start. The "
        "shared tokens hold 97 to 99 % of the probability in both cases, so that mass does not tell them apart."
    ),
    source="arXiv 2604.13016, section 4.1, Figures 6, 18 and 19",
    setting=(
        "Lab: the student of 0.34 M parameters; its improved twin, and the model of 1.2 M that learned from the same "
        "kind of writers, as teachers. Reverse KL over the whole vocabulary, 64 rollouts a step, 160 steps, AdamW at "
        "3e-4; sets of 4 tokens in a vocabulary of some 70. Start and end are means over the first and last tenth of the "
        "steps."
    ),
    criterion=(
        "On every seed: the overlap ratio rises where it works, and more than where it fails; of the overlap-token "
        f"advantage at most {FALL:.0%} are left at the end where it works, and more than that where it fails; and the "
        f"mass on shared tokens, student's and teacher's, is at least {MASS:.2f} at both ends in both arms."
    ),
    arms=(Arm(WORKS, {"teacher": "improved"}), Arm(FAILS, {"teacher": "same_data"})),
    stand_ins=STAND_INS,
    run=run,
    judge=judge,
    draw=draw,
    roles=("student", "improved", "same_data", *ROLES),
)
