"""The k largest, and the five sets made of two lists."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.distill.losses.dense import Side
from journeyman.distill.losses.gathered import search
from journeyman.distill.losses.heads import Head
from journeyman.distill.losses.projection import projection
from journeyman.distill.losses.spec import Strategy
from journeyman.distill.losses.token_sets import TokenSet, is_in, token_set
from journeyman.distill.losses.top import top_k
from journeyman.errors import UsageError


def sorted_in_full(values: Any, k: int) -> tuple[Any, Any]:
    found, ids = torch.sort(values, dim=-1, descending=True, stable=True)
    return found[:, :k], ids[:, :k]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 3_000), st.integers(1, 40), st.booleans())
def test_the_k_largest_are_those_of_a_full_sort(seed: int, size: int, k: int, coarse: bool) -> None:
    """Coarse values are full of ties, which go to the lower id."""
    g = torch.Generator().manual_seed(seed)
    values = torch.randn((4, size), generator=g)
    values = (values * 2).round() if coarse else values
    k = min(k, size)
    for ours, theirs in zip(top_k(values, k), sorted_in_full(values, k), strict=True):
        assert torch.equal(ours, theirs)


def test_equal_values_go_by_id_at_any_size() -> None:
    values = torch.zeros((2, 5_000))
    values[1, 4_999] = 1.0
    assert top_k(values, 3)[1].tolist() == [[0, 1, 2], [4_999, 0, 1]]


@pytest.mark.parametrize("k", [0, 6])
def test_more_than_there_are_is_refused(k: int) -> None:
    with pytest.raises(UsageError, match="between 1 and the number of tokens, 5"):
        top_k(torch.zeros((1, 5)), k)


@pytest.mark.parametrize("order", ["random", "rising", "falling", "ties", "constant"])
@pytest.mark.parametrize("size", [700, 64 * 40, 64 * 40 + 13])
def test_the_search_in_parts_is_a_search_of_the_whole(order: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a few blocks. Rising logits are the worst case: every part is better than all before."""
    monkeypatch.setitem(search.__globals__["SEARCHED_BYTES"], "cpu", 64 * 4 * 5 * 4)
    monkeypatch.setitem(search.__globals__, "SEARCHED_TOKENS", 5)
    g = torch.Generator().manual_seed(0)
    weight = torch.randn((size, 3), generator=g)
    ramp = torch.linspace(-20, 20, size)
    bias = {"random": 0 * ramp, "rising": ramp, "falling": -ramp, "ties": 0 * ramp, "constant": 0 * ramp}[order]
    if order in ("ties", "constant"):
        weight = (weight * (order == "ties")).round()
    hidden = torch.randn((12, 3), generator=g)
    hidden = hidden.round() if order == "ties" else hidden
    head = Head(weight, bias)
    found = search(Side(hidden, projection(head, hidden, 1.0)), 16)
    logits = head.logits(hidden)
    assert torch.equal(found.ids, sorted_in_full(logits, 16)[1])
    torch.testing.assert_close(found.normaliser, logits.logsumexp(-1))


LISTS = st.integers(1, 8).flatmap(
    lambda k: st.lists(
        st.tuples(*(st.permutations(range(12)).map(lambda ids, k=k: ids[:k]) for _ in range(2))), min_size=1, max_size=5
    )
)


def members(found: TokenSet, row: int) -> list[int]:
    return [int(i) for i, valid in zip(found.ids[row], found.valid[row], strict=True) if valid]


@settings(deadline=None)
@given(LISTS)
def test_sets_are_sets(rows: list[tuple[list[int], list[int]]]) -> None:
    student, teacher = (torch.tensor([pair[side] for pair in rows]) for side in (0, 1))
    found = {strategy: token_set(student, teacher, strategy) for strategy in get_args(Strategy)}
    for n, (s, t) in enumerate((set(a), set(b)) for a, b in rows):
        expected = {"student": s, "teacher": t, "intersection": s & t, "union": s | t, "symmetric_difference": s ^ t}
        for strategy, one in found.items():
            listed = members(one, n)
            assert len(listed) == len(set(listed)), "a token is counted once"
            assert set(listed) == expected[strategy]
            for slot in range(one.ids.shape[1]):
                if one.valid[n, slot]:
                    assert bool(one.in_student[n, slot]) == (int(one.ids[n, slot]) in s)
                    assert bool(one.in_teacher[n, slot]) == (int(one.ids[n, slot]) in t)
        sizes = {strategy: len(members(one, n)) for strategy, one in found.items()}
        assert sizes["union"] + sizes["intersection"] == 2 * len(s)
        assert sizes["symmetric_difference"] + sizes["intersection"] == sizes["union"]


def test_a_set_of_one_list_needs_no_other() -> None:
    student = torch.tensor([[3, 1]])
    alone = token_set(student, None, "student")
    assert alone.ids.tolist() == [[3, 1]]
    assert alone.in_teacher is None
    for strategy in ("teacher", "union"):
        with pytest.raises(UsageError, match="needs the teacher's top-k list"):
            token_set(student, None, strategy)  # type: ignore[arg-type]


def test_membership_of_lists_of_other_lengths() -> None:
    assert is_in(torch.tensor([[5, 0, 9]]), torch.tensor([[9, 5]])).tolist() == [[True, False, True]]
