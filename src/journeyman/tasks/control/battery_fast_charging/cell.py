"""The cell on its datasheet: what is given, in SI units, and the open-circuit potentials of its two electrodes.

The cell is a cylindrical 21700 of the LG M50 kind, graphite against NMC 811, with the parameters of

S. E. J. O'Kane, W. Ai, G. Madabattula et al.: Lithium-ion battery degradation: how to model it. Physical Chemistry Chemical
Physics 24 (2022) 7909-7922 (the set "OKane2022" of PyBaMM), and the potentials fitted by C.-H. Chen, F. Brosa Planella et
al.: Development of experimental techniques for parameterization of multi-scale lithium-ion battery models. Journal of the
Electrochemical Society 167 (2020) 080534.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FARADAY = 96485.33212  # C/mol
GAS = 8.314462618  # J/(mol K)
ZERO_CELSIUS = 273.15  # K

# Of the cell's design, equal for every instance; lengths in m, areas in m2, concentrations in mol/m3.
AREA = 0.065 * 1.58
LENGTH_N, LENGTH_S, LENGTH_P = 8.52e-5, 1.2e-5, 7.56e-5
RADIUS_N, RADIUS_P = 5.86e-6, 5.22e-6
POROSITY_N, POROSITY_S, POROSITY_P = 0.25, 0.47, 0.335
MOST_N, MOST_P = 33133.0, 63104.0  # largest lithium concentrations of the two active materials
SALT = 1000.0  # of the electrolyte at rest
CONDUCTIVITY_N, CONDUCTIVITY_P = 215.0, 0.18  # S/m, of the solid
TRANSFERENCE = 0.2594  # of lithium in the electrolyte
VOLUME = 2.42e-5  # m3, the whole can
SURFACE = 5.31e-3  # m2, the can's cooled surface

# Between these the state of charge is raised.
SOC_FIRST, SOC_LAST = 0.1, 0.8


@dataclass(frozen=True)
class Cell:
    """One cell and its surroundings: the keys of an instance's public part that the model needs."""

    ambient_c: float
    """Ambient and initial temperature, degrees Celsius."""
    capacity_ah: float
    """Charge between 0 % and 100 %."""
    stoichiometry_n: tuple[float, float]
    """Lithium in graphite at 0 % and 100 %, as a share of the most it holds."""
    stoichiometry_p: tuple[float, float]
    active_fraction_n: float
    """Volume share of active material."""
    active_fraction_p: float
    diffusivity_n: float
    """Of lithium in the particles at 25 C, m2/s."""
    diffusivity_p: float
    kinetics_n: float
    """Factor of the exchange current density at 25 C, A/m2 (m3/mol)^1.5."""
    kinetics_p: float
    salt_diffusivity_factor: float
    salt_conductivity_factor: float
    contact_resistance_ohm: float
    cooling_w_k: float
    heat_capacity_j_k: float

    @classmethod
    def of(cls, public: dict[str, Any]) -> Cell:
        """From an instance's public part."""
        known = {field.name: public[field.name] for field in fields(cls)}
        pairs = {name: tuple(known[name]) for name in ("stoichiometry_n", "stoichiometry_p")}
        return cls(**{**known, **pairs})

    def stoichiometries(self, soc: float) -> tuple[float, float]:
        """Lithium in the two electrodes at rest, as shares of the most they hold, at `soc` in 0..1."""
        (n0, n1), (p0, p1) = self.stoichiometry_n, self.stoichiometry_p
        return n0 + soc * (n1 - n0), p0 + soc * (p1 - p0)


def potential_n(x: Any) -> Any:
    """Graphite against lithium, V, at the stoichiometry x in 0..1 (Chen et al. 2020, equation 9)."""
    return (
        1.9793 * np.exp(-39.3631 * x)
        + 0.2482
        - 0.0909 * np.tanh(29.8538 * (x - 0.1234))
        - 0.04478 * np.tanh(14.9159 * (x - 0.2769))
        - 0.0205 * np.tanh(30.4444 * (x - 0.6103))
    )


def potential_p(y: Any) -> Any:
    """NMC 811 against lithium, V, at the stoichiometry y in 0..1 (Chen et al. 2020, equation 8)."""
    return (
        -0.8090 * y
        + 4.4875
        - 0.0428 * np.tanh(18.5138 * (y - 0.5542))
        - 17.7326 * np.tanh(15.7890 * (y - 0.3117))
        + 17.5842 * np.tanh(15.9308 * (y - 0.3120))
    )


def salt_conductivity(c: Any) -> Any:
    """Of LiPF6 in EC:EMC 3:7 at 25 C, S/m, at c mol/m3 (Nyman, Behm, Lindbergh 2008)."""
    m = c / 1000
    return 0.1297 * m**3 - 2.51 * m**1.5 + 3.329 * m


def salt_diffusivity(c: Any) -> Any:
    """Of LiPF6 in EC:EMC 3:7 at 25 C, m2/s, at c mol/m3 (Nyman, Behm, Lindbergh 2008)."""
    m = c / 1000
    return 8.794e-11 * m**2 - 3.972e-10 * m + 4.862e-10


# Activation energies, J/mol, about 25 C (O'Kane et al. 2022).
ACTIVATION_DIFFUSION_N, ACTIVATION_DIFFUSION_P = 30300.0, 25000.0
ACTIVATION_KINETICS_N, ACTIVATION_KINETICS_P = 35000.0, 17800.0
ACTIVATION_SALT = 17000.0


def arrhenius(energy: float, kelvin: Any) -> Any:
    """The factor by which a rate with activation `energy` (J/mol) differs from its value at 25 C."""
    return np.exp(energy / GAS * (1 / 298.15 - 1 / kelvin))
