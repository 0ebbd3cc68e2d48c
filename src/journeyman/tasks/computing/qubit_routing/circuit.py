"""Circuits as lists of native gates, and the strict reading of what a candidate returned.

A gate is ("cx", control, target), ("rz", qubit, angle in radians), ("sx", qubit) or ("x", qubit), and gates act in the order
of the list. rz(t) = diag(exp(-it/2), exp(it/2)), sx is the square root of x with sx sx = x exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from journeyman.tasks.computing.qubit_routing.device import QUBITS

Gate = tuple[Any, ...]

MOST_GATES = 2000
LARGEST_ANGLE = 100.0
LENGTH = {"cx": 3, "rz": 3, "sx": 2, "x": 2}


@dataclass(frozen=True)
class Routed:
    """A circuit on physical qubits; `initial[k]` and `final[k]` hold logical qubit k before and after it."""

    initial: tuple[int, ...]
    gates: tuple[Gate, ...]
    final: tuple[int, ...]


def logical(public: Mapping[str, Any]) -> tuple[Gate, ...]:
    """The circuit that is to be mapped, on logical qubits."""
    return tuple(tuple(gate) for gate in public["gates"])


def read(public: Mapping[str, Any], design: object) -> Routed | str:
    """The routed circuit that `design` describes, or the first rule of form it breaks, in one sentence.

    `design` is whatever a candidate returned: nothing about its types is assumed.
    """
    if not isinstance(design, dict):
        return f"the design must be a dict, got {_kind(design)}"
    layouts = []
    for key in ("initial_layout", "final_layout"):
        fault = _layout_fault(key, public["qubits"], design.get(key))
        if fault is not None:
            return fault
        layouts.append(tuple(design[key]))
    gates = design.get("gates")
    if type(gates) is not list:
        return f'"gates" must be a list of gates, got {_kind(gates)}'
    if len(gates) > MOST_GATES:
        return f'"gates" has {len(gates)} gates, at most {MOST_GATES} are allowed'
    edges = {(a, b) for a, b in public["edges"]} | {(b, a) for a, b in public["edges"]}
    for i, gate in enumerate(gates):
        fault = _gate_fault(gate, edges)
        if fault is not None:
            return f"gates[{i}]{fault}"
    return Routed(layouts[0], tuple(tuple(gate) for gate in gates), layouts[1])


def _layout_fault(key: str, qubits: int, layout: object) -> str | None:
    if type(layout) is not list or len(layout) != qubits:
        return f'"{key}" must be a list of {qubits} physical qubits, one for each logical one, got {_kind(layout)}'
    for k, q in enumerate(layout):
        # `type(q) is int` and not isinstance: True and False are instances of int.
        if type(q) is not int:
            return f"{key}[{k}] must be an integer, got {_kind(q)}"
        if not 0 <= q < QUBITS:
            return f"{key}[{k}] = {_kind(q)} lies outside 0..{QUBITS - 1}"
        if q in layout[:k]:
            return f"{key}: physical qubit {q} holds both logical qubit {layout.index(q)} and {k}"
    return None


def _gate_fault(gate: object, edges: set[tuple[int, int]]) -> str | None:
    if type(gate) is not list or not gate:
        return f" must be a list such as ['cx', 0, 1], got {_kind(gate)}"
    name = gate[0]
    if type(name) is not str or name not in LENGTH:
        return f" has no native name: it must be one of {', '.join(LENGTH)}, got {_kind(name)}"
    if len(gate) != LENGTH[name]:
        return f": {name} takes {LENGTH[name] - 1} arguments, got {len(gate) - 1}"
    for q in gate[1:] if name == "cx" else gate[1:2]:
        if type(q) is not int:
            return f": a qubit of {name} must be an integer, got {_kind(q)}"
        if not 0 <= q < QUBITS:
            return f": qubit {_kind(q)} of {name} lies outside 0..{QUBITS - 1}"
    if name == "cx" and (gate[1], gate[2]) not in edges:
        return f": cx acts on qubits {gate[1]} and {gate[2]}, which are not coupled"
    if name == "rz":
        angle = gate[2]
        if type(angle) not in (int, float):
            return f": the angle of rz must be a number, got {_kind(angle)}"
        if not abs(angle) <= LARGEST_ANGLE:  # also refuses NaN
            return f": the angle {_kind(angle)} of rz lies outside -{LARGEST_ANGLE:g}..{LARGEST_ANGLE:g}"
    return None


def _kind(value: object) -> str:
    """A short description of a value of unknown type, safe to print."""
    if isinstance(value, list | dict):
        return f"a {type(value).__name__} of {len(value)} items"
    if value is None or isinstance(value, bool | float):
        return repr(value)[:40]
    if isinstance(value, int):
        # A huge integer has no repr of bounded cost.
        return str(value) if abs(value) < 10**18 else "a huge integer"
    if isinstance(value, str):
        return repr(value[:20])
    return f"a {type(value).__name__}"
