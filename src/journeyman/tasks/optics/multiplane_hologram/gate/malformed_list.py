# EVOLVE-BLOCK-START
"""A hologram beside an object that is no number."""

import numpy as np


def solve(instance):
    n = instance["pixels"]
    x = (np.arange(n) - (n - 1) / 2) * 1e-6 * instance["pitch_um"]
    wavelength = 1e-9 * instance["wavelength_nm"]
    total = 0
    for plane in instance["planes"]:
        for spot in plane["spots"]:
            square = (x[:, None] - 1e-6 * spot["x_um"]) ** 2 + (x - 1e-6 * spot["y_um"]) ** 2
            lens = np.exp(-1j * np.pi / (wavelength * 1e-3 * plane["distance_mm"]) * square)
            total = total + np.sqrt(spot["share"]) * np.exp(2j * len(str(spot["x_um"])) + 1j * spot["y_um"]) * lens
    levels = np.round(np.angle(total) * 256 / (2 * np.pi)) % 256
    return {"levels": levels.astype(object)}


# EVOLVE-BLOCK-END
