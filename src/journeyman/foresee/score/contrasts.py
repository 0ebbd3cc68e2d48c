"""Cells against one another on the instances that both have played: governors, world models, memories, runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from journeyman.errors import UsageError
from journeyman.foresee.score.access import gap
from journeyman.foresee.score.dose import channels_of
from journeyman.foresee.score.groups import Group, paired
from journeyman.foresee.score.measured import Measured
from journeyman.foresee.score.paired_table import Counts, counts_of, instance_p


class Contrast(msgspec.Struct, frozen=True):
    """One cell against another. `delta`: success of `first` less that of `second`. `p`: McNemar's exact test; `p_holm`: the
    same, corrected for the number of contrasts. `about`: in what they differ."""

    world: str
    about: str
    first: str
    second: str
    counts: Counts
    delta: Measured
    p: float
    p_holm: float = 1.0


def contrasts(groups: Sequence[Group], against: str = "") -> list[Contrast]:
    """Every cell against the one that differs from it in one thing; or all against one.

    By itself: a governor against none, a world model with errors against its base, a memory against "restart", one run
    against an earlier one, each with all else the same.

    Args:
        against: a part of a cell's key that only one cell of each world has; every other cell is held against it.

    Raises UsageError: `against` means no cell, or several of one world.
    """
    pairs = _against(groups, against) if against else _by_one(groups)
    found = []
    for about, first, second in pairs:
        rows = paired(first, second)
        if rows:
            delta = gap(rows, "")
            found.append(
                Contrast(first.world, about, first.key, second.key, counts_of(rows), delta, instance_p(rows))
            )
    from journeyman.stats.paired import holm

    corrected = holm([one.p for one in found])
    return [msgspec.structs.replace(one, p_holm=p) for one, p in zip(found, corrected, strict=True)]


def _by_one(groups: Sequence[Group]) -> Iterator[tuple[str, Group, Group]]:
    for first in groups:
        for second in groups:
            about = _difference(first, second)
            if about:
                yield about, first, second


def _difference(first: Group, second: Group) -> str:
    """In what alone `first` differs from `second`, which is the plainer one; "" else."""
    a, b = first.name, second.name
    if first is second or first.world != second.world or a.agent != b.agent or a.mode != b.mode:
        return ""
    run = first.source != second.source
    model, governor, memory = a.world_model != b.world_model, a.governor != b.governor, a.memory != b.memory
    if run + model + governor + memory != 1 or (a.mode == "invisible" and not run):
        return ""
    if run:
        return "run" if first.source > second.source and second.source else ""
    if model:
        base, channels = channels_of(a.world_model)
        return "world model" if channels and b.world_model == base else ""
    if governor:
        return "governor" if b.governor == "none" else ""
    return "memory" if b.memory == "restart" else ""


def _against(groups: Sequence[Group], against: str) -> Iterator[tuple[str, Group, Group]]:
    fit = [group for group in groups if group.key == against] or [g for g in groups if against in g.key]
    if not fit:
        known = "; ".join(dict.fromkeys(group.key for group in groups))
        raise UsageError(f"no cell has {against!r} in its name; there are: {known}")
    worlds = [group.world for group in fit]
    if len(set(worlds)) < len(worlds):
        names = "; ".join(group.key for group in fit[:4])
        raise UsageError(f"{against!r} could mean {len(fit)} cells ({names}); give more of the name")
    for second in fit:
        for first in groups:
            if first.world == second.world and first is not second:
                yield "asked for", first, second
