"""Fresh instances: a textbook circuit of random parameters and a synthetic calibration of the 27-qubit device.

    python -m journeyman.tasks.computing.qubit_routing.generate --seeds 1 2 3 > instances.jsonl

The spread of the calibration follows what was published for devices of this kind: cx errors around 1 % between 0.4 % and
5 %, cx durations of 0.2 to 0.6 us, T1 and T2 around 100 us (Jurcevic et al. 2021 for a 27-qubit device), errors of sx a
few 1e-4, its duration 35.6 ns. Every number is drawn; none was measured.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from journeyman.tasks.computing.qubit_routing import algorithms
from journeyman.tasks.computing.qubit_routing.circuit import Gate
from journeyman.tasks.computing.qubit_routing.device import FALCON_27, QUBITS, Device
from journeyman.tasks.computing.qubit_routing.plain import along_shortest_paths
from journeyman.tasks.computing.qubit_routing.schedule import loss

# What a candidate may spend on one instance, as it is told; the same number as `cpu_s` in task.toml.
CPU_LIMIT_S = 5

Maker = Callable[[int, np.random.Generator], list[Gate]]


def random_graph(qubits: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """3 n / 2 random edges, rounded up, that leave no qubit alone; in random order, as QAOA does not care."""
    every = [(i, j) for i in range(qubits) for j in range(i + 1, qubits)]
    while True:
        chosen = rng.choice(len(every), size=math.ceil(1.5 * qubits), replace=False)
        edges = [every[i] for i in chosen]
        if len({q for edge in edges for q in edge}) == qubits:
            return edges


def _qaoa(qubits: int, rng: np.random.Generator) -> list[Gate]:
    edges = random_graph(qubits, rng)
    gamma, beta = (np.round(rng.uniform(0.2, 0.9, 2), 4).tolist() for _ in range(2))
    return algorithms.qaoa(qubits, edges, gamma, beta)


FAMILIES: dict[str, Maker] = {
    "qft": lambda qubits, rng: algorithms.qft_entangled(qubits),
    "qaoa": _qaoa,
    "adder": lambda qubits, rng: algorithms.adder((qubits - 2) // 2),
    "volume": lambda qubits, rng: algorithms.volume(qubits, 6, rng),
    "phase": lambda qubits, rng: algorithms.phase_estimation(qubits, round(float(rng.uniform(0.1, 0.9)), 5)),
}

# The frozen splits: family, qubits, seed.
DEV = (("qft", 9, 1), ("qaoa", 10, 2), ("adder", 10, 3))
HELD_OUT = (("qft", 10, 11), ("qaoa", 9, 12), ("adder", 8, 13), ("volume", 8, 14), ("phase", 9, 15))
# Fresh instances: one of these.
SIZES = (("qft", 9), ("qft", 10), ("qaoa", 9), ("qaoa", 10), ("adder", 8), ("adder", 10), ("volume", 8), ("phase", 9))


def calibration(rng: np.random.Generator) -> dict[str, Any]:
    """A synthetic calibration, rounded as one would read it; keys as in the public part of an instance."""
    cx_error = np.clip(rng.lognormal(math.log(0.009), 0.45, len(FALCON_27)), 0.004, 0.05)
    sx_error = np.clip(rng.lognormal(math.log(2.5e-4), 0.4, QUBITS), 1e-4, 2e-3)
    t1 = np.clip(rng.normal(110, 28, QUBITS), 40, 200)
    t2 = np.clip(t1 * rng.uniform(0.3, 1.7, QUBITS), 20, 250)
    return {
        "edges": [list(edge) for edge in FALCON_27],
        "cx_error": np.round(cx_error, 5).tolist(),
        "cx_ns": np.round(rng.uniform(220, 560, len(FALCON_27)), 1).tolist(),
        "sx_error": np.round(sx_error, 6).tolist(),
        "sx_ns": 35.6,
        "t1_us": np.round(t1, 1).tolist(),
        "t2_us": np.round(t2, 1).tolist(),
    }


def stream(seed: int, what: str) -> np.random.Generator:
    """A generator for any integer seed: the hash keeps neighbouring seeds from giving related streams."""
    digest = hashlib.sha256(f"journeyman qubit_routing {what} {seed}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def public(family: str, qubits: int, seed: int) -> dict[str, Any]:
    """The public part of an instance."""
    gates = FAMILIES[family](qubits, stream(seed, "circuit"))
    return {
        "qubits": qubits,
        "gates": [list(gate) for gate in gates],
        **calibration(stream(seed, "calibration")),
        "cpu_limit_s": CPU_LIMIT_S,
    }


def instance_line(name: str, family: str, qubits: int, seed: int, trials: int) -> dict[str, Any]:
    """An instance line; its reference anchor is that of `reference.solve` with so many trials, its baseline plain routing.

    Raises MissingExtra where Qiskit is not installed.
    """
    from journeyman.tasks.computing.qubit_routing.reference import solve

    given = public(family, qubits, seed)
    return {
        "name": name,
        "public": given,
        "hidden": {"family": family, "seed": seed, "trials": trials},
        "anchors": {
            "baseline": loss(Device.of(given), along_shortest_paths(given)).total,
            "reference": solve(given, trials=trials, seed=0).loss,
        },
    }


def generate(seed: int) -> dict[str, Any]:
    """One fresh instance line for any integer seed; equal seeds give equal lines with one version of Qiskit.

    The reference is a short run, so a score above 1 is less rare than on the frozen instances. Raises MissingExtra.
    """
    family, qubits = SIZES[int(stream(seed, "size").integers(len(SIZES)))]
    return instance_line(f"fresh-{seed}", family, qubits, seed, trials=12)


def main() -> None:
    parser = argparse.ArgumentParser(description="Print fresh instance lines (JSON), anchored by a short reference run.")
    parser.add_argument("--seeds", type=int, nargs="+", required=True, help="one instance for each of these integers")
    for seed in parser.parse_args().seeds:
        print(json.dumps(generate(seed), separators=(",", ":")))


if __name__ == "__main__":
    main()
