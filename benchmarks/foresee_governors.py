"""Governors on the same lakes: the reference's table (spec, Appendix 1), and ours against its governor at equal calls.

    python benchmarks/foresee_governors.py                        # table, then frontiers; at most three minutes of one core
    python benchmarks/foresee_governors.py --uplift               # a learned gate on lakes it was not learned on
    python benchmarks/foresee_governors.py --instances 60 --seed 1 --json

The agent is scripted: it misperceives 15 % of the tiles, holds a calibrated belief, plans by value iteration with discount
0.97 and never calls by itself. Fidelity f is an exact clone that shows the wrong one of "falls in" and "does not" with
probability 1 - f at each step; misreading m takes what is shown for another outcome. A call costs 0.02 in the net value,
whatever its length; steps are simulated actions. Gain and hurt are against never calling.

"pilot" is the reference's governor, written anew from its description in `Pilot`: everything else (agent, belief, lakes,
draws) is the same for all rows. It asks for single steps; ours may ask for whole walks, so two measures are compared: at
equal calls, which are what costs in the reference, and at equal simulated steps.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from journeyman.foresee.agents.agent import Brief
from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.agents.scripted import scripted
from journeyman.foresee.draws import Draws
from journeyman.foresee.governors import uplift, uplift_model
from journeyman.foresee.governors.gate import has_room, ruling
from journeyman.foresee.governors.governor import Governor, Point, Ruling
from journeyman.foresee.governors.open import open_governor
from journeyman.foresee.governors.unlearning import Unlearning
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.world_models.open import open_world_model
from journeyman.foresee.worlds.lake_rules import neighbours
from journeyman.foresee.worlds.registry import open_world

COST = 0.02
COSTS = (0.0, 0.005, 0.02, 0.05)
DISCOUNT = 0.97
CHAINS = ((1.0, 0.0), (0.8, 0.0), (0.6, 0.0), (1.0, 0.15))
WORLD = open_world("lake-6")
CLONE = open_world("lake-6")
Floats = np.ndarray[Any, np.dtype[np.float64]]

# (success, calls, net, gain, hurt) of the reference, by fidelity, misreading and policy.
REFERENCE = {
    (1.0, 0.0, "never"): (0.648, 0.00, 0.648, 0.000, 0.000),
    (1.0, 0.0, "always"): (1.000, 8.12, 0.838, 0.352, 0.000),
    (1.0, 0.0, "confidence"): (0.780, 0.48, 0.770, 0.133, 0.000),
    (1.0, 0.0, "pilot"): (0.885, 2.90, 0.827, 0.237, 0.000),
    (0.8, 0.0, "always"): (0.752, 6.85, 0.615, 0.117, 0.013),
    (0.8, 0.0, "always, trust 0.99"): (0.595, 13.07, 0.334, 0.147, 0.200),
    (0.8, 0.0, "confidence"): (0.710, 0.47, 0.701, 0.065, 0.003),
    (0.8, 0.0, "pilot"): (0.730, 0.64, 0.717, 0.085, 0.003),
    (0.6, 0.0, "always"): (0.675, 5.99, 0.555, 0.050, 0.022),
    (0.6, 0.0, "always, trust 0.99"): (0.295, 14.34, 0.008, 0.050, 0.403),
    (0.6, 0.0, "confidence"): (0.655, 0.36, 0.648, 0.022, 0.015),
    (0.6, 0.0, "pilot"): (0.645, 0.11, 0.643, 0.010, 0.013),
    (1.0, 0.15, "always"): (0.790, 7.32, 0.644, 0.165, 0.022),
    (1.0, 0.15, "always, trust 0.99"): (0.680, 12.24, 0.435, 0.177, 0.145),
    (1.0, 0.15, "confidence"): (0.728, 0.48, 0.718, 0.090, 0.010),
    (1.0, 0.15, "pilot"): (0.750, 1.08, 0.728, 0.113, 0.010),
}


class Pilot(Unlearning):
    """The reference's governor: myopic EVSI of looking at one neighbouring tile, by value iteration on the agent's belief.

    Args:
        reliability: of simulator and reading together. cost: of a call.
    """

    name = "pilot"

    def __init__(self, reliability: float, cost: float = COST) -> None:
        self.reliability = min(max(reliability, 1e-9), 1.0 - 1e-9)
        self.cost = cost
        self._asked: set[tuple[str, Actions]] = set()

    def begin(self, brief: Brief) -> None:
        self._asked.clear()

    def rule(self, point: Point) -> Ruling:
        self._asked.update((point.state, actions) for actions in point.asked)
        if not has_room(point):
            return ruling(point, None, "no call is left")
        belief: Any = point.mind.belief  # type: ignore[union-attr]
        holes, around, rho = belief.holes, neighbours(belief.size)[belief.at], self.reliability
        calls: list[Actions] = []
        rows, chances = [holes], [1.0]
        for way, tile in enumerate(around):
            h = float(holes[tile])
            if tile == belief.at or not 0.0 < h < 1.0 or (point.state, (way,)) in self._asked:
                continue
            calls.append((way,))
            falls = h * rho + (1.0 - h) * (1.0 - rho)
            for chance, after in ((falls, h * rho / falls), (1.0 - falls, h * (1.0 - rho) / (1.0 - falls))):
                row = holes.copy()
                row[tile] = after
                rows.append(row)
                chances.append(chance)
        steps = point.brief.instance.cap - point.real
        worth = best_values(np.array(rows), belief.at, belief.goal, belief.size, steps) * np.array(chances)
        worths = worth[1::2] + worth[2::2] - worth[0]
        if not calls or worths.max() <= max(self.cost, 1e-9):
            return ruling(point, None, "no look at a neighbouring tile is worth its cost")
        return ruling(point, calls[int(worths.argmax())], "the look at a neighbouring tile that is worth most")


def best_values(holes_BT: Floats, at: int, goal: int, size: int, steps: int) -> Floats:
    """Value of the best action at `at` for each of B beliefs, by value iteration over so many steps."""
    around = np.array(neighbours(size))
    entered = np.zeros_like(holes_BT)  # of stepping onto each tile
    entered[:, goal] = 1.0
    for _ in range(steps - 1):
        before = entered
        entered = DISCOUNT * (1.0 - holes_BT) * before[:, around].max(axis=2)
        entered[:, goal] = 1.0
        if np.array_equal(entered, before):
            break
    ways = [tile for tile in neighbours(size)[at] if tile != at]
    found: Floats = entered[:, ways].max(axis=1)
    return found


@dataclass(frozen=True)
class Chain:
    """A simulator of fidelity `f` whose predictions are misread with probability `m`."""

    f: float
    m: float

    @property
    def reliability(self) -> float:
        """Probability that what is read of a step is the truth."""
        return self.f * (1.0 - self.m) + (1.0 - self.f) * self.m


@dataclass(frozen=True)
class Row:
    """One line of a table, as means over lakes."""

    fidelity: float
    misread: float
    policy: str
    success: float
    calls: float
    steps: float
    net: float
    gain: float
    hurt: float
    reference: tuple[float, ...] | None = None


def play_all(
    n: int, seed: int, governor: str | Governor, chain: Chain, trust: str = "calibrated", *, split: str = "test",
    agent: str = "call=never",
) -> list[Episode]:  # fmt: skip
    """`n` lakes in order under one governor, which keeps what it learns."""
    model = "exact" if chain.f == 1.0 else f"exact+transition={1.0 - chain.f:g}"
    opened = open_governor(governor) if isinstance(governor, str) else governor
    scene = Scene(WORLD, open_world_model(model, WORLD), governor=opened, clone=CLONE, reliable=chain.f)
    new = scripted(f"scripted:perception=0.15,{agent},discount={DISCOUNT},trust={trust},misread={chain.m}")
    return [play(scene, instance, new(), Draws(seed)) for instance in WORLD.instances(n, split)]


def steps_of(episode: Episode) -> int:
    """Simulated actions."""
    return sum(len(decision.actions) for decision in episode.decisions if decision.context == "W")


def row(policy: str, chain: Chain, without: Sequence[Episode], played: Sequence[Episode]) -> Row:
    """What was played, summed up."""
    success, calls = fmean(one.success for one in played), fmean(one.calls for one in played)
    return Row(
        chain.f, chain.m, policy, success, calls, fmean(map(steps_of, played)), success - COST * calls,
        fmean(a.success and not b.success for a, b in zip(played, without, strict=True)),
        fmean(b.success and not a.success for a, b in zip(played, without, strict=True)),
        REFERENCE.get((chain.f, chain.m, policy)),
    )  # fmt: skip


# --- at equal calls -------------------------------------------------------------------------------------------------------


class Frontier:
    """Success against a measure of calling over governors, linear between them (a coin for each lake would do that), level
    after the last. `cheap`: calls or steps of each governor and lake; `solved`: likewise."""

    def __init__(self, governors: Sequence[Sequence[Episode]], by: str) -> None:
        measure = steps_of if by == "steps" else lambda episode: episode.calls
        self.spent_GN = np.array([[measure(one) for one in played] for played in governors], dtype=float)
        self.solved_GN = np.array([[one.success for one in played] for played in governors], dtype=float)

    def at(self, spent: float, pick: Any) -> float:
        """Success where so much is spent, over the picked lakes."""
        x, y = self.spent_GN[:, pick].mean(axis=1), self.solved_GN[:, pick].mean(axis=1)
        order = np.argsort(x)
        return float(np.interp(spent, x[order], y[order]))


def advantage(
    ours: Sequence[Sequence[Episode]], theirs: Sequence[Episode], by: str = "calls", resamples: int = 2000
) -> tuple[float, float, float]:
    """How much more ours solves than theirs where it spends as much, with a 95 % bootstrap interval over lakes."""
    one, other = Frontier(ours, by), Frontier([theirs], by)
    rng, n = np.random.default_rng(0), len(theirs)

    def gap(pick: Any) -> float:
        return one.at(float(other.spent_GN[0, pick].mean()), pick) - float(other.solved_GN[0, pick].mean())

    low, high = np.quantile([gap(rng.integers(n, size=n)) for _ in range(resamples)], [0.025, 0.975])
    return gap(np.arange(n)), float(low), float(high)


def area(frontier: Sequence[Sequence[Episode]], budget: float) -> float:
    """Mean success over all numbers of calls from 0 to a budget."""
    one, every = Frontier(frontier, "calls"), slice(None)
    return fmean(one.at(float(spent), every) for spent in np.linspace(0.0, budget, 101))


def compare(n: int, seed: int) -> list[Row]:
    """The table, then frontiers and differences, printed as they come."""
    found = []
    never = play_all(n, seed, "never", Chain(1.0, 0.0))
    found.append(show(row("never", Chain(1.0, 0.0), never, never)))
    differences = []
    for f, m in CHAINS:
        chain = Chain(f, m)
        rho = f"{chain.reliability:g}"
        of: dict[str, list[Episode]] = {}
        for policy, governor, trust in (
            ("always", "always", "calibrated"),
            ("always, trust 0.99", "always", "0.99"),
            ("confidence", "confidence:0.1", "calibrated"),
            ("pilot", Pilot(chain.reliability), "calibrated"),
            ("voi", f"voi:reliability={rho}", "calibrated"),
            ("voi, learned", "voi", "calibrated"),
        ):
            of[policy] = play_all(n, seed, governor, chain, trust)
            found.append(show(row(policy, chain, never, of[policy])))
        costs = COSTS if not m else (0.05,)
        ours = [never, *(play_all(n, seed, f"voi:cost={cost},reliability={rho}", chain) for cost in costs if cost != COST)]
        ours.append(of["voi"])
        by_step = [never, *(play_all(n, seed, f"voi:cost={c},growth=1,reliability={rho}", chain) for c in (COST, 0.05))]
        pilots = {COST: of["pilot"]}
        if not m:
            pilots |= {cost: play_all(n, seed, Pilot(chain.reliability, cost), chain) for cost in costs if cost != COST}
            for cost, played in sorted(pilots.items()):
                found.append(show(row(f"pilot, cost {cost:g}", chain, never, played)))
            for cost, played in zip([c for c in costs if c != COST] + [COST], ours[1:], strict=True):
                found.append(show(row(f"voi, cost {cost:g}", chain, never, played)))
            most = min(max(fmean(e.calls for e in one) for one in side) for side in (ours, list(pilots.values())))
            differences.append(
                f"{f:4.1f} {m:7.2f}  area under the frontier up to {most:.1f} calls: voi {area(ours, most):.3f}, "
                f"pilot {area([never, *pilots.values()], most):.3f}"
            )
        for name, played, frontier, by in (
            *((f"pilot, cost {cost:g}", played, ours, "calls") for cost, played in sorted(pilots.items())),
            ("pilot, cost 0.02", of["pilot"], by_step, "steps"),
            ("confidence", of["confidence"], ours, "calls"),
        ):
            spent = fmean(steps_of(e) if by == "steps" else e.calls for e in played)
            differences.append(f"{f:4.1f} {m:7.2f}  {name:18} {spent:6.2f} {by}:  " + told(advantage(frontier, played, by)))
    say("\n   f misread  against              at equal         voi solves more by (95 % interval over the same lakes)")
    for line in differences:
        say(line)
    return found


def told(found: tuple[float, float, float]) -> str:
    """A difference in words."""
    gap, low, high = found
    verdict = "beats it" if low > 0.0 else "is beaten" if high < 0.0 else "not told apart"
    return f"{gap:+.3f} ({low:+.3f} to {high:+.3f})  {verdict}"


# --- a learned gate -------------------------------------------------------------------------------------------------------


def gate(n: int, train: int, seed: int) -> list[dict[str, float | str]]:
    """A gate learned from encouragement, on other lakes, for an agent that would have each of its walks simulated first:
    precision and recall against need (d.2.8), with those of a gate that is always open, and the calibration of tau.

    Need is of an instance: solved when always calling and not when never. Tau is held against doubly robust scores of a
    log with a fair coin on held-out lakes, whose noise only adds to the error.
    """
    found: list[dict[str, float | str]] = []
    for f in (1.0, 0.8):
        def played(governor: str, count: int, chain: Chain, split: str, key: int) -> list[Episode]:
            return play_all(count, key, governor, chain, split=split, agent="call=always,depth=5")

        chain = Chain(f, 0.0)
        rounds, each = -(-train // 400), min(train, 400)
        logs = [one for k in range(rounds) for one in played("encourage:1", each, chain, "train", seed + k)]
        points = uplift.logged_points(logs)
        model = uplift.learn(points)
        never, always = (played(governor, n, chain, "test", seed) for governor in ("never", "always"))
        needed = [a.success and not b.success for a, b in zip(always, never, strict=True)]
        fresh = uplift.logged_points(played("encourage:1", n, chain, "test", seed + 100))
        error = uplift.calibration_error(np.array([model.tau(p.x, p.world) for p in fresh]), uplift.scores_of(fresh))
        for cost in (0.02, 0.05, 0.08, 0.12):
            with tempfile.TemporaryDirectory() as folder:
                uplift_model.save(model, Path(folder) / "gate.json")
                gated = played(f"uplift:{folder}/gate.json,cost={cost},explore=0", n, chain, "test", seed)
            called = [one.calls > 0 for one in gated]
            both = sum(a and b for a, b in zip(needed, called, strict=True))
            line: dict[str, float | str] = {
                "gate": f"f {f:g} cost {cost:g}", "points": float(len(points)), "precision": both / max(sum(called), 1),
                "always open": fmean(needed), "recall": both / max(sum(needed), 1), "tau error": error,
                "success": fmean(one.success for one in gated), "calls": fmean(one.calls for one in gated),
                "never": fmean(one.success for one in never), "always": fmean(one.success for one in always),
            }  # fmt: skip
            found.append(line)
            say("  ".join(f"{key} {value:.3f}" if isinstance(value, float) else value for key, value in line.items()))
    return found


# --- what is printed ------------------------------------------------------------------------------------------------------


def show(one: Row) -> Row:
    """Print a line of the table."""
    beside = "" if one.reference is None else "{:.3f} {:5.2f} {:.3f} {:.3f} {:.3f}".format(*one.reference)
    say(f"{one.fidelity:4.1f} {one.misread:7.2f}  {one.policy:20} {one.success:8.3f} {one.calls:6.2f} {one.steps:6.2f} "
        f"{one.net:6.3f} {one.gain:6.3f} {one.hurt:6.3f}   {beside}")  # fmt: skip
    return one


def say(text: str) -> None:
    """On standard output, or on standard error where that is for JSON."""
    print(text, file=sys.stderr if "--json" in sys.argv else sys.stdout, flush=True)


def main() -> None:
    """Print tables, or one JSON document."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--instances", type=int, default=400)
    asked.add_argument("--train", type=int, default=1200, help="episodes that a gate is learned from")
    asked.add_argument("--seed", type=int, default=0, help="of perception, simulator and coins; the lakes stay")
    asked.add_argument("--uplift", action="store_true")
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    if given.uplift:
        found: Sequence[object] = gate(given.instances, given.train, given.seed)
    else:
        say("   f misread  policy                success  calls  steps    net   gain   hurt   "
            "reference: success calls net gain hurt")  # fmt: skip
        found = [asdict(one) for one in compare(given.instances, given.seed)]
    if given.json:
        print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
