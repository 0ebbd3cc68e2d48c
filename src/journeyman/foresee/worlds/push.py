"""Push-N: boxes on targets (Sokoban) as a Gymnasium environment that can be saved, planned exactly and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from journeyman.errors import UsageError
from journeyman.foresee.worlds import push_labels as labels
from journeyman.foresee.worlds.grid import Codes, GridWorld
from journeyman.foresee.worlds.instance_ids import Id
from journeyman.foresee.worlds.push_dead import dead
from journeyman.foresee.worlds.push_rooms import SIZES, room
from journeyman.foresee.worlds.push_rules import State, after, pack, unpack
from journeyman.foresee.worlds.push_view import SYMBOLS, about, codes, symbols, told
from journeyman.foresee.worlds.world import About, Digest, Instance, Snapshot


class Push(GridWorld[State]):
    """A room of `size` x `size` tiles with boxes. See `push_rules`; `World`, `Planned`, `Labelled` for the members.

    Observations are uint8 arrays (size, size) of indices into "#_.$*@+"; an instance's cap is three times its shortest
    solution. `reset` takes the option "instance" (an id; without it a train instance is drawn from the seed).

    Args:
        size: 6 (one box), 7 (two) or 8 (two or three).
        render_mode: "rgb_array", "ansi" or None.

    Raises UsageError: another size or render mode.
    """

    def __init__(self, size: int = 6, render_mode: str | None = None) -> None:
        if size not in SIZES:
            raise UsageError(f"there is no room of size {size}; sizes are {', '.join(map(str, SIZES))}")
        super().__init__(f"push-{size}", size, len(SYMBOLS), render_mode)

    @property
    def about(self) -> About:
        return about(self.size)

    @property
    def outcomes(self) -> Sequence[str]:
        return labels.OUTCOMES

    def step(self, action: int) -> tuple[Codes, float, bool, bool, dict[str, Any]]:
        before = self._state
        self._state = state = after(before, self._checked(action))
        won = state.success
        return self._seen(), float(won and state is not before), won, False, {}

    def digest(self) -> Digest:
        """`dead`: it is certain that the state cannot be solved (see `push_dead`); `distance` knows all that cannot."""
        state = self._state
        return {
            "at": list(divmod(state.player, state.size)),
            "boxes": [list(divmod(box, state.size)) for box in state.boxes],
            "solved": state.solved,
            "terminal": state.success,
            "success": state.success,
            "dead": dead(state),
        }

    def distance(self, snapshot: Snapshot) -> int | None:
        from journeyman.foresee.worlds.push_plan import UNREACHABLE, distance

        found = distance(self._unpack(snapshot))
        return None if found == UNREACHABLE else found

    def best_actions(self, snapshot: Snapshot) -> Sequence[int]:
        from journeyman.foresee.worlds.push_plan import shortest_actions

        return shortest_actions(self._unpack(snapshot))

    def label(self, snapshot: Snapshot, action: int) -> str:
        return labels.label(self._unpack(snapshot), self._checked(action))

    def possible(self, snapshot: Snapshot, action: int) -> Sequence[str]:
        return labels.possible(self._unpack(snapshot), self._checked(action))

    def imagine(self, snapshot: Snapshot, action: int, label: str) -> Snapshot:
        return pack(labels.imagine(self._unpack(snapshot), self._checked(action), label))

    def context(self, snapshot: Snapshot, action: int) -> tuple[int, ...]:
        return labels.context(self._unpack(snapshot), self._checked(action))

    def _first(self, of: Id) -> State:
        return room(of).first

    def _instance(self, of: Id) -> Instance:
        made = room(of)
        labels = {"band": made.band, "boxes": str(len(made.first.boxes))}
        return Instance(str(of), 3 * made.optimal, made.optimal, labels)

    def _pack(self, state: State) -> Snapshot:
        return pack(state)

    def _unpack(self, snapshot: Snapshot) -> State:
        state = unpack(snapshot)
        if state.size != self.size:
            raise UsageError(f"a room of size {state.size} cannot be one of {self.base}")
        return state

    def _codes(self, state: State) -> bytearray:
        return codes(state)

    def _told(self, state: State) -> str:
        return told(state)

    def _symbols(self, state: State) -> str:
        return symbols(state)

    def _picture(self, state: State) -> Codes:
        from journeyman.foresee.worlds.push_picture import picture

        return picture(state)
