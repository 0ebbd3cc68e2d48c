"""Stacked bars: what became of the proposals, over the course of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from journeyman.report.draw.axis import Scale, labels
from journeyman.report.draw.svg import drawing, element, line, text

WIDTH, HEIGHT = 400, 236
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 26, 44


@dataclass(frozen=True)
class Bar:
    """`name` stands below it, `title` where a pointer rests on it; `counts` are its parts from the bottom up."""

    name: str
    title: str
    counts: tuple[int, ...]


def draw_bars(bars: Sequence[Bar], kinds: Sequence[tuple[str, str]], *, x_name: str, label: str) -> Markup:
    """`kinds`: name and class of each part. Heights are shares of the bar's own total, in per cent."""
    y = Scale(0.0, 100.0, HEIGHT - _BOTTOM, _TOP)
    at = [0.0, 25.0, 50.0, 75.0, 100.0]
    drawn = [line(_LEFT, y.at(v), WIDTH - _RIGHT, y.at(v), "grid") for v in at]
    drawn += [
        text(_LEFT - 6, y.at(v) + 4, said, anchor="end") for v, said in zip(at, labels(at), strict=True)
    ]
    drawn.append(text(4, _TOP - 11, "share of proposals [%]", class_="name", anchor="start"))
    slot = (WIDTH - _RIGHT - _LEFT) / max(1, len(bars))
    for i, bar in enumerate(bars):
        total = sum(bar.counts) or 1
        left, below = _LEFT + i * slot, 0.0
        for (kind, class_), count in zip(kinds, bar.counts, strict=True):
            if not count:
                continue
            share = 100 * count / total
            top = y.at(below + share)
            title = element("title", f"{bar.title}: {count} of {total} {kind}")
            drawn.append(
                element(
                    "rect", title, x=left + 0.12 * slot, y=top, width=0.76 * slot, height=y.at(below) - top, class_=class_
                )
            )  # fmt: skip
            below += share
        drawn.append(text(left + slot / 2, HEIGHT - _BOTTOM + 16, bar.name))
    drawn.append(text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - _BOTTOM + 34, x_name, class_="name"))
    return drawing(WIDTH, HEIGHT, label, *drawn)
