"""The method behind the baseline anchor: logical qubit k on physical qubit k, SWAPs along shortest paths."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from journeyman.tasks.computing.qubit_routing.circuit import Gate, Routed, logical


def shortest_path(edges: list[list[int]], begin: int, end: int) -> list[int]:
    """A path with the fewest couplings; of equals, the one whose couplings come first in the list."""
    before = {begin: begin}
    waiting = deque([begin])
    while end not in before:
        q = waiting.popleft()
        for a, b in edges:
            for here, there in ((a, b), (b, a)):
                if here == q and there not in before:
                    before[there] = q
                    waiting.append(there)
    path = [end]
    while path[-1] != begin:
        path.append(before[path[-1]])
    return path[::-1]


def along_shortest_paths(public: Mapping[str, Any]) -> Routed:
    """Gates in the given order; the control of a cx is swapped along a shortest path until it stands beside the target."""
    at = list(range(public["qubits"]))
    gates: list[Gate] = []
    for name, a, *rest in logical(public):
        if name != "cx":
            gates.append((name, at[a], *rest))
            continue
        b = rest[0]
        path = shortest_path(public["edges"], at[a], at[b])
        for p, q in pairwise(path[:-1]):
            gates += [("cx", p, q), ("cx", q, p), ("cx", p, q)]
            at = [q if x == p else p if x == q else x for x in at]
        gates.append(("cx", at[a], at[b]))
    return Routed(tuple(range(public["qubits"])), tuple(gates), tuple(at))


def design(routed: Routed) -> dict[str, Any]:
    """The routed circuit as plain data, as a candidate returns it."""
    return {
        "initial_layout": list(routed.initial),
        "gates": [list(gate) for gate in routed.gates],
        "final_layout": list(routed.final),
    }
