"""What the loss pass tells of a student alone, where there is no teacher: GRPO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from journeyman.distill.diagnostics.kept import indices_of
from journeyman.distill.diagnostics.position import Row, bin_means


class Alone:
    """Collects the student's entropy at N response tokens of B rollouts; pass its parts as `observe` to a policy loss.

    Args:
        lengths: [B] int64; positions: [N] int64, in the order (rollout, position).
        finished: [B] bool. correct: [B] bool from a grader, or None.
    """

    def __init__(self, lengths: Any, positions: Any, finished: Any, correct: Sequence[bool] | None = None) -> None:
        self.lengths = lengths.cpu()
        self.positions = positions.cpu()
        self.finished = finished.cpu()
        self.correct = None if correct is None else torch.as_tensor(correct).bool()
        self.entropy = torch.full((len(self.positions),), torch.nan)

    def part(self, rollouts: Sequence[int]) -> AlonePart:
        """What to pass to a loss that gets only these rollouts, in this order."""
        return AlonePart(self, indices_of(self.lengths, torch.as_tensor(rollouts, dtype=torch.int64)))

    def metrics(self) -> dict[str, float]:
        """Entropy in nats a token, mean length, share of truncated responses, share of right ones."""
        found = {
            "entropy/student": float(self.entropy.nanmean()),
            "response/length": float(self.lengths.double().mean()),
            "response/truncated": float((~self.finished).double().mean()),
        }
        if self.correct is not None:
            found["score/rollouts"] = float(self.correct.double().mean())
        return {name: value for name, value in found.items() if value == value}

    def by_position(self, bins: int, horizon: int) -> dict[str, Row]:
        """Mean entropy in equal bins of the places 0 .. `horizon` - 1."""
        return {"entropy/student": bin_means(self.entropy, self.positions, bins, horizon)}

    def per_token(self) -> dict[str, Any]:
        """[N] float32 by name."""
        return {"entropy/student": self.entropy}


@dataclass(frozen=True)
class AlonePart:
    """A view of some tokens: `index` [n] are their places among all N."""

    whole: Alone
    index: Any

    def wants(self, chunk: slice) -> bool:
        """Always."""
        return True

    def see(self, chunk: slice, logp: Any, logq: Any) -> None:
        """Look at the student's log-probabilities [n, V]."""
        # 0 log 0 is 0: a padded row of a head has probability 0.
        entropy = -(logp.exp() * logp.clamp(min=torch.finfo(logp.dtype).min)).sum(-1)
        self.whole.entropy[self.index[chunk]] = entropy.float().cpu()


def joined(observers: Sequence[Alone]) -> Alone:
    """What several processes saw of their shares of a step, as one."""
    correct = [observer.correct for observer in observers]
    made = Alone(
        torch.cat([o.lengths for o in observers]),
        torch.cat([o.positions for o in observers]),
        torch.cat([o.finished for o in observers]),
        None if any(part is None for part in correct) else torch.cat(correct).tolist(),
    )
    made.entropy = torch.cat([o.entropy for o in observers])
    return made
