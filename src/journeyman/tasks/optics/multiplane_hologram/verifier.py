"""Verdict on a phase plate: its levels are checked, the light is propagated to every plane, the weakest spot counts."""

from __future__ import annotations

import numpy as np

from journeyman.tasks.optics.multiplane_hologram.hologram import LEVELS, Bench, PlaneLight, guaranteed, light
from journeyman.tasks.optics.multiplane_hologram.propagation import Real
from journeyman.verify import Instance, Metric, Outcome, feasible, infeasible


def score(instance: Instance, design: object) -> Outcome:
    """Smallest power over share of all spots in % of the incident power, or the first rule that is broken."""
    bench = Bench.of(instance.public)
    levels = as_levels(design, bench.modulator.pixels)
    if isinstance(levels, str):
        return infeasible(levels)
    found = light(bench, levels)
    fault = ghost_fault(bench, found)
    if fault is not None:
        return infeasible(fault)
    reached = 100 * guaranteed(bench, found)
    power = 100 * np.concatenate([here.power for here in found])
    metrics = {
        "power_in_all_discs": Metric(float(power.sum()), "% of incident"),
        "weakest_disc": Metric(float(power.min()), "% of incident"),
        "best_spot_over_worst": Metric(float(reached.max() / reached.min()), "1"),
        "worst_ghost": Metric(max(here.ghost_ratio for here in found), "of the faintest peak"),
        "power_behind_plate": Metric(100 * float(np.mean([h.intensity.sum() for h in found])), "% of incident"),
    }
    return feasible(float(reached.min()), metrics=metrics, feedback=describe(bench, found))


def as_levels(design: object, pixels: int) -> Real | str:
    """The levels (N, N) of the design `{"levels": array}`, or one sentence that says why they are none.

    Any integer type counts whose values lie in 0..255; truth values and floats do not, not even whole ones.
    """
    if not isinstance(design, dict) or "levels" not in design:
        return 'the design must be a dict of arrays with the key "levels"'
    levels = design["levels"]
    if not isinstance(levels, np.ndarray):
        return f'"levels" must be an array of {pixels} x {pixels} integers, got a {type(levels).__name__}'
    if levels.dtype.kind not in "iu":
        return f'"levels" must hold integers, got an array of {levels.dtype}'
    if levels.shape != (pixels, pixels):
        return f'"levels" must have the shape ({pixels}, {pixels}), got {levels.shape!r:.80}'
    outside = (levels < 0) | (levels >= LEVELS)
    if outside.any():
        i, j = np.argwhere(outside)[0]
        return (
            f"levels[{i}, {j}] = {levels[i, j]} lies outside 0..{LEVELS - 1}"
            f" ({np.count_nonzero(outside)} of {levels.size} do)"
        )
    return levels.astype(float)


def ghost_fault(bench: Bench, found: list[PlaneLight]) -> str | None:
    """The plane whose ghost exceeds its limit by most, in one sentence; None where none does."""
    k = int(np.argmax([here.ghost_ratio for here in found]))
    here = found[k]
    if here.ghost_ratio <= bench.ghost_limit:
        return None
    x, y = 1e6 * bench.modulator.centres()[list(here.ghost_at)]
    return (
        f"plane {k} at {1e3 * bench.planes[k].distance_m:g} mm: the brightest stray light, at x = {x:.1f} um, "
        f"y = {y:.1f} um, is {here.ghost_ratio:.6f} of the peak of the plane's faintest spot; "
        f"the limit is {bench.ghost_limit:g}"
    )


def describe(bench: Bench, found: list[PlaneLight]) -> str:
    """Where the light of a feasible plate goes, from public data alone; under 500 characters."""
    reached = 100 * guaranteed(bench, found)
    names = [f"plane {k} spot {m}" for k, here in enumerate(found) for m in range(len(here.power))]
    low, high = int(np.argmin(reached)), int(np.argmax(reached))
    means = ", ".join(
        f"{100 * float((here.power / plane.shares).mean()):.1f}"
        for plane, here in zip(bench.planes, found, strict=True)
    )
    ghosts = ", ".join(f"{here.ghost_ratio:.2f}" for here in found)
    total = 100 * sum(float(here.power.sum()) for here in found)
    return (
        f"weakest: {names[low]} with {reached[low]:.2f} % (power / share); strongest: {names[high]} with "
        f"{reached[high]:.2f} %; all discs together {total:.1f} % of the incident power. Mean power / share by plane, "
        f"nearest first: {means} %. Worst ghost by plane: {ghosts} of the faintest peak, limit {bench.ghost_limit:g}."
    )


def draw(instance: Instance, design: object) -> dict[str, bytes]:
    """The plate and the light in each plane, `planes.png`; nothing for a design that is no plate."""
    from journeyman.tasks.optics.multiplane_hologram.picture import picture

    bench = Bench.of(instance.public)
    levels = as_levels(design, bench.modulator.pixels)
    if isinstance(levels, str):
        return {}
    return {"planes.png": picture(instance.name, bench, levels)}
