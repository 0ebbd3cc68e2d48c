"""Average ranks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.errors import UsageError
from journeyman.stats.rank import average_ranks, ranks

scores = st.lists(st.one_of(st.none(), st.integers(-5, 5).map(float)), min_size=1, max_size=8)


@given(scores, st.booleans())
@settings(deadline=None)
def test_a_rank_counts_those_before_and_half_of_those_beside(
    found: list[float | None], maximize: bool
) -> None:
    def beats(a: float | None, b: float | None) -> bool:
        if a is None or b is None:
            return a is not None and b is None
        return a > b if maximize else a < b

    for mean, first, mine in zip(
        ranks(found, maximize=maximize), ranks(found, maximize=maximize, ties="smallest"), found, strict=True
    ):
        ahead = sum(beats(other, mine) for other in found)
        beside = sum(other == mine for other in found)
        assert first == 1 + ahead
        assert mean == 1 + ahead + (beside - 1) / 2
    assert math.isclose(sum(ranks(found, maximize=maximize)), len(found) * (len(found) + 1) / 2)


def test_average_ranks_count_each_task_once() -> None:
    # One task of three cells that the first method wins, one of a single cell that it loses.
    found = average_ranks([[[3.0, 1.0]] * 3, [[0.0, 5.0]]])
    assert [interval.mean for interval in found] == [1.5, 1.5]
    assert found[0].low == 1.0
    assert found[0].high == 2.0
    assert found[0].n == 4


def test_average_ranks_of_methods_that_never_change_places_have_no_width() -> None:
    found = average_ranks([[[3.0, None, 1.0]] * 2] * 3)
    assert [(i.low, i.mean, i.high) for i in found] == [(1, 1, 1), (3, 3, 3), (2, 2, 2)]


def test_cells_with_different_methods_are_refused() -> None:
    assert ranks([]) == []
    with pytest.raises(UsageError, match=r"here there are \[1, 2\]"):
        average_ranks([[[1.0]], [[1.0, 2.0]]])
    with pytest.raises(UsageError, match="here there are none"):
        average_ranks([])
