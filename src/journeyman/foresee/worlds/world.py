"""What a world is: a Gymnasium environment that can be saved, named in words and asked for its symbolic content.

A user's world gives the six members of `World` beside what Gymnasium asks for. The built-in ones also give `Planned` (how
far it is, what can no longer be won) and `Labelled` (what may happen at an action, by name), which governors, learned
world models, fidelity channels and scores use where they are there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from journeyman.foresee.draws import Draws, Key, Stage

Snapshot = bytes
"""A whole state, opaque and self-contained: `restore` needs nothing else, in another process, too."""

Digest = Mapping[str, Any]
"""Symbolic content of a state as plain data (JSON): where things are, and always the booleans `terminal` and `success`.
Never the whole map: it says what happened, not what is still to be found out."""


@dataclass(frozen=True)
class Observation:
    """What an agent sees of a state.

    Attributes:
        text: feedback in words.
        symbols: the state as a grid of characters, one line a row; "" where that format was not asked for.
        image: the state as a PNG file; b"" likewise.
    """

    text: str
    symbols: str = ""
    image: bytes = b""


@dataclass(frozen=True)
class About:
    """A world in words, for prompts and pages.

    Attributes:
        name: as it is asked for, such as "lake-6".
        role: who the agent is there, a sentence.
        rules: what can be done and what ends an episode, in sentences.
        legend: symbol -> what it stands for.
        actions: names of actions, in the order of their numbers.
        per_turn: most actions of one turn.
        formats: of observations: "symbols", "image" or both, the default first.
    """

    name: str
    role: str
    rules: str
    legend: Mapping[str, str]
    actions: Sequence[str]
    per_turn: int = 1
    formats: Sequence[str] = ("symbols", "image")


@dataclass(frozen=True)
class Instance:
    """One fixed problem of a world: `id` fixes every random draw of it. `optimal`: fewest actions to success, None where
    nobody knows. `cap`: real actions an episode may take. `labels`: strata for scores, such as {"band": "6-10"}."""

    id: str
    cap: int
    optimal: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class World(Protocol):
    """A Gymnasium environment (`reset(seed=..., options={"instance": id})`, `step`, `render`) with six members more."""

    @property
    def about(self) -> About:
        """The world in words."""

    def instances(self, n: int | None = None, split: str = "test") -> Sequence[Instance]:
        """The first `n` fixed instances of a split ("test", or "train" for what is learned or tuned); None: all.

        Raises UsageError where there are not so many."""

    def snapshot(self) -> Snapshot:
        """The state it is in."""

    def restore(self, snapshot: Snapshot) -> None:
        """Be in that state, of whichever instance. Raises UsageError for what is no snapshot of this world."""

    def digest(self) -> Digest:
        """Symbolic content of the state it is in."""

    def observe(self, format: str = "symbols") -> Observation:
        """What an agent sees of it."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]: ...

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]: ...


@runtime_checkable
class Planned(Protocol):
    """A world that knows how far it is."""

    def distance(self, snapshot: Snapshot) -> int | None:
        """Fewest actions from there to success; None: out of reach (dead)."""

    def best_actions(self, snapshot: Snapshot) -> Sequence[int]:
        """All first actions of shortest ways to success; empty where it is out of reach or over."""


@runtime_checkable
class Labelled(Protocol):
    """A world in which what an action does has a name from a short list.

    `label` says what does happen, `imagine` what the state would be if another of the labels happened instead: fidelity
    channels show a wrong one, learned world models predict one from `context`.
    """

    @property
    def outcomes(self) -> Sequence[str]:
        """All labels, such as ("stay", "move", "fall", "goal")."""

    def label(self, snapshot: Snapshot, action: int) -> str:
        """What `action` does there, slips aside."""

    def possible(self, snapshot: Snapshot, action: int) -> Sequence[str]:
        """Labels that one who does not know the map would hold possible there, the true one among them."""

    def imagine(self, snapshot: Snapshot, action: int, label: str) -> Snapshot:
        """The state after `action` if `label` happened. Raises UsageError for a label that is not possible there."""

    def context(self, snapshot: Snapshot, action: int) -> tuple[int, ...]:
        """What the label depends on, as small integers of fixed length: what learned world models see."""


@runtime_checkable
class Chancy(Protocol):
    """A world in which an action can come out in more than one way. The same draws and state give the same outcome."""

    def use(self, draws: Draws, stage: Stage = "world", *key: Key) -> None:
        """Draw from `draws` under `stage` from now on, keyed by `key`, too. A simulator's clone uses the stage "simulator",
        so that its luck is its own; `reset` goes back to options["draws"] (default `Draws(0)`) and the stage "world"."""


@runtime_checkable
class Asking(Protocol):
    """A world that asks a question: an answer ends the episode, at whatever state."""

    def right(self, answer: str) -> bool:
        """Whether it is the answer to the instance's question."""


def state_hash(snapshot: Snapshot) -> str:
    """Sixteen hexadecimal digits of a state."""
    return hashlib.blake2b(snapshot, digest_size=8).hexdigest()
