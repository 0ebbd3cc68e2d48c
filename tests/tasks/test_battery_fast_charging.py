"""Battery fast charging: data and anchors, the time, the model against PyBaMM's own and against another, the limits."""

from __future__ import annotations

import io
import itertools
import json
import os
import random
import re
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.errors import MissingExtra
from journeyman.tasks.control.battery_fast_charging import cell as published
from journeyman.tasks.control.battery_fast_charging import generate as generator
from journeyman.tasks.control.battery_fast_charging import reference, spme
from journeyman.tasks.control.battery_fast_charging.cell import Cell
from journeyman.tasks.control.battery_fast_charging.limits import (
    ANODE_TOLERANCE_V,
    TEMPERATURE_TOLERANCE_K,
    VOLTAGE_TOLERANCE_V,
    Limits,
    Nearest,
    first_fault,
    lowest,
    nearest,
)
from journeyman.tasks.control.battery_fast_charging.profile import KNOTS, SOC_KNOTS, profile_of
from journeyman.tasks.control.battery_fast_charging.verifier import draw, score
from journeyman.verify import Instance, Status, load_task
from journeyman.verify.design import NotADesign
from journeyman.verify.gate import control_candidate

pytest.importorskip("pybamm")

TASK = load_task("control/battery_fast_charging")
FOLDER = TASK.folder
DEV, HELD_OUT = TASK.instances("dev"), TASK.instances("held-out")
ALL = [*DEV, *HELD_OUT]
DESIGNS = {
    row["instance"]: row["design"]
    for row in map(json.loads, (FOLDER / "designs" / "dev.jsonl").read_text().splitlines())
}
NOMINAL = Cell(
    25.0, *generator.balance(0.75, 0.665), 0.75, 0.665, 3.3e-14, 4e-15, 6.48e-7, 3.42e-6, 1.0, 1.0, 0.0, 0.0531, 60.0
)  # fmt: skip

currents = st.lists(st.floats(0.05, 2.0), min_size=KNOTS, max_size=KNOTS)


def run(cell: Cell, current_c: Any) -> spme.Trace:
    trace = spme.simulate(cell, profile_of(np.array(current_c, dtype=float), cell.capacity_ah))
    assert trace is not None
    return trace


# --- time and charge ----------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(currents, st.floats(0.5, 20.0))
def test_time_and_state_of_charge_agree_with_a_fine_integration_of_the_current(
    current_c: list[float], capacity: float
) -> None:
    profile = profile_of(np.array(current_c), capacity)
    assert profile.minutes == pytest.approx(sum(3 / (a + b) for a, b in itertools.pairwise(current_c)))
    # Charge under straight pieces: trapezoids on any grid that contains the knots are exact.
    at = np.unique(np.concatenate([np.linspace(0, profile.seconds[-1], 200), profile.seconds]))
    current = profile.current_at(at)
    charge = np.concatenate([[0], np.cumsum(np.diff(at) * (current[1:] + current[:-1]) / 2)]) / 3600 / capacity
    assert [profile.soc_at(float(t)) for t in at] == pytest.approx(list(0.1 + charge), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(currents, st.floats(0.1, 1.0))
def test_time_scales_inversely_with_the_current_and_knows_no_capacity(current_c: list[float], share: float) -> None:
    given_c = np.array(current_c)
    minutes = profile_of(given_c, 5.0).minutes
    assert profile_of(given_c, 3.0).minutes == pytest.approx(minutes)
    assert profile_of(share * given_c, 5.0).minutes == pytest.approx(minutes / share)
    assert minutes >= 21.0 * (1 - 1e-12)


def test_the_bound_is_seventy_percent_of_the_capacity_at_the_largest_current() -> None:
    assert profile_of(np.full(KNOTS, 2.0), 5.0).minutes == pytest.approx(21.0)
    assert [reference.bound_minutes(i.public) for i in ALL] == pytest.approx([21.0] * len(ALL))


# --- the model against what is not ours ---------------------------------------------------------------------------


def test_properties_are_those_of_the_published_parameter_sets() -> None:
    """The functions of `cell` against PyBaMM's sets OKane2022 and (graphite's potential) Chen2020."""
    pybamm = spme.import_pybamm()
    okane, chen = pybamm.ParameterValues("OKane2022"), pybamm.ParameterValues("Chen2020")

    def value(symbol: Any) -> float:
        return float(symbol.evaluate() if hasattr(symbol, "evaluate") else symbol)

    for sto in np.linspace(0.03, 0.97, 20):
        assert published.potential_n(sto) == pytest.approx(value(chen["Negative electrode OCP [V]"](sto)), abs=1e-12)
        assert published.potential_p(sto) == pytest.approx(value(okane["Positive electrode OCP [V]"](sto)), abs=1e-12)
    ours = spme.parameters(pybamm)
    names = {
        "Negative particle diffusivity [m2.s-1]": (0.4, 283.15),
        "Positive particle diffusivity [m2.s-1]": (0.4, 318.15),
        "Negative electrode exchange-current density [A.m-2]": (700.0, 2e4, published.MOST_N, 283.15),
        "Positive electrode exchange-current density [A.m-2]": (1300.0, 3e4, published.MOST_P, 318.15),
        "Electrolyte diffusivity [m2.s-1]": (700.0, 283.15),
        "Electrolyte conductivity [S.m-1]": (1300.0, 318.15),
    }
    inputs = spme.inputs_of(NOMINAL, profile_of(np.full(KNOTS, 0.5), NOMINAL.capacity_ah))
    for name, point in names.items():
        assert ours[name](*point).evaluate(inputs=inputs) == pytest.approx(value(okane[name](*point)), rel=1e-9)
    fixed = {
        "Negative electrode thickness [m]": published.LENGTH_N, "Separator thickness [m]": published.LENGTH_S,
        "Positive electrode thickness [m]": published.LENGTH_P, "Negative particle radius [m]": published.RADIUS_N,
        "Positive particle radius [m]": published.RADIUS_P, "Negative electrode porosity": published.POROSITY_N,
        "Separator porosity": published.POROSITY_S, "Positive electrode porosity": published.POROSITY_P,
        "Maximum concentration in negative electrode [mol.m-3]": published.MOST_N,
        "Maximum concentration in positive electrode [mol.m-3]": published.MOST_P,
        "Negative electrode conductivity [S.m-1]": published.CONDUCTIVITY_N,
        "Positive electrode conductivity [S.m-1]": published.CONDUCTIVITY_P,
        "Initial concentration in electrolyte [mol.m-3]": published.SALT,
        "Cation transference number": published.TRANSFERENCE, "Thermodynamic factor": 1.0,
        "Cell volume [m3]": published.VOLUME, "Cell cooling surface area [m2]": published.SURFACE,
        "Negative electrode OCP entropic change [V.K-1]": 0.0, "Positive electrode OCP entropic change [V.K-1]": 0.0,
        "Negative electrode active material volume fraction": generator.ACTIVE_N,
        "Positive electrode active material volume fraction": generator.ACTIVE_P,
        "Initial concentration in negative electrode [mol.m-3]": generator.CHARGED_N,
        "Initial concentration in positive electrode [mol.m-3]": generator.CHARGED_P,
    }  # fmt: skip
    for name, number in fixed.items():
        assert okane[name] == number, name
    assert okane["Electrode height [m]"] * okane["Electrode width [m]"] == published.AREA


def test_the_balance_of_the_electrodes_is_that_of_the_field_package() -> None:
    """PyBaMM's electrode state of health (Mohtat et al. 2019) on the same parameters."""
    pybamm = spme.import_pybamm()
    values = pybamm.ParameterValues("OKane2022")
    values["Negative electrode OCP [V]"] = published.potential_n
    x0, x1, y1, y0 = pybamm.lithium_ion.get_min_max_stoichiometries(values)
    capacity, n, p = generator.balance(0.75, 0.665)
    assert (*n, *p) == pytest.approx((x0, x1, y0, y1), abs=1e-6)
    assert capacity == pytest.approx(5.1, abs=0.15)  # the cell is sold as one of 5 A h


def test_a_cell_at_rest_shows_the_open_circuit_potentials() -> None:
    """At a creeping current, voltage and anode potential are the published potentials at the balance's stoichiometries."""
    current = np.full(KNOTS, 1e-4)
    trace = run(NOMINAL, current)
    for k in (0, 9, 28):
        x, y = NOMINAL.stoichiometries(float(SOC_KNOTS[k]))
        i = k * spme.SAMPLES
        assert trace.anode_v[i] == pytest.approx(float(published.potential_n(x)), abs=2e-4)
        assert trace.voltage_v[i] == pytest.approx(float(published.potential_p(y) - published.potential_n(x)), abs=5e-4)
    assert trace.kelvin.max() - trace.kelvin.min() < 1e-3


def test_lithium_salt_charge_and_energy_are_conserved() -> None:
    """Faraday's law for both electrodes, the electrolyte's salt, and the first law for the heat."""
    names = (
        "Discharge capacity [A.h]",
        "Average negative particle stoichiometry",
        "Average positive particle stoichiometry",
        "Total lithium in electrolyte [mol]",
        "X-averaged negative particle surface stoichiometry",
        "X-averaged positive particle surface stoichiometry",
    )
    cell = replace(NOMINAL, contact_resistance_ohm=0.002)
    current = np.linspace(1.3, 0.5, KNOTS)
    profile = profile_of(current, cell.capacity_ah)
    coarse = spme.discretise("SPMe", 10, 40, 1e-7, 1e-8, names)
    found = spme.observe(coarse, cell, profile)
    assert found is not None
    at, (voltage, _, kelvin, _, heat, charge, x, y, salt, x_surface, y_surface) = found
    assert -charge[-1] == pytest.approx(0.7 * cell.capacity_ah, rel=1e-6)
    assert (x[-1], y[-1]) == pytest.approx(cell.stoichiometries(0.8), abs=1e-6)
    assert salt == pytest.approx(np.full(len(salt), salt[0]), rel=1e-9)
    amps = profile.current_at(at)
    stored = published.potential_p(y_surface) - published.potential_n(x_surface)
    # What goes in and is not stored is heat (entropic heat is left out); what does not leave warms the cell.
    assert heat[5:] == pytest.approx((amps * (voltage - stored))[5:], rel=2e-2)
    released = float(np.sum(np.diff(at) * (heat[1:] + heat[:-1]) / 2))
    above = kelvin - kelvin[0]
    left = float(cell.cooling_w_k * np.sum(np.diff(at) * (above[1:] + above[:-1]) / 2))
    assert cell.heat_capacity_j_k * above[-1] + left == pytest.approx(released, rel=5e-3)


def test_the_reduced_model_stays_near_the_full_one() -> None:
    """SPMe against PyBaMM's Doyle-Fuller-Newman model: at 0.5 C and 1 C, 25 C, and along a reference; in V and K."""
    full = spme.discretise("DFN", 12, 16, 1e-5, 1e-6)
    hardest = np.array(DESIGNS[DEV[1].name]["current_c"])
    cases = (
        (NOMINAL, np.full(KNOTS, 0.5), 0.010, 0.010),
        (NOMINAL, np.full(KNOTS, 1.0), 0.015, 0.015),
        (Cell.of(DEV[1].public), hardest, 0.035, 0.03),
    )
    for cell, current, volts, anode in cases:
        profile = profile_of(current, cell.capacity_ah)
        dfn, reduced = spme.solve(full, cell, profile), spme.simulate(cell, profile)
        assert dfn is not None
        assert reduced is not None
        assert dfn.complete
        # Past the first piece, in which the coarse meshes differ.
        part = slice(spme.SAMPLES, None)
        assert float(np.abs(dfn.voltage_v - reduced.voltage_v)[part].max()) < volts
        assert float(np.abs(dfn.anode_v - reduced.anode_v)[part].max()) < anode
        assert float(np.abs(dfn.kelvin - reduced.kelvin).max()) < 1.0
    # The room of 10 mV is there for what the reduction misses: by the full model, too, no lithium plates here.
    assert dfn.anode_v.min() > 0


def test_the_anode_potential_falls_with_current_cold_and_state_of_charge() -> None:
    """What is known of plating (Tomaszewska et al. 2019): strong currents, cold, full graphite."""
    base = run(NOMINAL, np.full(KNOTS, 0.6)).anode_v
    faster = run(NOMINAL, np.full(KNOTS, 0.8)).anode_v
    colder = run(replace(NOMINAL, ambient_c=15.0), np.full(KNOTS, 0.6)).anode_v
    assert (faster < base).all()
    assert (colder < base).all()
    assert base[0] > base[100] > base[200] > base[-1]


# --- the model against another of the same equations --------------------------------------------------------------


def own_model(instance: Instance) -> Any:
    return runpy.run_path(str(FOLDER / "gate" / "oracle.py"))["Model"](instance.public)


@pytest.mark.parametrize("instance", DEV, ids=lambda i: i.name)
def test_an_independent_program_from_the_statement_agrees(instance: Instance) -> None:
    model, cell = own_model(instance), Cell.of(instance.public)
    current = np.linspace(1.1, 0.4, KNOTS)
    trace, state = run(cell, current), model.rest()
    for k in range(KNOTS - 1):
        state, _, (voltage, anode, celsius) = model.piece(state, current[k], current[k + 1], 12)
        i = (k + 1) * spme.SAMPLES
        if k >= 2:
            assert voltage == pytest.approx(trace.voltage_v[i], abs=0.003)
            assert anode == pytest.approx(trace.anode_v[i], abs=0.0015)
            assert celsius + published.ZERO_CELSIUS == pytest.approx(trace.kelvin[i], abs=0.1)
            assert state[2][0] == pytest.approx(trace.salt[i], rel=0.02)


def test_a_finer_mesh_and_stricter_tolerances_move_next_to_nothing() -> None:
    """The reference at mild-24, where all limits bind: the objective would move by less than 0.5 %."""
    instance = DEV[1]
    cell, limits = Cell.of(instance.public), Limits.of(instance.public)
    current = np.array(DESIGNS[instance.name]["current_c"])
    profile = profile_of(current, cell.capacity_ah)
    mesh = spme.discretise("SPMe", 30, 70, 1e-8, 1e-9)
    trace, fine = spme.simulate(cell, profile), spme.solve(mesh, cell, profile)
    assert trace is not None
    assert fine is not None
    early, late = trace.seconds > 60, trace.seconds > 200
    assert float(np.abs(trace.anode_v - fine.anode_v)[early].max()) < 1e-4
    assert float(np.abs(trace.voltage_v - fine.voltage_v)[late].max()) < 3e-4
    assert float(np.abs(trace.kelvin - fine.kelvin).max()) < 0.005
    assert first_fault(limits, profile, fine) is None
    eased = spme.solve(mesh, cell, profile_of(0.995 * current, cell.capacity_ah))
    assert eased is not None
    assert min(low.room for low in nearest(limits, eased)) > 0


def test_a_verdict_repeats_bit_for_bit() -> None:
    once, twice = (score(DEV[2], {"current_c": [0.6] * KNOTS}) for _ in range(2))
    assert once == twice


# --- limits -------------------------------------------------------------------------------------------------------


def made(voltage: float, anode: float, celsius: float, complete: bool = True) -> spme.Trace:
    """A trace that is constant but for one sample in its middle."""
    n = (KNOTS - 1) * spme.SAMPLES + 1
    flat = np.ones(n)
    trace = spme.Trace(
        np.linspace(0, 84 * 60, n), 4.0 * flat, 0.05 * flat, 300.0 * flat, 500.0 * flat, flat, complete
    )
    trace.voltage_v[140], trace.anode_v[140], trace.kelvin[140] = voltage, anode, celsius + published.ZERO_CELSIUS
    return trace


LIMITS = Limits(4.2, 0.01, 45.0)
HALF = profile_of(np.full(KNOTS, 0.5), 5.0)


@pytest.mark.parametrize("past", [0.9, 1.1])
@pytest.mark.parametrize(
    ("voltage", "anode", "heat", "said"),
    [
        (VOLTAGE_TOLERANCE_V, 0.0, 0.0, "terminal voltage exceeds 4.2 V from 45.0 %"),
        (0.0, ANODE_TOLERANCE_V, 0.0, "the anode potential falls below 10 mV from 45.0 %"),
        (0.0, 0.0, TEMPERATURE_TOLERANCE_K, "hotter than 45 C from 45.0 %"),
    ],
)
def test_each_limit_holds_to_its_tolerance(past: float, voltage: float, anode: float, heat: float, said: str) -> None:
    fault = first_fault(LIMITS, HALF, made(4.2 + past * voltage, 0.01 - past * anode, 45 + past * heat))
    assert (fault is None) == (past < 1)
    assert fault is None or said in fault


def test_the_first_broken_limit_is_named_and_the_others_too() -> None:
    trace = made(4.3, 0.0, 40.0)
    trace.anode_v[130] = 0.005
    fault = first_fault(LIMITS, HALF, trace)
    assert fault is not None
    assert fault.startswith("lithium would plate")
    assert fault.endswith("also broken: voltage")
    assert "by 10.00 mV, worst at 45.0 %" in fault


def test_an_incomplete_charge_is_refused_even_if_no_limit_is_passed() -> None:
    assert "drained of salt" in (first_fault(LIMITS, HALF, made(4.0, 0.05, 30.0, complete=False)) or "")


@given(st.floats(3.2, 6.8), st.floats(0.1, 3.0))
def test_a_valley_between_samples_is_found(at: float, curvature: float) -> None:
    seconds = np.arange(spme.SAMPLES + 1, dtype=float)
    value, where = lowest(seconds, curvature * (seconds - at) ** 2 - 1.0)
    assert (value, where) == (pytest.approx(-1.0), pytest.approx(at))


def test_a_bend_at_a_knot_is_taken_as_it_is() -> None:
    seconds = np.arange(2 * spme.SAMPLES + 1, dtype=float)
    assert lowest(seconds, np.abs(seconds - spme.SAMPLES)) == (0.0, spme.SAMPLES)


def refusal(design: Any) -> str:
    """The reason for which a design is refused, as the framework would give it."""
    try:
        outcome = score(DEV[0], design)
    except NotADesign as refused:
        return str(refused)
    return outcome.feedback if outcome.status is Status.INFEASIBLE else ""


@pytest.mark.parametrize(
    ("design", "said"),
    [
        (None, "not a design"),
        ([0.2] * KNOTS, "not a design"),
        ({}, "current_c"),
        ({"current_c": None}, "not a design"),
        ({"current_c": [0.2] * (KNOTS - 1)}, "28 numbers"),
        ({"current_c": [0.2] * 100000}, "100000 numbers"),
        ({"current_c": [0.2] * (KNOTS - 1) + [True]}, "not a design"),
        ({"current_c": [0.2] * (KNOTS - 1) + ["0.2"]}, "not a design"),
        ({"current_c": [0.2] * (KNOTS - 1) + [float("nan")]}, "nan"),
        ({"current_c": [0.2] * (KNOTS - 1) + [float("inf")]}, "inf"),
        ({"current_c": [[0.2]] * KNOTS}, "not a design"),
        ({"current_c": [0.2] * (KNOTS - 1) + [2.0001]}, "current_c[28] = 2.0001 (at 80 % state of charge)"),
        ({"current_c": [-0.2] + [0.2] * (KNOTS - 1)}, "current_c[0] = -0.2 (at 10 % state of charge)"),
        ({"current_c": [0] + [0.2] * (KNOTS - 1)}, "lies outside 0.05 .. 2"),
    ],
)
def test_what_is_no_list_of_currents_is_refused_with_its_place(design: Any, said: str) -> None:
    assert said in refusal(design)


@settings(max_examples=4, deadline=None)
@given(currents)
def test_any_list_of_permitted_currents_gets_a_verdict(current_c: list[float]) -> None:
    outcome = score(DEV[1], {"current_c": current_c})
    assert outcome.status in (Status.OK, Status.INFEASIBLE)
    assert outcome.feedback


def test_a_rush_that_drains_the_electrolyte_is_refused_with_a_reason() -> None:
    for instance in DEV:
        outcome = score(instance, {"current_c": [2.0] * KNOTS})
        assert outcome.status is Status.INFEASIBLE
        assert "anode" in outcome.feedback
    rush = replace(NOMINAL, ambient_c=-30.0)
    trace = spme.simulate(rush, profile_of(np.full(KNOTS, 2.0), rush.capacity_ah))
    assert trace is None or not trace.complete


# --- data and anchors ---------------------------------------------------------------------------------------------


def flat(public: dict[str, Any]) -> list[float]:
    """All numbers of a public part, in order."""
    return [float(x) for value in public.values() for x in (value if isinstance(value, list) else [value])]


def test_instances_are_those_of_the_generator() -> None:
    for split, instances in ((generator.DEV, DEV), (generator.HELD_OUT, HELD_OUT)):
        for line, instance in zip(generator.frozen(split), instances, strict=True):
            assert line["name"] == instance.name
            assert flat(line["public"]) == pytest.approx(flat(instance.public), rel=1e-12)


@pytest.mark.parametrize("instance", ALL, ids=lambda i: i.name)
def test_anchors_stand_in_order(instance: Instance) -> None:
    anchors = instance.anchors
    assert anchors is not None
    assert anchors.bound is not None
    assert anchors.bound == reference.bound_minutes(instance.public) < anchors.reference < anchors.baseline
    assert instance.public["cpu_limit_s"] == TASK.limits.cpu_s
    assert instance.hidden["reference_kind"] == reference.SEARCHED


@pytest.mark.parametrize("instance", DEV, ids=lambda i: i.name)
def test_the_stored_design_scores_the_reference_and_needs_no_tolerance(instance: Instance) -> None:
    outcome, anchors = score(instance, DESIGNS[instance.name]), instance.anchors
    assert anchors is not None
    assert outcome.objective == pytest.approx(anchors.reference, rel=1e-9)
    cell = Cell.of(instance.public)
    trace = run(cell, DESIGNS[instance.name]["current_c"])
    assert min(low.room for low in nearest(Limits.of(instance.public), trace)) > -1e-6


def test_the_baseline_is_the_best_constant_current() -> None:
    instance = DEV[1]
    charger = reference.Charger.of(instance.public)
    constant = reference.constant_current(charger)
    assert instance.anchors is not None
    assert charger.minutes(constant) == pytest.approx(instance.anchors.baseline, rel=1e-9)
    assert charger.room(constant) >= 0 > charger.room(constant + 2e-4)


def test_a_round_of_the_reference_improves_and_keeps_every_limit() -> None:
    charger = reference.Charger.of(DEV[2].public)
    start = reference.eased(charger, np.linspace(1.2, 0.5, KNOTS))
    better = reference.improve(charger, start, rounds=1)
    assert charger.minutes(better) < charger.minutes(start) - 1
    assert charger.room(better) >= 0


def test_without_pybamm_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pybamm", None)
    with pytest.raises(MissingExtra, match=re.escape("pip install 'journeyman[tasks]'")):
        spme.import_pybamm()


def test_fresh_instances_are_repeatable_and_in_range() -> None:
    line = generator.generate(5)
    public = line["public"]
    assert generator.public_part(5, public["ambient_c"], public["cooling_w_k"]) == public
    assert generator.public_part(6, public["ambient_c"], public["cooling_w_k"]) != public
    anchors = line["anchors"]
    assert anchors["reference"] == anchors["bound"] == pytest.approx(21.0)
    assert anchors["baseline"] > anchors["bound"]
    assert set(line["public"]) == set(DEV[0].public)


# --- what a candidate and its author see --------------------------------------------------------------------------


def solver(text: str) -> Any:
    module: dict[str, Any] = {}
    exec(compile(text, "candidate", "exec"), module)
    return module["solve"]


@pytest.mark.parametrize("instance", ALL, ids=lambda i: i.name)
def test_the_seed_is_feasible_and_gives_feedback(instance: Instance) -> None:
    outcome = score(instance, solver(TASK.seed.text(TASK.main))(instance.public))
    assert outcome.status is Status.OK, outcome.feedback
    assert len(outcome.feedback) < 500
    assert "Least room to the limits" in outcome.feedback


@pytest.mark.parametrize("seed", range(6))
def test_the_seed_returns_permitted_currents_wherever_its_numbers_are_tuned(seed: int) -> None:
    rng = random.Random(seed)
    tuned, count = re.subn(
        r"= -?[\d.]+  # tune: (-?[\d.]+) \.\. (-?[\d.]+)",
        lambda found: f"= {rng.uniform(float(found[1]), float(found[2]))}",
        TASK.seed.text(TASK.main),
    )
    assert count == 9
    for instance in DEV:
        current = solver(tuned)(instance.public)["current_c"]
        assert len(current) == KNOTS
        assert all(0.05 <= c <= 2.0 for c in current)


def test_the_worked_example_of_the_statement_holds() -> None:
    given_cell, design = (json.loads(text) for text in re.findall(r"```json\n(.*?)\n```", TASK.statement, re.S))
    instance = next(i for i in DEV if i.public["ambient_c"] == 24)
    assert flat(instance.public) == pytest.approx(flat(instance.public | given_cell), rel=1e-12)
    assert next(name for name in instance.public if name not in given_cell) == "voltage_max_v"
    outcome = score(instance, design)
    assert outcome.objective == pytest.approx(84.0)
    values = {name: metric.value for name, metric in outcome.metrics.items()}
    assert round(values["highest_voltage"], 4) == 4.1832
    assert round(values["lowest_anode_potential"], 1) == 23.0
    assert round(values["highest_temperature"], 2) == 27.96
    refused = score(instance, {"current_c": [1.0] * KNOTS})
    assert refused.status is Status.INFEASIBLE
    assert "falls below 10 mV from 66.0 %" in refused.feedback
    assert "by 17.78 mV, worst at 80.0 %; also broken: voltage" in refused.feedback


def test_the_statement_states_limits_tolerances_and_every_key() -> None:
    text = TASK.statement
    assert f"{TASK.limits.memory_mb} MB" in text
    assert f"{TASK.limits.wall_s:g} s of wall time" in text
    assert f"tolerance {1e3 * VOLTAGE_TOLERANCE_V:g} mV" in text
    assert f"tolerance {1e3 * ANODE_TOLERANCE_V:g} mV" in text
    assert f"tolerance {TEMPERATURE_TOLERANCE_K:g} K" in text
    assert all(f"`{key}`" in text for key in DEV[0].public)


def test_pictures_show_what_was_charged_even_where_a_limit_is_broken() -> None:
    from matplotlib import image

    for current in (0.5, 1.2):
        pictures = draw(DEV[1], {"current_c": [current] * KNOTS})
        height, width, _ = image.imread(io.BytesIO(pictures["charge.png"])).shape
        assert (width, height) == (1100, 860)
    assert draw(DEV[1], {"current_c": [9.0] * KNOTS}) == {}


def test_pybamm_is_told_to_send_nothing_before_it_is_imported(tmp_path: Path) -> None:
    """A fresh process with another home: no prompt, no file written there, no client of the telemetry service."""
    code = (
        "from journeyman.tasks.control.battery_fast_charging.spme import import_pybamm\n"
        "pybamm = import_pybamm()\n"
        "print(type(pybamm.telemetry._posthog).__name__, pybamm.telemetry._posthog.disabled)\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYBAMM", "PYTEST", "CI", "XDG"))}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment | {"HOME": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["MockTelemetry", "True"]
    assert not [path for path in tmp_path.rglob("*") if "pybamm" in str(path)]


# --- controls -----------------------------------------------------------------------------------------------------

BROKEN = {
    "infeasible": "also broken: voltage and anode",
    "infeasible_voltage": "the terminal voltage exceeds 4.2 V",
    "malformed": "28 numbers",
    "malformed_huge": "lies outside",
    "malformed_negative": "lies outside",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_controls_are_refused_for_their_own_reason(name: str) -> None:
    solve = solver(control_candidate(TASK, name).text(TASK.main))
    outcome = score(DEV[2], solve(DEV[2].public))
    assert outcome.status is Status.INFEASIBLE
    assert BROKEN[name] in outcome.feedback


def test_the_near_infeasible_control_passes_one_limit_by_a_fraction_of_a_millivolt() -> None:
    solve = solver(control_candidate(TASK, "near_infeasible").text(TASK.main))
    for instance in DEV:
        outcome = score(instance, solve(instance.public))
        assert outcome.status is Status.INFEASIBLE
        past = float(re.findall(r"by ([\d.]+) mV", outcome.feedback)[0])
        assert 0.2 < past < 1.0
        less = [0.999 * c for c in solve(instance.public)["current_c"]]
        assert score(instance, {"current_c": [c * 0.99 for c in less]}).status is Status.OK


def mean_score(name: str, instances: Any = DEV) -> float:
    solve = solver(control_candidate(TASK, name).text(TASK.main) if name != "seed" else TASK.seed.text(TASK.main))
    scores = []
    for instance in instances:
        outcome, anchors = score(instance, solve(instance.public)), instance.anchors
        assert outcome.objective is not None, outcome.feedback
        assert anchors is not None
        scores.append((anchors.baseline - outcome.objective) / (anchors.baseline - anchors.reference))
    return sum(scores) / len(scores)


def test_controls_form_a_ladder_from_a_crawl_to_the_oracle() -> None:
    trivial, seed, tuned, oracle = (mean_score(name, DEV[1:2]) for name in ("trivial", "seed", "tuned", "oracle"))
    assert trivial < -0.5 < seed < 0.3 < tuned < 0.93 < oracle < 1


def test_what_was_tuned_on_dev_carries_over_to_other_cells() -> None:
    assert mean_score("tuned", HELD_OUT) > mean_score("seed", HELD_OUT) + 0.3


def test_room_is_reported_in_the_unit_of_its_limit() -> None:
    low = nearest(LIMITS, made(4.15, 0.02, 44.0))
    assert [(n.name, round(n.room, 6)) for n in low] == [("voltage", 0.05), ("anode", 0.01), ("temperature", 1.0)]
    assert isinstance(low[0], Nearest)
