"""From replays with repaired stages to who was to blame for a failure (spec J5)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import combinations

from journeyman.foresee.attribution.proportion import Difference, difference
from journeyman.foresee.attribution.record import Arm, Failure
from journeyman.foresee.attribution.repairs import in_chain
from journeyman.foresee.attribution.shapley import shapley
from journeyman.foresee.protocol.repair import STAGES, Repairable

Arms = Callable[[frozenset[Repairable]], Arm]
"""Replays with these stages repaired. Asked again for the same stages, it gives what it gave."""


def blame(
    arms: Arms, *, cell: str, instance: str, seed: int, sufficiency: bool = True, all_subsets: bool = False
) -> Failure:
    """Why an episode failed.

    First nothing is repaired, then each stage alone, then all, then, for `sufficiency`, all but one; pairs where no single
    repair flips the episode, and all 32 subsets for Shapley values where `all_subsets` says so.
    """
    asked: dict[frozenset[Repairable], Arm] = {}

    def arm(stages: Collection[Repairable]) -> Arm:
        chosen = frozenset(stages)
        if chosen not in asked:
            asked[chosen] = arms(chosen)
        return asked[chosen]

    base, whole = arm(()), arm(STAGES)
    necessary = {stage: gained(arm((stage,)), base) for stage in STAGES}
    singles = tuple(stage for stage in STAGES if flips(arm((stage,)), base))
    others = STAGES if sufficiency or all_subsets else ()
    sufficient = {stage: gained(whole, arm(frozenset(STAGES) - {stage})) for stage in others}
    pairs = () if singles else tuple(pair for pair in combinations(STAGES, 2) if flips(arm(pair), base))
    blamed = shapley(STAGES, lambda chosen: arm(chosen).success.share or 0.0) if all_subsets else {}
    return Failure(
        cell, instance, seed, singles, pairs, flips(whole, base), necessary, sufficient, blamed,
        tuple(sorted(asked.values(), key=lambda one: (len(one.repaired), [STAGES.index(s) for s in one.repaired]))),
    )  # fmt: skip


def flips(repaired: Arm, base: Arm) -> bool:
    """Whether the repairs turn failure into success: of one replay each, that they do; of several, that the interval of the
    difference lies above 0."""
    if repaired.success.n == 1 and base.success.n == 1:
        return repaired.success.hits > base.success.hits
    return gained(repaired, base).low > 0


def gained(repaired: Arm, base: Arm) -> Difference:
    """Chance of success that the repairs add. Of one replay each it is what happened, and has no width."""
    if repaired.success.n == 1 and base.success.n == 1:
        value = float(repaired.success.hits - base.success.hits)
        return Difference(value, value, value)
    return difference(repaired.success, base.success)


def key_of(stages: Collection[Repairable]) -> str:
    """Names an arm: "gate+action", "nothing" for none."""
    return "+".join(in_chain(stages)) or "nothing"


def most_arms(*, sufficiency: bool = True, all_subsets: bool = False, pairs: bool = True) -> int:
    """Sets of repairs with which one failure is replayed, at most. `pairs`: none of the single repairs flips it."""
    if all_subsets:
        return 1 << len(STAGES)
    n = len(STAGES)
    return 1 + n + 1 + (n if sufficiency else 0) + (n * (n - 1) // 2 if pairs else 0)
