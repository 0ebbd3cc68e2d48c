"""Where the instances come from: towers built panel by panel from a short description.

    python -m journeyman.tasks.physical.lattice_tower.generate            # rewrites instances/*.jsonl, keeping anchors
    python -m journeyman.tasks.physical.lattice_tower.generate --seeds 1 2 3    # prints fresh instances

`DEV` and `HELD_OUT` hold the frozen descriptions. A fresh instance (`generate`) varies the same quantities at random; its
baseline is the uniform sizing of `baseline.py` and its reference one short run of `reference.py`.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from journeyman.tasks.physical.lattice_tower.tubes import catalogue

FOLDER = Path(__file__).parent

# What a candidate may spend on one instance, as it is told; the same number as `cpu_s` in task.toml.
CPU_LIMIT_S = 4

# EN 1991-1-4, table 4.1: roughness length and minimum height, m.
TERRAIN = {"I": (0.01, 1.0), "II": (0.05, 2.0), "III": (0.3, 5.0)}


@dataclass(frozen=True)
class Sketch:
    """A tower in a few numbers; lengths in m.

    `corners`: 3 or 4 legs. `bracing`: "X", "K" or "single". The sides are `widths` = (base, waist, top) wide; below `waist`
    x height the tower tapers to its waist, above it to its top. Panels get lower upwards, the first `first_to_last` times as
    high as the last. A group of legs, diagonals or horizontals spans `panels_per_group` panels, by kind.
    """

    name: str
    corners: int
    bracing: str
    height: float
    widths: tuple[float, float, float]
    waist: float
    panels: int
    first_to_last: float
    panels_per_group: tuple[int, int, int]
    speed: float
    terrain: str
    equipment: tuple[tuple[float, float, float], ...]
    """(share of the height, mass in kg, drag area in m^2) of what hangs at the level nearest to that height."""
    lines: tuple[tuple[float, float, float], ...] = ()
    """(share of the height, line tension in kN, weight in kN) of conductors at one side of the level, if it carries any."""
    ice_mm: float = 0.0
    deflection: float = 100.0
    """The limit at the top is height / `deflection`."""
    service_wind: float = 1.0


# Telecommunication towers, and towers at the end of a line, whose conductors pull to one side.
DEV = (
    Sketch(
        "telecom-square-x-40", 4, "X", 40.0, (5.2, 1.6, 1.4), 0.75, 14, 2.2, (2, 2, 2), 27.0, "II",
        ((1.0, 500, 6.0), (0.9, 450, 7.0), (0.78, 250, 3.0)), deflection=300.0,
    ),
    Sketch(
        "telecom-triangle-single-30", 3, "single", 30.0, (3.4, 1.2, 1.2), 0.7, 16, 1.8, (2, 2, 3), 25.0, "I",
        ((1.0, 250, 3.5), (0.85, 200, 2.5)), ice_mm=25.0, deflection=180.0,
    ),
    Sketch(
        "line-end-square-k-33", 4, "K", 33.0, (6.0, 2.2, 1.6), 0.6, 11, 1.9, (1, 1, 2), 26.0, "II",
        ((1.0, 80, 0.5), (0.88, 250, 2.0), (0.76, 250, 2.0), (0.64, 250, 2.0)),
        lines=((1.0, 9.0, 1.5), (0.88, 22.0, 6.0), (0.76, 22.0, 6.0), (0.64, 22.0, 6.0)), ice_mm=15.0, deflection=260.0,
    ),
    Sketch(
        "telecom-square-single-24", 4, "single", 24.0, (2.6, 1.0, 1.0), 0.6, 18, 1.6, (3, 2, 3), 30.0, "III",
        ((1.0, 300, 5.0), (0.8, 300, 4.0)), deflection=185.0,
    ),
)  # fmt: skip

HELD_OUT = (
    Sketch(
        "telecom-triangle-x-45", 3, "X", 45.0, (5.6, 1.5, 1.5), 0.8, 15, 2.4, (2, 2, 2), 26.0, "II",
        ((1.0, 400, 5.0), (0.92, 400, 5.0), (0.8, 200, 2.0)), deflection=205.0,
    ),
    Sketch(
        "telecom-square-x-56", 4, "X", 56.0, (7.0, 2.0, 1.8), 0.8, 16, 2.6, (2, 2, 2), 24.0, "I",
        ((1.0, 700, 8.0), (0.9, 600, 9.0), (0.75, 300, 4.0)), ice_mm=20.0, deflection=275.0,
    ),
    Sketch(
        "line-end-square-k-27", 4, "K", 27.0, (5.0, 2.0, 1.4), 0.55, 10, 1.7, (1, 2, 2), 28.0, "III",
        ((1.0, 80, 0.5), (0.85, 200, 1.5), (0.7, 200, 1.5)),
        lines=((1.0, 7.0, 1.0), (0.85, 18.0, 5.0), (0.7, 18.0, 5.0)), ice_mm=20.0, deflection=240.0,
    ),
    Sketch(
        "telecom-square-single-36", 4, "single", 36.0, (4.4, 1.3, 1.1), 0.7, 20, 2.0, (2, 2, 2), 26.0, "II",
        ((1.0, 350, 5.0), (0.85, 350, 5.0)), ice_mm=15.0, deflection=225.0,
    ),
    Sketch(
        "telecom-triangle-k-30", 3, "K", 30.0, (4.6, 1.6, 1.2), 0.65, 12, 2.0, (2, 2, 2), 29.0, "III",
        ((1.0, 300, 4.0), (0.88, 250, 4.0), (0.7, 200, 2.0)), deflection=275.0,
    ),
)  # fmt: skip

# Effective length over length (ends of tubes welded or bolted to gussets; crossing bars hold one another in the middle).
EFFECTIVE_LENGTH = {"leg": 1.0, "diagonal": 0.9, "horizontal": 0.9, "plan": 0.9}
CROSSING = 0.6
SLENDERNESS_LIMIT = {"leg": 120, "diagonal": 180, "horizontal": 180, "plan": 220}


def heights(sketch: Sketch) -> list[float]:
    """Heights of the levels in m, from 0 to the top: panel heights fall geometrically."""
    last = sketch.panels - 1
    steps = [sketch.first_to_last ** ((last - k) / last) for k in range(sketch.panels)]
    levels = [0.0]
    for step in steps:
        levels.append(levels[-1] + sketch.height * step / sum(steps))
    return [round(z, 3) for z in levels]


def corner_points(sketch: Sketch, z: float) -> list[tuple[float, float, float]]:
    """The corners at height z, counter-clockwise."""
    base, waist, top = sketch.widths
    bend = sketch.waist * sketch.height
    side = base + (waist - base) * z / bend if z < bend else waist + (top - waist) * (z - bend) / (sketch.height - bend)
    radius = side / (2 * math.sin(math.pi / sketch.corners))
    start = -0.75 * math.pi if sketch.corners == 4 else -5 / 6 * math.pi
    angles = [start + 2 * math.pi * c / sketch.corners for c in range(sketch.corners)]
    return [(round(radius * math.cos(a), 4), round(radius * math.sin(a), 4), z) for a in angles]


@dataclass
class Frame:
    """A tower under construction: nodes, members [i, j, group], the kind of each group."""

    nodes: list[list[float]]
    members: list[list[int]]
    groups: list[str]
    numbers: dict[tuple[str, int], int]

    def node(self, x: float, y: float, z: float) -> int:
        """A new node's number."""
        self.nodes.append([x, y, z])
        return len(self.nodes) - 1

    def member(self, i: int, j: int, kind: str, part: int) -> None:
        """A new member in part `part` of its kind, counted from the ground."""
        number = self.numbers.setdefault((kind, part), len(self.groups))
        if number == len(self.groups):
            self.groups.append(kind)
        self.members.append([i, j, number])


def frame_of(sketch: Sketch) -> tuple[Frame, list[list[int]]]:
    """The frame of a sketch, and its corner nodes level by level."""
    frame = Frame([], [], [], {})
    corners, middles = [], []
    n = sketch.corners
    for k, z in enumerate(heights(sketch)):
        points = corner_points(sketch, z)
        corners.append([frame.node(*point) for point in points])
        between = [tuple((a + b) / 2 for a, b in zip(points[c], points[(c + 1) % n], strict=True)) for c in range(n)]
        middles.append(
            [frame.node(*(round(v, 4) for v in point)) for point in between] if sketch.bracing == "K" and k else []
        )
    legs, diagonals, horizontals = sketch.panels_per_group
    for k in range(sketch.panels):
        low, high, middle = corners[k], corners[k + 1], middles[k + 1]
        for c in range(n):
            following = (c + 1) % n
            frame.member(low[c], high[c], "leg", k // legs)
            if sketch.bracing == "K":
                frame.member(low[c], middle[c], "diagonal", k // diagonals)
                frame.member(low[following], middle[c], "diagonal", k // diagonals)
                frame.member(high[c], middle[c], "horizontal", k // horizontals)
                frame.member(middle[c], high[following], "horizontal", k // horizontals)
                frame.member(middle[c], middle[following], "plan", k // 4)
            else:
                if sketch.bracing == "X" or k % 2 == 0:
                    frame.member(low[c], high[following], "diagonal", k // diagonals)
                if sketch.bracing == "X" or k % 2 == 1:
                    frame.member(low[following], high[c], "diagonal", k // diagonals)
                frame.member(high[c], high[following], "horizontal", k // horizontals)
        # A square needs bars across: with midpoints against folding, without at some levels to keep its right angles.
        if n == 4 and sketch.bracing == "K":
            frame.member(middle[0], middle[2], "plan", k // 4)
            frame.member(middle[1], middle[3], "plan", k // 4)
        elif n == 4 and ((sketch.panels - 1 - k) % 4 == 0):
            frame.member(high[0], high[2], "plan", k // 4)
            frame.member(high[1], high[3], "plan", k // 4)
    return frame, corners


def load_cases(sketch: Sketch, corners: list[list[int]], nearest: dict[float, int]) -> list[dict[str, Any]]:
    """Strength and service cases, EN 1990 and EN 1993-3-1, annex A: 1.2 on weight, 1.6 on wind, half of it with ice."""

    def case(name: str, check: str, dead: float, wind: float, degrees: float, ice: float, pulls: Any = ()) -> dict[str, Any]:
        return {
            "name": name, "check": check, "dead": dead, "wind": wind, "direction_deg": degrees, "ice_mm": ice,
            "pulls_kn": [list(pull) for pull in pulls],
        }  # fmt: skip

    def conductors(tension: float, weight: float, broken: bool = False) -> list[list[float]]:
        # Conductors hang at the two corners on the side of +x and pull to +x. One broken: that corner is not pulled.
        pulls = []
        for share, pull, heavy in sketch.lines:
            at = corners[nearest[share]]
            for corner in (at[1], at[2]):
                lost = broken and corner == at[2] and share == sketch.lines[1][0]
                force = 0.0 if lost else tension * pull / 2
                pulls.append([corner, round(force, 3), 0.0, round(-weight * heavy / 2, 3)])
        return pulls

    directions = (0.0, 45.0) if sketch.corners == 4 else (90.0, -90.0, 0.0)
    cases = []
    if sketch.lines:
        normal = conductors(1.4, 1.2)
        for degrees in (0.0, 45.0, 90.0):
            cases.append(case(f"wind {degrees:g}", "strength", 1.2, 1.6, degrees, 0.0, normal))
        cases.append(case("one conductor broken", "strength", 1.2, 0.6, 0.0, 0.0, conductors(1.4, 1.2, broken=True)))
        cases.append(
            case("ice and wind 0", "strength", 1.2, 0.8, 0.0, sketch.ice_mm, conductors(1.7, 2.4))
        )
        cases.append(case("service, wind 0", "service", 1.0, sketch.service_wind, 0.0, 0.0, conductors(1.0, 1.0)))
        return cases
    for degrees in directions:
        cases.append(case(f"wind {degrees:g}", "strength", 1.2, 1.6, degrees, 0.0))
    if sketch.ice_mm:
        cases.append(case(f"ice and wind {directions[0]:g}", "strength", 1.2, 0.8, directions[0], sketch.ice_mm))
        cases.append(case(f"ice and wind {directions[1]:g}", "strength", 1.2, 0.8, directions[1], sketch.ice_mm))
    for degrees in directions:
        cases.append(case(f"service, wind {degrees:g}", "service", 1.0, sketch.service_wind, degrees, 0.0))
    return cases


def public_part(sketch: Sketch) -> dict[str, Any]:
    """Everything that a candidate is told about a sketch's tower."""
    frame, corners = frame_of(sketch)
    levels = heights(sketch)
    shares = [share for share, *_ in (*sketch.equipment, *sketch.lines)]
    nearest = {
        share: min(range(1, len(levels)), key=lambda k: abs(levels[k] - share * sketch.height)) for share in shares
    }
    equipment = [
        [node, round(mass / sketch.corners, 3), round(drag / sketch.corners, 4)]
        for share, mass, drag in sketch.equipment
        for node in corners[nearest[share]]
    ]
    roughness, minimum = TERRAIN[sketch.terrain]
    effective = dict(EFFECTIVE_LENGTH)
    if sketch.bracing == "X":
        effective["diagonal"] = CROSSING
    if sketch.corners == 4 and sketch.bracing != "K":
        effective["plan"] = CROSSING
    present = set(frame.groups)
    return {
        "height_m": sketch.height,
        "nodes_m": frame.nodes,
        "supports": corners[0],
        "top": corners[-1],
        "members": frame.members,
        "groups": frame.groups,
        "effective_length": {kind: factor for kind, factor in effective.items() if kind in present},
        "slenderness_limit": {kind: limit for kind, limit in SLENDERNESS_LIMIT.items() if kind in present},
        "sections_mm": catalogue(),
        "steel": {
            "modulus_gpa": 210.0, "yield_mpa": 355.0, "density_kg_m3": 7850.0,
            "gamma_m0": 1.0, "gamma_m1": 1.0, "imperfection": 0.21,
        },
        "wind": {
            "basic_speed_m_s": sketch.speed, "roughness_m": roughness, "min_height_m": minimum,
            "air_density_kg_m3": 1.25, "drag": 1.2,
        },
        "equipment": equipment,
        "cases": load_cases(sketch, corners, nearest),
        "deflection_limit_mm": round(1e3 * sketch.height / sketch.deflection, 1),
        "cpu_limit_s": CPU_LIMIT_S,
    }  # fmt: skip


def fresh_sketch(seed: int) -> Sketch:
    """A sketch drawn from the neighbourhood of the frozen ones; equal seeds give equal sketches."""
    rng = random.Random(f"journeyman lattice_tower {seed}")
    parent = rng.choice([*DEV, *HELD_OUT])
    scale = rng.uniform(0.85, 1.15)

    def varied(part: int) -> float:
        return round(parent.widths[part] * scale * rng.uniform(0.93, 1.07), 2)

    return replace(
        parent,
        name=f"fresh-{seed}",
        height=round(parent.height * scale, 1),
        widths=(varied(0), varied(1), varied(2)),
        panels=max(10, min(24, parent.panels + rng.choice((-2, -1, 0, 1, 2)))),
        speed=round(parent.speed * rng.uniform(0.92, 1.08), 1),
    )


def generate(seed: int) -> dict[str, Any]:
    """One fresh instance line for any integer seed; equal seeds give equal lines. Takes some CPU seconds."""
    from journeyman.tasks.physical.lattice_tower.baseline import uniform
    from journeyman.tasks.physical.lattice_tower.reference import optimise
    from journeyman.tasks.physical.lattice_tower.tower import Tower

    sketch = fresh_sketch(seed)
    public = public_part(sketch)
    tower = Tower.of(public)
    start = uniform(tower)
    best = optimise(tower, trials=2000, seed=seed)
    return {
        "name": sketch.name,
        "public": public,
        "hidden": {"source": f"fresh_sketch({seed})", "reference_kind": "a short run of the reference"},
        "anchors": {"baseline": tower.mass_kg(start), "reference": tower.mass_kg(best)},
    }


def rewrite(path: Path, sketches: tuple[Sketch, ...]) -> None:
    """Write the frozen instances to a file; anchors stay with instances whose public part is as it was."""
    known = {}
    if path.is_file():
        known = {line["name"]: line for line in map(json.loads, path.read_text().splitlines())}
    lines = []
    for sketch in sketches:
        public = public_part(sketch)
        line = {"name": sketch.name, "public": public, "hidden": {"source": f"sketch {sketch.name}"}}
        before = known.get(sketch.name)
        if before is not None and before["public"] == public:
            line = before
        lines.append(json.dumps(line, separators=(",", ":")) + "\n")
    path.write_text("".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the frozen instances, or print fresh ones as JSON lines.")
    parser.add_argument("--seeds", type=int, nargs="*", default=[], help="print one fresh instance for each")
    seeds = parser.parse_args().seeds
    if not seeds:
        rewrite(FOLDER / "instances" / "dev.jsonl", DEV)
        rewrite(FOLDER / "instances" / "held-out.jsonl", HELD_OUT)
    for seed in seeds:
        print(json.dumps(generate(seed), separators=(",", ":")))


if __name__ == "__main__":
    main()
