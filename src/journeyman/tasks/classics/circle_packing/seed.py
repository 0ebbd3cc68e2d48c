# EVOLVE-BLOCK-START
"""Circles in five columns, one with an extra circle: by turns they push each other apart and grow until they meet."""

import numpy as np

# Where the three inner columns begin, in side lengths; the outer ones begin at the walls.
COLUMN_2 = 0.3  # tune: 0.2 .. 0.36
COLUMN_3 = 0.5  # tune: 0.42 .. 0.58
COLUMN_4 = 0.7  # tune: 0.64 .. 0.8
# By how much the circles of an inner column begin alternately left and right of it.
ZIGZAG_2 = 0.0  # tune: -0.08 .. 0.08
ZIGZAG_3 = 0.0  # tune: -0.08 .. 0.08
ZIGZAG_4 = 0.0  # tune: -0.08 .. 0.08
# How large the circles want to be at first, by place: in a corner, at a wall, elsewhere, in the long column.
CORNER = 0.1  # tune: 0.07 .. 0.13
EDGE = 0.1  # tune: 0.07 .. 0.13
INNER = 0.1  # tune: 0.07 .. 0.14
LONG = 0.085  # tune: 0.06 .. 0.12
# The share of an overlap by which a circle gives way in one push.
PUSH = 0.3  # tune: 0.05 .. 0.5
# How much larger the circles are while they push than they can be.
SWELL = 1.02  # tune: 1.0 .. 1.15
# The share of its free room that a circle takes when it is its turn to grow: 1 lets the first ones take all.
GREED = 0.5  # tune: 0.05 .. 1.0

LONG_COLUMN = 1  # the column with the extra circle, counted from 0
CYCLES, PUSHES, TURNS = 8, 60, 10


def solve(instance):
    centres, radii = columns(instance["n"])
    best = 0.0
    for _ in range(CYCLES):
        centres = pushed(centres, SWELL * radii)
        radii = grown(centres, radii)
        if radii.sum() > best:
            best, kept = radii.sum(), (centres, radii)
    centres, radii = kept
    # The rules are checked without any tolerance, and doubles are rounded: leave a hair of room everywhere.
    return {"circles": np.column_stack([centres, radii * (1 - 1e-12)]).tolist()}


def columns(n):
    """Where the circles begin, (n, 2), and how large they want to be, (n,); n = 26."""
    at = (0.1, COLUMN_2, COLUMN_3, COLUMN_4, 0.9)
    zigzag = (0.0, ZIGZAG_2, ZIGZAG_3, ZIGZAG_4, 0.0)
    centres, wanted = [], []
    for column in range(5):
        count = n // 5 + (column == LONG_COLUMN)
        for k in range(count):
            centres.append((at[column] + zigzag[column] * (-1) ** k, (k + 0.5) / count))
            walls = (column in (0, 4)) + (k in (0, count - 1))
            wanted.append(LONG if column == LONG_COLUMN else (INNER, EDGE, CORNER)[walls])
    return np.array(centres), np.array(wanted)


def distances(centres):
    """From each centre to each other one, (n, n); infinite to itself."""
    distance = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    return distance


def pushed(centres, radii):
    """The centres after overlapping circles have pushed each other apart, and the walls have pushed them back."""
    reach = radii[:, None] + radii[None]
    for _ in range(PUSHES):
        distance = distances(centres)
        overlap = np.maximum(0, reach - distance) / distance
        centres = centres + PUSH * (overlap[..., None] * (centres[:, None] - centres[None])).sum(axis=1)
        centres = np.clip(centres, radii[:, None], 1 - radii[:, None])
    return centres


def grown(centres, wanted):
    """Radii for given centres: all as wanted but smaller, so that they fit, and then each in turn grows into its room."""
    distance = distances(centres)
    wall = np.minimum(centres, 1 - centres).min(axis=1)
    fit = min((distance / (wanted[:, None] + wanted[None])).min(), (wall / wanted).min())
    radii = 0.9 * fit * wanted
    for share in [GREED] * TURNS + [1.0]:
        for i in range(len(radii)):
            radii[i] += share * (min(wall[i], (distance[i] - radii).min()) - radii[i])
    return radii


# EVOLVE-BLOCK-END
