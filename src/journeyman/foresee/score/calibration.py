"""Whether stated probabilities come true (spec d.2.9): expected calibration error, Brier score, and the curve.

What is predicted and by what it is judged:

confidence    that the agent stated with a real action or an answer; the episode's success
values        the mind's value of the turn that was taken; the episode's success
p_useful      the governor's chance that a call is of use, at the first ruling that names it; that the instance needs a call
reliability   of world model and reading together, of a step, at the ruling under which it was called, to the power of the
              number of actions; that what the agent stated of the prediction (else the prediction itself) agrees with the
              exact clone
uplift        the governor's predicted gain of a call (tau, or evsi), where a coin decided; the doubly robust score (spec J2)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from journeyman.foresee.protocol.branches import agrees
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.score.ceiling import kind_of
from journeyman.foresee.score.encouragement import Coin, scores_of
from journeyman.foresee.score.interval import Numbers, Sums, measure, part_of, ratio, sample
from journeyman.foresee.score.measured import Measured, missing
from journeyman.foresee.score.misuse import readings_of

BINS = 10
"""Of equal width over 0..1; for gains, of equal numbers of predictions."""
KINDS = ("confidence", "values", "p_useful", "reliability", "uplift")
NAMES = (*(f"calibration/{kind}_{what}" for kind in KINDS[:-1] for what in ("ece", "brier")), "calibration/uplift_ece")
_SIMULATED = 500
_SHARED = ("confidence", "values")  # predictions of one episode have one outcome


class Foretold(msgspec.Struct, frozen=True):
    """One prediction and what came of it. `outcome`: 0 or 1, or an unbiased score of it."""

    instance: str
    predicted: float
    outcome: float


class Bin(msgspec.Struct, frozen=True):
    """Predictions of one bin: their mean, the mean of what came of them, and how many there are."""

    predicted: float
    outcome: float
    n: int


def curve(said: Sequence[Foretold], kind: str = "confidence") -> list[Bin]:
    """The bins that have a prediction, from low to high."""
    members: dict[int, list[Foretold]] = {}
    for one, place in zip(said, places([one.predicted for one in said], kind), strict=True):
        members.setdefault(int(place), []).append(one)
    return [
        Bin(_mean(one.predicted for one in part), _mean(one.outcome for one in part), len(part))
        for _, part in sorted(members.items())
    ]


def ece(bins: Sequence[Bin]) -> float:
    """Sum over bins of n_b / n |mean predicted - mean outcome|; 0 is perfect. M. P. Naeini, G. F. Cooper and
    M. Hauskrecht: Obtaining well calibrated probabilities using Bayesian binning. AAAI 2015."""
    n = sum(one.n for one in bins)
    return sum(one.n / n * abs(one.predicted - one.outcome) for one in bins)


def places(predicted: Sequence[float], kind: str = "confidence") -> NDArray[np.intp]:
    """The bin of each prediction, from 0; what is outside of 0..1 goes to the first or the last."""
    values = np.asarray(predicted, dtype=float)
    if kind == "uplift":
        inner = np.quantile(values, np.arange(1, BINS) / BINS) if len(values) else values
        return np.searchsorted(inner, values, side="left")
    return np.clip((values * BINS).astype(np.intp), 0, BINS - 1)


def by_chance(predicted: Sequence[float], episodes: Sequence[str]) -> float:
    """The calibration error that forecasts that are all true stay below in 95 of 100 cases: none is exactly 0.

    `episodes`: of each prediction; those of the same one come true together, as nearly as their probabilities allow.
    """
    values, place = np.clip(np.asarray(predicted, dtype=float), 0, 1), places(predicted)
    _, of = np.unique(np.asarray(episodes), return_inverse=True)
    rng = np.random.default_rng(0)
    hoped = np.bincount(place, values, BINS)
    found = []
    for _ in range(_SIMULATED):
        came = rng.random(int(of.max()) + 1)[of] < values
        found.append(np.abs(np.bincount(place, came, BINS) - hoped).sum() / len(values))
    return float(np.quantile(found, 0.95))


def foretold(
    episodes: Sequence[Episode], trios: Sequence[tuple[Episode, ...]], coins: Sequence[Coin] = ()
) -> dict[str, list[Foretold]]:
    """The predictions of each of `KINDS`. `trios`: (policy, invisible, always), which say what needs a call."""
    found: dict[str, list[Foretold]] = {kind: [] for kind in KINDS}
    for episode in episodes:
        for decision in episode.decisions:
            if decision.context in ("E", "A") and decision.confidence is not None:
                found["confidence"].append(Foretold(episode.instance, decision.confidence, float(episode.success)))
            value = decision.values.get(",".join(map(str, decision.actions)))
            if decision.context == "E" and value is not None:
                found["values"].append(Foretold(episode.instance, value, float(episode.success)))
        calls = [decision for decision in episode.decisions if decision.context == "W"]
        for call, reading in zip(calls, readings_of(episode), strict=True):
            trusted = _figures(call.ruling).get("reliability")
            right = agrees(call.predicted if reading is None else reading, call.true)
            if trusted is not None and right is not None:
                whole = min(max(trusted, 0.0), 1.0) ** max(1, len(call.actions))
                found["reliability"].append(Foretold(episode.instance, whole, float(right)))
    for policy, invisible, always, *_ in trios:
        said = next((f["p_useful"] for d in policy.decisions if "p_useful" in (f := _figures(d.ruling))), None)
        if said is not None:
            needed = kind_of(invisible.success, always.success) == "needed"
            found["p_useful"].append(Foretold(policy.instance, said, float(needed)))
    scores = scores_of(coins)
    if not isinstance(scores, str):
        found["uplift"] = [
            Foretold(coin.instance, coin.predicted, float(score))
            for coin, score in zip(coins, scores, strict=True) if coin.predicted is not None
        ]  # fmt: skip
    return found


def calibration(said: Mapping[str, Sequence[Foretold]]) -> dict[str, Measured]:
    """`calibration/*`. The interval of an error over instances leans upwards, as the error itself does with few
    predictions; `why` says how large it is by chance alone."""
    found = {f"calibration/{kind}_{name}": one for kind in KINDS for name, one in _both(said[kind], kind).items()}
    return {name: found[name] for name in NAMES}


_NONE = {
    "confidence": "no confidence was stated",
    "values": "the agent shows no mind",
    "p_useful": "no ruling names p_useful, or what needs a call is not known",
    "reliability": "no ruling names a reliability, or what is true is not in the log",
    "uplift": "no coin decided under a ruling that foretold a gain",
}


def _both(said: Sequence[Foretold], kind: str) -> dict[str, Measured]:
    if not said:
        return {name: missing(_NONE[kind], of="predictions") for name in ("ece", "brier")}
    rows: dict[str, dict[str, float]] = {}
    place = places([one.predicted for one in said], kind).tolist()
    gaps = [f"gap{b}" for b in sorted(set(place))]
    for one, b in zip(said, place, strict=True):
        row = rows.setdefault(one.instance, dict.fromkeys(["n", "squares", *gaps], 0.0))
        row["n"] += 1
        row["squares"] += (one.predicted - one.outcome) ** 2
        row[f"gap{b}"] += one.predicted - one.outcome
    sums = sample([rows[key] for key in sorted(rows)])

    def error(s: Sums) -> Numbers:
        return ratio(sum(np.abs(s[gap]) for gap in gaps), s["n"])

    found = measure(sums, error, count="n", of="predictions")
    if kind != "uplift":
        together = [one.instance if kind in _SHARED else str(i) for i, one in enumerate(said)]
        chance = by_chance([one.predicted for one in said], together)
        found = msgspec.structs.replace(found, why=f"perfect forecasts stay below {chance:.3f} in 95 of 100 cases")
    return {"ece": found, "brier": measure(sums, part_of("squares", "n"), count="n", of="predictions")}


def _figures(ruling: Mapping[str, object]) -> dict[str, float]:
    values = ruling.get("values")
    return {str(k): float(v) for k, v in values.items()} if isinstance(values, Mapping) else {}


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
