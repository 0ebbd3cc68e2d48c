"""The reference's own router: SABRE (Li, Ding, Xie 2019) that knows which gates commute, and what couplings cost.

Gates wait only for earlier gates that they do not commute with, so of many diagonal gates in a row the one that is near
goes first. Every choice of a SWAP weighs distances in lengths that follow the calibration, and is blurred by chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from journeyman.tasks.computing.qubit_routing.circuit import Gate, Routed
from journeyman.tasks.computing.qubit_routing.device import QUBITS


@dataclass(frozen=True)
class Weights:
    """What the router prefers; see `drawn` for ranges. `error` and `time` lengthen couplings, `ahead` weighs the next
    `horizon` gates against the waiting ones, `own` the coupling a SWAP uses, `late` a SWAP that starts late, `reuse` is the
    gain of a SWAP on the pair whose gate ran last there, `recent` avoids a qubit just swapped, `blur` is the chance."""

    error: float
    time: float
    ahead: float
    horizon: int
    own: float
    late: float
    reuse: float
    recent: float
    blur: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Weights:
        u = rng.random(8).tolist()
        return cls(
            2 * u[0], u[1], 1.2 * u[2], int(rng.integers(2, 40)), 0.3 * u[3], 0.2 * u[4], 0.3 * u[5], 0.1 * u[6], 0.02 * u[7]
        )


@dataclass(frozen=True)
class Waiting:
    """A circuit as what waits for what: `after[i]` are gates that wait for gate i, `before[i]` counts what i waits for."""

    gates: tuple[Gate, ...]
    after: tuple[tuple[int, ...], ...]
    before: tuple[int, ...]

    def reversed(self) -> Waiting:
        """The circuit from its end; only who meets whom matters then."""
        n = len(self.gates)
        after: list[list[int]] = [[] for _ in range(n)]
        for i, js in enumerate(self.after):
            for j in js:
                after[n - 1 - j].append(n - 1 - i)
        return Waiting(self.gates[::-1], tuple(map(tuple, after)), tuple(map(len, self.after[::-1])))


def waiting(gates: Sequence[Gate]) -> Waiting:
    """Who waits for whom: gates that share a qubit on which they are not of one kind."""
    after: list[list[int]] = [[] for _ in gates]
    before = [0] * len(gates)
    for j, later in enumerate(gates):
        acts = kinds(later)
        for i in range(j):
            earlier = kinds(gates[i])
            if any(acts[q] != earlier[q] for q in acts if q in earlier):
                after[i].append(j)
                before[j] += 1
    return Waiting(tuple(gates), tuple(map(tuple, after)), tuple(before))


def kinds(gate: Gate) -> dict[int, str]:
    """How a gate acts on each of its qubits: "z" where it commutes with Z there, "x" where it commutes with X."""
    if gate[0] == "cx":
        return {gate[1]: "z", gate[2]: "x"}
    if gate[0] == "rzz":
        return {gate[1]: "z", gate[2]: "z"}
    return {gate[1]: "z" if gate[0] == "rz" else "x"}


def with_rzz(gates: Sequence[Gate]) -> list[Gate]:
    """The circuit with each cx rz cx on one pair written as ("rzz", a, b, angle), a diagonal gate."""
    out: list[Gate] = []
    i = 0
    while i < len(gates):
        three = gates[i : i + 3]
        if len(three) == 3 and three[0][0] == "cx" and three[0] == three[2] and three[1][:2] == ("rz", three[0][2]):
            out.append(("rzz", *three[0][1:], three[1][2]))
            i += 3
        else:
            out.append(gates[i])
            i += 1
    return out


@dataclass(frozen=True)
class Lengths:
    """Distances between physical qubits under some weights, and the neighbours of each."""

    neighbours: tuple[tuple[int, ...], ...]
    adjacent: frozenset[tuple[int, int]]
    length: list[list[float]]
    cx_ns: dict[tuple[int, int], float]
    mean_ns: float


def lengths(public: Mapping[str, Any], weights: Weights) -> Lengths:
    """Shortest paths where a coupling is as long as 1 + its error and duration over their means, weighted; mean about 1."""
    error = np.array([-math.log1p(-e) for e in public["cx_error"]])
    time = np.array(public["cx_ns"])
    each = 1 + weights.error * error / error.mean() + weights.time * time / time.mean()
    each /= 1 + weights.error + weights.time
    table = np.full((QUBITS, QUBITS), np.inf)
    np.fill_diagonal(table, 0)
    near: list[list[int]] = [[] for _ in range(QUBITS)]
    for (a, b), length in zip(public["edges"], each, strict=True):
        table[a, b] = table[b, a] = length
        near[a].append(b)
        near[b].append(a)
    for c in range(QUBITS):
        table = np.minimum(table, table[:, c, None] + table[None, c, :])
    both = [(a, b) for a, b in public["edges"]] + [(b, a) for a, b in public["edges"]]
    return Lengths(
        tuple(map(tuple, near)), frozenset(both), table.tolist(),
        dict(zip(both, public["cx_ns"] * 2, strict=True)), float(time.mean()),
    )  # fmt: skip


def route(
    circuit: Waiting, layout: Sequence[int], at_lengths: Lengths, weights: Weights, rng: np.random.Generator
) -> Routed:
    """The circuit on physical qubits from `layout`; rzz and SWAP are written out in cx."""
    at = list(layout)
    holds = {q: k for k, q in enumerate(at)}
    left = list(circuit.before)
    ready = [i for i, n in enumerate(left) if n == 0]
    out: list[Gate] = []
    free = [0.0] * QUBITS
    last_pair: dict[int, tuple[int, int]] = {}
    recent: dict[int, int] = {}
    length, swaps = at_lengths.length, 0
    while True:
        progress = True
        while progress:
            progress = False
            for i in list(ready):
                name, *where = circuit.gates[i]
                if name in ("cx", "rzz"):
                    p, q = at[where[0]], at[where[1]]
                    if (p, q) not in at_lengths.adjacent:
                        continue
                    out += [("cx", p, q)] if name == "cx" else [("cx", p, q), ("rz", q, where[2]), ("cx", p, q)]
                    free[p] = free[q] = max(free[p], free[q]) + (1 + (name == "rzz")) * at_lengths.cx_ns[p, q]
                    last_pair[p] = last_pair[q] = (min(p, q), max(p, q))
                    recent, swaps = {}, 0
                else:
                    out.append((name, at[where[0]], *where[1:]))
                ready.remove(i)
                progress = True
                for j in circuit.after[i]:
                    left[j] -= 1
                    if left[j] == 0:
                        ready.append(j)
        front = [circuit.gates[i][1:3] for i in ready]
        if not front:
            return Routed(tuple(layout), tuple(out), tuple(at))
        ahead = _ahead(circuit, ready, left, weights.horizon)
        if swaps > 40:
            a, b = front[0]
            p, q = at[a], min(at_lengths.neighbours[at[a]], key=lambda x: length[x][at[b]])
        else:
            p, q = _best(front, ahead, at, holds, free, last_pair, recent, at_lengths, weights, rng)
        # The first cx of the SWAP is the one that may cancel the last gate there.
        turned = bool(out) and any(gate == ("cx", q, p) for gate in out[-6:])
        p, q = (q, p) if turned else (p, q)
        out += [("cx", p, q), ("cx", q, p), ("cx", p, q)]
        moved = holds.pop(p, None), holds.pop(q, None)
        for place, wire in zip((q, p), moved, strict=True):
            if wire is not None:
                holds[place], at[wire] = wire, place
        free[p] = free[q] = max(free[p], free[q]) + 3 * at_lengths.cx_ns[p, q]
        last_pair[p] = last_pair[q] = (min(p, q), max(p, q))
        recent[p], recent[q] = recent.get(p, 0) + 1, recent.get(q, 0) + 1
        swaps += 1


def _ahead(circuit: Waiting, ready: list[int], left: list[int], horizon: int) -> list[tuple[Any, ...]]:
    """Pairs of the next gates behind the waiting ones, breadth first, at most `horizon`."""
    found: list[tuple[Any, ...]] = []
    level, seen = list(ready), set(ready)
    left = list(left)
    while level and len(found) < horizon:
        following: list[int] = []
        for i in level:
            for j in circuit.after[i]:
                left[j] -= 1
                if left[j] == 0 and j not in seen:
                    seen.add(j)
                    following.append(j)
                    if circuit.gates[j][0] in ("cx", "rzz"):
                        found.append(circuit.gates[j][1:3])
        level = following
    return found[:horizon]


def _best(
    front: list[Any], ahead: list[Any], at: list[int], holds: dict[int, int], free: list[float],
    last_pair: dict[int, tuple[int, int]], recent: dict[int, int], at_lengths: Lengths, weights: Weights,
    rng: np.random.Generator,
) -> tuple[int, int]:  # fmt: skip
    length = at_lengths.length
    pairs = sorted({(min(at[k], q), max(at[k], q)) for pair in front for k in pair for q in at_lengths.neighbours[at[k]]})
    chance = 1 + weights.blur * rng.standard_normal(len(pairs))
    begin = min(free[at[k]] for pair in front for k in pair)
    least, chosen = math.inf, pairs[0]
    for (p, q), blurred in zip(pairs, chance.tolist(), strict=True):
        k, j = holds.get(p), holds.get(q)
        cost = 0.0
        for gates, weight in ((front, 1.0), (ahead, weights.ahead)):
            total = 0.0
            for a, b in gates:
                x = q if a == k else p if a == j else at[a]
                y = q if b == k else p if b == j else at[b]
                total += length[x][y]
            if gates:
                cost += weight * total / len(gates)
        cost += weights.own * length[p][q] + weights.late * (max(free[p], free[q]) - begin) / (6 * at_lengths.mean_ns)
        if last_pair.get(p) == last_pair.get(q) == (p, q):
            cost -= weights.reuse / len(front)
        cost *= (1 + weights.recent * max(recent.get(p, 0), recent.get(q, 0))) * blurred
        if cost < least:
            least, chosen = cost, (p, q)
    return chosen


def without_pairs(routed: Routed) -> Routed:
    """The circuit without pairs of equal cx with nothing between them on their qubits."""
    out: list[Gate | None] = []
    last: dict[int, list[int]] = {}
    for gate in routed.gates:
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
    return Routed(routed.initial, tuple(gate for gate in out if gate is not None), routed.final)
