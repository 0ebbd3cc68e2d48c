"""Benches with spots in several planes, drawn from a seed.

    python -m journeyman.tasks.optics.multiplane_hologram.generate --seeds 1 2 3 > instances.jsonl

The planes are spread evenly in 1/distance, since that is how defocus counts, with some jitter. Spots sit on samples, keep
apart by 3.5 disc radii and stay within 0.6 of the half-width of the modulator. The seeds of the frozen instances were
chosen for different numbers of planes and spots, among those at which the plain superposition makes no ghost above 0.25.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from journeyman.tasks.optics.multiplane_hologram.bound import spectral_bound
from journeyman.tasks.optics.multiplane_hologram.hologram import Bench, guaranteed, light
from journeyman.tasks.optics.multiplane_hologram.superposition import levels_of, superposition

CPU_LIMIT_S = 5
PIXELS = 256
GUARD = 2.0
GHOST_LIMIT = 0.3
# Draws of random phases behind a baseline; odd, so that the median is one of them.
BASELINE_DRAWS = 21
# (number of planes, spots in each); the seed chooses.
DEV_SEEDS = (23, 21, 13)
HELD_OUT_SEEDS = (15, 19, 8, 14, 34)
SHAPES = ((3, 4), (4, 3), (4, 4), (5, 3), (3, 5))
# (wavelength in nm, pitch in um): green and near infrared, two common pitches.
SOURCES = ((532.0, 8.0), (633.0, 8.0), (1064.0, 9.2))


def public_part(seed: int) -> dict[str, Any]:
    """The bench of a seed, rounded to what a drawing would say."""
    rng = np.random.default_rng([seed, 23])
    count, spots = SHAPES[int(rng.integers(len(SHAPES)))]
    wavelength_nm, pitch_um = SOURCES[int(rng.integers(len(SOURCES)))]
    width_um = PIXELS * pitch_um
    # From f-number 44 to 122 behind the full width; in these units every wavelength has the same spot in pixels.
    near, far = (1e-3 * pixels * pitch_um * width_um / (1e-3 * wavelength_nm) for pixels in (2.9, 8.1))
    steps = (np.arange(count) + rng.uniform(-0.15, 0.15, count)) / (count - 1)
    distances = np.sort(1 / (1 / far + (1 / near - 1 / far) * steps))
    shares = np.exp(rng.uniform(0, np.log(2), (count, spots)))
    shares = np.round(shares / shares.sum(), 4)
    shares[0, 0] = round(1 - float(shares.sum() - shares[0, 0]), 4)
    planes = []
    for distance, of_plane in zip(distances, shares, strict=True):
        disc_um = round(1.22 * wavelength_nm * float(distance) / width_um, 1)
        places = scattered(rng, spots, 3.5 * disc_um / pitch_um)
        planes.append(
            {
                "distance_mm": round(float(distance), 1),
                "disc_um": disc_um,
                "spots": [
                    {
                        "x_um": round((x + 0.5) * pitch_um, 1),
                        "y_um": round((y + 0.5) * pitch_um, 1),
                        "share": float(share),
                    }
                    for (x, y), share in zip(places, of_plane, strict=True)
                ],
            }
        )
    return {
        "pixels": PIXELS,
        "pitch_um": pitch_um,
        "wavelength_nm": wavelength_nm,
        "beam": {
            "waist_mm": round(width_um * rng.uniform(0.36, 0.44) / 1e3, 3),
            "x_mm": round(width_um * rng.uniform(-0.06, 0.06) / 1e3, 3),
            "y_mm": round(width_um * rng.uniform(-0.06, 0.06) / 1e3, 3),
        },
        "crosstalk": round(float(rng.uniform(0.08, 0.14)), 3),
        "planes": planes,
        "guard": GUARD,
        "ghost_limit": GHOST_LIMIT,
        "cpu_limit_s": CPU_LIMIT_S,
    }


def scattered(rng: np.random.Generator, count: int, apart: float) -> list[tuple[int, int]]:
    """Whole pixels (x, y) from the axis, no two closer than `apart` pixels."""
    reach = int(0.3 * PIXELS)
    places: list[tuple[int, int]] = []
    while len(places) < count:
        x, y = (int(value) for value in rng.integers(-reach, reach, 2))
        if all(np.hypot(x - a, y - b) >= apart for a, b in places):
            places.append((x, y))
    return places


def baseline(public: dict[str, Any]) -> float:
    """Median objective, %, of superpositions with random phases and weights that are the roots of the shares."""
    bench = Bench.of(public)
    objectives = []
    for draw in range(BASELINE_DRAWS):
        phases = np.random.default_rng([draw, 7]).uniform(0, 2 * np.pi, len(bench.shares))
        found = light(bench, levels_of(superposition(bench, np.sqrt(bench.shares), phases)))
        objectives.append(100 * float(guaranteed(bench, found).min()))
    return float(np.median(objectives))


def generate(seed: int, name: str | None = None) -> dict[str, Any]:
    """An instance line for any integer seed >= 0; equal seeds give equal lines.

    Its reference is the spectral bound, which no plate reaches: a score on a fresh instance is lower than the same plate
    would get against a reference that was searched for. Seconds.
    """
    public = public_part(seed)
    bound = float(f"{100 * spectral_bound(Bench.of(public)):.6g}")
    return {
        "name": name or f"fresh-{seed}",
        "public": public,
        "hidden": {"seed": seed, "reference_kind": "spectral bound"},
        "anchors": {"baseline": float(f"{baseline(public):.6g}"), "reference": bound, "bound": bound},
    }


def write_splits(folder: Path) -> None:
    """Write dev.jsonl and held-out.jsonl with bounds as references, for `reference.py` to replace."""
    for split, seeds in (("dev", DEV_SEEDS), ("held-out", HELD_OUT_SEEDS)):
        lines = [json.dumps(generate(seed, f"{split}-{i}")) for i, seed in enumerate(seeds, start=1)]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Print fresh instances, one JSON object a line.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    for seed in parser.parse_args().seeds:
        print(json.dumps(generate(seed)), flush=True)


if __name__ == "__main__":
    main()
