"""What a model is to the rest of Journeyman, and how one attempt at a reply is paid for."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from journeyman.models.completion import Completion, Cost
from journeyman.models.message import Prompt
from journeyman.models.price import Price


def takes_tools(model: Model) -> bool:
    """Whether the model can call functions: its attribute `tools`. A prompt with tools is a `UsageError` for any other."""
    return bool(getattr(model, "tools", False))


class Meter(Protocol):
    """Pays for the attempts at one reply.

    A model calls `reserve` before an attempt leaves and `settle` exactly once after it, also where it failed or was
    ended by `close`; attempts at one reply never overlap. Both are called from a thread of the model, possibly the one
    that serves all its connections, so they must not take much more than a millisecond.
    """

    def reserve(self, worst: Cost) -> None:
        """Set `worst` aside. What it raises (`BudgetExhausted`) reaches the caller of `complete`; nothing is sent then."""

    def settle(self, actual: Cost | None, completion: Completion | None) -> None:
        """Book what the attempt cost.

        Args:
            actual: None where nobody knows: it was sent, and a timeout, a broken connection or a reply without usage
                hides what was charged.
            completion: the reply, where there is one; it arrives in the same step as its cost.
        """


class _Free:
    """Counts nothing."""

    def reserve(self, worst: Cost) -> None:
        pass

    def settle(self, actual: Cost | None, completion: Completion | None) -> None:
        pass


FREE: Meter = _Free()


@runtime_checkable
class Model(Protocol):
    """Something that answers prompts. Many threads may call it at once; a context manager that closes it at the end."""

    @property
    def name(self) -> str:
        """As it was opened: "openai/gpt-5", "scripted/echo", or a name of models.toml."""

    @property
    def sees(self) -> bool:
        """Whether it takes images."""

    @property
    def price(self) -> Price | None:
        """None: unknown, which no cap on money can accept."""

    @property
    def max_tokens(self) -> int:
        """How long a reply may be, in tokens, where a prompt does not say."""

    def worst_case(self, prompt: Prompt) -> Cost:
        """What one attempt at `prompt` may cost at most."""

    def complete(self, prompt: Prompt, meter: Meter = FREE) -> Completion:
        """The reply to `prompt`; blocks until there is one.

        Raises:
            BudgetExhausted: the meter refused; nothing was sent since.
            ModelUnavailable: all attempts failed, or the model was closed meanwhile.
            ModelRejected: asking again is of no use (key, name, parameters).
            PromptTooLong: the context has no room for the prompt and its reply.
            UsageError: an image for a model that does not see, or tools for one that cannot call them.
        """

    def close(self) -> None:
        """End calls in flight at once, with `ModelUnavailable`. Closing again does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
