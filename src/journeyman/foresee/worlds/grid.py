"""What the worlds on a grid share: a symbol a tile, a picture, four actions, states that are saved as bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from journeyman.errors import UsageError
from journeyman.foresee.worlds.instance_ids import PER_SPLIT, Id, ids, read_id
from journeyman.foresee.worlds.world import About, Instance, Observation, Snapshot

Codes = NDArray[np.uint8]
S = TypeVar("S")


class GridWorld(gymnasium.Env[Codes, int], ABC, Generic[S]):
    """A Gymnasium environment over an immutable state `S`. See `Lake` and `Push`.

    Observations are uint8 arrays (size, size) of numbers of symbols; the reward is 1 at success, else 0; it never truncates
    by itself.

    Args:
        base: name without settings, the first part of ids.
        size: of the grid. symbols: how many there are.
        render_mode: "rgb_array", "ansi" or None. Raises UsageError for another.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array", "ansi"], "render_fps": 4}  # noqa: RUF012 (as Gymnasium has it)

    def __init__(self, base: str, size: int, symbols: int, render_mode: str | None) -> None:
        if render_mode not in (None, "rgb_array", "ansi"):
            raise UsageError(f"render mode is '{render_mode}'; it is rgb_array or ansi")
        self.base, self.size, self.render_mode = base, size, render_mode
        self.observation_space = spaces.Box(0, symbols - 1, (size, size), np.uint8)
        self.action_space = spaces.Discrete(4)  # type: ignore[assignment]  # of np.int64; an int is as good
        self._state = self._first(Id(base, "test", 0))

    @property
    @abstractmethod
    def about(self) -> About: ...

    @abstractmethod
    def _first(self, of: Id) -> S:
        """The state an instance begins in."""

    @abstractmethod
    def _instance(self, of: Id) -> Instance: ...

    @abstractmethod
    def _pack(self, state: S) -> Snapshot: ...

    @abstractmethod
    def _unpack(self, snapshot: Snapshot) -> S:
        """Raises UsageError for what is no state of this world."""

    @abstractmethod
    def _codes(self, state: S) -> bytearray:
        """size * size numbers of symbols, a new array each time."""

    @abstractmethod
    def _told(self, state: S) -> str: ...

    @abstractmethod
    def _symbols(self, state: S) -> str: ...

    @abstractmethod
    def _picture(self, state: S) -> Codes:
        """(height, width, 3)."""

    def instances(self, n: int | None = None, split: str = "test") -> Sequence[Instance]:
        return [self._instance(of) for of in ids(self.base, n, split)]

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Codes, dict[str, Any]]:
        super().reset(seed=seed)
        if options and "instance" in options:
            of = read_id(options["instance"], self.base)
        else:
            of = Id(self.base, "train", int(self.np_random.integers(PER_SPLIT)))
        self._state = self._first(of)
        return self._seen(), {"instance": str(of)}

    def snapshot(self) -> Snapshot:
        return self._pack(self._state)

    def restore(self, snapshot: Snapshot) -> None:
        self._state = self._unpack(snapshot)

    def observe(self, format: str = "symbols") -> Observation:
        """`format`: "symbols", "image", or "text" for the feedback alone. Raises UsageError for another."""
        text = self._told(self._state)
        if format == "symbols":
            return Observation(text, self._symbols(self._state))
        if format == "image":
            from journeyman.foresee.worlds.picture import png

            return Observation(text, image=png(self._picture(self._state)))
        if format == "text":
            return Observation(text)
        raise UsageError(f"{self.base} shows itself as symbols, image or text, not as '{format}'")

    def render(self) -> Any:
        if self.render_mode == "ansi":
            return self._symbols(self._state)
        if self.render_mode == "rgb_array":
            return self._picture(self._state)
        return None

    def _checked(self, action: int) -> int:
        if action in (0, 1, 2, 3):
            return int(action)
        names = ", ".join(self.about.actions)
        raise UsageError(f"{action!r} is no action of {self.base}; 0 to 3 are {names}")

    def _seen(self) -> Codes:
        return np.frombuffer(self._codes(self._state), np.uint8).reshape(self.size, self.size)
