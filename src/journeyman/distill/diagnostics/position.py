"""Values by place in the response: means in bins, and what becomes of them over the steps of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from journeyman.errors import UsageError

Row = list[float | None]


def bin_edges(bins: int, horizon: int) -> list[int]:
    """bins + 1 places from 0 to `horizon`: bin i holds positions edges[i] .. edges[i + 1] - 1.

    Never more bins than places. Raises UsageError for fewer than one bin or place.
    """
    if bins < 1 or horizon < 1:
        raise UsageError(f"{bins} bins over {horizon} positions: both must be at least 1")
    bins = min(bins, horizon)
    return [-(-i * horizon // bins) for i in range(bins + 1)]


def bin_means(values: Any, positions: Any, bins: int, horizon: int) -> Row:
    """Mean of `values` [N] in each bin of `positions` [N]; None where a bin is empty.

    Positions from `horizon` on count to the last bin. NaN marks a token without a value.
    """
    import torch

    edges = bin_edges(bins, horizon)
    known = ~torch.isnan(values)
    values, positions = values[known].double(), positions[known]
    at = (positions.clamp(max=horizon - 1) * (len(edges) - 1)).div(horizon, rounding_mode="floor")
    counts = torch.bincount(at, minlength=len(edges) - 1)
    sums = torch.zeros(len(edges) - 1, dtype=torch.float64).index_add_(0, at, values)
    return [float(s / n) if n else None for s, n in zip(sums.tolist(), counts.tolist(), strict=True)]


@dataclass(frozen=True)
class HeatMap:
    """Position x step. `edges` has one entry more than each of `rows`; a row belongs to the step of the same index."""

    steps: list[int]
    edges: list[int]
    rows: list[Row]


def heat_map(rows_by_step: Sequence[tuple[int, Row]], horizon: int) -> HeatMap:
    """Stack the rows that `Observer.by_position` gave at several steps.

    Raises UsageError where the rows have different numbers of bins: they were made with different bins or horizons.
    """
    widths = sorted({len(row) for _, row in rows_by_step})
    if len(widths) > 1:
        raise UsageError(f"the rows of a heat map have {widths} bins; make all with the same bins and horizon")
    ordered = sorted(rows_by_step, key=lambda pair: pair[0])
    edges = bin_edges(widths[0], horizon) if widths else [0, horizon]
    return HeatMap([step for step, _ in ordered], edges, [list(row) for _, row in ordered])


def onset(row: Row, *, factor: float = 2.0, against: float | None = None) -> int | None:
    """The first bin from which all later ones lie above `factor` times the reference: where a band at the end begins.

    The reference is `against`, or the median of the row's first half (at least one bin). None where there is no band,
    or where the whole row is above: that is no band but a level.
    """
    known = [(i, value) for i, value in enumerate(row) if value is not None]
    if len(known) < 2:
        return None
    early = sorted(value for _, value in known[: max(1, len(known) // 2)])
    reference = early[len(early) // 2] if against is None else against
    begins: int | None = None
    for i, value in reversed(known):
        if value <= factor * reference:
            break
        begins = i
    return None if begins == known[0][0] else begins
