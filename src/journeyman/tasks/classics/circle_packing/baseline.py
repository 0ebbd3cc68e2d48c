"""The arrangement behind the baseline anchor: a square grid of equal circles, and one more in a gap between four of them."""

from __future__ import annotations

import math

from journeyman.tasks.classics.circle_packing.packing import Circle


def grid_and_gap(side: int) -> list[Circle]:
    """`side` x `side` equal circles that touch, and one in the gap next to the lower left one: side^2 + 1 circles.

    With R = 1 / (2 side) the sum of radii is side / 2 + (sqrt(2) - 1) R; 2.5 + 0.0414 for side 5. In doubles the circles
    would overlap by some 1e-17, so the radii are smaller by a few units of their last place.
    """
    spacing = 1 / side
    centres = [(k + 0.5) * spacing for k in range(side)]
    radius = 0.5 * spacing * (1 - 2**-50)
    small = (spacing, spacing, (math.sqrt(2) - 1) * radius)
    return [*((x, y, radius) for x in centres for y in centres), small]
