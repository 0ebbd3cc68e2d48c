# EVOLVE-BLOCK-START
"""A circuit on the device, by looking for the next useful SWAP: a small router in the manner of SABRE.

Gates that can run, run. If none can, the SWAP is made that brings the waiting cx closest to being possible. As its numbers
stand, the router starts with logical qubit k on physical qubit k, counts couplings, looks at waiting gates only and knows
nothing of errors.
"""

import math

# Length of a coupling for the search, beside 1 for each: its error and its duration, both over their mean.
ERROR_LENGTH = 0.0  # tune: 0.0 .. 2.0
TIME_LENGTH = 0.0  # tune: 0.0 .. 2.0

# Where the qubits begin: the cost of logical qubit k on physical qubit q is a weighted sum of |q - k|, of the distance
# to the partners that k will meet, and of the errors and decoherence at q.
IN_ORDER = 1.0  # tune: 0.0 .. 1.0
NEAR_PARTNERS = 0.0  # tune: 0.0 .. 1.0
QUIET = 0.0  # tune: 0.0 .. 3.0

# Runs forward and backward through the circuit before the last one, each beginning where the one before ended.
ROUNDS = 0  # tune: 0 .. 4

# Choice of the next SWAP: weight of the gates that come after the waiting ones, how many of them count, what a SWAP
# itself costs by the length of its coupling, and how much a qubit that was just swapped is avoided.
LOOK_AHEAD = 0.0  # tune: 0.0 .. 1.5
HORIZON = 12  # tune: 1 .. 50
OWN_LENGTH = 0.0  # tune: 0.0 .. 1.0
AVOID_RECENT = 0.0  # tune: 0.0 .. 0.2

# Whether two equal cx behind one another, such as the last of a SWAP and the next gate, are left out.
CANCEL = 0  # tune: 0 | 1


def solve(instance):
    circuit = [tuple(gate) for gate in instance["gates"]]
    device = Device(instance)
    layout = place(instance, circuit, device)
    for _ in range(ROUNDS):
        _, layout = route(circuit, layout, device)
        _, layout = route(circuit[::-1], layout, device)
    gates, final = route(circuit, layout, device)
    if CANCEL:
        gates = without_pairs(gates)
    return {"initial_layout": layout, "gates": [list(gate) for gate in gates], "final_layout": final}


class Device:
    """Neighbours and distances of the physical qubits, in the lengths that the numbers above give to couplings."""

    def __init__(self, instance):
        edges, size = instance["edges"], len(instance["t1_us"])
        error = [-math.log(1 - e) for e in instance["cx_error"]]
        time = instance["cx_ns"]
        mean_error, mean_time = sum(error) / len(error), sum(time) / len(time)
        self.neighbours = [[] for _ in range(size)]
        self.hops = [[0 if a == b else math.inf for b in range(size)] for a in range(size)]
        self.length = [[0 if a == b else math.inf for b in range(size)] for a in range(size)]
        noise = [[] for _ in range(size)]
        for (a, b), e, t in zip(edges, error, time, strict=True):
            self.neighbours[a].append(b)
            self.neighbours[b].append(a)
            self.hops[a][b] = self.hops[b][a] = 1
            length = (1 + ERROR_LENGTH * e / mean_error + TIME_LENGTH * t / mean_time) / (1 + ERROR_LENGTH + TIME_LENGTH)
            self.length[a][b] = self.length[b][a] = length
            noise[a].append(e / mean_error)
            noise[b].append(e / mean_error)
        self.coupling = [row[:] for row in self.length]
        for table in (self.hops, self.length):
            for c in range(size):
                through = table[c]
                for row in table:
                    ac = row[c]
                    for b in range(size):
                        if ac + through[b] < row[b]:
                            row[b] = ac + through[b]
        waits = [1 / (6 * t1) + 1 / (3 * t2) for t1, t2 in zip(instance["t1_us"], instance["t2_us"], strict=True)]
        mean_wait = sum(waits) / size
        self.noise = [sum(noise[q]) / len(noise[q]) + waits[q] / mean_wait for q in range(size)]


def place(instance, circuit, device):
    """The first layout: logical qubits one after another, those with most partners first, each where it costs least."""
    n = instance["qubits"]
    meet = [[0] * n for _ in range(n)]
    for name, a, *rest in circuit:
        if name == "cx":
            meet[a][rest[0]] += 1
            meet[rest[0]][a] += 1
    layout = [None] * n
    for k in sorted(range(n), key=lambda k: -sum(meet[k])):
        def cost(q, k=k):
            near = sum(meet[k][j] * device.length[q][layout[j]] for j in range(n) if layout[j] is not None)
            return IN_ORDER * abs(q - k) + NEAR_PARTNERS * near + QUIET * device.noise[q]

        layout[k] = min((q for q in range(len(device.noise)) if q not in layout), key=cost)
    return layout


def route(circuit, layout, device):
    """The circuit with SWAPs (three cx each) on physical qubits, and the layout after it."""
    at = list(layout)  # physical qubit of each logical one
    holds = {q: k for k, q in enumerate(at)}
    # Gate i waits for the gates before it on its qubits.
    queue = [[] for _ in at]
    for i, (name, a, *rest) in enumerate(circuit):
        queue[a].append(i)
        if name == "cx":
            queue[rest[0]].append(i)
    head = [0] * len(at)
    done = [False] * len(circuit)
    first = 0  # every gate before this one is done
    out, recent, swaps = [], {}, 0
    touched = list(range(len(at)))
    while True:
        # Run all that can run.
        while touched:
            k = touched.pop()
            while head[k] < len(queue[k]):
                i = queue[k][head[k]]
                name, a, *rest = circuit[i]
                if name == "cx":
                    b = rest[0]
                    if queue[a][head[a]] != i or queue[b][head[b]] != i or device.hops[at[a]][at[b]] != 1:
                        break
                    out.append(("cx", at[a], at[b]))
                    head[a] += 1
                    head[b] += 1
                    touched.append(b if k == a else a)
                    recent, swaps = {}, 0
                else:
                    out.append((name, at[a], *rest))
                    head[a] += 1
                done[i] = True
        while first < len(circuit) and done[first]:
            first += 1
        if first == len(circuit):
            return out, at

        # The cx that wait for nothing but a coupling, and those that come next.
        front, ahead = [], []
        for i in range(first, len(circuit)):
            if not done[i] and circuit[i][0] == "cx":
                _, a, b = circuit[i]
                if queue[a][head[a]] == i and queue[b][head[b]] == i:
                    front.append((a, b))
                elif len(ahead) < HORIZON:
                    ahead.append((a, b))
        if swaps > 30:
            # The search runs in circles: the first waiting gate is brought together along a shortest path.
            a, b = front[0]
            p = at[a]
            q = min(device.neighbours[p], key=lambda q: device.hops[q][at[b]])
        else:
            p, q = best_swap(front, ahead, at, holds, recent, device)
        out += [("cx", p, q), ("cx", q, p), ("cx", p, q)]
        k, j = holds.pop(p, None), holds.pop(q, None)
        for qubit, moved in ((q, k), (p, j)):
            if moved is not None:
                holds[qubit], at[moved] = moved, qubit
                touched.append(moved)
        recent[p] = recent.get(p, 0) + 1
        recent[q] = recent.get(q, 0) + 1
        swaps += 1


def best_swap(front, ahead, at, holds, recent, device):
    best, chosen = math.inf, None
    tried = set()
    for k in [k for pair in front for k in pair]:
        p = at[k]
        for q in device.neighbours[p]:
            if (q, p) in tried or (p, q) in tried:
                continue
            tried.add((p, q))
            j = holds.get(q)
            cost = 0.0
            for pairs, weight in ((front, 1.0), (ahead, LOOK_AHEAD)):
                if pairs and weight:
                    total = 0.0
                    for a, b in pairs:
                        x = q if a == k else p if a == j else at[a]
                        y = q if b == k else p if b == j else at[b]
                        total += device.length[x][y]
                    cost += weight * total / len(pairs)
            cost += OWN_LENGTH * device.coupling[p][q]
            cost *= 1 + AVOID_RECENT * max(recent.get(p, 0), recent.get(q, 0))
            if cost < best - 1e-12:
                best, chosen = cost, (p, q)
    return chosen


def without_pairs(gates):
    """The same circuit without pairs of equal cx that have nothing between them on their qubits."""
    out, last = [], {}
    for gate in gates:
        qubits = gate[1:3] if gate[0] == "cx" else gate[1:2]
        before = {last[q][-1] if last.get(q) else None for q in qubits}
        (i,) = before if len(before) == 1 else (None,)
        if gate[0] == "cx" and i is not None and out[i] == gate:
            out[i] = None
            for q in qubits:
                last[q].pop()
            continue
        for q in qubits:
            last.setdefault(q, []).append(len(out))
        out.append(gate)
    return [gate for gate in out if gate is not None]


# EVOLVE-BLOCK-END
