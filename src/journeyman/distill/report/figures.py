"""The drawings of a training run: small figures over steps, scores with their intervals, maps of position and step."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from journeyman.distill.report.panels import HEAT, Panel
from journeyman.distill.report.story import Evaluated, Story
from journeyman.report.draw.heat import Column, draw_heat
from journeyman.report.draw.lines import Level, Series, draw_lines
from journeyman.report.number import number

STEPS = "step"


def panel_drawing(story: Story, panel: Panel) -> Markup | None:
    """One panel's figure; None where none of its metrics has a value."""
    series = [
        Series(name, f"s{i}", points)
        for i, (metric, name) in enumerate(panel.lines)
        if (points := story.course(metric))
    ]
    if not series or (panel.changing and len({y for one in series for _, y in one.points}) == 1):
        return None
    unit = f" [{panel.unit}]" if panel.unit else ""
    return draw_lines(
        series, x_name=STEPS, y_name=panel.title + unit, bounds=panel.bounds, label=f"{panel.title}: {in_words(series)}"
    )


def score_drawing(story: Story) -> Markup | None:
    """The student's score on the evaluation prompts with 95 % intervals, and the teacher's as a level."""
    if not story.evaluations:
        return None
    series = [scores_of(story.evaluations, "student", "s0")]
    levels = [] if story.teacher is None else [Level(f"teacher {number(story.teacher.avg, digits=3)}", story.teacher.avg)]
    return draw_lines(
        series, x_name=STEPS, y_name="score on the evaluation prompts", levels=levels, bounds=(0.0, 1.0),
        label=f"score on the evaluation prompts: {in_words(series)}",
    )  # fmt: skip


def scores_of(evaluations: Sequence[Evaluated], name: str, class_: str) -> Series:
    """Evaluations as a series with intervals."""
    known = [(float(e.step or 0), e) for e in evaluations]
    intervals = [(x, e.low, e.high) for x, e in known if e.low is not None and e.high is not None]
    return Series(name, class_, [(x, e.avg) for x, e in known], intervals, dots=True)


def heat_drawings(story: Story) -> list[Markup]:
    """A map for each metric that was measured by position."""
    drawn = []
    horizon = float(story.spec.get("sampling", {}).get("max_tokens") or 0)
    for metric, title, unit in HEAT:
        columns = [Column(step.step, step.by_position[metric]) for step in story.steps if step.by_position.get(metric)]
        if not any(v is not None for column in columns for v in column.values):
            continue
        bins = max(len(column.values) for column in columns)
        # What no response reached is not drawn.
        used = max(i + 1 for column in columns for i, v in enumerate(column.values) if v is not None)
        columns = [Column(column.step, column.values[:used]) for column in columns]
        by_token = horizon > 0
        drawn.append(
            draw_heat(
                columns, x_name=STEPS, y_name=f"{title}, by position in the response" + ("" if by_token else " [bin]"),
                y_end=horizon * used / bins if by_token else float(used), value_name=unit,
                label=f"Map of the {title} by position in the response and step",
            )
        )  # fmt: skip
    return drawn


def in_words(series: Sequence[Series]) -> str:
    """First and last value of each line, for who cannot see it."""
    said = [
        f"{one.name} from {number(one.points[0][1])} at step {one.points[0][0]:g} to {number(one.points[-1][1])} at step "
        f"{one.points[-1][0]:g}"
        for one in series
    ]
    return "; ".join(said)
