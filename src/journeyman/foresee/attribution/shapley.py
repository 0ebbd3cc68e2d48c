"""Shapley values: how a whole is divided among those who made it together.

L. S. Shapley: A value for n-person games. Contributions to the Theory of Games II, Princeton (1953) 307-317. Here the
players are the repairs of an episode's stages (spec J5), and the value of a set of them is the chance of success with
these repaired.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import combinations
from typing import TypeVar

P = TypeVar("P", bound=Hashable)


def subsets(players: Sequence[P]) -> Iterator[frozenset[P]]:
    """All 2^n subsets, the smallest first, those of one size in the players' order."""
    for size in range(len(players) + 1):
        for chosen in combinations(players, size):
            yield frozenset(chosen)


def shapley(players: Sequence[P], value: Callable[[frozenset[P]], float]) -> dict[P, float]:
    """Each player's share: the mean, over all orders of joining, of what the value gains when it joins.

    The shares add up to value(all) - value(none). `value` is called once for each of the 2^n subsets.
    """
    worth = {chosen: value(chosen) for chosen in subsets(players)}
    n = len(players)
    orders = [math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n) for size in range(n)]
    return {
        player: math.fsum(
            orders[len(chosen)] * (worth[chosen | {player}] - worth[chosen]) for chosen in worth if player not in chosen
        )
        for player in players
    }
