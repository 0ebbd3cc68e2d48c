"""Masses: what the launcher can send on its way, what the tank can hold, and so what can be left at the Moon.

K. Tsiolkovsky's rocket equation m1 = m0 exp(-dv / c), with c = g0 Isp, for every burn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from journeyman.tasks.physical.lunar_landing.system import G0


@dataclass(frozen=True)
class Ship:
    """Launcher and ship of an instance, masses in kg.

    The launcher sends `launch_kg - launch_slope * C3` on an orbit of energy C3 (km^2/s^2).
    """

    launch_kg: float
    launch_slope: float
    isp_s: float
    dry_kg: float
    tank_kg: float
    consumables_kg_day: float


@dataclass(frozen=True)
class Budget:
    """The masses of a mission, kg. `launcher_kg` and `tank_limit_kg`: the departure masses that launcher and tank allow."""

    payload: float
    departure: float
    launcher_kg: float
    tank_limit_kg: float
    propellant_out: float
    propellant_home: float
    consumables: float
    dry: float

    @property
    def limited_by_tank(self) -> bool:
        """Whether the tank, not the launcher, limits the mass at departure."""
        return self.tank_limit_kg < self.launcher_kg


def masses(ship: Ship, c3: float, out_m_s: float, home_m_s: float, days: float) -> Budget:
    """The largest payload for burns of `out_m_s` in all up to lunar orbit and `home_m_s` in all from there on.

    The payload leaves the ship in lunar orbit between the two. Consumables, or the waste they become, stay on board to
    the end. The ship departs as heavy as launcher and tank allow, with just the propellant that it needs.
    """
    c = G0 * ship.isp_s
    consumables = ship.consumables_kg_day * days
    end = ship.dry_kg + consumables
    homeward = end * math.exp(home_m_s / c)
    kept = math.exp(-out_m_s / c)
    launcher = ship.launch_kg - ship.launch_slope * c3
    # Propellant departure * (1 - kept) + homeward - end must fit into the tank.
    room = ship.tank_kg - (homeward - end)
    tank = room / (1 - kept) if kept < 1 else math.copysign(math.inf, room)
    departure = min(launcher, tank)
    return Budget(
        payload=departure * kept - homeward,
        departure=departure,
        launcher_kg=launcher,
        tank_limit_kg=tank,
        propellant_out=departure * (1 - kept),
        propellant_home=homeward - end,
        consumables=consumables,
        dry=ship.dry_kg,
    )
