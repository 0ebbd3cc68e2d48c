"""Verdict on a controller: the loop is closed here, the candidate only ever sees slopes."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from journeyman.tasks.optics.adaptive_optics_lag.loop import (
    Conditions,
    Trace,
    Violation,
    conditions_of,
    fitting_error,
    open_loop,
    residual,
    run_loop,
    variance,
)
from journeyman.tasks.optics.adaptive_optics_lag.telescope import (
    COUPLING,
    DIAMETER_M,
    PITCH_M,
    SCIENCE_RADIANS_PER_UM,
    SCIENCE_WAVELENGTH_UM,
    telescope,
)
from journeyman.verify import Instance, Metric, Outcome, feasible, infeasible


class Worker(Protocol):
    """The candidate's process: calls one of its functions and brings back plain data."""

    def call(self, name: str, *args: Any) -> Any: ...


def specification(public: dict[str, Any]) -> dict[str, Any]:
    """What `reset` is told: the instance's public numbers and the instrument as matrices."""
    eye = telescope()
    return {
        **public,
        "diameter_m": DIAMETER_M,
        "pitch_m": PITCH_M,
        "coupling": COUPLING,
        "wavelength_um": SCIENCE_WAVELENGTH_UM,
        "subapertures_m": eye.subapertures.tolist(),
        "actuators_m": eye.actuators.tolist(),
        "interaction": eye.interaction.tolist(),
    }


def close_loop(instance: Instance, worker: Worker) -> tuple[Conditions, Trace | Violation]:
    """Reset the candidate and run it through the instance's turbulence."""
    conditions = conditions_of(instance.public, instance.hidden)
    worker.call("reset", specification(instance.public))
    return conditions, run_loop(conditions, lambda slopes: worker.call("act", slopes))


def score(instance: Instance, worker: Worker) -> Outcome:
    """Mean residual variance over the pupil after settling, in rad^2 at 1.65 um; infeasible past a limit."""
    conditions, trace = close_loop(instance, worker)
    if isinstance(trace, Violation):
        return infeasible(trace.reason)
    left = variance(residual(conditions, trace.positions))[conditions.settle_frames :]
    objective = float(left.mean())
    slew = np.abs(np.diff(trace.commands, axis=0, prepend=0.0))
    peak = float(np.abs(trace.commands).max())
    metrics = {
        "strehl": Metric(float(np.exp(-left).mean())),
        "rms": Metric(1e3 * objective**0.5 / SCIENCE_RADIANS_PER_UM, "nm"),
        "mean_slew": Metric(float(slew.mean()), "um/frame"),
        "frames_at_slew_limit": Metric(float((slew.max(axis=1) >= conditions.slew_um - 1e-9).sum())),
        "peak_stroke": Metric(peak, "um"),
    }
    return feasible(objective, metrics=metrics, feedback=describe(conditions, objective, left))


def describe(conditions: Conditions, objective: float, left: np.ndarray[Any, Any]) -> str:
    """Where the variance comes from, as far as a candidate may know."""
    floor, flat = fitting_error(conditions), open_loop(conditions)
    return (
        f"residual variance {objective:.4f} rad^2 at {SCIENCE_WAVELENGTH_UM} um (Strehl {np.exp(-left).mean():.3f}), "
        f"of which {floor:.4f} is fitting error that no command removes; a flat mirror leaves {flat:.2f}. "
        f"The worst frame has {left.max():.3f}, the second half of the run {left[len(left) // 2 :].mean():.4f}."
    )


def draw(instance: Instance, worker: Worker) -> dict[str, bytes]:
    """A picture of the run: variance over time, and the wavefront before and after. Empty for a refused run."""
    from journeyman.tasks.optics.adaptive_optics_lag.picture import picture

    conditions, trace = close_loop(instance, worker)
    return (
        {} if isinstance(trace, Violation) else {"wavefront.png": picture(instance.name, conditions, trace)}
    )
