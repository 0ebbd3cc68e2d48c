"""Verdict on the sections of a tower: every limit is checked on an analysis of our own, then the steel is weighed."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from journeyman.tasks.physical.lattice_tower.assess import TOLERANCE, Report, assess, slenderness, too_wide
from journeyman.tasks.physical.lattice_tower.tower import Tower
from journeyman.verify import Instance, Metric, Outcome, as_design, feasible, infeasible

Integers = NDArray[np.int64]


class Design(msgspec.Struct):
    """What a candidate returns: one section number for each group."""

    section: list[int]


def read(tower: Tower, design: object) -> Integers | str:
    """The section numbers of a design, or what is wrong with them. Raises NotADesign for what is no list of integers."""
    section = as_design(design, Design).section
    if len(section) != tower.groups:
        return f"there are {len(section)} section numbers, there must be one for each of the {tower.groups} groups"
    last = len(tower.area) - 1
    for group, number in enumerate(section):
        if not 0 <= number <= last:
            return f"section[{group}] = {number} lies outside the catalogue, 0 to {last}"
    return np.array(section, dtype=np.int64)


def place(tower: Tower, group: int) -> str:
    """A group and its kind, for people."""
    return f"group {group} ({tower.kinds[group]})"


def score(instance: Instance, design: object) -> Outcome:
    """The steel mass in kg, or the first limit that is broken."""
    tower = Tower.of(instance.public)
    section = read(tower, design)
    if isinstance(section, str):
        return infeasible(section)
    fault = width_fault(tower, section) or slenderness_fault(tower, section)
    if fault is not None:
        return infeasible(fault)
    report = assess(tower, section)
    fault = member_fault(tower, report) or deflection_fault(tower, report)
    if fault is not None:
        return infeasible(fault)
    metrics = {
        "largest_member_utilisation": Metric(float(report.member.max())),
        "largest_slenderness_utilisation": Metric(float(report.slender.max())),
        "top_deflection": Metric(1e3 * tower.deflection_limit_m * float(report.deflection.max()), "mm"),
        **{f"{kind}_mass": Metric(mass, "kg") for kind, mass in mass_by_kind(tower, section).items()},
    }
    return feasible(report.mass_kg, metrics=metrics, feedback=describe(tower, section, report))


def width_fault(tower: Tower, section: Integers) -> str | None:
    """The first pair of groups whose widths are in the wrong order."""
    pair = too_wide(tower, section)
    if pair is None:
        return None
    wide, narrow = 1e3 * tower.outside[section[list(pair)]]
    return (
        f"{place(tower, pair[0])} is {wide:g} mm wide, {wide - narrow:.1f} mm wider than the {narrow:g} mm of "
        f"{place(tower, pair[1])}, to which it is joined"
    )


def slenderness_fault(tower: Tower, section: Integers) -> str | None:
    """The member that exceeds its slenderness limit most."""
    ratio = slenderness(tower, section)
    m = int(ratio.argmax())
    if ratio[m] <= 1 + TOLERANCE:
        return None
    limit = tower.slenderness_limit[m]
    return (
        f"member {m} of {place(tower, int(tower.group[m]))} has the slenderness {ratio[m] * limit:.1f}, above its limit of "
        f"{limit:g} by {100 * (ratio[m] - 1):.3g} %"
    )


def member_fault(tower: Tower, report: Report) -> str | None:
    """The member whose force exceeds its resistance most."""
    case, m = np.unravel_index(int(report.member.argmax()), report.member.shape)
    use = report.member[case, m]
    if use <= 1 + TOLERANCE:
        return None
    force = report.force[case, m] / 1e3
    groups = len({int(g) for g in tower.group[(report.member > 1 + TOLERANCE).any(axis=0)]})
    return (
        f"member {m} of {place(tower, int(tower.group[m]))} has {abs(force):.2f} kN of "
        f"{'tension' if force > 0 else 'compression'} under {tower.case_names[case]!r}, above its resistance of "
        f"{abs(force) / use:.2f} kN by {100 * (use - 1):.3g} %; overloaded groups: {groups}"
    )


def deflection_fault(tower: Tower, report: Report) -> str | None:
    """The service case in which the top moves farthest, if it moves too far."""
    case = int(report.deflection.argmax())
    use = float(report.deflection[case])
    if use <= 1 + TOLERANCE:
        return None
    limit = 1e3 * tower.deflection_limit_m
    return (
        f"the top moves sideways by {use * limit:.2f} mm under {tower.case_names[case]!r}, above the limit of {limit:g} mm "
        f"by {100 * (use - 1):.3g} %"
    )


def mass_by_kind(tower: Tower, section: Integers) -> dict[str, float]:
    """Steel mass in kg of each kind of member, in the order of the instance."""
    mass = tower.density_kg_m3 * tower.area[section][tower.group] * tower.truss.length
    of_group = np.bincount(tower.group, weights=mass, minlength=tower.groups)
    return {
        kind: float(sum(m for m, k in zip(of_group, tower.kinds, strict=True) if k == kind))
        for kind in dict.fromkeys(tower.kinds)
    }


def group_maxima(tower: Tower, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest of the members' values (m,) in each group."""
    largest = np.zeros(tower.groups)
    np.maximum.at(largest, tower.group, values)
    return largest


def describe(tower: Tower, section: Integers, report: Report) -> str:
    """Where the mass goes and what is how close to its limit; under 500 characters."""
    masses = ", ".join(f"{kind} {mass:.0f}" for kind, mass in mass_by_kind(tower, section).items())
    use = group_maxima(tower, report.member.max(axis=0))
    slender = group_maxima(tower, report.slender)
    case, m = np.unravel_index(int(report.member.argmax()), report.member.shape)
    both = np.maximum(use, slender)
    idle = np.argsort(both, kind="stable")[:3]
    by_slenderness = int(((slender > 0.9) & (slender > use)).sum())
    return (
        f"mass {report.mass_kg:.1f} kg ({masses}). Top deflection {100 * report.deflection.max():.1f} % of its limit. "
        f"Largest member utilisation {use.max():.3f}: {place(tower, int(tower.group[m]))} under {tower.case_names[case]!r}. "
        f"Governed by slenderness (over 0.9 and above strength): {by_slenderness} of {tower.groups} groups. "
        f"Least used: " + ", ".join(f"{place(tower, int(g))} {both[g]:.2f}" for g in idle) + "."
    )


def draw(instance: Instance, design: object) -> dict[str, bytes]:
    """The tower with its utilisations, `tower.png`; also of a design that breaks a limit, if its numbers are valid."""
    from journeyman.tasks.physical.lattice_tower.picture import picture

    tower = Tower.of(instance.public)
    section = read(tower, design)
    if isinstance(section, str):
        return {}
    return {"tower.png": picture(instance.name, tower, section)}
