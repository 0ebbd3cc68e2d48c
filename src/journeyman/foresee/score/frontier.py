"""Success against calls: what can be had for how many (spec d.2.10).

A family is what has one dial: the same governor at several settings, or a coin between never and always. Between two of
its points lies whatever a coin between the two policies gives, so its frontier is the upper concave hull, from never calling
on; beyond its last point it is flat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.score.groups import Group, always_of, invisible_of, paired
from journeyman.foresee.score.interval import Numbers, Sums, measure, sample
from journeyman.foresee.score.measured import Measured, missing

COIN = "a coin"
"""The family of mixtures of never and always, which nobody needs to have run."""
CHOICE = "its own choice"
"""The family of an agent without a governor."""


class Family(msgspec.Struct, frozen=True):
    """One frontier.

    Attributes:
        world, agent, world_model, memory: of its cells. governor: without its settings, or `COIN` or `CHOICE`.
        points: (cell's key, mean calls, success rate), by calls; never calling is among them.
        budget: mean calls up to which the area is taken, the same for all families of a world.
        area: mean of the frontier's success rate over 0 .. budget calls, 0..1.
    """

    world: str
    agent: str
    world_model: str
    memory: str
    governor: str
    points: tuple[tuple[str, float, float], ...]
    budget: float
    area: Measured


def reached(calls: Numbers, solved: Numbers, at: Numbers) -> Numbers:
    """Success rate of the frontier of points at so many mean calls.

    Args:
        calls, solved: of the points, shape [R, P]. at: shape [R].

    Returns:
        Shape [R]: the best success at no more calls, or of a coin between such a point and one with more; NaN where no
        point has so few calls.
    """
    best = np.where(calls <= at[:, None], solved, -np.inf).max(axis=1)
    for i in range(calls.shape[1]):
        for j in range(calls.shape[1]):
            within = (calls[:, i] <= at) & (at < calls[:, j])
            wide = np.where(within, calls[:, j] - calls[:, i], 1.0)
            mixed = solved[:, i] + (at - calls[:, i]) / wide * (solved[:, j] - solved[:, i])
            best = np.where(within, np.maximum(best, mixed), best)
    found: Numbers = np.where(np.isfinite(best), best, np.nan)
    return found


def area(calls: Numbers, solved: Numbers, budget: float) -> Numbers:
    """Mean success rate of the frontier over 0 .. `budget` calls (above 0), shape [R].

    Exact: between neighbouring points a frontier is straight. What lies before its first point counts as 0.
    """
    ends = np.sort(np.minimum(np.hstack([calls, np.full((len(calls), 1), budget)]), budget), axis=1)
    height = np.array([reached(calls, solved, at) for at in ends.T]).T
    height = np.nan_to_num(height)
    found: Numbers = ((height[:, 1:] + height[:, :-1]) / 2 * np.diff(ends, axis=1)).sum(axis=1) / budget
    return found


def corners(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points (calls, success) at which a frontier bends, from left to right, for drawing it."""
    found: list[tuple[float, float]] = []
    for x, y in sorted(points, key=lambda p: (p[0], -p[1])):
        if found and y <= found[-1][1]:
            continue
        while len(found) > 1 and _below(found[-2], found[-1], (x, y)):
            found.pop()
        found.append((x, y))
    return found


def families(groups: Sequence[Group], *, budget: float | None = None) -> list[Family]:
    """The frontiers of all agents that were also played without a world model.

    `budget`: mean calls; None: those of the cell of the same world that calls most.
    """
    found = []
    for world in dict.fromkeys(group.world for group in groups):
        here = [group for group in groups if group.world == world]
        most = budget if budget is not None else max(_calls(group) for group in here)
        for governor, never, members in _members(here) if most > 0 else ():
            rows = paired(never, *members)
            if not rows:
                continue
            name, keys = members[0].name, [group.key for group in (never, *members)]
            table = np.array([[(e.calls, e.success) for e in row] for row in rows], dtype=float).mean(axis=0)
            points = sorted(((key, float(k), float(y)) for key, (k, y) in zip(keys, table, strict=True)), key=lambda p: p[1])
            size = _measured(rows, lambda k, y, most=most: area(k, y, most))  # type: ignore[misc]
            about = (name.agent, name.world_model, name.memory, governor)
            found.append(Family(world, *about, tuple(points), most, size))
    return found


def over(group: Group, rivals: Sequence[Group], never: Group) -> Measured:
    """Success of `group` above the frontier of `rivals` and never calling, at equal mean calls, on common instances."""
    rows = paired(group, never, *rivals)
    if not rows:
        return missing("the cells have no instance in common")
    return _measured(rows, lambda k, y: y[:, 0] - reached(k[:, 1:], y[:, 1:], k[:, 0]))


def confidence_rivals(group: Group, groups: Sequence[Group]) -> list[Group]:
    """The same agent and world model under a confidence threshold: what a governor must beat at equal calls (spec J10)."""
    return [
        other for other in groups
        if other.world == group.world and other.name.agent == group.name.agent and other.name.mode == "normal"
        and other.name.world_model == group.name.world_model and other.source == group.source
        and other.name.memory == group.name.memory and _kind(other) == "confidence" and other is not group
    ]  # fmt: skip


def _measured(rows: Sequence[tuple[Episode, ...]], statistic: Callable[[Numbers, Numbers], Numbers]) -> Measured:
    """A statistic of mean calls and success rates, each of shape [R, columns of `rows`], with its interval."""
    width = len(rows[0])
    by_instance: dict[str, dict[str, float]] = {}
    for row in rows:
        empty = {"n": 0.0, **{f"{name}{i}": 0.0 for name in "ky" for i in range(width)}}
        kept = by_instance.setdefault(row[0].instance, empty)
        kept["n"] += 1
        for i, episode in enumerate(row):
            kept[f"k{i}"] += episode.calls
            kept[f"y{i}"] += episode.success

    def of_sums(s: Sums) -> Numbers:
        calls, solved = (np.array([s[f"{name}{i}"] / s["n"] for i in range(width)]).T for name in "ky")
        return statistic(calls, solved)

    sums = sample([by_instance[key] for key in sorted(by_instance)])
    return measure(sums, of_sums, why="it makes fewer calls than any policy it is held against")


def _members(groups: Sequence[Group]) -> list[tuple[str, Group, list[Group]]]:
    """(governor, never, its groups) for each family of a world."""
    same: dict[tuple[str, str, str, str], dict[str, list[Group]]] = {}
    for group in groups:
        if group.name.mode == "normal":
            key = (group.source, group.name.agent, group.name.world_model, group.name.memory)
            same.setdefault(key, {}).setdefault(_kind(group), []).append(group)
    found = []
    for kinds in same.values():
        first = next(iter(kinds.values()))[0]
        never, always = invisible_of(first, groups), always_of(first, groups)
        if never is None:
            continue
        found += [(CHOICE if kind == "none" else kind, never, members) for kind, members in kinds.items()]
        if always is not None:
            found.append((COIN, never, [always]))
    return found


def _kind(group: Group) -> str:
    return group.name.governor.partition(":")[0]


def _calls(group: Group) -> float:
    return sum(episode.calls for episode in group.episodes) / len(group.episodes)


def _below(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether b lies on or below the line from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) <= (c[1] - a[1]) * (b[0] - a[0])
