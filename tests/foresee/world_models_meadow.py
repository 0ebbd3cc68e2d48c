"""A small world for tests: a walker on a meadow without edges, where at every step a tree may be in the way or not.

Both labels are possible at every action and nothing ends an episode, so every channel can strike at every action. With
`gust` the walker is blown to the left of where it wants to go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from journeyman.foresee.draws import Draws, Key, Stage
from journeyman.foresee.worlds.world import About, Digest, Instance, Observation, Snapshot, state_hash

SIDE = 5
STEPS = ((0, -1), (1, 0), (0, 1), (-1, 0))
ABOUT = About(
    "meadow", "You walk.", "Trees are in the way.", {"P": "you", "T": "a tree", "_": "grass", "F": "a flower"},
    ("Left", "Down", "Right", "Up"),
)  # fmt: skip


class Plain:
    """The six members of `World`, and no more. A state is b"row column steps TILES"."""

    about = ABOUT

    def __init__(self, gust: float = 0.0) -> None:
        self.gust, self.stage, self.key = gust, "world", ()
        self.reset(options={"instance": "meadow/test/0"})

    def instances(self, n: int | None = None, split: str = "test") -> Sequence[Instance]:
        return [Instance(f"meadow/{split}/{i}", cap=10) for i in range(20 if n is None else n)]

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        del seed
        given = options or {}
        maps, name = Draws(7), given["instance"]
        tiles = ["F" if i == 0 else "T" if maps.uniform("world", name, i) < 0.3 else "_" for i in range(SIDE * SIDE)]
        self.draws, self.stage, self.key = given.get("draws", Draws(0)), "world", ()
        self.at, self.steps, self.tiles = maps.below(SIDE * SIDE, "world", name), 0, "".join(tiles)
        return None, {}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.gust:
            drawn = self.draws.uniform(self.stage, state_hash(self.snapshot()), *self.key)  # type: ignore[arg-type]
            action = (action + (drawn < self.gust)) % 4
            self.steps += 1
        after = ahead(self.at, action)
        self.at = self.at if self.tiles[after] == "T" else after
        return None, 0.0, False, False, {}

    def snapshot(self) -> Snapshot:
        return f"{self.at} {self.steps} {self.tiles}".encode()

    def restore(self, snapshot: Snapshot) -> None:
        at, steps, self.tiles = snapshot.decode().split(" ")
        self.at, self.steps = int(at), int(steps)

    def digest(self) -> Digest:
        return {"at": list(divmod(self.at, SIDE)), "terminal": False, "success": False}

    def observe(self, format: str = "symbols") -> Observation:
        if format == "text":
            return Observation("you walk")
        cells = self.tiles[: self.at] + "P" + self.tiles[self.at + 1 :]
        return Observation("you walk", "\n".join(cells[row * SIDE : (row + 1) * SIDE] for row in range(SIDE)))


class Meadow(Plain):
    """With labels, and draws that can be chosen."""

    outcomes = ("move", "stuck")

    def use(self, draws: Draws, stage: Stage = "world", *key: Key) -> None:
        self.draws, self.stage, self.key = draws, stage, key

    def label(self, snapshot: Snapshot, action: int) -> str:
        self.restore(snapshot)
        return "stuck" if self.tiles[ahead(self.at, action)] == "T" else "move"

    def possible(self, snapshot: Snapshot, action: int) -> Sequence[str]:
        del snapshot, action
        return self.outcomes

    def imagine(self, snapshot: Snapshot, action: int, label: str) -> Snapshot:
        self.restore(snapshot)
        after = ahead(self.at, action)
        if label != self.label(snapshot, action):
            self.tiles = self.tiles[:after] + ("_" if label == "move" else "T") + self.tiles[after + 1 :]
        self.at = after if label == "move" else self.at
        self.steps += bool(self.gust)
        return self.snapshot()

    def context(self, snapshot: Snapshot, action: int) -> tuple[int, ...]:
        self.restore(snapshot)
        return (*("_TF".index(self.tiles[ahead(self.at, way)]) for way in range(4)), action)


def ahead(at: int, action: int) -> int:
    """The tile an action leads to; the meadow has no edges."""
    row, column = divmod(at, SIDE)
    down, right = STEPS[action]
    return (row + down) % SIDE * SIDE + (column + right) % SIDE
