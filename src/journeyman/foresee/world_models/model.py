"""What a world model is: from a saved state and actions to what would be seen. It cannot touch the live world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from journeyman.foresee.draws import Draws
from journeyman.foresee.worlds.world import Digest, Observation, Snapshot


@dataclass(frozen=True)
class Asked:
    """The circumstances of a call: what its errors may depend on.

    Attributes:
        draws: for errors, under the stage "simulator".
        instance: id of the problem.
        call: number of the call in the episode, from 0.
        again: how often the same actions were simulated from this real state before, in this episode. Errors are keyed by
            (instance, state, actions, again) and not by `call`: a call more or less elsewhere leaves them as they were.
        history: states of the real trajectory, the present one last.
        hope: the outcome that the agent's words hope for: "success", "safe" (nothing lost) or "" (nothing said).
        format: of the observation wanted.
        depth: of a call that goes on from an imagined state, how many actions were imagined before it; else 0.
    """

    draws: Draws
    instance: str
    call: int
    history: Sequence[Snapshot] = ()
    hope: str = ""
    format: str = "symbols"
    again: int = 0
    depth: int = 0


@dataclass(frozen=True)
class Prediction:
    """What a world model says.

    Attributes:
        observation: what would be seen, in the format of real observations.
        digest: its symbolic content; hidden from the agent unless a repair of its reading attaches it.
        snapshot: the imagined state, to go on from; b"" where a model has none.
        done: actions that were carried out before the imagined episode ended; the rest had no effect.
        confidence: what the model itself claims, in 0..1; of a call that goes on from an earlier one, given that that was
            right (what is shown and recorded is the product of both).
        realised: channel -> whether it struck, or by how much; empty for a model without channels.
    """

    observation: Observation
    digest: Digest
    snapshot: Snapshot
    done: int
    confidence: float = 1.0
    realised: Mapping[str, float] = field(default_factory=dict)


class WorldModel(Protocol):
    """Predicts. One instance serves many episodes one after the other, in one thread."""

    @property
    def name(self) -> str:
        """As it was opened, with its settings: "exact", "exact+transition=0.2", "table", "file.py:Model"."""

    def predict(self, snapshot: Snapshot, actions: Sequence[int], asked: Asked) -> Prediction:
        """What would be seen after `actions` (one or more) from `snapshot`."""
