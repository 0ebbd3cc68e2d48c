"""Lake-N: the frozen lake as a Gymnasium environment that can be saved, planned exactly and drawn without pygame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from journeyman.errors import UsageError
from journeyman.foresee.draws import Draws, Key, Stage
from journeyman.foresee.worlds import lake_labels as labels
from journeyman.foresee.worlds.grid import Codes, GridWorld
from journeyman.foresee.worlds.instance_ids import Id
from journeyman.foresee.worlds.lake_maps import SIZES, first_state
from journeyman.foresee.worlds.lake_plan import UNREACHABLE, action_values, distances, shortest_actions
from journeyman.foresee.worlds.lake_rules import NAMES, State, neighbours, pack, slipped, unpack
from journeyman.foresee.worlds.lake_view import SYMBOLS, about, codes, symbols, told
from journeyman.foresee.worlds.world import About, Digest, Instance, Snapshot

BEST = 0.99
"""Discount under which an action counts as best on slippery ice: sure first, quick second."""


class Lake(GridWorld[State]):
    """A lake of `size` x `size` tiles. See `lake_rules` for what happens, `World`, `Planned`, `Labelled` for the members.

    Observations are uint8 arrays (size, size) of indices into "PS_OGXV"; an instance's cap is 4 * size real actions. `reset`
    takes the options "instance" (an id; without it a train instance is drawn from the seed) and "draws" (for slips, default
    `Draws(0)`).

    Args:
        size: 4, 6 or 8.
        slip: probability in [0, 1) that one of the two perpendicular moves is made instead.
        render_mode: "rgb_array", "ansi" or None.

    Raises UsageError: another size, slip or render mode.
    """

    def __init__(self, size: int = 6, slip: float = 0.0, render_mode: str | None = None) -> None:
        if size not in SIZES:
            raise UsageError(f"there is no lake of size {size}; sizes are {', '.join(map(str, SIZES))}")
        if not 0 <= slip < 1:
            raise UsageError(f"slip is {slip}; it is a probability from 0 to below 1")
        self.slip = slip
        self.use(Draws(0))
        super().__init__(f"lake-{size}", size, len(SYMBOLS), render_mode)

    @property
    def about(self) -> About:
        return about(self.size, self.slip)

    @property
    def outcomes(self) -> Sequence[str]:
        return labels.OUTCOMES

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Codes, dict[str, Any]]:
        self.use((options or {}).get("draws", Draws(0)))
        return super().reset(seed=seed, options=options)

    def use(self, draws: Draws, stage: Stage = "world", *key: Key) -> None:
        """Draw slips from now on from `draws` under `stage`, keyed by `key`, too: a clone's luck is not the world's."""
        self._draws, self._stage, self._key = draws, stage, key

    def step(self, action: int) -> tuple[Codes, float, bool, bool, dict[str, Any]]:
        state, made = self._state, self._checked(action)
        if state.terminal:
            return self._seen(), 0.0, True, False, {}
        moves = state.moves
        if self.slip:
            # The packed state has all that a slip is keyed by: instance, map, place and number of the action.
            made = slipped(made, self.slip, self._draws.uniform(self._stage, pack(state), *self._key))
            moves += 1
        self._state = after = State(state.size, state.tiles, neighbours(state.size)[state.at][made], moves, state.instance)
        return self._seen(), float(after.success), after.terminal, False, {}

    def digest(self) -> Digest:
        state = self._state
        at = list(divmod(state.at, state.size))
        return {"at": at, "on": NAMES[state.tile], "terminal": state.terminal, "success": state.success}

    def distance(self, snapshot: Snapshot) -> int | None:
        """Fewest actions to the goal when no slip comes in between; None: out of reach."""
        state = self._unpack(snapshot)
        found = distances(state.tiles)[state.at]
        return None if found == UNREACHABLE else found

    def best_actions(self, snapshot: Snapshot) -> Sequence[int]:
        """Without slip those of shortest ways. With slip those of the largest `values` at discount 0.99."""
        state = self._unpack(snapshot)
        if not self.slip or state.terminal:
            return shortest_actions(state)
        worth = self.values(snapshot, discount=BEST)
        return tuple(a for a, v in enumerate(worth) if v > 0 and v >= max(worth) - 1e-9)

    def values(self, snapshot: Snapshot, slip: float | None = None, discount: float = 1.0) -> tuple[float, ...]:
        """Probability of success of each action taken now with the best ones after, without a cap, in 0..1.

        `slip`: this lake's own if None. `discount`: for each action from now to the goal. 1 or 0 after the end.
        """
        state = self._unpack(snapshot)
        return action_values(state.tiles, self.slip if slip is None else slip, discount)[state.at]

    def label(self, snapshot: Snapshot, action: int) -> str:
        return labels.label(self._unpack(snapshot), self._checked(action))

    def possible(self, snapshot: Snapshot, action: int) -> Sequence[str]:
        return labels.possible(self._unpack(snapshot), self._checked(action))

    def imagine(self, snapshot: Snapshot, action: int, label: str) -> Snapshot:
        before = self._unpack(snapshot)
        after = labels.imagine(before, self._checked(action), label)
        counted = bool(self.slip) and not before.terminal
        return pack(after._replace(moves=after.moves + 1) if counted else after)

    def context(self, snapshot: Snapshot, action: int) -> tuple[int, ...]:
        return labels.context(self._unpack(snapshot), self._checked(action))

    def _first(self, of: Id) -> State:
        return first_state(of)

    def _instance(self, of: Id) -> Instance:
        state = first_state(of)
        optimal = distances(state.tiles)[state.at]
        low = optimal - optimal % 2
        return Instance(str(of), 4 * self.size, optimal, {"band": f"{low}-{low + 1}"})

    def _pack(self, state: State) -> Snapshot:
        return pack(state)

    def _unpack(self, snapshot: Snapshot) -> State:
        state = unpack(snapshot)
        if state.size != self.size:
            raise UsageError(f"a state of a lake of size {state.size} cannot be one of {self.base}")
        return state

    def _codes(self, state: State) -> bytearray:
        return codes(state)

    def _told(self, state: State) -> str:
        return told(state)

    def _symbols(self, state: State) -> str:
        return symbols(state)

    def _picture(self, state: State) -> Codes:
        from journeyman.foresee.worlds.lake_picture import picture

        return picture(state)
