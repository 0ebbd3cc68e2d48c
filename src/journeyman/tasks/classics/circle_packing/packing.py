"""Circles in the unit square: whether they obey the rules exactly, how long their radii are together, who touches whom.

A circle is (x, y, r), three doubles. The rules are decided without rounding: each double is taken as the rational number
it is. Every finite double is a whole number of 2^-1074, so the check is one of integers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

Circle = tuple[float, float, float]

# Every finite double is a whole number of 2^-UNIT_BITS.
UNIT_BITS = 1074
ONE = 1 << UNIT_BITS

# Two circles, or a circle and a wall, are said to touch below this gap. It serves feedback and pictures, never a verdict.
TOUCHING = 1e-9


def units(value: float) -> int:
    """A finite double as a whole number of 2^-1074, exactly."""
    numerator, denominator = value.as_integer_ratio()
    return (numerator << UNIT_BITS) // denominator  # the denominator is a power of two and divides


def first_fault(circles: Sequence[Circle]) -> str | None:
    """The first rule that finite `circles` break, in one sentence that says where and by how much; None if they break none.

    The rules, in this order: every radius is positive, every circle lies in the square, no two overlap. Of many faults of
    one kind the worst is named.
    """
    for i, (_, _, r) in enumerate(circles):
        if r <= 0:
            return f"circle {i} has the radius {r!r}, which must be above 0"
    exact = [(units(x), units(y), units(r)) for x, y, r in circles]
    return _worst(list(_outside(exact)), "circles beyond a wall") or _worst(
        list(_overlaps(exact)), "overlapping pairs"
    )


def _outside(exact: list[tuple[int, int, int]]) -> Iterator[tuple[float, str]]:
    """(by how much, what) for every circle and wall with x - r < 0, x + r > 1 and so on."""
    for i, (x, y, r) in enumerate(exact):
        for beyond, wall in ((r - x, "x = 0"), (x + r - ONE, "x = 1"), (r - y, "y = 0"), (y + r - ONE, "y = 1")):
            if beyond > 0:
                amount = _float(beyond, ONE)
                yield amount, f"circle {i} lies {amount:.3g} beyond the wall {wall}"


def _overlaps(exact: list[tuple[int, int, int]]) -> Iterator[tuple[float, str]]:
    """(by how much, what) for every pair nearer than the sum of its radii."""
    for (i, (x1, y1, r1)), (j, (x2, y2, r2)) in combinations(enumerate(exact), 2):
        square, reach = (x1 - x2) ** 2 + (y1 - y2) ** 2, r1 + r2
        lacking = reach * reach - square
        if lacking > 0:
            # reach - distance, without the cancellation: (reach^2 - distance^2) / (reach + distance)
            amount = _float(lacking, (reach + math.isqrt(square)) << UNIT_BITS)
            yield amount, f"circles {i} and {j} overlap by {amount:.3g}"


def _worst(faults: list[tuple[float, str]], kind: str) -> str | None:
    if not faults:
        return None
    _, text = max(faults, key=lambda fault: fault[0])
    return text if len(faults) == 1 else f"{text}, the worst of {len(faults)} {kind}"


def _float(numerator: int, denominator: int) -> float:
    """A positive ratio of integers as the nearest double, infinity if it is too large for one."""
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf


def total_radius(circles: Sequence[Circle]) -> float:
    """The sum of the radii, rounded once: the double nearest to the exact sum."""
    return math.fsum(r for _, _, r in circles)


def wall_gaps(circle: Circle) -> tuple[float, float, float, float]:
    """Distances of a circle's edge from the walls x = 0, x = 1, y = 0 and y = 1, in side lengths."""
    x, y, r = circle
    return x - r, 1 - x - r, y - r, 1 - y - r


def gap(one: Circle, other: Circle) -> float:
    """Distance between the edges of two circles, in side lengths; rounded, for feedback and pictures."""
    return math.hypot(one[0] - other[0], one[1] - other[1]) - one[2] - other[2]


def touching_pairs(circles: Sequence[Circle]) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of circles that touch."""
    return [(i, j) for (i, a), (j, b) in combinations(enumerate(circles), 2) if gap(a, b) < TOUCHING]


def touching_walls(circles: Sequence[Circle]) -> list[tuple[int, int]]:
    """Pairs (circle, wall) that touch; walls are numbered as in `wall_gaps`."""
    return [(i, w) for i, circle in enumerate(circles) for w, g in enumerate(wall_gaps(circle)) if g < TOUCHING]


def room(circles: Sequence[Circle], i: int) -> float:
    """By how much the radius of circle `i` alone could grow, all else as it is; never below 0."""
    gaps = [gap(circles[i], other) for j, other in enumerate(circles) if j != i]
    return max(0.0, min([*gaps, *wall_gaps(circles[i])]))


def growth_in_turn(circles: Sequence[Circle]) -> float:
    """What all radii together gain if each circle, in the order given, grows as far as it can; centres stay."""
    grown = list(circles)
    for i, (x, y, r) in enumerate(circles):
        grown[i] = (x, y, r + room(grown, i))
    return total_radius(grown) - total_radius(circles)
