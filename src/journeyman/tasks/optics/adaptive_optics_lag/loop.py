"""The closed loop: what one controller did to one stretch of turbulence.

In frame k the sensor sees the wavefront minus the mirror, s_k = G (phase_k - H a_k) + noise. The command c_k computed
from it arrives `delay_frames` later, and the actuators follow with a first-order lag:

    a_(k+d) = lag a_(k+d-1) + (1 - lag) c_k            a = 0 and c = 0 before the first frame

The loop knows nothing of candidates: `act` is any function from slopes to a command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from journeyman.tasks.optics.adaptive_optics_lag.telescope import (
    HIGHEST_FREQUENCY,
    SCIENCE_RADIANS_PER_UM,
    telescope,
)
from journeyman.tasks.optics.adaptive_optics_lag.turbulence import MICROMETRES_PER_RADIAN, Layer, flow

Array = NDArray[np.float64]

TOLERANCE_UM = 1e-6  # a limit on stroke or slew may be passed by this much: rounding, not intent
ABSURD_UM = 1e9


@dataclass(frozen=True)
class Conditions:
    """Everything that fixes one instance. `r0_m` is at 500 nm, `noise_urad` is one slope's rms, `lag` is in [0, 1)."""

    seed: int
    frames: int
    settle_frames: int
    sampling_hz: float
    delay_frames: int
    lag: float
    noise_urad: float
    stroke_um: float
    slew_um: float
    r0_m: float
    outer_scale_m: float
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Scene:
    """What nature does, whatever the controller does: wavefront (frames, pixels) in um, piston removed, its slopes
    (frames, 2m) and the sensor's noise (frames, 2m), both in microradians."""

    wavefront: Array
    slopes: Array
    noise: Array


@dataclass(frozen=True)
class Trace:
    """A finished loop: commands and mirror positions, both (frames, actuators) in micrometres."""

    commands: Array
    positions: Array


@dataclass(frozen=True)
class Violation:
    """Why a loop was stopped, in one sentence."""

    frame: int
    reason: str


@lru_cache(maxsize=32)
def scene(conditions: Conditions) -> Scene:
    """Turbulence and noise of an instance; the same conditions always give the same numbers."""
    eye = telescope()
    sky, sensor = (np.random.default_rng([conditions.seed, stream]) for stream in (0, 1))
    times = np.arange(conditions.frames) / conditions.sampling_hz
    phase = flow(
        eye.pixels,
        times,
        conditions.r0_m,
        conditions.outer_scale_m,
        conditions.layers,
        HIGHEST_FREQUENCY,
        sky,
    )
    wavefront = phase * MICROMETRES_PER_RADIAN
    wavefront -= wavefront.mean(axis=1, keepdims=True)
    slopes = wavefront @ eye.slopes.T
    noise = conditions.noise_urad * sensor.standard_normal(slopes.shape)
    for array in (wavefront, slopes, noise):
        array.setflags(write=False)
    return Scene(wavefront, slopes, noise)


def check_command(command: object, previous: Array, conditions: Conditions) -> Array | str:
    """The command as an array, or the sentence that says why it is refused."""
    count = len(previous)
    if type(command) is not list:
        return f"the command must be a list of {count} numbers, not {type(command).__name__}"
    if len(command) != count:
        return f"the command has {len(command)} numbers, the mirror has {count} actuators"
    for index, value in enumerate(command):
        if type(value) not in (float, int):
            return f"actuator {index} is commanded to a {type(value).__name__}, not a number"
        if not abs(value) <= ABSURD_UM:  # NaN too; a comparison never overflows, however long the integer
            return f"actuator {index} is commanded to a value that is not finite or beyond {ABSURD_UM:g} um"
    wanted = np.array(command, dtype=np.float64)
    worst = int(np.argmax(np.abs(wanted)))
    if abs(wanted[worst]) > conditions.stroke_um + TOLERANCE_UM:
        return f"actuator {worst} is commanded to {wanted[worst]:.6f} um, the stroke is +-{conditions.stroke_um} um"
    step = wanted - previous
    worst = int(np.argmax(np.abs(step)))
    if abs(step[worst]) > conditions.slew_um + TOLERANCE_UM:
        return (
            f"actuator {worst} is commanded to move by {step[worst]:.6f} um in one frame, "
            f"the limit is +-{conditions.slew_um} um"
        )
    return wanted


def run_loop(conditions: Conditions, act: Callable[[list[float]], object]) -> Trace | Violation:
    """Close the loop for all frames; the first refused command stops it."""
    eye, sky = telescope(), scene(conditions)
    actuators = len(eye.actuators)
    commands = np.zeros((conditions.frames, actuators))
    positions = np.zeros((conditions.frames, actuators))
    position = np.zeros(actuators)
    previous = np.zeros(actuators)
    for frame in range(conditions.frames):
        arrived = frame - conditions.delay_frames
        target = commands[arrived] if arrived >= 0 else np.zeros(actuators)
        position = conditions.lag * position + (1 - conditions.lag) * target
        positions[frame] = position
        seen = sky.slopes[frame] - eye.interaction @ position + sky.noise[frame]
        checked = check_command(act(seen.tolist()), previous, conditions)
        if isinstance(checked, str):
            return Violation(frame, f"frame {frame}: {checked}")
        commands[frame] = previous = checked
    return Trace(commands, positions)


def residual(conditions: Conditions, positions: Array) -> Array:
    """What is left of the wavefront (frames, pixels) in micrometres, piston removed."""
    return scene(conditions).wavefront - positions @ telescope().influence.T


def variance(wavefront: Array) -> Array:
    """Variance over the pupil in each frame (frames,), in rad^2 at the science wavelength of 1.65 um."""
    return np.asarray(np.square(wavefront * SCIENCE_RADIANS_PER_UM).mean(axis=1))


def mean_variance(conditions: Conditions, positions: Array) -> float:
    """The objective: variance averaged over the frames after settling, rad^2 at the science wavelength."""
    return float(variance(residual(conditions, positions))[conditions.settle_frames :].mean())


def open_loop(conditions: Conditions) -> float:
    """The objective of a mirror that stays flat."""
    return float(variance(scene(conditions).wavefront)[conditions.settle_frames :].mean())


def fitting_error(conditions: Conditions) -> float:
    """A bound no controller can pass: in every frame the mirror takes the best shape it can take, in no time.

    (Limits on stroke are not counted, which only lowers the bound.)
    """
    wavefront = scene(conditions).wavefront
    return mean_variance(conditions, wavefront @ telescope().projection.T)


def layers_of(rows: Sequence[dict[str, float]]) -> tuple[Layer, ...]:
    """Layers from the plain dicts of an instance line."""
    return tuple(Layer(row["share"], row["speed_m_s"], row["direction_deg"]) for row in rows)


def conditions_of(public: dict[str, object], hidden: dict[str, object]) -> Conditions:
    """The conditions of an instance line: what the candidate is told, and what only the sky knows."""
    values: dict[str, object] = {name: public[name] for name in Conditions.__annotations__ if name in public}
    values |= {name: hidden[name] for name in ("seed", "r0_m")}
    values["layers"] = layers_of(hidden["layers"])  # type: ignore[arg-type]
    return Conditions(**values)  # type: ignore[arg-type]
