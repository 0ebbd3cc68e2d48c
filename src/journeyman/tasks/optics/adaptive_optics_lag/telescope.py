"""The telescope as matrices: pupil pixels, Shack-Hartmann slopes and the deformable mirror's influence.

A 1 m unobstructed pupil, 8 x 8 sub-apertures of 125 mm, actuators at their corners (Fried geometry), Gaussian
influence with a coupling of 0.3 to the next actuator, which makes the width about the pitch. Everything is linear, so
the whole instrument is three matrices. Wavefronts are optical path in micrometres, slopes are in microradians
(= micrometres per metre), positions in metres from the pupil's centre.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DIAMETER_M = 1.0
SUBAPERTURES_ACROSS = 8
PITCH_M = DIAMETER_M / SUBAPERTURES_ACROSS
PIXELS_PER_SUBAPERTURE = 5
PIXEL_M = PITCH_M / PIXELS_PER_SUBAPERTURE
COUPLING = 0.3  # influence of an actuator at its nearest neighbour
LEAST_LIT = 0.5  # a sub-aperture counts when this share of it lies in the pupil
ACTUATOR_REACH = 4.5  # pitches: actuators farther from the centre do not touch the pupil enough
SCIENCE_WAVELENGTH_UM = 1.65
SCIENCE_RADIANS_PER_UM = 2 * math.pi / SCIENCE_WAVELENGTH_UM
HIGHEST_FREQUENCY = 0.5 / PIXEL_M  # cycles/m: what the pixels can carry


@dataclass(frozen=True)
class Telescope:
    """pixels (p, 2), subapertures (m, 2), actuators (n, 2): positions in metres.

    `slopes` (2m, p): microradians from a wavefront in micrometres; first all x, then all y.
    `influence` (p, n): wavefront in micrometres from a mirror position of one micrometre, piston removed.
    `interaction` (2m, n) = slopes @ influence. `projection` (n, p): the least-squares mirror for a wavefront.
    """

    pixels: Array
    subapertures: Array
    actuators: Array
    slopes: Array
    influence: Array
    interaction: Array
    projection: Array


def grid(count: int, step: float) -> Array:
    """Points (count^2, 2) of a centred square grid, y outermost, so rows run along x."""
    line = (np.arange(count) - (count - 1) / 2) * step
    y, x = np.meshgrid(line, line, indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1)


def plane_fit(pixels: Array, centre: Array) -> tuple[NDArray[np.intp], Array] | None:
    """The lit pixels of one sub-aperture and the (2, lit) matrix that fits a plane's x and y slope to them."""
    inside = np.flatnonzero(np.all(np.abs(pixels - centre) < PITCH_M / 2, axis=1))
    if len(inside) < LEAST_LIT * PIXELS_PER_SUBAPERTURE**2:
        return None
    plane = np.column_stack([np.ones(len(inside)), pixels[inside] - centre])
    return inside, np.linalg.pinv(plane)[1:]


@cache
def telescope() -> Telescope:
    """The one instrument of this task; built once a process, never changed."""
    square = grid(SUBAPERTURES_ACROSS * PIXELS_PER_SUBAPERTURE, PIXEL_M)
    pixels = square[np.hypot(*square.T) <= DIAMETER_M / 2]

    corners = grid(SUBAPERTURES_ACROSS + 1, PITCH_M)
    actuators = corners[np.hypot(*corners.T) <= ACTUATOR_REACH * PITCH_M]
    distance = np.hypot(*(pixels[:, None] - actuators[None]).transpose(2, 0, 1))
    influence = COUPLING ** ((distance / PITCH_M) ** 2)
    influence = influence - influence.mean(axis=0)

    fits = [
        (centre, fit)
        for centre in grid(SUBAPERTURES_ACROSS, PITCH_M)
        if (fit := plane_fit(pixels, centre)) is not None
    ]
    slopes = np.zeros((2, len(fits), len(pixels)))
    for index, (_, (inside, plane)) in enumerate(fits):
        slopes[:, index, inside] = plane
    flat = slopes.reshape(2 * len(fits), len(pixels))
    return Telescope(
        pixels=pixels,
        subapertures=np.array([centre for centre, _ in fits]),
        actuators=actuators,
        slopes=flat,
        influence=influence,
        interaction=flat @ influence,
        # piston is invisible and gives the influence one null direction: cut it, keep all else
        projection=np.linalg.pinv(influence, rcond=1e-6),
    )
