"""What is compared: one agent, one world model, one mode, one governor, by their names with settings."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from journeyman.errors import UsageError

MODES = ("invisible", "normal", "force")


class Cell(msgspec.Struct, frozen=True):
    """A cell of a comparison; every cell plays the same instances.

    Attributes:
        agent: "scripted:perception=0.15", "openai/gpt-5-mini", "file.py:Agent", "cmd:./agent", "recorded:RUN".
        world_model: "exact", "exact+transition=0.2", "table", "ensemble", "file.py:Model".
        mode: one of `MODES`.
        governor: "none", "never", "always", "random:0.3", "confidence:0.1", "voi:cost=0.02", "uplift:FILE", "oracle".
        memory: "restart" (calls begin at the real state, as in the paper), "continue" (a call may go on from an earlier
            one) or "branches" (the same, with a table of what was seen instead of a mixed transcript).
    """

    agent: str
    world_model: str = "exact"
    mode: str = "normal"
    governor: str = "none"
    memory: str = "restart"

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise UsageError(f"mode is '{self.mode}'; it is one of {', '.join(MODES)}")
        if self.memory not in ("restart", "continue", "branches"):
            raise UsageError(f"memory is '{self.memory}'; it is restart, continue or branches")

    @property
    def key(self) -> str:
        """Names it in logs and tables."""
        parts = [self.agent, self.world_model, self.mode, self.governor]
        return " | ".join(parts if self.memory == "restart" else [*parts, self.memory])


def baseline(cell: Cell, cells: Iterable[Cell]) -> Cell | None:
    """The cell in which the same agent has nothing to ask: what `cell` is held against. None where there is none.

    In mode invisible neither world model, governor nor memory matters, so one such cell serves all others of its agent.
    """
    return next((other for other in cells if other.agent == cell.agent and other.mode == "invisible"), None)
