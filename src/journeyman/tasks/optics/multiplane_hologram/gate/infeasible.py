# EVOLVE-BLOCK-START
"""All light into the first spot of the first plane: the other spots are outshone by its stray light."""

import numpy as np


def solve(instance):
    n = instance["pixels"]
    x = (np.arange(n) - (n - 1) / 2) * 1e-6 * instance["pitch_um"]
    plane = instance["planes"][0]
    spot = plane["spots"][0]
    square = (x[:, None] - 1e-6 * spot["x_um"]) ** 2 + (x - 1e-6 * spot["y_um"]) ** 2
    lens = -np.pi / (1e-9 * instance["wavelength_nm"] * 1e-3 * plane["distance_mm"]) * square
    return {"levels": (np.round(lens * 256 / (2 * np.pi)) % 256).astype(np.uint8)}


# EVOLVE-BLOCK-END
