"""The belief of a lake: against the enumeration of all lakes of 3 x 3 tiles, and what must hold for any belief."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from journeyman.errors import UsageError
from journeyman.foresee.agents.lake_belief import (
    HOLES,
    Belief,
    Shown,
    end_of,
    entropy_around,
    falling,
    hole_if_seen,
    outcomes,
    possible,
    seen,
    stood,
    told,
)
from journeyman.foresee.worlds.lake_rules import neighbours

SIZE = 3
TILES = SIZE * SIZE
Floats = NDArray[np.float64]


def lakes(at: int, goal: int) -> Floats:
    """All lakes of 3 x 3 tiles with ice under player and goal, a row each."""
    every = np.array(list(itertools.product((0.0, 1.0), repeat=TILES)))
    return every[(every[:, at] == 0.0) & (every[:, goal] == 0.0)]


def shows(lake: Floats, belief: Belief, actions: tuple[int, ...], shown: Shown, reliability: float) -> float:
    """Probability that a world model that errs at each tile by itself shows this of a lake, found step by step."""
    tile, chance = belief.at, 1.0
    fresh: set[int] = {belief.at}
    for action in actions:
        tile = neighbours(SIZE)[tile][action]
        if tile not in fresh:
            says_fall = reliability if lake[tile] else 1.0 - reliability
            if shown.fell and shown.at == tile:
                return chance * says_fall
            chance *= 1.0 - says_fall
            fresh.add(tile)
        if tile == belief.goal:
            break
    return 0.0 if shown.fell else chance


@st.composite
def beliefs(draw: st.DrawFn, slip: float = 0.0) -> Belief:
    at, goal = draw(st.permutations(range(TILES)))[:2]
    holes = np.array(draw(st.lists(st.floats(0.01, 0.99), min_size=TILES, max_size=TILES)))
    certain = draw(st.lists(st.sampled_from([None, 0.0, 1.0, None]), min_size=TILES, max_size=TILES))
    holes = np.array([p if sure is None else sure for p, sure in zip(holes, certain, strict=True)])
    holes[[at, goal]] = 0.0
    return Belief(SIZE, holes, at, goal, slip)


walks = st.lists(st.integers(0, 3), min_size=1, max_size=5).map(tuple)
chances = st.floats(0.0, 1.0)


@settings(max_examples=60, deadline=None)
@given(belief=beliefs(), actions=walks, reliability=st.floats(0.05, 0.95), misread=st.floats(0.0, 0.9), data=st.data())
def test_a_prediction_changes_a_belief_as_enumerating_all_lakes_does(
    belief: Belief, actions: tuple[int, ...], reliability: float, misread: float, data: st.DataObject
) -> None:
    could = outcomes(belief, actions, reliability, misread)
    number = data.draw(st.integers(0, len(could.shown) - 1))
    every = lakes(belief.at, belief.goal)
    prior = np.prod(np.where(every == 1.0, belief.holes, 1.0 - belief.holes), axis=1)
    each = np.array([[shows(lake, belief, actions, one, reliability) for one in could.shown] for lake in every])
    assert each.sum(axis=1) == pytest.approx(np.ones(len(every)))  # these are all the outcomes there are
    others = len(could.shown) - 1
    read = each[:, number] if not others else (1 - misread) * each[:, number] + misread * (1 - each[:, number]) / others
    joint = prior * read
    assert could.chance[number] == pytest.approx(joint.sum(), abs=1e-7)
    if joint.sum() > 1e-6:
        assert could.holes[number] == pytest.approx(joint @ every / joint.sum(), abs=1e-6)
        assert told(belief, actions, could.shown[number], reliability, misread).holes == pytest.approx(could.holes[number])


@settings(max_examples=100, deadline=None)
@given(belief=st.one_of(beliefs(), beliefs(slip=0.2)), actions=walks, reliability=chances, misread=chances)
def test_a_prediction_is_expected_to_change_nothing(
    belief: Belief, actions: tuple[int, ...], reliability: float, misread: float
) -> None:
    could = outcomes(belief, actions, reliability, misread)
    assert could.chance.sum() == pytest.approx(1.0)
    assert (could.chance >= -1e-12).all()
    assert ((could.holes >= -1e-12) & (could.holes <= 1.0 + 1e-9)).all()
    assert could.chance @ could.holes == pytest.approx(belief.holes, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(belief=beliefs(), actions=walks)
def test_a_coin_tells_nothing_and_an_oracle_everything(belief: Belief, actions: tuple[int, ...]) -> None:
    for shown in possible(belief, actions):
        assert told(belief, actions, shown, 0.5).holes == pytest.approx(belief.holes, abs=1e-9)
    way = belief.path(actions)
    exact = told(belief, actions, possible(belief, actions)[-1], 1.0)
    if not any(belief.holes[tile] == 1.0 for tile in way):
        assert exact.holes[way] == pytest.approx(np.zeros(len(way)), abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(belief=beliefs(), actions=walks)
def test_the_risk_of_a_walk_is_that_of_its_tiles(belief: Belief, actions: tuple[int, ...]) -> None:
    every = lakes(belief.at, belief.goal)
    prior = np.prod(np.where(every == 1.0, belief.holes, 1.0 - belief.holes), axis=1)
    fell = every[:, belief.path(actions)].any(axis=1)
    assert falling(belief, actions) == pytest.approx(float(prior @ fell), abs=1e-9)


def test_what_is_seen_is_believed_as_far_as_the_eyes_are_good() -> None:
    # Of tiles seen as holes 0.2 * 0.85 are holes and 0.8 * 0.15 ice.
    assert hole_if_seen(True, 0.15) == pytest.approx(0.17 / 0.29)
    assert hole_if_seen(False, 0.15) == pytest.approx(0.03 / 0.71)
    assert hole_if_seen(True, 0.5) == hole_if_seen(False, 0.5) == HOLES
    assert (hole_if_seen(True, 0.0), hole_if_seen(False, 0.0)) == (1.0, 0.0)
    looked = seen("P_O\n__G\nO__", 0.15, lambda tile: tile == 2)
    assert (looked.at, looked.goal, looked.size) == (0, 5, 3)
    assert looked.holes.tolist() == pytest.approx(
        [0.0, 0.03 / 0.71, 0.03 / 0.71, 0.03 / 0.71, 0.03 / 0.71, 0.0, 0.17 / 0.29, 0.03 / 0.71, 0.03 / 0.71]
    )


def test_where_one_stood_nothing_is_uncertain() -> None:
    looked = seen("P_O\n__G\nO__", 0.15, lambda tile: False)
    moved = stood(looked, Shown(1, False, False))
    assert (moved.at, moved.holes[1]) == (1, 0.0)
    assert stood(looked, Shown(1, True, False)).holes[1] == 1.0
    assert looked.holes[1] > 0.0  # the old belief stays as it was
    assert entropy_around(moved) < entropy_around(looked) + 2 * math.log(2.0)
    assert entropy_around(stood(moved, Shown(4, False, False))) == pytest.approx(
        sum(-p * math.log(p) - (1 - p) * math.log(1 - p) for p in (looked.holes[3], looked.holes[7]))
    )


def test_what_cannot_be_understood_is_no_evidence() -> None:
    looked = seen("P_O\n__G\nO__", 0.15, lambda tile: False)
    assert told(looked, (2,), Shown(8, True, False), 1.0) is looked
    assert end_of("___\n___\n___") is None
    assert end_of("P__\n__X\n___") is None
    assert end_of("___\n__X\n___") == Shown(5, True, False)
    assert end_of("___\nV__\n___") == Shown(3, False, True)


@pytest.mark.parametrize("symbols", ["", "P__\n___", "___\n___\n__G", "P__\n_?_\n__G", "P__\n_P_\n__G"])
def test_what_is_no_lake_is_said_to_be_none(symbols: str) -> None:
    with pytest.raises(UsageError, match="in symbols"):
        seen(symbols, 0.1, lambda tile: False)
