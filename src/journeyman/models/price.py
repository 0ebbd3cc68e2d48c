"""What tokens cost, in whole millionths of a US dollar, never less than it really is."""

from __future__ import annotations

import math
from fractions import Fraction

import msgspec

from journeyman.models.completion import Usage


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars per million tokens, which is the same number as millionths of a dollar per token. 0 is free of charge.

    Attributes:
        input: of tokens read.
        output: of tokens written, reasoning included.
        cached_input: of tokens read from the endpoint's cache. None: as `input`.
    """

    input: float
    output: float
    cached_input: float | None = None

    def micro_usd(self, usage: Usage) -> int:
        """The price of `usage`, exact in the rates as they are written, rounded up."""
        cached = min(usage.cached, usage.input)
        cached_rate = self.input if self.cached_input is None else self.cached_input
        return math.ceil(
            _exact(self.input) * (usage.input - cached)
            + _exact(cached_rate) * cached
            + _exact(self.output) * usage.output
        )

    def at_most(self, input_tokens: int, output_tokens: int) -> int:
        """The dearest price of so many tokens, however many of them come from a cache."""
        dearest = max(self.input, self.cached_input or 0.0)
        return math.ceil(_exact(dearest) * input_tokens + _exact(self.output) * output_tokens)


def _exact(rate: float) -> Fraction:
    """The rate as a person wrote it: 0.1 is one tenth, not the binary number nearest to it."""
    return Fraction(repr(rate))
