"""Governors on the same lakes: the reference table (spec, Appendix 1), and success at equal numbers of calls.

    python benchmarks/foresee_governors.py                        # the table on 400 lakes, the reference's figures beside it
    python benchmarks/foresee_governors.py --frontier             # success against calls over costs, with paired differences
    python benchmarks/foresee_governors.py --uplift               # a learned gate on lakes it was not learned on
    python benchmarks/foresee_governors.py --instances 60 --json

The agent is scripted: it misperceives 15 % of the tiles, plans on a calibrated belief and never calls by itself. Fidelity f
is an exact clone that shows the wrong one of "falls in" and "does not" with probability 1 - f at each step. A call costs
0.02 in the net value, whatever its length; steps are simulated actions. Gain and hurt are against never calling.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from journeyman.foresee.agents.scripted import scripted
from journeyman.foresee.draws import Draws
from journeyman.foresee.governors import uplift, uplift_model
from journeyman.foresee.governors.open import open_governor
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.world_models.open import open_world_model
from journeyman.foresee.worlds.registry import open_world

COST = 0.02
COSTS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.08)
WORLD = open_world("lake-6")
CLONE = open_world("lake-6")

# (success, calls, net, gain, hurt) of the reference, by fidelity, misreading and policy.
REFERENCE = {
    (1.0, 0.0, "always"): (1.000, 8.12, 0.838, 0.352, 0.000),
    (1.0, 0.0, "confidence"): (0.780, 0.48, 0.770, 0.133, 0.000),
    (1.0, 0.0, "voi step"): (0.885, 2.90, 0.827, 0.237, 0.000),
    (1.0, 0.0, "voi step, learned"): (0.882, 2.85, 0.825, 0.235, 0.000),
    (0.8, 0.0, "always"): (0.752, 6.85, 0.615, 0.117, 0.013),
    (0.8, 0.0, "always, trust 0.99"): (0.595, 13.07, 0.334, 0.147, 0.200),
    (0.8, 0.0, "confidence"): (0.710, 0.47, 0.701, 0.065, 0.003),
    (0.8, 0.0, "voi step"): (0.730, 0.64, 0.717, 0.085, 0.003),
    (0.8, 0.0, "voi step, learned"): (0.748, 1.19, 0.724, 0.110, 0.010),
    (0.6, 0.0, "always"): (0.675, 5.99, 0.555, 0.050, 0.022),
    (0.6, 0.0, "always, trust 0.99"): (0.295, 14.34, 0.008, 0.050, 0.403),
    (0.6, 0.0, "confidence"): (0.655, 0.36, 0.648, 0.022, 0.015),
    (0.6, 0.0, "voi step"): (0.645, 0.11, 0.643, 0.010, 0.013),
    (0.6, 0.0, "voi step, learned"): (0.647, 0.13, 0.645, 0.010, 0.010),
    (1.0, 0.15, "always"): (0.790, 7.32, 0.644, 0.165, 0.022),
    (1.0, 0.15, "always, trust 0.99"): (0.680, 12.24, 0.435, 0.177, 0.145),
    (1.0, 0.15, "confidence"): (0.728, 0.48, 0.718, 0.090, 0.010),
    (1.0, 0.15, "voi step"): (0.750, 1.08, 0.728, 0.113, 0.010),
    (1.0, 0.15, "voi step, learned"): (0.740, 0.77, 0.725, 0.102, 0.010),
}
NEVER = 0.648


@dataclass(frozen=True)
class Cell:
    """One line of a table, as means over lakes."""

    fidelity: float
    misread: float
    policy: str
    governor: str
    success: float
    calls: float
    steps: float
    net: float
    gain: float
    hurt: float
    reference: tuple[float, ...] | None = None


def episodes(
    n: int, governor: str, fidelity: float = 1.0, misread: float = 0.0, trust: str = "calibrated", *, split: str = "test",
    seed: int = 0,
) -> list[Episode]:  # fmt: skip
    """`n` lakes in order under one governor, which keeps what it learns."""
    model = "exact" if fidelity == 1.0 else f"exact+transition={1.0 - fidelity:g}"
    scene = Scene(
        WORLD, open_world_model(model, WORLD), governor=open_governor(governor), clone=CLONE, reliable=fidelity,
        cell=f"{model} | {governor}",
    )  # fmt: skip
    new = scripted(f"scripted:perception=0.15,call=never,trust={trust},misread={misread}")
    return [play(scene, instance, new(), Draws(seed)) for instance in WORLD.instances(n, split)]


def cell(
    policy: str, governor: str, fidelity: float, misread: float, without: Sequence[Episode], played: Sequence[Episode]
) -> Cell:
    """What was played, summed up."""
    success, calls = fmean(one.success for one in played), fmean(one.calls for one in played)
    return Cell(
        fidelity, misread, policy, governor, success, calls, fmean(map(steps, played)), success - COST * calls,
        fmean(a.success and not b.success for a, b in zip(played, without, strict=True)),
        fmean(b.success and not a.success for a, b in zip(played, without, strict=True)),
        REFERENCE.get((fidelity, misread, policy)),
    )  # fmt: skip


def steps(episode: Episode) -> int:
    """Simulated actions."""
    return sum(len(decision.actions) for decision in episode.decisions if decision.context == "W")


def table(n: int) -> Iterator[Cell]:
    """The reference's policies, ours beside them."""
    without = episodes(n, "never")
    for fidelity, misread in ((1.0, 0.0), (0.8, 0.0), (0.6, 0.0), (1.0, 0.15)):
        chain = fidelity * (1.0 - misread) + (1.0 - fidelity) * misread
        for policy, governor, trust in (
            ("always", "always", "calibrated"),
            ("always, trust 0.99", "always", "0.99"),
            ("random", "random:0.1", "calibrated"),
            ("confidence", "confidence:0.1", "calibrated"),
            ("voi step", f"voi:depth=1,reliability={chain:g}", "calibrated"),
            ("voi step, learned", "voi:depth=1", "calibrated"),
            ("voi walk", f"voi:reliability={chain:g}", "calibrated"),
            ("voi walk, learned", "voi", "calibrated"),
            ("voi walk, learned, trust 0.99", "voi", "0.99"),
            ("oracle", "oracle", "calibrated"),
        ):
            yield cell(policy, governor, fidelity, misread, without, episodes(n, governor, fidelity, misread, trust))


def frontier(n: int) -> Iterator[Cell]:
    """Success against calls, by the cost that the governor reckons with (the net value keeps its own); after those of each
    fidelity, what is gained at equal calls."""
    without = episodes(n, "never")
    for fidelity in (1.0, 0.8, 0.6):
        of: dict[str, list[Sequence[Episode]]] = {}
        for policy, governors in {
            "confidence": [f"confidence:{threshold}" for threshold in (0.02, 0.1, 0.5)],
            "random": [f"random:{rate}" for rate in (0.05, 0.15, 0.3)],
            "voi step": [f"voi:cost={cost},depth=1,reliability={fidelity}" for cost in COSTS],
            "voi walk": [f"voi:cost={cost},reliability={fidelity}" for cost in COSTS],
        }.items():
            for governor in governors:
                of.setdefault(policy, [without]).append(episodes(n, governor, fidelity))
                yield cell(policy, governor, fidelity, 0.0, without, of[policy][-1])
        for other in ("voi step", "confidence"):
            for calls in (0.5, 1.0, 1.5, 2.0):
                gain, low, high = at_equal_calls(of["voi walk"], of[other], calls)
                say(f"{fidelity:4.1f}  at {calls:.1f} calls an episode voi walk solves {gain:+.3f} more than {other}, "
                    f"95 % interval {low:+.3f} to {high:+.3f}")  # fmt: skip


def at_equal_calls(
    ours: Sequence[Sequence[Episode]], theirs: Sequence[Sequence[Episode]], calls: float, resamples: int = 2000
) -> tuple[float, float, float]:
    """Difference of success of two frontiers at a number of calls, with its 95 % bootstrap interval over the same lakes.

    A frontier is linear between its governors; beyond its last one it is level.
    """
    import numpy as np

    def read(frontier: Sequence[Sequence[Episode]]) -> tuple[np.ndarray, np.ndarray]:
        calls_GN = np.asarray([[episode.calls for episode in one] for one in frontier])
        return calls_GN, np.asarray([[episode.success for episode in one] for one in frontier])

    def at(k: np.ndarray, y: np.ndarray, pick: np.ndarray) -> float:
        x, v = k[:, pick].mean(axis=1), y[:, pick].mean(axis=1)
        order = np.argsort(x)
        return float(np.interp(calls, x[order], v[order]))

    rng, (k, y), (j, z) = np.random.default_rng(0), read(ours), read(theirs)
    n = k.shape[1]
    picks = [np.arange(n), *(rng.integers(n, size=n) for _ in range(resamples))]
    first, *drawn = [at(k, y, pick) - at(j, z, pick) for pick in picks]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return first, float(low), float(high)


def gate(n: int, train: int) -> Iterator[dict[str, float | str]]:
    """A gate learned from encouragement, on other lakes: precision and recall against need (d.2.8), calibration of tau.

    Need is of an instance: solved when always calling and not when never. The calibration of tau is held against the effect
    of the call at the first decision point of each lake, known from playing it both ways with the same draws.
    """
    for fidelity in (1.0, 0.8):
        logs = [
            one for seed in range(-(-train // 400))
            for one in episodes(min(train, 400), "encourage:0.3", fidelity, split="train", seed=seed)
        ]  # fmt: skip
        points = uplift.logged_points(logs)
        model = uplift.learn(points)
        with tempfile.TemporaryDirectory() as folder:
            uplift_model.save(model, Path(folder) / "gate.json")
            gated = episodes(n, f"uplift:{folder}/gate.json,cost={COST},explore=0", fidelity)
        never, always = episodes(n, "never", fidelity), episodes(n, "always", fidelity)
        needed = [a.success and not b.success for a, b in zip(always, never, strict=True)]
        called = [one.calls > 0 for one in gated]
        both = sum(a and b for a, b in zip(needed, called, strict=True))
        yield {
            "what": f"gate learned at fidelity {fidelity:g}", "points": len(points), "effect": model.effect,
            "slope": model.slope, "precision": both / max(sum(called), 1), "recall": both / max(sum(needed), 1),
            "needed": fmean(needed), "success": fmean(one.success for one in gated),
            "never": fmean(one.success for one in never), "always": fmean(one.success for one in always),
            "calls": fmean(one.calls for one in gated), **calibrated(n, model, fidelity),
        }  # fmt: skip


def calibrated(n: int, model: uplift_model.Uplift, fidelity: float) -> dict[str, float]:
    """Calibration error of tau on held-out lakes, against doubly robust scores of a log with a fair coin."""
    import numpy as np

    logs = [one for seed in (0, 1) for one in episodes(n, "encourage:1", fidelity, seed=seed + 10)]
    points = uplift.logged_points(logs)
    predicted = np.asarray([model.tau(one.x, one.world) for one in points])
    scores = uplift.scores_of(points)
    return {"tau error": uplift.calibration_error(predicted, scores), "held-out points": float(len(points))}


def main() -> None:
    """Print a table, or one JSON document."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--instances", type=int, default=400)
    asked.add_argument("--train", type=int, default=800, help="episodes that a gate is learned from")
    asked.add_argument("--frontier", action="store_true")
    asked.add_argument("--uplift", action="store_true")
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    found: list[dict[str, object]] = []
    if given.uplift:
        for line in gate(given.instances, given.train):
            found.append(dict(line))
            say("  ".join(f"{key} {value:.3f}" if isinstance(value, float) else f"{value}" for key, value in line.items()))
    else:
        say(f"   f misread  {'policy':30}  success  calls  steps    net   gain   hurt   reference: success calls net")
        for one in frontier(given.instances) if given.frontier else table(given.instances):
            found.append(asdict(one))
            policy = one.governor if given.frontier else one.policy
            beside = "" if one.reference is None else "{:.3f} {:.2f} {:.3f}".format(*one.reference[:3])
            say(f"{one.fidelity:4.1f} {one.misread:7.2f}  {policy:30} {one.success:8.3f} {one.calls:6.2f} {one.steps:6.2f} "
                f"{one.net:6.3f} {one.gain:6.3f} {one.hurt:6.3f}   {beside}")  # fmt: skip
    if given.json:
        print(json.dumps(found, indent=2))


def say(text: str) -> None:
    """On standard output, or on standard error where that is for JSON."""
    print(text, file=sys.stderr if "--json" in sys.argv else sys.stdout, flush=True)


if __name__ == "__main__":
    main()
