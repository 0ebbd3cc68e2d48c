"""F8: what an agent misreads and what its simulator gets wrong end alike, so only an intervention can tell them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.foresee_arm import (
    RESTS_ON,
    Setting,
    lines,
    mean_apart,
    over,
    pairs,
    played,
    shown,
    told,
)

if TYPE_CHECKING:
    from markupsafe import Markup

WORLD, INSTANCES, TIMES = "lake-6", 166, 3
SEVERITIES = (0.05, 0.15, 0.3, 0.45)
AGENTS = {"over-trusting": ",trust=0.99", "calibrated": ""}
MARGIN, LEVEL = 0.05, 0.9
"""Two success rates that differ by less are equal; two one-sided tests at 5 % are a 90 % interval within it."""
FAILURES = 25
"""Failures of each kind that are attributed, at most."""
ALONE = 0.9


def run(cell: Cell) -> Mapping[str, Any]:
    """Equal rates of misreading and of wrong outcomes, for two agents; and the failures of one, attributed."""
    severity: float = cell.arm.settings["severity"]
    n, found = cell.share(INSTANCES, least=6), {}
    for kind in AGENTS:
        without = played(WORLD, _setting(kind, "reading", 0.0, "invisible"), cell, n, times=TIMES)
        read, wrong = (
            played(WORLD, _setting(kind, at_fault, severity, "normal"), cell, n, times=TIMES)
            for at_fault in ("reading", "simulator")
        )
        both = pairs(read, wrong)
        found[kind] = {
            "reading": told(read, without), "simulator": told(wrong, without),
            "apart": mean_apart([(a.instance, float(a.success) - float(b.success)) for a, b in both], LEVEL),
            "calls apart": mean_apart([(a.instance, float(a.calls - b.calls)) for a, b in both], LEVEL),
        }  # fmt: skip
    most = cell.share(FAILURES, least=3)
    labels = {at_fault: attributed(at_fault, severity, cell.seed, most) for at_fault in ("reading", "simulator")}
    return {"scores": found, "attributed": labels}


def _setting(kind: str, at_fault: str, severity: float, mode: str) -> Setting:
    reading = at_fault == "reading"
    agent = f"scripted:perception=0.15{AGENTS[kind]}" + (f",misread={severity:g}" if reading and severity else "")
    model = "exact" if reading else f"exact+transition={severity:g}"
    return Setting(agent, model, mode, reliable=1.0 if reading else 1.0 - severity)


def attributed(at_fault: str, severity: float, seed: int, most: int) -> dict[str, int]:
    """Of the first failures of the over-trusting agent that five repairs together flip: how many the true stage's repair
    flips, and how many it flips alone; `other`: how many the other one's does."""
    from journeyman.foresee.attribution.blame import blame
    from journeyman.foresee.attribution.replay import Staged, arm
    from journeyman.foresee.cell import Cell as Played
    from journeyman.foresee.draws import Draws
    from journeyman.foresee.evaluation.opened import open_scene
    from journeyman.foresee.protocol.episode import play

    setting = _setting("over-trusting", at_fault, severity, "normal")
    # Such an agent trusts fully: what is shown to it once is never asked again, so that the fault alone decides.
    cell = Played(setting.agent.replace("trust=0.99", "trust=1"), setting.world_model)
    scene, make = open_scene(WORLD, cell)
    true, other = at_fault, "simulator" if at_fault == "reading" else "reading"
    counts = {"failures": 0, "inside": 0, "alone": 0, "other": 0}
    for instance in scene.world.instances():
        if counts["failures"] == most:
            break
        episode = play(scene, instance, make(), Draws(seed))
        if episode.success:
            continue
        why = blame(partial(arm, Staged(episode, instance, scene, make)), cell=cell.key, instance=instance.id, seed=seed,
                    sufficiency=False)  # fmt: skip
        counts["failures"] += 1
        counts["inside"] += true in why.singles
        counts["alone"] += why.singles == (true,)
        counts["other"] += other in why.singles
    return counts


def judge(measured: Measured) -> Judgement:
    """The criterion, on all seeds together."""
    missed, said = [], []
    figures: dict[str, float] = {}
    for kind in AGENTS:
        each = []
        for severity in SEVERITIES:
            apart = over(measured, _arm(severity), "scores", kind, "apart")
            figures[f"{kind}, {severity:g}: success, misread less wrong"] = apart[0]
            each.append(f"{shown(apart, sign=True)} at {severity:g}")
            if not -MARGIN < apart[1] <= apart[2] < MARGIN:
                missed.append(f"{kind}, {severity:g}: not shown to be equal")
        said.append(f"{kind}: {', '.join(each)}")
    parts = []
    for at_fault in ("reading", "simulator"):
        counts = {
            name: sum(int(measured.cells[_arm(s)][seed]["attributed"][at_fault][name])
                      for s in SEVERITIES for seed in measured.seeds)
            for name in ("failures", "alone", "other")
        }  # fmt: skip
        share = counts["alone"] / max(counts["failures"], 1)
        figures |= {f"{at_fault}: found alone": share, f"{at_fault}: failures": counts["failures"]}
        parts.append(f"{at_fault} alone in {counts['alone']} of {counts['failures']} ({100 * share:.1f} %)")
        if share < ALONE:
            missed.append(f"{at_fault} is found alone in {100 * share:.1f} %")
    sentence = (
        f"Success with so many predictions misread less that with as many wrong, 90 % intervals: {'; '.join(said)}. "
        f"Replays find {' and '.join(parts)}." + (f" Not met: {'; '.join(missed)}." if missed else "")
    )
    return Judgement("contradicted" if missed else "reproduced", sentence, figures)


def draw(measured: Measured) -> Sequence[Markup]:
    """Success and calls over both errors, of both agents."""
    panels = []
    names = {"success": "success rate", "calls": "calls an episode", "hurts": "hurts", "net": "net of calls"}
    for name, y_name in names.items():
        curves = {
            f"{kind}, {'misread' if at == 'reading' else 'wrong'}":
            [(100 * s, _arm(s), ("scores", kind, at, name)) for s in SEVERITIES]
            for kind in AGENTS for at in ("reading", "simulator")
        }  # fmt: skip
        panels.append(lines(measured, curves, x_name="predictions misread or wrong [%]", y_name=y_name))
    return panels


def _arm(severity: float) -> str:
    return f"{100 * severity:g} %"


CLAIM = Claim(
    id="F8",
    title="misreading an exact simulator and reading a wrong one rightly end alike; replays tell them apart",
    statement=(
        "An exact simulator with 15 % misreading behaves like a fallible simulator: reading errors and simulator errors "
        "are interchangeable for the outcome. So neither success nor calls say which of the two is at fault, and "
        "attribution needs intervention."
    ),
    source="our specification, Appendix 1 (reading 2) and J5",
    stated="The claim",
    setting=(
        f"lake-6, 498 instances, {TIMES} times with other draws each. Two agents that ask before each action: one trusts "
        "every prediction, one knows its rate of errors. At each rate an exact simulator with so many predictions misread, "
        f"and perfect reading of so many wrong outcomes. Then up to {FAILURES} failures a seed of each kind, of an agent "
        "that believes all it reads, are played again with single repairs."
    ),
    criterion=(
        f"All seeds together: for both agents and at every rate the success rates differ by less than {100 * MARGIN:.0f} "
        f"points, by the {100 * LEVEL:.0f} % interval of the paired difference (two one-sided tests at 5 %); and over all "
        f"rates replays find the true stage, and it alone, in at least {100 * ALONE:.0f} % of the failures of either kind."
    ),
    arms=tuple(Arm(_arm(severity), {"severity": severity}) for severity in SEVERITIES),
    tabled=("success", "apart", "failures", "alone"),
    rests_on=RESTS_ON,
    run=run,
    judge=judge,
    draw=draw,
    minutes=0.45,
)
