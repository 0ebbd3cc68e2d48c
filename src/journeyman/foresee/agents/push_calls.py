"""What a call in a room with boxes could show, and what is worth doing after it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from journeyman.foresee.agents.mind import Actions, Foreseen
from journeyman.foresee.agents.push_cells import Floats
from journeyman.foresee.agents.push_maps import Ints

_TIE = 1e-12


def outcomes(
    call: Actions, tokens: Ints, weight: Floats, worth: Floats, firsts: Sequence[int], best: int, reliability: float
) -> Foreseen | None:
    """What a call could show, and what the best plan is worth after it; None where all rooms show the same.

    `tokens`: what each room shows at its end. `firsts`: first action of each plan. `best`: the plan that is best now.
    """
    group, share = shares(tokens, weight)
    kinds = len(share)
    if kinds < 2:
        return None
    right = chain(reliability, len(call), kinds)
    shows = np.full((kinds, kinds), (1.0 - right) / (kinds - 1))
    np.fill_diagonal(shows, right)
    by_group = np.zeros((kinds, len(weight)))
    by_group[group, np.arange(len(weight))] = weight
    after = (worth @ by_group.T) @ shows  # (plans, outcomes), times the chance of the outcome
    chance, top = share @ shows, after.max(axis=0)
    other = [action != firsts[best] for action in firsts]
    flips = bool(any(other) and (after[other].max(axis=0) > after[np.logical_not(other)].max(axis=0) + _TIE).any())
    values = np.where(chance > 0.0, top / np.where(chance > 0.0, chance, 1.0), 0.0)
    return Foreseen(call, tuple(zip(chance.tolist(), np.minimum(values, 1.0).tolist(), strict=True)), flips)


def shares(tokens: Ints, weight: Floats) -> tuple[Ints, Floats]:
    """The group of each room by what it shows, and what the groups weigh, leaving out those of no weight; rooms of those are
    put into the first."""
    _, group = np.unique(tokens, return_inverse=True)
    share = np.bincount(group, weights=weight).astype(np.float64)
    order = np.cumsum(share > 0.0) - 1
    return np.where(share[group] > 0.0, order[group], 0).astype(np.int64), share[share > 0.0]


def chain(reliability: float, steps: int, kinds: int, misread: float = 0.0) -> float:
    """Probability that a call of so many steps is read as what it leads to, when there are `kinds` things to be read."""
    shown = max(reliability**steps, 1.0 / kinds)
    return shown * (1.0 - misread) + (1.0 - shown) * misread / max(kinds - 1, 1)
