"""How wrong a governor's figures are: the epsilon and delta of the safe margin (spec J1), estimated from held-out logs.

If values before and after an outcome are wrong by at most epsilon, and the distribution of outcomes by at most delta in
total variation, then a call with EVSI above its cost + 2 epsilon + delta is worth it in truth. What a log shows of the two
is their size on average, a root mean square over bins; the guarantee is about the worst case, so take a multiple of them
where a call that does harm weighs more than one that is missed. Values are those of acting without further calls: take
epsilon from runs without calls.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from journeyman.errors import UsageError

if TYPE_CHECKING:
    from journeyman.foresee.protocol.decision import Decision, Episode


class Margins(NamedTuple):
    """Estimated margins, in 0..1, and from how many values and predictions; None where there was nothing to learn from."""

    epsilon: float | None
    delta: float | None
    values: int
    predictions: int


def margins(episodes: Iterable[Episode], *, bins: int = 10) -> Margins:
    """epsilon from the value of each real action that was taken against its episode's success; delta from the probability
    that a ruling gave to a bad outcome (its value "p_bad") against what was predicted."""
    valued: list[tuple[float, float]] = []
    shown: list[tuple[float, float]] = []
    for episode in episodes:
        for decision in episode.decisions:
            value = decision.values.get(",".join(map(str, decision.actions)))
            if decision.context == "E" and value is not None:
                valued.append((value, float(episode.success)))
            p_bad = decision.ruling.get("values", {}).get("p_bad")
            if decision.context == "W" and p_bad is not None and decision.predicted:
                shown.append((p_bad, float(is_bad(decision))))
    epsilon = calibration_rms(valued, bins=bins) if len(valued) >= 2 * bins else None
    delta = calibration_rms(shown, bins=bins) if len(shown) >= 2 * bins else None
    return Margins(epsilon, delta, len(valued), len(shown))


def is_bad(decision: Decision) -> bool:
    """Whether a call's prediction shows that something is lost for good."""
    return lost(decision.predicted)


def lost(digest: object) -> bool:
    """Whether a digest shows an end without success, or a state from which there is none."""
    get = getattr(digest, "get", None)
    if get is None:
        return False
    return (bool(get("terminal")) and not get("success")) or bool(get("dead"))


def calibration_rms(pairs: Sequence[tuple[float, float]], *, bins: int = 10) -> float:
    """Root mean square of (mean predicted - mean seen) over bins of equal size, less what chance alone puts there.

    The debiased estimator of Kumar, Liang and Ma (2019, "Verified Uncertainty Calibration"): from each bin's squared gap its
    sampling variance is taken.

    Args:
        pairs: predicted probability and what was seen (0 or 1).

    Raises UsageError: fewer than two pairs a bin.
    """
    if len(pairs) < 2 * bins:
        raise UsageError(f"{bins} bins need at least {2 * bins} pairs, not {len(pairs)}")
    ordered = sorted(pairs, key=lambda pair: pair[0])  # by the prediction alone: equal ones must not be sorted by outcome
    total = 0.0
    for b in range(bins):
        part = ordered[len(ordered) * b // bins : len(ordered) * (b + 1) // bins]
        n = len(part)
        predicted = math.fsum(p for p, _ in part) / n
        seen = math.fsum(s for _, s in part) / n
        total += n * ((predicted - seen) ** 2 - seen * (1.0 - seen) / (n - 1))
    return math.sqrt(max(total / len(ordered), 0.0))
