"""The worth of a call as a function of what is seen at a decision point, learned from encouragement runs (spec J2).

    points = logged_points(episodes)            # of runs with "encourage:0.15" or "uplift:FILE"
    model = learn(points)
    save(model, Path("uplift.json"))            # then the governor "uplift:uplift.json"
    load(Path("uplift.json")).tau(features(point), world="lake-6")

The target is the doubly robust score of each point (`doubly_robust`). It is noisy: with a propensity of 0.075 a single one
reaches 13. So the learner is small (a ridge regression, or trees of depth 2), and its predictions are shrunk by the best
linear predictor of the scores from predictions made out of fold (Chernozhukov and others 2018): where the features tell
nothing, the slope is 0 and tau is the mean effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from journeyman.errors import UsageError
from journeyman.foresee.governors.doubly_robust import cross_fitted, fold_of
from journeyman.foresee.governors.features import FEATURES, read
from journeyman.foresee.governors.uplift_model import Linear, Trees, Uplift, grow, ridge

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from journeyman.foresee.protocol.decision import Episode

    Array = NDArray[np.float64]

FOLDS = 5


@dataclass(frozen=True)
class LoggedPoint:
    """A decision point of a log with a coin.

    Attributes:
        x: features, by name. world: of the episode.
        called: whether a call was made there. propensity: probability that one was made, in (0, 1).
        success: of the episode. group: its instance; points of one instance stay together in every split.
    """

    x: Mapping[str, float]
    world: str
    called: bool
    propensity: float
    success: bool
    group: str


def logged_points(episodes: Iterable[Episode]) -> list[LoggedPoint]:
    """The decision points at which a coin could have fallen both ways."""
    found = []
    for episode in episodes:
        for decision in episode.decisions:
            values, propensity = decision.ruling.get("values", {}), decision.ruling.get("propensity")
            x = read(values)
            if x is None or propensity is None or "called" not in values:
                continue
            called = values["called"] == 1.0
            call = propensity if called else 1.0 - propensity
            if 0.0 < call < 1.0:
                group = f"{episode.world}/{episode.instance}"
                found.append(LoggedPoint(x, episode.world, called, call, episode.success, group))
    return found


def scores_of(points: Sequence[LoggedPoint]) -> Array:
    """Doubly robust score of each point, cross-fitted by instance; outcomes are modelled by ridge regressions."""
    import numpy as np

    worlds = sorted({point.world for point in points})
    x_NF = np.asarray([columns(point.x, point.world, worlds) for point in points])

    def fit(x: Array, y: Array) -> Linear:
        return ridge(x, y, floor=0.0, ceiling=1.0)

    return cross_fitted(
        x_NF, np.asarray([float(p.success) for p in points]), np.asarray([float(p.called) for p in points]),
        np.asarray([p.propensity for p in points]), [p.group for p in points],
        lambda x, y: fit(x, y).predict, folds=FOLDS,
    )  # fmt: skip


def learn(points: Sequence[LoggedPoint], learner: Literal["auto", "boosting", "linear"] = "auto") -> Uplift:
    """A model of tau from logged points.

    Args:
        learner: "boosting" (trees of depth 2), "linear" (ridge regression), or "auto": the one that foretells scores out
            of fold better.

    Raises UsageError: no points, fewer than five instances, or points on one side of the coin only.
    """
    import numpy as np

    if not points:
        raise UsageError("the logs hold no decision with a coin; make them with the governor 'encourage:0.15'")
    worlds = sorted({point.world for point in points})
    x_NF = np.asarray([columns(point.x, point.world, worlds) for point in points])
    score_N, fold_N = scores_of(points), fold_of([point.group for point in points], FOLDS)
    fits: dict[str, Callable[[Array, Array], Linear | Trees]] = {"boosting": grow, "linear": ridge}
    names = ["linear", "boosting"] if learner == "auto" else [learner]
    best: tuple[float, str, float, float] | None = None
    for name in names:
        out_N = np.zeros_like(score_N)
        for fold in range(FOLDS):
            out_N[fold_N == fold] = fits[name](x_NF[fold_N != fold], score_N[fold_N != fold]).predict(x_NF[fold_N == fold])
        intercept, slope = _best_linear(out_N, score_N)
        error = float(np.mean((score_N - intercept - slope * out_N) ** 2))
        if best is None or error < best[0]:
            best = (error, name, intercept, slope)
    assert best is not None
    _, name, intercept, slope = best
    return Uplift(
        features=list(FEATURES), worlds=worlds, model=fits[name](x_NF, score_N), intercept=intercept, slope=slope,
        points=len(points), instances=len({point.group for point in points}), effect=float(score_N.mean()),
    )  # fmt: skip


def columns(x: Mapping[str, float], world: str, worlds: Sequence[str]) -> list[float]:
    """The features in order, then one column for each of `worlds`, 1 for the point's own."""
    return [*(x[name] for name in FEATURES), *(float(world == each) for each in worlds)]


def calibration_error(predicted: Array, score: Array, *, bins: int = 5) -> float:
    """Expected calibration error of tau: |mean predicted - mean score| over bins of equal size, weighted by size.

    `score`: doubly robust scores of the same held-out points, or effects known from replays. Noise of the scores only adds
    to it. Raises UsageError: fewer points than bins.
    """
    import numpy as np

    if len(predicted) < bins:
        raise UsageError(f"a calibration error over {bins} bins needs as many points, not {len(predicted)}")
    order = np.argsort(predicted, kind="stable")
    parts = np.array_split(order, bins)
    gaps = [len(part) * abs(float(predicted[part].mean() - score[part].mean())) for part in parts]
    return sum(gaps) / len(predicted)


def _best_linear(predicted: Array, score: Array) -> tuple[float, float]:
    """Intercept and slope, in [0, 1], of scores on predictions made out of fold: never more certain than the learner."""
    spread = float(predicted.var())
    slope = float(((predicted - predicted.mean()) * (score - score.mean())).mean()) / spread if spread > 1e-12 else 0.0
    slope = min(max(slope, 0.0), 1.0)
    return float(score.mean()) - slope * float(predicted.mean()), slope
