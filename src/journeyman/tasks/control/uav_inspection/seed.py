# EVOLVE-BLOCK-START
"""Inspection flight by simple means: nearest point next, straight legs around or over the boxes, speed limits along the way.

The plan is checked against the whole model of the flight; where it breaks a rule, it is flown again more slowly.
"""

import itertools

import numpy as np

# Speed over ground on open legs, m/s, and the share of a tail wind that is added to it (of a head wind: taken off).
CRUISE = 5.0  # tune: 3.0 .. 14.0
WITH_WIND = 0.0  # tune: 0.0 .. 1.0
# Speeding up and braking, and turning, m/s^2.
ACCELERATION = 1.5  # tune: 0.8 .. 5.0
TURNING = 1.5  # tune: 0.5 .. 5.0
# Share of the photo speed kept while passing a point; 0 stops there.
PASSING = 0.0  # tune: 0.0 .. 0.98
# Length in m over which corners are rounded; 0 leaves them sharp.
ROUNDING = 0.0  # tune: 0.0 .. 10.0
# Room to the boxes, m. The points have 2.5 m.
CLEARANCE = 2.0  # tune: 0.8 .. 2.3
# A metre up or down, where a leg goes over boxes, costs as much as so many metres around them.
CLIMB_COST = 2.5  # tune: 0.5 .. 6.0
# Which point is next: distance, plus these times metres up or down, metres against the wind, and blocked (in m).
ORDER_HEIGHT = 0.0  # tune: 0.0 .. 4.0
ORDER_UPWIND = 0.0  # tune: -0.5 .. 0.5
ORDER_BLOCKED = 0.0  # tune: 0.0 .. 40.0

STEP_M = 0.5  # between samples of the path
CHECK_S = 0.05  # the grid on which the rules are checked
FAR = 1e6


def solve(instance):
    order = visiting_order(instance)
    knots = None
    for attempt in range(10):
        slower = 0.85**attempt
        knots = plan(instance, order, slower)
        if knots is not None and keeps_rules(instance, *knots):
            break
    if knots is None:
        raise ValueError("no way was found through the site")
    t, x = knots
    return {"knots": {"t": t.tolist(), "x": x.tolist()}}


# --- where ---------------------------------------------------------------------------------------------------------


def downwind(instance):
    angle = np.radians(instance["wind"]["towards_deg"])
    return np.array([np.cos(angle), np.sin(angle), 0.0])


def box_corners(instance, room):
    low = np.array([box["low"] for box in instance["boxes"]], float) - room
    high = np.array([box["high"] for box in instance["boxes"]], float) + room
    return low, high


def crosses(a, b, low, high):
    """Which straight lines a -> b (n x 3) go through which boxes (n x boxes)."""
    d = b - a
    d = np.where(np.abs(d) < 1e-9, 1e-9, d)[:, None]
    first, second = (low - a[:, None]) / d, (high - a[:, None]) / d
    into = np.minimum(first, second).max(axis=2)
    out = np.maximum(first, second).min(axis=2)
    return np.maximum(into, 0.0) < np.minimum(out, 1.0)


def visiting_order(instance):
    """Nearest neighbour from the pad."""
    at = np.array([instance["pad"]] + [p["at"] for p in instance["points"]], float)
    n = len(at)
    a, b = np.repeat(at, n, axis=0), np.tile(at, (n, 1))
    low, high = box_corners(instance, CLEARANCE)
    blocked = crosses(a, b, low, high).any(axis=1)
    way = b - a
    cost = (
        np.hypot(np.hypot(way[:, 0], way[:, 1]), way[:, 2])
        + ORDER_HEIGHT * np.abs(way[:, 2])
        - ORDER_UPWIND * (way @ downwind(instance))
        + ORDER_BLOCKED * blocked
    ).reshape(n, n)
    order, left = [], set(range(1, n))
    here = 0
    while left:
        here = min(left, key=lambda j: cost[here, j])
        left.remove(here)
        order.append(here - 1)
    return order


def leg(instance, a, b):
    """Corners of a way from a to b that keeps clear of the boxes, b included; None if there is none."""
    low, high = box_corners(instance, CLEARANCE)
    if not crosses(a[None], b[None], low, high).any():
        return [b]
    best, corners = np.inf, None
    # Over everything that stands in between.
    flat_low, flat_high = low.copy(), high.copy()
    flat_low[:, 2], flat_high[:, 2] = -FAR, FAR
    between = crosses(a[None], b[None], flat_low, flat_high)[0]
    top = max(high[between, 2].max() + 0.1, a[2], b[2])
    if top < instance["fence"]["high"][2] - 0.5:
        best = np.hypot(*(b - a)[:2]) + CLIMB_COST * (2 * top - a[2] - b[2])
        corners = [np.array([*a[:2], top]), np.array([*b[:2], top]), b]
    # Around those that reach up to the leg, by the shortest way over their corners seen from above.
    tall = high[:, 2] > min(a[2], b[2])
    flat_low, flat_high = flat_low[tall], flat_high[tall]
    out = 0.05
    nodes = [a, b]
    for lo, hi in zip(flat_low, flat_high, strict=True):
        nodes += [np.array([x, y, 0.0]) for x in (lo[0] - out, hi[0] + out) for y in (lo[1] - out, hi[1] + out)]
    nodes = np.array(nodes)
    n = len(nodes)
    start, end = np.repeat(nodes, n, axis=0), np.tile(nodes, (n, 1))
    start[:, 2] = end[:, 2] = 0.0
    length = np.hypot(*(end - start)[:, :2].T)
    length[crosses(start, end, flat_low, flat_high).any(axis=1)] = np.inf
    length = length.reshape(n, n)
    reach, via = np.full(n, np.inf), np.zeros(n, int)
    reach[0] = 0.0
    for _ in range(n):
        through = reach[:, None] + length
        shorter = through.min(axis=0) < reach - 1e-9
        if not shorter.any():
            break
        via = np.where(shorter, through.argmin(axis=0), via)
        reach = np.minimum(reach, through.min(axis=0))
    if reach[1] + CLIMB_COST * abs(b[2] - a[2]) < best:
        chain, k = [], 1
        while k != 0:
            chain.insert(0, k)
            k = via[k]
        corners = []
        for k in chain:
            height = a[2] + (b[2] - a[2]) * reach[k] / reach[1]
            corners.append(np.array([*nodes[k, :2], height]))
    return corners


def whole_path(instance, order, rounding):
    """Samples of the path about STEP_M apart (n x 3) and the sample of each point in flying order."""
    pad = np.array(instance["pad"], float)
    stops = [pad] + [np.array(instance["points"][i]["at"], float) for i in order] + [pad]
    samples, marks = [pad[None]], []
    count = 1
    for a, b in itertools.pairwise(stops):
        corners = leg(instance, a, b)
        if corners is None:
            return None
        here = a
        for corner in corners:
            parts = int(np.ceil(np.linalg.norm(corner - here) / STEP_M))
            if parts:
                share = np.arange(1, parts + 1)[:, None] / parts
                samples.append(here + share * (corner - here))
                count += parts
            here = corner
        marks.append(count - 1)
    path = np.concatenate(samples)
    # Rounded corners: a running mean, twice; the path is continued by reflection beyond its ends.
    half = int(rounding / STEP_M / 4)
    for _ in range(2 if half else 0):
        head = 2 * path[0] - path[half:0:-1]
        tail = 2 * path[-1] - path[-2 : -half - 2 : -1]
        sums = np.cumsum(np.concatenate([np.zeros((1, 3)), head, path, tail]), axis=0)
        path = (sums[2 * half + 1 :] - sums[: -2 * half - 1]) / (2 * half + 1)
    return path, marks[:-1]


# --- when ----------------------------------------------------------------------------------------------------------


def wind_at(instance, x, t):
    """Wind velocity at the positions (n x 3) and times (n)."""
    wind = instance["wind"]
    along = downwind(instance)
    across = np.array([-along[1], along[0], 0.0])
    mean = wind["speed_10m_m_s"] * (np.maximum(x[:, 2], 1.0) / 10) ** wind["exponent"]
    forward, sideways = np.ones(len(x)), np.zeros(len(x))
    for gust in wind["gusts"]:
        phase = 2 * np.pi * (t - x @ along / wind["speed_10m_m_s"]) / gust["period_s"] + gust["phase_rad"]
        forward += gust["along"] * np.sin(phase)
        sideways += gust["across"] * np.cos(phase)
    return mean[:, None] * (forward[:, None] * along + sideways[:, None] * across)


def timetable(instance, order, path, marks, holds, slower):
    """Time at each sample (start and end of a hold differ), way along the path, and speed, all as arrays."""
    limits = instance["limits"]
    step = np.diff(path, axis=0)
    ds = np.maximum(np.hypot(np.hypot(step[:, 0], step[:, 1]), step[:, 2]), 1e-6)
    direction = step / ds[:, None]
    middle = (path[1:] + path[:-1]) / 2
    wind = instance["wind"]
    mean = wind["speed_10m_m_s"] * (np.maximum(middle[:, 2], 1.0) / 10) ** wind["exponent"]
    pace = slower * (CRUISE + WITH_WIND * mean * (direction @ downwind(instance)))
    pace = np.clip(pace, 1.0, 0.97 * limits["speed_m_s"])
    rise = direction[:, 2]
    vertical = 0.9 * np.where(rise > 0, limits["climb_m_s"], limits["descent_m_s"])
    pace = np.minimum(pace, vertical / np.maximum(np.abs(rise), 1e-3))
    cap = np.concatenate([[0.0], np.minimum(pace[1:], pace[:-1]), [0.0]])
    turn = np.linalg.norm(np.diff(direction, axis=0), axis=1) / ((ds[1:] + ds[:-1]) / 2)
    cap[1:-1] = np.minimum(cap[1:-1], np.sqrt(slower**2 * TURNING / np.maximum(turn, 1e-6)))
    cap[1:-1] = np.maximum(cap[1:-1], 0.15)
    way = np.concatenate([[0.0], np.cumsum(ds)])
    radius = instance["photo_radius_m"]
    for k, (mark, i) in enumerate(zip(marks, order, strict=True)):
        slow = slower * PASSING * instance["points"][i]["photo_speed_m_s"]
        zone = min(0.6 * radius, 0.4 * slow)
        first, last = np.searchsorted(way, [way[mark] - zone, way[mark] + zone])
        cap[first : last + 1] = np.minimum(cap[first : last + 1], max(slow, 0.15))
        if holds[k] > 0 or slow < 0.15:
            cap[mark] = 0.0
    # As fast as the caps and the acceleration allow, forwards and then backwards.
    speed, gain = cap.tolist(), (2 * slower**2 * ACCELERATION * ds).tolist()
    for i in range(len(gain)):
        speed[i + 1] = min(speed[i + 1], (speed[i] ** 2 + gain[i]) ** 0.5)
    for i in range(len(gain) - 1, -1, -1):
        speed[i] = min(speed[i], (speed[i + 1] ** 2 + gain[i]) ** 0.5)
    speed = np.array(speed)
    taken = ds / np.maximum((speed[1:] + speed[:-1]) / 2, 0.05)
    wait = np.zeros(len(path))
    wait[marks] = holds
    arrive = np.concatenate([[0.0], np.cumsum(taken + wait[:-1])])
    return arrive, arrive + wait, way, speed


def positions(path, table, t):
    """Where the plan is at the times t."""
    arrive, leave, way, speed = table
    i = np.clip(np.searchsorted(arrive, t, side="right") - 1, 0, len(arrive) - 2)
    span = arrive[i + 1] - leave[i]
    since = np.clip(t - leave[i], 0.0, span)
    # Constant acceleration between two samples.
    share = (speed[i] * since + (speed[i + 1] - speed[i]) * since**2 / (2 * span)) / (way[i + 1] - way[i])
    share = np.clip(share, 0.0, 1.0)[:, None]
    return path[i] * (1 - share) + path[i + 1] * share


def obstacle_room(instance, x, t):
    """Distance to the surface of the nearest moving obstacle."""
    room = np.full(len(t), np.inf)
    for o in instance["obstacles"]:
        swing = np.sin(2 * np.pi * t / o["period_s"] + o["phase_rad"])
        gap = x - np.array(o["centre"]) - swing[:, None] * np.array(o["swing"])
        room = np.minimum(room, np.sqrt((gap**2).sum(axis=1)) - o["radius_m"])
    return room


def flight_plan(instance, order, slower):
    """The path, its marks and its timetable, with waits at points while a moving obstacle is in the way further on."""
    made = whole_path(instance, order, slower * ROUNDING)
    if made is None:
        return None
    path, marks = made
    holds = np.zeros(len(marks))
    for _ in range(40):
        table = timetable(instance, order, path, marks, holds, slower)
        arrive = table[0]
        t = np.arange(0.0, arrive[-1], 0.1)
        hit = np.flatnonzero(obstacle_room(instance, positions(path, table, t), t) < 0.6)
        if not len(hit):
            break
        before = np.flatnonzero(arrive[marks] < t[hit[0]] - 1.0)
        holds[before[-1] if len(before) else 0] += 1.5
    return path, marks, table


def plan(instance, order, slower):
    """Knots of the flight, evenly spaced in time."""
    made = flight_plan(instance, order, slower)
    if made is None:
        return None
    path, _, table = made
    end = table[0][-1]
    n = min(instance["limits"]["knots"], max(8, int(np.ceil(end / 0.5)) + 1))
    t = np.linspace(0.0, end, n)
    x = positions(path, table, t)
    x[0] = x[-1] = instance["pad"]
    return t, x


# --- whether -------------------------------------------------------------------------------------------------------


def fly(t, x):
    """Grid times, positions, velocities and accelerations of the clamped cubic spline through evenly spaced knots."""
    n, h = len(t), t[1] - t[0]
    slope = np.zeros_like(x)
    system = np.diag(np.full(n - 2, 4.0)) + np.diag(np.ones(n - 3), 1) + np.diag(np.ones(n - 3), -1)
    slope[1:-1] = np.linalg.solve(system, 3 * (x[2:] - x[:-2]) / h)
    parts = int(np.ceil(h / CHECK_S - 1e-9))
    u = (np.arange(parts) / parts)[None, :, None]
    a, b, p, q = x[:-1, None], x[1:, None], h * slope[:-1, None], h * slope[1:, None]
    c2, c3 = 3 * (b - a) - 2 * p - q, 2 * (a - b) + p + q
    return (
        (t[:-1, None] + h * u[:, :, 0]).ravel(),
        (a + u * (p + u * (c2 + u * c3))).reshape(-1, 3),
        ((p + u * (2 * c2 + 3 * c3 * u)) / h).reshape(-1, 3),
        ((2 * c2 + 6 * c3 * u) / h**2).reshape(-1, 3),
    )


def keeps_rules(instance, t, x):
    """Whether the flight through the knots keeps every rule, with a little to spare."""
    limits, drone = instance["limits"], instance["drone"]
    if t[-1] > limits["time_s"] or t[1] - t[0] < 0.1:
        return False
    t, x, v, a = fly(t, x)
    speed = np.sqrt((v**2).sum(axis=1))
    air = v - wind_at(instance, x, t)
    drag = 0.5 * instance["air_density_kg_m3"] * drone["drag_area_m2"] * np.sqrt((air**2).sum(axis=1))[:, None] * air
    thrust = drone["mass_kg"] * (a + np.array([0.0, 0.0, instance["gravity_m_s2"]])) + drag
    size = np.sqrt((thrust**2).sum(axis=1))
    tilt = np.degrees(np.arctan2(np.hypot(thrust[:, 0], thrust[:, 1]), thrust[:, 2]))
    fence = instance["fence"]
    motion = (
        speed.max() <= limits["speed_m_s"]
        and v[:, 2].max() <= limits["climb_m_s"]
        and v[:, 2].min() >= -limits["descent_m_s"]
        and limits["thrust_min_n"] <= size.min()
        and size.max() <= limits["thrust_max_n"]
        and tilt.max() <= limits["tilt_deg"]
        and (x >= fence["low"]).all()
        and (x <= fence["high"]).all()
    )
    if not motion or obstacle_room(instance, x, t).min() < 0.1:
        return False
    low, high = box_corners(instance, 0.3)
    if any(((x > lo) & (x < hi)).all(axis=1).any() for lo, hi in zip(low, high, strict=True)):
        return False
    for point in instance["points"]:
        near = ((x - point["at"]) ** 2).sum(axis=1) <= instance["photo_radius_m"] ** 2
        if not (near & (speed <= point["photo_speed_m_s"])).any():
            return False
    return True


# EVOLVE-BLOCK-END
