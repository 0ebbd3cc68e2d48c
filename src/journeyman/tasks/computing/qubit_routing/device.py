"""The device: which qubits are coupled, and what a calibration says about each.

The coupling map is that of IBM's 27-qubit Falcon processors, a heavy-hexagon lattice (Chamberland et al. 2020; a picture of
it is in Jurcevic et al. 2021): 28 couplings, no qubit with more than three.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

QUBITS = 27

FALCON_27 = (
    (0, 1), (1, 2), (1, 4), (2, 3), (3, 5), (4, 7), (5, 8), (6, 7), (7, 10), (8, 9), (8, 11), (10, 12), (11, 14), (12, 13),
    (12, 15), (13, 14), (14, 16), (15, 18), (16, 19), (17, 18), (18, 21), (19, 20), (19, 22), (21, 23), (22, 25), (23, 24),
    (24, 25), (25, 26),
)  # fmt: skip

# Where the qubits are drawn: (x, y), as in the usual picture of the chip.
PLACE = (
    (0, 3), (1, 3), (1, 2), (1, 1), (2, 3), (2, 1), (3, 4), (3, 3), (3, 1), (3, 0), (4, 3), (4, 1), (5, 3), (5, 2),
    (5, 1), (6, 3), (6, 1), (7, 4), (7, 3), (7, 1), (7, 0), (8, 3), (8, 1), (9, 3), (9, 2), (9, 1), (10, 1),
)  # fmt: skip


@dataclass(frozen=True)
class Device:
    """A calibrated device. Both directions of a coupling have one error and one duration.

    `cx_error[a, b]` and `cx_ns[a, b]` for both orders of each coupled pair; `sx_error[q]` of the gates sx and x;
    `wait_per_ns[q]`: -ln(fidelity) that qubit q loses in one nanosecond of waiting.
    """

    cx_error: Mapping[tuple[int, int], float]
    cx_ns: Mapping[tuple[int, int], float]
    sx_error: tuple[float, ...]
    sx_ns: float
    wait_per_ns: tuple[float, ...]

    @classmethod
    def of(cls, public: Mapping[str, Any]) -> Device:
        """The device of the public part of an instance line."""
        edges = [(a, b) for a, b in public["edges"]]
        both = [*edges, *((b, a) for a, b in edges)]
        rates = tuple(
            waiting_rate(t1, t2) for t1, t2 in zip(public["t1_us"], public["t2_us"], strict=True)
        )
        return cls(
            dict(zip(both, public["cx_error"] * 2, strict=True)),
            dict(zip(both, public["cx_ns"] * 2, strict=True)),
            tuple(public["sx_error"]),
            public["sx_ns"],
            rates,
        )


def waiting_rate(t1_us: float, t2_us: float) -> float:
    """-ln(fidelity) for each nanosecond that a qubit waits: 1 / (6 T1) + 1 / (3 T2).

    A qubit that relaxes for a time t keeps the average fidelity 1/2 + exp(-t/T1)/6 + exp(-t/T2)/3: the entanglement fidelity
    is (1 + exp(-t/T1) + 2 exp(-t/T2))/4, and Nielsen (2002) relates the two. This is the slope at t = 0: waiting times here
    are at most some tenths of T1 and T2, and with a rate two short waits cost what one long one does.
    """
    return (1 / (6 * t1_us) + 1 / (3 * t2_us)) / 1e3
