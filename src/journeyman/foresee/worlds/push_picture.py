"""A room with boxes as a picture: brick walls, sandy floor, blue targets, wooden boxes that turn green on a target."""

from __future__ import annotations

from functools import cache

from journeyman.foresee.worlds.picture import Brush, Color, Pen, Rgb, painted, together
from journeyman.foresee.worlds.push_rules import State, cells

MORTAR, BRICK, BRICK_DARK = (92, 84, 88), (142, 118, 112), (126, 103, 98)
SEAM, FLOOR = (214, 202, 180), (234, 224, 204)
RING, INNER = (47, 108, 174), (234, 224, 204)
WOOD, BOARD, DARK = (196, 138, 70), (222, 170, 102), (128, 84, 38)
GREEN, GREEN_BOARD, GREEN_DARK = (86, 158, 84), (128, 194, 120), (44, 100, 48)
SHADE, SHIRT, SKIN, HAIR = (206, 192, 166), (214, 62, 62), (250, 214, 178), (74, 52, 40)


def picture(state: State) -> Rgb:
    """(size * 40, size * 40, 3) uint8."""
    return together([_tile(symbol) for symbol in cells(state)], state.size)


@cache
def _tile(symbol: int) -> Rgb:
    tile = painted(SEAM, *_BRUSHES[chr(symbol)])
    tile.setflags(write=False)
    return tile


def _wall(pen: Pen) -> None:
    pen.box(0, 0, 1, 1, MORTAR)
    for row in range(3):
        top, shift = row / 3 + 0.015, 0.25 if row % 2 else 0.0
        for brick in range(3):
            left = brick * 0.5 - shift
            pen.box(left + 0.02, top, left + 0.48, top + 0.3, BRICK if (row + brick) % 2 else BRICK_DARK, 0.03)


def _floor(pen: Pen) -> None:
    pen.box(0.015, 0.015, 0.985, 0.985, FLOOR, 0.04)


def _target(pen: Pen) -> None:
    for wide, color in ((0.78, RING), (0.62, INNER), (0.34, RING)):
        pen.ellipse(0.5, 0.5, wide, wide, color)


def _crate(frame: Color, board: Color, dark: Color) -> Brush:
    def paint(pen: Pen) -> None:
        pen.box(0.1, 0.1, 0.9, 0.9, dark, 0.06)
        pen.box(0.13, 0.13, 0.87, 0.87, frame, 0.04)
        pen.box(0.24, 0.24, 0.76, 0.76, board)
        pen.line([(0.24, 0.24), (0.76, 0.76)], dark, 0.05)
        pen.line([(0.24, 0.76), (0.76, 0.24)], dark, 0.05)

    return paint


def _person(pen: Pen) -> None:
    pen.ellipse(0.5, 0.86, 0.6, 0.16, SHADE)
    pen.box(0.28, 0.46, 0.72, 0.86, SHIRT, 0.14)
    pen.ellipse(0.5, 0.32, 0.4, 0.4, HAIR)
    pen.ellipse(0.5, 0.36, 0.34, 0.32, SKIN)


_BRUSHES: dict[str, list[Brush]] = {
    "#": [_wall],
    "_": [_floor],
    ".": [_floor, _target],
    "$": [_floor, _crate(WOOD, BOARD, DARK)],
    "*": [_floor, _target, _crate(GREEN, GREEN_BOARD, GREEN_DARK)],
    "@": [_floor, _person],
    "+": [_floor, _target, _person],
}
