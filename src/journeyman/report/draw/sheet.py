"""Drawings as a picture file of their own: side by side, with the colours of the pages, in light and dark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from journeyman.report.draw.svg import element, text
from journeyman.report.text import one_line

_STYLE = Path(__file__).parents[1] / "templates" / "style.css"
_SIZE = re.compile(r'width="([\d.]+)" height="([\d.]+)"')
_GAP = 16
_TITLE = 30


def sheet(drawings: Sequence[Markup], *, title: str, columns: int = 3, legend: Sequence[Markup] = ()) -> bytes:
    """The file of an SVG with `drawings` in rows of `columns`, under `title` and, where given, the marks of a legend.

    `legend` is drawn at the height of the second line: see `lines.swatch_row`. Raises ValueError for no drawing.
    """
    sizes = [tuple(map(float, found.groups())) for one in drawings if (found := _SIZE.search(one))]
    if not sizes or len(sizes) != len(drawings):
        raise ValueError("a sheet is made of drawings, at least one")
    columns = min(columns, len(drawings))
    wide, high = max(w for w, _ in sizes), max(h for _, h in sizes)
    head = _TITLE + (24 if legend else 0)
    placed = []
    for i, one in enumerate(drawings):
        x, y = (i % columns) * (wide + _GAP), head + (i // columns) * (high + _GAP)
        placed.append(Markup(str(one).replace("<svg", f'<svg x="{x:g}" y="{y:g}"', 1)))
    width = columns * (wide + _GAP) - _GAP + 16
    height = head + -(-len(drawings) // columns) * (high + _GAP)
    ground = element("rect", x=-8, y=0, width=width, height=height, class_="paper")
    whole = element(
        "svg", Markup(f"<style>{_style()}</style>"), ground, text(0, 20, title, class_="title", anchor="start"),
        *legend, *placed, viewBox=f"-8 0 {width:g} {height:g}", width=width, height=height, role="img",
        aria_label=one_line(title, limit=400),
    )  # fmt: skip
    return str(whole).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1).encode() + b"\n"


def _style() -> str:
    """The colours, and what the style sheet says of drawings."""
    whole = _STYLE.read_text("utf-8")
    colours = whole[: whole.index("* {")]
    marks = whole[whole.index("/* drawings */") : whole.index("/* end of drawings */")]
    return colours + marks
