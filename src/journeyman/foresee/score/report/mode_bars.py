"""Bars of the three modes side by side (the paper's forced-mode figure), with intervals of what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from journeyman.foresee.score.measured import Measured
from journeyman.report.draw.axis import Scale, labels
from journeyman.report.draw.svg import drawing, element, line, text

HEIGHT = 262
MODES = ("invisible", "normal", "force")
COLOR_OF = {"invisible": "s6", "normal": "s0", "force": "s1"}
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 30, 44
_SLOT = 92  # pixels of one agent's bars
_LEAST = 400
_LETTER = 6.4


@dataclass(frozen=True)
class Bars:
    """One agent. `rates`: mode -> success rate, 0..1; `changes`: mode -> change against invisible with its interval."""

    name: str
    rates: dict[str, float]
    changes: dict[str, Measured]


def draw_modes(agents: Sequence[Bars], *, label: str, title: str = "") -> Markup:
    """A group of bars for each agent. The stroke beside a bar is the paired interval of its change, set on the level of the
    bar of mode invisible, which is drawn across as a dashed line: where the stroke stays clear of that line, access matters.

    Raises ValueError for no agent.
    """
    if not agents:
        raise ValueError("there is no agent, so there is nothing to draw")
    width = max(_LEAST, _LEFT + _RIGHT + _SLOT * len(agents))
    y = Scale(0.0, 1.0, HEIGHT - _BOTTOM, _TOP)
    at = [0.0, 0.25, 0.5, 0.75, 1.0]
    drawn = [line(_LEFT, y.at(v), width - _RIGHT, y.at(v), "grid") for v in at]
    drawn += [text(_LEFT - 6, y.at(v) + 4, tick, anchor="end") for v, tick in zip(at, labels(at), strict=True)]
    said = f"success rate in {title}" if title else "success rate"
    drawn.append(text(4, _TOP - 12, said, class_="name", anchor="start"))
    slot = (width - _LEFT - _RIGHT) / len(agents)
    for i, agent in enumerate(agents):
        drawn += _group(agent, _LEFT + i * slot, slot, y)
    drawn.append(line(_LEFT, y.start, width - _RIGHT, y.start, "axis"))
    return drawing(width, HEIGHT, label, *drawn)


def _group(agent: Bars, left: float, slot: float, y: Scale) -> list[Markup]:
    wide = min(40.0, slot / 4)
    first = left + slot / 2 - 1.5 * wide
    alone = agent.rates.get("invisible")
    drawn = []
    for i, mode in enumerate(MODES):
        rate = agent.rates.get(mode)
        if rate is None:
            continue
        title = element("title", f"{agent.name}, {mode}: {rate:.3f}")
        box = {"x": first + i * wide, "y": y.at(rate), "width": 0.86 * wide, "height": y.start - y.at(rate)}
        drawn.append(element("rect", title, **box, class_=COLOR_OF[mode]))
        change = agent.changes.get(mode)
        if alone is not None and change is not None and change.low is not None and change.high is not None:
            middle = first + (i + 0.93) * wide  # beside the bar, where it can be seen whole
            drawn.append(line(middle, y.at(alone + change.low), middle, y.at(alone + change.high), "axis"))
            for end in (change.low, change.high):
                drawn.append(line(middle - 2.5, y.at(alone + end), middle + 2.5, y.at(alone + end), "axis"))
    if alone is not None:
        drawn.append(line(first - 4, y.at(alone), first + 3 * wide, y.at(alone), "seed"))
    for i, part in enumerate(_broken(agent.name, slot)):
        drawn.append(text(left + slot / 2, y.start + 16 + 13 * i, part))
    return drawn


def _broken(name: str, slot: float) -> list[str]:
    """A name in at most two lines that fit."""
    most = max(6, int(slot / _LETTER))
    if len(name) <= most:
        return [name]
    at = max((i for i, letter in enumerate(name[: most + 1]) if letter in " |+:,"), default=most) or most
    first, rest = name[:at], name[at:].lstrip(" |")
    return [line if len(line) <= most else line[: most - 1] + "…" for line in (first, rest) if line]
