# EVOLVE-BLOCK-START
"""Sections of a lattice tower from assumed distributions of strength, scaled up until every check holds."""

import numpy as np

# Strength asked of a group at the top of the tower, as a share of what is asked at its foot, and how it grows between:
# 1 in proportion to the depth below the top, larger values later.
LEG_TOP = 1.0  # tune: 0.02 .. 1.0
LEG_GROWTH = 1.0  # tune: 0.3 .. 3.0
DIAGONAL_TOP = 1.0  # tune: 0.1 .. 2.0
HORIZONTAL_TOP = 1.0  # tune: 0.1 .. 2.0

# The thinnest walls allowed, as diameter over thickness: slender walls buckle later for their weight, and catch more wind.
LEG_WALL = 26.0  # tune: 10.0 .. 45.0
BRACE_WALL = 26.0  # tune: 10.0 .. 45.0

# How much more strength legs and diagonals get where the top moves too far: exponents on the excess.
LEG_STIFFENING = 0.8  # tune: 0.1 .. 2.0
DIAGONAL_STIFFENING = 0.8  # tune: 0.0 .. 2.0

# Strength asked for at least, as a share of what the analysis asks for: below 1 the passes have to find out.
RESERVE = 1.0  # tune: 0.7 .. 1.1


def solve(instance):
    tower = read(instance)
    kinds = tower["kinds"]
    shape = shapes(tower)
    demand = dict.fromkeys(kinds, 0.0)
    stiffening = dict.fromkeys(kinds, 1.0)
    section = choose(tower, dict.fromkeys(kinds, 0.0 * shape))
    for _ in range(30):
        force, use, deflection = analyse(tower, section)
        if max(use.max(), deflection) <= 1.0:
            break
        # The scale of each kind's distribution that covers the forces in all its members.
        for kind in kinds:
            of_kind = tower["kind_of_member"] == kind
            asked = (np.abs(force) / shape[tower["group"]])[of_kind].max()
            demand[kind] = max(demand[kind], RESERVE * asked)
            if use[of_kind].max() > 1.0:
                demand[kind] *= 1.03
        if deflection > 1.0:
            stiffening["leg"] *= 1.01 * deflection**LEG_STIFFENING
            if "diagonal" in stiffening:
                stiffening["diagonal"] *= deflection**DIAGONAL_STIFFENING
        section = choose(tower, {kind: demand[kind] * stiffening[kind] * shape for kind in kinds})
    else:
        # Not found in time: the heaviest section everywhere carries every tower of this kind.
        section = np.full(len(tower["group_kind"]), len(tower["area"]) - 1)
    return {"section": [int(s) for s in section]}


def shapes(tower):
    """Strength asked of each group relative to the foot of the tower."""
    depth = tower["depth"]
    shape = np.ones(len(depth))
    for kind, top, growth in (
        ("leg", LEG_TOP, LEG_GROWTH),
        ("diagonal", DIAGONAL_TOP, 1.0),
        ("horizontal", HORIZONTAL_TOP, 1.0),
    ):
        of_kind = tower["group_kind"] == kind
        shape[of_kind] = top + (1.0 - top) * depth[of_kind] ** growth
    return shape


def choose(tower, strength):
    """The lightest section for each group that is strong enough; legs from the top downwards, as wide as what they hold."""
    width, area = tower["width"], tower["area"]
    section = np.zeros(len(tower["group_kind"]), dtype=int)
    for g in np.concatenate([tower["bracing"], tower["legs_downwards"]]):
        kind = tower["group_kind"][g]
        fits = tower["slender_enough"][g] & (tower["resistance"][g] >= strength[kind][g])
        if kind == "leg":
            fits = fits & (width / tower["wall"] <= LEG_WALL) & (width >= max(width[section[tower["beside"][g]]]))
        else:
            fits = fits & (width / tower["wall"] <= BRACE_WALL)
        section[g] = fits.argmax() if fits.any() else len(area) - 1
    return section


def read(instance):
    """Arrays from the instance, in m, N and Pa; groups with what must not be wider than they are."""
    nodes = np.array(instance["nodes_m"])
    members = np.array(instance["members"])
    ends, group = members[:, :2], members[:, 2]
    group_kind = np.array(instance["groups"])
    kind_of_member = group_kind[group]
    span = nodes[ends[:, 1]] - nodes[ends[:, 0]]
    length = np.sqrt((span**2).sum(axis=1))
    width, wall = np.array(instance["sections_mm"]).T / 1e3
    area = np.pi * (width - wall) * wall
    radius = np.sqrt(width**2 + (width - 2 * wall) ** 2) / 4

    steel = instance["steel"]
    modulus, strength = 1e9 * steel["modulus_gpa"], 1e6 * steel["yield_mpa"]
    buckling_length = length * np.array([instance["effective_length"][k] for k in kind_of_member])
    limit = np.array([instance["slenderness_limit"][k] for k in kind_of_member])
    ratio = buckling_length[:, None] / radius
    relative = ratio / (np.pi * np.sqrt(modulus / strength))
    phi = 0.5 * (1 + steel["imperfection"] * (relative - 0.2) + relative**2)
    chi = np.minimum(1.0, 1 / (phi + np.sqrt(np.maximum(phi**2 - relative**2, 0.0))))
    compression = np.where(relative <= 0.2, 1.0, chi) * area * strength / steel["gamma_m1"]
    tension = area * strength / steel["gamma_m0"]

    groups = range(len(group_kind))
    middle = nodes[ends, 2].mean(axis=1)
    height = np.array([middle[group == g].mean() for g in groups])
    legs = [g for g in groups if group_kind[g] == "leg"]
    # At a node no bracing is wider than a leg, and no leg wider than the leg that comes from below.
    beside = {g: [g] for g in legs}
    for leg in np.flatnonzero(kind_of_member == "leg"):
        low, high = sorted(ends[leg], key=lambda node: nodes[node, 2])
        for m in np.flatnonzero((ends == low).any(axis=1) | (ends == high).any(axis=1)):
            at_top = high in ends[m]
            if kind_of_member[m] != "leg" or (at_top and group[m] != group[leg]):
                beside[group[leg]].append(group[m])
    return {
        "instance": instance, "nodes": nodes, "ends": ends, "group": group, "group_kind": group_kind,
        "kinds": sorted(set(instance["groups"])), "kind_of_member": kind_of_member,
        "length": length, "axis": span / length[:, None], "middle": middle,
        "width": width, "wall": wall, "area": area, "modulus": modulus,
        "compression": compression, "tension": tension,
        "resistance": np.array([np.minimum(compression, tension)[group == g].min(axis=0) for g in groups]),
        "slender_enough": np.array([(ratio <= limit[:, None])[group == g].all(axis=0) for g in groups]),
        "depth": 1.0 - (height - height.min()) / (height.max() - height.min()),
        "bracing": [g for g in groups if group_kind[g] != "leg"],
        "legs_downwards": sorted(legs, key=lambda g: -height[g]),
        "beside": {g: sorted(set(there)) for g, there in beside.items()},
    }  # fmt: skip


def analyse(tower, section):
    """Largest force of each member (absolute), its largest utilisation, and top deflection over its limit."""
    instance, ends, length, axis = tower["instance"], tower["ends"], tower["length"], tower["axis"]
    tube = section[tower["group"]]
    area, width = tower["area"][tube], tower["width"][tube]
    nodes = tower["nodes"]
    rigidity = tower["modulus"] * area / length

    # Stiffness: each member adds the same 3 x 3 block with a plus at its ends and a minus between them.
    block = rigidity[:, None, None] * axis[:, :, None] * axis[:, None, :]
    stiffness = np.zeros((len(nodes), 3, len(nodes), 3))
    for a, b, sign in ((0, 0, 1), (1, 1, 1), (0, 1, -1), (1, 0, -1)):
        np.add.at(stiffness, (ends[:, a], slice(None), ends[:, b]), sign * block)
    loads = np.array([load(tower, case, area, width) for case in instance["cases"]])

    free = np.ones(nodes.shape, dtype=bool)
    free[instance["supports"]] = False
    free = free.ravel()
    moved = np.zeros((len(loads), nodes.size))
    matrix = stiffness.reshape(nodes.size, nodes.size)[np.ix_(free, free)]
    moved[:, free] = np.linalg.solve(matrix, loads.reshape(len(loads), -1)[:, free].T).T
    moved = moved.reshape(loads.shape)

    force = rigidity * ((moved[:, ends[:, 1]] - moved[:, ends[:, 0]]) * axis).sum(axis=2)
    strength = np.array([case["check"] == "strength" for case in instance["cases"]])
    row = np.arange(len(tube))
    use = np.maximum(force / tower["tension"][tube], -force / tower["compression"][row, tube])[strength]
    top = moved[~strength][:, instance["top"], :2]
    deflection = 1e3 * np.sqrt((top**2).sum(axis=2)).max() / instance["deflection_limit_mm"]
    return np.abs(force[strength]).max(axis=0), use.max(axis=0), deflection


def load(tower, case, area, width):
    """Nodal loads of a case in N: half of what acts on a member goes to either end."""
    instance, length, axis, nodes = tower["instance"], tower["length"], tower["axis"], tower["nodes"]
    weight = 9.81 * case["dead"]
    ice = case["ice_mm"] / 1e3
    angle = np.radians(case["direction_deg"])
    wind = np.array([np.cos(angle), np.sin(angle), 0.0])
    across = wind - (axis @ wind)[:, None] * axis
    drag = case["wind"] * instance["wind"]["drag"] * pressure(instance["wind"], tower["middle"]) * (width + 2 * ice)
    on_member = (drag * length * np.sqrt((across**2).sum(axis=1)))[:, None] * across
    density = instance["steel"]["density_kg_m3"]
    on_member[:, 2] -= weight * length * (density * area + 900.0 * np.pi * ice * (width + ice))
    total = np.zeros(nodes.shape)
    np.add.at(total, tower["ends"][:, 0], on_member / 2)
    np.add.at(total, tower["ends"][:, 1], on_member / 2)
    for node, mass, drag_area in instance["equipment"]:
        total[node] += case["wind"] * drag_area * pressure(instance["wind"], nodes[node, 2]) * wind
        total[node, 2] -= weight * mass
    for node, *pull in case["pulls_kn"]:
        total[node] += 1e3 * np.array(pull)
    return total


def pressure(wind, height):
    """Peak velocity pressure in Pa."""
    logarithm = np.log(np.maximum(height, wind["min_height_m"]) / wind["roughness_m"])
    mean = 0.19 * (wind["roughness_m"] / 0.05) ** 0.07 * logarithm * wind["basic_speed_m_s"]
    return (1 + 7 / logarithm) * 0.5 * wind["air_density_kg_m3"] * mean**2


# EVOLVE-BLOCK-END
