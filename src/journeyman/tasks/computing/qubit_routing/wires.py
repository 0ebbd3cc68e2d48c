"""Where the logical qubits are: a routed circuit rewritten on wires, so that moves cost nothing to check.

A wire is a qubit of the checked state: wires 0..n-1 carry the logical qubits, further ones stand for physical qubits that
began in |0> and took part in the computation. The rewriting uses four identities and nothing else:

    cx(a, b) cx(b, a) cx(a, b)                   = SWAP(a, b)        (a and b change wires)
    cx with its control in |0>                   = nothing
    cx(a, b) cx(b, a), b in |0> before           = a move of a to b  (a is in |0> after)
    rz on |0>                                    = a global phase

so for every input the rewritten circuit gives the same state as the routed one, up to a global phase.
"""

from __future__ import annotations

from dataclasses import dataclass

from journeyman.tasks.computing.qubit_routing.circuit import Gate, Routed


@dataclass(frozen=True)
class Wired:
    """`gates` on wires 0..wires-1, of which those from n on begin in |0>; `wire_of[q]`: the wire on physical qubit q at the
    end. A physical qubit that is not in it ends in |0>."""

    wires: int
    gates: tuple[Gate, ...]
    wire_of: dict[int, int]


def wired(routed: Routed) -> Wired:
    """`routed` on wires. Swaps and moves cost no gate; a qubit outside |0> beyond the n gets a wire of its own."""
    on = {q: k for k, q in enumerate(routed.initial)}
    wires = len(on)
    gates: list[Gate] = []
    later = _next_on_same_qubits(routed.gates)
    done: set[int] = set()
    for i, (name, *where) in enumerate(routed.gates):
        if i in done:
            continue
        if name == "cx":
            a, b = where
            if a not in on:
                continue
            # The gates right behind this one on both its qubits, as far as they are cx on the same pair.
            j = later[i]
            k = later[j] if j is not None else None
            if j is not None and routed.gates[j] == ("cx", b, a):
                if b not in on:
                    on[b] = on.pop(a)
                    done.add(j)
                    continue
                if k is not None and routed.gates[k] == ("cx", a, b):
                    on[a], on[b] = on[b], on[a]
                    done.update((j, k))
                    continue
        elif where[0] not in on and name == "rz":
            continue
        for q in where[: 2 if name == "cx" else 1]:
            if q not in on:
                on[q] = wires
                wires += 1
        if name == "cx":
            gates.append(("cx", on[where[0]], on[where[1]]))
        else:
            gates.append((name, on[where[0]], *where[1:]))
    return Wired(wires, tuple(gates), on)


def _next_on_same_qubits(gates: tuple[Gate, ...]) -> list[int | None]:
    """For each cx the index of the next gate, if that one comes next on both its qubits and is a cx on the same two."""
    upcoming: dict[int, int] = {}
    found: list[int | None] = [None] * len(gates)
    for i in range(len(gates) - 1, -1, -1):
        name, *where = gates[i]
        qubits = where if name == "cx" else where[:1]
        if name == "cx":
            a, b = (upcoming.get(q) for q in qubits)
            if a is not None and a == b:
                found[i] = a
        for q in qubits:
            upcoming[q] = i
    return found
