"""The candidate's first word is its score; the second, if there is one, how many milliseconds the verdict takes."""

import time

from journeyman.verify import Instance, Outcome, feasible, infeasible


def score(instance: Instance, design: str) -> Outcome:
    """The number that the text begins with."""
    words = design.split(maxsplit=2)
    if not words:
        return infeasible("there is no number")
    if len(words) > 1 and words[1].endswith("ms"):
        time.sleep(float(words[1][:-2]) / 1000)
    return feasible(float(words[0]))
