"""When each gate runs, and what the circuit loses: the objective.

Every gate starts as soon as its qubits are free (ASAP). rz is a change of the reference frame: no time, no error
(McKay et al. 2017). All qubits are read out together, when the last gate has ended.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from journeyman.tasks.computing.qubit_routing.circuit import Routed
from journeyman.tasks.computing.qubit_routing.device import Device


@dataclass(frozen=True)
class Loss:
    """-ln(success probability) by cause, in nats, with what it is counted from.

    `cx[edge]` and `wait[q]` are nats by place, edges as (smaller, larger); `uses[edge]` counts cx; `wait_ns[q]` is the
    time that q waits; `start_ns[i]` is when gate i begins.
    """

    cx: dict[tuple[int, int], float]
    single: float
    wait: dict[int, float]
    uses: dict[tuple[int, int], int]
    singles: int
    wait_ns: dict[int, float]
    start_ns: tuple[float, ...]
    end_ns: float
    cx_depth: int

    @property
    def total(self) -> float:
        return math.fsum([*self.cx.values(), self.single, *self.wait.values()])


def loss(device: Device, routed: Routed) -> Loss:
    """What the routed circuit loses on the device.

    A qubit waits in every gap between its first and its last gate; one that holds a logical qubit at the beginning also
    from time 0 on, one that holds one at the end also until the end.
    """
    free = dict.fromkeys(range(len(device.sx_error)), 0.0)
    level = dict.fromkeys(free, 0)
    busy = dict.fromkeys(free, 0.0)
    first: dict[int, float] = dict.fromkeys(routed.initial, 0.0)
    last: dict[int, float] = {}
    start: list[float] = []
    uses: dict[tuple[int, int], int] = {}
    single = [0] * len(free)
    acted: tuple[int, ...]
    for name, *where in routed.gates:
        if name == "cx":
            a, b = where
            begin, takes = max(free[a], free[b]), device.cx_ns[a, b]
            edge = (a, b) if a < b else (b, a)
            uses[edge] = uses.get(edge, 0) + 1
            level[a] = level[b] = 1 + max(level[a], level[b])
            acted = (a, b)
        else:
            acted = (where[0],)
            begin, takes = free[where[0]], 0.0 if name == "rz" else device.sx_ns
            single[where[0]] += name != "rz"
        start.append(begin)
        if takes:
            for q in acted:
                first.setdefault(q, begin)
                free[q] = last[q] = begin + takes
                busy[q] += takes
    end = max(free.values())
    last.update(dict.fromkeys(routed.final, end))
    # A qubit with rz alone has no span; one that holds nothing at the end and never worked waits for nothing.
    wait_ns = {q: max(0.0, last[q] - first[q] - busy[q]) for q in sorted(first) if q in last}
    return Loss(
        cx={edge: -count * math.log1p(-device.cx_error[edge]) for edge, count in sorted(uses.items())},
        single=math.fsum(
            -n * math.log1p(-error) for n, error in zip(single, device.sx_error, strict=True)
        ),
        wait={q: t * device.wait_per_ns[q] for q, t in wait_ns.items()},
        uses=uses,
        singles=sum(single),
        wait_ns=wait_ns,
        start_ns=tuple(start),
        end_ns=end,
        cx_depth=max(level.values()),
    )
