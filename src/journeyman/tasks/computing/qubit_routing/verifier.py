"""Verdict on a routed circuit: its form, its couplings, its equivalence to the given one, and then what it loses."""

from __future__ import annotations

import math

from journeyman.tasks.computing.qubit_routing.circuit import Gate, Routed, logical, read
from journeyman.tasks.computing.qubit_routing.device import Device
from journeyman.tasks.computing.qubit_routing.equivalence import check
from journeyman.tasks.computing.qubit_routing.schedule import Loss, loss
from journeyman.verify import Instance, Metric, Outcome, feasible, infeasible


def score(instance: Instance, design: object) -> Outcome:
    """-ln(success probability) of the routed circuit in nats, or the first rule it breaks."""
    routed = read(instance.public, design)
    if isinstance(routed, str):
        return infeasible(routed)
    given = logical(instance.public)
    found = check(instance.public["qubits"], given, routed)
    if found.fault is not None:
        return infeasible(found.fault)
    lost = loss(Device.of(instance.public), routed)
    metrics = {
        "success_probability": Metric(100 * math.exp(-lost.total), "%"),
        "cx_loss": Metric(math.fsum(lost.cx.values()), "nats"),
        "waiting_loss": Metric(math.fsum(lost.wait.values()), "nats"),
        "single_qubit_loss": Metric(lost.single, "nats"),
        "cx_gates": Metric(sum(lost.uses.values())),
        "cx_depth": Metric(lost.cx_depth),
        "duration": Metric(lost.end_ns / 1e3, "us"),
    }
    return feasible(lost.total, metrics=metrics, feedback=describe(given, lost))


def describe(given: tuple[Gate, ...], lost: Loss) -> str:
    """Where a feasible circuit loses its fidelity; under 500 characters."""
    wanted = sum(gate[0] == "cx" for gate in given)
    cx, wait = math.fsum(lost.cx.values()), math.fsum(lost.wait.values())
    edges = sorted(lost.cx, key=lambda edge: -lost.cx[edge])[:3]
    qubits = sorted(lost.wait, key=lambda q: -lost.wait[q])[:3]
    worst = ", ".join(f"{a}-{b} ({lost.uses[a, b]} cx) {lost.cx[a, b]:.3f}" for a, b in edges)
    idle = ", ".join(f"{q} ({lost.wait_ns[q] / 1e3:.1f} us) {lost.wait[q]:.3f}" for q in qubits)
    return (
        f"loss {lost.total:.4f} nats: cx {cx:.4f}, waiting {wait:.4f}, one-qubit gates {lost.single:.4f}. "
        f"{sum(lost.uses.values())} cx (the given circuit has {wanted}), cx depth {lost.cx_depth}, "
        f"{lost.end_ns / 1e3:.1f} us long. Couplings that lose most: {worst or 'none'}. "
        f"Qubits that lose most by waiting: {idle or 'none'}."
    )


def draw(instance: Instance, design: object) -> dict[str, bytes]:
    """The circuit on the chip and in time, `circuit.png`; nothing for a design of the wrong form."""
    from journeyman.tasks.computing.qubit_routing.picture import picture

    routed = read(instance.public, design)
    if not isinstance(routed, Routed):
        return {}
    device = Device.of(instance.public)
    return {"circuit.png": picture(instance.name, device, routed, loss(device, routed))}
