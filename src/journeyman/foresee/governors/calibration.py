"""From the confidence an agent states to the probability that it succeeds, learned from logged runs (spec J1, last point).

    fitted = fit(stated(episodes))
    fitted(0.9)                                  # 0.62: how often one that said 0.9 was right
    save(fitted, Path("calibration.json"))       # then "voi:calibration=calibration.json"
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from journeyman.errors import UsageError

if TYPE_CHECKING:
    from journeyman.foresee.protocol.decision import Episode


class Stated(NamedTuple):
    """A confidence stated with a real action or an answer, and whether its episode was solved."""

    confidence: float
    success: bool


class Calibration(msgspec.Struct, frozen=True):
    """A rising function of the stated confidence, by its corners.

    Attributes:
        x: stated confidences in rising order. y: probability of success at each, rising or level; linear in between and
            level beyond the ends.
        points: from how many it was fitted. base: their mean success.
    """

    x: list[float]
    y: list[float]
    points: int
    base: float
    kind: Literal["calibration"] = "calibration"

    def __call__(self, confidence: float) -> float:
        """Probability of success, in 0..1, of one who states this confidence."""
        if confidence <= self.x[0]:
            return self.y[0]
        if confidence >= self.x[-1]:
            return self.y[-1]
        right = bisect_right(self.x, confidence)
        span = self.x[right] - self.x[right - 1]
        part = (confidence - self.x[right - 1]) / span
        return self.y[right - 1] + part * (self.y[right] - self.y[right - 1])


def stated(episodes: Iterable[Episode]) -> list[Stated]:
    """All confidences that were stated with a real action or an answer."""
    return [
        Stated(decision.confidence, episode.success)
        for episode in episodes
        for decision in episode.decisions
        if decision.context in ("E", "A") and decision.confidence is not None
    ]


def fit(pairs: Sequence[Stated]) -> Calibration:
    """The isotonic regression of success on stated confidence (pool adjacent violators).

    Two points at the overall rate are added at each end, so that a few lucky ones do not become certainty.

    Raises UsageError: fewer than 20 pairs.
    """
    from sklearn.isotonic import IsotonicRegression

    if len(pairs) < 20:
        raise UsageError(f"a calibration needs at least 20 stated confidences with their outcome; there are {len(pairs)}")
    base = sum(pair.success for pair in pairs) / len(pairs)
    x = [pair.confidence for pair in pairs]
    y = [float(pair.success) for pair in pairs]
    ends = [min(x), max(x)]
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(
        [*x, *ends], [*y, base, base], sample_weight=[*[1.0] * len(x), 2.0, 2.0]
    )
    return Calibration(fitted.X_thresholds_.tolist(), fitted.y_thresholds_.tolist(), len(pairs), base)


def save(calibration: Calibration, path: Path) -> None:
    """Write it as a JSON file. Raises UsageError: the place cannot be written."""
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(calibration), indent=1) + b"\n")
    except OSError as error:
        raise UsageError(f"the calibration cannot be written to {path}: {error.strerror}") from None


def load(path: Path) -> Calibration:
    """The calibration in a file that `save` wrote. Raises UsageError: no such file, or it holds none."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Calibration)
    except OSError as error:
        raise UsageError(f"the calibration {path} cannot be read: {error.strerror}; fit one from logged runs") from None
    except msgspec.DecodeError as error:
        raise UsageError(f"{path} holds no calibration: {error}") from None
    rising = all(a < b for a, b in zip(found.x, found.x[1:], strict=False)) and found.y == sorted(found.y)
    if not found.x or len(found.x) != len(found.y) or not rising:
        raise UsageError(f"{path} holds no calibration: its corners do not rise")
    if not all(0.0 <= y <= 1.0 for y in [*found.y, found.base]):
        raise UsageError(f"{path} holds no calibration: a probability in it is outside of 0..1")
    return found
