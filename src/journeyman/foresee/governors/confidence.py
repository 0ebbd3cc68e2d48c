"""The governor that asks when in doubt: the plain and strong baseline, to be beaten at equal calls (spec J10)."""

from __future__ import annotations

from journeyman.foresee.governors.gate import is_open, ruling, share
from journeyman.foresee.governors.governor import Point, Ruling
from journeyman.foresee.governors.unlearning import Unlearning


class Confidence(Unlearning):
    """A call for what is wanted when the doubt of it is above a threshold.

    The doubt is the probability, under the belief of an agent that shows one, that the wanted actions lose something for
    good; it is of these actions alone, not of the whole way, as in the reference (Appendix 1). Of an agent that shows no
    belief it is 1 less the confidence that it states. Where neither is there, nothing is known and nothing is called.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = share(threshold, "the threshold of the governor 'confidence'")
        self.name = f"confidence:{threshold:g}"

    def rule(self, point: Point) -> Ruling:
        if not is_open(point):
            return ruling(point, None, "it was simulated just before, or no call is left")
        doubt = doubt_of(point)
        if doubt is None:
            return ruling(point, None, "the agent shows no belief and states no confidence")
        values = {"doubt": doubt, "threshold": self.threshold}
        if doubt > self.threshold:
            return ruling(point, point.wish.actions, f"the doubt {doubt:.3f} is above {self.threshold:g}", values,
                          others=point.wish.others)  # fmt: skip
        return ruling(point, None, f"the doubt {doubt:.3f} is not above {self.threshold:g}", values)


def doubt_of(point: Point) -> float | None:
    """The doubt of what is wanted, in 0..1; None: nothing is known of it."""
    if point.mind is not None and point.wish.actions:
        return point.mind.irreversible(point.wish.actions)
    return None if point.wish.confidence is None else 1.0 - point.wish.confidence
