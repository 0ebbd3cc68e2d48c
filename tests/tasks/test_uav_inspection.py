"""The inspection flight: its physics against formulas and data not ours, its checker, its data, its statement."""

from __future__ import annotations

import io
import itertools
import json
import math
import random
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from journeyman.errors import MissingExtra
from journeyman.tasks.control.uav_inspection import generate as generator
from journeyman.tasks.control.uav_inspection import order, reference, spline, wind
from journeyman.tasks.control.uav_inspection.flight import Flight, fly, integral, norm
from journeyman.tasks.control.uav_inspection.power import electric_power, induced_velocity
from journeyman.tasks.control.uav_inspection.rules import (
    Knots,
    box_distance,
    closest_approach,
    enters,
    flight_fault,
    knot_fault,
    photo_times,
)
from journeyman.tasks.control.uav_inspection.site import Box, Drone, Site
from journeyman.tasks.control.uav_inspection.verifier import describe, draw, score
from journeyman.verify import Instance, Status, Verifier, load_task
from journeyman.verify.gate import control_candidate

TASK = load_task("control/uav_inspection")
FOLDER = TASK.folder
DEV, HELD_OUT = TASK.instances("dev"), TASK.instances("held-out")
EXAMPLE, ANSWER = (json.loads(text) for text in re.findall(r"```json\n(.*?)\n```", TASK.statement, re.S))
SITE = Site.of(EXAMPLE)
DRONE, AIR, GRAVITY = SITE.drone, SITE.air_density_kg_m3, SITE.gravity_m_s2
WEIGHT_N = DRONE.mass_kg * GRAVITY


def program(path: Path) -> dict[str, Any]:
    functions: dict[str, Any] = runpy.run_path(str(path))["solve"].__globals__
    return functions


def stored() -> dict[str, Any]:
    lines = (json.loads(text) for text in (FOLDER / "designs" / "dev.jsonl").read_text().splitlines())
    return {line["instance"]: line["design"] for line in lines}


def flown(site: Site, design: dict[str, Any]) -> Flight:
    return fly(site, np.array(design["knots"]["t"], float), np.array(design["knots"]["x"], float))


def breezy(**changes: Any) -> Site:
    """The example's site in a wind with gusts."""
    public = EXAMPLE | {"wind": DEV[0].public["wind"]} | changes
    return Site.of(public)


@st.composite
def paths(draw: st.DrawFn, knots: int = 7) -> tuple[Any, Any]:
    """Knots of a random flight that moves a few metres a second."""
    n = draw(st.integers(2, knots))
    gaps = draw(st.lists(st.floats(1.0, 4.0), min_size=n - 1, max_size=n - 1))
    numbers = draw(st.lists(st.floats(-8, 8), min_size=3 * n, max_size=3 * n))
    x = np.array(numbers).reshape(n, 3)
    x[:, 2] = np.abs(x[:, 2]) + 2
    return np.concatenate([[0.0], np.cumsum(gaps)]), x


# --- physics, against what is not ours -----------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(paths(12))
def test_the_path_is_scipys_clamped_cubic_spline(case: tuple[Any, Any]) -> None:
    t, x = case
    time, position, velocity, acceleration = spline.sample(t, x, 0.05)
    theirs = CubicSpline(t, x, bc_type="clamped")
    assert np.max(np.diff(time)) <= 0.05 + 1e-9
    assert set(t.tolist()) <= set(time.tolist())
    assert position == pytest.approx(theirs(time), abs=1e-8)
    assert velocity == pytest.approx(theirs(time, 1), abs=1e-8)
    assert acceleration == pytest.approx(theirs(time, 2), abs=1e-7)


def test_hover_and_climb_have_the_closed_forms_of_momentum_theory() -> None:
    """Leishman, Principles of Helicopter Aerodynamics, chapter 2: v_h = sqrt(T / 2 rho A) in hover, and in axial
    climb v_i = -V/2 + sqrt(V^2/4 + v_h^2)."""
    hover = 30.0
    speeds = np.array([0.0, 1.0, 4.0, 12.0, -2.0])
    found = induced_velocity(np.full(5, hover), speeds, np.zeros(5))
    assert found == pytest.approx(-speeds / 2 + np.sqrt(speeds**2 / 4 + hover), rel=1e-12)


def test_fast_forward_flight_has_glauerts_limit() -> None:
    """Leishman, chapter 2: for V much larger than v_h, v_i tends to T / (2 rho A V)."""
    hover = np.full(3, 30.0)
    speeds = np.array([40.0, 80.0, 160.0])
    found = induced_velocity(hover, np.zeros(3), speeds)
    assert found == pytest.approx(hover / speeds, rel=2e-4)


@settings(max_examples=150, deadline=None)
@given(st.floats(8, 60), st.floats(-6, 12), st.floats(0, 25))
def test_induced_velocity_solves_its_equation(hover: float, axial: float, edgewise: float) -> None:
    v = float(induced_velocity(np.array([hover]), np.array([axial]), np.array([edgewise]))[0])
    assert v > 0
    assert v * math.hypot(edgewise, axial + v) == pytest.approx(hover, rel=1e-6)


@settings(max_examples=150, deadline=None)
@given(st.floats(0, 25), st.floats(-2.5, 5), st.floats(0, 30), st.floats(0, 6.3), st.floats(15, 65))
def test_the_inflow_equation_has_one_solution_inside_the_limits(
    speed: float, vertical: float, tilt_deg: float, heading: float, thrust: float
) -> None:
    """As the statement says: on a dense grid of v the left side crosses the right side once."""
    tilt = math.radians(tilt_deg)
    direction = np.array([math.sin(tilt), 0.0, math.cos(tilt)])
    air = np.array([speed * math.cos(heading), speed * math.sin(heading), vertical])
    axial = float(air @ direction)
    edgewise = math.sqrt(max(0.0, float(air @ air) - axial**2))
    v = np.linspace(0, 30, 6001)
    excess = v * np.hypot(edgewise, axial + v) - thrust / (2 * AIR * DRONE.disk_area_m2)
    assert np.sum(np.diff(np.sign(excess)) != 0) <= 1 or np.min(np.abs(excess)) < 1e-9


def test_the_published_powers_of_zeng_xu_and_zhang_are_reproduced() -> None:
    """Y. Zeng, J. Xu, R. Zhang, IEEE Trans. Wireless Communications 18 (2019) 2329-2345, table I: weight 20 N, disk
    0.503 m^2, tip speed 120 m/s, solidity 0.05, blade drag 0.012, induced factor 1.1 give a blade profile power of 79.86 W
    and an induced power of 88.63 W in hover, with v_0 = 4.03 m/s; in level flight the induced power is
    P_i sqrt(sqrt(1 + V^4 / 4 v_0^4) - V^2 / 2 v_0^2)."""
    thrust, disk = 20.0, 0.503
    theirs = Drone(
        mass_kg=2.0, drag_area_m2=0.0, disk_area_m2=disk, thrust_coefficient=thrust / (1.225 * disk * 120**2),
        solidity=0.05, blade_drag=0.012, induced_factor=1.1, efficiency=1.0, avionics_w=0.0,
    )  # fmt: skip
    speeds = np.array([0.0, 5.0, 10.0, 20.0, 30.0])
    up = np.tile([0.0, 0.0, thrust], (5, 1))
    power = electric_power(theirs, 1.225, up, np.column_stack([speeds, 0 * speeds, 0 * speeds]))
    assert power.profile[0] == pytest.approx(79.86, abs=0.01)
    assert power.induced[0] == pytest.approx(88.63, abs=0.01)
    ratio = speeds**2 / (2 * 4.03**2)
    assert power.induced == pytest.approx(88.63 * np.sqrt(np.sqrt(1 + ratio**2) - ratio), rel=5e-3)


def test_hover_power_and_drag_agree_with_the_aircraft_they_are_taken_from() -> None:
    """DJI Matrice 30 specifications: 3.77 kg, two batteries of 131.6 Wh, 36 min of hover, so 439 W on average; 23 m/s in
    still air at the largest pitch of 35 degrees, so drag = weight tan(35 degrees) there."""
    power = electric_power(DRONE, AIR, np.array([[0.0, 0.0, WEIGHT_N]]), np.zeros((1, 3)))
    assert power.electric[0] == pytest.approx(2 * 131.6 * 60 / 36, rel=0.1)
    drag = 0.5 * AIR * DRONE.drag_area_m2 * 23**2
    assert drag == pytest.approx(WEIGHT_N * math.tan(math.radians(35)), rel=0.05)


def test_the_speeds_of_least_power_and_of_longest_range_are_those_of_the_statement() -> None:
    speeds = np.arange(0.1, 22, 0.1)
    drag = 0.5 * AIR * DRONE.drag_area_m2 * speeds**2
    thrust = np.column_stack([drag, 0 * drag, 0 * drag + WEIGHT_N])
    watts = electric_power(DRONE, AIR, thrust, np.column_stack([speeds, 0 * drag, 0 * drag])).electric
    assert speeds[np.argmin(watts)] == pytest.approx(8.6, abs=0.15)
    assert speeds[np.argmin(watts / speeds)] == pytest.approx(13, abs=0.25)
    assert f"({np.min(watts):.0f} W)" in TASK.statement.replace("\n", " ")
    assert f"In hover P is {watts[0]:.0f} W" in TASK.statement


@settings(max_examples=30, deadline=None)
@given(paths())
def test_the_work_of_the_thrust_is_drag_work_plus_energy_gained(case: tuple[Any, Any]) -> None:
    """Conservation: the integral of T.v is the work against drag plus the change of kinetic and potential energy."""
    t, x = case
    flight = fly(breezy(), t, x, 0.002)
    work = integral(flight.t, np.sum(flight.thrust * flight.velocity, axis=1))
    lost = -integral(flight.t, np.sum(flight.drag * flight.velocity, axis=1))
    gained = DRONE.mass_kg * GRAVITY * (x[-1, 2] - x[0, 2])  # at rest at both ends
    scale = integral(flight.t, np.abs(np.sum(flight.thrust * flight.velocity, axis=1))) + 1
    assert work == pytest.approx(lost + gained, abs=1e-4 * scale)


def test_steady_flight_in_a_constant_wind_has_its_closed_form() -> None:
    """Far from both ends: tilt = atan(drag / weight) with the drag of ground speed minus wind, constant power; and to hover
    in the wind costs what it costs to fly as fast through still air."""
    still = SITE.wind
    windy = msgspec.structs.replace(still, speed_10m_m_s=4.0, exponent=0.0)
    t = np.arange(0.0, 61.0)
    x = np.column_stack([6.0 * t, 0 * t, 0 * t + 10])
    for wind_now, through_air in ((still, 6.0), (windy, 2.0)):
        flight = fly(msgspec.structs.replace(SITE, wind=wind_now), t, x)
        middle = len(flight.t) // 2
        drag = 0.5 * AIR * DRONE.drag_area_m2 * through_air**2
        assert flight.tilt_deg[middle] == pytest.approx(math.degrees(math.atan2(drag, WEIGHT_N)), abs=2e-3)
    hover = fly(msgspec.structs.replace(SITE, wind=windy), np.array([0.0, 5.0]), np.array([[0.0, 0, 10]] * 2))
    moved = fly(msgspec.structs.replace(SITE, wind=still), t, np.column_stack([-4.0 * t, 0 * t, 0 * t + 10]))
    assert hover.power.electric[50] == pytest.approx(moved.power.electric[len(moved.t) // 2], rel=1e-4)


@settings(max_examples=20, deadline=None)
@given(paths(), st.floats(-math.pi, math.pi))
def test_turning_site_and_flight_together_changes_no_energy(case: tuple[Any, Any], angle: float) -> None:
    t, x = case
    site = breezy()
    turned = msgspec.structs.replace(
        site, wind=msgspec.structs.replace(site.wind, towards_deg=site.wind.towards_deg + math.degrees(angle))
    )
    turn = np.array([[math.cos(angle), math.sin(angle), 0], [-math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
    assert fly(turned, t, x @ turn).energy_kj == pytest.approx(fly(site, t, x).energy_kj, rel=1e-9)


def test_the_wind_follows_its_power_law_and_its_gusts_travel_with_it() -> None:
    public = DEV[0].public["wind"]
    site = Site.of(DEV[0].public)
    calm = msgspec.structs.replace(site.wind, gusts=())
    x, t = np.array([[0.0, 0, 10], [0, 0, 40]]), np.zeros(2)
    low, high = norm(wind.velocity(calm, x, t))
    assert low == pytest.approx(public["speed_10m_m_s"])
    assert high / low == pytest.approx(4 ** public["exponent"])
    angle, later = math.radians(public["towards_deg"]), 7.0
    carried = x + later * public["speed_10m_m_s"] * np.array([math.cos(angle), math.sin(angle), 0])
    assert wind.velocity(site.wind, carried, t + later) == pytest.approx(wind.velocity(site.wind, x, t))


@pytest.mark.parametrize("instance", DEV, ids=lambda i: i.name)
def test_the_grid_is_fine_enough(instance: Instance) -> None:
    site, design = Site.of(instance.public), stored()[instance.name]
    t, x = np.array(design["knots"]["t"]), np.array(design["knots"]["x"])
    coarse, fine = fly(site, t, x), fly(site, t, x, 0.005)
    assert coarse.energy_kj == pytest.approx(fine.energy_kj, rel=1e-3)
    assert np.max(fine.speed) < np.max(coarse.speed) + 0.04
    assert np.max(fine.tilt_deg) < np.max(coarse.tilt_deg) + 0.5
    for box in site.boxes:
        assert np.min(box_distance(box, fine.position)) > np.min(box_distance(box, coarse.position)) - 0.5
        assert np.min(box_distance(box, fine.position)) > -0.014


# --- the checker ---------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6))
def test_a_piece_enters_a_box_where_dense_sampling_finds_it_inside(numbers: list[float]) -> None:
    box = Box((-1.0, -0.5, -2.0), (1.0, 0.5, 0.25))
    path = np.array(numbers).reshape(2, 3)
    share = np.linspace(0, 1, 2001)[:, None]
    dense = path[0] * (1 - share) + path[1] * share
    deepest = float(np.min(box_distance(box, dense)))
    if abs(deepest) > 2e-3:
        assert (enters(box, path, 0.0) is not None) == (deepest < 0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6))
def test_the_closest_approach_is_that_of_dense_sampling(numbers: list[float]) -> None:
    path = np.array(numbers).reshape(2, 3)
    share = np.linspace(0, 1, 4001)[:, None]
    dense = norm(path[0] * (1 - share) + path[1] * share)
    found = float(closest_approach(path)[0])
    assert np.min(dense) - 2e-3 <= found <= np.min(dense) + 1e-9


def test_distances_to_a_box() -> None:
    box = Box((0.0, 0.0, 0.0), (2.0, 4.0, 6.0))
    places = np.array([[1.0, 2, 3], [1, 1.5, 3], [5, 2, 3], [5, 8, 3], [1, 2, 6]])
    assert box_distance(box, places) == pytest.approx([-1, -1, 3, 5, 0])


def changed(**changes: Any) -> str:
    """The fault of the example's answer on a changed example."""
    return score(Instance("example", public=EXAMPLE | changes), ANSWER).feedback


def limits(**changes: float) -> dict[str, Any]:
    return EXAMPLE["limits"] | changes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"limits": limits(speed_m_s=5.0)}, "speed over ground 5.11 m/s"),
        ({"limits": limits(climb_m_s=1.2)}, "climb rate 1.50 m/s"),
        ({"limits": limits(descent_m_s=1.2)}, "descent rate 1.50 m/s"),
        ({"limits": limits(thrust_max_n=38.0)}, "above the limit of 38"),
        ({"limits": limits(thrust_min_n=37.0)}, "below the limit of 37"),
        ({"limits": limits(tilt_deg=19.0)}, "tilt 19.29 degrees"),
        ({"limits": limits(time_s=11.9)}, "the flight ends at 12 s, 0.1 s after the limit of 11.9 s"),
        ({"limits": limits(knots=4)}, "there are 5 knots; there must be 2 to 4"),
        ({"fence": {"low": [-10, -10, 1], "high": [19, 10, 50]}}, "0.5 m outside of the fence (-10 to 19 m)"),
        ({"boxes": [{"low": [8, -1, 0], "high": [9, 1, 20]}]}, "the path enters box 0"),
        ({"boxes": [{"low": [8, -1, 0], "high": [9, 0.02, 20]}]}, "the path enters box 0"),
        ({"points": [{"at": [20, 0.5, 9.5], "photo_speed_m_s": 1.5}]}, "point 0 is missed"),
        ({"points": [{"at": [10, 0, 5], "photo_speed_m_s": 1.5}]}, "point 0 is passed too fast"),
        ({"pad": [0, 0, 2.02]}, "the first knot is 0.02 m from the pad"),
    ],
)  # fmt: skip
def test_each_rule_is_kept_and_its_breach_named(changes: dict[str, Any], said: str) -> None:
    assert said in changed(**changes)


def test_what_stays_within_a_tolerance_is_feasible() -> None:
    assert "kJ in 12.0 s" in changed(
        limits=limits(climb_m_s=1.495, descent_m_s=1.495),
        boxes=[{"low": [8, -1, 0], "high": [9, 0.008, 20]}],
        fence={"low": [-10, -10, 1], "high": [19.495, 10, 50]},
        pad=[0, 0.009, 2],
    )


def test_an_obstacle_is_met_at_its_own_time_only() -> None:
    crossing = {"centre": [10, 0, 5], "swing": [0, 8, 0], "period_s": 12, "phase_rad": 0.0, "radius_m": 2.0}
    # The drone is at the centre of the swing at 3 s and 9 s, when the sphere is 8 m away; a quarter period later it is not.
    assert "kJ" in changed(obstacles=[crossing])
    assert "obstacle 0 is" in changed(obstacles=[crossing | {"phase_rad": math.pi / 2}])


def test_a_thin_obstacle_between_two_instants_is_seen() -> None:
    relative = np.array([[-0.4, 0.05, 0], [0.4, 0.05, 0]])
    assert closest_approach(relative) == pytest.approx([0.05])


@pytest.mark.parametrize(
    ("design", "said"),
    [
        (None, "is not a design"),
        ({}, "missing required field `knots`"),
        ({"knots": {"t": [0, 1]}}, "missing required field `x`"),
        ({"knots": {"t": [0, True], "x": [[0, 0, 2]] * 2}}, "got `bool`"),
        ({"knots": {"t": [0, "1"], "x": [[0, 0, 2]] * 2}}, "got `str`"),
        ({"knots": {"t": [0, math.nan], "x": [[0, 0, 2]] * 2}}, "nan"),
        ({"knots": {"t": [0, math.inf], "x": [[0, 0, 2]] * 2}}, "inf"),
        ({"knots": {"t": [0, 1], "x": [[0, 0, 2], [0, 0]]}}, "length 3"),
        ({"knots": {"t": [0, 1], "x": [[0, 0, 2]] * 3}}, "2 times and knots.x has 3"),
        ({"knots": {"t": [0], "x": [[0, 0, 2]]}}, "there are 1 knots"),
        ({"knots": {"t": [1, 2], "x": [[0, 0, 2]] * 2}}, "the flight must begin at 0"),
        ({"knots": {"t": [0, 0.09], "x": [[0, 0, 2]] * 2}}, "must be at least 0.1 s apart"),
        ({"knots": {"t": [0, 5, 4], "x": [[0, 0, 2]] * 3}}, "-1 s after knot 1"),
        ({"knots": {"t": [0, 1], "x": [[0, 0, 2], [0, 0, 2.1]]}}, "the last knot is 0.1 m from the pad"),
        ({"knots": {"t": [0, 1, 2], "x": [[0, 0, 2], [1e200, 0, 2], [0, 0, 2]]}}, "outside of the fence"),
    ],
)  # fmt: skip
def test_what_is_no_path_is_refused_with_its_place(design: Any, said: str) -> None:
    from journeyman.verify.design import NotADesign

    try:
        outcome = score(Instance("example", public=EXAMPLE), design)
        assert outcome.status is Status.INFEASIBLE
        text = outcome.feedback
    except NotADesign as error:
        text = str(error)
    assert said in text


# --- the order, and the reference ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_the_search_for_an_order_finds_the_optimum_of_small_tours(seed: int) -> None:
    costs = np.random.default_rng(seed).uniform(1, 9, (7, 7))
    best = min(order.length(costs, list(tour)) for tour in itertools.permutations(range(1, 7)))
    found = order.good_orders(costs, [1, 2, 3, 4, 5, 6], rounds=40, keep=3, seed=0)
    assert order.length(costs, found[0]) == pytest.approx(best)
    assert len(found) == len({tuple(tour) for tour in found})
    assert all(sorted(tour) == [1, 2, 3, 4, 5, 6] for tour in found)


def test_a_leg_with_the_wind_or_downwards_is_estimated_cheaper() -> None:
    site = breezy()
    angle = math.radians(site.wind.towards_deg)
    far = np.array([40 * math.cos(angle), 40 * math.sin(angle), 10])
    near = np.array([0.0, 0, 10])
    assert order.leg_energy(site, near, [far]) < order.leg_energy(site, far, [near])
    assert order.leg_energy(site, near, [np.array([0, 0, 5])]) < order.leg_energy(site, near, [np.array([0, 0, 22])])


def small_course() -> tuple[Any, Site, Any, Any]:
    pytest.importorskip("torch")
    from journeyman.tasks.control.uav_inspection.smooth import Course

    site = Site.of(DEV[0].public)
    rng = np.random.default_rng(1)
    t = np.cumsum(np.full(18, 1.5)) - 1.5
    x = np.array(site.pad) + np.cumsum(rng.normal(0, 2.5, (18, 3)), axis=0) + [0, 0, 12]
    x[0] = x[-1] = site.pad
    course = Course(site, t, x, list(range(1, 17)), parts=30)
    return course, site, *course.decode(course.start)


def test_the_differentiable_model_is_the_verifiers() -> None:
    course, site, t, x = small_course()
    import torch

    from journeyman.tasks.control.uav_inspection.smooth import Margins

    energy, _ = course.measures(torch.tensor(course.start), Margins())
    assert float(energy) == pytest.approx(fly(site, t, x).energy_kj, rel=1e-3)


def test_its_gradient_is_that_of_finite_differences() -> None:
    course, _, _, _ = small_course()
    from journeyman.tasks.control.uav_inspection.smooth import Margins

    z = course.start
    _, gradient = course.loss(z, 0.01, Margins())
    for k in (0, 5, 16, 20, 33, 60):
        step = np.zeros(len(z))
        step[k] = 1e-6
        slope = (course.loss(z + step, 0.01, Margins())[0] - course.loss(z - step, 0.01, Margins())[0]) / 2e-6
        assert gradient[k] == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_the_reference_beats_the_seed_on_a_small_site() -> None:
    pytest.importorskip("torch")
    public = {**DEV[0].public, "points": DEV[0].public["points"][:3], "obstacles": []}
    solution = reference.solve(public, orders=1, short=25, long=40)
    instance = Instance("small", public=public)
    plain = score(instance, program(FOLDER / "seed.py")["solve"](public))
    outcome = score(instance, solution.design)
    assert outcome.objective == pytest.approx(solution.energy_kj)
    assert plain.objective is not None
    assert solution.energy_kj < 0.85 * plain.objective


def test_without_torch_the_reference_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=re.escape("pip install 'journeyman[distill]'")):
        reference.solve(DEV[0].public)


# --- data and anchors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("split", "instances"), [("dev", DEV), ("held-out", HELD_OUT)])
def test_the_frozen_sites_come_from_their_seeds(split: str, instances: tuple[Instance, ...]) -> None:
    assert [i.name for i in instances] == list(generator.FROZEN[split])
    for instance in instances:
        made = generator.site_of(*generator.FROZEN[split][instance.name])
        assert json.loads(json.dumps(made)) == instance.public


@pytest.mark.parametrize("instance", [*DEV, *HELD_OUT], ids=lambda i: i.name)
def test_sites_are_as_the_statement_says(instance: Instance) -> None:
    site = Site.of(instance.public)
    assert 15 <= len(site.points) <= 30
    assert 3 <= len(site.obstacles) <= 6
    at = np.array([point.at for point in site.points])
    assert all(np.min(box_distance(box, at)) >= generator.ROOM_M - 1e-9 for box in site.boxes)
    assert all(5 <= box.high[2] <= 36 for box in site.boxes)
    assert all(1 <= point.photo_speed_m_s <= 3 for point in site.points)
    assert 3 <= site.wind.speed_10m_m_s <= 7
    assert instance.public["cpu_limit_s"] == TASK.limits.cpu_s


@pytest.mark.parametrize("instance", [*DEV, *HELD_OUT], ids=lambda i: i.name)
def test_the_baseline_is_the_seeds_flight_and_the_reference_is_far_below(instance: Instance) -> None:
    assert instance.anchors is not None
    outcome = score(instance, program(FOLDER / "seed.py")["solve"](instance.public))
    assert outcome.objective == pytest.approx(instance.anchors.baseline, rel=1e-6)
    assert 0.35 < instance.anchors.reference / instance.anchors.baseline < 0.7


@pytest.mark.parametrize("instance", DEV, ids=lambda i: i.name)
def test_the_stored_flights_score_the_reference(instance: Instance) -> None:
    assert instance.anchors is not None
    outcome = score(instance, stored()[instance.name])
    assert outcome.status is Status.OK, outcome.feedback
    assert outcome.objective == pytest.approx(instance.anchors.reference, rel=1e-6)


def test_fresh_sites_are_repeatable_distinct_and_feasible() -> None:
    lines = [generator.generate(seed) for seed in (0, 1)]
    assert lines[0] == generator.generate(0)
    assert lines[0]["public"] != lines[1]["public"]
    for line in lines:
        assert line["anchors"]["reference"] < line["anchors"]["baseline"]


# --- what a candidate and its author see ---------------------------------------------------------------------------


def test_the_worked_example_of_the_statement_holds() -> None:
    outcome = score(Instance("example", public=EXAMPLE), ANSWER)
    assert f"takes {outcome.objective:.3f} kJ" in TASK.statement
    flight = flown(SITE, ANSWER)
    middle = int(np.argmin(np.abs(flight.t - 6)))
    assert norm(flight.position[middle : middle + 1] - np.array([20, 0, 8])) == pytest.approx([0.5])
    assert flight.speed[middle] == pytest.approx(0, abs=1e-9)
    rushed = {"knots": {"t": [0, 2, 4, 6, 8], "x": ANSWER["knots"]["x"]}}
    fault = score(Instance("example", public=EXAMPLE), rushed).feedback
    assert fault in " ".join(TASK.statement.split())
    assert set(EXAMPLE) == set(DEV[0].public)
    assert EXAMPLE["drone"] == DEV[0].public["drone"]
    assert EXAMPLE["limits"] == DEV[0].public["limits"]


def test_the_statement_states_the_limits_in_force() -> None:
    assert f"{TASK.limits.memory_mb} MB" in TASK.statement
    assert f"{TASK.limits.wall_s:g} s of wall time" in TASK.statement


@pytest.mark.parametrize("seed", range(3))
def test_the_seeds_own_check_agrees_with_the_verifier(seed: int) -> None:
    """Whatever its numbers are: a flight that the seed believes to be good is good."""
    rng = random.Random(seed)
    text = (FOLDER / "seed.py").read_text()
    tuned, count = re.subn(
        r"= -?[\d.]+  # tune: (-?[\d.]+) \.\. (-?[\d.]+)",
        lambda found: f"= {rng.uniform(float(found[1]), float(found[2]))}",
        text,
    )
    assert count == 11
    module: dict[str, Any] = {}
    exec(compile(tuned, "seed", "exec"), module)
    for instance in DEV[:2]:
        design = module["solve"](instance.public)
        knots = design["knots"]
        if module["keeps_rules"](instance.public, np.array(knots["t"]), np.array(knots["x"])):
            outcome = score(instance, design)
            assert outcome.status is Status.OK, outcome.feedback


def test_feedback_says_where_the_energy_goes() -> None:
    site, design = Site.of(DEV[0].public), stored()[DEV[0].name]
    text = describe(site, flown(site, design))
    assert "Dearest piece: " in text
    assert "nearest box" in text
    assert len(text) < 500
    assert "nearest" not in describe(msgspec.structs.replace(SITE, obstacles=()), flown(SITE, ANSWER))


def test_photographs_are_taken_near_and_slow() -> None:
    site, design = Site.of(DEV[0].public), stored()[DEV[0].name]
    flight = flown(site, design)
    for point, time in zip(site.points, photo_times(site, flight), strict=True):
        i = int(np.argmin(np.abs(flight.t - time)))
        assert float(np.linalg.norm(flight.position[i] - point.at)) <= site.photo_radius_m + 0.01
        assert flight.speed[i] <= point.photo_speed_m_s + 0.01


def test_the_picture_is_a_chart_and_only_of_a_feasible_flight() -> None:
    from matplotlib import image

    pictures = draw(DEV[0], stored()[DEV[0].name])
    assert list(pictures) == ["flight.png"]
    assert image.imread(io.BytesIO(pictures["flight.png"])).shape[:2] == (800, 1200)
    assert draw(DEV[0], {"knots": {"t": [0, 1], "x": [DEV[0].public["pad"]] * 2}}) == {}
    assert draw(DEV[0], {"knots": {"t": [0], "x": [DEV[0].public["pad"]]}}) == {}


# --- controls ------------------------------------------------------------------------------------------------------

BROKEN = {
    "infeasible": "outside of the fence",
    "idle": "point 0 is missed",
    "rushed": "above the limit of",
    "near_infeasible": "the last knot is 0.011 m from the pad; it must be on it within 0.01 m",
    "malformed_length": "4 times and knots.x has 1",
    "malformed_order": "-1 s after knot 1",
    "malformed_many": "there are 601 knots",
    "malformed_huge": "outside of the fence",
}


def solver(name: str) -> Any:
    module: dict[str, Any] = {}
    exec(compile(control_candidate(TASK, name).text(TASK.main), name, "exec"), module)
    return module["solve"]


@pytest.mark.parametrize("name", BROKEN)
def test_broken_controls_are_refused_for_their_own_reason(name: str) -> None:
    assert BROKEN[name] in score(DEV[0], solver(name)(DEV[0].public)).feedback


def mean_score(name: str, instances: tuple[Instance, ...]) -> float:
    solve, scores = solver(name), []
    for instance in instances:
        outcome, anchors = score(instance, solve(instance.public)), instance.anchors
        assert outcome.objective is not None, outcome.feedback
        assert anchors is not None
        scores.append((anchors.baseline - outcome.objective) / (anchors.baseline - anchors.reference))
    return sum(scores) / len(scores)


def test_controls_form_a_ladder_from_the_seed_to_the_oracle() -> None:
    forged, tuned, oracle = (mean_score(name, DEV[:1]) for name in ("forged", "tuned", "oracle"))
    assert forged == pytest.approx(0, abs=1e-6)
    assert 0.2 < tuned < 0.7 < oracle <= 1


def test_controls_get_in_the_sandbox_the_verdicts_they_deserve() -> None:
    with Verifier(TASK) as verifier:
        verdict = verifier.evaluate(TASK.seed)
        assert verdict.score == pytest.approx(0, abs=1e-6), verdict.feedback
        broken = verifier.evaluate(control_candidate(TASK, "near_infeasible"))
        assert (broken.status, broken.score) == (Status.INFEASIBLE, None)
        assert "0.011 m from the pad" in broken.feedback


def test_a_flight_that_keeps_every_rule_has_no_fault() -> None:
    knots = Knots(**ANSWER["knots"])
    assert knot_fault(SITE, knots) is None
    assert flight_fault(SITE, flown(SITE, ANSWER)) is None
