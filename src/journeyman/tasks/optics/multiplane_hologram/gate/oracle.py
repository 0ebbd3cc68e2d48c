# EVOLVE-BLOCK-START
"""Weighted Gerchberg-Saxton, then gradient steps on the levels through crosstalk and Fresnel kernels, as far as the CPU
limit allows with room to spare."""

import numpy as np

ROUNDS, STEPS = 20, 60


def solve(instance):
    n, pitch = instance["pixels"], 1e-6 * instance["pitch_um"]
    x = (np.arange(n) - (n - 1) / 2) * pitch
    beam = instance["beam"]
    along = [np.exp(-(((x - 1e-3 * beam[k]) / (1e-3 * beam["waist_mm"])) ** 2)) for k in ("x_mm", "y_mm")]
    amplitude = along[0][:, None] * along[1]
    amplitude = (amplitude / np.sqrt((amplitude**2).sum())).astype(np.float32)
    spots = np.array(
        [
            (1e-6 * s["x_um"], 1e-6 * s["y_um"], 1e-3 * p["distance_mm"], s["share"], 1e-6 * p["disc_um"])
            for p in instance["planes"]
            for s in p["spots"]
        ]
    )
    at_x, at_y, distance, share, disc = spots.T
    reach = 1e-9 * instance["wavelength_nm"] * distance
    half = int(np.ceil(disc.max() / pitch))
    offset = np.arange(-half, half + 1) * pitch
    inside = offset[:, None] ** 2 + offset**2 <= disc[:, None, None] ** 2 * (1 + 1e-9)

    def kernel(centre):
        # (spots, samples, pixels): Fresnel propagation along one axis, with the pixel's own sinc
        away = centre[:, None, None] + offset[:, None] - x
        lens = np.exp(1j * np.pi * away**2 / reach[:, None, None])
        lens = lens * np.sinc(pitch * away / reach[:, None, None])
        return (lens * pitch / np.sqrt(reach)[:, None, None]).astype(np.complex64)

    left, right = kernel(at_x), kernel(at_y)
    levels = superposed(left[:, half], right[:, half], share, amplitude) * (256 / (2 * np.pi)) % 256
    return {"levels": np.round(descend(levels, left, right, inside, share, amplitude, instance["crosstalk"]))
            .clip(0, 255).astype(np.uint8)}  # fmt: skip


def superposed(arrive_x, arrive_y, share, amplitude):
    wanted = np.sqrt(share)
    weight, turn = wanted, np.exp(2j * np.pi * 0.38 * np.arange(len(share)) ** 2)
    for _ in range(ROUNDS):
        total = (arrive_x.conj() * (weight * turn)[:, None]).T @ arrive_y.conj()
        field = amplitude * np.exp(1j * np.angle(total))
        arrived = ((arrive_x @ field) * arrive_y).sum(axis=1)
        lack = wanted / np.abs(arrived)
        weight, turn = weight * lack / lack.mean(), arrived / np.abs(arrived)
    return np.angle(total)


def mix(levels, share):
    for axis in (0, 1):
        wide = np.pad(levels, [(1, 1) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        a, b = (wide[:-2], wide[2:]) if axis == 0 else (wide[:, :-2], wide[:, 2:])
        levels = (1 - 2 * share) * levels + share * (a + b)
    return levels


def descend(levels, left, right, inside, share, amplitude, crosstalk):
    spots, size, n = left.shape
    rows, back = left.reshape(-1, n), left.reshape(-1, n).conj().T.copy()
    right_up = right.transpose(0, 2, 1).copy()
    first = np.zeros_like(levels)
    second = np.zeros_like(levels)
    for step in range(STEPS):
        done = step / STEPS
        hardness = 8 * (100 / 8) ** done
        field = amplitude * np.exp((2j * np.pi / 256) * mix(levels, crosstalk)).astype(np.complex64)
        light = ((rows @ field).reshape(spots, size, n) @ right_up) * inside
        power = (np.abs(light) ** 2).sum(axis=(1, 2))
        loss = -np.log(power / share)
        blame = np.exp(hardness * (loss - loss.max()))
        blame = (blame / blame.sum() / power).astype(np.float32)
        pull = back @ ((light * blame[:, None, None]) @ right.conj()).reshape(-1, n)
        # The crosstalk is symmetric but for the rim, so it carries the gradient back as it carried the levels.
        slope = mix(-2 * (pull.conj() * field * (2j * np.pi / 256)).real, crosstalk)
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope**2
        move = first / (1 - 0.9 ** (step + 1)) / (np.sqrt(second / (1 - 0.99 ** (step + 1))) + 1e-12)
        levels = np.clip(levels - 4 * (0.02 + 0.98 * (1 + np.cos(np.pi * done)) / 2) * move, 0, 255)
    return levels


# EVOLVE-BLOCK-END
