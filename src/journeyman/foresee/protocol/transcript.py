"""What the agent is shown: one mixed transcript as in the paper, or, with the memory "branches", the real turns and a table.

Texts are those of `agents.prompts`; programs read the fields of the events instead.
"""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.foresee.agents import prompts
from journeyman.foresee.agents.agent import Event, Memory, Mode, Turn
from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.agents.reading import write_reading
from journeyman.foresee.protocol.branches import Branches, Node
from journeyman.foresee.protocol.caps import Taken
from journeyman.foresee.worlds.world import About, Observation

_STATUS = {None: "not tried", True: "came out so", False: "came out otherwise"}


class Transcript:
    """Events since the agent's last reply, and all before them."""

    def __init__(self, about: About, mode: Mode, memory: Memory, taken: Taken, branches: Branches) -> None:
        self._about, self._mode, self._memory = about, mode, memory
        self._taken, self._branches = taken, branches
        self._new: list[Event] = []
        self._said: list[tuple[tuple[Event, ...], str]] = []
        self._real: list[Event] = []
        self._state = ""

    # --- what happened ------------------------------------------------------------------------------------------------

    def real(self, observation: Observation, actions: Actions, state: str) -> None:
        """The world after `actions`; before the first turn, none."""
        taken = self._taken
        text = prompts.real_text(
            observation, self._about, actions=actions, left=taken.real_left, mode=self._mode,
            calls_left=taken.calls_left, calls_left_now=taken.calls_left_now,
        )  # fmt: skip
        self._state = state
        self._show(Event("real", text, observation, actions, state=state))

    def hypothetical(
        self, node: Node, again: int, *, alternative: tuple[int, int] | None, by_governor: bool, attach: bool
    ) -> None:
        """A prediction. `attach`: its symbolic content goes with it."""
        taken, prediction = self._taken, node.prediction
        digest = prediction.digest if attach else None
        text = prompts.hypothetical_text(
            prediction.observation, self._about, actions=node.actions, call=node.call, calls_left=taken.calls_left,
            calls_left_now=taken.calls_left_now, alternative=alternative, origin=node.parent, done=prediction.done,
            by_governor=by_governor, stated="" if digest is None else write_reading(digest),
        )  # fmt: skip
        self._show(Event("hypothetical", text, prediction.observation, node.asked, node.call, digest, self._state, again))

    def refusal(self, why: str, detail: str = "") -> str:
        """A wish that is not granted; `why` as `prompts.REFUSALS` has it. The text that is shown."""
        text = prompts.refusal_text(why, detail)
        self._show(Event("refusal", text, state=self._state))
        return text

    def remark(self, text: str) -> None:
        """Anything else."""
        self._show(Event("remark", text, state=self._state))

    # --- what the agent gets ------------------------------------------------------------------------------------------

    def turn(self, *, must_simulate: bool) -> Turn:
        """What the agent is given to answer."""
        taken = self._taken
        return Turn(
            tuple(self._new), tuple(self._said), taken.real_left, taken.calls_left, taken.calls_left_now, must_simulate,
            self._present(),
        )  # fmt: skip

    def said(self, text: str, *, acted: bool) -> None:
        """The agent has replied. `acted`: with a real action, or with what passed for a turn."""
        if self._memory != "branches":
            self._said.append((tuple(self._new), text))
        elif acted:
            self._said.append((tuple(self._real), text))
            self._real = []
        self._new = []

    def _show(self, event: Event) -> None:
        self._new.append(event)
        if event.kind == "real":
            self._real.append(event)

    def _present(self) -> Sequence[Event]:
        if self._memory != "branches":
            return ()
        others = [event for event in self._new if event.kind != "real"]
        rows = [self._row(node, path) for node, path in self._branches.at(self._state)]
        if rows:
            others.append(Event("remark", prompts.branches_text(rows), state=self._state))
        return (*self._real, *others)

    def _row(self, node: Node, path: Actions) -> tuple[int, str, str, str]:
        """Call, candidate, what it showed, and whether that came true or how sure the world model was."""
        showed = " ".join(node.prediction.observation.text.split())
        sure = f"{_STATUS[node.confirmed]}, {node.prediction.confidence:.0%} sure"
        return node.call, prompts.named(path, self._about), showed, sure
