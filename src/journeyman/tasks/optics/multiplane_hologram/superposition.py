"""The textbook start: one lens for each spot, all of them added, and only the phase of the sum kept.

"Random superposition" of Di Leonardo, Ianni and Ruocco, Optics Express 15 (2007) 1913-1922, and the weighted
Gerchberg-Saxton iteration of the same paper, for spots behind a bare modulator: here the lens phase is that of a Fresnel
zone plate around the spot. Spots count as points.
"""

from __future__ import annotations

import numpy as np

from journeyman.tasks.optics.multiplane_hologram.hologram import LEVELS, Bench
from journeyman.tasks.optics.multiplane_hologram.propagation import Field, Real


def lenses(bench: Bench) -> tuple[Field, Field]:
    """exp(i pi (x - spot)^2 / (wavelength distance)) along x and along y, each (spots, N), plane by plane."""
    x = bench.modulator.centres()
    along = []
    for axis in (0, 1):
        parts = [
            np.exp(
                1j * np.pi * (x - plane.spots_m[:, axis : axis + 1]) ** 2
                / (bench.modulator.wavelength_m * plane.distance_m)
            )
            for plane in bench.planes
        ]  # fmt: skip
        along.append(np.concatenate(parts))
    return along[0], along[1]


def superposition(bench: Bench, weights: Real, phases: Real) -> Real:
    """Phase (N, N) in radians of the sum of the spots' lenses with these weights (spots,) and phases (spots,)."""
    along_x, along_y = lenses(bench)
    return np.asarray(np.angle((along_x.conj() * (weights * np.exp(1j * phases))[:, None]).T @ along_y.conj()))


def weighted(bench: Bench, phases: Real, rounds: int) -> Real:
    """Phase (N, N) after so many rounds of weighted Gerchberg-Saxton from the given phases of the spots (spots,)."""
    along_x, along_y = lenses(bench)
    wanted = np.sqrt(bench.shares)
    weights, turn = wanted, np.exp(1j * phases)
    total = np.ones_like(bench.beam, dtype=complex)
    for _ in range(rounds):
        total = (along_x.conj() * (weights * turn)[:, None]).T @ along_y.conj()
        field = bench.beam * np.exp(1j * np.angle(total))
        at_spots = ((along_x @ field) * along_y).sum(axis=1)
        reached = np.abs(at_spots) / wanted
        weights, turn = weights * reached.mean() / reached, at_spots / np.abs(at_spots)
    return np.asarray(np.angle(total))


def levels_of(phase: Real) -> Real:
    """The nearest levels 0..255 of a phase in radians."""
    return np.asarray(np.round(phase * (LEVELS / (2 * np.pi))) % LEVELS)
