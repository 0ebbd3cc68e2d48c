"""What a learned gate sees of a decision point: numbers, none of them of the true state (spec J2)."""

from __future__ import annotations

from collections.abc import Mapping

from journeyman.foresee.governors.governor import Point

FEATURES = (
    "mind", "entropy", "best", "gap", "wanted", "risk", "stated", "confidence", "checked", "disagreed",
    "calls", "asked", "real", "real_left", "calls_left", "calls_left_now",
)  # fmt: skip
"""In the order in which a model sees them. What is lacking is 0; `mind`, `stated` and `checked` say whether it is."""

PREFIX = "x."
"""Before a feature's name among the values of a ruling, where a log keeps them for learning."""


def features(point: Point) -> dict[str, float]:
    """The features of a decision point, one number for each of `FEATURES`.

    `entropy`: of the belief, in nats. `best`, `wanted`: probability of success of the best turn and of the wanted one under
    it. `gap`: best less second best first action. `risk`: that the wanted actions lose something for good. `confidence`: as
    stated. `disagreed`: share of checked predictions that came out otherwise. The others are numbers of calls and actions.
    """
    found = dict.fromkeys(FEATURES, 0.0)
    if point.mind is not None:
        values = point.mind.values()
        best, second = best_two(values)
        found |= {"mind": 1.0, "entropy": point.mind.entropy(), "best": best, "gap": best - second,
                  "wanted": values.get(point.wish.actions, best)}  # fmt: skip
        if point.wish.actions:
            found["risk"] = point.mind.irreversible(point.wish.actions)
    if point.wish.confidence is not None:
        found |= {"stated": 1.0, "confidence": point.wish.confidence}
    if point.disagreed is not None:
        found |= {"checked": 1.0, "disagreed": point.disagreed}
    return found | {
        "calls": float(point.calls), "asked": float(len(point.asked)), "real": float(point.real),
        "real_left": float(point.brief.instance.cap - point.real),
        "calls_left": float(point.calls_left), "calls_left_now": float(point.calls_left_now),
    }  # fmt: skip


def best_two(values: Mapping[tuple[int, ...], float]) -> tuple[float, float]:
    """The values of the best turn and of the best that begins otherwise; the same twice where there is no other."""
    if not values:
        return 0.0, 0.0
    by_first: dict[int | None, float] = {}
    for actions, value in values.items():
        first = actions[0] if actions else None
        by_first[first] = max(value, by_first.get(first, value))
    best, *others = sorted(by_first.values(), reverse=True)
    return best, others[0] if others else best


def logged(values: Mapping[str, float]) -> dict[str, float]:
    """Values under the names that a log keeps them by."""
    return {PREFIX + name: value for name, value in values.items()}


def read(values: Mapping[str, float]) -> dict[str, float] | None:
    """The features among a ruling's values; None where it kept none."""
    found = {name.removeprefix(PREFIX): value for name, value in values.items() if name.startswith(PREFIX)}
    return found if found.keys() >= set(FEATURES) else None
