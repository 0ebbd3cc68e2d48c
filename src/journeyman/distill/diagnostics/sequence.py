"""Figures of whole responses: the mean reward that the teacher gives, how well it ranks right and wrong, gap recovery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def sequence_reward(log_ratio: Any, lengths: Any) -> Any:
    """[B] float64: mean of log q(y_t) - log p(y_t) over each response, in nats a token (section 6.2 of arXiv 2604.13016).

    `log_ratio` [N] are the tokens of B responses of `lengths` [B], in the order (response, position).
    """
    import torch

    lengths = lengths.to("cpu", torch.int64)
    row = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
    sums = torch.zeros(len(lengths), dtype=torch.float64)
    sums.index_add_(0, row, log_ratio.detach().to("cpu", torch.float64))
    return sums / lengths.clamp(min=1)


def auroc(scores: Sequence[float] | Any, correct: Sequence[bool] | Any) -> float | None:
    """Chance that a right response has a higher score than a wrong one, ties counted as half (Mann and Whitney).

    None where all are right or all are wrong: there is nothing to rank.
    """
    import torch

    values = torch.as_tensor(scores, dtype=torch.float64).cpu()
    right = torch.as_tensor(correct).cpu().bool()
    n_right = int(right.sum())
    n_wrong = len(right) - n_right
    if not n_right or not n_wrong:
        return None
    _, of, counts = torch.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum(0).double()
    ranks = (last - (counts - 1) / 2)[of]  # ties share the mean of their ranks
    return float((ranks[right].sum() - n_right * (n_right + 1) / 2) / (n_right * n_wrong))


def gap_recovery(before: float, after: float, teacher: float) -> float | None:
    """(after - before) / (teacher - before): the share of the teacher's lead that the student won.

    Above 1 where the student passes the teacher, below 0 where it lost. None where the teacher has no lead.
    """
    return None if teacher <= before else (after - before) / (teacher - before)
