# EVOLVE-BLOCK-START
"""A hologram whose first spot was weakened until stray light in its plane just exceeds the limit, by less than a part in
a thousand."""

import numpy as np

# Factor on the first lens, by the distance of the first plane.
WEAKENED = {87.1: 0.5347, 58.7: 0.6436, 59.7: 0.4945}


def solve(instance):
    n = instance["pixels"]
    x = (np.arange(n) - (n - 1) / 2) * 1e-6 * instance["pitch_um"]
    total, m = 0, 0
    for plane in instance["planes"]:
        for spot in plane["spots"]:
            square = (x[:, None] - 1e-6 * spot["x_um"]) ** 2 + (x - 1e-6 * spot["y_um"]) ** 2
            turn = 0.38 * m**2 - square / (2e-9 * instance["wavelength_nm"] * 1e-3 * plane["distance_mm"])
            weight = np.sqrt(spot["share"]) * (1 if m else WEAKENED[instance["planes"][0]["distance_mm"]])
            total, m = total + weight * np.exp(2j * np.pi * turn), m + 1
    return {"levels": (np.round(np.angle(total) * 256 / (2 * np.pi)) % 256).astype(np.uint8)}


# EVOLVE-BLOCK-END
