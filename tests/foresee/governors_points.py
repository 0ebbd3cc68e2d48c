"""Decision points and minds made by hand, for tests of governors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from journeyman.foresee.agents.agent import Brief, Wish
from journeyman.foresee.agents.mind import Actions, Foreseen
from journeyman.foresee.draws import Draws
from journeyman.foresee.governors.governor import Point
from journeyman.foresee.worlds.world import About, Instance

ABOUT = About("lake-6", "You walk.", "Reach the goal.", {}, ("Left", "Down", "Right", "Up"))


@dataclass
class Held:
    """A belief in several ways: each is right with its probability, a call of it says so with the reliability, and one more
    is worth `sure` for sure."""

    ways: Mapping[int, float] = field(default_factory=lambda: {0: 0.6, 1: 0.5})
    sure: float = 0.3
    sure_way: int = 3

    def values(self) -> Mapping[Actions, float]:
        return {**{(way,): p for way, p in self.ways.items()}, (self.sure_way,): self.sure}

    def entropy(self) -> float:
        return 0.5

    def irreversible(self, actions: Actions) -> float:
        kept = 1.0
        for action in actions:
            kept *= self.ways.get(action, 1.0)
        return 1.0 - kept

    def foresee(self, reliability: float, depth: int = 1) -> Sequence[Foreseen]:
        found = []
        for way, p in self.ways.items():
            others = max([self.sure, *(q for other, q in self.ways.items() if other != way)])
            yes = p * reliability + (1.0 - p) * (1.0 - reliability)
            after_yes = max(p * reliability / yes, others) if yes else others
            after_no = max(p * (1.0 - reliability) / (1.0 - yes), others) if yes < 1.0 else others
            found.append(Foreseen((way,), ((yes, after_yes), (1.0 - yes, after_no)), after_no > p))
        return found


def brief(instance: str = "lake-6/test/0", seed: int = 0, mode: str = "normal") -> Brief:
    return Brief(ABOUT, Instance(instance, 24), mode, "", Draws(seed))  # type: ignore[arg-type]


def point(
    wish: Wish | None = None, mind: Held | None = None, *, seed: int = 0, mode: str = "normal", **more: object
) -> Point:
    """A first decision point; `more`: fields of `Point`, and `instance`."""
    instance = str(more.pop("instance", "lake-6/test/0"))
    plain = Point(brief(instance, seed, mode), wish or Wish("act", (0,)), mind, "s0", (), 0, 0, 72, 5, model="exact")
    return replace(plain, **more)  # type: ignore[arg-type]
