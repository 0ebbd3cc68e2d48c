"""State vectors: gates applied to many states at once.

An array of states has the shape (2, ..., 2, states): axis k is qubit k, the last axis numbers the states. The last axis is
contiguous, so that numpy's inner loops are long.
"""

from __future__ import annotations

import cmath
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from journeyman.tasks.computing.qubit_routing.circuit import Gate

States = NDArray[np.complex128]


def apply(gates: Iterable[Gate], states: States) -> States:
    """`states` after `gates`, whose qubits are axes of the array; in place, and the same array is returned."""
    for name, q, *rest in gates:
        zero, one = half(states, q, 0), half(states, q, 1)
        if name == "rz":
            zero *= cmath.exp(-0.5j * rest[0])
            one *= cmath.exp(0.5j * rest[0])
        elif name == "cx":
            # Of the half where the control is 1, the two quarters of the target change places.
            axis = rest[0] - (rest[0] > q)
            _exchange(half(one, axis, 0), half(one, axis, 1))
        elif name == "x":
            _exchange(zero, one)
        else:
            # sx = 1/2 [[1+i, 1-i], [1-i, 1+i]]: half the sum, plus or minus i/2 times the difference.
            total, difference = 0.5 * (zero + one), 0.5j * (zero - one)
            np.add(total, difference, out=zero)
            np.subtract(total, difference, out=one)
    return states


def half(states: States, axis: int, value: int) -> States:
    """The view of the states in which the qubit of `axis` is `value`; that axis is gone in it."""
    return states[(slice(None),) * axis + (value,)]


def _exchange(a: States, b: States) -> None:
    kept = a.copy()
    a[...] = b
    b[...] = kept


def product_states(qubits: int, states: int, rng: np.random.Generator) -> States:
    """Tensor products of `qubits` independent Haar-random one-qubit states; each of norm 1."""
    vectors = rng.standard_normal((qubits, 2, states, 2)).view(np.complex128)[..., 0]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    product = np.ones((1, states), dtype=np.complex128)
    for vector in vectors:
        product = (product[:, None, :] * vector[None, :, :]).reshape(-1, states)
    return np.ascontiguousarray(product.reshape((2,) * qubits + (states,)))


def basis_states(qubits: int, numbers: range) -> States:
    """The computational basis states of the given numbers; qubit 0 is the most significant bit."""
    states = np.zeros((2**qubits, len(numbers)), dtype=np.complex128)
    states[list(numbers), range(len(numbers))] = 1
    return states.reshape((2,) * qubits + (len(numbers),))
