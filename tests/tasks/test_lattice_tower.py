"""The lattice tower: its mechanics against published results, its checks against an independent analysis, its data."""

from __future__ import annotations

import io
import json
import math
import random
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from journeyman.tasks.physical.lattice_tower import buckling, reference, tubes
from journeyman.tasks.physical.lattice_tower import generate as generator
from journeyman.tasks.physical.lattice_tower.assess import TOLERANCE, assess, too_wide
from journeyman.tasks.physical.lattice_tower.baseline import feasible_design, uniform
from journeyman.tasks.physical.lattice_tower.tower import Tower
from journeyman.tasks.physical.lattice_tower.truss import truss_of
from journeyman.tasks.physical.lattice_tower.verifier import draw, score
from journeyman.tasks.physical.lattice_tower.wind import Wind, cross_flow
from journeyman.verify import Instance, Status, Verifier, load_task, normalised
from journeyman.verify.design import NotADesign
from journeyman.verify.gate import control_candidate

Array = NDArray[np.float64]

TASK = load_task("physical/lattice_tower")
FOLDER = TASK.folder
DEV, HELD_OUT = TASK.instances("dev"), TASK.instances("held-out")
DESIGNS = {d["instance"]: d["design"] for d in map(json.loads, (FOLDER / "designs" / "dev.jsonl").read_text().splitlines())}
TOWERS = {instance.name: Tower.of(instance.public) for instance in (*DEV, *HELD_OUT)}


def solver(path: Path) -> Callable[[dict[str, Any]], Any]:
    return runpy.run_path(str(path))["solve"]


# --- tubes, buckling, wind ----------------------------------------------------------------------------------------

# D, t in mm; area in cm^2, second moment in cm^4, mass in kg/m as printed in tables of EN 10210-2 sections.
TABULATED = [
    (48.3, 3.2, 4.53, 11.6, 3.56), (60.3, 4.0, 7.07, 28.2, 5.55), (76.1, 5.0, 11.2, 70.9, 8.77),
    (88.9, 4.0, 10.7, 96.3, 8.38), (114.3, 6.3, 21.4, 313, 16.8), (139.7, 8.0, 33.1, 720, 26.0),
    (168.3, 5.0, 25.7, 856, 20.1), (168.3, 10.0, 49.7, 1564, 39.0),
]  # fmt: skip


def as_printed(value: float, printed: float) -> bool:
    """Whether `value` rounds to the tabulated number, which has three digits (four for a thousand and more)."""
    unit = 10.0 ** (math.floor(math.log10(printed)) - 2) if printed < 1000 else 1.0
    return abs(value - printed) <= 0.5001 * unit


@pytest.mark.parametrize(("outside", "wall", "area_cm2", "second_cm4", "kg_m"), TABULATED)
def test_tubes_have_the_properties_printed_in_section_tables(
    outside: float, wall: float, area_cm2: float, second_cm4: float, kg_m: float
) -> None:
    """Tata Steel, Celsius hollow sections (hot finished, EN 10210-2): dimensions and section properties."""
    area = float(tubes.area(np.array(outside), np.array(wall)))
    radius = float(tubes.gyration(np.array(outside), np.array(wall)))
    assert as_printed(area / 100, area_cm2)
    assert as_printed(area * radius**2 / 1e4, second_cm4)
    assert as_printed(7850 * area / 1e6, kg_m)
    assert [outside, wall] in tubes.catalogue()


def test_the_catalogue_grows_in_area_and_has_no_section_that_buckles_locally() -> None:
    """EN 1993-1-1, table 5.2: a tube is of class 3 up to D/t = 90 x 235 / f_y."""
    outside, wall = np.array(tubes.catalogue()).T
    assert (np.diff(tubes.area(outside, wall)) >= 0).all()
    assert (outside / wall <= 90 * 235 / 355).all()
    assert all(instance.public["sections_mm"] == tubes.catalogue() for instance in (*DEV, *HELD_OUT))


def test_buckling_factors_are_those_of_the_table_of_curve_a() -> None:
    """ENV 1993-1-1:1992, table 5.5.2, curve a (the same formula as EN 1993-1-1, 6.3.1.2)."""
    table = {
        0.2: 1.0000, 0.3: 0.9775, 0.4: 0.9528, 0.5: 0.9243, 0.6: 0.8900, 0.7: 0.8477, 0.8: 0.7957, 0.9: 0.7339,
        1.0: 0.6656, 1.1: 0.5960, 1.2: 0.5300, 1.3: 0.4703, 1.4: 0.4179, 1.5: 0.3724, 1.6: 0.3332, 1.8: 0.2702,
        2.0: 0.2229, 3.0: 0.1036,
    }  # fmt: skip
    found = buckling.reduction(np.array(list(table)), 0.21)
    assert found == pytest.approx(list(table.values()), abs=5.1e-5)


@given(st.floats(0, 50), st.floats(0, 50))
def test_the_buckling_factor_falls_and_stays_below_squash_and_euler(a: float, b: float) -> None:
    low, high = buckling.reduction(np.array(sorted((a, b))), 0.21)
    assert 0 < high <= low <= 1
    assert high <= 1 / max(a, b, 1e-9) ** 2 + 1e-12


def test_a_slender_member_carries_eulers_load() -> None:
    """L. Euler 1744: N = pi^2 E I / L^2, which the curve approaches from below as imperfections lose weight."""
    outside, wall, length, modulus, yield_pa = 0.0603, 0.004, 40.0, 210e9, 355e6
    area = float(tubes.area(np.array(outside), np.array(wall)))
    radius = tubes.gyration(np.array([outside]), np.array([wall]))
    slender = buckling.nondimensional(np.array([length]), radius, yield_pa, modulus)
    carried = float(buckling.reduction(slender, 0.21)[0]) * area * yield_pa
    inertia = math.pi / 64 * (outside**4 - (outside - 2 * wall) ** 4)
    assert carried == pytest.approx(math.pi**2 * modulus * inertia / length**2, rel=0.012)


@pytest.mark.parametrize(("terrain", "factor"), [("II", 2.35), ("III", 1.71)])
def test_peak_pressure_at_ten_metres_is_the_exposure_factor_of_the_code(terrain: str, factor: float) -> None:
    """EN 1991-1-4, figure 4.2: c_e(10 m) = q_p / (rho v_b^2 / 2)."""
    roughness, minimum = generator.TERRAIN[terrain]
    wind = Wind(25.0, roughness, minimum, 1.25, 1.2)
    pressure = wind.pressure_pa(np.array([0.0, minimum, 10.0, 40.0]))
    assert pressure[2] / (0.5 * 1.25 * 25.0**2) == pytest.approx(factor, abs=0.006)
    assert pressure[0] == pressure[1] < pressure[2] < pressure[3]


def test_wind_pushes_across_a_tube_by_the_square_of_the_sine() -> None:
    """S. F. Hoerner, Fluid-Dynamic Drag (1965), chapter 3: normal force with sin^2 of the angle to the wind."""
    wind = np.array([1.0, 0.0, 0.0])
    for degrees in (0, 20, 45, 90):
        angle = math.radians(degrees)
        axis = np.array([[math.cos(angle), 0.0, math.sin(angle)]])
        force = cross_flow(wind, axis)[0]
        assert force @ axis[0] == pytest.approx(0, abs=1e-12)
        assert np.linalg.norm(force) == pytest.approx(math.sin(angle) ** 2, abs=1e-12)


# --- the analysis -------------------------------------------------------------------------------------------------


def test_two_bars_carry_what_the_method_of_joints_says() -> None:
    # Two bars at 45 degrees in the plane y = 0, a third one along y: N = P / (2 cos 45) each, v = P L / (2 E A cos^2 45).
    nodes = np.array([[-2.0, 0, 0], [2.0, 0, 0], [0, 5.0, 2.0], [0, 0, 2.0]])
    held = np.array([[True] * 3] * 3 + [[False] * 3])
    truss = truss_of(nodes, np.array([[0, 3], [1, 3], [2, 3]]), held)
    rigidity, load = np.array([7e6, 7e6, 3e6]), 1200.0
    loads = np.zeros((1, 4, 3))
    loads[0, 3, 2] = -load
    moved = truss.displacements(rigidity, loads)
    assert truss.forces(rigidity, moved)[0] == pytest.approx([-load / math.sqrt(2)] * 2 + [0], abs=1e-9)
    assert moved[0, 3] == pytest.approx([0, 0, -load * math.sqrt(8) / 7e6], abs=1e-15)


# The 25-bar tower (inch, kip): nodes, members by group, as in every paper on it since Schmit and Farshi.
TOWER_25 = np.array([
    [-37.5, 0, 200], [37.5, 0, 200], [-37.5, 37.5, 100], [37.5, 37.5, 100], [37.5, -37.5, 100], [-37.5, -37.5, 100],
    [-100, 100, 0], [100, 100, 0], [100, -100, 0], [-100, -100, 0],
])  # fmt: skip
GROUPS_25 = [
    [(1, 2)], [(1, 4), (2, 3), (1, 5), (2, 6)], [(2, 5), (2, 4), (1, 3), (1, 6)], [(3, 6), (4, 5)], [(3, 4), (5, 6)],
    [(3, 10), (6, 7), (4, 9), (5, 8)], [(3, 8), (4, 7), (6, 9), (5, 10)], [(3, 7), (4, 8), (5, 9), (6, 10)],
]  # fmt: skip


def twenty_five_bars(areas: list[float], cases: list[dict[int, tuple[float, float, float]]]) -> tuple[float, Array, Array]:
    """Weight in lb, displacements in inch and stresses in ksi for areas in square inch and loads in kip."""
    ends = np.array([pair for group in GROUPS_25 for pair in group]) - 1
    area = np.array([a for a, group in zip(areas, GROUPS_25, strict=True) for _ in group])
    held = np.zeros((10, 3), dtype=bool)
    held[6:] = True
    truss = truss_of(TOWER_25, ends, held)
    loads = np.zeros((len(cases), 10, 3))
    for c, case in enumerate(cases):
        for node, force in case.items():
            loads[c, node - 1] = force
    moved = truss.displacements(1e4 * area, loads)
    return float(0.1 * (area * truss.length).sum()), moved, truss.forces(1e4 * area, moved) / area


def test_the_25_bar_tower_has_its_published_weight_at_its_published_limit() -> None:
    """L. A. Schmit, B. Farshi, AIAA Journal 12 (1974) 692: 545.22 lb with 0.35 inch reached at the top, two load cases."""
    weight, moved, stress = twenty_five_bars(
        [0.010, 1.964, 3.033, 0.010, 0.010, 0.670, 1.680, 2.670],
        [
            {1: (0, 20, -5), 2: (0, -20, -5)},
            {1: (1, 10, -5), 2: (0, 10, -5), 3: (0.5, 0, 0), 6: (0.5, 0, 0)},
        ],
    )
    assert weight == pytest.approx(545.22, rel=5e-4)
    assert np.abs(moved).max() == pytest.approx(0.35, rel=2e-3)
    assert stress.max() < 40


def test_the_25_bar_tower_with_discrete_areas_has_its_published_weight() -> None:
    """K. S. Lee, Z. W. Geem, S.-H. Lee, K.-W. Bae, The harmony search heuristic algorithm for discrete structural
    optimization, Engineering Optimization 37 (2005) 663-684: 484.85 lb, areas in steps of 0.1 square inch.
    """
    weight, moved, stress = twenty_five_bars(
        [0.1, 0.3, 3.4, 0.1, 2.1, 1.0, 0.5, 3.4],
        [{1: (1, -10, -10), 2: (0, -10, -10), 3: (0.5, 0, 0), 6: (0.6, 0, 0)}],
    )
    assert weight == pytest.approx(484.85, abs=0.006)
    assert 0.347 < np.abs(moved).max() <= 0.35
    assert np.abs(stress).max() < 40


def some_tower(seed: int) -> tuple[dict[str, Any], Tower, NDArray[np.int64]]:
    """A frozen tower and random sections for it."""
    rng = np.random.default_rng(seed)
    instance = (*DEV, *HELD_OUT)[seed % (len(DEV) + len(HELD_OUT))]
    tower = TOWERS[instance.name]
    return instance.public, tower, rng.integers(0, len(tower.area), tower.groups)


def independent(public: dict[str, Any], section: NDArray[np.int64]) -> tuple[Array, Array, float]:
    """Utilisations of the strength cases (s, m), slenderness (m,) and the deflection's, written down member by member.

    The unknowns are forces and displacements together: equilibrium of every free node and the elastic law of every member
    in one dense system, so nothing of the stiffness method is shared.
    """
    nodes, steel, wind = np.array(public["nodes_m"]), public["steel"], public["wind"]
    free = [n for n in range(len(nodes)) if n not in public["supports"]]
    place = {n: 3 * k for k, n in enumerate(free)}
    members = public["members"]
    count = len(members)

    def pressure(z: float) -> float:
        log = math.log(max(z, wind["min_height_m"]) / wind["roughness_m"])
        speed = 0.19 * (wind["roughness_m"] / 0.05) ** 0.07 * log * wind["basic_speed_m_s"]
        return (1 + 7 / log) * wind["air_density_kg_m3"] / 2 * speed**2

    system = np.zeros((count + 3 * len(free), count + 3 * len(free)))
    known = np.zeros((len(system), len(public["cases"])))
    use, slender = np.zeros((len(public["cases"]), count, 2)), np.zeros(count)
    for m, (i, j, g) in enumerate(members):
        outside, wall = np.array(public["sections_mm"][section[g]]) / 1e3
        inside = outside - 2 * wall
        area = math.pi / 4 * (outside**2 - inside**2)
        radius = math.sqrt(math.pi / 64 * (outside**4 - inside**4) / area)
        span = nodes[j] - nodes[i]
        length = math.sqrt(span @ span)
        axis = span / length
        system[m, m] = 1
        for node, sign in ((i, -1), (j, 1)):
            if node in place:
                at = slice(count + place[node], count + place[node] + 3)
                system[m, at] = -sign * axis * 1e9 * steel["modulus_gpa"] * area / length
                system[at, m] = -sign * axis
        kind = public["groups"][g]
        slender[m] = public["effective_length"][kind] * length / radius / public["slenderness_limit"][kind]
        squash = area * 1e6 * steel["yield_mpa"]
        euler = math.pi**2 * 1e9 * steel["modulus_gpa"] * area * radius**2
        critical = euler / (public["effective_length"][kind] * length) ** 2
        relative = math.sqrt(squash / critical)
        phi = (1 + steel["imperfection"] * (relative - 0.2) + relative**2) / 2
        chi = 1.0 if relative <= 0.2 else min(1.0, 1 / (phi + math.sqrt(phi**2 - relative**2)))
        use[:, m] = squash / steel["gamma_m0"], chi * squash / steel["gamma_m1"]
        for c, case in enumerate(public["cases"]):
            ice, angle = case["ice_mm"] / 1e3, math.radians(case["direction_deg"])
            blows = np.array([math.cos(angle), math.sin(angle), 0])
            across = blows - (blows @ axis) * axis
            force = case["wind"] * pressure((nodes[i][2] + nodes[j][2]) / 2) * wind["drag"] * (outside + 2 * ice) * length
            force = force * math.sqrt(across @ across) * across
            iced = math.pi / 4 * ((outside + 2 * ice) ** 2 - outside**2)
            force[2] -= case["dead"] * 9.81 * length * (steel["density_kg_m3"] * area + 900 * iced)
            for node in (i, j):
                if node in place:
                    known[count + place[node] : count + place[node] + 3, c] -= force / 2
    for c, case in enumerate(public["cases"]):
        angle = math.radians(case["direction_deg"])
        for node, mass, drag in public["equipment"]:
            push = case["wind"] * pressure(nodes[node][2]) * drag
            known[count + place[node] : count + place[node] + 3, c] -= [
                push * math.cos(angle), push * math.sin(angle), -case["dead"] * 9.81 * mass,
            ]  # fmt: skip
        for node, *pull in case["pulls_kn"]:
            known[count + place[node] : count + place[node] + 3, c] -= 1e3 * np.array(pull)
    solved = np.linalg.solve(system, known)
    strength = [c for c, case in enumerate(public["cases"]) if case["check"] == "strength"]
    service = [c for c in range(len(public["cases"])) if c not in strength]
    ratios = [[f / t if f > 0 else -f / n for f, (t, n) in zip(solved[:count, c], use[c], strict=True)] for c in strength]
    top = max(math.hypot(*solved[count + place[n] : count + place[n] + 2, c]) for c in service for n in public["top"])
    return np.array(ratios), slender, 1e3 * top / public["deflection_limit_mm"]


@pytest.mark.parametrize("seed", range(9))
def test_an_independent_analysis_finds_the_same_utilisations(seed: int) -> None:
    public, tower, section = some_tower(seed)
    report = assess(tower, section)
    member, slender, deflection = independent(public, section)
    assert report.member[tower.strength] == pytest.approx(member, rel=1e-6, abs=1e-9)
    assert report.slender == pytest.approx(slender, rel=1e-12)
    assert report.deflection.max() == pytest.approx(deflection, rel=1e-7)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_forces_balance_the_loads_at_every_node_and_the_reactions_in_sum(seed: int) -> None:
    """Equilibrium: force and moment of loads and reactions vanish together."""
    _, tower, section = some_tower(seed)
    report = assess(tower, section)
    loads = tower.nodal_loads(section)
    left = loads + tower.truss.on_nodes(report.force)
    free = tower.truss.freedom >= 0
    scale = np.abs(report.force).max()
    assert np.abs(left[:, free]).max() < 1e-9 * scale
    reactions = np.where(free, 0.0, -left)
    assert (loads + reactions).sum(axis=1) == pytest.approx(0, abs=1e-8 * scale)
    assert np.cross(tower.truss.nodes, loads + reactions).sum(axis=1) == pytest.approx(0, abs=1e-6 * scale)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_work_is_reciprocal(seed: int) -> None:
    """E. Betti 1872, J. C. Maxwell 1864: the work of one load on the displacements of another is the same both ways."""
    _, tower, section = some_tower(seed)
    rng = np.random.default_rng(seed)
    loads = rng.normal(size=(2, *tower.truss.nodes.shape)) * (tower.truss.freedom >= 0)
    moved = tower.truss.displacements(tower.modulus_pa * tower.area[section][tower.group], loads)
    assert (loads[0] * moved[1]).sum() == pytest.approx((loads[1] * moved[0]).sum(), rel=1e-8, abs=1e-15)
    assert (loads[0] * moved[0]).sum() > 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.floats(-180, 180))
def test_a_tower_turned_with_its_wind_and_pulls_is_the_same_tower(seed: int, degrees: float) -> None:
    public, tower, section = some_tower(seed)
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def turned(x: float, y: float, z: float) -> list[float]:
        return [c * x - s * y, s * x + c * y, z]

    cases = [
        case | {
            "direction_deg": case["direction_deg"] + degrees,
            "pulls_kn": [[node, *turned(*force)] for node, *force in case["pulls_kn"]],
        }
        for case in public["cases"]
    ]  # fmt: skip
    other = Tower.of(public | {"nodes_m": [turned(*node) for node in public["nodes_m"]], "cases": cases})
    before, after = assess(tower, section), assess(other, section)
    assert after.mass_kg == pytest.approx(before.mass_kg, rel=1e-12)
    assert after.member == pytest.approx(before.member, rel=1e-6, abs=1e-8)
    assert after.deflection == pytest.approx(before.deflection, rel=1e-7)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.randoms(use_true_random=False))
def test_the_order_of_members_does_not_matter(seed: int, order: random.Random) -> None:
    public, tower, section = some_tower(seed)
    shuffled = list(public["members"])
    order.shuffle(shuffled)
    other = Tower.of(public | {"members": [[j, i, g] for i, j, g in shuffled]})
    assert other.not_wider == tower.not_wider
    assert assess(other, section).worst == pytest.approx(assess(tower, section).worst, rel=1e-7)


def test_wider_tubes_catch_more_wind() -> None:
    # Sections of nearly one area: 60.3 x 4 (7.07 cm^2) and 76.1 x 3.2 (7.33 cm^2).
    public, tower, _ = some_tower(0)
    numbers = [public["sections_mm"].index(size) for size in ([60.3, 4.0], [76.1, 3.2])]
    narrow, wide = (tower.nodal_loads(np.full(tower.groups, number)) for number in numbers)
    given = tower.loads.given[0, :, 0].sum()
    assert (wide[0, :, 0].sum() - given) / (narrow[0, :, 0].sum() - given) == pytest.approx(76.1 / 60.3, rel=1e-9)


# --- data, anchors, generator -------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["dev", "held-out"])
def test_the_instances_are_those_of_the_generator(split: str) -> None:
    sketches = generator.DEV if split == "dev" else generator.HELD_OUT
    assert {i.name: i.public for i in TASK.instances(split)} == {s.name: generator.public_part(s) for s in sketches}


@pytest.mark.parametrize("instance", [*DEV, *HELD_OUT], ids=lambda i: i.name)
def test_towers_are_of_the_size_stated_and_anchored_by_the_uniform_sizing(instance: Instance) -> None:
    public, tower = instance.public, TOWERS[instance.name]
    assert 20 <= public["height_m"] <= 60
    assert 140 <= len(public["members"]) <= 300
    assert 20 <= tower.groups <= 40
    assert sorted(set(tower.group)) == list(range(tower.groups))
    assert public["cpu_limit_s"] == TASK.limits.cpu_s
    levels = len({node[2] for node in public["nodes_m"]}) - 1
    assert 10 <= levels <= 24
    assert instance.anchors is not None
    assert instance.anchors.baseline == pytest.approx(tower.mass_kg(uniform(tower)), rel=1e-12)
    assert instance.anchors.reference < 0.8 * instance.anchors.baseline


@pytest.mark.parametrize("instance", DEV, ids=lambda i: i.name)
def test_the_stored_designs_score_their_anchors_and_repeat_bit_for_bit(instance: Instance) -> None:
    once, twice = score(instance, DESIGNS[instance.name]), score(instance, DESIGNS[instance.name])
    assert once.status is Status.OK, once.feedback
    assert once == twice
    assert instance.anchors is not None
    assert once.objective == pytest.approx(instance.anchors.reference, rel=1e-9)
    kinds = sum(metric.value for name, metric in once.metrics.items() if name.endswith("_mass"))
    assert kinds == pytest.approx(once.objective, rel=1e-12)


@pytest.mark.parametrize("instance", DEV, ids=lambda i: i.name)
def test_no_single_lighter_tube_is_left_in_a_stored_design(instance: Instance) -> None:
    tower = TOWERS[instance.name]
    best = np.array(DESIGNS[instance.name]["section"])
    for g in range(tower.groups):
        for lighter in range(best[g]):
            if tower.area[lighter] < tower.area[best[g]]:
                trial = best.copy()
                trial[g] = lighter
                assert not feasible_design(tower, trial)


def test_the_search_is_repeatable_and_its_excess_is_the_verifiers() -> None:
    tower = TOWERS["telecom-triangle-single-30"]
    once, twice = (reference.optimise(tower, trials=60, seed=3) for _ in range(2))
    assert (once == twice).all()
    assert feasible_design(tower, once)
    search = reference.Search(tower, 0)
    rng = np.random.default_rng(1)
    for _ in range(30):
        section = np.clip(once + rng.integers(-2, 3, tower.groups), 0, len(tower.area) - 1)
        report = assess(tower, section)
        calm = max(report.member.max(), report.deflection.max()) <= 1 + TOLERANCE
        assert (search.excess(section) == 0) == calm
        order = too_wide(tower, section) is None and report.slender.max() <= 1 + TOLERANCE
        assert search.in_order(section) == order
        assert search.mass(section) == pytest.approx(report.mass_kg, rel=1e-12)


def test_fresh_sketches_are_repeatable_and_distinct() -> None:
    sketches = [generator.fresh_sketch(seed) for seed in (0, 1, 2, 3, -7, 2**80)]
    assert sketches == [generator.fresh_sketch(seed) for seed in (0, 1, 2, 3, -7, 2**80)]
    assert len({json.dumps(generator.public_part(s)["nodes_m"]) for s in sketches}) == len(sketches)
    for sketch in sketches:
        tower = Tower.of(generator.public_part(sketch))
        assert feasible_design(tower, np.full(tower.groups, len(tower.area) - 1))


# --- what a candidate and its author see --------------------------------------------------------------------------


@pytest.mark.parametrize("instance", [*DEV, *HELD_OUT], ids=lambda i: i.name)
def test_the_seed_is_feasible_everywhere(instance: Instance) -> None:
    outcome = score(instance, solver(FOLDER / "seed.py")(instance.public))
    assert outcome.status is Status.OK, outcome.feedback
    assert len(outcome.feedback) < 500


@pytest.mark.parametrize("seed", range(3))
def test_the_seed_stays_feasible_wherever_its_numbers_are_tuned(seed: int) -> None:
    rng = random.Random(seed)
    tuned, count = re.subn(
        r"= -?[\d.]+  # tune: (-?[\d.]+) \.\. (-?[\d.]+)",
        lambda found: f"= {rng.uniform(float(found[1]), float(found[2]))}",
        (FOLDER / "seed.py").read_text(),
    )
    assert count == 9
    module: dict[str, Any] = {}
    exec(compile(tuned, "seed", "exec"), module)
    for instance in (*DEV, *HELD_OUT):
        assert score(instance, module["solve"](instance.public)).status is Status.OK


def test_the_worked_example_of_the_statement_holds() -> None:
    example, answer = (json.loads(text) for text in re.findall(r"```json\n(.*?)\n```", TASK.statement, re.S))
    assert set(example) == set(DEV[0].public)
    instance = Instance("tripod", public=example)
    outcome = score(instance, answer)
    assert outcome.objective == pytest.approx(86.296, abs=6e-4)
    report = assess(Tower.of(example), np.array(answer["section"]))
    assert report.force[0] == pytest.approx([-25212] * 3, abs=0.5)
    assert report.resistance[0] == pytest.approx(37136, abs=0.5)
    assert report.member.max() == pytest.approx(0.679, abs=6e-4)
    refused = score(instance, {"section": [0]})
    assert "slenderness 250.6, above its limit of 200 by 25.3 %" in refused.feedback
    assert all(number in TASK.statement for number in ("86.296", "25212", "37136", "0.679", "83.307", "25.3 %"))
    assert Tower.of(example).mass_kg(np.array([0])) == pytest.approx(83.307, abs=6e-4)
    heavier = [score(instance, {"section": [number]}).objective for number in (2, 3)]
    assert min(objective for objective in heavier if objective is not None) > 86.3


def test_the_statement_states_the_limits_in_force() -> None:
    assert f"{TASK.limits.memory_mb} MB" in TASK.statement
    assert f"{TASK.limits.wall_s:g} s of wall time" in TASK.statement
    assert f"{len(tubes.catalogue()) - 1} in the instances used" in TASK.statement
    assert f"by {TOLERANCE:.6f}" in TASK.statement


@pytest.mark.parametrize(
    "design",
    [
        None, [], {}, {"section": None}, {"section": 3}, {"section": "0"}, {"section": [3.0] * 25}, {"section": [True] * 25},
        {"section": [float("nan")] * 25}, {"section": [float("inf")] * 25}, {"section": [[1]] * 25}, {"section": ["1"] * 25},
    ],
)  # fmt: skip
def test_what_is_no_list_of_integers_is_no_design(design: Any) -> None:
    with pytest.raises(NotADesign):
        score(DEV[0], design)


@pytest.mark.parametrize("numbers", [[], [58] * 24, [58] * 26, [-1] + [58] * 24, [59] + [58] * 24, [2**62] + [58] * 24])
def test_wrong_numbers_are_refused_with_their_place(numbers: list[int]) -> None:
    outcome = score(DEV[0], {"section": numbers})
    assert outcome.status is Status.INFEASIBLE
    assert "for each of the 25 groups" in outcome.feedback or "section[0] = " in outcome.feedback


def test_each_broken_limit_is_named_with_place_and_amount() -> None:
    instance, tower = DEV[0], TOWERS[DEV[0].name]
    heaviest = len(tower.area) - 1
    brace = tower.kinds.index("diagonal")
    wide = [heaviest if kind != "leg" else 40 for kind in tower.kinds]
    assert "to which it is joined" in score(instance, {"section": wide}).feedback
    thin = [heaviest] * tower.groups
    thin[brace] = 0
    assert re.search(rf"group {brace} \(diagonal\) has the slenderness", score(instance, {"section": thin}).feedback)
    best = np.array(DESIGNS[instance.name]["section"])
    told = {score(instance, {"section": np.where(np.arange(tower.groups) == g, best - 1, best).tolist()}).feedback
            for g in range(tower.groups) if best[g] > 0}  # fmt: skip
    assert any("the top moves sideways by" in text for text in told)
    assert any("kN of compression under" in text for text in told)


def test_the_picture_shows_the_tower_and_nothing_for_wrong_numbers() -> None:
    from matplotlib import image

    pictures = draw(DEV[0], DESIGNS[DEV[0].name])
    assert list(pictures) == ["tower.png"]
    height, width, _ = image.imread(io.BytesIO(pictures["tower.png"])).shape
    assert (width, height) == (1150, 760)
    assert draw(DEV[0], {"section": [0]}) == {}


# --- controls -----------------------------------------------------------------------------------------------------


def mean_score(solve: Callable[[dict[str, Any]], Any], instances: tuple[Instance, ...] = DEV) -> float:
    scores = []
    for instance in instances:
        outcome = score(instance, solve(instance.public))
        assert outcome.objective is not None, outcome.feedback
        scores.append(normalised(outcome.objective, instance.anchors, "linear"))
    return sum(scores) / len(scores)


def control(name: str) -> Callable[[dict[str, Any]], Any]:
    program: dict[str, Any] = {}
    exec(compile(control_candidate(TASK, name).text(TASK.main), name, "exec"), program)
    return program["solve"]  # type: ignore[no-any-return]


def test_controls_form_a_ladder_from_the_heaviest_tower_to_the_oracle() -> None:
    heaviest, tuned, oracle = (mean_score(control(name)) for name in ("heaviest", "tuned", "oracle"))
    seed = mean_score(solver(FOLDER / "seed.py"))
    assert heaviest < -1 < seed < tuned < 0.9 < oracle <= 1


def test_the_near_infeasible_control_exceeds_a_limit_by_less_than_a_thousandth() -> None:
    solve = control("near_infeasible")
    for instance in DEV:
        tower = TOWERS[instance.name]
        section = np.array(solve(instance.public)["section"])
        assert too_wide(tower, section) is None
        assert 1 + TOLERANCE < assess(tower, section).worst < 1.001
        assert score(instance, solve(instance.public)).status is Status.INFEASIBLE


@pytest.mark.parametrize("name", ["infeasible", "malformed", "malformed_range", "malformed_huge"])
def test_broken_controls_are_infeasible(name: str) -> None:
    for instance in DEV:
        assert score(instance, control(name)(instance.public)).status is Status.INFEASIBLE


@pytest.mark.parametrize("name", ["malformed_float", "malformed_bool", "malformed_nan"])
def test_malformed_controls_are_no_designs(name: str) -> None:
    with pytest.raises(NotADesign):
        score(DEV[0], control(name)(DEV[0].public))


def test_controls_get_in_the_sandbox_the_verdicts_they_deserve() -> None:
    with Verifier(TASK) as verifier:
        for split, instances in (("dev", DEV), ("held-out", HELD_OUT)):
            verdict = verifier.evaluate(TASK.seed, split=split)
            assert verdict.score == pytest.approx(mean_score(solver(FOLDER / "seed.py"), instances), abs=1e-9)
        broken = verifier.evaluate(control_candidate(TASK, "near_infeasible"))
        assert (broken.status, broken.score) == (Status.INFEASIBLE, None)
