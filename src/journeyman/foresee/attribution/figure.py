"""Attribution in pictures: bars of the stages, and planted faults against what was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from journeyman.foresee.attribution.confusion import Planted
from journeyman.foresee.attribution.record import Attribution, CellShares
from journeyman.foresee.protocol.repair import STAGES
from journeyman.report.draw.axis import Scale
from journeyman.report.draw.heat import LEVELS, level_of
from journeyman.report.draw.svg import drawing, element, line, text

if TYPE_CHECKING:
    from markupsafe import Markup

WIDTH, HEIGHT = 400, 236
_LEFT, _RIGHT, _TOP, _BOTTOM = 74, 14, 30, 44
_DARK = 6  # levels of the heat map below which white letters are read better


def figure_of(found: Attribution) -> bytes | None:
    """The file of an SVG: bars for each cell with failures, and the map of planted faults where there are any; None: no
    failure was attributed."""
    from journeyman.foresee.attribution.tables import planted_rows
    from journeyman.report.draw.sheet import sheet

    drawn = [draw_stages(cell) for cell in found.shares if cell.failures]
    if rows := planted_rows(found):
        drawn.append(draw_confusion(rows))
    subtitle = "Bars: share of failures that the repair of one stage turns into success; dark: no other single one does."
    return sheet(drawn, title=f"Why episodes of {found.run} failed", subtitle=subtitle, columns=2) if drawn else None


def draw_stages(cell: CellShares) -> Markup:
    """A bar for each stage: the share of failures that its repair alone flips, with its interval; the darker part are those
    that no other single repair flips."""
    x = Scale(0.0, 100.0, _LEFT, WIDTH - _RIGHT)
    y = Scale(0.0, len(STAGES), _TOP, HEIGHT - _BOTTOM)
    high = y.at(1) - y.at(0)
    drawn = [line(x.at(v), y.start, x.at(v), y.end, "grid") for v in (0, 25, 50, 75, 100)]
    drawn += [text(x.at(v), y.end + 16, f"{v}") for v in (0, 25, 50, 75, 100)]
    for i, stage in enumerate(cell.stages):
        middle = y.at(i + 0.5)
        said = f"{stage.stage}: flips {stage.flips.hits} of {stage.flips.n}, alone {stage.alone.hits}"
        for share, kind in ((stage.flips, "band"), (stage.alone, "s0")):
            if share.hits:
                end = x.at(100 * share.hits / share.n)
                box = {"x": x.start, "y": middle - 0.32 * high, "width": end - x.start, "height": 0.64 * high}
                drawn.append(element("rect", element("title", said), **box, class_=kind))
        if stage.flips.n:
            drawn.append(line(x.at(100 * stage.flips.low), middle, x.at(100 * stage.flips.high), middle, "axis"))
        drawn.append(text(x.start - 6, middle + 4, stage.stage, anchor="end", class_="name"))
    drawn.append(line(x.start, y.start, x.start, y.end, "axis"))
    drawn.append(text((x.start + x.end) / 2, y.end + 34, "failures that its repair flips [%]", class_="name"))
    drawn.append(text(4, y.start - 12, f"{cell.failures} failures: {cell.cell}", class_="name", anchor="start"))
    return drawing(WIDTH, HEIGHT, f"Stages to blame for {cell.failures} failures of {cell.cell}", *drawn)


def draw_confusion(rows: Sequence[Planted]) -> Markup:
    """Where faults were planted, downwards, and which repairs flip the failures, across: share of failures in per cent."""
    x = Scale(0.0, len(STAGES), _LEFT, WIDTH - _RIGHT)
    y = Scale(0.0, float(max(1, len(rows))), _TOP, HEIGHT - _BOTTOM)
    wide, high = x.at(1) - x.at(0), y.at(1) - y.at(0)
    drawn = [text(x.at(i + 0.5), y.end + 16, stage, class_="name") for i, stage in enumerate(STAGES)]
    for j, row in enumerate(rows):
        drawn.append(text(x.start - 6, y.at(j + 0.5) + 4, row.stage, anchor="end", class_="name"))
        for i, stage in enumerate(STAGES):
            share = row.flips[stage] / row.failures if row.failures else 0.0
            level = level_of(share, 0.0, 1.0)
            told = element("title", f"planted {row.stage}, repaired {stage}: {row.flips[stage]} of {row.failures}")
            box = {"x": x.at(i), "y": y.at(j), "width": wide - 1, "height": high - 1}
            drawn.append(element("rect", told, **box, class_=f"h{level}" if row.failures else "nothing"))
            # The map's colours are the same in light and dark, so its letters are, too.
            ink = "ondark" if level < _DARK else "onlight"
            drawn.append(
                element("text", f"{100 * share:.0f}", x=x.at(i + 0.5), y=y.at(j + 0.5) + 4, text_anchor="middle",
                        class_=ink)
            )  # fmt: skip
    drawn.append(text((x.start + x.end) / 2, y.end + 34, "repaired stage", class_="name"))
    drawn.append(text(4, y.start - 12, "planted stage; flipped failures [%]", class_="name", anchor="start"))
    return drawing(WIDTH, HEIGHT, f"Planted faults against repairs that flip them, in {LEVELS} colors", *drawn)
