"""The governor of the pilot experiment (spec Appendix 1), written anew from its description, to compare others with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from journeyman.foresee.governors.gate import has_room, ruling
from journeyman.foresee.governors.unlearning import Unlearning
from journeyman.foresee.worlds.lake_rules import neighbours

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from journeyman.foresee.agents.agent import Brief
    from journeyman.foresee.agents.mind import Actions
    from journeyman.foresee.governors.governor import Point, Ruling

    Floats = NDArray[np.float64]

DISCOUNT = 0.97
"""Of its plans, for each step."""


class Reference(Unlearning):
    """Myopic EVSI of looking at one neighbouring tile of a lake, by value iteration on the agent's belief.

    Args:
        reliability: of simulator and reading together, in 0..1. cost: of a call, in successes.

    `rule` raises AttributeError for an agent without the belief of a lake.
    """

    name = "reference"

    def __init__(self, reliability: float, cost: float) -> None:
        self.reliability = min(max(reliability, 1e-9), 1.0 - 1e-9)
        self.cost = cost
        self._asked: set[tuple[str, Actions]] = set()

    def begin(self, brief: Brief) -> None:
        """An episode begins."""
        self._asked.clear()

    def rule(self, point: Point) -> Ruling:
        """The look at a neighbouring tile that is worth most, if it is worth its cost."""
        import numpy as np

        self._asked.update((point.state, actions) for actions in point.asked)
        if not has_room(point):
            return ruling(point, None, "no call is left")
        mind: Any = point.mind
        belief, rho = mind.belief, self.reliability
        calls: list[Actions] = []
        rows, chances = [belief.holes], [1.0]
        for way, tile in enumerate(neighbours(belief.size)[belief.at]):
            hole = float(belief.holes[tile])
            if tile == belief.at or not 0.0 < hole < 1.0 or (point.state, (way,)) in self._asked:
                continue
            calls.append((way,))
            falls = hole * rho + (1.0 - hole) * (1.0 - rho)
            for chance, after in ((falls, hole * rho / falls), (1.0 - falls, hole * (1.0 - rho) / (1.0 - falls))):
                row = belief.holes.copy()
                row[tile] = after
                rows.append(row)
                chances.append(chance)
        steps = point.brief.instance.cap - point.real
        worth = _best(np.array(rows), belief.at, belief.goal, belief.size, steps) * np.array(chances)
        gains = worth[1::2] + worth[2::2] - worth[0]
        if not calls or gains.max() <= max(self.cost, 1e-9):
            return ruling(point, None, "no look at a neighbouring tile is worth its cost")
        return ruling(point, calls[int(gains.argmax())], "the look at a neighbouring tile that is worth most")


def _best(holes_BT: Floats, at: int, goal: int, size: int, steps: int) -> Floats:
    """Value of the best action at `at` for each of B beliefs, by value iteration over so many steps."""
    import numpy as np

    around = np.array(neighbours(size))
    entered = np.zeros_like(holes_BT)  # the value of stepping onto each tile
    entered[:, goal] = 1.0
    for _ in range(steps - 1):
        before = entered
        entered = DISCOUNT * (1.0 - holes_BT) * before[:, around].max(axis=2)
        entered[:, goal] = 1.0
        if np.array_equal(entered, before):
            break
    ways = [tile for tile in neighbours(size)[at] if tile != at]
    found: Floats = entered[:, ways].max(axis=1)
    return found
