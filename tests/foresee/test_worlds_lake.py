"""The frozen lake against Gymnasium's own, and its plans against plain ones."""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import cache

import numpy as np
import pytest
from gymnasium.envs.toy_text.frozen_lake import FrozenLakeEnv
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from journeyman.errors import UsageError
from journeyman.foresee.draws import Draws
from journeyman.foresee.worlds.lake import Lake
from journeyman.foresee.worlds.lake_rules import HOLE, State, pack, unpack

SIZES = (4, 6, 8)
DIGESTS = {4: "bdafda2047c3ffdcf93e818d", 6: "2e0d8ec55116f073d516dc57", 8: "1c0a3aa67897b55de4349f92"}
"""Of all 1000 instances of a size: should one of these have to change, results before it compare with none after it."""
LETTERS = bytes.maketrans(b"S_OG", b"SFHG")


@cache
def lake(size: int, slip: float = 0.0) -> Lake:
    return Lake(size, slip)


def starts(size: int, n: int, split: str = "test") -> list[State]:
    world, found = lake(size), []
    for instance in world.instances(n, split):
        world.reset(options={"instance": instance.id})
        found.append(unpack(world.snapshot()))
    return found


def peer(state: State, slip: float = 0.0) -> FrozenLakeEnv:
    tiles = state.tiles.translate(LETTERS).decode()
    rows = [tiles[at : at + state.size] for at in range(0, len(tiles), state.size)]
    return FrozenLakeEnv(desc=rows, is_slippery=slip > 0, success_rate=1 - slip)


@st.composite
def states(draw: st.DrawFn) -> State:
    """Any map, reachable goal or not, and any tile of it."""
    size = draw(st.sampled_from(SIZES))
    cells = size * size
    tiles = bytearray(draw(st.lists(st.sampled_from(b"___O"), min_size=cells, max_size=cells)))
    start, goal = draw(st.lists(st.integers(0, cells - 1), min_size=2, max_size=2, unique=True))
    tiles[start], tiles[goal] = b"SG"
    return State(size, bytes(tiles), draw(st.integers(0, cells - 1)), 0, f"lake-{size}/test/0")


@pytest.mark.parametrize("size", SIZES)
def test_every_action_on_every_tile_does_what_gymnasium_says(size: int) -> None:
    world = lake(size)
    for first in starts(size, 12):
        ways = peer(first).P
        for at in range(size * size):
            for action in range(4):
                ((_, tile, reward, over),) = ways[at][action]
                world.restore(pack(first._replace(at=at)))
                _, gained, terminated, truncated, _ = world.step(action)
                assert (unpack(world.snapshot()).at, gained, terminated) == (tile, reward, over)
                assert not truncated
                assert world.digest()["success"] == (first.tiles[tile] == ord("G"))


@settings(max_examples=60, deadline=None)
@given(states())
def test_distances_are_those_of_a_plain_search(state: State) -> None:
    world = lake(state.size)
    front, far = {state.at}, 0
    seen = set(front)
    while front and not any(state.tiles[at] == ord("G") for at in front):
        reached = set()
        for at in front:
            for action in range(4):
                world.restore(pack(state._replace(at=at)))
                world.step(action)
                reached.add(unpack(world.snapshot()).at)
        front, far = reached - seen, far + 1
        seen |= reached
    assert world.distance(pack(state)) == (far if front else None)


@settings(max_examples=100, deadline=None)
@given(states())
def test_best_actions_come_one_step_nearer_and_no_others_do(state: State) -> None:
    world = lake(state.size)
    snapshot, best = pack(state), world.best_actions(pack(state))
    far = world.distance(snapshot)
    assert bool(best) == (far is not None and far > 0)
    for action in range(4):
        world.restore(snapshot)
        world.step(action)
        nearer = far is not None and far > 0 and world.distance(world.snapshot()) == far - 1
        assert (action in best) == nearer


@pytest.mark.parametrize("slip", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("discount", [1.0, 0.97])
def test_values_are_the_fixed_point_of_gymnasiums_own_chances(slip: float, discount: float) -> None:
    """An independent evaluation: plain dictionaries over FrozenLake's table of transitions."""
    first = starts(4, 5)[-1]
    ways = peer(first, slip).P
    value = {at: float(first.tiles[at] == ord("G")) for at in range(16)}
    over = {at for at in range(16) if first.tiles[at] in b"OG"}

    def worth(at: int, action: int) -> float:
        return value[at] if at in over else discount * sum(chance * value[tile] for chance, tile, *_ in ways[at][action])

    for _ in range(1000):
        value = {at: max(worth(at, action) for action in range(4)) for at in range(16)}
    for at in range(16):
        ours = lake(4, slip).values(pack(first._replace(at=at)), discount=discount)
        assert ours == pytest.approx([worth(at, action) for action in range(4)], abs=1e-8)


def test_on_slippery_ice_the_best_way_is_the_surest() -> None:
    """Straight on lie three tiles with holes on both sides; around them it is longer."""
    state = State(6, b"______" b"______" b"_OOO__" b"S____G" b"_OOO__" b"______", 18, 0, "lake-6/test/0")
    assert lake(6).best_actions(pack(state)) == (2,)
    assert lake(6, 0.2).best_actions(pack(state)) == (3,)
    straight, around = (lake(6, 0.2).values(pack(state), discount=0.99)[action] for action in (2, 3))
    assert straight < around < 1 == max(lake(6).values(pack(state)))


def test_slips_have_their_chances_and_are_repeatable() -> None:
    """On open ice, 4000 keyed draws: chi-square against 1 - slip and slip / 2 each; and twice the same."""
    world = Lake(6, 0.3)
    middle = State(6, b"S" + b"_" * 34 + b"G", 14, 0, "lake-6/test/0")
    ends = []
    for _ in range(2):
        tiles = []
        for seed in range(4000):
            world.use(Draws(seed))
            world.restore(pack(middle))
            world.step(2)
            tiles.append(unpack(world.snapshot()).at)
        ends.append(tiles)
    assert ends[0] == ends[1]
    count = Counter(ends[0])
    assert set(count) == {15, 8, 20}  # right, up, down
    assert chisquare([count[15], count[8], count[20]], [2800, 600, 600]).pvalue > 0.01


def test_a_clones_luck_is_its_own_and_each_move_has_its_own() -> None:
    world = Lake(6, 0.5)
    middle = State(6, b"S" + b"_" * 34 + b"G", 14, 0, "lake-6/test/0")

    def ends(stage: str, moves: int, *key: int) -> list[int]:
        found = []
        for seed in range(200):
            world.use(Draws(seed), stage, *key)  # type: ignore[arg-type]
            world.restore(pack(middle._replace(moves=moves)))
            world.step(2)
            found.append(unpack(world.snapshot()).at)
        return found

    one = ends("world", 0)
    assert one == ends("world", 0)
    others = [ends("simulator", 0, 0), ends("simulator", 0, 1), ends("world", 1)]
    for other in others:  # agreement by chance: 0.5^2 + 2 * 0.25^2 = 0.375
        assert 40 < sum(a == b for a, b in zip(one, other, strict=True)) < 110


def test_a_reset_brings_back_the_worlds_own_luck() -> None:
    world = Lake(8, 0.5)

    def walk() -> list[int]:
        return [int(np.argmax(world.step(n % 4)[0] == 0)) for n in range(12)]

    world.reset(options={"instance": "lake-8/test/1", "draws": Draws(7)})
    first = walk()
    world.use(Draws(3), "simulator")
    world.reset(options={"instance": "lake-8/test/1", "draws": Draws(7)})
    assert walk() == first


def test_without_slip_a_place_is_one_state_however_it_was_reached() -> None:
    world = lake(6)
    world.reset(options={"instance": "lake-6/test/0"})
    middle = pack(State(6, b"S" + b"_" * 34 + b"G", 14, 0, "lake-6/test/0"))
    world.restore(middle)
    for action in (0, 2):
        world.step(action)
    assert world.snapshot() == middle


@pytest.mark.parametrize("size", SIZES)
def test_maps_are_as_the_generator_promises(size: int) -> None:
    world = lake(size)
    firsts = {split: starts(size, 500, split) for split in ("test", "train")}
    for split, found in firsts.items():
        for first, instance in zip(found, world.instances(split=split), strict=True):
            assert first.tiles.count(b"S") == first.tiles.count(b"G") == 1
            assert first.tiles[first.at] == ord("S")
            assert first.instance == instance.id
            assert instance.cap == 4 * size
            assert instance.optimal == world.distance(pack(first)) >= (size - 1 if size > 4 else 2)
    both = [first.tiles for found in firsts.values() for first in found]
    assert not {f.tiles for f in firsts["test"]} & {f.tiles for f in firsts["train"]}
    holes = sum(tiles.count(HOLE) for tiles in both) / (len(both) * (size * size - 2))
    assert 0.1 < holes < 0.22  # a fifth, less what was redrawn for want of a way


@pytest.mark.parametrize(("size", "digest"), DIGESTS.items())
def test_all_maps_are_the_ones_they_always_were(size: int, digest: str) -> None:
    whole = b"\n".join(pack(first) for split in ("test", "train") for first in starts(size, 500, split))
    assert hashlib.sha256(whole).hexdigest()[:24] == digest


@pytest.mark.parametrize("snapshot", [b"", b"lake", b"lake 99 0 lake-6/test/0 SG__", b"push x @$.", b"lake 0 -1 i S__G",
                                      b"lake 0 0 i S_G?" + b"_" * 12, "lake", None, b"lake 0 0 \xff S__G"])  # fmt: skip
def test_what_is_no_state_is_refused_in_a_sentence(snapshot: bytes) -> None:
    with pytest.raises(UsageError, match=r"no state of a lake|cannot be one of lake-6"):
        lake(6).restore(snapshot)


def test_a_state_of_another_size_is_refused() -> None:
    with pytest.raises(UsageError, match="size 4 cannot be one of lake-6"):
        lake(6).restore(lake(4).snapshot())
