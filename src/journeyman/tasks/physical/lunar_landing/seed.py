# EVOLVE-BLOCK-START
"""A direct flight to the Moon and a direct flight home, each found by shooting from a two-body guess."""

import math

# How much faster than the slowest two-body ellipse to the Moon's distance, m/s: more is a shorter flight.
OUT_ABOVE = 20.0  # tune: 0.0 .. 60.0
HOME_ABOVE = 20.0  # tune: 0.0 .. 60.0

# The orbit about the Moon: counter-clockwise (1) or clockwise (-1), and where in the allowed band of altitudes.
SENSE = -1  # tune: -1 | 1
ALTITUDE = 0.5  # tune: 0.1 .. 0.9

# How long to stay between the least (0) and the most (1) that is allowed, and where in the entry corridor to come home.
STAY = 0.4  # tune: 0.02 .. 0.9
ENTRY = 0.5  # tune: 0.1 .. 0.9

# Constants of the system (km, s) and the units of the turning frame.
MU_EARTH, MU_MOON, DISTANCE = 398600.4418, 4902.800066, 384400.0
EARTH_RADIUS, MOON_RADIUS = 6378.137, 1737.4
MU = MU_MOON / (MU_EARTH + MU_MOON)
RATE = math.sqrt((MU_EARTH + MU_MOON) / DISTANCE**3)
SPEED = DISTANCE * RATE
DAY = 86400 * RATE


def solve(instance):
    low, high = instance["lunar_altitude_km"]
    orbit = MOON_RADIUS + low + ALTITUDE * (high - low)
    parking = EARTH_RADIUS + instance["parking_altitude_km"]
    out = flight(parking, OUT_ABOVE, orbit)

    # The mirror image of a flight from the Earth is a flight back to it: the way home is shot from the perigee of the
    # entry, and then flown backwards.
    low, high = instance["entry_angle_deg"]
    perigee = entry_perigee(math.radians(low + ENTRY * (high - low)), instance["interface_altitude_km"])
    home = flight(perigee, HOME_ABOVE, orbit)

    low, high = instance["stay_days"]
    stay = min(low + STAY * (high - low), high - 0.1)
    circular = math.sqrt(MU_MOON / orbit)
    return {
        "departure": {"phase_rad": out["phase"], "speed_m_s": 1e3 * out["launch_speed"]},
        "outbound": [],
        "lunar_orbit": {
            "stay_days": stay,
            "longitude_rad": -home["longitude"],
            "along_m_s": 1e3 * (home["speed"] - circular),
            "radial_m_s": 0.0,
        },
        "homeward": [],
    }


def entry_perigee(angle, interface):
    """Perigee radius (km) of a return from the Moon for its angle (rad) at the entry interface."""
    r = EARTH_RADIUS + interface
    energy = slowest(r) ** 2 / 2 - MU_EARTH / r + 1e-3 * HOME_ABOVE * slowest(r)
    h = r * math.sqrt(2 * (energy + MU_EARTH / r)) * math.cos(angle)
    return (math.sqrt(MU_EARTH**2 + 2 * energy * h * h) - MU_EARTH) / (2 * energy)


def flight(perigee, above, orbit):
    """The flight from a perigee (km) to a perilune at the radius `orbit` (km); faster where there is none so slow."""
    while above < 120.0:
        found = shoot(perigee, slowest(perigee) + 1e-3 * above, orbit)
        if found:
            return found
        above += 1.0
    raise ValueError("no direct flight found")


def slowest(perigee):
    """Perigee speed (km/s) of the ellipse with its apogee at the Moon's distance."""
    return math.sqrt(2 * MU_EARTH * (1 / perigee - 1 / (perigee + DISTANCE)))


def guess(perigee, speed):
    """The angle from which an ellipse about the Earth meets the Moon's place, in the turning frame."""
    a = 1 / (2 / perigee - speed**2 / MU_EARTH)
    e = 1 - perigee / a
    eccentric = math.acos(max(-1.0, (1 - DISTANCE / a) / e))
    time = (eccentric - e * math.sin(eccentric)) * math.sqrt(a**3 / MU_EARTH)
    true = 2 * math.atan(math.sqrt((1 + e) / (1 - e)) * math.tan(eccentric / 2))
    return RATE * time - true


def shoot(perigee, speed, orbit):
    """The phase that leads to the perilune wanted; None if none is found near the two-body guess.

    What is brought to zero is the moment of momentum about the Moon less that of the perilune wanted: unlike the
    altitude, it runs smoothly from one sense of the orbit to the other.
    """

    def miss(phase):
        end = coast(perigee, speed, phase)
        if end is None:
            return None, None
        energy = end["speed"] ** 2 / 2 - MU_MOON / end["r"]
        wanted = math.sqrt(max(0.0, 2 * (energy + MU_MOON / orbit)))
        return end["sense"] * end["r"] * end["speed"] - SENSE * orbit * wanted, end

    first = guess(perigee, max(speed, slowest(perigee) + 0.003))
    for side in (-SENSE, SENSE):
        a, (fa, _) = first, miss(first)
        for k in range(1, 12):
            b = first + side * 0.02 * k
            fb, _ = miss(b)
            if fa is not None and fb is not None and fa * fb <= 0:
                return refine(miss, a, fa, b, fb, 1e-6 * orbit)
            a, fa = b, fb
    return None


def refine(miss, a, fa, b, fb, enough):
    """Regula falsi (Illinois) between two phases that miss to different sides."""
    for _ in range(40):
        c = (a * fb - b * fa) / (fb - fa)
        fc, end = miss(c)
        if fc is None:
            return None
        if abs(fc) < enough:
            return end
        if fc * fb < 0:
            a, fa = b, fb
        else:
            fa /= 2
        b, fb = c, fc
    return None


def coast(perigee, speed, phase):
    """From perigee to perilune; None if there is none within 8 days. Positions are complex numbers, x + iy."""
    way = complex(math.cos(phase), math.sin(phase))
    z, v = perigee / DISTANCE * way - MU, 1j * (speed / SPEED - perigee / DISTANCE) * way
    a, t, h = acceleration(z, v), 0.0, 1e-4
    while t < 8 * DAY:
        z1, v1, a1, error = step(z, v, a, h)
        if error > 1.0:
            h *= max(0.2, 0.9 * error**-0.2)
            continue
        if outward(z1, v1) > 0 >= outward(z, v) and abs(z1 - 1 + MU) < 30000.0 / DISTANCE:
            return {"phase": phase, "launch_speed": speed, **perilune(z, v, a, h)}
        z, v, a, t = z1, v1, a1, t + h
        h *= min(5.0, 0.9 * max(error, 1e-9) ** -0.2)
    return None


def perilune(z, v, a, h):
    """The closest point to the Moon inside a step of h, by regula falsi on the radial speed."""
    low, at_low = 0.0, outward(z, v)
    high, at_high = h, outward(*step(z, v, a, h)[:2])
    for _ in range(30):
        c = (low * at_high - high * at_low) / (at_high - at_low)
        end, motion, _, _ = step(z, v, a, c)
        at_c = outward(end, motion)
        if abs(at_c) < 1e-12:
            break
        if at_c * at_high < 0:
            low, at_low = high, at_high
        else:
            at_low /= 2
        high, at_high = c, at_c
    away = end - 1 + MU
    across = (away.conjugate() * (motion + 1j * away)).imag / abs(away)
    return {
        "r": abs(away) * DISTANCE,
        "speed": abs(across) * SPEED,
        "sense": 1 if across > 0 else -1,
        "longitude": math.atan2(away.imag, away.real),
    }


def outward(z, v):
    return ((z - 1 + MU).conjugate() * v).real


def acceleration(z, v):
    e, m = z + MU, z - 1 + MU
    return z - 2j * v - (1 - MU) * e / abs(e) ** 3 - MU * m / abs(m) ** 3


def step(z, v, a, h, tolerance=1e-9):
    """One step of the pair of Dormand and Prince (orders 5 and 4): z, v, acceleration, error over tolerance."""
    v2 = v + h * a / 5
    a2 = acceleration(z + h * v / 5, v2)
    v3 = v + h * (3 * a + 9 * a2) / 40
    a3 = acceleration(z + h * (3 * v + 9 * v2) / 40, v3)
    v4 = v + h * (44 / 45 * a - 56 / 15 * a2 + 32 / 9 * a3)
    a4 = acceleration(z + h * (44 / 45 * v - 56 / 15 * v2 + 32 / 9 * v3), v4)
    v5 = v + h * (19372 / 6561 * a - 25360 / 2187 * a2 + 64448 / 6561 * a3 - 212 / 729 * a4)
    a5 = acceleration(z + h * (19372 / 6561 * v - 25360 / 2187 * v2 + 64448 / 6561 * v3 - 212 / 729 * v4), v5)
    v6 = v + h * (9017 / 3168 * a - 355 / 33 * a2 + 46732 / 5247 * a3 + 49 / 176 * a4 - 5103 / 18656 * a5)
    a6 = acceleration(
        z + h * (9017 / 3168 * v - 355 / 33 * v2 + 46732 / 5247 * v3 + 49 / 176 * v4 - 5103 / 18656 * v5), v6
    )
    z7 = z + h * (35 / 384 * v + 500 / 1113 * v3 + 125 / 192 * v4 - 2187 / 6784 * v5 + 11 / 84 * v6)
    v7 = v + h * (35 / 384 * a + 500 / 1113 * a3 + 125 / 192 * a4 - 2187 / 6784 * a5 + 11 / 84 * a6)
    a7 = acceleration(z7, v7)
    weights = (71 / 57600, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)
    off_z = h * sum(w * k for w, k in zip(weights, (v, v3, v4, v5, v6, v7), strict=True))
    off_v = h * sum(w * k for w, k in zip(weights, (a, a3, a4, a5, a6, a7), strict=True))
    return z7, v7, a7, max(abs(off_z) / (0.01 + abs(z)), abs(off_v) / (0.01 + abs(v))) / tolerance


# EVOLVE-BLOCK-END
