"""The logged coin: at a share of the decision points chance decides, so that what a call is worth can be learned (d.2.6)."""

from __future__ import annotations

from typing import NamedTuple

from journeyman.foresee.governors.features import features, logged
from journeyman.foresee.governors.governor import Point


class Coined(NamedTuple):
    """What the coin left of a decision.

    Attributes:
        call: whether a call is made.
        forced: whether the coin decided; else it is what would have been done anyway.
        propensity: probability, before the coin fell, of what is done now: 1 - share / 2 of the default, share / 2 of the
            other. It is of the choice that was made, not of a call.
    """

    call: bool
    forced: bool
    propensity: float


def coined(point: Point, default: bool, share: float, name: str) -> Coined:
    """With probability `share` a fair coin decides on the call, else `default` does. `name`: of the governor, so that two
    of them have different coins."""
    draws, key = point.brief.draws, (name, point.brief.instance.id, point.state, point.real, point.calls)
    forced = draws.uniform("gate", *key, "forced") < share
    call = draws.uniform("gate", *key, "fair") < 0.5 if forced else default
    return Coined(call, forced, 1.0 - share / 2.0 if call == default else share / 2.0)


def log_values(point: Point, call: bool) -> dict[str, float]:
    """What a log must keep of a decision for `uplift.learn`: the features, and whether a call was made."""
    return {**logged(features(point)), "called": float(call)}
