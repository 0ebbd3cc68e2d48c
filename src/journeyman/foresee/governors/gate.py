"""From "call this" or "call nothing" to a ruling on what the agent wants; what all governors share.

A decision point of a governor is a wish on which a call could still be made and would tell something: the caps leave one,
and what would be asked was not asked since the last real action. Elsewhere there is nothing to decide.
"""

from __future__ import annotations

from collections.abc import Mapping

from journeyman.errors import UsageError
from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.governors.governor import Point, Ruling


def has_room(point: Point) -> bool:
    """Whether the caps leave a call before the next real action."""
    return point.calls_left > 0 and point.calls_left_now > 0


def is_open(point: Point, actions: Actions | None = None) -> bool:
    """Whether a call of these actions (None: of those that are wished) could be made and is no repetition."""
    asked = point.wish.actions if actions is None else actions
    return has_room(point) and bool(asked) and asked not in point.asked


def is_forced(point: Point) -> bool:
    """Whether the mode asks for a call before the next real action, whatever a governor thinks of it."""
    return point.brief.mode == "force" and not point.asked


def ruling(
    point: Point, call: Actions | None, why: str, values: Mapping[str, float] | None = None,
    *, others: tuple[Actions, ...] = (), propensity: float | None = None,
) -> Ruling:  # fmt: skip
    """The ruling by which `call` (and `others` with it, as one batch) is simulated next; None: nothing is.

    A wish to simulate that is just this call is allowed. One that is forced by the mode is allowed, too, where nothing is
    to be called: the mode goes before the governor.
    """
    values = values or {}
    wish = point.wish
    if call is None:
        if wish.kind == "simulate" and not is_forced(point):
            return Ruling("veto", why=why, values=values, propensity=propensity)
        return Ruling("allow", why=why, values=values, propensity=propensity)
    if wish.kind == "simulate" and wish.alternatives == (call, *others):
        return Ruling("allow", why=why, values=values, propensity=propensity)
    return Ruling("simulate", call, why, values, propensity, others)


def share(value: float, what: str) -> float:
    """`value`, if it is a share. Raises UsageError: it is not in 0..1."""
    if not 0.0 <= value <= 1.0:
        raise UsageError(f"{what} is a share from 0 to 1, not {value:g}")
    return value


def at_least(value: float, least: float, what: str) -> float:
    """`value`, if it is large enough. Raises UsageError: it is not, or not finite."""
    if not least <= value < float("inf"):
        raise UsageError(f"{what} is {least:g} or more, not {value:g}")
    return value
