"""Money in whole millionths of a dollar, never less than it is; the worst case is one."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from remote_kit import PNG

from journeyman.models import Cost, Message, Price, Prompt, Usage
from journeyman.models.bound import PER_MESSAGE, PER_PROMPT, input_tokens, worst_case

rates = st.decimals(0, 1000, places=4).map(float)
counts = st.integers(0, 10**7)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    read, written = draw(counts), draw(counts)
    return Usage(read, written, draw(st.integers(0, written)), draw(st.integers(0, read)))


prices = st.builds(Price, rates, rates, st.none() | rates)


@pytest.mark.parametrize(
    ("price", "usage", "micro_usd"),
    [
        (Price(1.25, 10.0), Usage(1_000_000, 0), 1_250_000),
        (Price(1.25, 10.0), Usage(0, 1_000_000, 900_000), 10_000_000),
        (Price(1.25, 10.0, 0.125), Usage(1_000_000, 0, 0, 400_000), 600_000 * 1.25 + 50_000),
        (Price(1.25, 10.0), Usage(1_000_000, 0, 0, 400_000), 1_250_000),
        (
            Price(0.1, 0.0),
            Usage(10, 0),
            1,
        ),  # in binary floating point, ten times 0.1 is a little more in other sums
        (Price(0.1, 0.2), Usage(1, 1), 1),
        (Price(0.27, 1.1), Usage(1, 0), 1),
        (Price(0.07, 0.0), Usage(100, 0), 7),  # 0.07 * 100 is 7.000000000000001 in floating point
        (Price(0.0, 0.0), Usage(10**9, 10**9), 0),
        (Price(3, 15), Usage(7, 5), 96),
        (Price(1e-7, 0.0), Usage(10**7, 0), 1),
    ],
)
def test_known_prices(price: Price, usage: Usage, micro_usd: float) -> None:
    assert price.micro_usd(usage) == micro_usd


@given(prices, usages())
def test_a_price_is_exact_and_rounded_up(price: Price, usage: Usage) -> None:
    cached_rate = price.input if price.cached_input is None else price.cached_input
    exact = (
        Fraction(str(price.input)) * (usage.input - usage.cached)
        + Fraction(str(cached_rate)) * usage.cached
        + Fraction(str(price.output)) * usage.output
    )
    assert price.micro_usd(usage) == math.ceil(exact)


@given(prices, usages(), usages())
def test_more_tokens_never_cost_less_and_no_split_is_cheaper(price: Price, one: Usage, other: Usage) -> None:
    both = Usage(one.input + other.input, one.output + other.output, 0, one.cached + other.cached)
    together = price.micro_usd(both)
    assert together >= max(price.micro_usd(one), price.micro_usd(other))
    assert together <= price.micro_usd(one) + price.micro_usd(other) <= together + 1


@given(prices, usages())
def test_no_reply_is_dearer_than_the_worst_of_its_size(price: Price, usage: Usage) -> None:
    assert price.micro_usd(usage) <= price.at_most(usage.input, usage.output)


@given(st.text(max_size=300), st.integers(0, 3), st.none() | st.integers(1, 1000))
def test_the_worst_case_counts_bytes_marks_images_and_the_limit(
    text: str, images: int, limit: int | None
) -> None:
    prompt = Prompt((Message("system", "é"), Message("user", text, (PNG,) * images)), max_tokens=limit)
    read = PER_PROMPT + 2 * PER_MESSAGE + 2 + len(text.encode("utf-8", "surrogatepass")) + 700 * images
    assert input_tokens(prompt, 700) == read
    price = Price(1.0, 2.0, 3.0)  # a cache that costs more than no cache is counted as it is
    written = 50 if limit is None else limit
    assert worst_case(prompt, max_tokens=50, image_tokens=700, price=price) == Cost(
        read + written, 3 * read + 2 * written
    )
    assert worst_case(prompt, max_tokens=50, image_tokens=700, price=None) == Cost(read + written, 0)
