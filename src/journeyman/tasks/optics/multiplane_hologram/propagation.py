"""From a modulator's pixels to the light in a plane behind it: the band-limited angular spectrum.

K. Matsushima, T. Shimobaba, Optics Express 17 (2009) 19662-19673. The field is cut into plane waves by a Fourier
transform, each wave is turned by its own path, and the waves are added again. The grid of N x N pixels is padded to
2N x 2N, and waves that wander sideways by more than N pixels, half of the padded window, are left out. Such waves miss
the central N x N samples wherever they started, and only those samples are ever looked at: so nothing that wraps round
is seen, and the phase of the transfer function is nowhere sampled too coarsely.

The modulator is a staircase: the field is constant over each square pixel. Its spectrum is that of the pixel values
times sinc(pitch fx) sinc(pitch fy), so the farther to the side a spot asks light to turn, the less of it goes there.

Lengths in metres, spatial frequencies in 1/m; the sum of |field|^2 over samples is power.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Field = NDArray[np.complex128]
Real = NDArray[np.float64]


@dataclass(frozen=True)
class Modulator:
    """`pixels` x `pixels` square pixels, `pitch_m` apart and `pitch_m` wide, under light of `wavelength_m`."""

    pixels: int
    pitch_m: float
    wavelength_m: float

    def centres(self) -> Real:
        """Coordinates (N,) of the pixels' centres along x or y, m; the optical axis goes through 0."""
        return np.asarray((np.arange(self.pixels) - (self.pixels - 1) / 2) * self.pitch_m, dtype=np.float64)

    def band_limit(self, distance_m: float) -> float:
        """The largest |fx| and |fy| kept, 1/m: equation 13 of Matsushima and Shimobaba for a window of 2 N pixels."""
        window = 2 * self.pixels * self.pitch_m
        return float(1 / (self.wavelength_m * np.hypot(2 * distance_m / window, 1)))

    def transfer(self, distance_m: float) -> Field:
        """The factor (2N, 2N) of each plane wave: the turn along its path, the pixel's sinc, 0 outside the band."""
        n = self.pixels
        # It is even in both frequencies, so one quarter of it is computed and mirrored.
        half = np.arange(n + 1) / (2 * n * self.pitch_m)
        along = np.sqrt(np.maximum(self.wavelength_m**-2 - half[:, None] ** 2 - half**2, 0))
        weight = np.sinc(half * self.pitch_m) * (half <= self.band_limit(distance_m))
        quarter = weight[:, None] * weight * np.exp(2j * np.pi * distance_m * along)
        at = np.concatenate([np.arange(n + 1), np.arange(n - 1, 0, -1)])
        return np.asarray(quarter[at][:, at])


def plane_waves(field: Field) -> Field:
    """The spectrum (2N, 2N) of a field (N, N) that stands in the corner of a padded grid of zeros."""
    n = len(field)
    # Only rows that are not all zeros need a transform along themselves.
    return np.asarray(fft.fft(fft.fft(field, 2 * n, axis=1), 2 * n, axis=0))


def recombine(spectrum: Field) -> Field:
    """The field (N, N) of a spectrum (2N, 2N), on the samples straight behind the pixels."""
    n = len(spectrum) // 2
    return np.asarray(fft.ifft(fft.ifft(spectrum, axis=0)[:n], axis=1)[:, :n])


def propagate(modulator: Modulator, field: Field, distance_m: float) -> Field:
    """The field (N, N) at a distance behind pixels that emit `field` (N, N)."""
    return recombine(plane_waves(field) * modulator.transfer(distance_m))
