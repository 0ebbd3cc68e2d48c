"""Electric power of a multirotor from its thrust and its motion through the air: Glauert's momentum theory.

J. G. Leishman: Principles of Helicopter Aerodynamics, 2nd edition, Cambridge University Press 2006: chapter 2 (hover, climb
and descent, the inflow equation of forward flight), chapter 5 (profile power with 1 + 4.65 mu^2, induced power factor).

All arrays have one value for each instant. Thrust is N, speeds are m/s, powers are W.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from journeyman.tasks.control.uav_inspection.site import Drone
from journeyman.tasks.control.uav_inspection.spline import Array


class Power(NamedTuple):
    """Powers in W: at the shafts to move the aircraft along its thrust, for induced flow, for the blades' drag;
    `electric` is what the battery gives for all that and for the avionics."""

    useful: Array
    induced: Array
    profile: Array
    electric: Array


def induced_velocity(hover_squared: Array, axial: Array, edgewise: Array) -> Array:
    """The induced velocity v > 0 that solves v sqrt(edgewise^2 + (axial + v)^2) = hover_squared.

    `hover_squared` is thrust / (2 density area); `axial` is the aircraft's speed through the air along its thrust (negative
    where it sinks through the disk), `edgewise` the rest of that speed. Newton's steps, kept inside a bracket by bisection.
    Inside the limits of this task there is one solution (see the statement).
    """
    low = np.zeros_like(axial)
    # sqrt(edgewise^2 + (axial + v)^2) >= axial + v bounds v from above.
    high = -axial / 2 + np.sqrt(axial**2 / 4 + hover_squared)
    # Where the flow through the disk is downward, the left side is convex: Newton's steps from above go straight down to the
    # solution. Where the air comes up through the disk, the solution lies below -axial, and the start with it.
    upward = -axial * edgewise > hover_squared
    v = np.where(upward, np.minimum(hover_squared / np.maximum(edgewise, 1e-9), high), high)
    for _ in range(10):
        through = axial + v
        speed = np.sqrt(edgewise**2 + through**2) + 1e-300
        excess = v * speed - hover_squared
        high = np.where(excess > 0, v, high)
        low = np.where(excess > 0, low, v)
        slope = speed + v * through / speed
        newton = v - excess / np.where(slope > 0, slope, 1.0)
        inside = (slope > 0) & (newton >= low) & (newton <= high)
        v = np.where(inside, newton, (low + high) / 2)
    return v


def electric_power(drone: Drone, density: float, thrust: Array, air_velocity: Array) -> Power:
    """Powers for the thrust vectors (N x 3, N) of an aircraft that moves at `air_velocity` (N x 3, m/s) through the air.

    The blades' pitch is fixed and the thrust coefficient constant, so the tip speed follows the root of the thrust. No
    energy comes back from a rotor that the air drives: the electric power never falls below the avionics'.
    """
    size = np.sqrt(np.sum(thrust**2, axis=1))
    axial = np.sum(thrust * air_velocity, axis=1) / size
    edgewise = np.sqrt(np.maximum(np.sum(air_velocity**2, axis=1) - axial**2, 0.0))
    disk = density * drone.disk_area_m2
    tip = np.sqrt(size / (disk * drone.thrust_coefficient))
    useful = size * axial
    induced = drone.induced_factor * size * induced_velocity(size / (2 * disk), axial, edgewise)
    profile = drone.solidity * drone.blade_drag / 8 * disk * tip * (tip**2 + 4.65 * edgewise**2)
    shafts = np.maximum(useful + induced + profile, 0.0)
    return Power(useful, induced, profile, shafts / drone.efficiency + drone.avionics_w)
