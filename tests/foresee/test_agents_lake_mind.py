"""The mind for lakes: values against all walks, calls against what information can be worth, symmetry, slip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.foresee.agents.lake_belief import Belief, seen
from journeyman.foresee.agents.lake_mind import LakeMind
from journeyman.foresee.agents.thinking import Misreading
from journeyman.foresee.draws import Draws
from journeyman.foresee.worlds.lake import Lake
from journeyman.foresee.worlds.lake_rules import neighbours
from journeyman.foresee.worlds.world import Observation

NEVER = Misreading(lambda tile: False, lambda n, tile: 0)


def mind_of(belief: Belief, steps: int = 40, *, discount: float = 1.0, misread: float = 0.0) -> LakeMind:
    mind = LakeMind(0.15, misread=misread, discount=discount, slip=belief.slip)
    mind._believe(belief)
    mind.may_still(steps)
    return mind


shares = st.floats(0.0, 1.0)


@st.composite
def beliefs(draw: st.DrawFn, size: int = 4) -> Belief:
    tiles = size * size
    at, goal = draw(st.permutations(range(tiles)))[:2]
    kinds = draw(st.lists(st.sampled_from([0.0, 0.03, 0.2, 0.5, 0.6, 0.9]), min_size=tiles, max_size=tiles))
    holes = np.array(kinds)
    holes[[at, goal]] = 0.0
    return Belief(size, holes, at, goal)


def best_walk(belief: Belief, first: int, steps: int, discount: float) -> float:
    """The probability of the best walk that begins with an action, by trying every walk that comes to no tile twice."""
    around = neighbours(belief.size)

    def onward(tile: int, been: frozenset[int], left: int) -> float:
        if tile == belief.goal:
            return 1.0
        if not left:
            return 0.0
        ways = {other for other in around[tile] if other not in been}
        found = (onward(other, been | {other}, left - 1) for other in ways)
        return discount * (1.0 - float(belief.holes[tile])) * max(found, default=0.0)

    tile = around[belief.at][first]
    # What is entered first may also be left by the way one came.
    return onward(tile, frozenset((tile,)), steps - 1) if tile != belief.at else 0.0


@settings(max_examples=25, deadline=None)
@given(belief=beliefs(3), steps=st.integers(1, 9), discount=st.sampled_from([1.0, 0.97]))
def test_values_are_those_of_the_best_walk(belief: Belief, steps: int, discount: float) -> None:
    values = mind_of(belief, steps, discount=discount).values()
    for action in range(4):
        expected = best_walk(belief, action, steps, discount)
        assert values.get((action,), 0.0) == pytest.approx(expected, abs=1e-9)
        assert 0.0 <= expected <= 1.0


@settings(max_examples=40, deadline=None)
@given(belief=beliefs(), reliability=shares, depth=st.integers(1, 6), misread=st.sampled_from([0.0, 0.15, 0.5, 0.8]))
def test_no_call_is_expected_to_make_it_worse(belief: Belief, reliability: float, depth: int, misread: float) -> None:
    mind = mind_of(belief, misread=misread)
    now = max(mind.values().values())
    for call in mind.foresee(reliability, depth):
        assert 1 <= len(call.actions) <= depth
        assert sum(chance for chance, _ in call.outcomes) == pytest.approx(1.0)
        assert all(-1e-12 <= chance <= 1.0 + 1e-12 and 0.0 <= value <= 1.0 for chance, value in call.outcomes)
        # Readers that mistake a whole walk leave tiles tied together, which a belief of single tiles forgets.
        lost = 1e-9 if not misread or len(call.actions) == 1 else 0.02
        assert call.expected >= now - lost
        assert call.waited is not None
        assert now - lost <= call.waited <= call.expected + 1e-9
        # What leaves the next action as it is may still change the way after it: it is worth something, but it can wait.
        assert call.flips == (call.waited < call.expected - 1e-12) or call.expected - call.waited < 1e-9


@settings(max_examples=40, deadline=None)
@given(belief=beliefs(), depth=st.integers(1, 6))
def test_a_coin_is_worth_nothing(belief: Belief, depth: int) -> None:
    mind = mind_of(belief)
    now = max(mind.values().values())
    for call in mind.foresee(0.5, depth):
        assert call.expected == pytest.approx(now, abs=1e-9)
        assert not call.flips


@settings(max_examples=25, deadline=None)
@given(belief=beliefs(), low=st.floats(0.5, 1.0), high=st.floats(0.5, 1.0))
def test_a_better_simulator_is_worth_more(belief: Belief, low: float, high: float) -> None:
    mind = mind_of(belief)
    low, high = sorted((low, high))
    better = {call.actions: call.expected for call in mind.foresee(high, 3)}
    for call in mind.foresee(low, 3):
        assert better[call.actions] >= call.expected - 1e-9


@settings(max_examples=25, deadline=None)
@given(belief=beliefs(), reliability=st.floats(0.5, 1.0))
def test_a_longer_look_at_the_same_way_is_worth_more(belief: Belief, reliability: float) -> None:
    mind = mind_of(belief)
    found = {call.actions: call.expected for call in mind.foresee(reliability, 6)}
    for actions, expected in found.items():
        for length in range(1, len(actions)):
            assert expected >= found.get(actions[:length], 0.0) - 1e-9


@settings(max_examples=25, deadline=None)
@given(belief=beliefs(), reliability=st.floats(0.5, 1.0))
def test_a_mirrored_lake_is_worth_the_same(belief: Belief, reliability: float) -> None:
    n = belief.size
    turned = [column * n + row for row in range(n) for column in range(n)]
    other = Belief(n, belief.holes[turned], turned[belief.at], turned[belief.goal])
    mirror = {0: 3, 3: 0, 1: 2, 2: 1}  # left and up, down and right
    one, two = mind_of(belief), mind_of(other)
    assert {(mirror[a],): v for (a,), v in one.values().items()} == pytest.approx(dict(two.values()))
    calls = {tuple(mirror[a] for a in call.actions): call for call in one.foresee(reliability)}
    for call in two.foresee(reliability):
        same = sorted(calls[call.actions].outcomes)
        assert np.array(sorted(call.outcomes)) == pytest.approx(np.array(same), abs=1e-9)
    assert one.entropy() == pytest.approx(two.entropy())


def test_a_call_is_worth_what_it_saves() -> None:
    # One way, over a tile that is a hole with 0.3: nothing else could be done, whatever is seen.
    belief = Belief(3, np.array([0.0, 0.3, 0.0, 0.5, 1.0, 1.0, 0.0, 0.0, 0.0]), 0, 2)
    mind = mind_of(belief)
    # Down leads nowhere here, but one may come back and go right after it.
    assert mind.values() == pytest.approx({(1,): 0.5 * 0.7, (2,): 0.7})
    (look,) = [call for call in mind.foresee(1.0) if call.actions == (2,)]
    assert look.expected == pytest.approx(0.7)
    assert not look.flips
    # Another way over one that is a hole with 0.5: an exact look at the first finds out which to take.
    both = Belief(3, np.array([0.0, 0.3, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0, 0.0]), 0, 2)
    mind = mind_of(both)
    assert mind.values() == pytest.approx({(1,): 0.5, (2,): 0.7})
    (look,) = [call for call in mind.foresee(1.0) if call.actions == (2,)]
    assert look.expected == pytest.approx(0.7 + 0.3 * 0.5)
    assert look.flips
    assert look.waited == pytest.approx(0.7)  # in the water it is too late


def test_what_changes_only_the_way_after_the_next_step_is_not_asked_before_it() -> None:
    # One step right; from there on down over a tile that is a hole with 0.3, or around it over one with 0.5.
    holes = np.array([0.0, 0.0, 0.5, 1.0, 0.3, 0.0, 1.0, 0.0, 0.0])
    before, there = mind_of(Belief(3, holes, 0, 8)), mind_of(Belief(3, holes, 1, 8))
    assert before.values() == pytest.approx({(1,): 0.0, (2,): 0.7})
    assert not list(before.foresee(1.0, 3))
    (look,) = [call for call in there.foresee(1.0, 3) if call.actions == (1,)]
    assert look.expected == pytest.approx(0.7 + 0.3 * 0.5)


def test_a_route_is_one_call_and_tells_all_its_tiles() -> None:
    belief = seen("P____\n_____\n_____\n_____\n____G", 0.15, NEVER.strikes)
    mind = mind_of(belief, discount=0.999)
    calls = {call.actions: call for call in mind.foresee(1.0, 8)}
    longest = max(calls, key=len)
    assert len(longest) == 7  # the eighth step leads to the goal, of which nothing is uncertain
    along = [calls[longest[:length]].expected for length in range(1, 8)]
    assert along == sorted(along)
    assert along[-1] > 1.5 * along[0] - 0.5 * max(mind.values().values())  # more than half of it lies beyond the first step
    assert mind.question(8) == longest
    assert mind.question(3) == longest[:3]
    assert mind.question(1) == mind.best() == longest[:1]
    assert len(calls[longest].outcomes) == 8


def _certain(world: Lake, instance: str) -> tuple[LakeMind, Sequence[float]]:
    world.reset(options={"instance": instance, "draws": Draws(0)})
    mind = LakeMind.of(world.about, perception=0.0, misread=0.0, discount=1.0)
    mind.look(world.observe(), NEVER)
    mind.may_still(20_000)  # the planner knows no cap
    return mind, world.values(world.snapshot(), discount=1.0)


@pytest.mark.parametrize("slip", [0.0, 0.1, 0.4])
def test_one_who_sees_everything_values_actions_as_the_exact_planner(slip: float) -> None:
    world = Lake(4, slip)
    for instance in world.instances(6):
        mind, exact = _certain(world, instance.id)
        values = mind.values()
        if slip:
            assert [values[action,] for action in range(4)] == pytest.approx(exact, abs=1e-6)
        else:
            assert max(values.values()) == pytest.approx(max(exact))
            assert mind.best()[0] in [action for action, value in enumerate(exact) if value == max(exact)]
        assert mind.entropy() == 0.0
        assert not slip or all(call.expected == pytest.approx(max(exact), abs=1e-6) for call in mind.foresee(0.8))


def test_asking_changes_nothing() -> None:
    belief = seen("P_O_\n_O__\n__O_\nO__G", 0.15, NEVER.strikes)
    mind = mind_of(belief)
    before = dict(mind.values()), mind.entropy(), mind.belief
    for reliability in (1.0, 0.7):
        assert list(mind.foresee(reliability, 4)) == list(mind.foresee(reliability, 4))
    mind.irreversible((1, 2))
    assert before == (dict(mind.values()), mind.entropy(), mind.belief)


def test_a_picture_is_read_as_its_digest_says() -> None:
    world = Lake(6)
    for instance in world.instances(10):
        world.reset(options={"instance": instance.id})
        mind = LakeMind.of(world.about, perception=0.15, misread=0.0, discount=0.999)
        mind.look(world.observe(), NEVER)
        start = world.snapshot()
        for actions in ((0,), (1, 1), (2, 2, 1), (3, 0, 1, 1, 2)):
            world.restore(start)
            for action in actions:
                world.step(action)
            shown = mind.read(actions, world.observe())
            assert shown == mind.read_digest(actions, world.digest())
            assert shown in (*mind.others(actions, None),)
            stated = mind.stated(shown)
            assert stated == {name: world.digest()[name] for name in stated}
    assert mind.stated(mind.read((0,), Observation("", "___\n___\n___"))) == {"at": "unseen"}
