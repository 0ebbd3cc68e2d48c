"""Whether a routed circuit is the given one: a fast test that refutes, then a proof.

Required: for every state psi of the n logical qubits, with every other physical qubit in |0>, the routed circuit gives
e^(i phi) U psi on the qubits of the final layout and |0> on all others, phi being the same for all psi.

1. *Test.* Both circuits act on a few tensor products of Haar-random one-qubit states. Their generator is seeded by a hash of
   both circuits, so a design cannot be made for the states it will be tested on. The distance between the two results
   must not exceed `TOLERANCE`; a wrong angle shows in it to first order, where a fidelity would square it. The mean
   square of that distance over all such states is that over the basis states, and it is zero for almost no state unless for
   all; what a few states could miss is a large error confined to a few basis states, and that is what the proof is for.
2. *Proof.* MQT QCEC multiplies one circuit by the inverse of the other as decision diagrams and finds the identity. Its
   diagrams round (version 3.11 lets an angle that is wrong by 1e-6 pass), so small errors are left to the test. Where
   QCEC does not end within `PROOF_S`, or does not find the identity, or a physical qubit beyond the n takes part, the
   same product is formed with numpy, column by column, and its distance to the identity is bounded. So what is refused
   is refused by a number, never by a clock.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np

from journeyman.tasks.computing.qubit_routing.circuit import Gate, Routed
from journeyman.tasks.computing.qubit_routing.states import States, apply, basis_states, product_states
from journeyman.tasks.computing.qubit_routing.wires import Wired, wired

TESTS = 3
TOLERANCE = 1e-8
# Of the product formed with numpy. It needs the room: rounding errors of 2^n columns, and the phase of the first ones.
PROOF_TOLERANCE = 1e-7
PROOF_S = 3.0
# How far a node of the decision diagrams may be from the identity; QCEC itself would allow 1e-8.
NODE_TOLERANCE = 1e-12
# More than this many qubits outside |0> beyond the logical ones are not simulated: with one, 10 logical qubits and as many
# gates as are allowed, a proof takes some 20 s at worst.
MOST_EXTRA = 1
# Basis states that are multiplied out together: as many as stay in a processor's cache.
COLUMNS = 64


@dataclass(frozen=True)
class Equivalence:
    """`fault`: why the circuit is not accepted, in one sentence, or None. `distance`: of the test, largest of its states.
    `proof`: what proved it."""

    fault: str | None
    distance: float = 0.0
    proof: str = ""


def check(qubits: int, given: tuple[Gate, ...], routed: Routed, *, proof_s: float = PROOF_S) -> Equivalence:
    """Test and proof for `routed`, whose form has been checked, against the `given` circuit on `qubits` logical qubits."""
    rewritten = wired(routed)
    extra = rewritten.wires - qubits
    if extra > MOST_EXTRA:
        return Equivalence(
            f"{extra} physical qubits beyond the {qubits} logical ones leave |0> other than by moves, "
            f"at most {MOST_EXTRA} may"
        )
    order = _order(rewritten, routed.final)
    if isinstance(order, str):
        return Equivalence(order)
    distance = _tested(qubits, given, rewritten, order, _seed(given, routed))
    if distance > TOLERANCE:
        return Equivalence(
            f"the routed circuit is not the given one: on random product states the results are up to {distance:.3g} apart "
            f"(norm of the difference, at most {TOLERANCE:g} allowed)",
            distance,
        )
    if extra == 0 and proof_s > 0 and _decision_diagrams(qubits, given, rewritten, order, proof_s):
        return Equivalence(None, distance, "decision diagrams")
    bound = multiplied_out(qubits, given, rewritten, order)
    if bound > PROOF_TOLERANCE:
        return Equivalence(
            f"the routed circuit passes the test on random states but is not proved equivalent: multiplied out, it is "
            f"{bound:.3g} from the given one (root mean square over basis states, at most {PROOF_TOLERANCE:g} allowed)",
            distance,
        )
    return Equivalence(None, distance, "all basis states")


def _order(rewritten: Wired, final: tuple[int, ...]) -> tuple[int, ...] | str:
    """For each logical qubit the wire that the final layout names, then the other wires; or what is wrong with it."""
    for k, q in enumerate(final):
        if q not in rewritten.wire_of:
            return f"final_layout[{k}] = {q}, but physical qubit {q} holds no logical qubit at the end: it is in |0>"
    named = [rewritten.wire_of[q] for q in final]
    return (*named, *(w for w in range(rewritten.wires) if w not in named))


def _seed(given: tuple[Gate, ...], routed: Routed) -> int:
    text = repr((given, routed.initial, routed.gates, routed.final))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def _tested(qubits: int, given: tuple[Gate, ...], rewritten: Wired, order: tuple[int, ...], seed: int) -> float:
    states = product_states(qubits, TESTS, np.random.default_rng(seed))
    got = _run(qubits, rewritten, order, states)
    return _apart(got, apply(given, states), qubits)


def multiplied_out(qubits: int, given: tuple[Gate, ...], rewritten: Wired, order: tuple[int, ...]) -> float:
    """Upper bound of the distance between the two circuits: root mean square over all basis states of the difference of
    their results, with one phase for all. A few seconds for 10 qubits, four times as long for each further one."""
    dimension = 2**qubits
    # The phase of the first basis states; the best phase of all could only lower the bound.
    total, phase = 0.0, None
    back = inverse(given)
    for begin in range(0, dimension, COLUMNS):
        basis = basis_states(qubits, range(begin, min(begin + COLUMNS, dimension)))
        got = _run(qubits, rewritten, order, basis)
        # Unitary, so it may go onto the |0> part of the extra wires alone: the rest counts as it is.
        inner = got[_zero_index(got, qubits)]
        total += max(0.0, float(np.linalg.norm(got)) ** 2 - float(np.linalg.norm(inner)) ** 2)
        inner = apply(back, np.ascontiguousarray(inner))
        if phase is None:
            overlap = np.vdot(basis, inner)
            phase = overlap / abs(overlap) if abs(overlap) else 1.0
        total += float(np.linalg.norm(inner - phase * basis)) ** 2
    return math.sqrt(total / dimension)


def inverse(gates: tuple[Gate, ...]) -> list[Gate]:
    """The gates that undo `gates`: in reverse order, rz with the other sign, sx as sx and x (sx has order four)."""
    back: list[Gate] = []
    for gate in reversed(gates):
        if gate[0] == "rz":
            back.append(("rz", gate[1], -gate[2]))
        elif gate[0] == "sx":
            back += [("sx", gate[1]), ("x", gate[1])]
        else:
            back.append(gate)
    return back


def _run(qubits: int, rewritten: Wired, order: tuple[int, ...], states: States) -> States:
    """The rewritten circuit on `states` of the logical qubits; axes in the given order, extra wires behind the logical."""
    full = np.zeros((2,) * rewritten.wires + states.shape[-1:], dtype=np.complex128)
    full[_zero_index(full, qubits)] = states
    return np.moveaxis(apply(rewritten.gates, full), order, range(len(order)))


def _zero_index(states: States, qubits: int) -> tuple[slice | int, ...]:
    """Index of the part of `states` in which every wire behind the logical ones is 0."""
    return (slice(None),) * qubits + (0,) * (states.ndim - 1 - qubits)


def _apart(got: States, wanted: States, qubits: int) -> float:
    """Largest distance, over the states, between `got` and `wanted` with |0> on the extra wires; one phase for all."""
    inner = got[_zero_index(got, qubits)]
    overlap = np.vdot(wanted, inner)
    phase = overlap / abs(overlap) if abs(overlap) else 1.0
    difference = got.copy()
    difference[_zero_index(got, qubits)] -= phase * wanted
    return float(np.linalg.norm(difference.reshape(-1, got.shape[-1]), axis=0).max())


def _decision_diagrams(
    qubits: int, given: tuple[Gate, ...], rewritten: Wired, order: tuple[int, ...], seconds: float
) -> bool:
    """Whether MQT QCEC proves, within about `seconds`, that both circuits are the same up to a global phase."""
    from mqt.core.ir import QuantumComputation
    from mqt.qcec.pyqcec import ApplicationScheme, Configuration, EquivalenceCheckingManager

    ours = QuantumComputation(qubits)
    theirs = QuantumComputation(qubits)
    for circuit, gates in ((ours, given), (theirs, rewritten.gates)):
        for name, q, *rest in gates:
            if name == "cx":
                circuit.cx(q, rest[0])
            elif name == "rz":
                circuit.rz(rest[0], q)
            elif name == "sx":
                circuit.sx(q)
            else:
                circuit.x(q)
    at = list(range(qubits))
    for k, wire in enumerate(order):
        # Logical qubit k is on wire `wire`; SWAP gates, which the checker elides, bring it to wire k.
        j = at.index(wire)
        if j != k:
            theirs.swap(j, k)
            at[j], at[k] = at[k], at[j]

    configuration = Configuration()
    configuration.execution.parallel = False
    configuration.execution.nthreads = 1
    configuration.execution.timeout = seconds
    configuration.execution.run_alternating_checker = True
    configuration.execution.run_construction_checker = False
    configuration.execution.run_simulation_checker = False
    configuration.execution.run_zx_checker = False
    configuration.application.alternating_scheme = ApplicationScheme.proportional
    configuration.functionality.trace_threshold = NODE_TOLERANCE
    manager = EquivalenceCheckingManager(ours, theirs, configuration)
    manager.run()
    return manager.results.equivalence.name in ("equivalent", "equivalent_up_to_global_phase")
