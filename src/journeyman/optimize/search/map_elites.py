"""One island of MAP-Elites: its members, and the grid in which each cell shows the best of them (Mouret and Clune 2015).

What an island holds is a function of the set of its members alone, never of the order in which they came: members are
the best so many, of equal ones the earlier, and cells are cut anew from the least and the largest features of these
members whenever somebody looks. A cell that was right yesterday and is too narrow today does not exist.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING

from journeyman.optimize.trial import Trial

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from journeyman.verify import Candidate

Cell = tuple[int, int]
Rank = tuple[float, int]
"""Sorts the better first, of equal ones the earlier: the score, negated if larger is better, and the index."""

_rank = attrgetter("rank")


@dataclass(frozen=True, slots=True)
class Member:
    """A trial with a score, and its features: `size` and `distance` as `Features` gives them.

    `migrant`: it came from another island, and goes no further.
    """

    rank: Rank
    trial: Trial
    size: int
    distance: int
    migrant: bool = False


class Features:
    """Complexity and diversity of candidates.

    Complexity is the number of bytes of all files. Diversity is the bag distance to the reference: how many bytes one of
    the two has that the other lacks, whatever their places; the larger of both directions. It is a lower bound of the
    edit distance (Bartolini, Ciaccia and Patella 2002), at the cost of counting.
    """

    def __init__(self, reference: Candidate) -> None:
        self._reference = _bag(reference)

    def of(self, candidate: Candidate) -> tuple[int, int]:
        """Size in bytes, and distance from the reference, 0 for the reference itself."""
        bag = _bag(candidate)
        surplus = bag - self._reference
        more = int(surplus[surplus > 0].sum())
        return int(bag.sum()), max(more, more - int(surplus.sum()))


class Island:
    """The best members, `capacity` at most, sorted; and who came last."""

    def __init__(self, capacity: int, bins: int) -> None:
        self.members: list[Member] = []
        self.last: Trial | None = None
        self._capacity = capacity
        self._bins = bins
        self._elites: list[Member] | None = None

    def takes(self, rank: Rank) -> bool:
        """Whether a member of this rank would stay."""
        return len(self.members) < self._capacity or rank < self.members[-1].rank

    def add(self, member: Member) -> None:
        """Take a member in; the worst goes if there are too many."""
        bisect.insort(self.members, member, key=_rank)
        del self.members[self._capacity :]
        self._elites = None

    @property
    def elites(self) -> list[Member]:
        """The best member of each cell that has one, the best first."""
        if self._elites is None:
            # Members are sorted, so the first one met in a cell is its best.
            cells: dict[Cell, Member] = {}
            for member, cell in zip(self.members, cells_of(self.members, self._bins), strict=True):
                cells.setdefault(cell, member)
            self._elites = list(cells.values())
        return self._elites

    def migrants(self, rate: float) -> list[Member]:
        """The members that leave: the best `rate` of all, one at least, without those that came from elsewhere."""
        count = max(1, int(len(self.members) * rate))
        return [replace(m, migrant=True) for m in self.members[:count] if not m.migrant]

    def welcome(self, members: list[Member]) -> list[Member]:
        """Take in migrants whose files no member has; those taken."""
        digests = {member.trial.digest for member in self.members}
        new = []
        for member in members:
            if member.trial.digest not in digests and self.takes(member.rank):
                self.add(member)
                new.append(member)
        return new


def cells_of(members: list[Member], bins: int) -> list[Cell]:
    """The cell of each member: `bins` equal parts between the least and the largest size, and likewise the distance.

    Where all are equal, all are in the middle.
    """
    sizes = _bins_of([member.size for member in members], bins)
    distances = _bins_of([member.distance for member in members], bins)
    return list(zip(sizes, distances, strict=True))


def _bins_of(values: list[int], bins: int) -> list[int]:
    if not values:
        return []
    least, width = min(values), max(values) - min(values)
    if not width:
        return [bins // 2] * len(values)
    return [min((value - least) * bins // width, bins - 1) for value in values]


def _bag(candidate: Candidate) -> NDArray[np.int64]:
    """How often each of the 256 bytes occurs."""
    import numpy as np

    data = b"".join(candidate.files.values())
    return np.bincount(np.frombuffer(data, np.uint8), minlength=256).astype(np.int64)
