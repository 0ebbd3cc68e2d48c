"""What a model answered, how it ended, and what it took."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from journeyman.models.tool import ToolCall


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one reply. `reasoning` is part of `output`, `cached` is part of `input`."""

    input: int = 0
    output: int = 0
    reasoning: int = 0
    cached: int = 0

    @property
    def total(self) -> int:
        """Tokens read and written."""
        return self.input + self.output


class Cost(msgspec.Struct, frozen=True):
    """What one attempt costs, or may cost at most: tokens read and written, and millionths of a US dollar."""

    tokens: int = 0
    micro_usd: int = 0


class Outcome(StrEnum):
    """How a reply ended. All but `ANSWERED` are worth telling the model about when it is asked again."""

    ANSWERED = "answered"
    """There is text or a call of a tool, and the model ended it itself."""
    REFUSED = "refused"
    """The model or a filter of the endpoint declined; `Completion.refusal` has what was said."""
    EMPTY = "empty"
    """No text at all, and no call."""
    EMPTY_AFTER_REASONING = "empty_after_reasoning"
    """The model reasoned, and then gave no text, most often because the reasoning used up `max_tokens`."""
    CUT = "cut"
    """Ended at the length limit; `Completion.text` is what there is of it."""


class TokenLogprob(msgspec.Struct, frozen=True):
    """One token of the reply and its natural log-probability, at most 0."""

    token: str
    logprob: float


class Completion(msgspec.Struct, frozen=True):
    """One reply.

    Attributes:
        text: what was answered, with no reasoning in it.
        outcome: how it ended.
        usage: tokens; None where the endpoint did not say.
        micro_usd: what it cost in millionths of a US dollar, rounded up; None without a price or without usage.
        model: the name that the endpoint gave its model, which may be more exact than the one asked for.
        finish: the endpoint's own word for how it ended ("stop", "length", ...).
        reasoning: the model's reasoning, where it is shown.
        refusal: what was said on refusing.
        logprobs: for each token of the text, where asked for and given.
        latency_s: seconds from sending to the end of the reply, of the attempt that gave it.
        attempts: how many attempts were made, this one included.
        tool_calls: functions of `Prompt.tools` that the model called, in its order.
    """

    text: str
    outcome: Outcome
    usage: Usage | None = None
    micro_usd: int | None = None
    model: str = ""
    finish: str = ""
    reasoning: str = ""
    refusal: str = ""
    logprobs: tuple[TokenLogprob, ...] | None = None
    latency_s: float = 0.0
    attempts: int = 1
    tool_calls: tuple[ToolCall, ...] = ()
