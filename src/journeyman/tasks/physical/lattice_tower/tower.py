"""A tower as its instance describes it, and the loads on it as a function of the chosen tubes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journeyman.tasks.physical.lattice_tower import tubes
from journeyman.tasks.physical.lattice_tower.truss import Truss, truss_of
from journeyman.tasks.physical.lattice_tower.wind import Wind, cross_flow

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

GRAVITY_M_S2 = 9.81
ICE_DENSITY_KG_M3 = 900.0
LEG = "leg"


@dataclass(frozen=True)
class Loads:
    """Nodal loads in N of c cases, linear in the tubes: `given` (c, n, 3) comes from equipment and conductors; on either
    end of a member acts `alone` + `per_area` x area in m^2 + `per_width` x outside diameter in m, each (c, m, 3).
    """

    given: Array
    alone: Array
    per_area: Array
    per_width: Array


@dataclass(frozen=True)
class Tower:
    """Geometry, groups, catalogue and load cases of one instance; lengths in m, forces in N, stresses in Pa.

    `group` (m,) numbers a member's group; `kinds` names the kind of each group. `outside`, `wall`, `area`, `radius` (s,)
    describe the catalogue. `not_wider` holds pairs (a, b) of groups: tubes of a are not wider than those of b.
    """

    truss: Truss
    group: Integers
    kinds: tuple[str, ...]
    outside: Array
    wall: Array
    area: Array
    radius: Array
    effective_length: Array
    slenderness_limit: Array
    modulus_pa: float
    yield_pa: float
    density_kg_m3: float
    safety_yield: float
    safety_buckling: float
    imperfection: float
    case_names: tuple[str, ...]
    strength: NDArray[np.bool_]
    top: Integers
    deflection_limit_m: float
    loads: Loads
    not_wider: tuple[tuple[int, int], ...]
    touch: Array
    """(n, m): 1 where a node is an end of a member."""

    @property
    def groups(self) -> int:
        """Number of groups, the length of a design."""
        return len(self.kinds)

    @classmethod
    def of(cls, public: dict[str, Any]) -> Tower:
        """The tower of an instance's public part."""
        nodes = np.array(public["nodes_m"], dtype=float)
        members = np.array(public["members"], dtype=np.int64)
        ends, group = members[:, :2], members[:, 2]
        held = np.zeros(nodes.shape, dtype=bool)
        held[public["supports"]] = True
        truss = truss_of(nodes, ends, held)
        kinds = tuple(str(kind) for kind in public["groups"])
        of_member = [kinds[g] for g in group]
        outside, wall = np.array(public["sections_mm"], dtype=float).T / 1e3
        steel = public["steel"]
        touch = np.zeros((len(nodes), len(ends)))
        touch[ends[:, 0], np.arange(len(ends))] = touch[ends[:, 1], np.arange(len(ends))] = 1
        return cls(
            truss=truss,
            group=group,
            kinds=kinds,
            outside=outside,
            wall=wall,
            area=tubes.area(outside, wall),
            radius=tubes.gyration(outside, wall),
            effective_length=truss.length * np.array([public["effective_length"][k] for k in of_member]),
            slenderness_limit=np.array([float(public["slenderness_limit"][k]) for k in of_member]),
            modulus_pa=1e9 * steel["modulus_gpa"],
            yield_pa=1e6 * steel["yield_mpa"],
            density_kg_m3=steel["density_kg_m3"],
            safety_yield=steel["gamma_m0"],
            safety_buckling=steel["gamma_m1"],
            imperfection=steel["imperfection"],
            case_names=tuple(case["name"] for case in public["cases"]),
            strength=np.array([case["check"] == "strength" for case in public["cases"]]),
            top=np.array(public["top"], dtype=np.int64),
            deflection_limit_m=public["deflection_limit_mm"] / 1e3,
            loads=loads_of(public, truss),
            not_wider=width_order(nodes, ends, group, kinds),
            touch=touch,
        )

    def mass_kg(self, section: Integers) -> float:
        """Steel mass of a design, one section number for each group."""
        return float(self.density_kg_m3 * (self.area[section][self.group] * self.truss.length).sum())

    def nodal_loads(self, section: Integers) -> Array:
        """All loads (c, n, 3) in N on a tower with these sections."""
        tube = section[self.group]
        half = (
            self.loads.alone
            + self.loads.per_area * self.area[tube][:, None]
            + self.loads.per_width * self.outside[tube][:, None]
        )
        cases, members, _ = half.shape
        summed = self.touch @ half.transpose(1, 0, 2).reshape(members, 3 * cases)
        return np.asarray(self.loads.given + summed.reshape(-1, cases, 3).transpose(1, 0, 2))


def loads_of(public: dict[str, Any], truss: Truss) -> Loads:
    """The loads of every case: weight of steel, ice and equipment, wind on members and equipment, conductors."""
    site = public["wind"]
    wind = Wind(
        site["basic_speed_m_s"], site["roughness_m"], site["min_height_m"], site["air_density_kg_m3"], site["drag"]
    )  # fmt: skip
    cases, members = len(public["cases"]), len(truss.ends)
    given = np.zeros((cases, *truss.nodes.shape))
    alone, per_area, per_width = (np.zeros((cases, members, 3)) for _ in range(3))
    middle = truss.nodes[truss.ends, 2].mean(axis=1)
    for c, case in enumerate(public["cases"]):
        angle = np.radians(case["direction_deg"])
        direction = np.array([np.cos(angle), np.sin(angle), 0.0])
        weight = case["dead"] * GRAVITY_M_S2
        ice = case["ice_mm"] / 1e3
        half_length = truss.length / 2
        # Ice of thickness e on a tube of width D has the area pi e (D + e), and the wind meets D + 2 e.
        drag = case["wind"] * wind.drag * (wind.pressure_pa(middle) * half_length)[:, None]
        blown = drag * cross_flow(direction, truss.axis)
        per_area[c, :, 2] = -weight * public["steel"]["density_kg_m3"] * half_length
        per_width[c] = blown
        per_width[c, :, 2] -= weight * ICE_DENSITY_KG_M3 * np.pi * ice * half_length
        alone[c] = 2 * ice * blown
        alone[c, :, 2] -= weight * ICE_DENSITY_KG_M3 * np.pi * ice**2 * half_length
        for node, mass_kg, drag_area_m2 in public["equipment"]:
            pressure = wind.pressure_pa(truss.nodes[node, 2])
            given[c, node] += case["wind"] * pressure * drag_area_m2 * direction
            given[c, node, 2] -= weight * mass_kg
        for node, *force_kn in case["pulls_kn"]:
            given[c, node] += 1e3 * np.array(force_kn)
    return Loads(given, alone, per_area, per_width)


def width_order(
    nodes: Array, ends: Integers, group: Integers, kinds: tuple[str, ...]
) -> tuple[tuple[int, int], ...]:
    """Pairs (a, b) of groups such that tubes of a may not be wider than those of b.

    At a node, no bracing is wider than any leg there, and no leg wider than a leg that comes from below.
    """
    at: dict[int, list[int]] = {}
    for member, pair in enumerate(ends):
        for node in pair:
            at.setdefault(int(node), []).append(member)
    pairs = set()
    for node, there in at.items():
        legs = [m for m in there if kinds[group[m]] == LEG]
        for leg in legs:
            other = ends[leg, 0] if ends[leg, 1] == node else ends[leg, 1]
            from_below = nodes[other, 2] < nodes[node, 2]
            for m in there:
                if kinds[group[m]] != LEG or (m != leg and from_below):
                    pairs.add((int(group[m]), int(group[leg])))
    return tuple(sorted((a, b) for a, b in pairs if a != b))
