"""Every check on a design: one number for each, at most 1 (plus a tolerance) where it is met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from journeyman.tasks.physical.lattice_tower.buckling import nondimensional, reduction
from journeyman.tasks.physical.lattice_tower.tower import Tower

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

# Utilisations may exceed 1 by this: room for rounding, no more.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Report:
    """What an analysis says of a design; c load cases, m members, n nodes.

    `force` (c, m) in N, tension positive; `resistance` (m,) in N, in compression; `moved` (c, n, 3) in m; `member` (c, m):
    utilisation of the members in the strength cases, zero in the others; `slender` (m,): slenderness over its limit;
    `deflection` (c,): top deflection over its limit in the service cases, zero in the others.
    """

    mass_kg: float
    force: Array
    resistance: Array
    moved: Array
    member: Array
    slender: Array
    deflection: Array

    @property
    def worst(self) -> float:
        """The largest utilisation of all."""
        return float(max(self.member.max(), self.slender.max(), self.deflection.max()))

    @property
    def passes(self) -> bool:
        """Whether every utilisation is within its limit."""
        return self.worst <= 1 + TOLERANCE


def slenderness(tower: Tower, section: Integers) -> Array:
    """k L / i of every member over its limit, (m,)."""
    return np.asarray(
        tower.effective_length / tower.radius[section][tower.group] / tower.slenderness_limit
    )


def too_wide(tower: Tower, section: Integers) -> tuple[int, int] | None:
    """The first pair of groups (a, b) in which a is wider than b and must not be; None if all are in order."""
    width = tower.outside[section]
    return next(((a, b) for a, b in tower.not_wider if width[a] > width[b]), None)


def assess(tower: Tower, section: Integers) -> Report:
    """Analyse a design: `section` has a valid section number for each group."""
    tube = section[tower.group]
    area = tower.area[tube]
    rigidity = tower.modulus_pa * area
    moved = tower.truss.displacements(rigidity, tower.nodal_loads(section))
    force = tower.truss.forces(rigidity, moved)

    relative = nondimensional(
        tower.effective_length, tower.radius[tube], tower.yield_pa, tower.modulus_pa
    )
    squash = area * tower.yield_pa
    resistance = reduction(relative, tower.imperfection) * squash / tower.safety_buckling
    member = np.maximum(force, 0) / (squash / tower.safety_yield) + np.maximum(-force, 0) / resistance
    sideways = np.hypot(moved[:, tower.top, 0], moved[:, tower.top, 1]).max(axis=1)
    return Report(
        mass_kg=tower.mass_kg(section),
        force=force,
        resistance=resistance,
        moved=moved,
        member=np.where(tower.strength[:, None], member, 0.0),
        slender=slenderness(tower, section),
        deflection=np.where(tower.strength, 0.0, sideways / tower.deflection_limit_m),
    )
