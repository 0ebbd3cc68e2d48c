"""What a world model's errors cost: success, helps, hurts and calls against the severity of one channel (spec J4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from journeyman.foresee.score.groups import Group
from journeyman.foresee.score.measured import Measured

SHOWN = ("success/rate", "access/helps", "access/hurts", "cost/calls", "value/net_0.02")


class Dose(msgspec.Struct, frozen=True):
    """One agent under one governor with one channel at several severities.

    Attributes:
        base: the world model without the channel, "exact".
        channel: "transition", "observation", "stale", "horizon", "compliance", "overclaim".
        points: (severity, cell's key, metrics of `SHOWN`), by severity; 0 is the base itself, where it was played.
    """

    world: str
    agent: str
    mode: str
    governor: str
    base: str
    channel: str
    points: tuple[tuple[float, str, dict[str, Measured]], ...]


def channels_of(world_model: str) -> tuple[str, dict[str, float]]:
    """A world model's base and the severity of each of its channels.

    >>> channels_of("exact+transition=0.2+overclaim")
    ('exact', {'transition': 0.2, 'overclaim': 1.0})
    """
    base, *parts = world_model.split("+")
    found = {}
    for part in parts:
        channel, equals, severity = part.partition("=")
        try:
            found[channel] = float(severity) if equals else 1.0
        except ValueError:
            return world_model, {}
    return base, found


def doses(groups: Sequence[Group], metrics: Mapping[int, Mapping[str, Measured]]) -> list[Dose]:
    """Every series of at least two severities. `metrics`: of each group, by its place in `groups`.

    Where several channels are on, those that stay the same belong to the base.
    """
    series: dict[tuple[str, ...], dict[float, tuple[str, dict[str, Measured]]]] = {}
    for i, group in enumerate(groups):
        name = group.name
        if name.mode == "invisible" or not name.world_model:
            continue
        base, severities = channels_of(name.world_model)
        shown = (group.key, {metric: metrics[i][metric] for metric in SHOWN})
        about = (group.source, group.world, name.agent, name.mode, name.governor, name.memory)
        for channel, severity in severities.items():
            rest = _written(base, {other: s for other, s in severities.items() if other != channel})
            series.setdefault((*about, rest, channel), {})[severity] = shown
    for i, group in enumerate(groups):
        name = group.name
        about = (group.source, group.world, name.agent, name.mode, name.governor, name.memory)
        plain = _written(*channels_of(name.world_model))
        for key, points in series.items():
            if key[:-1] == (*about, plain):
                points.setdefault(0.0, (group.key, {metric: metrics[i][metric] for metric in SHOWN}))
    found = []
    for (_, world, agent, mode, governor, _, base, channel), points in series.items():
        if len(points) > 1:
            ordered = tuple((severity, *points[severity]) for severity in sorted(points))
            found.append(Dose(world, agent, mode, governor, base, channel, ordered))
    return found


def _written(base: str, severities: Mapping[str, float]) -> str:
    return "+".join([base, *(f"{channel}={severity:g}" for channel, severity in sorted(severities.items()))])
