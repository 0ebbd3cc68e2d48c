"""Linear analysis of a pin-jointed space truss by the direct stiffness method, with a banded Cholesky factorisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Truss:
    """A truss of n nodes and m members, made by `truss_of`. Any consistent units.

    `nodes` (n, 3); `ends` (m, 2); `length` (m,); `axis` (m, 3), unit vectors from the first end to the second; `freedom`
    (n, 3): number of a free displacement, -1 for a held one. `slot`, `share`, `member`: where each of the entries of the
    members' stiffness matrices goes in the band, what it is for E A = 1, and whose it is.
    """

    nodes: Array
    ends: Integers
    length: Array
    axis: Array
    freedom: Integers
    unknowns: int
    width: int
    slot: Integers
    share: Array
    member: Integers

    def displacements(self, rigidity: Array, loads: Array) -> Array:
        """Displacements (c, n, 3) under c load cases `loads` (c, n, 3); `rigidity` (m,) is E A of each member.

        Raises numpy.linalg.LinAlgError if the truss is a mechanism.
        """
        entries = self.share * rigidity[self.member]
        band = np.bincount(self.slot, weights=entries, minlength=self.width * self.unknowns)
        free = self.freedom >= 0
        solved = solveh_banded(
            band.reshape(self.width, self.unknowns), loads[:, free].T, lower=True, check_finite=False
        )
        moved = np.zeros_like(loads)
        moved[:, free] = solved.T
        return moved

    def forces(self, rigidity: Array, displacements: Array) -> Array:
        """Axial forces (c, m), tension positive."""
        stretch = displacements[:, self.ends[:, 1]] - displacements[:, self.ends[:, 0]]
        return np.asarray(rigidity / self.length * np.einsum("cmk,mk->cm", stretch, self.axis))

    def on_nodes(self, forces: Array) -> Array:
        """What axial forces (c, m) do to the nodes (c, n, 3): with the loads, zero at every free node."""
        pull = forces[:, :, None] * self.axis
        nodal = np.zeros((len(self.nodes), len(forces), 3))
        np.add.at(nodal, self.ends[:, 0], pull.transpose(1, 0, 2))
        np.add.at(nodal, self.ends[:, 1], -pull.transpose(1, 0, 2))
        return nodal.transpose(1, 0, 2)


def truss_of(nodes: Array, ends: Integers, held: NDArray[np.bool_]) -> Truss:
    """The truss with `nodes` (n, 3), members between `ends` (m, 2), and the displacements `held` (n, 3) at zero."""
    span = nodes[ends[:, 1]] - nodes[ends[:, 0]]
    length = np.linalg.norm(span, axis=1)
    axis = span / length[:, None]
    freedom = np.full(nodes.shape, -1, dtype=np.int64)
    unknowns = int((~held).sum())
    freedom[~held] = np.arange(unknowns)

    at = freedom[ends].reshape(len(ends), 6)
    along = np.concatenate([-axis, axis], axis=1)
    outer = along[:, :, None] * along[:, None, :] / length[:, None, None]
    row = np.broadcast_to(at[:, :, None], outer.shape)
    column = np.broadcast_to(at[:, None, :], outer.shape)
    kept = (row >= column) & (column >= 0)
    below = (row - column)[kept]
    width = int(below.max()) + 1
    return Truss(
        nodes=nodes, ends=ends, length=length, axis=axis, freedom=freedom, unknowns=unknowns, width=width,
        slot=below * unknowns + column[kept], share=outer[kept], member=np.nonzero(kept)[0],
    )  # fmt: skip
