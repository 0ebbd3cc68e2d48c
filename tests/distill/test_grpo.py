"""GRPO: its terms against plain formulas, and a reward that rises."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_run import grader_file, prompts_file, small_spec

from journeyman.distill import events
from journeyman.distill.diagnostics.alone import Alone, joined
from journeyman.distill.grpo import Outcome, advantages, outcomes, policy_loss, policy_terms
from journeyman.distill.losses.heads import Head
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.train import train
from journeyman.distill.train_spec import GrpoSpec
from journeyman.errors import DataInvalid
from journeyman.runlog import RunLog

PLAIN = GrpoSpec()


@given(st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=3, max_size=3), min_size=1, max_size=4))
def test_advantages_are_standard_scores_of_each_group(groups: list[list[float]]) -> None:
    rewards = torch.tensor([reward for group in groups for reward in group])
    group = torch.arange(len(groups)).repeat_interleave(3)
    found = advantages(rewards, group).tolist()
    for at, values in enumerate(groups):
        mean, deviation = statistics.mean(values), statistics.stdev(values)
        for place, value in enumerate(values):
            expected = (value - mean) / deviation if deviation else 0.0
            assert found[3 * at + place] == pytest.approx(expected, abs=1e-4)
    unscaled = advantages(rewards, group, scale=False)
    assert torch.zeros(len(groups)).index_add_(0, group, unscaled).abs().max() < 1e-6


def test_a_shuffled_batch_gets_the_same_advantages() -> None:
    rewards, group = torch.tensor([1.0, 0, 0, 1, 1, 0]), torch.tensor([0, 0, 1, 1, 2, 2])
    order = torch.tensor([5, 2, 0, 4, 3, 1])
    torch.testing.assert_close(advantages(rewards, group)[order], advantages(rewards[order], group[order]))


def test_terms_are_those_of_the_clipped_ratio_with_a_truncated_correction() -> None:
    logp = torch.tensor([-1.0, -1.0, -1.0, -1.0, -1.0, -1.0])
    old = torch.tensor([-1.5, -1.5, -0.5, -0.5, -1.0, -1.0])  # ratios 1.65, 1.65, .61, .61, 1, 1
    sampled = torch.tensor([-1.5, -1.5, -0.5, -0.5, -2.0, -0.5])  # corrections 1, 1, 1, 1, 2.7 cut to 2, .61
    value = torch.tensor([2.0, -2.0, 2.0, -2.0, 1.0, 1.0])
    found = policy_terms(logp, Outcome(value, sampled, old), PLAIN)
    up, down = 1.6487, 0.6065
    expected = [-1.2 * 2, 2 * up, -2 * down, 2 * 0.8, -2.0, -down]
    torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-4, atol=1e-4)
    uncorrected = policy_terms(logp, Outcome(value, sampled, old), GrpoSpec(correction=0))
    torch.testing.assert_close(uncorrected[4:], torch.tensor([-1.0, -1.0]))


@pytest.mark.parametrize("cap", [None, 5.0])
@pytest.mark.parametrize("bias", [False, True])
def test_the_loss_from_hidden_states_equals_plain_autograd_on_logits(cap: float | None, bias: bool) -> None:
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    hidden, weight, offset = random(11, 6).requires_grad_(), random(20, 6).requires_grad_(), random(20).requires_grad_()
    head = Head(weight, offset if bias else None, 1.5, cap, vocab=17)
    tokens = torch.randint(0, 17, (11,), generator=generator)
    outcome = Outcome(random(11), random(11) - 3, random(11) * 0.1 - 3)
    weights = torch.rand(11, generator=generator)

    logp = torch.log_softmax(head.logits(hidden) / 0.7, -1).gather(-1, tokens[:, None]).squeeze(-1)
    expected = (weights * policy_terms(logp, outcome, PLAIN)).sum()
    leaves = [hidden, weight] + [offset] * bias
    wanted = torch.autograd.grad(3 * expected, leaves)
    found = policy_loss(hidden, head, outcome, tokens, weights, PLAIN, temperature=0.7, chunk=4)
    torch.testing.assert_close(found.loss, expected)
    for ours, theirs in zip(torch.autograd.grad(3 * found.loss, leaves), wanted, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_outcomes_follow_tokens_and_their_parts() -> None:
    rollouts = Rollouts(
        [[1], [2]], torch.tensor([1, 0, 0, 1]), torch.zeros(4, 3, dtype=torch.int64), torch.tensor([3, 2, 1, 1]),
        torch.ones(4, dtype=torch.bool), torch.arange(12.0).reshape(4, 3),
    )  # fmt: skip
    outcome = outcomes(rollouts, [True, None, True, False], GrpoSpec(scale_by_deviation=False))
    assert outcome.advantages.tolist() == [0.5, 0.5, 0.5, -0.5, -0.5, 0.5, -0.5]
    part = outcome.part(slice(3, 6))
    assert part.sampled is not None
    assert part.sampled.tolist() == [3, 4, 6]
    assert part.advantages.tolist() == [-0.5, -0.5, 0.5]


def test_the_reward_of_a_small_model_rises(tiny: Callable[..., Path], tmp_path: Path) -> None:
    spec = small_spec(
        tiny("student", seed=1), "", prompts_file(tmp_path), method="grpo", grader=grader_file(tmp_path),
        prompts_per_step=4, rollouts_per_prompt=8, steps=15, lr=5e-3, tokens_per_micro_batch=256, save_every=0,
    )  # fmt: skip
    result = train(spec, runs=tmp_path / "runs")
    with RunLog.open(result.run) as log:
        scores = [step.metrics["score/rollouts"] for step in events.steps(log)]
        first = events.steps(log)[0]
        about = events.about(log)
    assert statistics.mean(scores[-3:]) > statistics.mean(scores[:3]) + 0.25
    assert about.teacher == {}
    assert {"loss", "gradient/norm", "entropy/student", "response/length", "sampler/gap"} <= first.metrics.keys()
    assert first.metrics["sampler/gap"] < 1e-5
    assert first.by_position.keys() == {"entropy/student"}
    assert 0 < first.metrics["entropy/student"] < 4


def test_grpo_needs_answers(tiny: Callable[..., Path], tmp_path: Path) -> None:
    prompts = tmp_path / "p.jsonl"
    prompts.write_text('{"question": "1 + 1"}\n')
    with pytest.raises(DataInvalid, match="an answer to none; method 'grpo' needs answers"):
        train(small_spec(tiny("student", seed=1), "", prompts, method="grpo"), runs=tmp_path)


def test_the_observer_of_a_student_alone_measures_entropy_and_joins() -> None:
    logp = torch.log_softmax(torch.randn(5, 9, generator=torch.Generator().manual_seed(1)), -1)
    exact = -(logp.exp() * logp).sum(-1)

    def seen(rows: slice, lengths: list[int]) -> Alone:
        positions = torch.cat([torch.arange(n) for n in lengths])
        alone = Alone(torch.tensor(lengths), positions, torch.ones(len(lengths), dtype=torch.bool), [True] * len(lengths))
        for row, n in enumerate(lengths):
            start = rows.start + sum(lengths[:row])
            alone.part([row]).see(slice(0, n), logp[start : start + n], None)
        return alone

    together = joined([seen(slice(0, 3), [2, 1]), seen(slice(3, 5), [2])])
    torch.testing.assert_close(together.per_token()["entropy/student"], exact)
    metrics = together.metrics()
    assert metrics["entropy/student"] == pytest.approx(float(exact.mean()))
    assert metrics["response/length"] == pytest.approx(5 / 3)
    assert metrics["score/rollouts"] == 1.0
    impossible = Alone(torch.tensor([1]), torch.tensor([0]), torch.tensor([True]))
    impossible.part([0]).see(slice(0, 1), torch.log(torch.tensor([[0.5, 0.5, 0.0]])), None)
    assert float(impossible.entropy[0]) == pytest.approx(0.6931, abs=1e-4)
