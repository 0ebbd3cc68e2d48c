"""Score against the metrics that vary most: what a better score costs elsewhere."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Container

from journeyman.optimize.shown.headline import score_name
from journeyman.optimize.story import VERIFIED, Step, Story
from journeyman.optimize.trial import SEED
from journeyman.report.blocks import Block, Drawings
from journeyman.report.draw.axis import quantile
from journeyman.report.draw.scatter import Spot, draw_scatter
from journeyman.report.number import number
from journeyman.report.text import one_line

MOST = 3
ALIKE = 0.9
"""A metric whose rank correlation with the score is stronger than this is no other quantity to trade for it."""
_LEAST = 4  # candidates with a score; fewer make no picture
LEGEND = (
    ("isseed", "the seed"),
    ("isbest", "the best"),
    ("front", "Pareto-optimal"),
    ("dot", "another candidate"),
)


def tradeoff_blocks(story: Story, entries: Container[int]) -> list[Block]:
    """A panel for each of the metrics that vary most; nothing where none varies or few candidates have a score."""
    steps = [s for s in story.steps if s.score is not None and s.kind in (VERIFIED, "seed")]
    names = varying(steps)[:MOST] if len(steps) >= _LEAST else []
    if not names:
        return []
    result = story.result
    drawings = []
    for name in names:
        spots = [_spot(story, step, name, entries) for step in steps if name in step.metrics]
        unit = next(s.metrics[name].unit for s in steps if name in s.metrics)
        shown = one_line(name, limit=40) + (f" [{one_line(unit, limit=20)}]" if unit else "")
        drawings.append(
            draw_scatter(
                spots, maximize=result.maximize, x_name=shown, score_name=score_name(result),
                label=f"Score on dev against {shown} for {len(spots)} candidates",
            )
        )  # fmt: skip
    caption = (
        "Means over the dev instances. A ringed candidate is beaten by no other in both: left of the best one for whom "
        "wants less of the metric, right of it for whom wants more."
    )
    return [Drawings(drawings, caption, legend=LEGEND)]


def varying(steps: list[Step]) -> list[str]:
    """Names of the metrics that vary and say something else than the score, those that vary most first."""
    names = dict.fromkeys(name for step in steps for name in step.metrics)
    spread: dict[str, float] = {}
    for name in names:
        pairs = [(s.metrics[name].value, s.score) for s in steps if name in s.metrics and s.score is not None]
        values = sorted(value for value, _ in pairs)
        if len(pairs) < _LEAST or len(set(values)) < _LEAST or _same_order(pairs):
            continue
        width = quantile(values, 0.9) - quantile(values, 0.1)
        size = max(abs(values[0]), abs(values[-1]))
        if width > 1e-6 * size:
            spread[name] = width / (width + abs(quantile(values, 0.5)))
    return sorted(spread, key=lambda name: -spread[name])


def _same_order(pairs: list[tuple[float, float]]) -> bool:
    """Whether the metric orders the candidates much as the score does, or the other way round: then it is the score again.

    Measured by Spearman's rank correlation, with mean ranks for equal values.
    """
    first, second = (_ranks([pair[i] for pair in pairs]) for i in (0, 1))
    mean = (len(pairs) - 1) / 2
    spread = [math.sqrt(math.fsum((r - mean) ** 2 for r in ranks)) for ranks in (first, second)]
    together = math.fsum((a - mean) * (b - mean) for a, b in zip(first, second, strict=True))
    return not all(spread) or abs(together) > ALIKE * spread[0] * spread[1]


def _ranks(values: list[float]) -> list[float]:
    ordered = sorted(values)
    return [(bisect_left(ordered, v) + bisect_right(ordered, v) - 1) / 2 for v in values]


def _spot(story: Story, step: Step, name: str, entries: Container[int]) -> Spot:
    assert step.score is not None
    value = step.metrics[name].value
    special = "isbest" if step.index == story.result.best.index else "isseed" if step.index == SEED else ""
    title = (
        f"{'seed' if step.index == SEED else f'#{step.index}'}: {number(step.score)}, {name} {number(value)}"
    )
    return Spot(
        step.index, value, step.score, title, f"#c{step.index}" if step.index in entries else None, special
    )
