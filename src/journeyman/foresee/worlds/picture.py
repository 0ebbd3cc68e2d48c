"""Pictures of grids: tiles painted once with Pillow, four times too large and then reduced, put together with NumPy."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

TILE = 40
"""Edge of a tile in pixels."""
FINE = 4
"""How many times larger a tile is painted, for smooth edges."""

Rgb = NDArray[np.uint8]
Color = tuple[int, int, int]
Brush = Callable[["Pen"], None]


class Pen:
    """Paints on one tile, in coordinates from 0 (left, top) to 1."""

    def __init__(self, ground: Color) -> None:
        self._image = Image.new("RGB", (TILE * FINE, TILE * FINE), ground)
        self._draw = ImageDraw.Draw(self._image)

    def ellipse(self, x: float, y: float, wide: float, high: float, color: Color) -> None:
        """An ellipse about (x, y)."""
        self._draw.ellipse(_scaled((x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)), fill=color)

    def box(self, left: float, top: float, right: float, bottom: float, color: Color, round_by: float = 0.0) -> None:
        """A rectangle with round corners."""
        self._draw.rounded_rectangle(_scaled((left, top, right, bottom)), round_by * TILE * FINE, fill=color)

    def polygon(self, points: Sequence[tuple[float, float]], color: Color) -> None:
        """A closed shape."""
        self._draw.polygon([(x * TILE * FINE, y * TILE * FINE) for x, y in points], fill=color)

    def line(self, points: Sequence[tuple[float, float]], color: Color, wide: float) -> None:
        """A line with a width."""
        self._draw.line([(x * TILE * FINE, y * TILE * FINE) for x, y in points], color, max(1, round(wide * TILE * FINE)))

    def tile(self) -> Rgb:
        """What was painted, at its final size: (TILE, TILE, 3)."""
        return np.asarray(self._image.resize((TILE, TILE), Image.Resampling.BOX))


def _scaled(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (edge * TILE * FINE for edge in box)
    return left, top, right - 1, bottom - 1


def painted(ground: Color, *brushes: Brush) -> Rgb:
    """A tile, (TILE, TILE, 3)."""
    pen = Pen(ground)
    for brush in brushes:
        brush(pen)
    return pen.tile()


def together(tiles: Sequence[Rgb], columns: int) -> Rgb:
    """Tiles in rows of `columns` as one picture, (rows * TILE, columns * TILE, 3) uint8."""
    grid = np.stack(tiles).reshape(-1, columns, TILE, TILE, 3)
    return np.ascontiguousarray(grid.transpose(0, 2, 1, 3, 4).reshape(-1, columns * TILE, 3))


def png(picture: Rgb) -> bytes:
    """A picture as a PNG file; equal pictures give equal files."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=3)
    return file.getvalue()
