"""The cell's model: PyBaMM's single-particle model with electrolyte and a lumped temperature, built once in a process.

S. G. Marquis, V. Sulzer, R. Timms, C. P. Please, S. J. Chapman: An asymptotic derivation of a single particle model with
electrolyte. Journal of the Electrochemical Society 166 (2019) A3693-A3706. V. Sulzer, S. G. Marquis, R. Timms, M. Robinson,
S. J. Chapman: Python Battery Mathematical Modelling (PyBaMM). Journal of Open Research Software 9 (2021) 14.

Every number that an instance may change is an input of the model, so one discretised model serves them all. The importing of
PyBaMM takes some seconds and happens on the first simulation, without telemetry and in silence.
"""

from __future__ import annotations

import functools
import logging
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from journeyman.errors import MissingExtra
from journeyman.tasks.control.battery_fast_charging.cell import (
    ACTIVATION_DIFFUSION_N,
    ACTIVATION_DIFFUSION_P,
    ACTIVATION_KINETICS_N,
    ACTIVATION_KINETICS_P,
    ACTIVATION_SALT,
    MOST_N,
    MOST_P,
    SOC_FIRST,
    SURFACE,
    VOLUME,
    ZERO_CELSIUS,
    Array,
    Cell,
    arrhenius,
    potential_n,
    potential_p,
    salt_conductivity,
    salt_diffusivity,
)
from journeyman.tasks.control.battery_fast_charging.profile import KNOTS, Profile

# Finite volumes: through each of electrode, separator, electrode, and along the radius of each particle.
ACROSS, ALONG_RADIUS = 15, 30
RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-6, 1e-7
SAMPLES = 10  # of every piece between two knots

# The integration ends where the cell is far outside every limit, before the model's equations lose their meaning.
STOP_V, STOP_ANODE_V, STOP_KELVIN, STOP_SALT = 4.6, -0.15, 360.0, 20.0

VOLTAGE = "Voltage [V]"
ANODE = "Negative electrode surface potential difference at separator interface [V]"
TEMPERATURE = "Volume-averaged cell temperature [K]"
SALT_AT_COLLECTOR = "Salt at the negative collector [mol.m-3]"
HEAT = "Heat [W]"


@dataclass(frozen=True)
class Trace:
    """A simulated charge at the times `seconds` (n,); every piece between knots is sampled, its two ends included.

    `salt` is the electrolyte's concentration (mol/m3) where it is least, at the negative collector; `heat_w` what the cell
    gives off inside, contact resistance included. `complete`: whether the charge came to its end.
    """

    seconds: Array
    voltage_v: Array
    anode_v: Array
    kelvin: Array
    salt: Array
    heat_w: Array
    complete: bool


def simulate(cell: Cell, profile: Profile) -> Trace | None:
    """The cell's charge from rest at 10 % with `profile`; None if the model has no solution even for its beginning."""
    return solve(model(), cell, profile)


@dataclass(frozen=True)
class Discretised:
    """A discretised PyBaMM model and its solver."""

    pybamm: Any
    model: Any
    solver: Any


@functools.cache
def model() -> Discretised:
    """The verifier's model; about a second of work after PyBaMM was imported."""
    return discretise("SPMe", ACROSS, ALONG_RADIUS, RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE)


def import_pybamm() -> Any:
    """PyBaMM, silent: it sends nothing, asks nothing and logs nothing. Raises MissingExtra where it is not installed."""
    # Read on import: without it PyBaMM asks for leave to send data on its first use, and may send some.
    os.environ["PYBAMM_DISABLE_TELEMETRY"] = "true"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import pybamm
        except ImportError:
            raise MissingExtra(
                "battery fast charging needs PyBaMM, which is not installed: pip install 'journeyman[tasks]'"
            ) from None
    pybamm.set_logging_level("CRITICAL")
    logging.getLogger("pybamm").setLevel(logging.CRITICAL)
    return pybamm


def discretise(
    name: str, across: int, along_radius: int, relative: float, absolute: float, wanted: tuple[str, ...] = ()
) -> Discretised:
    """PyBaMM's lithium-ion model `name` ("SPMe", or "DFN" for comparison) on a mesh, its inputs those of `inputs_of`."""
    pybamm = import_pybamm()
    chosen = {"thermal": "lumped", "contact resistance": "true", "use lumped thermal capacity": "true"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        built = getattr(pybamm.lithium_ion, name)(chosen)
        made = built.variables
        made[SALT_AT_COLLECTOR] = pybamm.boundary_value(made["Negative electrolyte concentration [mol.m-3]"], "left")
        made[HEAT] = made["Total heating [W]"] + made["Lumped contact resistance heating [W]"]
        built.events = [
            pybamm.Event("voltage", STOP_V - made[VOLTAGE]),
            pybamm.Event("anode", made[ANODE] - STOP_ANODE_V),
            pybamm.Event("temperature", STOP_KELVIN - made[TEMPERATURE]),
            pybamm.Event("salt", made[SALT_AT_COLLECTOR] - STOP_SALT),
        ]
        values = parameters(pybamm)
        geometry = built.default_geometry
        values.process_model(built)
        values.process_geometry(geometry)
        points = dict.fromkeys(("x_n", "x_s", "x_p"), across) | dict.fromkeys(("r_n", "r_p"), along_radius)
        mesh = pybamm.Mesh(geometry, built.default_submesh_types, points)
        pybamm.Discretisation(mesh, built.default_spatial_methods).process_model(built)
        outputs = [VOLTAGE, ANODE, TEMPERATURE, SALT_AT_COLLECTOR, HEAT, *wanted]
        solver = pybamm.IDAKLUSolver(rtol=relative, atol=absolute, output_variables=outputs)
    return Discretised(pybamm, built, solver)


def solve(discretised: Discretised, cell: Cell, profile: Profile) -> Trace | None:
    """As `simulate`, with a model of the caller's choice."""
    found = observe(discretised, cell, profile)
    if found is None:
        return None
    at, values = found
    voltage, anode, kelvin, salt, heat = values[:5]
    return Trace(at, voltage, anode, kelvin, salt, heat, complete=bool(at[-1] >= profile.seconds[-1] * (1 - 1e-9)))


def observe(discretised: Discretised, cell: Cell, profile: Profile) -> tuple[Array, list[Array]] | None:
    """The sampled times and every output of the solver at them; None if there is no solution."""
    pieces = np.linspace(profile.seconds[:-1], profile.seconds[1:], SAMPLES, endpoint=False, axis=1)
    at = np.append(pieces.ravel(), profile.seconds[-1])
    pybamm, solver = discretised.pybamm, discretised.solver
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            solution = solver.solve(
                discretised.model, at[[0, -1]], inputs=inputs_of(cell, profile), t_interp=at
            )
        except pybamm.SolverError:
            return None
        values = [np.asarray(solution[name].entries, dtype=float) for name in solver.output_variables]
    return np.asarray(solution.t, dtype=float), values


def inputs_of(cell: Cell, profile: Profile) -> dict[str, float]:
    """The model's inputs: the cell's numbers, and the current as a sum of ramps that begin at the knots."""
    n, p = cell.stoichiometries(SOC_FIRST)
    slopes = np.diff(profile.current_a) / np.diff(profile.seconds)
    bends = np.diff(slopes, prepend=0.0)
    found = {
        "diffusivity_n": cell.diffusivity_n, "diffusivity_p": cell.diffusivity_p,
        "kinetics_n": cell.kinetics_n, "kinetics_p": cell.kinetics_p,
        "salt_diffusivity": cell.salt_diffusivity_factor, "salt_conductivity": cell.salt_conductivity_factor,
        "active_n": cell.active_fraction_n, "active_p": cell.active_fraction_p,
        "lithium_n": n * MOST_N, "lithium_p": p * MOST_P,
        "contact": cell.contact_resistance_ohm, "cooling": cell.cooling_w_k / SURFACE,
        "heat_capacity": cell.heat_capacity_j_k / VOLUME, "ambient": cell.ambient_c + ZERO_CELSIUS,
        "current": float(profile.current_a[0]),
    }  # fmt: skip
    for k in range(KNOTS - 1):
        found[f"time_{k}"], found[f"bend_{k}"] = float(profile.seconds[k]), float(bends[k])
    return found


def parameters(pybamm: Any) -> Any:
    """The parameter set: OKane2022 with Chen's fit of graphite's potential, and inputs for what instances may change.

    The functions of concentration and temperature are written out in `cell`, as the statement gives them; a test holds them
    to the set's own.
    """
    given = pybamm.InputParameter

    def current(time: Any) -> Any:
        total = given("current")
        for k in range(KNOTS - 1):
            total = total + given(f"bend_{k}") * pybamm.maximum(time - given(f"time_{k}"), 0)
        return -total  # PyBaMM counts discharge as positive

    def scaled(name: str, energy: float) -> Callable[[Any, Any], Any]:
        return lambda _sto, kelvin: given(name) * arrhenius(energy, kelvin)

    def exchange(name: str, energy: float) -> Callable[[Any, Any, Any, Any], Any]:
        return lambda salt, surface, most, kelvin: (
            given(name) * arrhenius(energy, kelvin) * (salt * surface * (most - surface)) ** 0.5
        )

    def salt_property(name: str, function: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda salt, kelvin: given(name) * function(salt) * arrhenius(ACTIVATION_SALT, kelvin)

    values = pybamm.ParameterValues("OKane2022")
    values.update(
        {
            "Negative electrode OCP [V]": potential_n,
            "Positive electrode OCP [V]": potential_p,
            "Negative particle diffusivity [m2.s-1]": scaled("diffusivity_n", ACTIVATION_DIFFUSION_N),
            "Positive particle diffusivity [m2.s-1]": scaled("diffusivity_p", ACTIVATION_DIFFUSION_P),
            "Negative electrode exchange-current density [A.m-2]": exchange("kinetics_n", ACTIVATION_KINETICS_N),
            "Positive electrode exchange-current density [A.m-2]": exchange("kinetics_p", ACTIVATION_KINETICS_P),
            "Electrolyte diffusivity [m2.s-1]": salt_property("salt_diffusivity", salt_diffusivity),
            "Electrolyte conductivity [S.m-1]": salt_property("salt_conductivity", salt_conductivity),
            "Negative electrode active material volume fraction": given("active_n"),
            "Positive electrode active material volume fraction": given("active_p"),
            "Initial concentration in negative electrode [mol.m-3]": given("lithium_n"),
            "Initial concentration in positive electrode [mol.m-3]": given("lithium_p"),
            "Contact resistance [Ohm]": given("contact"),
            "Total heat transfer coefficient [W.m-2.K-1]": given("cooling"),
            "Cell heat capacity [J.K-1.m-3]": given("heat_capacity"),
            "Ambient temperature [K]": given("ambient"),
            "Initial temperature [K]": given("ambient"),
            "Current function [A]": current,
        },
        check_already_exists=False,
    )
    return values
