"""What a call is worth to an agent that shows no belief: from what it states, or from what was learned (spec J1, J2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from journeyman.foresee.governors import calibration as calibrated
from journeyman.foresee.governors import uplift_model
from journeyman.foresee.governors.calibration import Calibration
from journeyman.foresee.governors.features import features
from journeyman.foresee.governors.governor import Point
from journeyman.foresee.governors.uplift_model import Uplift

Blind = Callable[[Point, float], tuple[float, dict[str, float]]]


def worth_of(confidence: float, otherwise: float, reliability: float) -> float:
    """EVSI of asking whether what is wanted will do, where the alternative to it is worth `otherwise`.

    With p the probability that it does, the call says "no" with p (1 - rho) + (1 - p) rho, after which p' = p (1 - rho) over
    that is left; if `otherwise` is more, it is done instead. After "yes" likewise. In 0..1.

    Args:
        confidence: p, calibrated. otherwise: probability of success without the wanted actions. reliability: rho.
    """
    p, rho = confidence, reliability
    no = p * (1.0 - rho) + (1.0 - p) * rho
    after_no = max(p * (1.0 - rho), no * otherwise)
    after_yes = max(p * rho, (1.0 - no) * otherwise)
    return max(after_no + after_yes - max(p, otherwise), 0.0)


def by_confidence(calibration: Calibration) -> Blind:
    """By the stated confidence, calibrated; the alternative is worth what turns were worth on average in the calibration's
    runs. An agent that states none has the average."""

    def gain(point: Point, reliability: float) -> tuple[float, dict[str, float]]:
        stated = point.wish.confidence
        p = calibration.base if stated is None else calibration(stated)
        return worth_of(p, calibration.base, reliability), {"p_success": p}

    return gain


def by_uplift(uplift: Uplift) -> Blind:
    """By the learned uplift, which already holds how reliable calls were when it was learned."""

    def gain(point: Point, reliability: float) -> tuple[float, dict[str, float]]:
        return uplift.tau(features(point), point.brief.about.name), {}

    return gain


def from_files(calibration: str, uplift: str) -> Blind | None:
    """By the uplift in a file if there is one, else by the calibration in one, else None. Raises UsageError: as `load`."""
    if uplift:
        return by_uplift(uplift_model.load(Path(uplift)))
    return by_confidence(calibrated.load(Path(calibration))) if calibration else None
