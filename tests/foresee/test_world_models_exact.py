"""The exact world model never touches the live world, and says what happens: always, or as often as it does happen."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from scipy import stats
from world_models_meadow import Meadow, Plain

from journeyman.errors import UsageError
from journeyman.foresee.draws import Draws
from journeyman.foresee.world_models.clone import clone
from journeyman.foresee.world_models.exact import Exact
from journeyman.foresee.world_models.model import Asked
from journeyman.foresee.world_models.open import open_world_model
from journeyman.foresee.worlds.registry import open_world
from journeyman.foresee.worlds.world import World, state_hash


def asked(again: int = 0, **more: Any) -> Asked:
    return Asked(Draws(3), "lake-6/test/0", call=0, again=again, **more)


def test_ten_thousand_random_calls_leave_the_live_world_as_it_was() -> None:
    # Spec k.3.1.
    rng = np.random.default_rng(0)
    for name, calls in (("lake-6", 4000), ("lake-6:slip=0.1", 3000), ("push-6", 3000)):
        world = open_world(name)
        model = open_world_model("exact", world)
        snapshots = []
        for instance in world.instances(20):
            world.reset(options={"instance": instance.id})
            snapshots.append(world.snapshot())
        before = state_hash(world.snapshot())
        for call in range(calls):
            actions = rng.integers(4, size=rng.integers(1, 6)).tolist()
            model.predict(snapshots[call % 20], actions, asked(call))
            assert state_hash(world.snapshot()) == before


@pytest.mark.parametrize("name", ["lake-6", "push-6"])
def test_without_slip_every_prediction_is_what_happens(name: str) -> None:
    # Spec k.3.2: 100 per cent, of digests, symbols and states.
    world, draws = open_world(name), Draws(1)
    model = Exact(world)
    for i, instance in enumerate(world.instances(60)):
        world.reset(options={"instance": instance.id})
        actions = [draws.below(4, "policy", i, step) for step in range(6)]
        predicted = model.predict(world.snapshot(), actions, asked())
        done = 0
        while done < 6 and not world.digest()["terminal"]:
            world.step(actions[done])
            done += 1
        assert (predicted.digest, predicted.snapshot, predicted.done) == (world.digest(), world.snapshot(), done)
        assert predicted.observation == world.observe()
        assert predicted.confidence == 1.0


def test_with_slip_outcomes_are_as_frequent_as_they_happen_and_not_the_same_ones() -> None:
    world = open_world("lake-6:slip=0.3")
    instance = world.instances(1)[0].id
    model = Exact(world)
    real, predicted, same = [], [], 0
    for i in range(1500):
        world.reset(options={"instance": instance, "draws": Draws(i)})
        foreseen = model.predict(world.snapshot(), [2, 1], Asked(Draws(i), instance, call=0))
        for action in (2, 1):
            world.step(action)
        real.append(str(world.digest()))
        predicted.append(str(foreseen.digest))
        same += real[-1] == predicted[-1]
    kinds = sorted(set(real) | set(predicted))
    assert len(kinds) >= 4
    counts = [[outcomes.count(kind) for kind in kinds] for outcomes in (real, predicted)]
    assert stats.chi2_contingency(counts).pvalue > 0.001
    # The clone draws luck of its own: it agrees as often as two independent draws do, not always.
    by_chance = sum(a * b for a, b in zip(*counts, strict=True)) / 1500**2
    assert abs(same / 1500 - by_chance) < 4 * (by_chance * (1 - by_chance) / 1500) ** 0.5


def test_luck_depends_on_the_question_alone_and_a_prefix_meets_the_same() -> None:
    world = open_world("lake-8:slip=0.4")
    model, other = Exact(world), Exact(world)
    snapshot = world.snapshot()
    for again in range(30):
        whole = model.predict(snapshot, [1, 2, 1], asked(again))
        other.predict(snapshot, [0, 0, 0], asked(again + 1))  # what was asked before is of no matter
        assert other.predict(snapshot, [1, 2, 1], asked(again)) == whole
        state = snapshot
        for action in [1, 2, 1][: whole.done]:
            state = model.predict(state, [action], asked(again)).snapshot
        assert state == whole.snapshot
    seen = {str(model.predict(snapshot, [1, 2, 1], asked(again)).digest) for again in range(30)}
    assert len(seen) > 1


def test_nothing_is_done_after_the_end() -> None:
    world = open_world("lake-6")
    model = Exact(world)
    world.reset(options={"instance": world.instances(1)[0].id})
    over = next(
        p for a in range(4) for b in range(4) for c in range(4)
        if (p := model.predict(world.snapshot(), [a, b, c], asked())).digest["terminal"]
    )  # fmt: skip
    assert over.done <= 3
    after = model.predict(over.snapshot, [0, 1], asked())
    assert (after.done, after.digest, after.snapshot) == (0, over.digest, over.snapshot)


def test_formats_are_those_of_real_observations() -> None:
    world = open_world("lake-4")
    for format in ("symbols", "image", "text"):
        predicted = Exact(world).predict(world.snapshot(), [1], asked(format=format))
        world.restore(predicted.snapshot)
        assert predicted.observation == world.observe(format)


def test_a_world_of_the_users_own_is_cloned() -> None:
    world = Plain()
    before = world.snapshot()
    predicted = Exact(world).predict(before, [1, 1, 2], asked())
    assert predicted.done == 3
    assert world.snapshot() == before


def test_a_world_may_say_how_it_is_cloned_and_must_be_clonable() -> None:
    class Copied(Meadow):
        copies = 0

        def clone(self) -> World:
            Copied.copies += 1
            return copy.copy(self)

        def __deepcopy__(self, memo: Any) -> Any:
            raise TypeError("it holds a window")

    assert clone(Copied()) is not None
    assert Copied.copies == 1

    class Window(Meadow):
        def __deepcopy__(self, memo: Any) -> Any:
            raise TypeError("it holds a window")

    with pytest.raises(UsageError, match=r"'meadow' cannot be copied .* it holds a window.*clone\(\)"):
        Exact(Window())

    class Same(Meadow):
        def clone(self) -> World:
            return self

    with pytest.raises(UsageError, match="not another instance"):
        Exact(Same())


def test_a_wrong_action_or_state_is_a_sentence() -> None:
    world = open_world("lake-6")
    with pytest.raises(UsageError, match="is no action of lake-6"):
        Exact(world).predict(world.snapshot(), [7], asked())
    with pytest.raises(UsageError, match="no state of a lake"):
        Exact(world).predict(b"nothing", [1], asked())
