"""F1: agents that call and believe are hurt, those that seldom call are unchanged, and being forced to call is worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.foresee_arm import AGENT, RESTS_ON, Setting, apart, lines, over, played, shown, told

if TYPE_CHECKING:
    from markupsafe import Markup

    from journeyman.foresee.protocol.decision import Episode

WORLDS = {"lake-6": 166, "push-6": 24}
"""World -> instances of a seed."""
TRUSTING, CALIBRATED, RELUCTANT = "over-trusting", "calibrated", "reluctant"
FIDELITY, MISREADING = (1.0, 0.9, 0.8, 0.7, 0.6), (0.0, 0.05, 0.15, 0.3, 0.45)
"""Doses: share of right predictions, and share of predictions that are misread."""
LARGE = {"fidelity": (0.7, 0.6), "misreading": (0.3, 0.45)}
FORCED: dict[str, dict[str, tuple[float, ...]]] = {
    "lake-6": {"fidelity": FIDELITY, "misreading": MISREADING},
    "push-6": {"fidelity": (0.6,), "misreading": (0.45,)},
}
UNCHANGED = 0.02
"""A change of the success rate that counts as none, of an agent that seldom calls."""
SELDOM = 0.05


def run(cell: Cell) -> Mapping[str, Any]:
    """One agent in one world without a world model, then with one by choice and by force, at each dose of either error."""
    world, kind = cell.arm.settings["world"], cell.arm.settings["agent"]
    n = cell.share(WORLDS[world], least=4)
    without = played(world, _setting(kind, "fidelity", 1.0, "invisible"), cell, n)
    found: dict[str, Any] = {"success_without": sum(episode.success for episode in without) / len(without)}
    for error, doses in (("fidelity", FIDELITY), ("misreading", MISREADING)):
        found[error] = {}
        for dose in doses:
            if error == "misreading" and not dose:
                found[error][_name(dose)] = found["fidelity"][_name(1.0)]  # of an exact simulator nothing is misread
            elif error == "fidelity" or not cell.models:  # nobody can set what a real agent misreads
                forced = dose in FORCED[world][error]
                found[error][_name(dose)] = _at(world, kind, error, dose, cell, n, without, forced)
    return found


def _at(
    world: str, kind: str, error: str, dose: float, cell: Cell, n: int, without: Sequence[Episode], forced: bool
) -> dict[str, list[float]]:
    normal = played(world, _setting(kind, error, dose, "normal"), cell, n)
    found = told(normal, without)
    if forced:
        made = played(world, _setting(kind, error, dose, "force"), cell, n)
        found |= {"force less normal": apart(made, normal), "forced gain": apart(made, without)}
    return found


def _name(dose: float) -> str:
    return f"{dose:g}"


def _setting(kind: str, error: str, dose: float, mode: str) -> Setting:
    fidelity, misread = (dose, 0.0) if error == "fidelity" else (1.0, dose)
    trust = "calibrated" if kind == CALIBRATED else "0.99"
    call = "never" if kind == RELUCTANT else "always"
    agent = f"scripted:perception=0.15,trust={trust},call={call}" + (f",misread={misread:g}" if misread else "")
    model = "exact" if fidelity == 1.0 else f"exact+transition={1.0 - fidelity:g}"
    # What is true is announced to those who go by it; the others are told that all is well.
    return Setting(agent, model, mode, reliable=fidelity if kind == CALIBRATED else 1.0 if kind == TRUSTING else None)


def judge(measured: Measured) -> Judgement:
    """The criterion, on all seeds together."""
    missed: list[str] = []
    figures: dict[str, float] = {}
    real = "0.45" not in measured.cells[arm_of("lake-6", TRUSTING)][measured.seeds[0]]["misreading"]
    doses = [("fidelity", _name(d)) for d in LARGE["fidelity"]]
    doses += [] if real else [("misreading", _name(d)) for d in LARGE["misreading"]]
    said = []
    for world in WORLDS:
        few = world != "lake-6"
        trusting, calibrated, reluctant = (arm_of(world, kind) for kind in (TRUSTING, CALIBRATED, RELUCTANT))
        for error, dose in doses[1::2] if few else doses:
            gain, force = (over(measured, trusting, error, dose, name) for name in ("gain", "force less normal"))
            figures[f"{world}, over-trusting, {error} {dose}: helps less hurts"] = gain[0]
            figures[f"{world}, over-trusting, {error} {dose}: force less normal"] = force[0]
            if not (gain[0] < 0.0 if few else gain[2] < 0.0):
                missed.append(f"{world}: hurts do not exceed helps at {error} {dose} ({shown(gain, sign=True)})")
            if not (force[0] < 0.0 if few else force[2] < 0.0):
                missed.append(f"{world}: force is not worse at {error} {dose} ({shown(force, sign=True)})")
            other = over(measured, calibrated, error, dose, "gain")
            figures[f"{world}, calibrated, {error} {dose}: helps less hurts"] = other[0]
            if other[2] < 0.0:
                missed.append(f"{world}: the calibrated agent is hurt at {error} {dose} ({shown(other, sign=True)})")
            still = over(measured, reluctant, error, dose, "gain")
            figures[f"{world}, reluctant, {error} {dose}: helps less hurts"] = still[0]
            if over(measured, reluctant, error, dose, "called")[0] < SELDOM and abs(still[0]) > UNCHANGED:
                missed.append(f"{world}: the reluctant agent changes at {error} {dose} ({shown(still, sign=True)})")
        exact, middle = (over(measured, trusting, "fidelity", dose, "gain") for dose in ("1", "0.8"))
        figures |= {f"{world}, over-trusting, exact: helps less hurts": exact[0],
                    f"{world}, over-trusting, fidelity 0.8: helps less hurts": middle[0]}  # fmt: skip
        error, dose = doses[1]
        last = over(measured, trusting, error, dose, "gain")
        said.append(
            f"{world}: helps less hurts of the over-trusting agent {exact[0]:+.2f} with an exact simulator read rightly, "
            f"{middle[0]:+.2f} at fidelity 0.8, {last[0]:+.2f} at {dose}; of the calibrated one "
            f"{over(measured, calibrated, error, dose, 'gain')[0]:+.2f} at {dose}."
        )
        if last[0] >= exact[0]:
            missed.append(f"{world}: no dose response")
    sentence = " ".join(said) + (f" Not met: {'; '.join(missed)}." if missed else "")
    return Judgement("contradicted" if missed else "reproduced", sentence, figures)


def draw(measured: Measured) -> Sequence[Markup]:
    """Helps less hurts and forced less chosen calls over both doses, in both worlds."""
    panels = []
    for world in WORLDS:
        for error, doses in (("fidelity", FIDELITY), ("misreading", MISREADING)):
            kept = measured.cells[arm_of(world, TRUSTING)][measured.seeds[0]][error]
            known = [dose for dose in doses if _name(dose) in kept]
            for name, y_name, arms, at in (
                ("gain", "helps less hurts", (TRUSTING, CALIBRATED, RELUCTANT), known),
                ("force less normal", "success, forced less by choice", (TRUSTING, CALIBRATED, RELUCTANT),
                 [dose for dose in known if dose in FORCED[world][error]]),
            ):  # fmt: skip
                if world != "lake-6" and name != "gain":
                    continue
                curves = {
                    kind: [(_error(error, d), arm_of(world, kind), (error, _name(d), name)) for d in at] for kind in arms
                }
                what = "wrong predictions" if error == "fidelity" else "misread predictions"
                panels.append(lines(measured, curves, x_name=f"{what} [%]", y_name=f"{world}: {y_name}"))
    return panels


def _error(error: str, dose: float) -> float:
    return 100.0 * (1.0 - dose if error == "fidelity" else dose)


def arm_of(world: str, kind: str) -> str:
    """Names the arm of an agent in a world."""
    return f"{world}, {kind}"


CLAIM = Claim(
    id="F1",
    title="who calls a world model and believes it is hurt; who seldom calls is unchanged; force is worse",
    statement=(
        "Access to an exact simulator does not reliably help: eager callers lose (Llama-4-Maverick .35 to .27 on agent "
        "tasks), per instance it hurts more than it helps, models that seldom call are unchanged, and being forced to call "
        "is worse than choosing. About 15 % of the calls are misread or badly used."
    ),
    source="arXiv 2601.03905, section 4 and Figures 7 and 8, as far as they are known to us",
    setting=(
        "Scripted agents that misperceive 15 % of the tiles: one that asks before each action and trusts every prediction "
        "(0.99), one that asks as often and knows how reliable simulator and reading are, one that never asks by itself. "
        "Doses: share of wrong predictions (0 to 40 %, exact reading) and of misread ones (0 to 45 %, exact simulator). "
        "lake-6: 498 paired instances; push-6: 72. With a real agent: told that the simulator is right, told how often it "
        "is, told nothing; misreading cannot be set."
    ),
    criterion=(
        "lake-6, all seeds together: at the two largest doses of each error (fidelity 0.7 and 0.6; misreading 0.3 and "
        "0.45) the over-trusting agent's hurts exceed its helps, and its success is lower when forced than by choice, both "
        "with 95 % intervals that leave out 0; the calibrated agent's interval is nowhere below 0; an agent that calls in "
        f"less than {100 * SELDOM:.0f} % of the episodes changes by at most {100 * UNCHANGED:.0f} points; and the balance "
        "falls with the dose. push-6: the same signs of the means at the largest dose of each error."
    ),
    arms=tuple(
        Arm(arm_of(world, kind), {"world": world, "agent": kind})
        for world in WORLDS for kind in (TRUSTING, CALIBRATED, RELUCTANT)
    ),
    tabled=("gain", "force less normal", "success_without"),
    rests_on=RESTS_ON,
    run=run,
    judge=judge,
    draw=draw,
    roles=(AGENT,),
    minutes=0.55,
)  # fmt: skip
