"""What runs teach governors: what calls are worth, what a stated confidence means, how wrong values and outcomes are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from journeyman.foresee.governors import calibration as confidence
from journeyman.foresee.governors import uplift as worth
from journeyman.foresee.governors import uplift_model
from journeyman.foresee.governors.doubly_robust import fold_of
from journeyman.foresee.governors.margins import margins

if TYPE_CHECKING:
    from journeyman.foresee.protocol.decision import Episode
    from journeyman.report.table import Table


@dataclass(frozen=True)
class Lesson:
    """What was learned; None where the runs hold nothing to learn it from.

    Attributes:
        episodes: how many there were.
        points: decisions at which a coin could force or forbid a call. instances: of how many problems.
        effect: of a call, in the mean, in units of success. effect_error: its standard error, over problems.
        ece: calibration error of the learned effect, on problems it was not learned from; in units of success.
        stated: confidences that agents stated. brier, brier_learned: of them as stated, and as learned, on other problems.
        values, predictions: how many there were to reckon margins from. epsilon, delta: those margins.
        uplift_file, calibration_file: what was kept.
    """

    episodes: int
    points: int
    instances: int
    effect: float | None
    effect_error: float | None
    ece: float | None
    stated: int
    brier: float | None
    brier_learned: float | None
    values: int
    epsilon: float | None
    predictions: int
    delta: float | None
    uplift_file: Path | None = None
    calibration_file: Path | None = None

    def table(self) -> Table:
        """A row for each thing that can be learned."""
        from journeyman.report.table import Table

        worth_said = "–" if self.effect is None else f"{self.effect:+.3f} ± {1.96 * (self.effect_error or 0.0):.3f}"
        rows = [
            ("what a call adds", str(self.points), worth_said, _said(self.ece, "calibration error {:.3f}")),
            ("what a confidence means", str(self.stated), "–", _said(self.brier_learned, "Brier {:.3f}", self.brier)),
            ("epsilon, of values", str(self.values), _said(self.epsilon, "{:.3f}"), ""),
            ("delta, of outcomes", str(self.predictions), _said(self.delta, "{:.3f}"), ""),
        ]
        note = (
            f"{self.episodes} episodes. Errors are of problems that were not learned from. What a call adds: of decisions "
            "at which the governor 'encourage' or 'uplift' tossed a coin."
        )
        return Table(("learned", "from", "mean", "how well"), rows, numbers=frozenset(("from",)), note=note)


def learn_from(episodes: Sequence[Episode], *, uplift: Path | None = None, calibration: Path | None = None) -> Lesson:
    """Learn all there is to learn, and keep what is asked for.

    Args:
        uplift: file for what calls are worth. calibration: file for what confidences mean.

    Raises UsageError: the runs hold nothing of what is to be kept, or a file cannot be written.
    """
    import numpy as np

    points = worth.logged_points(episodes)
    stated = [(pair, f"{one.world}/{one.instance}") for one in episodes for pair in confidence.stated([one])]
    if uplift is not None:
        uplift_model.save(worth.learn(points), uplift)
    if calibration is not None:
        confidence.save(confidence.fit([pair for pair, _ in stated]), calibration)
    groups = [point.group for point in points]
    effect = error = ece = None
    if _enough(groups) and 0 < sum(point.called for point in points) < len(points):
        score_N = worth.scores_of(points)
        effect, error = float(score_N.mean()), _error_over(groups, score_N.tolist())
        tau_N, fold_N = np.zeros(len(points)), fold_of(groups, worth.FOLDS)
        for fold in range(worth.FOLDS):
            model = worth.learn([point for point, at in zip(points, fold_N, strict=True) if at != fold])
            here = np.flatnonzero(fold_N == fold)
            tau_N[here] = [model.tau(points[i].x, points[i].world) for i in here]
        ece = worth.calibration_error(tau_N, score_N)
    brier, brier_learned = _briers(stated)
    known = margins(episodes)
    return Lesson(
        len(episodes), len(points), len(set(groups)), effect, error, ece, len(stated), brier, brier_learned,
        known.values, known.epsilon, known.predictions, known.delta, uplift, calibration,
    )  # fmt: skip


def _enough(groups: Sequence[str]) -> bool:
    """Whether each fold has a problem, and the others have some to learn from."""
    return len(set(groups)) >= 2 * worth.FOLDS


def _error_over(groups: Sequence[str], values: Sequence[float]) -> float:
    """Standard error of the mean of values that are alike within groups."""
    mean = sum(values) / len(values)
    sums: dict[str, float] = {}
    for group, value in zip(groups, values, strict=True):
        sums[group] = sums.get(group, 0.0) + value - mean
    return math.sqrt(sum(total * total for total in sums.values())) / len(values)


def _briers(stated: Sequence[tuple[confidence.Stated, str]]) -> tuple[float | None, float | None]:
    """Of confidences as stated, and as learned on the other problems; None where there are too few."""
    if len(stated) < 40 or not _enough([group for _, group in stated]):
        return None, None
    fold_N = fold_of([group for _, group in stated], worth.FOLDS)
    raw = learned = 0.0
    for fold in range(worth.FOLDS):
        others = [pair for (pair, _), at in zip(stated, fold_N, strict=True) if at != fold]
        if len(others) < 20:
            return None, None
        fitted = confidence.fit(others)
        for pair in (pair for (pair, _), at in zip(stated, fold_N, strict=True) if at == fold):
            raw += (pair.confidence - pair.success) ** 2
            learned += (fitted(pair.confidence) - pair.success) ** 2
    return raw / len(stated), learned / len(stated)


def _said(value: float | None, form: str, before: float | None = None) -> str:
    if value is None:
        return "–"
    return form.format(value) + ("" if before is None else f", as stated {before:.3f}")

