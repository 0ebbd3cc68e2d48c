"""What is recorded of an episode: a line a decision, from which with a deterministic replay every score is computed."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """One reply of the agent and what became of it.

    Attributes:
        index: of the decision in its episode, from 0.
        real: real actions done before it.
        context: "W" a call was carried out, "E" real actions were, "A" an answer was given, "R" refused, "P" not readable.
        by: whose wish was carried out: "agent", or "governor" where it had something simulated first.
        actions: carried out, by number. wished: what the reply asked for, where that differs.
        text: blob digest of the reply; "" where replies are not kept.
        state, after: hashes of the real state before and after; equal unless the context is "E".
        observation: hash of the observation that followed.
        call: number of the call, from 0. model: name of the world model.
        origin: call whose imagined state this one went on from; None: the real state.
        batch: index of the first decision of a batch, of calls that one reply asked for together; None: a single call.
        realised: channel -> how much it struck.
        predicted, true: digests, of a call: what was predicted, and what the exact clone says.
        reading: what the agent stated of the last prediction, by name; None: nothing stated.
        confidence: that the agent stated.
        ruling: of the governor: verdict, why, values, propensity.
        values: the mind's value of each turn considered, "2,1" -> probability, where there is a mind.
        terminal, success: of the real state after it.
        disagreed: a real action that had been simulated came out otherwise.
        refusal: why a wish was not granted.
        tokens_in, tokens_out, micro_usd: of the reply.
        hope: what the agent hoped of its call (`Asked.hope`), on which a world model that complies depends.
    """

    index: int
    real: int
    context: Literal["W", "E", "A", "R", "P"]
    by: Literal["agent", "governor"] = "agent"
    actions: tuple[int, ...] = ()
    wished: tuple[int, ...] | None = None
    text: str = ""
    state: str = ""
    after: str = ""
    observation: str = ""
    call: int | None = None
    origin: int | None = None
    batch: int | None = None
    model: str = ""
    realised: dict[str, float] = {}
    predicted: dict[str, Any] = {}
    true: dict[str, Any] = {}
    reading: dict[str, Any] | None = None
    confidence: float | None = None
    ruling: dict[str, Any] = {}
    values: dict[str, float] = {}
    terminal: bool = False
    success: bool = False
    disagreed: bool | None = None
    refusal: str = ""
    answer: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    micro_usd: int = 0
    hope: str = ""


class Episode(msgspec.Struct, frozen=True, omit_defaults=True):
    """One episode from its first to its last decision.

    Attributes:
        cell: key of the run's cell: agent, model, mode, governor.
        reason: why it ended: "success", "lost", "answered", "real cap", "turn cap", "unreadable".
        calls, real: how many of each. optimal: fewest actions, None: unknown.
        extra: what calls counted as beyond one each (`Scene.single`).
    """

    cell: str
    world: str
    instance: str
    seed: int
    mode: str
    success: bool
    reason: str
    calls: int
    real: int
    decisions: tuple[Decision, ...]
    optimal: int | None = None
    labels: dict[str, str] = {}
    answer: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    micro_usd: int = 0
    extra: int = 0

    @property
    def charged(self) -> int:
        """What the calls counted as, by which they are priced; their number, unless a single one counts double."""
        return self.calls + self.extra

    @property
    def replies(self) -> list[Decision]:
        """The decisions that begin with a new reply: of a batch, the first alone."""
        return [one for one in self.decisions if one.batch is None or one.batch == one.index]
