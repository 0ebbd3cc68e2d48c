"""A wrong picture of a right prediction: symbols and pixels agree, and who reads it faithfully reads something else."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import stats
from world_models_meadow import Meadow, Plain

from journeyman.errors import UsageError
from journeyman.foresee.draws import Draws
from journeyman.foresee.world_models.channels import Luck
from journeyman.foresee.world_models.damage import (
    Edit,
    Last,
    damaged,
    edit_of,
    edited_grid,
    edited_image,
    object_cell,
)
from journeyman.foresee.world_models.model import Asked
from journeyman.foresee.world_models.open import open_world_model
from journeyman.foresee.worlds.registry import open_world
from journeyman.foresee.worlds.world import Observation

grids = st.integers(1, 5).flatmap(
    lambda wide: st.lists(st.text("P_TO", min_size=wide, max_size=wide), min_size=1, max_size=5).map(tuple)
)


def luck(again: int) -> Luck:
    return Luck(Asked(Draws(2), "i", call=0, again=again), "state", [0])


def lake_reading(symbols: str) -> dict[str, object]:
    """What a faithful reader makes of a lake."""
    for row, line in enumerate(symbols.splitlines()):
        for column, symbol in enumerate(line):
            if symbol in "PXV":
                return {"at": [row, column], "terminal": symbol != "P", "success": symbol == "V"}
    return {}


def push_reading(symbols: str) -> dict[str, object]:
    cells = [(symbol, [r, c]) for r, line in enumerate(symbols.splitlines()) for c, symbol in enumerate(line)]
    return {
        "at": next((cell for symbol, cell in cells if symbol in "@+"), None),
        "boxes": [cell for symbol, cell in cells if symbol in "$*"],
    }


@pytest.mark.parametrize("name", ["lake-4", "lake-6", "push-6", "push-7"])
def test_a_faithful_reading_of_a_struck_observation_is_wrong(name: str) -> None:
    world, draws, read = open_world(name), Draws(4), lake_reading if name.startswith("lake") else push_reading
    exact, model = open_world_model("exact", world), open_world_model("exact+observation=1", world)
    for i, instance in enumerate(world.instances(30)):
        world.reset(options={"instance": instance.id})
        for again in range(6):
            actions = [draws.below(4, "policy", i, again, k) for k in range(1 + again % 3)]
            asked = Asked(Draws(1), instance.id, call=0, again=again)
            true, shown = exact.predict(world.snapshot(), actions, asked), model.predict(world.snapshot(), actions, asked)
            plain = read(true.observation.symbols)
            assert plain.items() <= dict(true.digest).items()
            assert read(shown.observation.symbols) != plain
            assert shown.digest == true.digest
            assert shown.realised == {"observation": 1.0}
            assert len(shown.observation.symbols) == len(true.observation.symbols)


def test_all_three_kinds_come_about_equally_often() -> None:
    world = open_world("lake-6")
    exact, model = open_world_model("exact", world), open_world_model("exact+observation=1", world)
    kinds = {"swap": 0, "hide": 0, "flip": 0}
    for i, instance in enumerate(world.instances(300)):
        world.reset(options={"instance": instance.id})
        state, asked = world.snapshot(), Asked(Draws(1), instance.id, call=0)
        if len(world.possible(state, i % 4)) < 2:  # type: ignore[attr-defined]
            continue
        true, shown = exact.predict(state, [i % 4], asked), model.predict(state, [i % 4], asked)
        read = lake_reading(shown.observation.symbols)
        kinds["hide" if not read else "flip" if read["at"] == true.digest["at"] else "swap"] += 1
    assert sum(kinds.values()) > 200
    assert stats.chisquare(list(kinds.values())).pvalue > 0.001


def test_words_agree_with_a_flipped_tile() -> None:
    world = open_world("lake-6")
    exact, model = open_world_model("exact", world), open_world_model("exact+observation=1", world)
    flipped = 0
    for instance in world.instances(100):
        world.reset(options={"instance": instance.id})
        asked = Asked(Draws(1), instance.id, call=0)
        true, shown = exact.predict(world.snapshot(), [1], asked), model.predict(world.snapshot(), [1], asked)
        if lake_reading(shown.observation.symbols).get("terminal") != true.digest["terminal"]:
            flipped += lake_reading(shown.observation.symbols) != {}
            if lake_reading(shown.observation.symbols):
                assert ("fell" in shown.observation.text) != ("fell" in true.observation.text)
    assert flipped > 15


@pytest.mark.parametrize("name", ["lake-6", "push-6"])
def test_pictures_go_wrong_as_the_symbols_do(name: str) -> None:
    world = open_world(name)
    model = open_world_model("exact+observation=1", world)
    for instance in world.instances(12):
        world.reset(options={"instance": instance.id})
        asked = Asked(Draws(1), instance.id, call=0)
        symbols = model.predict(world.snapshot(), [0, 1], asked).observation.symbols.splitlines()
        image = model.predict(world.snapshot(), [0, 1], replace(asked, format="image")).observation
        assert image.symbols == ""
        pixels = np.asarray(Image.open(io.BytesIO(image.image)))
        cells = pixels.reshape(len(symbols), pixels.shape[0] // len(symbols), len(symbols[0]), -1, 3)
        pictures: dict[str, bytes] = {}
        for r, line in enumerate(symbols):
            for c, symbol in enumerate(line):
                # One symbol, one tile of the picture; but start and ice look different under the player's "P".
                if symbol not in "PX":
                    assert pictures.setdefault(symbol, cells[r, :, c].tobytes()) == cells[r, :, c].tobytes()
        assert len(set(pictures.values())) == len(pictures)


@given(grids, st.integers(0, 40), st.sampled_from(["swap", "hide", "flip"]))
def test_an_edit_changes_its_cell_and_at_most_one_more(grid: tuple[str, ...], again: int, kind: str) -> None:
    cell = (again % len(grid), again % len(grid[0]))
    edit = edit_of(kind, grid, cell, luck(again))
    if edit is None:
        assert len(set("".join(grid))) == 1
        return
    after = edited_grid(grid, edit)
    different = {(r, c) for r, row in enumerate(grid) for c, symbol in enumerate(row) if after[r][c] != symbol}
    assert different == ({edit.cell, edit.other} if kind == "swap" else {edit.cell})
    assert edit.cell == cell
    if kind == "swap":
        assert sorted("".join(after)) == sorted("".join(grid))
        assert edited_grid(after, edit) == grid
    if kind == "hide":
        rest = [symbol for symbol in "".join(grid) if symbol != grid[cell[0]][cell[1]]]
        assert rest.count(after[cell[0]][cell[1]]) == max(map(rest.count, set(rest)))


@given(grids, st.integers(0, 40))
def test_pixels_are_copied_cell_by_cell(grid: tuple[str, ...], again: int) -> None:
    shades = {symbol: i * 60 for i, symbol in enumerate("P_TO")}

    def drawn(rows: tuple[str, ...]) -> bytes:
        pixels = np.array([[[shades[symbol]] * 3 for symbol in row] for row in rows], dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(np.kron(pixels, np.ones((3, 4, 1), np.uint8))).save(file, "PNG")
        return file.getvalue()

    edit = edit_of("swap", grid, (0, 0), luck(again))
    if edit is not None:
        found = np.asarray(Image.open(io.BytesIO(edited_image(drawn(grid), grid, edit))))
        assert np.array_equal(found, np.asarray(Image.open(io.BytesIO(drawn(edited_grid(grid, edit))))))


def test_a_picture_that_is_not_cut_into_cells_is_refused() -> None:
    file = io.BytesIO()
    Image.new("RGB", (50, 40)).save(file, "PNG")
    with pytest.raises(UsageError, match="50 x 40 pixels is not cut into 3 x 2 equal cells"):
        edited_image(file.getvalue(), ("P__", "___"), Edit((0, 0), (1, 1), both=True))


def test_the_object_is_where_the_actor_went_not_what_it_left() -> None:
    world = Meadow()
    world.tiles, world.at = "F" + "_" * 24, 12
    before = world.snapshot()
    world.tiles = "F" + "_" * 11 + "F" + "_" * 12  # what it stood on is rare, too
    start = world.snapshot()
    world.step(2)
    grid = tuple(world.observe().symbols.splitlines())
    assert object_cell(world, Last(start, 2, world.snapshot()), grid) == (2, 3)
    world.restore(before)
    grid = tuple(world.observe().symbols.splitlines())
    assert object_cell(world, Last(before, 2, before), grid) == (2, 2)  # nothing moved: it is still there


def test_where_everything_looks_alike_nothing_can_be_shown_wrongly() -> None:
    class Fog(Plain):
        def observe(self, format: str = "symbols") -> Observation:
            del format
            return Observation("fog", "??\n??")

    world = Fog()
    state = world.snapshot()
    for again in range(6):
        assert damaged(world, Last(state, 0, state), world.observe(), luck(again)) is None
    shown = open_world_model("exact+observation=1", world).predict(state, [1], Asked(Draws(0), "i", 0))
    assert (shown.realised["observation"], shown.observation.symbols) == (0.0, "??\n??")


def test_words_alone_go_wrong_only_where_another_outcome_has_other_words() -> None:
    world = open_world("lake-6")
    model, exact = open_world_model("exact+observation=1", world), open_world_model("exact", world)
    struck = 0
    for instance in world.instances(40):
        world.reset(options={"instance": instance.id})
        asked = Asked(Draws(1), instance.id, call=0, format="text")
        shown, true = model.predict(world.snapshot(), [3], asked), exact.predict(world.snapshot(), [3], asked)
        assert shown.observation.symbols == ""
        assert (shown.observation.text != true.observation.text) == bool(shown.realised["observation"])
        struck += int(shown.realised["observation"])
    assert struck > 20
