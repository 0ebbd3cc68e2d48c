"""Drawings as a picture file of their own: side by side, with the colours of the pages, in light and dark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap

from markupsafe import Markup

from journeyman.report.draw.svg import element, text
from journeyman.report.text import one_line

_STYLE = Path(__file__).parents[1] / "templates" / "style.css"
_SIZE = re.compile(r'width="([\d.]+)" height="([\d.]+)"')
_GAP = 16
_LINE = 21
_TITLE_LETTER, _NAME_LETTER = 9.0, 7.0  # pixels of a letter, generously


def sheet(drawings: Sequence[Markup], *, title: str, subtitle: str = "", columns: int = 3) -> bytes:
    """The file of an SVG with `drawings` in rows of `columns`, under `title` and `subtitle`, which are broken into lines.

    Raises ValueError for no drawing.
    """
    sizes = [tuple(map(float, found.groups())) for one in drawings if (found := _SIZE.search(one))]
    if not sizes or len(sizes) != len(drawings):
        raise ValueError("a sheet is made of drawings, at least one")
    columns = min(columns, len(drawings))
    wide, high = max(w for w, _ in sizes), max(h for _, h in sizes)
    width = columns * (wide + _GAP) - _GAP + 16
    said = [(line, "title") for line in wrap(one_line(title), max(20, int(width / _TITLE_LETTER)))]
    said += [(line, "name") for line in wrap(one_line(subtitle, limit=400), max(20, int(width / _NAME_LETTER)))]
    head = _LINE * len(said) + _GAP
    placed = [text(0, 18 + _LINE * i, line, class_=kind, anchor="start") for i, (line, kind) in enumerate(said)]
    for i, one in enumerate(drawings):
        x, y = (i % columns) * (wide + _GAP), head + (i // columns) * (high + _GAP)
        placed.append(Markup(str(one).replace("<svg", f'<svg x="{x:g}" y="{y:g}"', 1)))
    height = head + -(-len(drawings) // columns) * (high + _GAP)
    ground = element("rect", x=-8, y=0, width=width, height=height, class_="paper")
    whole = element(
        "svg", Markup(f"<style>{_style()}</style>"), ground, *placed, viewBox=f"-8 0 {width:g} {height:g}", width=width,
        height=height, role="img", aria_label=one_line(f"{title}. {subtitle}", limit=400),
    )  # fmt: skip
    return str(whole).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1).encode() + b"\n"


def _style() -> str:
    """The colours, and what the style sheet says of drawings."""
    whole = _STYLE.read_text("utf-8")
    colours = whole[: whole.index("* {")]
    marks = whole[whole.index("/* drawings */") : whole.index("/* end of drawings */")]
    return colours + marks
