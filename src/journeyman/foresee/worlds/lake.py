"""Lake-N: the frozen lake as a Gymnasium environment that can be saved, planned exactly and drawn without pygame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from journeyman.errors import UsageError
from journeyman.foresee.draws import Draws, Key, Stage
from journeyman.foresee.worlds import lake_labels as labels
from journeyman.foresee.worlds.instance_ids import PER_SPLIT, Id, ids, read_id
from journeyman.foresee.worlds.lake_maps import SIZES, first_state
from journeyman.foresee.worlds.lake_plan import UNREACHABLE, action_values, distances, shortest_actions
from journeyman.foresee.worlds.lake_rules import ACTIONS, NAMES, State, neighbours, pack, slipped, unpack
from journeyman.foresee.worlds.lake_view import about, codes, symbols, told
from journeyman.foresee.worlds.world import About, Digest, Instance, Observation, Snapshot, state_hash

Grid = NDArray[np.uint8]
BEST = 0.99
"""Discount under which an action counts as best on slippery ice: sure first, quick second."""


class Lake(gymnasium.Env[Grid, int]):
    """A lake of `size` x `size` tiles. See `lake_rules` for what happens, `World`, `Planned`, `Labelled` for the members.

    Observations are uint8 arrays (size, size) of indices into "PS_OGXV"; reward is 1 at the goal, else 0. It never truncates
    by itself; an instance's cap is 4 * size real actions. `reset` takes options "instance" (an id; without it a train
    instance is drawn from the seed) and "draws" (for slips, default `Draws(0)`).

    Args:
        size: 4, 6 or 8.
        slip: probability in [0, 1) that one of the two perpendicular moves is made instead.
        render_mode: "rgb_array", "ansi" or None.

    Raises UsageError: another size, slip or render mode.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array", "ansi"], "render_fps": 4}  # noqa: RUF012 (as Gymnasium has it)

    def __init__(self, size: int = 6, slip: float = 0.0, render_mode: str | None = None) -> None:
        if size not in SIZES:
            raise UsageError(f"a lake of size {size} is not there; sizes are {', '.join(map(str, SIZES))}")
        if not 0 <= slip < 1:
            raise UsageError(f"slip is {slip}; it is a probability from 0 to below 1")
        if render_mode not in (None, "rgb_array", "ansi"):
            raise UsageError(f"render mode is '{render_mode}'; it is rgb_array or ansi")
        self.size, self.slip, self.render_mode = size, slip, render_mode
        self.observation_space = spaces.Box(0, 6, (size, size), np.uint8)
        self.action_space = spaces.Discrete(4)  # type: ignore[assignment]  # of np.int64; an int is as good
        self._base = f"lake-{size}"
        self.use(Draws(0))
        self._state = first_state(Id(self._base, "test", 0))

    @property
    def about(self) -> About:
        return about(self.size, self.slip)

    @property
    def outcomes(self) -> Sequence[str]:
        return labels.OUTCOMES

    def instances(self, n: int | None = None, split: str = "test") -> Sequence[Instance]:
        return [self._instance(of) for of in ids(self._base, n, split)]

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Grid, dict[str, Any]]:
        super().reset(seed=seed)
        given = options or {}
        if "instance" in given:
            of = read_id(given["instance"], self._base)
        else:
            of = Id(self._base, "train", int(self.np_random.integers(PER_SPLIT)))
        self.use(given.get("draws", Draws(0)))
        self._state = first_state(of)
        return self._seen(), {"instance": str(of)}

    def use(self, draws: Draws, stage: Stage = "world", *key: Key) -> None:
        """Draw slips from now on from `draws` under `stage`, keyed by `key`, too: a clone's luck is not the world's."""
        self._draws, self._stage, self._key = draws, stage, key

    def step(self, action: int) -> tuple[Grid, float, bool, bool, dict[str, Any]]:
        state, made = self._state, self._checked(action)
        if state.terminal:
            return self._seen(), 0.0, True, False, {}
        moves = state.moves
        if self.slip:
            drawn = self._draws.uniform(self._stage, state.instance, state_hash(pack(state)), moves, *self._key)
            made = slipped(made, self.slip, drawn)
            moves += 1
        self._state = after = State(state.size, state.tiles, neighbours(state.size)[state.at][made], moves, state.instance)
        return self._seen(), float(after.success), after.terminal, False, {}

    def snapshot(self) -> Snapshot:
        return pack(self._state)

    def restore(self, snapshot: Snapshot) -> None:
        self._state = self._of(snapshot)

    def digest(self) -> Digest:
        state = self._state
        at = list(divmod(state.at, state.size))
        return {"at": at, "on": NAMES[state.tile], "terminal": state.terminal, "success": state.success}

    def observe(self, format: str = "symbols") -> Observation:
        """`format`: "symbols", "image", or "text" for the feedback alone. Raises UsageError for another."""
        text = told(self._state)
        if format == "symbols":
            return Observation(text, symbols(self._state))
        if format == "image":
            from journeyman.foresee.worlds.lake_picture import picture
            from journeyman.foresee.worlds.picture import png

            return Observation(text, image=png(picture(self._state)))
        if format == "text":
            return Observation(text)
        raise UsageError(f"{self._base} shows itself as symbols, image or text, not as '{format}'")

    def render(self) -> Any:
        if self.render_mode == "ansi":
            return symbols(self._state)
        if self.render_mode == "rgb_array":
            from journeyman.foresee.worlds.lake_picture import picture

            return picture(self._state)
        return None

    def distance(self, snapshot: Snapshot) -> int | None:
        state = self._of(snapshot)
        found = distances(state.tiles)[state.at]
        return None if found == UNREACHABLE else found

    def best_actions(self, snapshot: Snapshot) -> Sequence[int]:
        """Without slip those of shortest ways. With slip those of the largest `values` at discount 0.99."""
        state = self._of(snapshot)
        if not self.slip or state.terminal:
            return shortest_actions(state)
        worth = self.values(snapshot, discount=BEST)
        return tuple(a for a, v in enumerate(worth) if v > 0 and v >= max(worth) - 1e-9)

    def values(self, snapshot: Snapshot, slip: float | None = None, discount: float = 1.0) -> tuple[float, ...]:
        """Probability of success of each action taken now with the best ones after, without a cap, in 0..1.

        `slip`: this lake's own if None. `discount`: for each action from now to the goal. 1 or 0 after the end.
        """
        state = self._of(snapshot)
        return action_values(state.tiles, self.slip if slip is None else slip, discount)[state.at]

    def label(self, snapshot: Snapshot, action: int) -> str:
        return labels.label(self._of(snapshot), self._checked(action))

    def possible(self, snapshot: Snapshot, action: int) -> Sequence[str]:
        return labels.possible(self._of(snapshot), self._checked(action))

    def imagine(self, snapshot: Snapshot, action: int, label: str) -> Snapshot:
        before = self._of(snapshot)
        after = labels.imagine(before, self._checked(action), label)
        counted = bool(self.slip) and not before.terminal
        return pack(after._replace(moves=after.moves + 1) if counted else after)

    def context(self, snapshot: Snapshot, action: int) -> tuple[int, ...]:
        return labels.context(self._of(snapshot), self._checked(action))

    def _instance(self, of: Id) -> Instance:
        state = first_state(of)
        optimal = distances(state.tiles)[state.at]
        low = optimal - optimal % 2
        return Instance(str(of), 4 * self.size, optimal, {"band": f"{low}-{low + 1}"})

    def _of(self, snapshot: Snapshot) -> State:
        state = unpack(snapshot)
        if state.size != self.size:
            raise UsageError(f"a state of a lake of size {state.size} cannot be one of {self._base}")
        return state

    def _checked(self, action: int) -> int:
        if action in (0, 1, 2, 3):
            return int(action)
        raise UsageError(f"{action!r} is no action of {self._base}; 0 to 3 are {', '.join(ACTIONS)}")

    def _seen(self) -> Grid:
        return np.frombuffer(codes(self._state), np.uint8).reshape(self.size, self.size)
