"""Textbook circuits in native gates: what the instances are made of.

Each function returns the gates of one circuit, {cx, rz, sx, x}, neighbouring rz merged. Angles in radians.
"""

from __future__ import annotations

import math

import numpy as np

from journeyman.tasks.computing.qubit_routing.circuit import Gate


def hadamard(q: int) -> list[Gate]:
    """h = rz(pi/2) sx rz(pi/2), up to a global phase."""
    return [("rz", q, math.pi / 2), ("sx", q), ("rz", q, math.pi / 2)]


def controlled_phase(angle: float, a: int, b: int) -> list[Gate]:
    """diag(1, 1, 1, exp(i angle)) from two cx."""
    return [
        ("rz", a, angle / 2), ("rz", b, angle / 2), ("cx", a, b), ("rz", b, -angle / 2), ("cx", a, b),
    ]  # fmt: skip


def toffoli(a: int, b: int, c: int) -> list[Gate]:
    """The doubly controlled x from six cx (Nielsen and Chuang, fig. 4.9); t = rz(pi/4) up to a phase."""
    t = math.pi / 4
    return [
        *hadamard(c), ("cx", b, c), ("rz", c, -t), ("cx", a, c), ("rz", c, t), ("cx", b, c), ("rz", c, -t), ("cx", a, c),
        ("rz", b, t), ("rz", c, t), *hadamard(c), ("cx", a, b), ("rz", a, t), ("rz", b, -t), ("cx", a, b),
    ]  # fmt: skip


def qft(qubits: int) -> list[Gate]:
    """The quantum Fourier transform (Nielsen and Chuang, sect. 5.1) without the reversal of the qubits at its end.

    Qubit 0 is the most significant bit of the input, and the least significant one of the output.
    """
    gates: list[Gate] = []
    for k in range(qubits):
        gates += hadamard(k)
        for j in range(k + 1, qubits):
            gates += controlled_phase(2 * math.pi / 2 ** (j - k + 1), j, k)
    return merged(gates)


def ghz(qubits: int) -> list[Gate]:
    """(|0...0> + |1...1>) / sqrt 2 from |0...0>: one h and a chain of cx."""
    return merged([*hadamard(0), *(("cx", k, k + 1) for k in range(qubits - 1))])


def qft_entangled(qubits: int) -> list[Gate]:
    """The Fourier transform of a GHZ state."""
    return merged([*ghz(qubits), *qft(qubits)])


def phase_estimation(qubits: int, phase: float) -> list[Gate]:
    """Estimate of the `phase` (in turns) of diag(1, exp(2 pi i phase)) on its eigenstate |1> (Nielsen and Chuang, 5.2).

    The last qubit holds the eigenstate; the others are read out, qubit 0 being the least significant bit.
    """
    bits = qubits - 1
    gates: list[Gate] = [("x", bits)]
    for k in range(bits):
        gates += hadamard(k)
    for k in range(bits):
        gates += controlled_phase(math.remainder(2 * math.pi * phase * 2 ** (bits - 1 - k), 2 * math.pi), k, bits)
    for k in range(bits):  # the inverse transform, its input reversed
        for j in range(k):
            gates += controlled_phase(-2 * math.pi / 2 ** (k - j + 1), j, k)
        gates += hadamard(k)
    return merged(gates)


def qaoa(qubits: int, edges: list[tuple[int, int]], gamma: list[float], beta: list[float]) -> list[Gate]:
    """QAOA for MaxCut (Farhi, Goldstone, Gutmann 2014): rounds of exp(-i gamma ZZ) on edges and
    exp(-i beta X) on qubits."""
    gates: list[Gate] = []
    for q in range(qubits):
        gates += hadamard(q)
    for g, b in zip(gamma, beta, strict=True):
        for i, j in edges:
            gates += [("cx", i, j), ("rz", j, 2 * g), ("cx", i, j)]
        for q in range(qubits):
            gates += [*hadamard(q), ("rz", q, 2 * b), *hadamard(q)]
    return merged(gates)


def adder(bits: int) -> list[Gate]:
    """b := a + b by ripple carry (Cuccaro, Draper, Kutin, Moulton 2004) on 2 bits + 2 qubits.

    Qubit 0 is the carry in, then b_0 a_0 b_1 a_1 ... from the least significant bit, the last one takes the carry out.
    """
    b = [1 + 2 * k for k in range(bits)]
    a = [2 + 2 * k for k in range(bits)]
    carries = [0, *a]
    gates: list[Gate] = []
    for k in range(bits):
        gates += [("cx", a[k], b[k]), ("cx", a[k], carries[k]), *toffoli(carries[k], b[k], a[k])]
    gates += [("cx", a[-1], 2 * bits + 1)]
    for k in reversed(range(bits)):
        gates += [*toffoli(carries[k], b[k], a[k]), ("cx", a[k], carries[k]), ("cx", carries[k], b[k])]
    return merged(gates)


def volume(qubits: int, layers: int, rng: np.random.Generator) -> list[Gate]:
    """Layers of random pairs, each pair with three cx between random one-qubit gates: blocks like those of quantum volume
    (Cross et al. 2019), with uniform angles in place of the Haar measure on SU(4)."""
    gates: list[Gate] = []
    for _ in range(layers):
        order = rng.permutation(qubits).tolist()
        for a, b in zip(order[::2], order[1::2], strict=False):
            for _ in range(3):
                gates += [*_anything(a, rng), *_anything(b, rng), ("cx", a, b)]
            gates += [*_anything(a, rng), *_anything(b, rng)]
    return merged(gates)


def _anything(q: int, rng: np.random.Generator) -> list[Gate]:
    """A random one-qubit gate rz sx rz sx rz."""
    first, second, third = (round(float(x), 6) for x in rng.uniform(-math.pi, math.pi, 3))
    return [("rz", q, first), ("sx", q), ("rz", q, second), ("sx", q), ("rz", q, third)]


def merged(gates: list[Gate]) -> list[Gate]:
    """The same circuit with each run of rz on one qubit as one rz, of an angle in -pi..pi, and none of angle 0."""
    waiting: dict[int, float] = {}
    out: list[Gate] = []

    def flush(q: int) -> None:
        angle = math.remainder(waiting.pop(q, 0.0), 2 * math.pi)
        if abs(angle) > 1e-12:
            out.append(("rz", q, angle))

    for name, q, *rest in gates:
        if name == "rz":
            waiting[q] = waiting.get(q, 0.0) + rest[0]
            continue
        flush(q)
        if name == "cx":
            flush(rest[0])
        out.append((name, q, *rest))
    for q in sorted(waiting):
        flush(q)
    return out
