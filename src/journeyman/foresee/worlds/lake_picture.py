"""A lake as a picture: pale ice, dark holes, a red flag at the goal, a person in an orange coat."""

from __future__ import annotations

from functools import cache

from journeyman.foresee.worlds.lake_rules import GOAL, HOLE, START, State
from journeyman.foresee.worlds.picture import Brush, Pen, Rgb, painted, together

SEAM, ICE_LIGHT, GLINT = (178, 205, 222), (222, 239, 248), (243, 250, 254)
RIM, WATER, DEEP = (120, 165, 196), (38, 84, 124), (20, 52, 84)
POLE, CLOTH, BOARD = (92, 74, 58), (214, 48, 49), (150, 190, 150)
COAT, SKIN, HAT, LEGS = (240, 132, 36), (250, 214, 178), (60, 66, 110), (60, 66, 110)


def picture(state: State) -> Rgb:
    """(size * 40, size * 40, 3) uint8."""
    tiles = [_tile(tile, cell == state.at) for cell, tile in enumerate(state.tiles)]
    return together(tiles, state.size)


@cache
def _tile(kind: int, player: bool) -> Rgb:
    brushes: list[Brush] = [_ice]
    if kind == START:
        brushes.append(_start)
    if kind == HOLE:
        brushes += [_hole, _sinking] if player else [_hole]
    elif kind == GOAL:
        brushes += [_flag, _person] if player else [_flag]
    elif player:
        brushes.append(_person)
    tile = painted(SEAM, *brushes)
    tile.setflags(write=False)
    return tile


def _ice(pen: Pen) -> None:
    pen.box(0.02, 0.02, 0.98, 0.98, ICE_LIGHT, 0.06)
    pen.line([(0.14, 0.34), (0.34, 0.14)], GLINT, 0.05)
    pen.line([(0.66, 0.9), (0.9, 0.66)], GLINT, 0.04)


def _start(pen: Pen) -> None:
    pen.box(0.12, 0.12, 0.88, 0.88, BOARD, 0.12)
    pen.box(0.19, 0.19, 0.81, 0.81, ICE_LIGHT, 0.08)


def _hole(pen: Pen) -> None:
    pen.ellipse(0.5, 0.52, 0.86, 0.78, RIM)
    pen.ellipse(0.5, 0.54, 0.78, 0.7, WATER)
    pen.ellipse(0.5, 0.58, 0.6, 0.5, DEEP)


def _flag(pen: Pen) -> None:
    pen.ellipse(0.72, 0.9, 0.3, 0.1, SEAM)
    pen.box(0.69, 0.08, 0.75, 0.9, POLE)
    pen.polygon([(0.69, 0.1), (0.69, 0.46), (0.22, 0.28)], CLOTH)


def _person(pen: Pen) -> None:
    pen.ellipse(0.44, 0.9, 0.46, 0.12, SEAM)
    pen.box(0.33, 0.68, 0.42, 0.92, LEGS, 0.03)
    pen.box(0.46, 0.68, 0.55, 0.92, LEGS, 0.03)
    pen.box(0.26, 0.42, 0.62, 0.76, COAT, 0.1)
    pen.ellipse(0.44, 0.3, 0.3, 0.3, SKIN)
    pen.box(0.28, 0.13, 0.6, 0.25, HAT, 0.06)


def _sinking(pen: Pen) -> None:
    pen.line([(0.34, 0.56), (0.2, 0.36)], COAT, 0.09)
    pen.line([(0.66, 0.56), (0.8, 0.36)], COAT, 0.09)
    pen.ellipse(0.5, 0.5, 0.32, 0.32, SKIN)
    pen.box(0.33, 0.31, 0.67, 0.44, HAT, 0.06)
    pen.box(0.2, 0.6, 0.8, 0.72, DEEP)
