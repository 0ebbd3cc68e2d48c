"""Verdict on a packing: every rule is decided exactly, then the radii are added up."""

from __future__ import annotations

import math

import msgspec

from journeyman.tasks.classics.circle_packing.packing import (
    TOUCHING,
    Circle,
    first_fault,
    growth_in_turn,
    room,
    total_radius,
    touching_pairs,
    touching_walls,
)
from journeyman.verify import Instance, Metric, Outcome, as_design, feasible, infeasible


class Design(msgspec.Struct, frozen=True):
    """What a candidate returns; any other key is ignored."""

    circles: list[Circle]


def score(instance: Instance, design: object) -> Outcome:
    """The sum of the radii in side lengths of the square, or the first rule that `design` breaks."""
    circles = as_design(design, Design).circles
    n = instance.public["n"]
    if len(circles) != n:
        return infeasible(f"there are {len(circles)} circles, there must be {n}")
    fault = first_fault(circles)
    if fault is not None:
        return infeasible(fault)
    radii = [r for _, _, r in circles]
    metrics = {
        "smallest_radius": Metric(min(radii), "side lengths"),
        "largest_radius": Metric(max(radii), "side lengths"),
        "covered_area": Metric(100 * math.pi * math.fsum(r * r for r in radii), "%"),
        "touching_pairs": Metric(len(touching_pairs(circles))),
        "touching_walls": Metric(len(touching_walls(circles))),
        "growth_in_turn": Metric(growth_in_turn(circles), "side lengths"),
    }
    return feasible(total_radius(circles), metrics=metrics, feedback=describe(circles))


def describe(circles: list[Circle]) -> str:
    """Where the room of a feasible packing goes; under 500 characters."""
    radii = [r for _, _, r in circles]
    pairs, walls = touching_pairs(circles), touching_walls(circles)
    loose = set(range(len(circles))) - {i for pair in pairs for i in pair} - {i for i, _ in walls}
    rooms = [room(circles, i) for i in range(len(circles))]
    roomiest = max(range(len(circles)), key=rooms.__getitem__)
    return (
        f"sum of radii {total_radius(circles):.12f}, radii {min(radii):.4f} to {max(radii):.4f}, "
        f"{100 * math.pi * math.fsum(r * r for r in radii):.1f} % of the square covered. "
        f"Gaps below {TOUCHING:g}: {len(pairs)} between circles and {len(walls)} at walls, for {3 * len(radii)} numbers "
        f"chosen; {len(loose)} circles touch nothing. Growing each in turn with its centre fixed would add "
        f"{growth_in_turn(circles):.3g}; most room has circle {roomiest}, {rooms[roomiest]:.3g}."
    )


def draw(instance: Instance, design: object) -> dict[str, bytes]:
    """A picture of the packing, `packing.png`; nothing for a design that breaks a rule."""
    from journeyman.tasks.classics.circle_packing.picture import picture

    circles = as_design(design, Design).circles
    if len(circles) != instance.public["n"] or first_fault(circles) is not None:
        return {}
    return {"packing.png": picture(circles, instance.anchors)}
