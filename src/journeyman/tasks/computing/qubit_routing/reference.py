"""The classical reference: many trials of a router that knows the calibration, Qiskit's beside it, and resynthesis.

    python -m journeyman.tasks.computing.qubit_routing.reference --trials 1500 --instances instances/dev.jsonl

prints one JSON object for each instance: the loss in nats, the trials and the CPU seconds. `--write` stores results that
beat the frozen reference: the anchor in the file of instances and, for dev, the design in designs/dev.jsonl. No verdict ever
runs this module.

Nine trials in ten run the router of `router.py`, which knows which gates commute and prefers good couplings; its weights and
its first layout are drawn by chance in the first third of the trials, and taken from one of the best circuits so far, with
a few qubits moved, in the others. Every tenth runs Qiskit at optimisation level 3 on a random order of the gates (of those
that commutation allows), on a device without a few couplings, noisy ones the more likely to be left out. In either case

1. cx pairs that cancel go, and each cx whose control is known to be in |0>: one of three in a SWAP with a free qubit;
2. the result is placed on the device anew: of all embeddings of the couplings it uses, the one with the least loss;
3. a result near the best is handed to Qiskit once more, which resynthesises its two-qubit blocks, and steps 1 and 2 repeat.

The result depends on the version of Qiskit; the frozen anchors come from the one in the project's constraints.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from journeyman.errors import MissingExtra
from journeyman.tasks.computing.qubit_routing.circuit import Gate, Routed, logical
from journeyman.tasks.computing.qubit_routing.device import QUBITS, Device
from journeyman.tasks.computing.qubit_routing.equivalence import check
from journeyman.tasks.computing.qubit_routing.plain import along_shortest_paths, design
from journeyman.tasks.computing.qubit_routing.router import (
    Waiting,
    Weights,
    lengths,
    route,
    waiting,
    with_rzz,
    without_pairs,
)
from journeyman.tasks.computing.qubit_routing.schedule import loss

# Embeddings that are looked at for one result: this many by their cx errors, of which so many with the whole schedule.
EMBEDDINGS = 4000
SCHEDULED = 12
# How far a result may lie above the best to be placed anew, and to be resynthesised.
PLACED, RESYNTHESISED = 1.2, 1.03
# How many of the best circuits the later trials start from.
POOL = 5


@dataclass(frozen=True)
class Solution:
    """A routed circuit, its loss in nats, the trials made and the CPU seconds they took."""

    routed: Routed
    loss: float
    trials: int
    seconds: float


@dataclass(frozen=True)
class Trial:
    """What one trial gave, and the weights it was routed with; `start` is the layout the router began with."""

    loss: float
    routed: Routed
    weights: Weights
    start: tuple[int, ...]


def solve(public: dict[str, Any], *, trials: int, seed: int) -> Solution:
    """The best routed circuit of so many trials; checked for equivalence. Raises MissingExtra without Qiskit."""
    began = time.process_time()
    device, rng = Device.of(public), np.random.default_rng(seed)
    forward = waiting(with_rzz(logical(public)))
    backward = forward.reversed()
    plain = along_shortest_paths(public)
    pool = [Trial(loss(device, plain).total, plain, Weights.drawn(rng), plain.initial)]
    for i in range(trials):
        parent = pool[int(rng.integers(len(pool)))] if 3 * i >= trials else None
        weights = parent.weights if parent and rng.random() < 0.6 else Weights.drawn(rng)
        if parent:
            start = moved(parent.routed.initial, rng)
        else:
            start = tuple(rng.permutation(QUBITS)[: public["qubits"]].tolist())
        if i % 10 == 9:
            edges = thinned(public, rng, keep=parent is not None)
            order = tuple(shuffled(forward, rng))
            routed = transpiled(public, order, start if parent else None, edges, int(rng.integers(2**31)))
        else:
            distances = lengths(public, weights)
            for _ in range(int(rng.integers(1, 4)) if parent is None else int(rng.random() < 0.3)):
                start = route(forward, start, distances, weights, rng).final
                start = route(backward, start, distances, weights, rng).final
            routed = route(forward, start, distances, weights, rng)
        routed = without_idle_controls(without_pairs(routed))
        best = min(trial.loss for trial in pool)
        if loss(device, routed).total > PLACED * best:
            continue
        routed = best_embedding(public, device, routed)
        if loss(device, routed).total < RESYNTHESISED * best:
            again = without_idle_controls(resynthesised(public, routed, int(rng.integers(2**31))))
            routed = min(routed, best_embedding(public, device, again), key=lambda r: loss(device, r).total)
        pool.append(Trial(loss(device, routed).total, routed, weights, start))
        pool = sorted({trial.loss: trial for trial in pool}.values(), key=lambda trial: trial.loss)[:POOL]
    fault = check(public["qubits"], logical(public), pool[0].routed).fault
    if fault is not None:
        raise ValueError(f"the reference's circuit is not the given one: {fault}")
    return Solution(pool[0].routed, pool[0].loss, trials, time.process_time() - began)


def shuffled(circuit: Waiting, rng: np.random.Generator) -> Iterator[Gate]:
    """A random order of the gates with the same product."""
    waits = list(circuit.before)
    ready = [j for j, n in enumerate(waits) if n == 0]
    while ready:
        i = ready.pop(int(rng.integers(len(ready))))
        yield circuit.gates[i]
        for j in circuit.after[i]:
            waits[j] -= 1
            if waits[j] == 0:
                ready.append(j)


def thinned(public: dict[str, Any], rng: np.random.Generator, *, keep: bool) -> list[tuple[int, int]]:
    """The couplings without up to five, the noisy ones the more likely to go; what remains holds the circuit in one piece.

    `keep`: all of them, since a layout is given.
    """
    edges = [(a, b) for a, b in public["edges"]]
    if keep:
        return edges
    weight = np.array(public["cx_error"]) ** 2
    while True:
        gone = rng.choice(len(edges), size=int(rng.integers(6)), replace=False, p=weight / weight.sum())
        left = [edge for i, edge in enumerate(edges) if i not in gone]
        piece = largest_piece(left)
        if len(piece) >= public["qubits"] + 2:
            return [edge for edge in left if edge[0] in piece]


def largest_piece(edges: list[tuple[int, int]]) -> set[int]:
    """The qubits of the largest connected part of a graph."""
    pieces: list[set[int]] = [{q} for q in range(QUBITS)]
    for a, b in edges:
        one, other = (next(piece for piece in pieces if q in piece) for q in (a, b))
        if one is not other:
            pieces.remove(other)
            one |= other
    return max(pieces, key=len)


def moved(layout: tuple[int, ...], rng: np.random.Generator) -> tuple[int, ...]:
    """The layout after up to three random exchanges of a logical qubit with another one or with a free physical qubit."""
    places = [*layout, *(q for q in range(QUBITS) if q not in layout)]
    for _ in range(int(rng.integers(4))):
        i, j = int(rng.integers(len(layout))), int(rng.integers(QUBITS))
        places[i], places[j] = places[j], places[i]
    return tuple(places[: len(layout)])


def transpiled(
    public: dict[str, Any], order: tuple[Gate, ...], layout: tuple[int, ...] | None, edges: list[tuple[int, int]], seed: int
) -> Routed:
    """Qiskit's level 3 on the gates in the given order, from `layout` if there is one, on `edges` alone."""
    # Only qubits that are coupled exist for Qiskit; `names` gives them back their own numbers.
    names = sorted({q for edge in edges for q in edge})
    number = {q: i for i, q in enumerate(names)}
    pairs = [(number[a], number[b]) for a, b in edges]
    given = None if layout is None else [number[q] for q in layout]
    gates, initial, final = _level_3(order, public["qubits"], pairs, given, seed)
    routed = Routed(tuple(range(len(names))), tuple(gates), tuple(range(len(names))))
    placed = relabelled(routed, dict(enumerate(names)))
    initial, final = ([names[q] for q in layout[: public["qubits"]]] for layout in (initial, final))
    return Routed(tuple(initial), placed.gates, tuple(final))


def resynthesised(public: dict[str, Any], routed: Routed, seed: int) -> Routed:
    """The routed circuit after Qiskit's level 3, which has nothing to route but two-qubit blocks to write shorter."""
    edges = [(a, b) for a, b in public["edges"]]
    gates, initial, final = _level_3(routed.gates, QUBITS, edges, list(range(QUBITS)), seed)
    return Routed(tuple(initial[q] for q in routed.initial), tuple(gates), tuple(final[q] for q in routed.final))


def _level_3(
    order: tuple[Gate, ...], qubits: int, edges: list[tuple[int, int]], layout: list[int] | None, seed: int
) -> tuple[list[Gate], list[int], list[int]]:
    """Gates on the qubits of `edges`, and where each given qubit is before and after them."""
    try:
        from qiskit import QuantumCircuit, transpile
        from qiskit.transpiler import CouplingMap
    except ImportError:
        raise MissingExtra(
            "the qubit-routing reference needs Qiskit, which is not installed: pip install 'journeyman[tasks]'"
        ) from None
    circuit = QuantumCircuit(qubits)
    for name, *rest in order:
        if name in ("rz", "rzz"):
            getattr(circuit, name)(rest[-1], *rest[:-1])
        else:
            getattr(circuit, name)(*rest)
    both = [[a, b] for a, b in edges] + [[b, a] for a, b in edges]
    result = transpile(
        circuit, coupling_map=CouplingMap(both), basis_gates=["cx", "rz", "sx", "x"], optimization_level=3,
        initial_layout=layout, seed_transpiler=seed, approximation_degree=1.0,
    )  # fmt: skip
    gates: list[Gate] = []
    for instruction in result.data:
        where = [result.find_bit(bit).index for bit in instruction.qubits]
        angles = [math.remainder(float(angle), 2 * math.pi) for angle in instruction.operation.params]
        gates.append((instruction.operation.name, *where, *angles))
    return gates, result.layout.initial_index_layout(), result.layout.final_index_layout()


def without_idle_controls(routed: Routed) -> Routed:
    """The circuit without cx whose control is in |0>: on a SWAP with a free qubit, one of the three.

    A physical qubit is known to be in |0> until it is touched, and again when cx(a, b) cx(b, a) has moved what it held.
    """
    zero = set(range(QUBITS)) - set(routed.initial)
    kept: list[Gate] = []
    copy: dict[int, int] = {}  # b -> a: b was in |0> and cx(a, b) was the last gate on both
    for gate in routed.gates:
        name, q, *rest = gate
        if name == "cx" and q in zero:
            continue
        if name == "rz" and q in zero:
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
    return replace(routed, gates=tuple(kept))


def best_embedding(public: dict[str, Any], device: Device, routed: Routed) -> Routed:
    """The routed circuit on those physical qubits that lose least, over embeddings of the couplings it uses."""
    import rustworkx

    pairs = [gate[1:3] for gate in routed.gates if gate[0] == "cx"]
    uses: dict[tuple[int, int], int] = {}
    for a, b in pairs:
        uses[min(a, b), max(a, b)] = uses.get((min(a, b), max(a, b)), 0) + 1
    used = sorted({q for pair in uses for q in pair})
    if not set(routed.initial) <= set(used):
        return routed  # a logical qubit without a cx could stand anywhere; none of the circuits has one
    chip, pattern = rustworkx.PyGraph(), rustworkx.PyGraph()
    chip.add_nodes_from(range(QUBITS))
    chip.add_edges_from_no_data([(a, b) for a, b in public["edges"]])
    pattern.add_nodes_from(used)
    number = {q: i for i, q in enumerate(used)}
    pattern.add_edges_from_no_data([(number[a], number[b]) for a, b in uses])
    found: list[tuple[float, dict[int, int]]] = []
    maps = rustworkx.vf2_mapping(chip, pattern, subgraph=True, induced=False, id_order=False)
    for _, mapping in zip(range(EMBEDDINGS), maps, strict=False):
        to = {used[i]: q for q, i in mapping.items()}
        lost = -sum(n * math.log1p(-device.cx_error[to[a], to[b]]) for (a, b), n in uses.items())
        found.append((lost, to))
    best, least = routed, loss(device, routed).total
    for lost, to in sorted(found, key=lambda pair: pair[0])[:SCHEDULED]:
        if lost < least:
            placed = relabelled(routed, to)
            total = loss(device, placed).total
            if total < least:
                best, least = placed, total
    return best


def relabelled(routed: Routed, to: dict[int, int]) -> Routed:
    """The same circuit with physical qubit q called `to[q]`."""
    return Routed(
        tuple(to[q] for q in routed.initial),
        tuple(
            (gate[0], to[gate[1]], to[gate[2]]) if gate[0] == "cx" else (gate[0], to[gate[1]], *gate[2:])
            for gate in routed.gates
            if gate[1] in to
        ),
        tuple(to[q] for q in routed.final),
    )


def main() -> None:
    folder = Path(__file__).parent
    parser = argparse.ArgumentParser(description="Route the circuits of a file and print the results as JSON.")
    parser.add_argument("--trials", type=int, default=1500, help="transpilations for each instance")
    parser.add_argument("--seed", type=int, default=0, help="random seed")
    parser.add_argument("--instances", type=Path, default=folder / "instances" / "dev.jsonl")
    parser.add_argument("--only", nargs="*", help="names of the instances; all by default")
    parser.add_argument("--write", action="store_true", help="store better results as anchors, and designs of dev")
    arguments = parser.parse_args()
    # Qiskit's routing runs on all cores otherwise; its result is the same.
    os.environ.setdefault("RAYON_NUM_THREADS", "1")

    lines = [json.loads(text) for text in arguments.instances.read_text().splitlines()]
    for line in lines:
        if arguments.only and line["name"] not in arguments.only:
            continue
        solution = solve(line["public"], trials=arguments.trials, seed=arguments.seed)
        parts = loss(Device.of(line["public"]), solution.routed)
        shown = {"instance": line["name"], "loss": solution.loss, "cx": sum(parts.uses.values()), "trials": solution.trials}
        print(json.dumps(shown | {"cpu_s": round(solution.seconds, 1)}), flush=True)
        if arguments.write and solution.loss < line["anchors"]["reference"]:
            line["anchors"]["reference"] = solution.loss
            line["hidden"]["trials"] = solution.trials
            arguments.instances.write_text("".join(json.dumps(each, separators=(",", ":")) + "\n" for each in lines))
            if arguments.instances.stem == "dev":
                keep_design(folder / "designs" / "dev.jsonl", line["name"], design(solution.routed))


def keep_design(path: Path, name: str, found: dict[str, Any]) -> None:
    """Put the design of one instance in the place of the one stored before."""
    stored = [json.loads(text) for text in path.read_text().splitlines()] if path.is_file() else []
    stored = [entry for entry in stored if entry["instance"] != name] + [{"instance": name, "design": found}]
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in stored))


if __name__ == "__main__":
    main()
