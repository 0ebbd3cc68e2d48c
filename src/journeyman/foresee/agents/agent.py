"""What an agent is: it is told the rules once, then answers each turn with a text that simulates, acts or answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from journeyman.errors import EpisodeFailed
from journeyman.foresee.agents.mind import Actions, Mind
from journeyman.foresee.draws import Draws
from journeyman.foresee.worlds.world import About, Digest, Instance, Observation

if TYPE_CHECKING:
    from journeyman.models import Completion, Model, Prompt

Mode = Literal["invisible", "normal", "force"]
Memory = Literal["restart", "continue", "branches"]
Kind = Literal["real", "hypothetical", "refusal", "remark"]
"""real: an observation of the world. hypothetical: a prediction. refusal: the wish was not granted. remark: the reply could
not be read, or anything else the agent is told."""


class Calls(Protocol):
    """The way to language models: each attempt is reserved before it leaves, each reply is logged, none is paid twice."""

    def complete(self, model: Model, prompt: Prompt) -> Completion:
        """The model's reply. Raises as `Model.complete`."""


@dataclass(frozen=True)
class Brief:
    """What an agent is told before the first turn.

    Attributes:
        about: the world in words.
        instance: the problem's id and caps; its `optimal` and `labels` are withheld (None, {}).
        mode: whether there is a simulator and whether it must be used.
        system: the system message for language models; `prompts.py` makes it.
        draws: for the agent's own randomness (stages perception, gate, query, reading, action, policy).
        reliable: how much trust in the world model is warranted in advance, in 0..1, where that is announced.
        fields: what a reply must have besides its one action: of "confidence" and "reading".
        memory: whether a call may go on from an earlier one, and how calls are shown; see `Cell.memory`.
        calls: through it, and only through it, an agent asks a language model; None outside of a run: ask it directly.
    """

    about: About
    instance: Instance
    mode: Mode
    system: str
    draws: Draws
    reliable: float | None = None
    fields: Sequence[str] = ()
    memory: Memory = "restart"
    calls: Calls | None = None


@dataclass(frozen=True)
class Event:
    """One thing that the agent is shown.

    Attributes:
        kind: see `Kind`.
        text: as a language model is told, with its header.
        observation: of a real or hypothetical event.
        actions: that led to it, by number; empty for the first observation.
        call: number of the call, of a hypothetical event.
        digest: only where a repair of the reading attaches it.
        state: hash of the real state at that moment, by which draws are keyed.
        again: of a hypothetical event: how often the same actions were simulated from this real state before. Draws about
            a prediction are keyed by (instance, state, actions, again), not by `call` (see `world_models.model.Asked`).
    """

    kind: Kind
    text: str
    observation: Observation | None = None
    actions: Sequence[int] = ()
    call: int | None = None
    digest: Digest | None = None
    state: str = ""
    again: int = 0


@dataclass(frozen=True)
class Turn:
    """What the agent is given to answer.

    Attributes:
        new: events since its last reply; never empty.
        said: all replies so far with the events before each: what a language model's messages are made of.
        real_left, calls_left, calls_left_now: actions in the world, calls in all, calls before the next action.
        must_simulate: in mode force, no action is taken without a call first.
        present: what the last message to a language model is made of, where that is not `new`: with the memory "branches",
            the real state and a table of what was simulated from it (`said` then has the real turns alone). () else.
    """

    new: Sequence[Event]
    said: Sequence[tuple[Sequence[Event], str]]
    real_left: int
    calls_left: int
    calls_left_now: int
    must_simulate: bool = False
    present: Sequence[Event] = ()


@dataclass(frozen=True)
class Wish:
    """What an agent wants: to simulate, to act or to answer, and how sure it says it is (0..1, None: not said).

    Attributes:
        actions: of an act, or of the only or first alternative to simulate.
        others: further alternatives to simulate side by side (a batch, spec J6); at most three. Each counts as a call.
        origin: number of the call from whose imagined state the simulation goes on; None: from the real state.
    """

    kind: Literal["simulate", "act", "answer"]
    actions: Actions = ()
    answer: str = ""
    confidence: float | None = None
    others: tuple[Actions, ...] = ()
    origin: int | None = None

    @property
    def alternatives(self) -> tuple[Actions, ...]:
        """All that is to be simulated; () of an act or an answer."""
        return (self.actions, *self.others) if self.kind == "simulate" else ()


@dataclass(frozen=True)
class Reply:
    """An agent's answer. `text` is in the grammar of `agents.grammar`. `usage`: tokens_in, tokens_out, micro_usd."""

    text: str
    usage: dict[str, int] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


def reply_of(said: object) -> Reply:
    """What an agent's `reply` gave, as a `Reply` that can be kept. Half a surrogate pair, which no file holds, becomes "?".

    Raises EpisodeFailed: it is neither a text nor a Reply, or its `usage` is no counts.
    """
    if isinstance(said, str):
        return Reply(_whole(said))
    if not isinstance(said, Reply) or not isinstance(said.text, str):
        shown = f"a Reply with a text that is {said.text!r:.60}" if isinstance(said, Reply) else f"{said!r:.60}"
        raise EpisodeFailed(f"the agent's reply() gave {shown}; it gives a text, or a Reply with one")
    for name, count in said.usage.items():
        if type(count) is not int or not 0 <= count < 2**63:
            raise EpisodeFailed(f"the agent's reply() gave a usage with {name}={count!r}; it holds whole numbers from 0 up")
    return replace(said, text=_whole(said.text))


def _whole(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class Agent(Protocol):
    """Plays one episode; a new one is made for each. Only `begin` and `reply` are needed."""

    def begin(self, brief: Brief) -> None:
        """An episode begins."""

    def reply(self, turn: Turn) -> Reply | str:
        """Simulate, act or answer."""


def mind_of(agent: Agent) -> Mind | None:
    """The belief that the agent lets a governor look into, after its last reply; None for one that has none to show."""
    return getattr(agent, "mind", None)


def tell_end(agent: Agent, turn: Turn, success: bool, reason: str) -> None:
    """Tell an agent with a method `ended(turn, success, reason)` what it was shown last and how the episode ended.

    `reason` as in `Episode`. Agents without that method hear nothing, as language models do."""
    ended = getattr(agent, "ended", None)
    if ended is not None:
        ended(turn, success, reason)


Maker = Callable[[], Agent]
"""Makes an agent for each episode. `models_of`, `format_of` and `keeps_replies` say what else is known of one."""


def models_of(make: Maker) -> Sequence[Model]:
    """Language models that its agents ask, in the attribute `models`; () for agents that ask none. A run closes them."""
    return tuple(getattr(make, "models", ()))


def waits(make: Maker) -> bool:
    """Whether its agents wait for something outside (a model, a program), so that threads serve them best."""
    return bool(getattr(make, "waits", False)) or bool(models_of(make))


def format_of(make: Maker) -> str | None:
    """The observations its agents understand ("symbols", "image", "text"), in the attribute `format`; None: any."""
    return getattr(make, "format", None)


def keeps_replies(make: Maker) -> bool:
    """Whether the texts of replies are worth keeping: not where the attribute `repeats` says that they can be made again."""
    return not getattr(make, "repeats", False)
