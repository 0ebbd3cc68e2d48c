"""The method behind the baseline anchor: one section for all legs, one for all diagonals, and so on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from journeyman.tasks.physical.lattice_tower.assess import TOLERANCE, assess, slenderness, too_wide
from journeyman.tasks.physical.lattice_tower.tower import Tower

Integers = NDArray[np.int64]


def feasible_design(tower: Tower, section: Integers) -> bool:
    """Whether a design keeps every limit."""
    if too_wide(tower, section) is not None or slenderness(tower, section).max() > 1 + TOLERANCE:
        return False
    return assess(tower, section).passes


def uniform(tower: Tower) -> Integers:
    """The lightest feasible uniform section of each kind, the other kinds held, kind after kind until nothing changes.

    It begins with the heaviest section everywhere; the legs come first. Raises ValueError if even that is not feasible.
    """
    kinds = sorted(set(tower.kinds), key=("leg", "diagonal", "horizontal", "plan").index)
    members = {kind: np.array([k == kind for k in tower.kinds]) for kind in kinds}
    section = np.full(tower.groups, len(tower.area) - 1)
    if not feasible_design(tower, section):
        raise ValueError("the heaviest section of the catalogue does not carry this tower")
    changed = True
    while changed:
        changed = False
        for kind in kinds:
            # Sections are numbered by area, so the first that holds is the lightest.
            for candidate in range(int(section[members[kind]][0])):
                trial = np.where(members[kind], candidate, section)
                if feasible_design(tower, trial):
                    section, changed = trial, True
                    break
    return section
