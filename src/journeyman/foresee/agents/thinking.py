"""What a scripted agent needs of a mind besides `Mind`: to take in what is shown, and to say what it would do or ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from journeyman.foresee.agents.mind import Actions, Mind
from journeyman.foresee.worlds.world import Digest, Observation


@dataclass(frozen=True)
class Misreading:
    """How the first look goes wrong.

    Attributes:
        strikes: whether a tile (row * columns + column) is misread.
        instead: of so many other symbols, the number of the one that this tile is taken for.
    """

    strikes: Callable[[int], bool]
    instead: Callable[[int, int], int]


class Thinking(Mind, Protocol):
    """A mind of one episode. What it reads in a prediction ("shown") is its own affair: `Any` here, None for unreadable.
    So is its belief, which the agent only keeps and gives back."""

    @property
    def belief(self) -> Any:
        """What is believed now; it never changes, a new one takes its place."""

    def look(self, observation: Observation, misreading: Misreading) -> None:
        """The first observation."""

    def may_still(self, steps: int) -> None:
        """How many real actions are left."""

    def happened(self, actions: Actions, observation: Observation) -> None:
        """What real actions led to; it is certain."""

    def read(self, actions: Actions, observation: Observation) -> Any:
        """What a prediction shows, read right."""

    def read_digest(self, actions: Actions, digest: Digest) -> Any:
        """The same from its symbolic content."""

    def others(self, actions: Actions, shown: Any) -> Sequence[Any]:
        """What it could be taken for instead; none where nothing else can be."""

    def learn(self, actions: Actions, shown: Any, reliability: float, misread: float = 0.0) -> None:
        """Believe a prediction as far as its reliability goes, of the world model and of one's own reading."""

    def confuse(self, shown: Any) -> None:
        """Take a prediction for what really happened."""

    def stated(self, shown: Any) -> dict[str, Any]:
        """What is said of a prediction, by the names of the world's digest."""

    def best(self, belief: Any = None) -> Actions:
        """The turn that is worth most, under the present belief or an earlier one."""

    def question(self, depth: int) -> Actions:
        """What to simulate, of up to `depth` actions, to have the best turn confirmed."""

    def questions(self) -> Sequence[Actions]:
        """What else could be simulated."""

    def hope(self, actions: Actions) -> str:
        """The outcome that a question about these actions hopes for: "success" or "safe"."""
