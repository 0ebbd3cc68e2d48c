"""Quantities over the steps of a training: a line each, its noise behind it, levels to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from journeyman.report.draw.axis import Scale, extent, frame, labels
from journeyman.report.draw.svg import dot, drawing, element, line, polyline, text

WIDTH, HEIGHT = 320, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 30, 42
_LETTER = 6.4  # pixels of a digit at a tick
_LEGEND = 18  # the line with the names, where there are several
_POINTS = 400  # of a line at most: more cannot be told apart
_NOISY = 24  # points from which a line is smoothed, with the raw values behind it
_WINDOW = 20  # a smoothed point is the mean of this part of the line: 1 / 20


@dataclass(frozen=True)
class Series:
    """A quantity. `points`: (x, y) with x rising, at least one; `intervals`: (x, low, high); `dots`: few, exact points.

    `class_`: "s0" .. "s6", the colour.
    """

    name: str
    class_: str
    points: Sequence[tuple[float, float]]
    intervals: Sequence[tuple[float, float, float]] = ()
    dots: bool = False
    dashed: bool = False


@dataclass(frozen=True)
class Level:
    """A value to compare with, drawn as a dashed line across, with its name on it."""

    name: str
    value: float


def draw_lines(
    series: Sequence[Series],
    *,
    x_name: str,
    y_name: str,
    label: str,
    levels: Sequence[Level] = (),
    bounds: tuple[float | None, float | None] = (None, None),
    width: float = WIDTH,
    height: float = HEIGHT,
    smooth: bool = True,
) -> Markup:
    """One panel. `bounds`: what the quantity cannot pass, nor the axis. Raises ValueError where there is no point."""
    shown = [one for one in series if one.points]
    if not shown:
        raise ValueError("no series has a point, so there is nothing to draw")
    xs = [x for one in shown for x, _ in one.points]
    legend = _wrapped([(one.class_, one.name) for one in shown], width - 8) if len(shown) > 1 else []
    top = _TOP + _LEGEND * len(legend)
    y = Scale(*_range(shown, levels, bounds), height - _BOTTOM, top)
    longest = max(map(len, labels(y.ticks(3))))
    x = Scale(min(0.0, *xs), max(*xs, 1.0), max(_LEFT, 12 + _LETTER * longest), width - _RIGHT)
    at = x.ticks(4, whole=True)
    drawn = frame(x, y, x_ticks=at, x_labels=labels(at), x_label=x_name, y_label="", y_ticks=3)
    drawn.append(text(4, _TOP - 12, y_name, class_="name", anchor="start"))
    for i, names in enumerate(legend):
        drawn += swatch_row(names, 4, _TOP + 6 + _LEGEND * i, small=True)
    for level in levels:
        drawn.append(line(x.start, y.at(level.value), x.end, y.at(level.value), "seed"))
        above = y.at(level.value) - 4 if y.at(level.value) - 14 > top else y.at(level.value) + 13
        drawn.append(text(x.start + 4, above, level.name, class_="level", anchor="start"))
    for one in shown:
        drawn += _one(one, x, y, smooth)
    return drawing(width, height, label, *drawn)


def smoothed(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Each value as the mean of those around it, fewer towards the ends so that nothing is shifted."""
    half = max(1, len(points) // _WINDOW // 2)
    ys = [y for _, y in points]
    found = []
    for i, (x, _) in enumerate(points):
        reach = min(half, i, len(points) - 1 - i)
        part = ys[i - reach : i + reach + 1]
        found.append((x, sum(part) / len(part)))
    return found


def thinned(points: Sequence[tuple[float, float]], most: int = _POINTS) -> list[tuple[float, float]]:
    """At most about `most` points: of each stretch the lowest and the highest, so that no spike is lost."""
    if len(points) <= most:
        return list(points)
    stretch = -(-2 * len(points) // most)
    kept: list[tuple[float, float]] = []
    for i in range(0, len(points), stretch):
        part = points[i : i + stretch]
        ends = {min(range(len(part)), key=lambda k: part[k][1]), max(range(len(part)), key=lambda k: part[k][1])}
        kept += [part[k] for k in sorted(ends)]
    return kept


def _one(one: Series, x: Scale, y: Scale, smooth: bool) -> list[Markup]:
    def placed(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x.at(px), y.at(py)) for px, py in thinned(points)]

    colour = f"line {one.class_}"
    if one.dashed:
        colour += " dashes"
    drawn: list[Markup] = []
    for px, low, high in one.intervals:
        drawn.append(line(x.at(px), y.at(low), x.at(px), y.at(high), f"line thin {one.class_}"))
    if len(one.points) == 1 or one.dots:
        marks = [dot(x.at(px), y.at(py), 3, one.class_, f"{one.name}: {py:.4g} at {px:g}") for px, py in one.points]
        return [*drawn, polyline(placed(one.points), colour), *marks]
    if smooth and len(one.points) >= _NOISY:
        drawn.append(polyline(placed(one.points), f"line raw {one.class_}"))
        return [*drawn, polyline(placed(smoothed(one.points)), colour)]
    return [*drawn, polyline(placed(one.points), colour)]


def _range(
    series: Sequence[Series], levels: Sequence[Level], bounds: tuple[float | None, float | None]
) -> tuple[float, float]:
    values = [y for one in series for _, y in one.points] + [level.value for level in levels]
    values += [end for one in series for _, low, high in one.intervals for end in (low, high)]
    low, high = extent(values)
    if bounds[0] is not None:
        low = max(low, bounds[0]) if min(values) >= bounds[0] else low
    if bounds[1] is not None:
        high = min(high, bounds[1]) if max(values) <= bounds[1] else high
    return (low, high) if high > low else extent(values)


def _wrapped(names: Sequence[tuple[str, str]], width: float) -> list[list[tuple[str, str]]]:
    """The legend's names in rows that fit; a name too long for any has one of its own."""
    rows: list[list[tuple[str, str]]] = [[]]
    taken = 0.0
    for entry in names:
        wide = 23 + 6.0 * len(entry[1])
        if rows[-1] and taken + wide > width:
            rows.append([])
            taken = 0.0
        rows[-1].append(entry)
        taken += wide
    return rows


def swatch_row(names: Sequence[tuple[str, str]], x: float, y: float, *, small: bool = False) -> list[Markup]:
    """A legend inside of a drawing: class of the colour and name each, one after the other, from (x, y) on."""
    drawn: list[Markup] = []
    for class_, name in names:
        drawn.append(element("circle", cx=x + 4, cy=y - 4, r=3.5 if small else 4.5, class_=class_))
        drawn.append(text(x + 11, y, name, class_="tick" if small else "name", anchor="start"))
        x += 23 + (6.0 if small else 6.8) * len(name)
    return drawn
