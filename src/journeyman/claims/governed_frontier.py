"""F7: success against calls under every governor, and what it is worth at four prices of a call."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.foresee_arm import (
    CALLS_NEVER,
    RESTS_ON,
    Setting,
    Stage,
    block,
    lines,
    over,
    plain,
    shown,
    staged,
)

if TYPE_CHECKING:
    from markupsafe import Markup

    from journeyman.foresee.protocol.decision import Episode
    from journeyman.foresee.score.groups import Group

WORLD, INSTANCES, LEARNED_FROM = "lake-6", 166, 400
FIDELITIES = (1.0, 0.8, 0.6)
PRICES = (0.0, 0.005, 0.02, 0.05)
"""Of a call, in successes (spec J10)."""
THRESHOLDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
NEVER, ALWAYS, RANDOM, DOUBT, PILOT, VOI, STEPS, UPLIFT, ORACLE = (
    "never", "always", "random, as often as voi", "confidence threshold", "reference's governor", "voi",
    "voi, single steps", "uplift", "oracle",
)  # fmt: skip
POLICIES = (NEVER, ALWAYS, RANDOM, DOUBT, PILOT, VOI, STEPS, UPLIFT, ORACLE)
DRAWN = (NEVER, ALWAYS, DOUBT, PILOT, VOI, UPLIFT, ORACLE)
OURS = (PILOT, VOI, STEPS, UPLIFT)
SELDOM, BEHIND = 0.05, 0.01
"""Calls an episode below which nothing is governed, and how far behind never and always one may stay."""


def run(cell: Cell) -> Mapping[str, Any]:
    """All governors at one fidelity: success, calls, net value at each price, and success above the confidence threshold at
    equal calls."""
    from journeyman.claims.reference_governor import Reference
    from journeyman.foresee.governors.chance import matched_rate
    from journeyman.foresee.score.frontier import over as above
    from journeyman.foresee.score.groups import groups_of

    fidelity: float = cell.arm.settings["fidelity"]
    which = block(cell.seed, cell.share(INSTANCES, least=12))

    def play(governor: str, split: str = "test", mode: str = "normal") -> list[Episode]:
        return _stage(governor, fidelity, split, mode).play(which, cell.seed)

    def group(governor: str, mode: str = "normal") -> Group:
        return groups_of(play(governor, mode=mode))[0]

    never, always, oracle = group("none", "invisible"), group("always"), group("oracle")
    doubts = {threshold: group(f"confidence:{threshold:g}") for threshold in THRESHOLDS}
    tuned = {threshold: play(f"confidence:{threshold:g}", "train") for threshold in THRESHOLDS}
    plain_stage = _stage("none", fidelity, "test", "normal")
    pilots = {
        price: groups_of(plain_stage.under(Reference(fidelity, price)).play(which, cell.seed))[0] for price in PRICES
    }
    rivals = list(doubts.values())
    lasting = {id(one): _row(one, never, always, rivals) for one in (never, always, oracle, *rivals)}
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="journeyman-gate-") as folder:
        gate = _learned(fidelity, cell, Path(folder) / "gate.json")
        for price in PRICES:
            ours = {
                VOI: group(f"voi:cost={price:g},reliability={fidelity:g}"),
                STEPS: group(f"voi:cost={price:g},reliability={fidelity:g},depth=1"),
                UPLIFT: group(f"uplift:{gate},cost={price:g},explore=0"),
            }
            best = max(THRESHOLDS, key=lambda threshold: _net(tuned[threshold], price))
            there = {
                NEVER: never, ALWAYS: always, RANDOM: group(f"random:{matched_rate(ours[VOI].episodes):.4f}"),
                DOUBT: doubts[best], PILOT: pilots[price], **ours, ORACLE: oracle,
            }  # fmt: skip
            found[f"{price:g}"] = {
                name: {**(lasting.get(id(one)) or _row(one, never, always, rivals)), "net": _net_of(one, price)}
                for name, one in there.items()
            }
            found[f"{price:g}"][DOUBT]["threshold"] = best
            for name in (VOI, STEPS):
                found[f"{price:g}"][name]["above the reference"] = plain(above(ours[name], list(pilots.values()), never))
    found["thresholds"] = {f"{threshold:g}": lasting[id(one)] for threshold, one in doubts.items()}
    return found


def _stage(governor: str, fidelity: float, split: str, mode: str) -> Stage:
    model = "exact" if fidelity == 1.0 else f"exact+transition={1.0 - fidelity:g}"
    return staged(WORLD, Setting(CALLS_NEVER, model, mode, governor, fidelity), split)


def _learned(fidelity: float, cell: Cell, file: Path) -> Path:
    from journeyman.foresee.governors import uplift
    from journeyman.foresee.governors.uplift_model import save

    stage = _stage("encourage:0.5", fidelity, "train", "normal")
    logs = stage.play(range(cell.share(LEARNED_FROM, least=100)), cell.seed)
    save(uplift.learn(uplift.logged_points(logs)), file)
    return file


def _net(episodes: Sequence[Episode], price: float) -> float:
    return sum(one.success - price * one.calls for one in episodes) / len(episodes)


def _row(group: Group, never: Group, always: Group, rivals: Sequence[Group]) -> dict[str, Any]:
    """[value, low, high] of each figure; efficiency only where there is something to gain."""
    from journeyman.foresee.score.ceiling import ceiling
    from journeyman.foresee.score.frontier import over as above
    from journeyman.foresee.score.groups import paired
    from journeyman.foresee.score.interval import measure, part_of
    from journeyman.foresee.score.success import totals

    sums = totals(group.episodes)
    part = ceiling(paired(group, never, always), "nothing is paired")["ceiling/efficiency"]
    return {
        "success": plain(measure(sums, part_of("solved", "n"), share=True)),
        "calls": plain(measure(sums, part_of("calls", "n"))), "above the threshold": plain(above(group, rivals, never)),
        **({} if part.value is None else {"efficiency": plain(part)}),
    }  # fmt: skip


def _net_of(group: Group, price: float) -> list[float]:
    from journeyman.foresee.score.success import totals
    from journeyman.foresee.score.value import Prices, net

    return plain(net(totals(group.episodes), Prices(call=price)))


def judge(measured: Measured) -> Judgement:
    """The criterion, on all seeds together."""
    figures: dict[str, float] = {}
    missed, said = [], []
    for fidelity in FIDELITIES:
        arm, beats, ahead = _arm(fidelity), [], []
        for price in map("{:g}".format, PRICES):
            net = {name: over(measured, arm, price, name, "net")[0] for name in POLICIES}
            figures |= {f"{arm}, price {price}: net, {name}": net[name] for name in POLICIES}
            best = max(net[NEVER], net[ALWAYS])
            if net[VOI] < best - BEHIND:
                missed.append(f"voi nets {net[VOI]:.3f} where never or always nets {best:.3f} ({arm}, {price})")
            for name in OURS:
                above, calls = (over(measured, arm, price, name, what) for what in ("above the threshold", "calls"))
                if calls[0] < SELDOM:
                    continue
                figures[f"{arm}, price {price}: above the threshold, {name}"] = above[0]
                if above[1] > 0.0:
                    beats.append(f"{name} at {price} ({shown(above, sign=True)})")
                if name in (VOI, STEPS):
                    against = over(measured, arm, price, name, "above the reference")
                    figures[f"{arm}, price {price}: above the reference's governor, {name}"] = against[0]
                    if against[1] > 0.0:
                        ahead.append(f"{name} at {price} ({shown(against, sign=True)})")
                if name == VOI and (above[1] <= 0.0 if fidelity > 0.7 else above[2] < 0.0) and price != "0":
                    missed.append(f"voi against the threshold at equal calls: {shown(above, sign=True)} ({arm}, {price})")
        said.append(f"{arm}: {', '.join(beats) or 'none'}; above the reference's governor: {', '.join(ahead) or 'none'}")
    sentence = f"Above the confidence threshold at equal calls, {'. '.join(said)}." + (
        f" Not met: {'; '.join(missed)}." if missed else ""
    )
    return Judgement("contradicted" if missed else "reproduced", sentence, figures)


def draw(measured: Measured) -> Sequence[Markup]:
    """Success against calls of each family, and net value over prices."""
    from journeyman.report.draw.lines import Series, draw_lines

    panels = []
    for fidelity in FIDELITIES:
        arm, series = _arm(fidelity), []
        families: dict[str, list[tuple[str, ...]]] = {
            name: [(f"{PRICES[0]:g}", name)] if name in (NEVER, ALWAYS, ORACLE) else
            [("thresholds", f"{threshold:g}") for threshold in THRESHOLDS] if name == DOUBT else
            [(f"{price:g}", name) for price in PRICES]
            for name in DRAWN
        }  # fmt: skip
        for i, (name, paths) in enumerate(families.items()):
            at = sorted((over(measured, arm, *path, "calls")[0], over(measured, arm, *path, "success")) for path in paths)
            series.append(Series(name, f"s{i}", [(x, y[0]) for x, y in at], dots=True))
        panels.append(draw_lines(
            series, x_name="calls an episode", y_name=f"{arm}: success rate", label=f"success over calls, {arm}", width=420,
            height=270, smooth=False,
        ))  # fmt: skip
        curves = {name: [(100 * p, arm, (f"{p:g}", name, "net")) for p in PRICES] for name in DRAWN}
        panels.append(lines(measured, curves, x_name="price of a call [0.01 successes]", y_name=f"{arm}: net value"))
    return panels


def _arm(fidelity: float) -> str:
    return f"fidelity {fidelity:g}"


CLAIM = Claim(
    id="F7",
    title="which governor is worth its calls, at four prices, against a confidence threshold at equal calls",
    statement=(
        "Governors are compared by what success is worth after the price of calls, and by success at equal calls. One that "
        "does not beat a confidence threshold there has only called, not governed. The governor that weighs what a call "
        "can change does beat it, and never stays behind the better of never and always calling."
    ),
    source="our specification, J10 and d.2.7; governance efficiency after AVIC, arXiv 2602.08236",
    stated="The claim",
    setting=(
        "lake-6, 498 instances, a scripted agent with a calibrated belief that never calls by itself and is told how "
        "reliable the simulator is; fidelity 1, 0.8 and 0.6. Never, always, a coin as frequent as voi, a threshold on the "
        "risk of what is wanted (for net values the best of seven on the train split), the value of information with calls "
        "of up to five actions and of one, the myopic governor of the pilot (spec Appendix 1), a gate on learned uplift, "
        "and the oracle that knows the world. Governors with a cost are given the price. A call costs the same whatever "
        "its length."
    ),
    criterion=(
        "All seeds together, for voi at each price above 0: at fidelity 1 and 0.8 its success is above the confidence "
        "threshold's frontier at equal calls with a 95 % interval above 0, and at 0.6 with one that is not below 0, "
        f"wherever it calls at least {SELDOM:g} times an episode; and at every price and fidelity its net value is at most "
        f"{BEHIND:g} below the better of never and always."
    ),
    arms=tuple(Arm(_arm(fidelity), {"fidelity": fidelity}) for fidelity in FIDELITIES),
    tabled=("net",),
    rests_on=RESTS_ON,
    run=run,
    judge=judge,
    draw=draw,
    minutes=0.9,
)
