"""Means over prompts with their 95 % t intervals, and how they stand in a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from journeyman.distill.recipes.alignment import PromptFigures
from journeyman.distill.recipes.evaluate import Progress
from journeyman.stats.interval import Interval, t_interval


def means_of(figures: Sequence[PromptFigures]) -> dict[str, Interval]:
    """Mean of each metric over the prompts that have it."""
    names = dict.fromkeys(name for found in figures for name in found.values)
    found = {}
    for name in names:
        values = [f.values[name] for f in figures if math.isfinite(f.values.get(name, math.nan))]
        if values:
            found[name] = t_interval(values)
    return found


def differences_of(first: Sequence[PromptFigures], second: Sequence[PromptFigures]) -> dict[str, Interval]:
    """Of each metric, second minus first, paired by prompt; prompts that lack it on one side are left out."""
    found = {}
    for name in first[0].values:
        pairs = [
            b.values[name] - a.values[name]
            for a, b in zip(first, second, strict=True)
            if math.isfinite(a.values.get(name, math.nan)) and math.isfinite(b.values.get(name, math.nan))
        ]
        if pairs:
            found[name] = t_interval(pairs)
    return found


def half_width(interval: Interval) -> float | None:
    """Half of the interval's width; None where one value has none."""
    return None if interval.high is None else interval.high - interval.mean


def above(interval: Interval) -> bool:
    """Surely above zero."""
    return interval.low is not None and interval.low > 0


def below(interval: Interval) -> bool:
    """Surely below zero."""
    return interval.high is not None and interval.high < 0


def ends(interval: Interval) -> str:
    """The interval as text."""
    return f"{interval.low:+.3f} .. {interval.high:+.3f}"


def cell(interval: Interval, *, signed: bool = False) -> str:
    """Mean and half width as text."""
    mean = f"{interval.mean:+.3f}" if signed else f"{interval.mean:.3f}"
    half = half_width(interval)
    return mean if half is None else f"{mean} ± {half:.3f}"


def percent_of(share: float) -> str:
    """A share as text."""
    return f"{100 * share:.0f} %"


def percent(change: float) -> str:
    """A change as text, with its sign."""
    return f"{100 * change:+.0f} %"


def plain_intervals(intervals: dict[str, Interval]) -> dict[str, Any]:
    """As plain data for a file."""
    return {name: {"mean": i.mean, "low": i.low, "high": i.high, "n": i.n} for name, i in intervals.items()}


def shifted(on_progress: Progress | None, done: int, total: int) -> Progress | None:
    """Progress of one part of a longer work, told as progress of the whole."""
    return None if on_progress is None else lambda here, _: on_progress(done + here, total)
