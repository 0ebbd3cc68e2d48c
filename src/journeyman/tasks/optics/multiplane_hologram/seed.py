# EVOLVE-BLOCK-START
"""A phase plate by superposition: one lens for each spot, all lenses added, only the phase of the sum kept."""

import numpy as np

# How the weight of a lens follows from its spot's share, its plane's distance, and the steepness of the lens.
SHARE_POWER = 0.5  # tune: 0.4 .. 0.65
DISTANCE_POWER = 0.0  # tune: -0.3 .. 0.3
STEEPNESS = 0.0  # tune: -0.5 .. 1.5
OFF_AXIS = 0.0  # tune: -0.5 .. 0.8

# Phase of lens number m: PHASE_STEP m^2, in turns.
PHASE_STEP = 0.38  # tune: 0.3 .. 0.46

# Rounds that give more weight to a spot whose centre gets too little field, and how strongly they do.
ROUNDS = 0  # tune: 0 .. 2
GAIN = 0.5  # tune: 0.0 .. 1.5

# Levels are pushed away from those of their neighbours, since the liquid crystal mixes neighbours.
SHARPEN = 0.0  # tune: -0.2 .. 1.2
# A constant added to all levels moves the wraps from 255 to 0 to other places.
LEVEL_OFFSET = 0.0  # tune: 0.0 .. 128.0


def solve(instance):
    n, pitch = instance["pixels"], 1e-6 * instance["pitch_um"]
    wavelength = 1e-9 * instance["wavelength_nm"]
    x = (np.arange(n) - (n - 1) / 2) * pitch
    beam = instance["beam"]
    beam_x = np.exp(-(((x - 1e-3 * beam["x_mm"]) / (1e-3 * beam["waist_mm"])) ** 2))
    beam_y = np.exp(-(((x - 1e-3 * beam["y_mm"]) / (1e-3 * beam["waist_mm"])) ** 2))

    # One row for each spot of each plane: x, y, distance in metres, share.
    spots = np.array(
        [
            (1e-6 * spot["x_um"], 1e-6 * spot["y_um"], 1e-3 * plane["distance_mm"], spot["share"])
            for plane in instance["planes"]
            for spot in plane["spots"]
        ]
    )
    at_x, at_y, distance, share = spots.T
    # Light that leaves a pixel as lens_x * lens_y arrives at the spot in step; a lens is the conjugate of that.
    scale = np.pi / (wavelength * distance)[:, None]
    arrive_x = np.exp(1j * scale * (x - at_x[:, None]) ** 2)
    arrive_y = np.exp(1j * scale * (x - at_y[:, None]) ** 2)

    near = distance.min() / distance
    aside = (at_x**2 + at_y**2) / (n * pitch / 2) ** 2
    # Mean square of the slope that the lens has over the plate, in wraps per pixel.
    steep = near**2 * (1 + 3 * aside)
    weight = share**SHARE_POWER * near ** (-DISTANCE_POWER) * np.exp(0.2 * STEEPNESS * steep + OFF_AXIS * aside)
    phase = 2 * np.pi * PHASE_STEP * np.arange(len(spots)) ** 2

    total = add_lenses(arrive_x, arrive_y, weight * np.exp(1j * phase))
    for _ in range(ROUNDS):
        field = np.exp(1j * np.angle(total)) * beam_x[:, None] * beam_y
        arrived = ((arrive_x @ field) * arrive_y).sum(axis=1)
        lack = np.sqrt(share) / np.abs(arrived)
        weight = weight * (lack / lack.mean()) ** GAIN
        total = add_lenses(arrive_x, arrive_y, weight * arrived / np.abs(arrived))

    level = (np.angle(total) * 256 / (2 * np.pi) + LEVEL_OFFSET) % 256
    beside = np.pad(level, 1, mode="edge")
    mean = (beside[:-2, 1:-1] + beside[2:, 1:-1] + beside[1:-1, :-2] + beside[1:-1, 2:]) / 4
    level = level + 4 * instance["crosstalk"] * SHARPEN * (level - mean)
    return {"levels": np.clip(np.round(level), 0, 255).astype(np.uint8)}


def add_lenses(arrive_x, arrive_y, factor):
    """The field that would form all spots, lens by lens, each times its complex factor."""
    return (arrive_x.conj() * factor[:, None]).T @ arrive_y.conj()


# EVOLVE-BLOCK-END
