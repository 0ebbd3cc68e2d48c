"""A wrong picture of a right prediction (spec J4, observation): for any world that shows itself as a grid of characters.

Three things go wrong, equally often: the object that matters is *swapped* with another cell, it is *hidden* by background,
or a tile is *flipped*: where outcomes have labels, the state is shown in which another one happened, with its words; else
the object's cell shows a third symbol. Pictures are edited as the symbols are, cell by cell, from the picture's own cells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from journeyman.errors import UsageError
from journeyman.foresee.world_models.channels import Luck
from journeyman.foresee.worlds.world import Labelled, Observation, Snapshot, World

Cell = tuple[int, int]
"""(row, column), from 0."""
Grid = tuple[str, ...]
"""Rows of characters, each of one tile."""

_CHANNEL = "observation"


class Last(NamedTuple):
    """How the predicted state was come to: the last action that was carried out, and the state before it."""

    before: Snapshot
    action: int
    after: Snapshot


@dataclass(frozen=True)
class Edit:
    """Show at `cell` what is at `other`; with `both`, the other way round, too."""

    cell: Cell
    other: Cell
    both: bool


def grid_of(world: World, state: Snapshot) -> Grid:
    """The state in symbols; () for a world that has none."""
    world.restore(state)
    return tuple(world.observe("symbols").symbols.splitlines())


def damaged(world: World, last: Last, shown: Observation, luck: Luck) -> Observation | None:
    """A wrong observation instead of `shown`, in its format; None where nothing can be shown wrongly.

    Args:
        world: a clone that may be used. `last.after` is the state that `shown` is of.

    Raises UsageError: a picture that is not cut into cells as the symbols are.
    """
    grid = grid_of(world, last.after)
    kinds = ("swap", "hide", "flip") if shown.symbols or shown.image else ("flip",)
    kind = kinds[luck.below(len(kinds), _CHANNEL, "kind")]
    if kind == "flip":
        format = "symbols" if shown.symbols else "image" if shown.image else "text"
        other = _other_outcome(world, last, shown, format, luck)
        if other is not None:
            return other
    edit = edit_of(kind, grid, object_cell(world, last, grid), luck) if grid else None
    if edit is None or not (shown.symbols or shown.image):
        return None
    return replace(
        shown,
        symbols="\n".join(edited_grid(grid, edit)) if shown.symbols else "",
        image=edited_image(shown.image, grid, edit) if shown.image else b"",
    )


def object_cell(world: World, last: Last, grid: Grid) -> Cell:
    """The cell of what acts or was acted on, rarest symbol first.

    Of the cells that the last action changed, it is none that the actor left; where nothing changed, it is the actor's.
    """
    before = grid_of(world, last.before)
    actor = _actor(world, last.before, before)
    changed = [cell for cell in _changed(before, grid) if cell != actor]
    found = _rarest(grid, changed or ([actor] if actor else _cells(grid)))
    assert found is not None
    return found


def edit_of(kind: str, grid: Grid, cell: Cell, luck: Luck) -> Edit | None:
    """The edit of this kind ("swap", "hide" or "flip") at `cell`; None where all cells are alike."""
    own = grid[cell[0]][cell[1]]
    others = [other for other in _cells(grid) if grid[other[0]][other[1]] != own]
    if not others:
        return None
    if kind == "swap":
        return Edit(cell, others[luck.below(len(others), _CHANNEL, "where")], both=True)
    count = Counter(grid[r][c] for r, c in others)
    background = count.most_common(1)[0][0]
    symbol = background
    if kind == "flip" and len(count) > 1:
        rest = [one for one in count if one != background]
        symbol = rest[luck.below(len(rest), _CHANNEL, "where")]
    return Edit(cell, next(o for o in others if grid[o[0]][o[1]] == symbol), both=False)


def edited_grid(grid: Grid, edit: Edit) -> Grid:
    """The grid with its cells changed."""
    rows = [list(row) for row in grid]
    for (r, c), (from_r, from_c) in _copies(edit):
        rows[r][c] = grid[from_r][from_c]
    return tuple("".join(row) for row in rows)


def edited_image(image: bytes, grid: Grid, edit: Edit) -> bytes:
    """The PNG file with the same cells changed.

    Raises UsageError: the picture's height and width are no multiples of the grid's rows and columns.
    """
    import io

    import numpy as np
    from PIL import Image

    pixels = np.array(Image.open(io.BytesIO(image)).convert("RGB"))
    (height, width), columns = pixels.shape[:2], len(grid[0])
    if height % len(grid) or width % columns or len({len(row) for row in grid}) > 1:
        raise UsageError(
            f"a picture of {width} x {height} pixels is not cut into {columns} x {len(grid)} equal cells, as the symbols "
            "are; the channel observation needs that"
        )
    high, wide = height // len(grid), width // columns
    cells = pixels.reshape(len(grid), high, columns, wide, 3)
    whole = cells.copy()
    for (r, c), (from_r, from_c) in _copies(edit):
        whole[r, :, c] = cells[from_r, :, from_c]
    file = io.BytesIO()
    Image.fromarray(whole.reshape(height, width, 3)).save(file, "PNG", compress_level=3)
    return file.getvalue()


def _other_outcome(world: World, last: Last, shown: Observation, format: str, luck: Luck) -> Observation | None:
    """What would be seen if another label had happened at the last action."""
    if not isinstance(world, Labelled):
        return None
    seen = []
    for label in world.possible(last.before, last.action):
        state = world.imagine(last.before, last.action, label)
        if state != last.after:
            world.restore(state)
            seen.append(world.observe(format))
    seen = [one for one in seen if one != shown]
    return seen[luck.below(len(seen), _CHANNEL, "where")] if seen else None


def _actor(world: World, state: Snapshot, grid: Grid) -> Cell | None:
    """The cell that most actions change. Where only one action changes anything, that is the cell that the actor leaves by
    it, not the one where it is after it."""
    tied, after = _restless(world, state, grid)
    if len(tied) > 1 and after is not None:
        there, _ = _restless(world, after, grid_of(world, after))
        tied = [cell for cell in tied if cell not in there] or tied
    return _rarest(grid, tied)


def _restless(world: World, state: Snapshot, grid: Grid) -> tuple[list[Cell], Snapshot | None]:
    """The cells that most actions change, and a state after an action that changes any; [] and None after the end."""
    counts: Counter[Cell] = Counter()
    moved = None
    world.restore(state)
    for action in () if world.digest()["terminal"] else range(len(world.about.actions)):
        world.restore(state)
        world.step(action)
        after = world.snapshot()
        changed = _changed(grid, tuple(world.observe("symbols").symbols.splitlines()))
        counts.update(changed)
        moved = moved or (after if changed else None)
    return [cell for cell, count in counts.items() if count == max(counts.values())], moved


def _rarest(grid: Grid, cells: Sequence[Cell]) -> Cell | None:
    """Of these cells the one whose symbol is rarest in the grid."""
    count = Counter("".join(grid))
    return min(cells, key=lambda cell: (count[grid[cell[0]][cell[1]]], cell), default=None)


def _changed(before: Grid, after: Grid) -> list[Cell]:
    if [len(row) for row in before] != [len(row) for row in after]:
        return []
    return [(r, c) for r, c in _cells(after) if before[r][c] != after[r][c]]


def _cells(grid: Grid) -> list[Cell]:
    return [(r, c) for r, row in enumerate(grid) for c in range(len(row))]


def _copies(edit: Edit) -> Sequence[tuple[Cell, Cell]]:
    return ((edit.cell, edit.other), (edit.other, edit.cell)) if edit.both else ((edit.cell, edit.other),)
