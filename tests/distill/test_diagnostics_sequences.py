"""Figures of whole responses, repeated passages, and values by place."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.distill.diagnostics.position import bin_edges, bin_means, heat_map, onset
from journeyman.distill.diagnostics.repetition import repeated
from journeyman.distill.diagnostics.sequence import auroc, gap_recovery, sequence_reward
from journeyman.errors import UsageError

scores = st.lists(st.tuples(st.integers(0, 5).map(float), st.booleans()), max_size=30)
texts = st.lists(st.lists(st.integers(0, 2), max_size=25), max_size=4)


def test_sequence_reward_is_the_mean_over_each_response() -> None:
    found = sequence_reward(torch.tensor([1.0, 3.0, -1.0, 0.0, 0.0, 3.0]), torch.tensor([2, 1, 3]))
    assert found.tolist() == [2.0, -1.0, 1.0]


@given(scores)
def test_auroc_counts_pairs(pairs: list[tuple[float, bool]]) -> None:
    right = [score for score, correct in pairs if correct]
    wrong = [score for score, correct in pairs if not correct]
    found = auroc([score for score, _ in pairs], [correct for _, correct in pairs])
    if not right or not wrong:
        assert found is None
        return
    wins = sum(1.0 if r > w else 0.5 if r == w else 0.0 for r in right for w in wrong)
    assert found == pytest.approx(wins / (len(right) * len(wrong)))


def test_auroc_at_its_ends() -> None:
    assert auroc([0.1, 0.2, 0.8, 0.9], [False, False, True, True]) == 1
    assert auroc([0.1, 0.2, 0.8, 0.9], [True, True, False, False]) == 0
    assert auroc([3.0] * 4, [True, False, True, False]) == 0.5
    assert auroc([1.0, 2.0], [True, True]) is None


def test_gap_recovery() -> None:
    assert gap_recovery(0.28, 0.28, 0.54) == 0
    assert gap_recovery(0.28, 0.54, 0.54) == 1
    assert gap_recovery(0.28, 0.41, 0.54) == pytest.approx(0.5)
    assert gap_recovery(0.28, 0.2, 0.54) < 0  # type: ignore[operator]
    assert gap_recovery(0.5, 0.6, 0.5) is None
    assert gap_recovery(0.5, 0.6, 0.4) is None, "a teacher that is behind has no lead to win"


@settings(max_examples=60)
@given(texts, st.integers(1, 6))
def test_repeated_finds_what_a_search_finds(sequences: list[list[int]], n: int) -> None:
    expected = []
    for ids in sequences:
        for at in range(len(ids)):
            gram = ids[at - n + 1 : at + 1] if at >= n - 1 else None
            earlier = [ids[i - n + 1 : i + 1] for i in range(n - 1, at)]
            expected.append(gram is not None and gram in earlier)
    tokens = torch.tensor([token for ids in sequences for token in ids], dtype=torch.int64)
    lengths = torch.tensor([len(ids) for ids in sequences], dtype=torch.int64)
    assert repeated(tokens, lengths, n).tolist() == expected


def test_repetition_ends_where_the_response_ends() -> None:
    tokens = torch.tensor([1, 2, 3, 1, 2, 3])
    assert repeated(tokens, torch.tensor([6]), 2).tolist() == [False, False, False, False, True, True]
    assert not repeated(tokens, torch.tensor([3, 3]), 2).any()


@given(st.integers(1, 40), st.integers(1, 60))
def test_bins_part_the_horizon(bins: int, horizon: int) -> None:
    edges = bin_edges(bins, horizon)
    assert edges[0] == 0
    assert edges[-1] == horizon
    widths = [b - a for a, b in pairwise(edges)]
    assert len(widths) == min(bins, horizon)
    assert max(widths) - min(widths) <= 1
    places = torch.arange(horizon)
    for (a, b), mean in zip(pairwise(edges), bin_means(places.double(), places, bins, horizon), strict=True):
        assert mean == pytest.approx(sum(range(a, b)) / (b - a)), "the same places as the edges say"


def test_bin_means() -> None:
    values = torch.tensor([1.0, 2.0, torch.nan, 5.0, 7.0])
    positions = torch.tensor([0, 1, 2, 3, 90])
    assert bin_means(values, positions, 4, 8) == [1.5, 5.0, None, 7.0]
    with pytest.raises(UsageError, match="at least 1"):
        bin_means(values, positions, 0, 8)


def test_heat_map_orders_steps_and_refuses_rows_of_different_bins() -> None:
    found = heat_map([(20, [0.5, None]), (10, [1.0, 2.0])], horizon=10)
    assert found.steps == [10, 20]
    assert found.edges == [0, 5, 10]
    assert found.rows == [[1.0, 2.0], [0.5, None]]
    assert heat_map([], horizon=10).rows == []
    with pytest.raises(UsageError, match=r"\[1, 2\] bins"):
        heat_map([(1, [1.0]), (2, [1.0, 2.0])], horizon=10)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 2.0, 3.0], 6),
        ([0.5, 0.5, 0.5, 2.0, 2.5, 2.0, 2.0, None], 3),
        ([0.5, 0.5, 3.0, 0.5, 0.5, 0.5], None),
        ([0.5] * 6, None),
        ([None, None], None),
        ([], None),
    ],
)
def test_onset_is_where_a_band_at_the_end_begins(row: list[float | None], expected: int | None) -> None:
    assert onset(row) == expected


def test_onset_against_a_level_of_an_earlier_step() -> None:
    assert onset([0.5, 1.5, 1.5, 1.5], against=0.5) == 1
    assert onset([1.5, 1.5, 1.5, 1.5], against=0.5) is None, "no band but a level"
