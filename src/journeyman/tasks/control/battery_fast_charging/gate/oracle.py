# EVOLVE-BLOCK-START
"""Ride the limits with an SPMe of one's own: at every knot the largest current that the model still allows.

The model is that of the statement, on a coarse mesh with implicit steps. Several caps of the current are tried, since what
is gained by a strong beginning may be lost later; the quickest ride is returned. Knows nothing that a candidate may not.
"""

import numpy as np

F, R = 96485.33212, 8.314462618
KNOTS = 29
SOC = 0.1 + 0.7 * np.arange(KNOTS) / (KNOTS - 1)
STEPS = 4  # implicit steps in a piece
SAFETY_V, SAFETY_ANODE, SAFETY_K = 0.003, 0.002, 0.15
SAFETY_FIRST = 0.003  # more for the anode in the first pieces, where the salt moves fast and the mesh is coarse


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


def arrhenius(energy, kelvin):
    return np.exp(energy / R * (1 / 298.15 - 1 / kelvin))


class Sphere:
    """Diffusion in a particle by finite volumes; concentrations as stoichiometries."""

    def __init__(self, count):
        edges = np.linspace(0, 1, count + 1)
        self.volume = np.diff(edges**3) / 3
        self.between = edges[1:-1] ** 2 * count  # area over distance, for unit radius and diffusivity
        self.matrix = np.zeros((count, count))
        for i, g in enumerate(self.between):
            self.matrix[i, i] -= g
            self.matrix[i, i + 1] += g
            self.matrix[i + 1, i + 1] -= g
            self.matrix[i + 1, i] += g
        self.matrix /= self.volume[:, None]
        self.inflow = np.zeros(count)
        self.inflow[-1] = 1 / self.volume[-1]
        self.half = 0.5 / count
        self.eye = np.eye(count)

    def step(self, x, rate, flux, dt):
        """`rate` = D/R^2 in 1/s; `flux`: inflow times R/(D c_max), so the gradient at the surface."""
        x = np.linalg.solve(self.eye - dt * rate * self.matrix, x + dt * rate * flux * self.inflow)
        # The surface from the outermost two volumes and the gradient: a parabola through them.
        slope = (x[-1] - x[-2]) / (2 * self.half)
        return x, x[-1] + self.half * (0.75 * flux + 0.25 * slope)


class Model:
    def __init__(self, given):
        self.g = given
        self.sphere_n, self.sphere_p = Sphere(20), Sphere(20)
        n = self.across = 10
        lengths = (given["length_n_m"], given["length_s_m"], given["length_p_m"])
        porosity = (given["porosity_n"], given["porosity_s"], given["porosity_p"])
        self.width = np.repeat([length / n for length in lengths], n)
        self.porosity = np.repeat(porosity, n)
        self.transport = self.porosity**1.5
        self.area = given["area_m2"]
        moved = (1 - given["transference"]) / F
        self.source = np.repeat([-moved / lengths[0], 0.0, moved / lengths[2]], n)  # a charge drains the graphite side
        self.eye = np.eye(3 * n)

    def rest(self):
        g = self.g
        (n0, n1), (p0, p1) = g["stoichiometry_n"], g["stoichiometry_p"]
        x = n0 + 0.1 * (n1 - n0)
        y = p0 + 0.1 * (p1 - p0)
        salt = np.full(3 * self.across, g["salt_mol_m3"])
        return np.full(20, x), np.full(20, y), salt, g["ambient_c"] + 273.15

    def step(self, state, amps, dt):
        """The state after dt seconds at `amps` (charging is positive), and voltage, anode potential, temperature."""
        g, n = self.g, self.across
        xs, ys, salt, kelvin = state
        density = amps / self.area
        ln, ls, lp = g["length_n_m"], g["length_s_m"], g["length_p_m"]
        surface_n = 3 * g["active_fraction_n"] / g["radius_n_m"]
        surface_p = 3 * g["active_fraction_p"] / g["radius_p_m"]
        jn, jp = density / (surface_n * ln), density / (surface_p * lp)
        dn = g["diffusivity_n"] * arrhenius(30300.0, kelvin)
        dp = g["diffusivity_p"] * arrhenius(25000.0, kelvin)
        xs, x = self.sphere_n.step(xs, dn / g["radius_n_m"] ** 2, jn * g["radius_n_m"] / (F * dn * g["most_n_mol_m3"]), dt)
        ys, y = self.sphere_p.step(ys, dp / g["radius_p_m"] ** 2, -jp * g["radius_p_m"] / (F * dp * g["most_p_mol_m3"]), dt)

        m = salt / 1000
        warm = arrhenius(17000.0, kelvin)
        diffusivity = g["salt_diffusivity_factor"] * warm * (8.794e-11 * m**2 - 3.972e-10 * m + 4.862e-10)
        resistance = 0.5 * self.width / (self.transport * diffusivity)
        between = 1 / (resistance[1:] + resistance[:-1])
        matrix = np.diag(between, 1) + np.diag(between, -1)
        matrix -= np.diag(matrix.sum(axis=1))
        scale = dt / (self.porosity * self.width)
        salt = np.linalg.solve(
            self.eye - scale[:, None] * matrix, salt + dt / self.porosity * self.source * density
        )
        if salt.min() < 20 or not 0 < x < 1 or not 0 < y < 1:
            return None, 9.0, -9.0, 999.0

        thermal = R * kelvin / F
        m = salt / 1000
        average = float(salt @ self.width / self.width.sum()) / 1000
        kappa = g["salt_conductivity_factor"] * warm * (0.1297 * average**3 - 2.51 * average**1.5 + 3.329 * average)
        kn, ks, kp = (kappa * g[f"porosity_{k}"] ** 1.5 for k in "nsp")
        sn = g["conductivity_n_s_m"] * g["active_fraction_n"] ** 1.5
        sp = g["conductivity_p_s_m"] * g["active_fraction_p"] ** 1.5
        most_n, most_p = g["most_n_mol_m3"], g["most_p_mol_m3"]
        j0n = g["kinetics_n"] * arrhenius(35000.0, kelvin) * np.sqrt(salt[:n] * x * (1 - x)) * most_n
        j0p = g["kinetics_p"] * arrhenius(17800.0, kelvin) * np.sqrt(salt[-n:] * y * (1 - y)) * most_p
        on_n = potential_n(x) - 2 * thermal * np.arcsinh(jn / (2 * j0n)).mean()
        on_p = potential_p(y) + 2 * thermal * np.arcsinh(jp / (2 * j0p)).mean()
        chi = 2 * (1 - g["transference"])
        log_n, log_p = np.log(m[:n]).mean(), np.log(m[-n:]).mean()
        edge = (m[n - 1] * kn / ln + m[n] * ks / ls) / (kn / ln + ks / ls)
        anode = on_n - density * ln * (1 / (3 * kn) - 1 / (6 * sn)) - chi * thermal * (np.log(edge) - log_n)
        ohmic = ln / (3 * kn) + ls / ks + lp / (3 * kp) + ln / (3 * sn) + lp / (3 * sp)
        voltage = on_p - on_n + chi * thermal * (log_p - log_n) + density * ohmic + amps * g["contact_resistance_ohm"]
        heat = amps * (voltage - potential_p(y) + potential_n(x))
        ambient = g["ambient_c"] + 273.15
        cooling, capacity = g["cooling_w_k"], g["heat_capacity_j_k"]
        kelvin = (kelvin + dt / capacity * (heat + cooling * ambient)) / (1 + dt * cooling / capacity)
        return (xs, ys, salt, kelvin), voltage, anode, kelvin - 273.15

    def piece(self, state, first, last, steps=STEPS, safety=SAFETY_ANODE):
        """Through one piece between knots at C-rates `first` and `last`; the least room and the values at its end."""
        g = self.g
        dt = 2 * 0.7 / (KNOTS - 1) * 3600 / (first + last) / steps
        room = np.inf
        values = ()
        for i in range(steps):
            amps = g["capacity_ah"] * (first + (last - first) * (i + 1) / steps)
            state, *values = self.step(state, amps, dt)
            voltage, anode, celsius = values
            room = min(
                room,
                g["voltage_max_v"] - SAFETY_V - voltage,
                anode - safety - g["anode_min_v"],
                0.02 * (g["temperature_max_c"] - SAFETY_K - celsius),
            )
            if state is None:
                break
        return state, room, values


def ride(model, cap, first):
    """Currents at all knots: each the largest that keeps the limits over its piece, but at most `cap`; and the minutes."""
    low, high = model.g["current_min_c"], min(cap, model.g["current_max_c"])
    state = model.rest()
    current, minutes = [first], 0.0
    for k in range(KNOTS - 1):
        mesh = (16, SAFETY_ANODE + SAFETY_FIRST) if k < 2 else (STEPS, SAFETY_ANODE)
        a, b = low, high
        state_b, room, _ = model.piece(state, current[-1], b, *mesh)
        if room < 0:
            for _ in range(11):
                middle = 0.5 * (a + b)
                _, room, _ = model.piece(state, current[-1], middle, *mesh)
                a, b = (middle, b) if room >= 0 else (a, middle)
            b = a
            state_b, room, _ = model.piece(state, current[-1], b, *mesh)
            if state_b is None or room < -1e-4:
                return current, np.inf
        minutes += 2 * 60 * 0.7 / (KNOTS - 1) / (current[-1] + b)
        current.append(b)
        state = state_b
    return current, minutes


def solve(instance):
    model = Model(instance)
    best, shortest = None, np.inf
    for cap in (2.0, 1.7, 1.45, 1.2):
        current, minutes = ride(model, cap, min(cap, instance["current_max_c"]))
        if len(current) == KNOTS and minutes < shortest:
            best, shortest = current, minutes
    return {"current_c": [float(c) for c in best]}


# EVOLVE-BLOCK-END
