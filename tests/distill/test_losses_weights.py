"""How tokens become one number: by hand, and that parts add up to the whole."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.distill.losses.divergence import divergence
from journeyman.distill.losses.heads import Head
from journeyman.distill.losses.spec import Aggregation, LossSpec
from journeyman.distill.losses.weights import token_weights
from journeyman.distill.rollout.rollouts import Rollouts, pack
from journeyman.errors import UsageError

AGGREGATIONS = get_args(Aggregation)


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        ("token-mean", (1 + 2 + 10) / 3),
        ("seq-mean-token-sum", (3 + 10) / 2),
        ("seq-mean-token-mean", (1.5 + 10) / 2),
        ("seq-mean-token-sum-norm", (3 / 8 + 10 / 8) / 2),
    ],
)
def test_four_aggregations_of_two_rows(aggregation: Aggregation, expected: float) -> None:
    per_token = torch.tensor([1.0, 2.0, 10.0])
    weights = token_weights(torch.tensor([2, 1]), aggregation, horizon=8)
    assert weights.dtype == torch.float32
    assert float((weights * per_token).sum()) == pytest.approx(expected)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=12),
    st.sampled_from(AGGREGATIONS),
    st.integers(1, 4),
    st.integers(0, 100),
)
def test_micro_batches_and_ranks_add_up(rows: list[int], aggregation: Aggregation, parts: int, seed: int) -> None:
    """Losses and gradients, with rows dealt out in unequal parts."""
    lengths = torch.tensor(rows)
    count = int(lengths.sum())
    g = torch.Generator().manual_seed(seed)
    hidden = torch.randn((count, 4), generator=g, dtype=torch.float64)
    weight, teacher = (torch.randn((20, 4), generator=g, dtype=torch.float64) for _ in range(2))
    whole: dict[str, Any] = {"tokens": count, "sequences": len(rows), "horizon": 10}
    spec = LossSpec(k=3, aggregation=aggregation)

    def loss(which: Any, weights: Any) -> tuple[float, Any]:
        head = Head(weight.clone().requires_grad_())
        tokens = torch.zeros(len(which), dtype=torch.int64)
        found = divergence(hidden[which], head, hidden[which], Head(teacher), tokens, weights, spec)
        found.loss.backward()
        return float(found.loss.detach()), head.weight.grad

    everything = torch.arange(count)
    value, gradient = loss(everything, token_weights(lengths, aggregation, horizon=10))
    row_of = torch.repeat_interleave(torch.arange(len(rows)), lengths)
    total, summed = 0.0, torch.zeros_like(weight)
    for part in range(parts):
        mine = row_of % parts == part
        if not mine.any():
            continue
        one = token_weights(lengths[part::parts], aggregation, **whole)
        v, w = loss(everything[mine], one)
        total, summed = total + v, summed + w
    assert total == pytest.approx(value, rel=1e-6)
    torch.testing.assert_close(summed, gradient, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_padding_and_what_comes_after_the_end_change_nothing(aggregation: Aggregation) -> None:
    """Rows as they come from a sampler: padded with anything, and a different anything."""
    hidden = torch.randn((40, 6), generator=torch.Generator().manual_seed(0))
    weight, teacher = (torch.randn((30, 6), generator=torch.Generator().manual_seed(s)) for s in (1, 2))
    losses = []
    for padding in (0, 29):
        ids = torch.tensor([[8, 9, 2, padding, padding], [10, 11, 12, 13, 2]])
        rollouts = Rollouts([[1, 5], [1, 7, 4]], torch.tensor([0, 1]), ids, torch.tensor([3, 5]), torch.tensor([True, True]))
        batch = pack(rollouts, pad_id=padding)
        states = hidden[batch.ids * batch.mask][batch.rows, batch.columns]
        weights = token_weights(batch.lengths, aggregation, horizon=5)
        found = divergence(states, Head(weight), states, Head(teacher), batch.tokens, weights, LossSpec(form="sampled"))
        assert len(found.per_token) == 8
        losses.append(found)
    assert torch.equal(losses[0].loss, losses[1].loss)
    assert torch.equal(losses[0].per_token, losses[1].per_token)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"aggregation": "mean"}, "'mean' is unknown"),
        ({"aggregation": "seq-mean-token-sum-norm"}, "pass horizon"),
        ({"aggregation": "token-mean", "tokens": 0}, "tokens is 0"),
        ({"aggregation": "seq-mean-token-sum", "sequences": -1}, "sequences is -1"),
    ],
)
def test_a_denominator_that_is_missing_or_wrong_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        token_weights(torch.tensor([2, 1]), **wrong)
