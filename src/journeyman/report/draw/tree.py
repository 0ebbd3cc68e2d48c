"""The lineage: who was made from whom, when, and how good it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from journeyman.report.draw.axis import Scale, extent, frame, labels, quantile
from journeyman.report.draw.svg import dot, drawing, element, line, linked, text

WIDTH, HEIGHT = 1060, 470
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 18, 36, 92
_RAILS = {"no score": 16, "no candidate": 32}
"""Where those without a score stand: pixels below the plot."""


@dataclass(frozen=True)
class Node:
    """A proposal. `rail`: "" if it has a score, else "no score" or "no candidate". `class_` colours it."""

    index: int
    parents: tuple[int, ...]
    score: float | None
    class_: str
    title: str
    href: str | None = None
    on_path: bool = False
    improved: bool = False
    rail: str = ""


@dataclass(frozen=True)
class Band:
    """What lies between two numbers of proposals: how many, and the scores that hold the middle 80 % of theirs."""

    first: int
    last: int
    count: int
    scored: int
    low: float | None = None
    high: float | None = None


def draw_tree(
    nodes: Sequence[Node],
    *,
    last: int,
    score_name: str,
    label: str,
    bands: Sequence[Band] = (),
    log: bool = False,
) -> Markup:
    """`nodes` in the order of their numbers, at least one with a score; `last`: the run's last number.

    A parent that is not among the nodes has no edge. `bands` stand for what is not drawn one by one; with `log` the
    numbers are on a logarithmic axis, because improvements crowd at the beginning of a long run.
    """
    x = Scale(0.0, float(max(last, 1)), _LEFT + 8, WIDTH - _RIGHT, log)
    y = Scale(*_score_range(nodes, bands), HEIGHT - _BOTTOM, _TOP)
    at = x.ticks(8, whole=True)
    if log:
        at = [0.0, *at]
    drawn = _named_axes(x, y, at, score_name, log, {n.rail for n in nodes})
    drawn += [_band(band, x, y) for band in bands if _inside(band, y)]
    place = {n.index: (x.at(n.index), _height(n, y)) for n in nodes}
    on_path = {n.index for n in nodes if n.on_path}
    drawn += _edges(nodes, place, on_path)
    # Later ones lie on top: failures, plain ones, improvements, the path.
    for node in sorted(nodes, key=lambda n: (n.score is not None, n.improved, n.on_path, n.index)):
        drawn.append(_node(node, *place[node.index], crowded=len(nodes) > 60))
    return drawing(WIDTH, HEIGHT, label, *drawn)


def _named_axes(
    x: Scale, y: Scale, at: Sequence[float], score_name: str, log: bool, rails: set[str]
) -> list[Markup]:
    shift = _RAILS["no candidate"] + 8
    drawn = frame(x, y, x_ticks=(), x_labels=(), x_label="", y_label=score_name, y_ticks=6)
    for rail, below in _RAILS.items():
        if rail not in rails:
            continue
        drawn.append(line(x.start, y.start + below, x.end, y.start + below, "grid"))
        drawn.append(text(x.start - 6, y.start + below + 4, rail, class_="rail", anchor="end"))
    for value, said in zip(at, labels(at), strict=True):
        drawn.append(text(x.at(value), y.start + shift + 16, said if value else "seed"))
    name = "number of the proposal" + (" (logarithmic)" if log else "")
    return [*drawn, text((x.start + x.end) / 2, y.start + shift + 36, name, class_="name")]


def _score_range(nodes: Sequence[Node], bands: Sequence[Band]) -> tuple[float, float]:
    """All of the improvements, and of the rest nine tenths; where there are bands, these show the rest as far as it fits."""
    scores = sorted(n.score for n in nodes if n.score is not None)
    kept = [n.score for n in nodes if n.score is not None and (n.on_path or n.improved)]
    if bands and len(set(kept)) > 1:
        return extent(kept)
    reach = sorted([*scores, *(b for band in bands for b in (band.low, band.high) if b is not None)])
    return extent([quantile(reach, 0.1), quantile(reach, 0.9), *kept])


def _height(node: Node, y: Scale) -> float:
    return y.at(node.score) if node.score is not None else y.start + _RAILS[node.rail]


def _edges(nodes: Sequence[Node], place: dict[int, tuple[float, float]], on_path: set[int]) -> list[Markup]:
    further, first, path = [], [], []
    for node in nodes:
        for order, parent in enumerate(node.parents):
            if parent not in place:
                continue
            (x1, y1), (x2, y2) = place[parent], place[node.index]
            if order:
                further.append(line(x1, y1, x2, y2, "edge further"))
            elif node.on_path and parent in on_path:
                path.append(line(x1, y1, x2, y2, "edge path"))
            else:
                first.append(line(x1, y1, x2, y2, "edge"))
    return [*further, *first, *path]


def _node(node: Node, x: float, y: float, *, crowded: bool) -> Markup:
    if node.score is None:
        r = 3.0
        cross = f"M{x - r:.1f} {y - r:.1f}l{2 * r} {2 * r}M{x - r:.1f} {y + r:.1f}l{2 * r} {-2 * r}"
        # A wide invisible disc, so that the cross can be hit.
        drawn = element(
            "g", element("title", node.title), element("circle", cx=x, cy=y, r=6, class_="hit"),
            element("path", d=cross, class_="cross"),
        )  # fmt: skip
        return linked(drawn, node.href, node.title)
    radius = 5.5 if node.on_path else 4.5 if node.improved else 3.8
    radius -= 0.8 if crowded else 0.0
    ring = " onpath" if node.on_path else " improved" if node.improved else ""
    return dot(x, y, radius, f"node {node.class_}{ring}", node.title, node.href)


def _inside(band: Band, y: Scale) -> bool:
    return band.low is not None and band.high is not None and band.low <= y.high and band.high >= y.low


def _band(band: Band, x: Scale, y: Scale) -> Markup:
    assert band.low is not None
    assert band.high is not None
    left, right = x.at(band.first), x.at(band.last + 1)
    top = min(y.at(band.low), y.at(band.high))
    title = f"proposals {band.first} to {band.last}: {band.scored} of {band.count} have a score"
    return element(
        "rect", element("title", title), x=left, y=top, width=max(1.5, right - left - 0.5),
        height=max(2.0, abs(y.at(band.low) - y.at(band.high))), class_="band",
    )  # fmt: skip
