# EVOLVE-BLOCK-START
"""Charge with the largest current that a steady estimate of the cell allows at each state of charge."""

import numpy as np

# Currents, in C.
CAP_C = 0.75  # tune: 0.5 .. 2.0
FIRST_C = 0.75  # tune: 0.5 .. 2.0

# Room that is kept to the limits, for what the estimate misses.
ANODE_ROOM_MV = 28.0  # tune: -10.0 .. 40.0
ANODE_ROOM_FULL_MV = 26.0  # tune: -10.0 .. 40.0
VOLTAGE_ROOM_MV = 50.0  # tune: -30.0 .. 90.0
HEAT_ROOM_K = 2.0  # tune: 0.0 .. 5.0
# Seconds in which the cell may use up the heat it can still take.
HEAT_HORIZON_S = 600.0  # tune: 60.0 .. 2000.0

# Shares of the steady gradients in the particles and in the electrolyte that are counted.
PARTICLE_SHARE = 1.0  # tune: 0.5 .. 1.3
SALT_SHARE = 1.0  # tune: 0.5 .. 1.3

F, R = 96485.33212, 8.314462618


def potential_n(x):
    return (
        1.9793 * np.exp(-39.3631 * x) + 0.2482 - 0.0909 * np.tanh(29.8538 * (x - 0.1234))
        - 0.04478 * np.tanh(14.9159 * (x - 0.2769)) - 0.0205 * np.tanh(30.4444 * (x - 0.6103))
    )


def potential_p(y):
    return (
        -0.8090 * y + 4.4875 - 0.0428 * np.tanh(18.5138 * (y - 0.5542))
        - 17.7326 * np.tanh(15.7890 * (y - 0.3117)) + 17.5842 * np.tanh(15.9308 * (y - 0.3120))
    )


def estimate(g, soc, kelvin, c_rate):
    """Terminal voltage, anode potential (V) and heat (W) at steady gradients, for an array of C-rates."""
    amps = c_rate * g["capacity_ah"]
    density = amps / g["area_m2"]

    def warm(energy):
        return np.exp(energy / R * (1 / 298.15 - 1 / kelvin))

    # The electrolyte: salt is drained from the graphite side and heaped up on the other.
    lengths = [g[f"length_{k}_m"] for k in "nsp"]
    pores = [g[f"porosity_{k}"] for k in "nsp"]
    diffusivity = g["salt_diffusivity_factor"] * 1.77e-10 * warm(17000.0)
    flux = SALT_SHARE * (1 - g["transference"]) * density / F
    drop_n, drop_s, drop_p = (flux * length / (p**1.5 * diffusivity) for length, p in zip(lengths, pores, strict=True))
    # Above the concentration at the graphite side's edge: the means of the three layers.
    means = [-drop_n / 3, drop_s / 2, drop_s + drop_p / 3]
    held = [length * p for length, p in zip(lengths, pores, strict=True)]
    edge = g["salt_mol_m3"] - sum(m * h for m, h in zip(means, held, strict=True)) / sum(held)
    salt_n = np.maximum(edge + means[0], 10.0)
    salt_p = edge + means[2]
    edge = np.maximum(edge, salt_n)
    kappa = g["salt_conductivity_factor"] * 0.949 * warm(17000.0)
    ohm_n, ohm_s, ohm_p = (length / (kappa * p**1.5) for length, p in zip(lengths, pores, strict=True))
    ohm_n, ohm_p = ohm_n / 3, ohm_p / 3

    # The particles: lithium at their surface runs ahead of the mean.
    (n0, n1), (p0, p1) = g["stoichiometry_n"], g["stoichiometry_p"]
    jn = density * g["radius_n_m"] / (3 * g["active_fraction_n"] * lengths[0])
    jp = density * g["radius_p_m"] / (3 * g["active_fraction_p"] * lengths[2])
    ahead_n = jn * g["radius_n_m"] / (5 * F * g["diffusivity_n"] * warm(30300.0) * g["most_n_mol_m3"])
    ahead_p = jp * g["radius_p_m"] / (5 * F * g["diffusivity_p"] * warm(25000.0) * g["most_p_mol_m3"])
    x = np.clip(n0 + soc * (n1 - n0) + PARTICLE_SHARE * ahead_n, 0.001, 0.999)
    y = np.clip(p0 + soc * (p1 - p0) - PARTICLE_SHARE * ahead_p, 0.001, 0.999)

    thermal = R * kelvin / F
    j0n = g["kinetics_n"] * warm(35000.0) * np.sqrt(salt_n * x * (1 - x)) * g["most_n_mol_m3"]
    j0p = g["kinetics_p"] * warm(17800.0) * np.sqrt(salt_p * y * (1 - y)) * g["most_p_mol_m3"]
    on_n = potential_n(x) - 2 * thermal * np.arcsinh(jn / (2 * j0n))
    on_p = potential_p(y) + 2 * thermal * np.arcsinh(jp / (2 * j0p))
    chi = 2 * (1 - g["transference"]) * thermal
    anode = on_n - density * ohm_n - chi * np.log(edge / salt_n)
    voltage = on_p - on_n + density * (ohm_n + ohm_s + ohm_p) + chi * np.log(salt_p / salt_n)
    voltage = voltage + amps * g["contact_resistance_ohm"]
    return voltage, anode, amps * (voltage - potential_p(y) + potential_n(x))


def solve(instance):
    g = instance
    soc = np.linspace(0.1, 0.8, 29)
    kelvin = ambient = g["ambient_c"] + 273.15
    hottest = g["temperature_max_c"] + 273.15 - HEAT_ROOM_K
    top = min(CAP_C, g["current_max_c"])
    current = []
    for k in range(len(soc)):
        # From the first knot to the second the current goes over from its first value to the cap.
        highest = min(FIRST_C, top) if k == 0 else top
        c_rate = np.linspace(g["current_min_c"], highest, 200)
        voltage, anode, heat = estimate(g, soc[k], kelvin, c_rate)
        room = ANODE_ROOM_MV + (ANODE_ROOM_FULL_MV - ANODE_ROOM_MV) * k / 28
        takes = g["cooling_w_k"] * (kelvin - ambient) + g["heat_capacity_j_k"] * (hottest - kelvin) / HEAT_HORIZON_S
        kept = (
            (voltage <= g["voltage_max_v"] - VOLTAGE_ROOM_MV / 1000)
            & (anode >= g["anode_min_v"] + room / 1000)
            & (heat <= takes)
        )
        i = len(kept) - 1 if kept.all() else max(int(np.argmin(kept)) - 1, 0)
        current.append(float(c_rate[i]))
        # The temperature at the next knot, with this heat all the way.
        seconds = 0.025 * 3600 / c_rate[i]
        fade = np.exp(-seconds * g["cooling_w_k"] / g["heat_capacity_j_k"])
        kelvin = ambient + heat[i] / g["cooling_w_k"] * (1 - fade) + (kelvin - ambient) * fade
    return {"current_c": current}


# EVOLVE-BLOCK-END
