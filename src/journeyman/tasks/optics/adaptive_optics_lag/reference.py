"""The reference: the best linear prediction from a long history, with the true statistics of the sky.

The known mirror is added back to the slopes, which gives open-loop measurements y_k = G phase_k + noise. Phase and
noise are Gaussian and the mirror is linear and known, so separation holds (Kulcsar et al. 2006): predict the
wavefront of frame k + d from y_k, y_(k-1), ... with least mean square error, project it on the mirror, and undo the
actuators' lag. A Kalman filter does the same from an infinite history and a model of finite order (Le Roux et al.
2004); here the covariances come straight from the spectrum and the wind, exact to the quadrature, and the history is
cut after `history` frames.

It knows the true r0 and wind, which a candidate does not, and takes seconds of preparation, which a candidate has not.
`anchors` runs it together with the textbook integrator; the numbers are frozen in the instance files.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from journeyman.tasks.optics.adaptive_optics_lag.loop import (
    Conditions,
    Violation,
    mean_variance,
    run_loop,
)
from journeyman.tasks.optics.adaptive_optics_lag.telescope import HIGHEST_FREQUENCY, telescope
from journeyman.tasks.optics.adaptive_optics_lag.turbulence import MICROMETRES_PER_RADIAN, draw_waves

Array = NDArray[np.float64]

HISTORY = 32  # frames; 40 would leave some 2 % less variance, more cannot be filled while the loop settles
QUADRATURE_WAVES = 1500  # per layer and batch
QUADRATURE_BATCHES = 4
TEXTBOOK_GAIN = 0.3
TEXTBOOK_LEAK = 0.99
TEXTBOOK_DAMPING = 0.3  # Tikhonov, in the squared units of the interaction matrix


def covariances(conditions: Conditions, history: int) -> tuple[Array, Array]:
    """Of the noise-free slopes with themselves, by lag (history, 2m, 2m), and of the mirror's best shape
    `delay_frames` ahead with the slopes, by age (history, n, 2m)."""
    eye = telescope()
    count, actuators = len(eye.slopes), len(eye.actuators)
    among = np.zeros((history, count, count))
    ahead = np.zeros((history, actuators, count))
    rng = np.random.default_rng(0)
    for layer in conditions.layers:
        r0 = conditions.r0_m * layer.share ** (-3 / 5)
        for _ in range(QUADRATURE_BATCHES):
            waves = draw_waves(r0, conditions.outer_scale_m, HIGHEST_FREQUENCY, QUADRATURE_WAVES, rng)
            field = np.exp(2j * math.pi * (eye.pixels @ waves.frequency.T))
            weight = np.sqrt(waves.power / QUADRATURE_BATCHES) * MICROMETRES_PER_RADIAN
            seen = (eye.slopes @ field) * weight
            wanted = (eye.projection @ field) * weight
            turn = -2 * math.pi * (waves.frequency @ layer.velocity()) / conditions.sampling_hz
            for age in range(history):
                among[age] += real_product(seen * np.exp(1j * turn * age), seen)
                ahead[age] += real_product(wanted * np.exp(1j * turn * (age + conditions.delay_frames)), seen)
    return among, ahead


def real_product(left: NDArray[np.complex128], right: NDArray[np.complex128]) -> Array:
    """The real part of left @ right^H."""
    return np.asarray(left.real @ right.real.T + left.imag @ right.imag.T)


def predictor(conditions: Conditions, history: int = HISTORY) -> Array:
    """The matrix (n, history * 2m) from open-loop slopes, newest first, to the mirror's best shape at arrival."""
    from scipy.linalg import cho_factor, cho_solve

    among, ahead = covariances(conditions, history)
    count = among.shape[1]
    matrix = np.empty((history, count, history, count))
    for row in range(history):
        for column in range(history):  # E[y_(k-row) y_(k-column)^T]: the older one is the right factor
            age = column - row
            matrix[row, :, column, :] = among[age] if age >= 0 else among[-age].T
    square = matrix.reshape(history * count, history * count)
    square[np.diag_indices_from(square)] += conditions.noise_urad**2
    right = ahead.transpose(0, 2, 1).reshape(history * count, -1)
    return np.asarray(cho_solve(cho_factor(square), right).T)


def limited(wanted: Array, previous: Array, conditions: Conditions) -> Array:
    """The nearest command within slew and stroke."""
    step = np.clip(wanted - previous, -conditions.slew_um, conditions.slew_um)
    return np.clip(previous + step, -conditions.stroke_um, conditions.stroke_um)


class Predictive:
    """The reference controller, one call a frame."""

    def __init__(self, conditions: Conditions, history: int = HISTORY) -> None:
        self.conditions = conditions
        self.matrix = predictor(conditions, history)
        self.interaction = telescope().interaction
        count, actuators = self.interaction.shape
        self.measured = np.zeros((history, count))
        # commands on their way, oldest first; the first of them arrives in the frame being measured
        self.pending = [np.zeros(actuators)] * conditions.delay_frames
        self.position = np.zeros(actuators)
        self.last = np.zeros(actuators)

    def __call__(self, slopes: list[float]) -> list[float]:
        lag = self.conditions.lag
        self.position = lag * self.position + (1 - lag) * self.pending.pop(0)
        self.measured = np.roll(self.measured, 1, axis=0)
        self.measured[0] = np.array(slopes) + self.interaction @ self.position
        wanted = self.matrix @ self.measured.ravel()
        before = self.position  # where the mirror will be one frame before the new command arrives
        for command in self.pending:
            before = lag * before + (1 - lag) * command
        self.last = limited((wanted - lag * before) / (1 - lag), self.last, self.conditions)
        self.pending.append(self.last)
        return [float(value) for value in self.last]


def integrator(
    conditions: Conditions, gain: float = TEXTBOOK_GAIN, leak: float = TEXTBOOK_LEAK
) -> Callable[[list[float]], list[float]]:
    """The baseline: a leaky integrator on damped least-squares commands, gain as in the textbooks."""
    matrix = telescope().interaction
    inverse = np.linalg.solve(matrix.T @ matrix + TEXTBOOK_DAMPING * np.eye(matrix.shape[1]), matrix.T)
    state = np.zeros(matrix.shape[1])

    def act(slopes: list[float]) -> list[float]:
        nonlocal state
        state = limited(leak * state + gain * (inverse @ np.array(slopes)), state, conditions)
        return [float(value) for value in state]

    return act


def measure(conditions: Conditions, act: Callable[[list[float]], list[float]]) -> float:
    """The objective a well-behaved controller reaches, rad^2."""
    trace = run_loop(conditions, act)
    if isinstance(trace, Violation):
        raise ValueError(trace.reason)
    return mean_variance(conditions, trace.positions)


def anchors(conditions: Conditions) -> dict[str, float]:
    """Baseline and reference of an instance, measured, six digits (rad^2)."""
    return {
        "baseline": float(f"{measure(conditions, integrator(conditions)):.6g}"),
        "reference": float(f"{measure(conditions, Predictive(conditions)):.6g}"),
    }
