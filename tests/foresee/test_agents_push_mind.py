"""The mind for rooms: it plans as well as the room allows, knows what is lost, and is the better for a right answer."""

from __future__ import annotations

import pytest

from journeyman.foresee.agents.scripted import scripted
from journeyman.foresee.draws import Draws
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.world_models.open import open_world_model
from journeyman.foresee.worlds.registry import open_world


def played(world: str, agent: str, n: int, *, mode: str = "normal", model: str = "exact", seed: int = 0) -> list[Episode]:
    opened, clone = open_world(world), open_world(world)
    scene = Scene(opened, open_world_model(model, opened), mode=mode, clone=clone)  # type: ignore[arg-type]
    new = scripted(agent)
    return [play(scene, instance, new(), Draws(seed)) for instance in opened.instances(n)]


@pytest.mark.parametrize(("world", "n"), [("push-6", 12), ("push-7", 6), ("push-8", 3)])
def test_one_who_sees_everything_takes_the_fewest_actions(world: str, n: int) -> None:
    for episode in played(world, "scripted:perception=0", n, mode="invisible"):
        assert episode.success, episode.instance
        assert episode.optimal is not None
        assert episode.real == episode.optimal, episode.instance


def test_values_are_probabilities_and_the_best_is_done() -> None:
    for episode in played("push-6", "scripted:perception=0.15", 8, mode="invisible"):
        for decision in episode.decisions:
            assert decision.values
            assert all(-1e-9 <= value <= 1.0 + 1e-9 for value in decision.values.values())
            done = ",".join(map(str, decision.actions))
            assert decision.values[done] == pytest.approx(max(decision.values.values()))


def test_right_answers_make_it_better() -> None:
    without = played("push-6", "scripted:perception=0.15,trust=1", 24, mode="invisible")
    asking = played("push-6", "scripted:perception=0.15,trust=1", 24)
    assert sum(one.calls for one in asking) > 24
    assert sum(one.success for one in asking) > sum(one.success for one in without)


def test_the_same_draws_give_the_same_episode_and_others_another() -> None:
    first, again = (played("push-6", "scripted:perception=0.3", 4) for _ in range(2))
    assert first == again
    assert first != played("push-6", "scripted:perception=0.3", 4, seed=1)
