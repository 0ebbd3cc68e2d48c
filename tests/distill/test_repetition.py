"""One text that each rule rejects, and one just short of it."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.distill.data.repetition import (
    RULES,
    filter_responses,
    rejected_by,
    repeated_block,
    repeated_window,
    rules,
)
from journeyman.errors import UsageError


def noise(length: int, seed: int = 0) -> str:
    rng = random.Random(seed)
    return "".join(rng.choices(string.ascii_letters + " ", k=length))


LINE = "so we try the next number"
BLOCK = noise(50, seed=7)
WINDOW = noise(100, seed=8)

REJECTED = {
    "no_box": "The answer is 4.",
    "repeated_line": f"{LINE}\n" * 5,
    # Spaced by multiples of the stride, and too far apart in content for any other rule.
    "repeated_window": WINDOW + noise(200, 1) + WINDOW + noise(200, 2) + WINDOW,
    "repeated_block": noise(4_913) + BLOCK * 3 + noise(40, 3),
}

KEPT = {
    "no_box": "The answer is \\boxed{4}.",
    "repeated_line": f"{LINE}\n" * 4 + "so we try\n" * 9,  # four times; and often, but short
    "repeated_window": WINDOW + noise(200, 1) + WINDOW + noise(205, 2) + WINDOW,  # the third one is off the stride
    "repeated_block": noise(4_913) + BLOCK * 2 + noise(200, 3),
}


@pytest.mark.parametrize("name", RULES)
def test_each_rule_rejects_what_it_is_for(name: str) -> None:
    assert RULES[name](REJECTED[name])


@pytest.mark.parametrize("name", RULES)
def test_each_rule_keeps_what_is_just_short_of_it(name: str) -> None:
    assert not RULES[name](KEPT[name])


def test_examples_fall_to_their_own_rule_alone() -> None:
    for name in RULES:
        box = "" if name == "no_box" else "\n\\boxed{4}"
        assert rejected_by(REJECTED[name] + box) == [name]
        assert rejected_by(KEPT[name] + "\n\\boxed{4}") == []


def test_lines_count_whatever_space_is_around_them() -> None:
    assert RULES["repeated_line"]("\n".join(" " * i + LINE for i in range(5)))


def test_blocks_in_a_row_count_in_long_texts_only() -> None:
    loop = BLOCK * 3
    assert repeated_block(noise(4_851) + loop)
    assert not repeated_block(noise(4_850) + loop)  # 5,000 characters exactly
    assert not repeated_block(noise(5_000) + BLOCK + noise(50, 4) + BLOCK + noise(50, 5) + BLOCK)


@settings(max_examples=25, deadline=None)
@given(shift=st.integers(0, 60), block=st.text(string.ascii_lowercase, min_size=50, max_size=50))
def test_a_loop_is_found_wherever_it_begins(shift: int, block: str) -> None:
    assert repeated_block(noise(5_000 + shift) + block * 3 + noise(30, 6))


@settings(max_examples=25, deadline=None)
@given(period=st.sampled_from([1, 2, 5, 10, 20, 50]))
def test_short_periods_fill_windows(period: int) -> None:
    assert repeated_window(noise(period) * (300 // period))


def test_texts_of_nothing_and_of_little_break_no_rule_but_the_box() -> None:
    for text in ("", "\n", "a"):
        assert rejected_by(text) == ["no_box"]


def test_a_filter_counts_each_reason() -> None:
    texts = ["\\boxed{1}", REJECTED["repeated_line"], KEPT["repeated_line"] + "\\boxed{2}", "\\boxed{3}"]
    found = filter_responses(texts, [True, True, True, False])
    assert found.kept == [0, 2]
    counts = {"incomplete": 1, "no_box": 1, "repeated_line": 1, "repeated_window": 0, "repeated_block": 0}
    assert found.rejected == counts


def test_rules_are_chosen_by_name() -> None:
    assert filter_responses(["[ 4 ]"], checked=rules(["repeated_line", "repeated_window"])).kept == [0]
    assert list(rules()) == list(RULES)
    with pytest.raises(UsageError, match="no rejection rule 'box'"):
        rules(["box"])
    with pytest.raises(UsageError, match="2 responses, but 1"):
        filter_responses(["a", "b"], [True])
