"""The returned number is the objective."""

from journeyman.verify import Instance, Outcome, as_design, feasible


def score(instance: Instance, design: object) -> Outcome:
    """The number itself."""
    return feasible(as_design(design, float))
