"""The optical bench of an instance: beam, modulator with crosstalk, planes with spots; and what a plate does on it.

Arrays over the modulator or a plane are (N, N): the first index runs along x, the second along y, both from the
negative to the positive side. Lengths in metres, power as a share of the light that falls on the modulator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journeyman.tasks.optics.multiplane_hologram.propagation import (
    Field,
    Modulator,
    Real,
    plane_waves,
    recombine,
)

LEVELS = 256
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Plane:
    """A plane of `spots_m` (n, 2) with their `shares` (n,); a spot's light is what falls within `disc_m` of it."""

    distance_m: float
    disc_m: float
    spots_m: Real
    shares: Real


@dataclass(frozen=True)
class Bench:
    """Everything fixed. `beam` (N, N): amplitude at the pixels, its squares sum to 1. `guard`: in radii of a disc."""

    modulator: Modulator
    beam: Real
    crosstalk: float
    planes: tuple[Plane, ...]
    guard: float
    ghost_limit: float

    @classmethod
    def of(cls, public: Mapping[str, Any]) -> Bench:
        """The bench of the public part of an instance line."""
        modulator = Modulator(
            public["pixels"], 1e-6 * public["pitch_um"], 1e-9 * public["wavelength_nm"]
        )
        beam = public["beam"]
        x = modulator.centres()
        waist = 1e-3 * beam["waist_mm"]
        along_x = np.exp(-(((x - 1e-3 * beam["x_mm"]) / waist) ** 2))
        along_y = np.exp(-(((x - 1e-3 * beam["y_mm"]) / waist) ** 2))
        amplitude = along_x[:, None] * along_y
        planes = tuple(
            Plane(
                1e-3 * plane["distance_mm"],
                1e-6 * plane["disc_um"],
                1e-6 * np.array([[spot["x_um"], spot["y_um"]] for spot in plane["spots"]]),
                np.array([spot["share"] for spot in plane["spots"]]),
            )
            for plane in public["planes"]
        )
        return cls(
            modulator,
            amplitude / np.sqrt(np.sum(amplitude**2)),
            public["crosstalk"],
            planes,
            public["guard"],
            public["ghost_limit"],
        )

    @property
    def shares(self) -> Real:
        """Shares of all spots, plane by plane; they sum to 1."""
        return np.concatenate([plane.shares for plane in self.planes])


def neighbours_mixed(levels: Real, crosstalk: float) -> Real:
    """What the liquid crystal makes of the levels (N, N): each pixel gives a share `crosstalk` of its own to either
    neighbour, along x and then along y; past the edge the edge's own value goes on."""
    for axis in (0, 1):
        beside = [(1, 1) if a == axis else (0, 0) for a in (0, 1)]
        wide = np.moveaxis(np.pad(levels, beside, mode="edge"), axis, 0)
        mixed = (1 - 2 * crosstalk) * wide[1:-1] + crosstalk * (wide[:-2] + wide[2:])
        levels = np.moveaxis(mixed, 0, axis)
    return levels


def emitted(bench: Bench, levels: Real) -> Field:
    """The field (N, N) straight behind the modulator for levels 0..255."""
    turn = 2 * np.pi / LEVELS * neighbours_mixed(levels, bench.crosstalk)
    return np.asarray(bench.beam * np.exp(1j * turn))


def within(bench: Bench, plane: Plane, radius_m: float) -> Flags:
    """For each spot of the plane, the samples (n, N, N) whose centre is within the radius of it."""
    x = bench.modulator.centres()
    square_x = (x - plane.spots_m[:, :1]) ** 2
    square_y = (x - plane.spots_m[:, 1:]) ** 2
    # A sample on the rim counts, whichever way rounding takes it.
    return np.asarray(square_x[:, :, None] + square_y[:, None, :] <= radius_m**2 * (1 + 1e-9))


@dataclass(frozen=True)
class PlaneLight:
    """The light in one plane: `intensity` (N, N), power in each disc (n,), the brightest sample of each disc (n,),
    and the brightest sample outside all guard discs with its place (index along x, index along y)."""

    intensity: Real
    power: Real
    peak: Real
    ghost: float
    ghost_at: tuple[int, int]

    @property
    def ghost_ratio(self) -> float:
        """The brightest stray sample over the brightest sample of the faintest spot."""
        return self.ghost / float(self.peak.min())


def light(bench: Bench, levels: Real) -> list[PlaneLight]:
    """What the plate makes in each plane."""
    waves = plane_waves(emitted(bench, levels))
    found = []
    for plane in bench.planes:
        field = recombine(waves * bench.modulator.transfer(plane.distance_m))
        intensity = field.real**2 + field.imag**2
        discs = within(bench, plane, plane.disc_m)
        samples = [intensity[disc] for disc in discs]
        outside = ~within(bench, plane, bench.guard * plane.disc_m).any(axis=0)
        at = int(np.argmax(np.where(outside, intensity, -1.0)))
        row, column = divmod(at, len(intensity))
        found.append(
            PlaneLight(
                intensity,
                np.array([part.sum() for part in samples]),
                np.array([part.max() for part in samples]),
                float(intensity[row, column]),
                (row, column),
            )
        )
    return found


def guaranteed(bench: Bench, found: list[PlaneLight]) -> Real:
    """Of each spot, power over share, plane by plane; the smallest is the objective (as a fraction)."""
    return np.concatenate([here.power for here in found]) / bench.shares
