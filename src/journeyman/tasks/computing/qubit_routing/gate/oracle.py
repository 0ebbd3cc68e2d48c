# EVOLVE-BLOCK-START
"""A router that knows which gates commute and what couplings cost, run many times; the circuit that loses least is kept.

In the manner of SABRE, with its weights and first layouts drawn by chance, later on near the best so far; cancelling cx and
those with a control in |0> are left out.
"""

import math
import random

TRIALS = 40


def solve(instance):
    rng = random.Random(1)
    gates = with_rzz([tuple(gate) for gate in instance["gates"]])
    forward = waiting(gates)
    backward = waiting(gates[::-1])
    size = len(instance["t1_us"])
    best = None
    for trial in range(TRIALS):
        parent = best if 3 * trial >= TRIALS else None
        weights = parent[2] if parent and rng.random() < 0.6 else drawn(rng)
        places = rng.sample(range(size), size)
        if parent:
            places = parent[1][0] + [q for q in range(size) if q not in parent[1][0]]
        for _ in range(rng.randrange(4) if parent else 0):
            i, j = rng.randrange(instance["qubits"]), rng.randrange(size)
            places[i], places[j] = places[j], places[i]
        layout = places[: instance["qubits"]]
        chip = distances(instance, weights)
        for _ in range(rng.randint(1, 3) if parent is None else rng.random() < 0.3):
            layout = route(forward, layout, chip, weights, rng)[2]
            layout = route(backward, layout, chip, weights, rng)[2]
        start, out, final = route(forward, layout, chip, weights, rng)
        out = without_idle_controls(start, without_pairs(out), size)
        lost = loss(instance, start, out, final)
        if best is None or lost < best[0]:
            best = lost, (start, out, final), weights
    start, out, final = best[1]
    return {"initial_layout": start, "gates": [list(gate) for gate in out], "final_layout": final}


def drawn(rng):
    u = rng.random
    return {"error": 2 * u(), "time": u(), "ahead": 1.2 * u(), "horizon": rng.randint(2, 40), "own": 0.3 * u(),
            "late": 0.2 * u(), "reuse": 0.3 * u(), "recent": 0.1 * u(), "blur": 0.02 * u()}  # fmt: skip


def with_rzz(gates):
    out, i = [], 0
    while i < len(gates):
        three = gates[i : i + 3]
        if len(three) == 3 and three[0][0] == "cx" and three[0] == three[2] and three[1][:2] == ("rz", three[0][2]):
            out.append(("rzz", *three[0][1:], three[1][2]))
            i += 3
        else:
            out.append(gates[i])
            i += 1
    return out


def kinds(gate):
    if gate[0] in ("cx", "rzz"):
        return {gate[1]: "z", gate[2]: "x" if gate[0] == "cx" else "z"}
    return {gate[1]: "z" if gate[0] == "rz" else "x"}


def waiting(gates):
    """The gates, for each those that wait for it, and how many it waits for."""
    acts = [kinds(gate) for gate in gates]
    after, before = [[] for _ in gates], [0] * len(gates)
    for j in range(len(gates)):
        for i in range(j):
            if any(q in acts[i] and acts[i][q] != kind for q, kind in acts[j].items()):
                after[i].append(j)
                before[j] += 1
    return gates, after, before


def distances(instance, weights):
    size = len(instance["t1_us"])
    error = [-math.log(1 - e) for e in instance["cx_error"]]
    mean_error, mean_time = sum(error) / len(error), sum(instance["cx_ns"]) / len(error)
    table = [[0.0 if a == b else math.inf for b in range(size)] for a in range(size)]
    near, ns = [[] for _ in range(size)], {}
    for (a, b), e, t in zip(instance["edges"], error, instance["cx_ns"], strict=True):
        length = 1 + weights["error"] * e / mean_error + weights["time"] * t / mean_time
        table[a][b] = table[b][a] = length / (1 + weights["error"] + weights["time"])
        near[a].append(b)
        near[b].append(a)
        ns[a, b] = ns[b, a] = t
    for c in range(size):
        for row in table:
            row[:] = [min(ab, row[c] + cb) for ab, cb in zip(row, table[c], strict=True)]
    return near, table, ns, mean_time


def route(circuit, layout, chip, weights, rng):
    gates, after, before = circuit
    near, length, ns, mean_ns = chip
    at, left = list(layout), list(before)
    holds = {q: k for k, q in enumerate(at)}
    ready = [i for i, n in enumerate(left) if n == 0]
    out, free, last_pair, recent, swaps = [], [0.0] * len(near), {}, {}, 0
    while True:
        going = True
        while going:
            going = False
            for i in list(ready):
                name, *where = gates[i]
                if name in ("cx", "rzz"):
                    p, q = at[where[0]], at[where[1]]
                    if (p, q) not in ns:
                        continue
                    out += [("cx", p, q)] if name == "cx" else [("cx", p, q), ("rz", q, where[2]), ("cx", p, q)]
                    free[p] = free[q] = max(free[p], free[q]) + (1 + (name == "rzz")) * ns[p, q]
                    last_pair[p] = last_pair[q] = (min(p, q), max(p, q))
                    recent, swaps = {}, 0
                else:
                    out.append((name, at[where[0]], *where[1:]))
                ready.remove(i)
                going = True
                for j in after[i]:
                    left[j] -= 1
                    if left[j] == 0:
                        ready.append(j)
        front = [gates[i][1:3] for i in ready]
        if not front:
            return list(layout), out, at
        ahead, level, later = [], list(ready), list(left)
        while level and len(ahead) < weights["horizon"]:
            following = []
            for i in level:
                for j in after[i]:
                    later[j] -= 1
                    if later[j] == 0:
                        following.append(j)
                        if gates[j][0] in ("cx", "rzz"):
                            ahead.append(gates[j][1:3])
            level = following
        ahead = ahead[: weights["horizon"]]
        if swaps > 40:
            a, b = front[0]
            p, q = at[a], min(near[at[a]], key=lambda x: length[x][at[b]])
        else:
            begin = min(free[at[k]] for pair in front for k in pair)
            least = math.inf
            for s, t in sorted({(min(at[k], x), max(at[k], x)) for pair in front for k in pair for x in near[at[k]]}):
                k, j = holds.get(s), holds.get(t)
                cost = weights["own"] * length[s][t] + weights["late"] * (max(free[s], free[t]) - begin) / (6 * mean_ns)
                for pairs, weight in ((front, 1.0), (ahead, weights["ahead"])):
                    total = 0.0
                    for a, b in pairs:
                        x = t if a == k else s if a == j else at[a]
                        y = t if b == k else s if b == j else at[b]
                        total += length[x][y]
                    cost += weight * total / max(1, len(pairs))
                if last_pair.get(s) == last_pair.get(t) == (s, t):
                    cost -= weights["reuse"] / len(front)
                cost *= 1 + weights["recent"] * max(recent.get(s, 0), recent.get(t, 0))
                cost *= 1 + weights["blur"] * rng.gauss(0, 1)
                if cost < least:
                    least, p, q = cost, s, t
        if ("cx", q, p) in out[-6:]:
            p, q = q, p
        out += [("cx", p, q), ("cx", q, p), ("cx", p, q)]
        k, j = holds.pop(p, None), holds.pop(q, None)
        if k is not None:
            holds[q], at[k] = k, q
        if j is not None:
            holds[p], at[j] = j, p
        free[p] = free[q] = max(free[p], free[q]) + 3 * ns[p, q]
        last_pair[p] = last_pair[q] = (min(p, q), max(p, q))
        recent[p], recent[q] = recent.get(p, 0) + 1, recent.get(q, 0) + 1
        swaps += 1


def without_pairs(gates):
    out, last = [], {}
    for gate in gates:
        qubits = gate[1:3] if gate[0] == "cx" else gate[1:2]
        before = {last[q][-1] if last.get(q) else -1 for q in qubits}
        i = before.pop()
        if gate[0] == "cx" and not before and i >= 0 and out[i] == gate:
            out[i] = None
            for q in qubits:
                last[q].pop()
            continue
        for q in qubits:
            last.setdefault(q, []).append(len(out))
        out.append(gate)
    return [gate for gate in out if gate is not None]


def without_idle_controls(layout, gates, size):
    """cx with a control in |0> do nothing; cx(a, b) cx(b, a) with b in |0> before leaves a in |0>."""
    zero, kept, copy = set(range(size)) - set(layout), [], {}
    for gate in gates:
        name, q, *rest = gate
        if q in zero:
            continue
        touched = {q, *rest} if name == "cx" else {q}
        moves = name == "cx" and copy.get(q) == rest[0]
        kept.append(gate)
        copy = {b: a for b, a in copy.items() if not touched & {a, b}}
        if name == "cx" and rest[0] in zero:
            copy[rest[0]] = q
        zero -= touched
        if moves:
            zero.add(rest[0])
    return kept


def loss(instance, layout, gates, final):
    size = len(instance["t1_us"])
    error, ns = {}, {}
    for (a, b), e, t in zip(instance["edges"], instance["cx_error"], instance["cx_ns"], strict=True):
        error[a, b] = error[b, a] = -math.log(1 - e)
        ns[a, b] = ns[b, a] = t
    free, busy, total = [0.0] * size, [0.0] * size, 0.0
    first, last = dict.fromkeys(layout, 0.0), {}
    for name, *where in gates:
        if name == "rz":
            continue
        cx = name == "cx"
        takes = ns[where[0], where[1]] if cx else instance["sx_ns"]
        total += error[where[0], where[1]] if cx else instance["sx_error"][where[0]]
        begin = max(free[q] for q in where)
        for q in where:
            first.setdefault(q, begin)
            free[q] = last[q] = begin + takes
            busy[q] += takes
    last.update(dict.fromkeys(final, max(free)))
    for q in first:
        rate = 1 / (6e3 * instance["t1_us"][q]) + 1 / (3e3 * instance["t2_us"][q])
        total += rate * (last.get(q, first[q]) - first[q] - busy[q])
    return total


# EVOLVE-BLOCK-END
