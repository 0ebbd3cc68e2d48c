"""Fresh cells: the published one with its parameters scattered by up to 10 %, at some ambient temperature.

    python -m journeyman.tasks.control.battery_fast_charging.generate --seeds 1 2 3 > instances.jsonl

Capacity and the stoichiometries at 0 % and 100 % follow from the balance of the two electrodes, as in PyBaMM's electrode
state of health: 100 % is where the cell's open-circuit voltage is 4.2 V, 0 % where it is 2.5 V, and the lithium in both
electrodes together stays the same (P. Mohtat, S. Lee, J. B. Siegel, A. G. Stefanopoulou: Towards better estimability of
electrode-specific state of health. Journal of Power Sources 427 (2019) 101-111).
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from journeyman.tasks.control.battery_fast_charging import cell as published
from journeyman.tasks.control.battery_fast_charging.reference import Charger, bound_minutes, constant_current

# What a candidate may spend on one instance, as it is told; the same number as `cpu_s` in task.toml.
CPU_LIMIT_S = 5
LOWEST_C, HIGHEST_C = 0.05, 2.0
VOLTAGE_MAX_V, ANODE_MIN_V, TEMPERATURE_MAX_C = 4.2, 0.01, 45.0
EMPTY_V, FULL_V = 2.5, 4.2
# Lithium in the cell as published: concentrations of the charged state, mol/m3.
CHARGED_N, CHARGED_P = 29866.0, 17038.0
ACTIVE_N, ACTIVE_P = 0.75, 0.665

# (name, seed, ambient temperature in C, cooling in W/K) of the frozen instances.
DEV = (("cold-10", 1, 10.0, 0.08), ("mild-24", 2, 24.0, 0.06), ("hot-35", 23, 35.0, 0.14))
HELD_OUT = (
    ("cold-13", 11, 13.0, 0.07),
    ("cool-18", 12, 18.0, 0.1),
    ("mild-22", 13, 22.0, 0.07),
    ("warm-28", 14, 28.0, 0.09),
    ("hot-33", 15, 33.0, 0.13),
)


def electrode_charge(active: float, length: float, most: float) -> float:
    """Charge that an electrode's active material holds, A h."""
    return published.FARADAY * published.AREA * length * active * most / 3600


def balance(active_n: float, active_p: float) -> tuple[float, tuple[float, float], tuple[float, float]]:
    """Capacity in A h and the stoichiometries (0 %, 100 %) of both electrodes, from the volume shares of active material."""
    from scipy.optimize import brentq

    charge_n = electrode_charge(active_n, published.LENGTH_N, published.MOST_N)
    charge_p = electrode_charge(active_p, published.LENGTH_P, published.MOST_P)
    lithium = charge_n * CHARGED_N / published.MOST_N + charge_p * CHARGED_P / published.MOST_P

    def at_voltage(voltage: float) -> float:
        def missed(x: float) -> float:
            y = (lithium - charge_n * x) / charge_p
            return float(published.potential_p(y) - published.potential_n(x)) - voltage

        # y stays between 0.1 and 1 here, where the fit of the potential holds.
        low = max(1e-4, (lithium - charge_p) / charge_n)
        return float(brentq(missed, low, min(0.9999, (lithium - 0.1 * charge_p) / charge_n), xtol=1e-14))

    x0, x1 = at_voltage(EMPTY_V), at_voltage(FULL_V)
    y0, y1 = ((lithium - charge_n * x) / charge_p for x in (x0, x1))
    return charge_n * (x1 - x0), (x0, x1), (y0, y1)


def public_part(seed: int, ambient_c: float, cooling_w_k: float) -> dict[str, Any]:
    """The datasheet of a cell drawn from `seed`, at the given ambient temperature and cooling."""
    rng = np.random.default_rng([2026, seed % 2**64])

    def scattered(value: float, share: float = 0.1) -> float:
        return float(f"{value * rng.uniform(1 - share, 1 + share):.4g}")

    active_n, active_p = scattered(ACTIVE_N, 0.03), scattered(ACTIVE_P, 0.03)
    capacity, stoichiometry_n, stoichiometry_p = balance(active_n, active_p)
    return {
        "ambient_c": ambient_c,
        "cooling_w_k": cooling_w_k,
        "heat_capacity_j_k": scattered(60.0),
        "contact_resistance_ohm": scattered(0.002, 0.5),
        "diffusivity_n": scattered(3.3e-14),
        "diffusivity_p": scattered(4e-15),
        "kinetics_n": scattered(6.48e-7),
        "kinetics_p": scattered(3.42e-6),
        "salt_diffusivity_factor": scattered(1.0),
        "salt_conductivity_factor": scattered(1.0),
        "active_fraction_n": active_n,
        "active_fraction_p": active_p,
        "capacity_ah": capacity,
        "stoichiometry_n": list(stoichiometry_n),
        "stoichiometry_p": list(stoichiometry_p),
        "voltage_max_v": VOLTAGE_MAX_V,
        "anode_min_v": ANODE_MIN_V,
        "temperature_max_c": TEMPERATURE_MAX_C,
        "current_min_c": LOWEST_C,
        "current_max_c": HIGHEST_C,
        "length_n_m": published.LENGTH_N,
        "length_s_m": published.LENGTH_S,
        "length_p_m": published.LENGTH_P,
        "area_m2": published.AREA,
        "radius_n_m": published.RADIUS_N,
        "radius_p_m": published.RADIUS_P,
        "porosity_n": published.POROSITY_N,
        "porosity_s": published.POROSITY_S,
        "porosity_p": published.POROSITY_P,
        "most_n_mol_m3": published.MOST_N,
        "most_p_mol_m3": published.MOST_P,
        "conductivity_n_s_m": published.CONDUCTIVITY_N,
        "conductivity_p_s_m": published.CONDUCTIVITY_P,
        "salt_mol_m3": published.SALT,
        "transference": published.TRANSFERENCE,
        "cpu_limit_s": CPU_LIMIT_S,
    }


def generate(seed: int) -> dict[str, Any]:
    """One fresh instance line for any integer seed; equal seeds give equal lines.

    The baseline is that of all instances, the best constant current. The reference is the bound (the largest permitted
    current throughout), which no cell here can take, so scores on a fresh instance are far below those on a solved one.
    """
    rng = np.random.default_rng([seed % 2**64, 2027])
    public = public_part(seed, float(rng.integers(10, 36)), float(rng.integers(6, 15)) / 100)
    charger = Charger.of(public)
    bound = bound_minutes(public)
    return {
        "name": f"fresh-{seed}",
        "public": public,
        "hidden": {"seed": seed, "reference_kind": "bound"},
        "anchors": {"baseline": charger.minutes(constant_current(charger)), "reference": bound, "bound": bound},
    }


def frozen(split: tuple[tuple[str, int, float, float], ...]) -> list[dict[str, Any]]:
    """The frozen instances of a split, without anchors."""
    return [
        {"name": name, "public": public_part(seed, ambient, cooling), "hidden": {"seed": seed}}
        for name, seed, ambient, cooling in split
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Print fresh instance lines (JSON), anchored by a rule and a bound.")
    parser.add_argument(
        "--seeds", type=int, nargs="+", required=True, help="one instance for each of these integers"
    )
    for seed in parser.parse_args().seeds:
        print(json.dumps(generate(seed), separators=(",", ":")))


if __name__ == "__main__":
    main()
