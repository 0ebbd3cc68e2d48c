"""Systems ranked by what success is worth after its costs, among the references that each must be held against (spec J10).

never, always, a coin between them with as many calls, a perfect choice between them; and the confidence threshold, which is
a system of its own. One that does not beat the confidence threshold at equal calls has not shown governance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.score.ceiling import kind_of
from journeyman.foresee.score.groups import Group, always_of, invisible_of, paired
from journeyman.foresee.score.interval import Sample, measure, part_of
from journeyman.foresee.score.measured import Measured, missing
from journeyman.foresee.score.success import totals
from journeyman.foresee.score.value import CALL_PRICES, Prices, net

Kind = Literal["system", "reference", "computed"]


class Standing(msgspec.Struct, frozen=True):
    """One row. `kind`: "system" was played as it is, "reference" was played to compare with, "computed" follows from two
    references. `net`: at each of `CALL_PRICES`. `value`: at the prices asked for, by which rows are ranked."""

    system: str
    kind: Kind
    success: Measured
    calls: Measured
    value: Measured
    net: list[Measured]
    efficiency: Measured
    over_random: Measured
    over_confidence: Measured


class Board(msgspec.Struct, frozen=True):
    """Rows of one agent with one world model in one world, the best first. `lacking`: references that nobody has played."""

    world: str
    agent: str
    world_model: str
    rows: list[Standing]
    lacking: list[str]


def leaderboard(groups: Sequence[Group], metrics: Mapping[int, Mapping[str, Measured]], prices: Prices) -> list[Board]:
    """One board for each agent and world model with a choice to make. `metrics`: of each group, by its place."""
    boards: dict[tuple[str, str, str, str], list[int]] = {}
    for i, group in enumerate(groups):
        if group.name.mode != "invisible":
            key = (group.source, group.world, group.name.agent, group.name.world_model)
            boards.setdefault(key, []).append(i)
    found = []
    for (_, world, agent, world_model), places in boards.items():
        first = groups[places[0]]
        never, always = invisible_of(first, groups), always_of(first, groups)
        rows = [_played(groups[i], metrics[i], prices, "reference" if groups[i] is always else "system") for i in places]
        if never is not None:
            rows.append(_played(never, metrics[_place(groups, never)], prices, "reference"))
        if never is not None and always is not None:
            rows += _computed(never, always, rows, prices)
        rows.sort(key=lambda row: -(row.value.value if row.value.value is not None else -np.inf))
        lacking = [] if never is not None else ["never: play the agent in mode invisible"]
        lacking += [] if always is not None else ["always: play it in mode force, or under the governor 'always'"]
        if not any(groups[i].name.governor.startswith("confidence") for i in places):
            lacking.append("confidence threshold: play it under 'confidence' at several thresholds")
        found.append(Board(world, agent, world_model, rows, lacking))
    return found


def selective(never: Group, always: Group) -> list[Episode]:
    """The episodes of a perfect choice: of each instance the one without calls, unless only calls solve it."""
    return [
        with_calls if kind_of(alone.success, with_calls.success) == "needed" else alone
        for alone, with_calls in paired(never, always)
    ]


def mixture(never: Group, always: Group, calls: float) -> Sample | None:
    """What a coin between the two brings that makes so many mean calls; None where no coin does."""
    pairs = paired(never, always)
    if not pairs:
        return None
    a, b = totals([pair[0] for pair in pairs]), totals([pair[1] for pair in pairs])
    most = float(b.sums["calls"][0] / b.sums["n"][0])
    if not 0 < calls <= most:
        return None
    share = calls / most
    return Sample(a.names, (1 - share) * a.rows + share * b.rows, single=False)


def _computed(never: Group, always: Group, rows: Sequence[Standing], prices: Prices) -> list[Standing]:
    found = []
    perfect = selective(never, always)
    if perfect:
        found.append(_row("perfect choice of instances", totals(perfect), prices))
    best = max(
        (row for row in rows if row.kind == "system" and row.value.value is not None and (row.calls.value or 0) > 0),
        key=lambda row: row.value.value or 0.0, default=None,
    )  # fmt: skip
    mixed = mixture(never, always, best.calls.value or 0.0) if best is not None else None
    if best is not None and mixed is not None:
        found.append(_row(f"a coin with as many calls as {best.system}", mixed, prices))
    return found


def _row(system: str, sums: Sample, prices: Prices) -> Standing:
    none = missing("it is a reference")
    at = [net(sums, msgspec.structs.replace(prices, call=price)) for price in CALL_PRICES]
    return Standing(
        system, "computed", measure(sums, part_of("solved", "n")), measure(sums, part_of("calls", "n")), net(sums, prices),
        at, none, none, none,
    )  # fmt: skip


def _played(group: Group, metrics: Mapping[str, Measured], prices: Prices, kind: Kind) -> Standing:
    return Standing(
        group.key, kind, metrics["success/rate"], metrics["cost/calls"], net(totals(group.episodes), prices),
        [metrics[f"value/net_{price:g}"] for price in CALL_PRICES], metrics["ceiling/efficiency"],
        metrics["frontier/over_random"], metrics["frontier/over_confidence"],
    )  # fmt: skip


def _place(groups: Sequence[Group], group: Group) -> int:
    return next(i for i, other in enumerate(groups) if other is group)
