"""The verdict on a level controller: the plant lives here, the candidate only answers with commands."""

from plant import episode, rms_error

from journeyman.verify import Instance, Metric, Outcome, as_design, feasible, infeasible
from journeyman.verify.design import NotADesign


def score(instance: Instance, worker) -> Outcome:
    """Root mean square level error over the episode, in m."""
    public = instance.public
    worker.call("reset", public)

    def act(level_m: float) -> float:
        valve = as_design(worker.call("act", level_m), float)
        if not 0 <= valve <= 1:
            raise NotADesign(f"the command {valve} is not within 0 and 1")
        return valve

    levels = episode(public, instance.hidden, act)
    worst = min(levels), max(levels)
    if worst[0] < 0.05 or worst[1] > 2.95:
        return infeasible(
            f"the level went from {worst[0]:.2f} to {worst[1]:.2f} m, must stay within 0.05 and 2.95 m"
        )
    error = rms_error(public, levels)
    largest = Metric(max(abs(level - public["set_point_m"]) for level in levels), "m")
    said = f"rms error {error:.4f} m, level from {worst[0]:.2f} to {worst[1]:.2f} m"
    return feasible(error, metrics={"largest_deviation": largest}, feedback=said)
