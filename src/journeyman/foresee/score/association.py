"""Whether more calls go with success, with and without control for how hard the instance is (spec d.2.4).

A raw association is no evidence that calls harm: harder instances invite more calls. The coefficients are of logistic
regressions within one cell: log odds of success for one call more.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import msgspec
import numpy as np

from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.score.interval import LEVEL, wilson
from journeyman.foresee.score.logistic import fit
from journeyman.foresee.score.measured import Measured, missing

NAMES = ("association/raw", "association/given_length", "association/given_invisible")
EDGES = (0, 1, 2, 3, 5, 8, 13, 21, 34)
"""Least numbers of calls of the rows of `by_calls`."""


class CallsRow(msgspec.Struct, frozen=True):
    """Episodes with `least` to `most` calls: share solved with Wilson's interval, and share of the same instances that the
    agent solves without a world model (`without`; None: not played), which says how hard they are."""

    least: int
    most: int
    n: int
    rate: float
    low: float
    high: float
    without: float | None


def association(episodes: Sequence[Episode], pairs: Sequence[tuple[Episode, ...]]) -> dict[str, Measured]:
    """`association/*` of a cell's episodes, and of its pairs (with access, without) for the control by y(I)."""
    known = [episode for episode in episodes if episode.optimal is not None]
    no_length = "no instance's optimal length is known"
    return {
        "association/raw": _coefficient(episodes, [], "there is no episode"),
        "association/given_length": _coefficient(known, [float(e.optimal or 0) for e in known], no_length),
        "association/given_invisible": _coefficient(
            [pair[0] for pair in pairs], [float(pair[1].success) for pair in pairs],
            "the agent was not played on these instances in mode invisible",
        ),
    }  # fmt: skip


def by_calls(episodes: Sequence[Episode], pairs: Sequence[tuple[Episode, ...]]) -> list[CallsRow]:
    """Success by number of calls; rows without an episode are left out."""
    alone = {id(pair[0]): pair[1].success for pair in pairs}
    rows = []
    for least, following in zip(EDGES, (*EDGES[1:], 10**9), strict=True):
        part = [episode for episode in episodes if least <= episode.calls < following]
        if not part:
            continue
        solved = sum(episode.success for episode in part)
        without = [alone[id(episode)] for episode in part if id(episode) in alone]
        rows.append(
            CallsRow(
                least, max(episode.calls for episode in part) if following == 10**9 else following - 1, len(part),
                solved / len(part), *wilson(solved, len(part)), sum(without) / len(without) if without else None,
            )
        )  # fmt: skip
    return rows


def _coefficient(episodes: Sequence[Episode], control: Sequence[float], none: str) -> Measured:
    if not episodes:
        return missing(none, of="episodes")
    calls = [float(episode.calls) for episode in episodes]
    if min(calls) == max(calls):
        return missing(f"every episode has {calls[0]:.0f} calls", n=len(calls), of="episodes")
    if control and min(control) == max(control):
        return missing("the control is the same in every episode", n=len(calls), of="episodes")
    x = np.column_stack([calls, control]) if control else np.array(calls)[:, None]
    y = np.array([episode.success for episode in episodes], dtype=float)
    found = fit(x, y, [episode.instance for episode in episodes])
    if found.why:
        return missing(found.why, n=len(calls), of="episodes")
    half = NormalDist().inv_cdf(0.5 + LEVEL / 2) * found.errors[1]
    value = found.coefficients[1]
    return Measured(value, value - half, value + half, len(calls), "episodes", "wald")
