"""Best so far against evaluations, money and time."""

from __future__ import annotations

from collections.abc import Callable, Container

from journeyman.optimize.shown.headline import dollars, score_name
from journeyman.optimize.story import Step, Story
from journeyman.report.blocks import Block, Drawings, Text
from journeyman.report.draw.course import Mark, Spent, draw_course
from journeyman.report.number import duration, number

LEGEND = (
    ("best", "best so far"),
    ("dashed", "the seed"),
    ("dot", "a candidate"),
    ("isbest", "an improvement, with its number"),
)


def course_blocks(story: Story, entries: Container[int]) -> list[Block]:
    """Two panels, or three where something was paid. `entries`: candidates that have an entry to link to."""
    result = story.result
    assert result.seed.score is not None
    panels: list[tuple[Spent, Callable[[Step], float], str]] = [
        (
            Spent("evaluations after the seed's", whole=True),
            lambda s: float(s.evaluations_so_far),
            "evaluations",
        )
    ]
    last = story.step(story.course[-1])
    if last.usd_so_far > 0:
        panels.append((Spent("money [US$]"), lambda s: s.usd_so_far, "money"))
    elif last.tokens_so_far > 0:
        many = last.tokens_so_far >= 10_000
        spent = Spent("thousands of tokens", 1000.0) if many else Spent("tokens")
        panels.append((spent, lambda s: float(s.tokens_so_far), "tokens"))
    if last.at_s > 0:
        name, unit = (
            ("h", 3600.0) if last.at_s > 2 * 3600 else ("min", 60.0) if last.at_s > 120 else ("s", 1.0)
        )
        panels.append((Spent(f"working time [{name}]", unit), lambda s: s.at_s, "working time"))
    drawings = [
        draw_course(
            _marks(story, of, entries), spent=spent, seed=result.seed.score, score_name=score_name(result),
            label=f"Best score so far against {name}: from {number(result.seed.score)} to {number(result.best.score)}",
        )
        for spent, of, name in panels
    ]  # fmt: skip
    rises = [story.step(i) for i in story.course if story.step(i).improved]
    blocks: list[Block] = [
        Drawings(
            drawings,
            "Candidates far from the best are outside the picture.",
            legend=LEGEND if rises else LEGEND[:3],
        )
    ]
    if rises:
        blocks.append(Text(_said(rises, last), soft=True))
    return blocks


def _marks(story: Story, of: Callable[[Step], float], entries: Container[int]) -> list[Mark]:
    marks = []
    for index in story.course:
        step = story.step(index)
        if step.best_so_far is not None:
            title = f"#{index}: {number(step.score)}"
            href = f"#c{index}" if index in entries else None
            marks.append(Mark(index, of(step), step.score, step.best_so_far, step.improved, title, href))
    return marks


def _said(rises: list[Step], last: Step) -> str:
    """The course in words: also for who cannot see the picture."""
    times = f"{len(rises)} times" if len(rises) > 1 else "once"
    best = rises[-1]
    paid = f" and {dollars(best.usd_so_far * 1e6)}" if best.usd_so_far else ""
    since = last.evaluations_so_far - best.evaluations_so_far
    return (
        f"The best improved {times}; the last time with candidate {best.index}, after {best.evaluations_so_far} "
        f"evaluations, {duration(best.at_s)}{paid}. "
        + (
            f"The {since} evaluations after it found nothing better."
            if since > 1
            else "The one evaluation after it found nothing better."
            if since
            else "It was the last evaluation of the run."
        )
    )
