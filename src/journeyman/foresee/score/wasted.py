"""Calls that could not have changed the decision, whatever they had shown (spec d.2.5 iii)."""

from __future__ import annotations

from typing import Literal

from journeyman.foresee.protocol.decision import Decision, Episode

Basis = Literal["mind", "values", "rule", ""]
_NOTHING = 1e-9


def wasted(episode: Episode) -> tuple[tuple[bool | None, Basis], ...]:
    """For each call, in order: whether it was wasted, and what that is known by. The first of these that can tell:

    1. "mind": the ruling under which the call was made says what it was worth. `flips` 0 (no outcome makes another first
       action the best) or `evsi` 0 (which is the same, but for ties): wasted; above 0: not. For calls that the governor
       had made, whose figures are of that very call.
    2. "rule", from the log alone: nothing was decided after it (the episode has no later action or answer); or the model
       is exact and the world a built-in one without chance, and the same was simulated before from the same real state:
       the answer was known. True only; what the rule does not catch stays open.
    3. "values": of the mind, of the turns considered (a value is a probability of success). Wasted if one turn only is
       considered; if the best is at 1 already; or if the simulated turn is the best and no other has a value above 0, so
       that even a failure would leave it so. Not wasted if none of these holds and the simulated turn is one of them.

    None, "": none of them can tell. Whether the call did change the decision is not asked: a call may be worth its while
    and confirm the plan.
    """
    decisions = episode.decisions
    last = max((i for i, decision in enumerate(decisions) if decision.context in ("E", "A")), default=-1)
    asked: set[tuple[int | None, tuple[int, ...]]] = set()
    found: list[tuple[bool | None, Basis]] = []
    for i, decision in enumerate(decisions):
        if decision.context == "E":
            asked.clear()
        if decision.context != "W":
            continue
        query = (decision.origin, decision.actions)
        known = query in asked and decision.model == "exact" and _certain(episode.world)
        asked.add(query)
        found.append(_one(decision, known or i > last))
    return tuple(found)


def _certain(world: str) -> bool:
    """Whether the same actions are known to have the same outcome there."""
    return world.startswith(("lake-", "push-")) and "slip" not in world


def _one(decision: Decision, without_news: bool) -> tuple[bool | None, Basis]:
    if decision.by == "governor":
        figures = decision.ruling.get("values") or {}
        for name in ("flips", "evsi"):
            if name in figures:
                return float(figures[name]) <= _NOTHING, "mind"
    if without_news:
        return True, "rule"
    return _by_values(decision)


def _by_values(decision: Decision) -> tuple[bool | None, Basis]:
    values = decision.values
    if not values or decision.origin is not None or decision.batch is not None:
        return None, ""
    asked = ",".join(map(str, decision.actions))
    best = max(values.values())
    if len(values) == 1 or best >= 1 - _NOTHING:
        return True, "values"
    others = [value for turn, value in values.items() if turn != asked]
    if asked in values:
        return values[asked] >= best and max(others) <= _NOTHING, "values"
    return None, ""
