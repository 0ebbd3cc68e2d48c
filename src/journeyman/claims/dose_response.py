"""F5: every way in which a simulator can be wrong has a knob that does what it says, and costs the agent in proportion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.foresee_arm import AGENT, RESTS_ON, Setting, apart, lines, over, played, shown, told
from journeyman.claims.realised_severity import BASE_ERROR, nominal, struck, world_model

if TYPE_CHECKING:
    from markupsafe import Markup

WORLD, INSTANCES, STATES = "lake-6", 120, 500
SEVERITIES: dict[str, tuple[float, ...]] = {
    "transition": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
    "observation": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
    "stale": (0, 1, 2, 3, 4, 5),
    "horizon": (0.0, 0.05, 0.1, 0.2, 0.3, 0.4),
    "compliance": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
    "overclaim": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
}
TRUSTING, CALIBRATED = "over-trusting", "calibrated"
HARMFUL = ("transition", "observation", "stale", "horizon", "compliance")
"""Channels whose predictions are wrong; a scripted agent does not hear what a world model claims of itself."""
CHANCE = 0.05


def run(cell: Cell) -> Mapping[str, Any]:
    """Two agents at each severity of one channel, and how often the channel really strikes."""
    channel: str = cell.arm.settings["channel"]
    n, found = cell.share(INSTANCES, least=6), {}
    for kind in (TRUSTING, CALIBRATED):
        without = played(WORLD, _setting(kind, channel, 0.0, "invisible"), cell, n)
        first = None
        for severity in SEVERITIES[channel]:
            episodes = played(WORLD, _setting(kind, channel, severity, "normal"), cell, n)
            first = episodes if first is None else first
            found[f"{kind}, {severity:g}"] = {**told(episodes, without), "less than at 0": apart(episodes, first)}
    marks = {
        f"{severity:g}": list(struck(WORLD, channel, severity, n=cell.share(STATES, least=40), seed=cell.seed))
        for severity in SEVERITIES[channel] if severity
    }  # fmt: skip
    return {"scores": found, "struck": marks}


def _setting(kind: str, channel: str, severity: float, mode: str) -> Setting:
    agent = "scripted:perception=0.15" + (",trust=0.99" if kind == TRUSTING else "")
    agent += {"horizon": ",depth=3", "compliance": ",leading=1"}.get(channel, "")
    reliable = 1.0 if kind == TRUSTING else _right(channel, severity)
    return Setting(agent, world_model(channel, severity), mode, reliable=reliable)


def _right(channel: str, severity: float) -> float | None:
    """Share of right predictions of one action, as far as it is known in advance."""
    if channel == "overclaim":
        return 1.0 - BASE_ERROR
    return 1.0 - severity if channel in ("transition", "observation", "horizon") else None


def judge(measured: Measured) -> Judgement:
    """The criterion, on all seeds together."""
    from scipy import stats

    figures: dict[str, float] = {}
    missed, said = [], []
    tests = sum(len(severities) - 1 for severities in SEVERITIES.values())
    furthest = 0.0
    for channel, severities in SEVERITIES.items():
        for severity in severities[1:]:
            rows = [measured.cells[channel][seed]["struck"][f"{severity:g}"] for seed in measured.seeds]
            hits, n = sum(int(row[0]) for row in rows), sum(int(row[1]) for row in rows)
            expected = nominal(channel, severity)
            furthest = max(furthest, abs(hits / n - expected))
            if stats.binomtest(hits, n, expected).pvalue < CHANCE / tests:
                missed.append(f"{channel} {severity:g} strikes in {hits} of {n}, not {expected:g}")
        last = f"{TRUSTING}, {severities[-1]:g}"
        fall = over(measured, channel, "scores", last, "less than at 0")
        figures[f"{channel} {severities[-1]:g}: success less that at 0"] = fall[0]
        said.append(f"{channel} {shown(fall, 2, sign=True)}")
        if channel in HARMFUL and fall[2] >= 0.0:
            missed.append(f"{channel} costs nothing that is sure")
    figures["largest gap of measured and nominal severity"] = furthest
    sentence = (
        f"Measured and nominal severities are at most {furthest:.3f} apart. Success of the over-trusting agent at the "
        f"largest severity, less that at 0: {'; '.join(said)}."
        + (f" Not met: {'; '.join(missed)}." if missed else "")
    )
    return Judgement("contradicted" if missed else "reproduced", sentence, figures)


def draw(measured: Measured) -> Sequence[Markup]:
    """Success, hurts, helps, calls and net value over each channel's severity."""
    panels = []
    for channel in SEVERITIES:
        scale, unit = (1.0, "real actions ago") if channel == "stale" else (100.0, "severity [%]")

        def at(kind: str, name: str, channel: str = channel, scale: float = scale) -> list[tuple[float, str, Sequence[str]]]:
            return [(scale * s, channel, ("scores", f"{kind}, {s:g}", name)) for s in SEVERITIES[channel]]

        curves = {
            "success": at(TRUSTING, "success"), "helps": at(TRUSTING, "helps"), "hurts": at(TRUSTING, "hurts"),
            "net of calls": at(TRUSTING, "net"), "success, calibrated": at(CALIBRATED, "success"),
        }  # fmt: skip
        panels.append(lines(measured, curves, x_name=unit, y_name=f"{channel}: share of episodes"))
        calls = {TRUSTING: at(TRUSTING, "calls"), CALIBRATED: at(CALIBRATED, "calls")}
        panels.append(lines(measured, calls, x_name=unit, y_name=f"{channel}: calls an episode", bounds=(0.0, None)))
    return panels


CLAIM = Claim(
    id="F5",
    title="each channel of error strikes as often as it says, and success falls with its severity",
    statement=(
        "One wrapper makes any simulator wrong in six ways, each of a set severity: another outcome, a wrong picture, an "
        "older state, errors that grow with the horizon, compliance with what the question hopes for, overclaimed "
        "certainty. What is measured is what was set, and success, helps, hurts, calls and net value have a dose response."
    ),
    source="our specification, J4; the paper has one exact simulator and one of unknown fidelity",
    stated="The claim",
    setting=(
        f"lake-6, {3 * INSTANCES} paired instances, five severities of each channel and none. An agent that asks before "
        "each action and trusts every prediction, and one that knows how reliable they are (is told 0.9 where nobody "
        "knows); with calls of up to three actions for horizon, with leading questions for compliance. Overclaim is on a "
        "simulator whose outcomes are wrong in 20 %. How often a channel strikes is counted from what is shown in up to "
        "1500 states. With a real agent: told that all is right, and told how much is."
    ),
    criterion=(
        "All seeds together: at none of the 30 severities is the number of strikes other than nominal at the level of "
        f"{CHANCE:g} / 30 (exact binomial test); and the success of the over-trusting agent is lower at the largest "
        "severity than at 0, with a 95 % interval that leaves out 0, for every channel but overclaim, which scripted "
        "agents do not hear."
    ),
    arms=tuple(Arm(channel, {"channel": channel}) for channel in SEVERITIES),
    tabled=("success", "hurts"),
    rests_on=RESTS_ON,
    run=run,
    judge=judge,
    draw=draw,
    roles=(AGENT,),
    minutes=0.25,
)
