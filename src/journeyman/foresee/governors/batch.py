"""Several calls at once, to compare rather than to confirm (spec J6).

The paper's typical misuse is a single path that is examined while its alternatives are not. A batch shows what different
first actions lead to, side by side, in one turn.
"""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.foresee.agents.mind import Actions, Mind
from journeyman.foresee.governors.evsi import Price, Worth, ranked, worthwhile

MOST = 4
"""Calls of a batch, at most."""


def companions(calls: Sequence[Worth], price: Price, *, most: int, free: bool = False) -> tuple[Actions, ...]:
    """What is worth asking together with the best call.

    Args:
        calls: ranked, the best first.
        price: of a call that is made beside another.
        most: how many.
        free: the first of them costs nothing, as where a call by itself is charged as two.

    A companion begins with another action than the calls before it, and is worth its price by itself; what several calls are
    worth together is at least what the best of them is, and nothing more is assumed of it.
    """
    chosen: list[Actions] = []
    begun = {calls[0].call.actions[:1]}
    for worth in calls[1:]:
        if len(chosen) == most:
            break
        if worth.call.actions[:1] in begun:
            continue
        gratis = free and not chosen
        own = Worth(worth.call, worth.evsi, 0.0 if gratis else price.of(worth.call.actions))
        if worthwhile(own, price):
            chosen.append(worth.call.actions)
            begun.add(worth.call.actions[:1])
    return tuple(chosen)


def propose(mind: Mind, reliability: float, *, depth: int = 1, most: int = MOST) -> tuple[Actions, ...]:
    """2 to `most` calls, each with another first action, that together tell best which of them to do; fewer where there are
    not so many.

    Those that could change what is done come first, by EVSI; after them those whose turns are worth most. The best turn is
    always among them: what is compared is compared with it.

    Args:
        mind: the agent's belief. reliability: of a step. depth: most actions of each.
    """
    values = mind.values()
    now = max(values.values(), default=0.0)
    calls = ranked(mind.foresee(reliability, depth), now, Price(0.0))
    value_of: dict[Actions, float] = {}
    for actions, value in values.items():
        value_of[actions[:1]] = max(value, value_of.get(actions[:1], value))
    by_first: dict[Actions, Worth] = {}
    for worth in calls:
        by_first.setdefault(worth.call.actions[:1], worth)
    best = max(value_of, key=lambda first: value_of[first], default=())
    rank = sorted(by_first, key=lambda first: (first != best, -round(by_first[first].evsi, 9), -value_of.get(first, 0.0)))
    return tuple(by_first[first].call.actions for first in rank[:most])
