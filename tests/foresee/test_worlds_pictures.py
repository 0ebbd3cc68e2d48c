"""Pictures show what the symbols show, tile by tile."""

from __future__ import annotations

import io
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from PIL import Image

from journeyman.foresee.worlds.lake import Lake
from journeyman.foresee.worlds.picture import TILE
from journeyman.foresee.worlds.push import Push


def shown(world: Any) -> tuple[list[str], np.ndarray]:
    picture = np.asarray(Image.open(io.BytesIO(world.observe("image").image)).convert("RGB"))
    return world.observe().symbols.split("\n"), picture


def tiles_of(world: Any, actions: int, instances: int) -> dict[str, set[bytes]]:
    """What each symbol looks like, over many states."""
    found: dict[str, set[bytes]] = {}
    for number, instance in enumerate(world.instances(instances)):
        world.reset(options={"instance": instance.id})
        for step in range(actions):
            rows, picture = shown(world)
            assert picture.shape == (len(rows) * TILE, len(rows) * TILE, 3)
            for r, row in enumerate(rows):
                for c, symbol in enumerate(row):
                    tile = picture[r * TILE : (r + 1) * TILE, c * TILE : (c + 1) * TILE]
                    found.setdefault(symbol, set()).add(tile.tobytes())
            state = world.snapshot()
            falls = [action for action in range(4) if world.label(state, action) == "fall" and number % 3 == 0]
            best = world.best_actions(state)
            world.step(falls[0] if falls else best[0] if best and step % 4 else step % 4)
    return found


@pytest.mark.parametrize("world", [Lake(4), Push(6)], ids=["lake", "push"])
def test_a_tile_is_known_by_its_look(world: Any) -> None:
    """Two symbols never look alike; one symbol looks one way, but for the player who may stand on the start or on ice."""
    found = tiles_of(world, 12, 25)
    assert set(found) == set(world.about.legend)
    for symbol, looks in found.items():
        assert len(looks) == (2 if symbol == "P" else 1)
    for one, other in combinations(sorted(found), 2):
        for a in found[one]:
            for b in found[other]:
                difference = np.abs(np.frombuffer(a, np.uint8).astype(int) - np.frombuffer(b, np.uint8))
                assert (difference > 40).mean() > 0.02, f"'{one}' and '{other}' look alike"


@pytest.mark.parametrize("kind", [Lake, Push])
def test_the_rendering_is_the_picture_that_agents_see(kind: Any) -> None:
    world = kind(8 if kind is Lake else 7, render_mode="rgb_array")
    world.reset(options={"instance": world.instances(3)[2].id})
    rendered = world.render()
    assert rendered.dtype == np.uint8
    assert np.array_equal(rendered, shown(world)[1])
    assert world.observe("image").image == world.observe("image").image
    rendered[:] = 0  # a caller's own
    assert world.render().any()
    text = kind(world.size, render_mode="ansi")
    text.restore(world.snapshot())
    assert text.render() == world.observe().symbols


def test_each_format_comes_alone() -> None:
    world = Lake(6)
    for form, symbols, image in (("symbols", True, False), ("image", False, True), ("text", False, False)):
        seen = world.observe(form)
        assert (bool(seen.symbols), bool(seen.image)) == (symbols, image)
        assert seen.text
