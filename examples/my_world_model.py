"""A world model of your own: one class, given a clone of the world. This one believes that nothing ever goes wrong.

    journeyman foresee lake-6 --world-model examples/my_world_model.py:Optimist
    journeyman foresee lake-6 --world-model "examples/my_world_model.py:Optimist+overclaim"
    python examples/my_world_model.py                  # how good is it?

`predict` gets a saved state and actions, and says what would be seen. It has a world of its own to try things out in; the
live one is out of its reach. Only `observation`, `digest`, `snapshot` and `done` are needed in a Prediction.
"""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.foresee.world_models.model import Asked, Prediction
from journeyman.foresee.worlds.world import Snapshot, World

BAD = ("fall", "blocked")
TRUST = 0.8  # four tiles in five are ice


class Optimist:
    """Of all that may happen at an action, it shows what is not bad."""

    def __init__(self, world: World) -> None:
        self.world = world

    def predict(self, snapshot: Snapshot, actions: Sequence[int], asked: Asked) -> Prediction:
        world, state, done, confidence = self.world, snapshot, 0, 1.0
        world.restore(state)
        for action in actions:
            if world.digest()["terminal"]:
                break
            possible = world.possible(state, action)  # labels, such as ("move", "fall")
            label = next((label for label in possible if label not in BAD), possible[0])
            state = world.imagine(state, action, label)
            confidence *= TRUST if len(possible) > 1 else 1.0
            world.restore(state)
            done += 1
        return Prediction(world.observe(asked.format), world.digest(), state, done, confidence)


if __name__ == "__main__":
    from journeyman.foresee.world_models.measure import measure, measured_table
    from journeyman.foresee.worlds.registry import open_world
    from journeyman.report.table import aligned

    lake = open_world("lake-6")
    names = ("exact", "exact+transition=0.2", "table:transitions=200", f"{__file__}:Optimist")
    print(aligned(measured_table([measure(name, lake, states=200) for name in names])))
