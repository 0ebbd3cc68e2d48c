# EVOLVE-BLOCK-START
"""Fully stressed design with a margin for the top's deflection, then a descent by one group at a time; nothing is stored."""

import numpy as np

PASSES = 25
ANALYSES = 220


def solve(instance):
    tower = read(instance)
    mass = np.array([tower["length"][tower["group"] == g].sum() for g in range(len(tower["group_kind"]))])
    mass = mass[:, None] * tower["area"]
    best = fully_stressed(tower, mass)
    section = descend(tower, mass, best)
    return {"section": [int(s) for s in section]}


def holds(tower, section):
    _, use, deflection = analyse(tower, section)
    return max(use.max(), deflection) <= 1.0


def fully_stressed(tower, mass):
    """The lightest feasible design met while each group takes the lightest tube for its present forces."""
    groups = range(len(tower["group_kind"]))
    leg = tower["kind_of_member"] == "leg"
    section = np.full(len(groups), 30)
    best, margin, stiffening = np.full(len(groups), len(tower["area"]) - 1), 1.0, 1.0
    for _ in range(PASSES):
        force, _, _ = analyse(tower, section)
        factor = np.where(leg, margin * stiffening, margin)
        pull = factor * np.maximum(force.max(axis=0), 0)
        push = factor * np.maximum(-force.min(axis=0), 0)
        carries = (tower["tension"] >= pull[:, None]) & (tower["compression"] >= push[:, None])
        fits = np.array([carries[tower["group"] == g].all(axis=0) for g in groups]) & tower["slender_enough"]
        section = np.zeros(len(groups), dtype=int)
        for g in [*tower["bracing"], *tower["legs_downwards"]]:
            widest = max(tower["width"][section[tower["beside"][g]]]) if g in tower["beside"] else 0.0
            possible = fits[g] & (tower["width"] >= widest)
            section[g] = possible.argmax() if possible.any() else len(tower["area"]) - 1
        _, use, deflection = analyse(tower, section)
        weight = mass[groups, section].sum()
        if max(use.max(), deflection) <= 1.0 and weight < mass[groups, best].sum():
            best = section
        margin *= 1.02 if use.max() > 1.0 else 0.99
        stiffening = max(1.0, stiffening * deflection)
    return best


def descend(tower, mass, section):
    """Take lighter tubes one group at a time, the smallest saving first, while analyses are left."""
    left = ANALYSES
    while left > 0:
        moves = sorted(
            (mass[g, section[g]] - mass[g, s], g, s)
            for g in range(len(section))
            for s in range(section[g])
            if tower["slender_enough"][g, s]
        )
        for _, g, s in moves:
            trial = section.copy()
            trial[g] = s
            if left > 0 and in_order(tower, trial):
                left -= 1
                if holds(tower, trial):
                    section = trial
                    break
        else:
            break
    return section


def in_order(tower, section):
    """Whether no group is wider than the leg beside it."""
    width = tower["width"][section]
    return all(width[there].max() <= width[leg] for leg, there in tower["beside"].items())


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
    """Forces in the strength cases, the largest utilisation of each member, and top deflection over its limit."""
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
    return force[strength], use.max(axis=0), deflection


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
