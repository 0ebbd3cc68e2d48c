"""What no plate can pass: a bound on the weakest spot from linear algebra alone.

The power in all discs together is u^H Q u for the field u behind the modulator, with Q the sum over planes of
P^H D P: P propagates, D keeps the samples of the plane's discs. With the shares summing to 1,

    min over spots of power / share  <=  sum over spots of power  <=  largest eigenvalue of Q,

as the sum of |u|^2 is 1. The bound lets u have any amplitude and any phase, so it holds for every plate, with or without
crosstalk; for the same reason it is not tight.
"""

from __future__ import annotations

import numpy as np
from scipy import fft
from scipy.sparse.linalg import LinearOperator, eigsh

from journeyman.tasks.optics.multiplane_hologram.hologram import Bench, within
from journeyman.tasks.optics.multiplane_hologram.propagation import Field, plane_waves, recombine

# Lanczos approaches the eigenvalue from below: this much is added, far more than its tolerance of 1e-6.
MARGIN = 1e-3


def spectral_bound(bench: Bench) -> float:
    """The largest eigenvalue of Q plus a margin: the largest conceivable objective, as a fraction."""
    n = bench.modulator.pixels
    planes = [
        (bench.modulator.transfer(plane.distance_m), within(bench, plane, plane.disc_m).any(axis=0))
        for plane in bench.planes
    ]

    def applied(vector: Field) -> Field:
        waves = plane_waves(vector.reshape(n, n))
        back = np.zeros_like(waves)
        for transfer, discs in planes:
            back += plane_waves(recombine(waves * transfer) * discs) * transfer.conj()
        # The adjoint of padding keeps the corner; the factors of transform and inverse cancel.
        return np.asarray(fft.ifft2(back)[:n, :n].ravel())

    start = bench.beam.ravel().astype(complex)
    operator = LinearOperator((n * n, n * n), matvec=applied, dtype=complex)
    values = eigsh(operator, 1, which="LA", v0=start, tol=1e-6, return_eigenvectors=False)
    return float(values[0]) + MARGIN
