"""Frames of a world as pictures on a page: each picture once, marks drawn over it where something differs."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from journeyman.foresee.page.frames import Frame
from journeyman.report.draw.svg import element
from journeyman.report.text import one_line, visible

Cell = tuple[int, int]
"""(row, column), from 0."""
_LONGEST = 6000
"""Characters of a world in symbols that are shown."""


@dataclass
class Gallery:
    """All pictures of a page, each of them once. `files`: PNG -> its id."""

    files: dict[bytes, str] = field(default_factory=dict)

    def id_of(self, image: bytes) -> str:
        """The picture's id on the page."""
        return self.files.setdefault(image, f"p{len(self.files)}")

    def store(self) -> Markup:
        """What the drawings refer to; it takes no room itself."""
        if not self.files:
            return Markup("")
        kept = [
            element("image", id=name, width=size[0], height=size[1], href=Markup(f"data:image/png;base64,{_written(image)}"))
            for image, name in self.files.items()
            if (size := png_size(image)) is not None
        ]
        return element("svg", element("defs", *kept), class_="store", width=0, height=0, aria_hidden="true")

    def draw(self, frame: Frame, label: str, *, changed: Sequence[Cell] = (), wrong: Sequence[Cell] = ()) -> Markup:
        """One frame. `label` says what it shows. `changed`, `wrong`: cells that are marked, the latter in another color."""
        size = png_size(frame.image) if frame.image else None
        if size is None:
            return _symbols(frame, label, changed, wrong)
        width, height = size
        marks = []
        cells = grid(frame)
        if cells and fits(size, cells):
            wide, high = width / len(cells[0]), height / len(cells)
            for kind, places in (("changed", changed), ("wrong", wrong)):
                marks += [
                    element(
                        "rect", x=column * wide + 2, y=row * high + 2, width=wide - 4, height=high - 4, rx=5, class_=part
                    )
                    for row, column in places
                    for part in ("halo", f"mark {kind}")
                ]  # fmt: skip
        drawn = element("use", href=f"#{self.id_of(frame.image)}")
        return element(
            "svg", drawn, *marks, viewBox=f"0 0 {width} {height}", class_="shot", role="img",
            aria_label=one_line(label, limit=400),
        )  # fmt: skip


def grid(frame: Frame) -> list[str]:
    """The rows of a frame in symbols, if they are as long as one another; else []."""
    rows = frame.symbols.splitlines()
    return rows if rows and rows[0] and len({len(row) for row in rows}) == 1 else []


def differing(one: Frame | None, other: Frame | None) -> list[Cell]:
    """Cells in which two frames differ; [] where they are not of the same shape."""
    if one is None or other is None:
        return []
    rows, others = grid(one), grid(other)
    if [len(row) for row in rows] != [len(row) for row in others]:
        return []
    return [(r, c) for r, row in enumerate(rows) for c, symbol in enumerate(row) if symbol != others[r][c]]


def fits(size: tuple[int, int], rows: Sequence[str]) -> bool:
    """Whether a picture of (width, height) pixels is cut into equal cells, as the symbols are."""
    width, height = size
    return width % len(rows[0]) == 0 and height % len(rows) == 0


def png_size(image: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None for what is no PNG file."""
    if not image.startswith(b"\x89PNG\r\n\x1a\n") or len(image) < 24:
        return None
    width, height = struct.unpack(">II", image[16:24])
    return (width, height) if 0 < width < 20_000 and 0 < height < 20_000 else None


def _symbols(frame: Frame, label: str, changed: Sequence[Cell], wrong: Sequence[Cell]) -> Markup:
    """A frame of a world without pictures: its symbols, else its words."""
    rows = grid(frame)
    kinds = {**dict.fromkeys(changed, "changed"), **dict.fromkeys(wrong, "wrong")}
    if rows and kinds:
        said = Markup("\n").join(
            Markup("").join(_symbol(symbol, kinds.get((r, c), "")) for c, symbol in enumerate(row))
            for r, row in enumerate(rows)
        )
    else:
        said = escape(visible(frame.symbols or frame.text, limit=_LONGEST))
    alone = " grid" if rows and max(map(len, rows)) <= 24 else ""
    return Markup('<pre class="shot{}" tabindex="0" role="img" aria-label="{}">{}</pre>').format(
        alone, one_line(label, limit=400), said
    )


def _symbol(symbol: str, kind: str) -> Markup:
    shown = escape(visible(symbol))
    return Markup('<span class="at {}">{}</span>').format(kind, shown) if kind else shown


def _written(image: bytes) -> str:
    return base64.b64encode(image).decode()
