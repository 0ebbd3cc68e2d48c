"""Best so far, against whatever was spent: a step line, a dot for each candidate, the seed as a dashed line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from journeyman.report.draw.axis import Scale, extent, frame, labels, quantile
from journeyman.report.draw.svg import dot, drawing, line, linked, polyline, text

WIDTH, HEIGHT = 400, 262
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 20, 34, 44
_DOTS = 500  # at most; of more, every k-th is drawn
_LETTER = 7.0  # pixels of a letter of a label, generously


@dataclass(frozen=True)
class Mark:
    """One settled step. `at`: what had been spent; `best`: the best score then; `href`: where its entry is."""

    index: int
    at: float
    score: float | None
    best: float
    improved: bool
    title: str
    href: str | None = None


@dataclass(frozen=True)
class Spent:
    """The quantity on the horizontal axis: its name, and how many of its units one tick unit is (60 for minutes)."""

    name: str
    unit: float = 1.0
    whole: bool = False


def draw_course(marks: Sequence[Mark], *, spent: Spent, seed: float, score_name: str, label: str) -> Markup:
    """One panel. `marks` in the order they were settled, the seed's first; at least one."""
    last = max(mark.at for mark in marks)
    x = Scale(0.0, (last or 1.0), _LEFT, WIDTH - _RIGHT)
    y = Scale(*score_range(marks), HEIGHT - _BOTTOM, _TOP)
    at = [v * spent.unit for v in Scale(0.0, x.high / spent.unit, 0, 1).ticks(5, whole=spent.whole)]
    drawn = frame(
        x,
        y,
        x_ticks=at,
        x_labels=labels([v / spent.unit for v in at]),
        x_label=spent.name,
        y_label=score_name,
    )
    if y.holds(seed):
        drawn.append(line(x.start, y.at(seed), x.end, y.at(seed), "seed"))
    inside = [m for m in marks if m.score is not None and y.holds(m.score) and not m.improved]
    drawn += [
        dot(x.at(m.at), y.at(m.score or 0.0), 2.2, "dot", m.title)
        for m in inside[:: 1 + len(inside) // _DOTS]
    ]
    drawn.append(polyline(_steps(marks, x, y), "best"))
    better = [m for m in marks if m.improved]
    for m in better:
        drawn.append(dot(x.at(m.at), y.at(m.best), 3.6, "improved", m.title, m.href))
    drawn += _numbers(better, marks, x, y)
    return drawing(WIDTH, HEIGHT, label, *drawn)


def score_range(marks: Sequence[Mark]) -> tuple[float, float]:
    """What the score axis shows: the best-so-far line with room, and where that is flat, the nearer half of the rest."""
    values = {mark.best for mark in marks}
    if len(values) == 1:
        # The best comes first and everything else lies on one side of it.
        (best,) = values
        others = sorted(abs(m.score - best) for m in marks if m.score is not None and m.score != best)
        if others:
            reach = quantile(others, 0.5)
            values |= {m.score for m in marks if m.score is not None and abs(m.score - best) <= reach}
    return extent(sorted(values))


def _steps(marks: Sequence[Mark], x: Scale, y: Scale) -> list[tuple[float, float]]:
    first = marks[0]
    points = [(x.at(first.at), y.at(first.best))]
    for before, mark in pairwise(marks):
        if mark.best != before.best:
            points += [(x.at(mark.at), y.at(before.best)), (x.at(mark.at), y.at(mark.best))]
    return [*points, (x.end, y.at(marks[-1].best))]


def _numbers(better: Sequence[Mark], marks: Sequence[Mark], x: Scale, y: Scale) -> list[Markup]:
    """Numbers at the improvements, where there is room; the last one always has its."""
    falls = len(better) > 0 and better[-1].best < marks[0].best
    drawn: list[Markup] = []
    taken: list[tuple[float, float]] = []
    for mark in reversed(better):
        half = _LETTER * (1 + len(f"#{mark.index}")) / 2
        at = max(x.start + half, min(x.at(mark.at), WIDTH - half))
        if all(at + half < left or at - half > right for left, right in taken):
            taken.append((at - half, at + half))
            above = y.at(mark.best) + (17 if falls else -8)
            if above > y.start - 4:
                above = y.at(mark.best) - 8
            said = text(at, above, f"#{mark.index}", class_="number")
            drawn.append(linked(said, mark.href, f"candidate {mark.index}"))
    return drawn
