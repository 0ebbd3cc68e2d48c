"""GRPO with an outcome reward, as the paper's improved teachers were made (arXiv 2604.13016, Table 1).

What it is: the reward of a response less the mean of its prompt's group, over the group's standard deviation, is the
advantage of each of its tokens; the clipped ratio of PPO; tokens averaged over the batch; no KL term, no value function.
One update a batch, so the policy that the update begins with is the one that is differentiated: its ratio is 1 and the
clip does not act, unless `old` is given. What does act is the correction: sampler and trainer compute the same
probabilities by different code, and each token's term is multiplied by p_trainer / p_sampler, at most `correction`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from journeyman.distill.losses.forms import Divergence
from journeyman.distill.losses.heads import Head
from journeyman.distill.losses.observes import Observes
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.train_spec import GrpoSpec

CHUNK_NUMBERS = 2**24
"""Logits of one chunk: 64 MiB in float32, and autograd keeps about three such matrices."""


@dataclass(frozen=True)
class Outcome:
    """What a batch's N tokens are worth.

    Attributes:
        advantages: [N] float32, the same for all tokens of a response.
        sampled: [N] float32, log-probability each token was sampled with, or None: no correction.
        old: [N] float32, its log-probability under the policy that the update began with, or None: that of now.
    """

    advantages: torch.Tensor
    sampled: torch.Tensor | None = None
    old: torch.Tensor | None = None

    def part(self, some: slice) -> Outcome:
        """What some of the tokens are worth."""
        sampled = None if self.sampled is None else self.sampled[some]
        return Outcome(self.advantages[some], sampled, None if self.old is None else self.old[some])


def outcomes(rollouts: Rollouts, correct: Sequence[bool | None], spec: GrpoSpec) -> Outcome:
    """What the tokens of whole groups of responses are worth: a right response has the reward 1, any other 0."""
    rewards = torch.tensor([float(value is True) for value in correct], device=rollouts.ids.device)
    each = advantages(rewards, rollouts.prompt_of, spec.scale_by_deviation)
    sampled = None if rollouts.logp is None else rollouts.logp[rollouts.mask]
    return Outcome(torch.repeat_interleave(each, rollouts.lengths), sampled)


def advantages(rewards: torch.Tensor, group: torch.Tensor, scale: bool = True, eps: float = 1e-6) -> torch.Tensor:
    """[B]: each reward less the mean of its group, over the group's standard deviation (n - 1) if `scale`.

    `rewards` [B] float, `group` [B] int64 from 0. A group with equal rewards gives 0: it tells nothing.
    """
    count = torch.bincount(group).to(rewards.dtype)
    mean = torch.zeros_like(count).index_add_(0, group, rewards) / count.clamp(min=1)
    centred = rewards - mean[group]
    if not scale:
        return centred
    variance = torch.zeros_like(count).index_add_(0, group, centred**2) / (count - 1).clamp(min=1)
    return centred / (variance.sqrt()[group] + eps)


def policy_terms(logp: torch.Tensor, outcome: Outcome, spec: GrpoSpec) -> torch.Tensor:
    """[N] -min(ratio A, clipped ratio A) times the truncated correction; differentiable with respect to `logp` [N]."""
    old = logp.detach() if outcome.old is None else outcome.old
    ratio = (logp - old).clamp(-20, 20).exp()
    clipped = ratio.clamp(1 - spec.clip, 1 + spec.clip)
    terms = -torch.minimum(ratio * outcome.advantages, clipped * outcome.advantages)
    if outcome.sampled is not None and spec.correction:
        terms = terms * (old - outcome.sampled).clamp(-20, 20).exp().clamp(max=spec.correction)
    return terms


def policy_loss(
    hidden: torch.Tensor,
    head: Head,
    outcome: Outcome,
    tokens: torch.Tensor,
    weights: torch.Tensor,
    spec: GrpoSpec,
    *,
    temperature: float = 1.0,
    chunk: int | None = None,
    observe: Observes | None = None,
) -> Divergence:
    """sum of weights * `policy_terms` over N tokens, from last hidden states [N, H]; logits of `chunk` tokens at a time,
    default as many as `CHUNK_NUMBERS` holds.

    Differentiable with respect to `hidden`, `head.weight` and `head.bias`; the gradient is formed in the forward pass.
    `observe` is shown the student's distribution, and None for the teacher's.
    """
    rows = chunk or max(16, CHUNK_NUMBERS // head.size)
    loss, per_token = _Chunked.apply(
        hidden, head.weight, head.bias, head, outcome, tokens, weights, spec, temperature, rows, observe
    )
    return Divergence(loss, per_token)


class _Chunked(torch.autograd.Function):  # type: ignore[misc]  # torch is Any to mypy
    """Runs head and terms chunk by chunk, each with a small graph of its own, and keeps only the gradients."""

    @staticmethod
    def forward(ctx: Any, hidden: Any, weight: Any, bias: Any, head: Head, whole: Outcome, tokens: Any, weights: Any,
                spec: GrpoSpec, temperature: float, chunk: int, observe: Observes | None) -> Any:  # fmt: skip
        needed = [tensor is not None and tensor.requires_grad for tensor in (hidden, weight, bias)]
        leaf_weight = weight.detach().requires_grad_(needed[1])
        leaf_bias = None if bias is None else bias.detach().requires_grad_(needed[2])
        leaf_head = Head(leaf_weight, leaf_bias, head.scale, head.cap, head.vocab)
        loss = torch.zeros((), device=hidden.device)
        per_token, grads = [], []
        for start in range(0, hidden.shape[0], chunk):
            at = slice(start, min(start + chunk, hidden.shape[0]))
            outcome = whole.part(at)
            with torch.enable_grad():
                leaf = hidden[at].detach().requires_grad_(needed[0])
                logp = torch.log_softmax(leaf_head.logits(leaf).float() / temperature, -1)
                terms = policy_terms(logp.gather(-1, tokens[at, None]).squeeze(-1), outcome, spec)
                part = (weights[at] * terms).sum()
            if observe is not None and observe.wants(at):
                observe.see(at, logp.detach(), None)
            if any(needed):
                part.backward()
            loss += part.detach()
            per_token.append(terms.detach())
            grads.append(leaf.grad)
        bias_grad = None if leaf_bias is None else leaf_bias.grad
        ctx.grads = (torch.cat(grads) if needed[0] else None, leaf_weight.grad, bias_grad)
        together = torch.cat(per_token)
        ctx.mark_non_differentiable(together)
        return loss, together

    @staticmethod
    def backward(ctx: Any, scale: Any, _: Any) -> Any:
        return *(None if grad is None else grad * scale for grad in ctx.grads), *(None,) * 8
