"""The arm of a wall crane: a tapered box beam, clamped at one end, with a load hanging from the other.

    python sim.py params.toml result.json

reads five dimensions, integrates Euler-Bernoulli bending along the arm and writes mass, stress, deflection and the
safety of the thin plates against buckling. Standard library only: it stands for whatever simulator you already have.

Formulas: W. C. Young, R. G. Budynas, "Roark's Formulas for Stress and Strain", 7th ed., table 8.1 (cantilever) and
table 15.2 (buckling of a long plate with simply supported edges); transverse shear by V Q / (I t).
"""

from __future__ import annotations

import json
import math
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

LENGTH_MM = 3000.0  # from the wall to the hook
LOAD_N = 10_000.0  # hoisted load with its dynamic factor
YOUNG_MPA = 210_000.0
POISSON = 0.3
DENSITY_KG_MM3 = 7.85e-6
GRAVITY = 9.81
STATIONS = 200

# What the workshop can cut and weld, in mm; outside it there is no result.
RANGES_MM = {
    "height_root": (60.0, 400.0),
    "height_tip": (40.0, 400.0),
    "width": (40.0, 300.0),
    "flange": (2.0, 30.0),
    "web": (2.0, 30.0),
}


class Arm(NamedTuple):
    """Outer heights at wall and hook, outer width, thickness of flanges and of the two webs; all in mm."""

    height_root: float
    height_tip: float
    width: float
    flange: float
    web: float

    def height(self, x: float) -> float:
        """Outer height at distance x mm from the wall; it tapers linearly."""
        return self.height_root + (self.height_tip - self.height_root) * x / LENGTH_MM


class Section(NamedTuple):
    """Area (mm2), second moment (mm4), section modulus (mm3) and first moment of the half section (mm3)."""

    area: float
    inertia: float
    modulus: float
    half_moment: float


def section(height: float, width: float, flange: float, web: float) -> Section:
    """A rectangular tube with sharp corners, outer dimensions and thicknesses in mm, bent about its strong axis."""
    inner_height, inner_width = height - 2 * flange, width - 2 * web
    inertia = (width * height**3 - inner_width * inner_height**3) / 12
    half_moment = width * flange * (height - flange) / 2 + 2 * web * inner_height**2 / 8
    area = width * height - inner_width * inner_height
    return Section(area, inertia, inertia / (height / 2), half_moment)


def plate_buckling_mpa(thickness: float, width: float, coefficient: float) -> float:
    """Elastic buckling stress of a long plate, simply supported along both edges; 4 in compression, 23.9 in bending."""
    return coefficient * math.pi**2 * YOUNG_MPA / (12 * (1 - POISSON**2)) * (thickness / width) ** 2


def simulate(arm: Arm, load_n: float = LOAD_N) -> dict[str, float]:
    """Mass, largest stress, deflection of the hook and the smallest ratio of buckling stress to stress."""
    step = LENGTH_MM / STATIONS
    # Midpoints of equal slices: exact to second order, and the wall and hook need no special case.
    stations = [(i + 0.5) * step for i in range(STATIONS)]
    sections = [section(arm.height(x), arm.width, arm.flange, arm.web) for x in stations]
    weights_n = [s.area * step * DENSITY_KG_MM3 * GRAVITY for s in sections]

    # Moment (N mm) and shear (N) of the load and of the arm's own weight outside each station, from hook to wall.
    moments, shears = [0.0] * STATIONS, [0.0] * STATIONS
    outer_n = outer_moment = 0.0
    for i in reversed(range(STATIONS)):
        x = stations[i]
        moments[i] = load_n * (LENGTH_MM - x) + outer_moment + weights_n[i] * step / 8
        shears[i] = load_n + outer_n + weights_n[i] / 2
        outer_n += weights_n[i]
        outer_moment += outer_n * step

    # Unit-load method: the deflection of the hook is the integral of M m / (E I), with m the moment of 1 N there.
    deflection = sum(
        moment * (LENGTH_MM - x) / (YOUNG_MPA * s.inertia) * step
        for x, s, moment in zip(stations, sections, moments, strict=True)
    )
    # The wall itself is half a slice beyond the last station, and it carries the largest moment of a straight arm.
    wall = section(arm.height_root, arm.width, arm.flange, arm.web)
    wall_moment = load_n * LENGTH_MM + sum(w * x for w, x in zip(weights_n, stations, strict=True))
    stress, safety = 0.0, math.inf
    for x, s, moment, shear in [
        (0.0, wall, wall_moment, load_n + outer_n),
        *zip(stations, sections, moments, shears, strict=True),
    ]:
        bending = moment / s.modulus
        sheared = shear * s.half_moment / (s.inertia * 2 * arm.web)
        # Bending is largest at the outer fibre and shear at the middle: each alone in a von Mises stress.
        stress = max(stress, bending, math.sqrt(3) * sheared)
        buckling = min(
            plate_buckling_mpa(arm.flange, arm.width - 2 * arm.web, 4.0),
            plate_buckling_mpa(arm.web, arm.height(x) - 2 * arm.flange, 23.9),
        )
        safety = min(safety, buckling / bending)
    return {
        "mass_kg": sum(s.area for s in sections) * step * DENSITY_KG_MM3,
        "stress_mpa": stress,
        "deflection_mm": deflection,
        "buckling_safety": safety,
    }


def read_arm(path: Path) -> Arm:
    """The dimensions in a TOML file; raises ValueError with one sentence where one is missing or cannot be made."""
    given = tomllib.loads(path.read_text())
    values = {}
    for name, (least, most) in RANGES_MM.items():
        value = given.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name} must be a number of mm, got {value!r}")
        if not least <= value <= most:
            raise ValueError(f"{name} = {value} mm cannot be made: the workshop takes {least:g} to {most:g} mm")
        values[name] = float(value)
    arm = Arm(**values)
    if arm.width <= 2 * arm.web or min(arm.height_root, arm.height_tip) <= 2 * arm.flange:
        raise ValueError("the plates are so thick that nothing is left of the hollow")
    return arm


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python sim.py PARAMS.toml RESULT.json", file=sys.stderr)
        return 2
    try:
        arm = read_arm(Path(arguments[0]))
    except (OSError, ValueError) as problem:
        print(f"sim.py: {problem}", file=sys.stderr)
        return 1
    Path(arguments[1]).write_text(json.dumps(simulate(arm), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
