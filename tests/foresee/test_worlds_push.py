"""Boxes against a plain reading of the rules, plans against a plain search, dead states against all states of a room."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.errors import UsageError
from journeyman.foresee.draws import Draws
from journeyman.foresee.worlds.instance_ids import Id
from journeyman.foresee.worlds.push import Push
from journeyman.foresee.worlds.push_dead import dead
from journeyman.foresee.worlds.push_plan import distance as plan
from journeyman.foresee.worlds.push_plan import table
from journeyman.foresee.worlds.push_rooms import as_line, make
from journeyman.foresee.worlds.push_rules import State, pack, read, unpack

SIZES = (6, 7, 8)
DIGESTS = {6: "8b319794b1bd283ed4ccfd5e", 7: "af8eb69d3fcc2abaa8b96fd3", 8: "3741e69e5632ae576c74d2ec"}
"""Of all 1000 instances of a size: should one of these have to change, results before it compare with none after it."""
WAYS = ((-1, 0), (1, 0), (0, -1), (0, 1))


@cache
def push(size: int) -> Push:
    return Push(size)


def firsts(size: int, n: int, split: str = "test") -> list[State]:
    world, found = push(size), []
    for instance in world.instances(n, split):
        world.reset(options={"instance": instance.id})
        found.append(unpack(world.snapshot()))
    return found


def plain_step(grid: list[str], action: int) -> list[str]:
    """The rules on rows of symbols, one case after the other."""
    cells = {(r, c): symbol for r, row in enumerate(grid) for c, symbol in enumerate(row)}
    if "$" not in cells.values():
        return grid
    ((row, column),) = [at for at, symbol in cells.items() if symbol in "@+"]
    down, right = WAYS[action]
    here, ahead, beyond = (row, column), (row + down, column + right), (row + 2 * down, column + 2 * right)
    if cells[ahead] in "$*":
        if cells[beyond] not in "_.":
            return grid
        cells[beyond] = {"_": "$", ".": "*"}[cells[beyond]]
        cells[ahead] = {"$": "_", "*": "."}[cells[ahead]]
    if cells[ahead] == "#":
        return grid
    cells[ahead] = {"_": "@", ".": "+"}[cells[ahead]]
    cells[here] = {"@": "_", "+": "."}[cells[here]]
    return ["".join(cells[r, c] for c in range(len(grid[0]))) for r in range(len(grid))]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SIZES), st.integers(0, 499), st.lists(st.integers(0, 3), max_size=60))
def test_steps_follow_the_plain_rules(size: int, number: int, actions: list[int]) -> None:
    world = push(size)
    world.reset(options={"instance": f"push-{size}/train/{number}"})
    for action in actions:
        wanted = plain_step(world.observe().symbols.split("\n"), action)
        over = world.digest()["terminal"]
        _, reward, terminated, _, _ = world.step(action)
        seen = world.observe().symbols
        assert seen.split("\n") == wanted
        assert terminated == ("$" not in seen)
        assert reward == float(terminated and not over)
        assert world.digest()["solved"] == seen.count("*")


def plain_distance(state: State) -> int | None:
    """Breadth first, forwards, with the plain rules."""
    world = push(state.size)
    world.restore(pack(state))
    text = world.observe().symbols
    front, seen, far = {text}, {text}, 0
    while front:
        if any("$" not in grid for grid in front):
            return far
        front = {"\n".join(plain_step(grid.split("\n"), a)) for grid in front for a in range(4)} - seen
        seen |= front
        far += 1
    return None


@pytest.mark.parametrize("size", SIZES)
def test_shortest_solutions_are_those_of_a_plain_search(size: int) -> None:
    for first in firsts(size, 7 if size == 6 else 2):
        assert push(size).distance(pack(first)) == plain_distance(first)


def test_lost_states_have_no_distance_in_a_plain_search_either() -> None:
    world, lost, draws = push(6), 0, Draws(0)
    for number, first in enumerate(firsts(6, 15)):
        world.restore(pack(first))
        for step in range(60):
            world.step(draws.below(4, "policy", number, step))
            if world.distance(world.snapshot()) is None:
                lost += 1
                assert plain_distance(unpack(world.snapshot())) is None
                break
    assert lost >= 5


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(SIZES), st.integers(0, 499), st.data())
def test_best_actions_come_one_step_nearer_and_no_others_do(size: int, number: int, data: st.DataObject) -> None:
    world = push(size)
    world.reset(options={"instance": f"push-{size}/test/{number}"})
    for _ in range(data.draw(st.integers(0, 8))):
        world.step(data.draw(st.integers(0, 3)))
    snapshot = world.snapshot()
    far, best = world.distance(snapshot), world.best_actions(snapshot)
    assert bool(best) == (far is not None and far > 0)
    for action in range(4):
        world.restore(snapshot)
        world.step(action)
        assert (action in best) == (far is not None and far > 0 and world.distance(world.snapshot()) == far - 1)


@pytest.mark.parametrize("size", SIZES)
def test_no_state_that_can_be_solved_is_called_dead(size: int) -> None:
    """A fixed sample of all solvable states of some rooms, not only of those that play leads to."""
    found = seen = 0
    for first in firsts(size, 6):
        known = table(first.room, size)
        boxes = len(first.boxes)
        rng = np.random.default_rng(0)
        solvable = np.flatnonzero(known.far >= 0)
        for code in rng.permutation(solvable)[:1200]:
            player, where = known.state(int(code), boxes)
            assert not dead(State(size, first.room, player, where, "i"))
        floors = [int(tile) for tile in known.floors]
        for _ in range(600):
            tiles = [floors[n] for n in rng.choice(len(floors), boxes + 1, replace=False)]
            state = State(size, first.room, tiles[0], tuple(sorted(tiles[1:])), "i")
            if known.far[known.code(state.player, state.boxes)] < 0:
                seen += 1
                found += dead(state)
    assert found / seen > 0.7  # and most of the lost ones are


@pytest.mark.parametrize(
    ("rows", "lost"),
    [
        ("######/#$___#/#_.__#/#_@__#/#____#/######", True),  # in a corner
        ("######/#_$__#/#_.__#/#_@__#/#____#/######", True),  # along a wall without targets
        ("######/#_$_.#/#____#/#_@__#/#____#/######", False),  # along a wall with one
        ("#######/#_____#/#_$$__#/#_$$__#/#@..__#/#_..__#/#######", True),  # four that hold one another
        ("#######/#_____#/#_$$__#/#_____#/#@____#/#_..__#/#######", False),  # two in the open
        ("#######/#_$$..#/#_____#/#_____#/#@____#/#_____#/#######", True),  # two side by side along a wall
        ("########/#_**___#/#______#/#__$___#/#__._@_#/#______#/#______#/########", False),  # the same, where they belong
    ],
)
def test_dead_states_by_hand(rows: str, lost: bool) -> None:
    state = read(rows.replace("/", ""), "i")
    assert dead(state) == lost
    assert (plan(state) < 0) == lost


@pytest.mark.parametrize("size", SIZES)
def test_instances_are_as_promised(size: int) -> None:
    world = push(size)
    bands = []
    rooms: dict[str, set[bytes]] = {}
    for split in ("test", "train"):
        for first, instance in zip(firsts(size, 500, split), world.instances(split=split), strict=True):
            assert instance.optimal is not None
            low, high = map(int, instance.labels["band"].split("-"))
            assert low <= instance.optimal <= high
            assert instance.cap == 3 * instance.optimal
            assert instance.labels["boxes"] == str(len(first.boxes))
            assert len(first.boxes) in {6: (1,), 7: (2,), 8: (2, 3)}[size]
            assert first.solved == 0
            bands.append(instance.labels["band"])
            rooms.setdefault(split, set()).add(first.room)
    assert not rooms["test"] & rooms["train"]
    assert {band: bands.count(band) for band in set(bands)} == {"3-5": 334, "6-10": 334, "11-20": 332}


@pytest.mark.parametrize("size", SIZES)
def test_the_stated_shortest_solutions_are_right(size: int) -> None:
    for instance, first in zip(push(size).instances(40), firsts(size, 40), strict=True):
        assert push(size).distance(pack(first)) == instance.optimal


@pytest.mark.parametrize("size", SIZES)
def test_the_generator_still_makes_what_is_kept(size: int) -> None:
    world = f"push-{size}"
    kept = resources.files("journeyman.foresee.worlds").joinpath("instances", f"{world}.txt").read_text("ascii").splitlines()
    for of in (Id(world, "test", 0), Id(world, "test", 5), Id(world, "train", 17), Id(world, "train", 499)):
        assert as_line(of, make(of)) in kept


@pytest.mark.parametrize(("size", "digest"), DIGESTS.items())
def test_all_rooms_are_the_ones_they_always_were(size: int, digest: str) -> None:
    whole = b"\n".join(pack(first) for split in ("test", "train") for first in firsts(size, 500, split))
    assert hashlib.sha256(whole).hexdigest()[:24] == digest


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("######/#@$._#/#####", "do not make a square"),
        ("#####/#@$.#/#_?_#/#___#/#####", "'\\?' is no tile"),
        ("#####/#@$._/#___#/#___#/#####", "a gap in the wall"),
        ("#####/#_$.#/#___#/#___#/#####", "0 players"),
        ("#####/#@$.#/#@__#/#___#/#####", "2 players"),
        ("#####/#@$_#/#___#/#___#/#####", "1 boxes for 0 targets"),
        ("#####/#@__#/#___#/#___#/#####", "0 boxes for 0 targets"),
        ("", "do not make a square"),
    ],
)
def test_a_room_that_cannot_be_used_says_why(rows: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read(rows.replace("/", ""), "i")


@pytest.mark.parametrize("snapshot", [b"", b"push", b"lake 0 0 i S__G", b"push i j k", None, b"push i @$.", b"\xff\xfe"])
def test_what_is_no_state_is_refused_in_a_sentence(snapshot: bytes) -> None:
    with pytest.raises(UsageError, match=r"no state of a room|cannot be used"):
        push(6).restore(snapshot)


def test_a_room_of_another_size_is_refused() -> None:
    with pytest.raises(UsageError, match="size 7 cannot be one of push-6"):
        push(6).restore(push(7).snapshot())
