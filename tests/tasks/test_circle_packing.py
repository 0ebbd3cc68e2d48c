"""Circle packing: the exact checker against an independent one, known packings, anchors, reference, statement, controls."""

from __future__ import annotations

import decimal
import io
import itertools
import json
import math
import random
import re
import runpy
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.tasks.classics.circle_packing import reference
from journeyman.tasks.classics.circle_packing.baseline import grid_and_gap
from journeyman.tasks.classics.circle_packing.packing import (
    Circle,
    first_fault,
    growth_in_turn,
    room,
    total_radius,
    touching_pairs,
    touching_walls,
    units,
)
from journeyman.tasks.classics.circle_packing.verifier import describe, draw, score
from journeyman.verify import Instance, Status, load_task
from journeyman.verify.design import NotADesign
from journeyman.verify.gate import control_candidate

TASK = load_task("classics/circle_packing")
FOLDER = TASK.folder
(N26,) = TASK.instances("dev")

# Decimal arithmetic that raises instead of rounding: what it says is exact.
EXACT = decimal.Context(prec=5000, Emin=-9999, Emax=9999, traps=[decimal.Inexact, decimal.InvalidOperation])


def stored() -> list[Circle]:
    """The reference's packing."""
    (line,) = (json.loads(text) for text in (FOLDER / "designs" / "dev.jsonl").read_text().splitlines())
    assert line["instance"] == "n26"
    return [(x, y, r) for x, y, r in line["design"]["circles"]]


def obeys(circles: Sequence[Circle], slack: Decimal = Decimal(0)) -> bool:
    """The rules once more, in decimal arithmetic without rounding, passed by at most `slack`."""
    with decimal.localcontext(EXACT):
        exact = [tuple(Decimal(v) for v in circle) for circle in circles]
        for x, y, r in exact:
            if r <= 0 or min(x - r, 1 - x - r, y - r, 1 - y - r) < -slack:
                return False
        for (x1, y1, r1), (x2, y2, r2) in itertools.combinations(exact, 2):
            reach = r1 + r2 - slack
            if reach > 0 and (x1 - x2) ** 2 + (y1 - y2) ** 2 < reach**2:
                return False
    return True


def blown_up(circles: Sequence[Circle], slack: float) -> list[Circle]:
    """The statement's way to use a tolerance: valid within `slack` wherever `circles` are valid without one."""
    grow = 1 + slack
    return [(grow * x - slack / 2, grow * y - slack / 2, grow * r + slack / 2) for x, y, r in circles]


def ulps(value: float, steps: int) -> float:
    for _ in range(abs(steps)):
        value = math.nextafter(value, math.copysign(math.inf, steps))
    return value


# --- the checker --------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(
    st.floats(0.05, 0.2), st.floats(0.05, 0.2), st.floats(0, 2 * math.pi),
    st.tuples(*[st.integers(-2, 2)] * 6),
)  # fmt: skip
def test_circles_that_all_but_touch_are_judged_as_the_independent_checker_does(
    r1: float, r2: float, angle: float, steps: tuple[int, ...]
) -> None:
    x, y = 0.5 + (r1 + r2) * math.cos(angle), 0.5 + (r1 + r2) * math.sin(angle)
    numbers = [ulps(v, k) for v, k in zip((0.5, 0.5, r1, x, y, r2), steps, strict=True)]
    circles = [(numbers[0], numbers[1], numbers[2]), (numbers[3], numbers[4], numbers[5])]
    fault = first_fault(circles)
    assert (fault is None) == obeys(circles), fault
    if fault is not None:
        assert "overlap by" in fault or "beyond the wall" in fault


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0, 1)] * 2, st.floats(-0.01, 0.3)), min_size=1, max_size=5))
def test_any_circles_are_judged_as_the_independent_checker_does(circles: list[Circle]) -> None:
    assert (first_fault(circles) is None) == obeys(circles)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_double_is_a_whole_number_of_the_unit(value: float) -> None:
    assert Fraction(units(value), 2**1074) == Fraction(value)


def test_a_touch_is_allowed_and_one_unit_in_the_last_place_more_is_not() -> None:
    # Three, four, five sixteenths: the centres are 5/16 apart, exactly.
    one, other = (0.25, 0.25, 0.125), (0.4375, 0.5, 0.1875)
    assert first_fault([one, other]) is None
    larger = (*one[:2], math.nextafter(0.125, 1))
    assert first_fault([larger, other]) == "circles 0 and 1 overlap by 2.78e-17"
    assert first_fault([(*one[:2], math.nextafter(0.125, 0)), other]) is None
    nearer = (math.nextafter(0.4375, 0), *other[1:])
    assert "overlap by 3.33e-17" in (first_fault([one, nearer]) or "")


def test_what_looks_like_a_touch_in_doubles_is_too_much_for_the_numbers() -> None:
    assert 0.9 + 0.1 == 1.0
    assert first_fault([(0.9, 0.5, 0.1)]) == "circle 0 lies 2.78e-17 beyond the wall x = 1"


def test_the_worst_of_many_faults_is_named() -> None:
    circles = [(0.2, 0.2, 0.1), (0.25, 0.2, 0.1), (0.2, 0.21, 0.1), (0.7, 0.7, 0.1)]
    assert first_fault(circles) == "circles 0 and 2 overlap by 0.19, the worst of 3 overlapping pairs"
    assert (
        first_fault([(0.1, 0.5, 0.2), (0.5, 0.9, 0.3)])
        == "circle 1 lies 0.2 beyond the wall y = 1, the worst of 2 circles beyond a wall"
    )


def dyadic(draw: st.DrawFn, bits: int = 6) -> float:
    return draw(st.integers(0, 1 << bits)) / (1 << bits)


@st.composite
def on_a_raster(draw: st.DrawFn) -> list[Circle]:
    """Circles on a raster of 1/64, on which a reflection is exact, and many touch."""
    count = draw(st.integers(1, 5))
    return [(dyadic(draw), dyadic(draw), draw(st.integers(1, 16)) / 64) for _ in range(count)]


@settings(max_examples=200, deadline=None)
@given(on_a_raster(), st.randoms(use_true_random=False))
def test_the_verdict_has_the_symmetries_of_the_square_and_does_not_see_the_order(
    circles: list[Circle], rng: random.Random
) -> None:
    valid, total = first_fault(circles) is None, total_radius(circles)
    assert valid == obeys(circles)
    for swap, flip_x, flip_y in itertools.product((False, True), repeat=3):
        image = [((y, x, r) if swap else (x, y, r)) for x, y, r in circles]
        image = [(1 - x if flip_x else x, 1 - y if flip_y else y, r) for x, y, r in image]
        rng.shuffle(image)
        assert (first_fault(image) is None) == valid
        assert total_radius(image) == total


@given(st.lists(st.floats(1e-300, 0.5), min_size=1, max_size=30))
def test_the_sum_is_rounded_once(radii: list[float]) -> None:
    assert total_radius([(0.5, 0.5, r) for r in radii]) == float(sum(map(Fraction, radii)))


@settings(max_examples=50, deadline=None)
@given(st.sampled_from([1e-12, 1e-9, 1e-7, 1e-6]))
def test_a_tolerance_can_be_turned_into_sum_of_radii_and_is_refused(slack: float) -> None:
    circles = stored()
    larger = blown_up(circles, slack)
    assert total_radius(larger) - total_radius(circles) == pytest.approx(
        slack * (total_radius(circles) + 13), rel=1e-2 if slack < 1e-10 else 1e-5
    )
    # Valid within the slack, but for what rounding in `blown_up` itself adds.
    assert obeys(larger, Decimal(slack) + Decimal("1e-15"))
    assert not obeys(larger)
    assert first_fault(larger) is not None


@pytest.mark.parametrize(
    ("design", "said"),
    [
        (None, "Expected `object`, got `null`"),
        ([], "Expected `object`, got `array`"),
        ({}, "missing required field `circles`"),
        ({"circles": None}, "Expected `array`, got `null`"),
        ({"circles": [[0.5, 0.5]]}, "length 3, got 2"),
        ({"circles": [[0.5, 0.5, 0.1, 0.1]]}, "length 3, got 4"),
        ({"circles": [[0.5, 0.5, True]]}, "Expected `float`, got `bool`"),
        ({"circles": [[0.5, "0.5", 0.1]]}, "Expected `float`, got `str`"),
        ({"circles": [[0.5, float("nan"), 0.1]]}, "nan"),
        ({"circles": [[float("-inf"), 0.5, 0.1]]}, "-inf"),
        ({"circles": [{"x": 0.5, "y": 0.5, "r": 0.1}]}, "got `object`"),
    ],
)
def test_what_is_no_list_of_circles_is_refused_with_its_place(design: Any, said: str) -> None:
    with pytest.raises(NotADesign, match=re.escape(said)):
        score(Instance("one", public={"n": 1}), design)


@pytest.mark.parametrize(
    ("circles", "said"),
    [
        ([], "there are 0 circles, there must be 1"),
        ([[0.5, 0.5, 0.1]] * 2, "there are 2 circles, there must be 1"),
        ([[0.5, 0.5, 0.0]], "circle 0 has the radius 0.0"),
        ([[0.5, 0.5, -0.1]], "circle 0 has the radius -0.1"),
        ([[0.5, 0.5, -0.0]], "circle 0 has the radius -0.0"),
        ([[0.5, 0.5, 1e308]], "circle 0 lies 1e+308 beyond the wall"),
        ([[1e308, 0.5, 1e308]], "beyond the wall x = 1"),
        ([[0, 0, 1]], "circle 0 lies 1 beyond the wall x = 0"),
    ],
)
def test_what_is_no_packing_is_refused_with_its_place(circles: Any, said: str) -> None:
    outcome = score(Instance("one", public={"n": 1}), {"circles": circles})
    assert outcome.status is Status.INFEASIBLE
    assert said in outcome.feedback


def test_whole_numbers_are_numbers_and_other_keys_are_ignored() -> None:
    outcome = score(Instance("one", public={"n": 1}), {"circles": [[0.5, 0.5, 0.5]], "sum": 99})
    assert outcome.objective == 0.5
    assert outcome.metrics["covered_area"].value == pytest.approx(25 * math.pi)
    assert outcome.metrics["touching_walls"].value == 4


# --- known packings, reference ------------------------------------------------------------------------------------


def test_the_reference_packing_has_the_published_value_in_all_digits_that_hold_without_a_tolerance() -> None:
    """Table 1 of ThetaEvolve (arXiv:2511.23473) has 2.63598308, ShinkaEvolve 2.63598283, AlphaEvolve 2.63586276,
    Friedman's Packing Center before them 2.634."""
    total = total_radius(stored())
    assert math.floor(total * 1e8) == 263598308
    assert 2.634 < 2.63586276 < 2.63598283 < total < 2.6359830853


def test_the_slack_behind_a_published_figure() -> None:
    # The statement: 15.6 for each unit of slack, 0.000016 for 1e-6, at least 2e-11 behind 2.6359830853.
    total = total_radius(stored())
    assert round(total + 13, 1) == 15.6
    assert round((total + 13) * 1e-6, 6) == 0.000016
    assert 2e-11 < (2.6359830853 - total) / (total + 13) < 3e-11


def test_the_reference_packing_is_a_strict_local_optimum() -> None:
    """As many independent contacts as numbers, and positive multipliers: every small change that obeys the contacts loses.

    The multipliers add up to S + n/2, what one unit of slack is worth by the blow-up of the statement.
    """
    circles = np.array(stored())
    pairs = np.triu_indices(26, 1)
    gaps = reference.gaps(circles, pairs)
    active = gaps < 1e-9
    assert active.sum() == 78
    assert gaps[~active].min() > 0.01
    slopes = reference.slopes(circles, pairs)[active]
    assert np.linalg.cond(slopes) < 100
    multipliers = np.linalg.solve(slopes.T, -np.tile([0.0, 0.0, 1.0], 26))
    assert multipliers.min() > 0.01
    assert multipliers.sum() == pytest.approx(total_radius(stored()) + 13, rel=1e-9)


def test_slopes_are_the_derivatives_of_the_gaps() -> None:
    rng = np.random.default_rng(1)
    circles = rng.uniform(0.1, 0.9, (5, 3))
    pairs = np.triu_indices(5, 1)
    slopes = reference.slopes(circles, pairs)
    for k in range(15):
        step = np.zeros(15)
        step[k] = 1e-6
        ahead, back = (reference.gaps(circles + sign * step.reshape(5, 3), pairs) for sign in (1, -1))
        np.testing.assert_allclose(slopes[:, k], (ahead - back) / 2e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("n", "best"),
    [
        (1, 0.5),
        (2, 2 - math.sqrt(2)),  # in opposite corners
        (5, 1 + (math.sqrt(2) - 1) / 4),  # a 2 x 2 grid and one in its gap
    ],
)
def test_the_reference_finds_what_is_known_of_few_circles(n: int, best: float) -> None:
    packed, history = reference.search(n, 8, 8, seed=3)
    circles = reference.exactly_valid(reference.sharpened(packed))
    assert obeys(circles)
    assert total_radius(circles) == pytest.approx(best, abs=1e-9)
    assert history == sorted(history)
    assert len(history) == 16


def test_the_reference_repeats_itself_and_improves_by_moving_circles() -> None:
    once, twice = (reference.search(26, 2, 3, seed=2) for _ in range(2))
    assert np.array_equal(once[0], twice[0])
    assert once[1][-1] > once[1][1] > N26.anchors.baseline  # type: ignore[union-attr]


def test_no_packing_passes_the_bound_of_equal_areas() -> None:
    # By Cauchy and Schwarz, sum r <= sqrt(n sum r^2), and the area pi sum r^2 is at most 1.
    assert N26.anchors is not None
    assert N26.anchors.bound == pytest.approx(math.sqrt(26 / math.pi), rel=1e-15)
    assert N26.anchors.bound >= math.sqrt(26 / math.pi)


# --- data and anchors ---------------------------------------------------------------------------------------------


def test_the_anchors_are_the_grid_with_a_gap_filled_and_the_stored_packing() -> None:
    assert N26.anchors is not None
    baseline = grid_and_gap(5)
    assert obeys(baseline)
    assert total_radius(baseline) == pytest.approx(N26.anchors.baseline, rel=1e-14)
    assert N26.anchors.baseline == 2.5 + 0.1 * (math.sqrt(2) - 1)
    outcome = score(N26, {"circles": [list(circle) for circle in stored()]})
    assert outcome.objective == N26.anchors.reference
    assert obeys(stored())
    assert N26.public == {"n": 26, "cpu_limit_s": TASK.limits.cpu_s}
    assert not TASK.has_held_out


def test_the_scores_in_the_statement_are_those_of_the_anchors() -> None:
    assert N26.anchors is not None
    low, high = N26.anchors.baseline, N26.anchors.reference
    rows = re.findall(r"\| (2\.\d+) \| ([\d.]+) \|", TASK.statement)
    assert len(rows) == 4
    for value, points in rows:
        digits = len(points.partition(".")[2])
        assert (float(value) - low) / (high - low) == pytest.approx(float(points), abs=0.6 * 10**-digits + 4e-4)
    assert f"{low:.10f}" in TASK.statement
    assert f"{high:.10f}" in TASK.statement


# --- what a candidate and its author see --------------------------------------------------------------------------


def solver(path: Path) -> Any:
    return runpy.run_path(str(path))["solve"]


def objective(design: Any) -> float:
    outcome = score(N26, design)
    assert outcome.objective is not None, outcome.feedback
    return outcome.objective


def test_the_seed_is_a_little_below_the_baseline() -> None:
    assert 2.50 < objective(solver(FOLDER / "seed.py")(N26.public)) < 2.5414


@pytest.mark.parametrize("seed", range(8))
def test_the_seed_stays_feasible_wherever_its_numbers_are_tuned(seed: int) -> None:
    rng = random.Random(seed)
    tuned, count = re.subn(
        r"= -?[\d.]+  # tune: (-?[\d.]+) \.\. (-?[\d.]+)",
        lambda found: f"= {rng.uniform(float(found[1]), float(found[2]))}",
        (FOLDER / "seed.py").read_text(),
    )
    assert count == 13
    module: dict[str, Any] = {}
    exec(compile(tuned, "seed", "exec"), module)
    assert objective(module["solve"](N26.public)) > 2


def test_the_worked_example_of_the_statement_holds() -> None:
    example, answer = (json.loads(text) for text in re.findall(r"```json\n(.*?)\n```", TASK.statement, re.S))
    assert set(example) == set(N26.public)
    two = Instance("two", public=example)
    outcome = score(two, answer)
    assert outcome.status is Status.OK, outcome.feedback
    assert f"{outcome.objective:.12f}" == "0.585786437625"
    assert outcome.objective == pytest.approx(2 - math.sqrt(2), abs=1e-11)
    answer["circles"][1][2] = 0.292893218814
    assert "circle 1 lies 1e-12 beyond the wall" in score(two, answer).feedback
    assert "the worst of 2 circles" in score(two, answer).feedback


def test_the_statement_states_the_limits_in_force_and_its_last_step_works() -> None:
    limits = TASK.limits
    assert f"{limits.memory_mb} MB" in TASK.statement
    assert f"{limits.wall_s:g} s of wall time" in TASK.statement
    # Its advice, on circles with a random error of an optimiser's size.
    rng = np.random.default_rng(4)
    circles = np.array(stored()) + rng.normal(0, 1e-9, (26, 3))
    outside = -reference.gaps(circles, np.triu_indices(26, 1)).min()
    assert outside > 0
    circles[:, 2] = (circles[:, 2] - outside) * (1 - 1e-12)
    assert obeys([(float(x), float(y), float(r)) for x, y, r in circles])


def test_feedback_says_where_the_room_goes_and_nothing_hidden() -> None:
    text = describe(grid_and_gap(5))
    assert "sum of radii 2.541421356237" in text
    assert "45 between circles" not in text  # the small circle touches four more
    assert "44 between circles and 20 at walls, for 78 numbers" in text
    assert "0 circles touch nothing" in text
    assert "2.6359" not in text
    assert len(text) < 500


def test_room_is_how_far_a_circle_can_grow() -> None:
    circles = [(0.25, 0.5, 0.125), (0.75, 0.5, 0.25)]
    assert touching_walls(circles) == [(1, 1)]
    assert touching_pairs(circles) == []
    assert room(circles, 0) == 0.125
    assert room(circles, 1) == 0
    assert growth_in_turn(circles) == 0.125
    describe(circles)


def test_the_picture_is_a_packing_and_only_of_a_feasible_one() -> None:
    from matplotlib import image

    for circles in (stored(), grid_and_gap(5)):
        pictures = draw(N26, {"circles": [list(circle) for circle in circles]})
        assert list(pictures) == ["packing.png"]
        height, width, _ = image.imread(io.BytesIO(pictures["packing.png"])).shape
        assert (width, height) == (1100, 660)
    assert draw(N26, {"circles": [[0.5, 0.5, 0.1]] * 26}) == {}
    assert draw(N26, {"circles": [[0.5, 0.5, 0.1]]}) == {}
    assert list(draw(Instance("one", public={"n": 1}), {"circles": [[0.5, 0.5, 0.5]]})) == ["packing.png"]


# --- controls -----------------------------------------------------------------------------------------------------

BROKEN = {
    "infeasible": "beyond the wall",
    "near_infeasible": "circle 4 lies 1e-09 beyond the wall y = 1",
    "near_infeasible_rounding": "circle 4 lies 2.78e-17 beyond the wall y = 1",
    "malformed": "there are 25 circles, there must be 26",
    "malformed_shape": "missing required field `circles`",
    "malformed_triple": "length 3, got 4",
    "malformed_bool": "got `bool`",
    "malformed_negative": "circle 25 has the radius -0.05",
    "malformed_huge": "circle 7 lies 1e+308 beyond the wall",
    "malformed_string": "got `str`",
    "malformed_nan": "nan",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_controls_are_refused_for_their_own_reason(name: str) -> None:
    design = solver(FOLDER / "gate" / f"{name}.py")(N26.public)
    assert BROKEN[name] in refusal(design)


def refusal(design: Any) -> str:
    """Why a design is refused; as the framework does, what is no design counts as infeasible."""
    try:
        outcome = score(N26, design)
    except NotADesign as refused:
        return str(refused)
    return outcome.feedback if outcome.status is Status.INFEASIBLE else ""


def test_the_near_infeasible_controls_lack_what_they_say() -> None:
    near = solver(FOLDER / "gate" / "near_infeasible.py")(N26.public)["circles"]
    assert obeys(near, Decimal("1.000001e-9"))
    rounding = solver(FOLDER / "gate" / "near_infeasible_rounding.py")(N26.public)["circles"]
    assert obeys(rounding, Decimal("1e-16"))


def value(name: str) -> float:
    program: dict[str, Any] = {}
    exec(compile(control_candidate(TASK, name).text(TASK.main), name, "exec"), program)
    assert N26.anchors is not None
    low, high = N26.anchors.baseline, N26.anchors.reference
    return (objective(program["solve"](N26.public)) - low) / (high - low)


def test_controls_form_a_ladder_from_nothing_to_the_oracle() -> None:
    nothing, forged, grid, tuned, oracle = map(value, ("do_nothing", "forged", "grid", "tuned", "oracle"))
    assert nothing < -20
    assert forged == grid == pytest.approx(0, abs=1e-9)
    assert 0.2 < tuned < 0.8 < oracle <= 1
