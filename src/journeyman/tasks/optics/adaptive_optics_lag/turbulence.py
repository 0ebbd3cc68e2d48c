"""Frozen-flow turbulence: layers of von Karman phase, each carried past the telescope by its own wind.

A layer is a sum of plane waves (the sparse-spectrum method, Charnotskii 2013): the frequency plane is cut into
rings, each ring gives one wave whose frequency is drawn inside it, whose direction is uniform and whose amplitude is
Gaussian with exactly the ring's power. Against FFT screens this has three virtues: nothing is periodic, the lowest
frequencies need no subharmonics (the first ring begins at zero), and a wind that moves the layer by a fraction of a
pixel is a phase factor, not an interpolation.

Lengths are in metres, frequencies in cycles per metre, phase in radians at 500 nm unless a name says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SEEING_WAVELENGTH_UM = 0.5  # r0 is quoted at 500 nm, as everywhere
MICROMETRES_PER_RADIAN = SEEING_WAVELENGTH_UM / (2 * math.pi)
SPECTRUM_CONSTANT = 0.022896  # (24/5 Gamma(6/5))^(5/6) Gamma(11/6)^2 / (2 pi^(11/3)), Roddier 1981
WAVES_PER_LAYER = 900
LOWEST_EDGE = 2e-3  # cycles/m: the upper edge of the ring that begins at zero


@dataclass(frozen=True)
class Layer:
    """One frozen layer: its share of the total Cn2 (the shares add up to 1) and its wind (m/s, degrees from +x)."""

    share: float
    speed_m_s: float
    direction_deg: float

    def velocity(self) -> Array:
        angle = math.radians(self.direction_deg)
        return np.array(
            [self.speed_m_s * math.cos(angle), self.speed_m_s * math.sin(angle)], dtype=np.float64
        )


@dataclass(frozen=True)
class Waves:
    """Plane waves of one layer: `frequency` (waves, 2) in cycles/m and `power` (waves,) in rad^2."""

    frequency: Array
    power: Array


def power_below(frequency: Array | float, r0_m: float, outer_scale_m: float) -> Array:
    """Power (rad^2) of the von Karman spectrum between 0 and `frequency`, the integral done by hand.

    The spectrum is 0.0229 r0^(-5/3) (f^2 + 1/L0^2)^(-11/6); in polar coordinates it has a primitive.
    """
    knee = outer_scale_m**-2
    scale = SPECTRUM_CONSTANT * r0_m ** (-5 / 3) * 6 * math.pi / 5
    return np.asarray(scale * (knee ** (-5 / 6) - (np.square(frequency) + knee) ** (-5 / 6)))


def frequency_at(power: Array, r0_m: float, outer_scale_m: float) -> Array:
    """The inverse of `power_below`: the frequency (cycles/m) below which there is so much power (rad^2)."""
    knee = outer_scale_m**-2
    scale = SPECTRUM_CONSTANT * r0_m ** (-5 / 3) * 6 * math.pi / 5
    return np.asarray(np.sqrt(np.maximum((knee ** (-5 / 6) - power / scale) ** (-6 / 5) - knee, 0.0)))


def draw_waves(
    r0_m: float, outer_scale_m: float, highest: float, count: int, rng: np.random.Generator
) -> Waves:
    """One layer's waves up to `highest` cycles/m: `count` rings, logarithmic above the first, one wave in each.

    Directions follow the golden angle from a random start, so that any band of neighbouring rings is nearly isotropic.
    """
    edges = np.concatenate([[0.0], np.geomspace(LOWEST_EDGE, highest, count)])
    below = power_below(edges, r0_m, outer_scale_m)
    power = np.diff(below)
    radius = frequency_at(below[:-1] + power * rng.random(count), r0_m, outer_scale_m)
    golden = math.pi * (3 - math.sqrt(5))
    angle = 2 * math.pi * rng.random() + golden * np.arange(count)
    return Waves(radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), power)


def flow(
    points_m: Array,
    times_s: Array,
    r0_m: float,
    outer_scale_m: float,
    layers: Sequence[Layer],
    highest: float,
    rng: np.random.Generator,
    waves_per_layer: int = WAVES_PER_LAYER,
) -> Array:
    """Phase (times, points) in radians at 500 nm at the points (points, 2) while the layers blow past.

    The pattern moves with the wind: phase(x, t) = phase(x - v t, 0) for each layer.
    """
    total = np.zeros((len(times_s), len(points_m)))
    for layer in layers:
        layer_r0 = r0_m * layer.share ** (-3 / 5)  # r0^(-5/3) adds up over the layers
        waves = draw_waves(layer_r0, outer_scale_m, highest, waves_per_layer, rng)
        amplitude = np.sqrt(waves.power) * (
            rng.standard_normal((2, len(waves.power))).T @ np.array([1.0, 1j])
        )
        in_time = np.exp(-2j * math.pi * np.outer(times_s, waves.frequency @ layer.velocity())) * amplitude
        in_space = np.exp(2j * math.pi * (points_m @ waves.frequency.T))
        # the real part of the product, in real arithmetic: half the work
        total += in_time.real @ in_space.real.T - in_time.imag @ in_space.imag.T
    return total
