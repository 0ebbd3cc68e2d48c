"""What the paper's algebra says of the forms, on random distributions: unbiasedness, limits, and what is exactly zero."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.distill.losses.divergence import divergence
from journeyman.distill.losses.forms import Divergence, divergence_of_logits
from journeyman.distill.losses.heads import Head
from journeyman.distill.losses.spec import LossSpec

N = 5
SEEDS = st.integers(0, 10_000)
VOCABULARIES = st.integers(12, 50)


def logits(seed: int, vocabulary: int) -> tuple[Any, Any, Any]:
    g = torch.Generator().manual_seed(seed)
    z_s, z_t = (2 * torch.randn((N, vocabulary), generator=g, dtype=torch.float64) for _ in range(2))
    return z_s.requires_grad_(), z_t, torch.randint(vocabulary, (N,), generator=g)


def of(z_s: Any, z_t: Any, tokens: Any, **spec: Any) -> tuple[Divergence, Any]:
    """The loss and its gradient by the student's logits; all weights 1. By way of identity heads, in chunks."""
    vocabulary = z_s.shape[1]
    head = Head(torch.eye(vocabulary, dtype=torch.float64))
    ones = torch.ones(len(tokens), dtype=torch.float64)
    found = divergence(z_s, head, z_t, head, tokens, ones, LossSpec(**spec), chunk=2)
    return found, torch.autograd.grad(found.loss, z_s)[0]


@pytest.fixture(autouse=True, scope="module")
def gathered_wherever_it_can_be() -> Iterator[None]:
    """Eq 5 from the rows of its set, in small vocabularies, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(divergence.__globals__, "GATHERED_FROM", 0)
        yield


def close(ours: Any, theirs: Any) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)


def log_probabilities(z: Any) -> Any:
    return torch.log_softmax(z.detach(), -1)


@settings(deadline=None, max_examples=20)
@given(SEEDS, VOCABULARIES)
def test_the_sampled_token_is_right_in_the_mean(seed: int, vocabulary: int) -> None:
    z_s, z_t, tokens = logits(seed, vocabulary)
    full, expected = of(z_s, z_t, tokens, form="full")
    p = log_probabilities(z_s).exp()
    value, gradient = torch.zeros(N, dtype=torch.float64), torch.zeros_like(p)
    for v in range(vocabulary):
        found, one = of(z_s, z_t, torch.full((N,), v), form="sampled")
        value += p[:, v] * found.per_token
        gradient += p[:, v : v + 1] * one
    close(value, full.per_token)
    close(gradient, expected)


@settings(deadline=None, max_examples=20)
@given(SEEDS, VOCABULARIES)
def test_to_differentiate_the_sampled_log_ratio_itself_teaches_nothing(seed: int, vocabulary: int) -> None:
    z_s, z_t, _ = logits(seed, vocabulary)
    ratio = torch.log_softmax(z_s, -1) - log_probabilities(z_t)
    mean = (log_probabilities(z_s).exp() * ratio).sum()  # sum of p * (log p - log q), p held fixed
    (naive,) = torch.autograd.grad(mean, z_s)
    assert naive.abs().max() < 1e-12
    assert of(z_s, z_t, torch.zeros(N, dtype=torch.int64), form="full")[1].abs().max() > 1e-3


@settings(deadline=None, max_examples=20)
@given(SEEDS, VOCABULARIES, st.integers(1, 11))
def test_the_codes_form_is_eq_5_and_a_push_on_the_mass_of_the_set(seed: int, vocabulary: int, k: int) -> None:
    z_s, z_t, tokens = logits(seed, vocabulary)
    code, g_code = of(z_s, z_t, tokens, k=k)
    eq5, g_eq5 = of(z_s, z_t, tokens, k=k, variant="eq5")
    raw, g_raw = of(z_s, z_t, tokens, k=k, renormalise=False)
    logp, logq = torch.log_softmax(z_s, -1), log_probabilities(z_t)
    inside = logp.detach().topk(k).indices
    log_z = logp.gather(-1, inside).logsumexp(-1)
    (push,) = torch.autograd.grad((code.per_token * log_z).sum(), z_s)
    close(g_code, g_eq5 + push)
    z_p, z_q = log_z.detach().exp(), logq.gather(-1, inside).exp().sum(-1)
    close(g_code, g_raw / z_p[:, None])
    close(code.per_token, eq5.per_token + torch.log(z_p / z_q))
    close(raw.per_token, code.per_token * z_p)
    torch.testing.assert_close(code.mass_student, z_p)
    torch.testing.assert_close(eq5.mass_student, z_p)
    torch.testing.assert_close(code.mass_teacher, z_q)


@settings(deadline=None, max_examples=15)
@given(SEEDS, st.integers(2, 20))
def test_with_the_whole_vocabulary_all_forms_are_one(seed: int, vocabulary: int) -> None:
    z_s, z_t, tokens = logits(seed, vocabulary)
    full, expected = of(z_s, z_t, tokens, form="full")
    whole: list[dict[str, Any]] = [
        {}, {"variant": "eq5"}, {"renormalise": False}, {"renormalise": False, "tail": True}, {"min_mass": 0.99},
        {"strategy": "teacher"}, {"strategy": "union"}, {"strategy": "intersection", "variant": "eq5"},
    ]  # fmt: skip
    for spec in whole:
        found, gradient = of(z_s, z_t, tokens, k=vocabulary, **spec)
        close(found.per_token, full.per_token)
        close(gradient, expected)


@given(SEEDS, VOCABULARIES)
@settings(deadline=None, max_examples=20)
def test_one_token_renormalised_says_nothing_and_the_codes_form_does(seed: int, vocabulary: int) -> None:
    z_s, z_t, tokens = logits(seed, vocabulary)
    found, gradient = of(z_s, z_t, tokens, k=1, variant="eq5")
    assert found.per_token.abs().max() == 0
    assert gradient.abs().max() == 0
    logp, logq = torch.log_softmax(z_s, -1), log_probabilities(z_t)
    top = logp.detach().argmax(-1, keepdim=True)
    reward = (logp.detach() - logq).gather(-1, top)
    (expected,) = torch.autograd.grad((reward * logp.gather(-1, top)).sum(), z_s)
    code, g_code = of(z_s, z_t, tokens, k=1)
    close(code.per_token, reward.squeeze(-1))
    close(g_code, expected)
    assert g_code.abs().max() > 0


@settings(deadline=None, max_examples=15)
@given(SEEDS, VOCABULARIES, st.sampled_from(["student", "teacher", "union", "intersection"]))
def test_on_the_first_step_the_clipped_surrogate_is_this_loss(seed: int, vocabulary: int, strategy: str) -> None:
    """The released code's update: a ratio to the policy that sampled, clipped at 0.2, with detached advantages."""
    z_s, z_t, tokens = logits(seed, vocabulary)
    found, gradient = of(z_s, z_t, tokens, k=4, strategy=strategy)
    logp, logq = torch.log_softmax(z_s, -1), log_probabilities(z_t)
    total, value = torch.zeros((), dtype=torch.float64), 0.0
    for n in range(N):
        mine, theirs = (set(map(int, row[n].topk(4).indices)) for row in (logp.detach(), logq))
        sets = {"student": mine, "teacher": theirs, "union": mine | theirs, "intersection": mine & theirs}
        ids = torch.tensor(sorted(sets[strategy]), dtype=torch.int64)
        old, now = logp[n, ids].detach(), logp[n, ids]
        weight = old.exp() / old.exp().sum()
        advantage = weight * (logq[n, ids] - old)
        ratio = (now - old).clamp(-20, 20).exp()
        assert torch.equal(ratio.detach(), torch.ones_like(old))
        total = total + torch.maximum(-advantage * ratio, -advantage * ratio.clamp(0.8, 1.2)).sum()
        value += float((weight * (old - logq[n, ids])).sum())
    assert float(found.loss.detach()) == pytest.approx(value, abs=1e-10)
    close(found.loss.detach(), total.detach())
    close(gradient, torch.autograd.grad(total, z_s)[0])


EVERY: list[dict[str, Any]] = [
    {"form": "full"}, {"form": "forward_kl"}, {"form": "jsd"}, {"form": "sampled"},
    *({"k": 4, "strategy": s, **more} for s in ("student", "teacher", "intersection", "union", "symmetric_difference")
      for more in ({}, {"variant": "eq5"}, {"renormalise": False, "tail": True}, {"min_mass": 0.9})),
]  # fmt: skip


@pytest.mark.parametrize("spec", EVERY, ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_identical_models_have_nothing_to_say(spec: dict[str, Any], dtype: torch.dtype) -> None:
    z, _, tokens = logits(3, 30)
    z = z.detach().to(dtype).requires_grad_()
    head = Head(torch.eye(30, dtype=dtype))
    found = divergence(z, head, z, head, tokens, torch.ones(N), LossSpec(**spec))
    limit = 1e-7 if spec.get("form") == "jsd" else 0.0  # the mixture is rounded
    assert found.per_token.abs().max() <= limit
    assert torch.autograd.grad(found.loss, z)[0].abs().max() <= limit


def test_without_a_shared_token_the_intersection_is_silent_and_the_rest_is_finite() -> None:
    z_s, z_t = torch.zeros((2, 12)), torch.zeros((2, 12))
    z_s[:, :3], z_t[:, 6:9] = 9.0, 9.0
    z_s.requires_grad_()
    tokens = torch.zeros(2, dtype=torch.int64)
    for spec in ({}, {"variant": "eq5"}, {"renormalise": False}, {"weight": "uniform"}, {"weight": "teacher"}):
        found = divergence_of_logits(z_s, z_t, tokens, torch.ones(2), LossSpec(k=3, strategy="intersection", **spec))
        head = Head(torch.eye(12))
        formed = divergence(z_s, head, z_t, head, tokens, torch.ones(2), LossSpec(k=3, strategy="intersection", **spec))
        for one in (found, formed):
            assert one.per_token.abs().max() == 0
            assert one.mass_student.abs().max() == 0
            assert torch.autograd.grad(one.loss, z_s)[0].abs().max() == 0
    guarded = divergence(
        z_s, head, z_t, head, tokens, torch.ones(2), LossSpec(k=3, strategy="intersection", min_mass=0.5)
    )
    assert guarded.per_token.abs().max() < 1e-5  # one bucket with everything in it on both sides


@settings(deadline=None, max_examples=30)
@given(SEEDS, VOCABULARIES, st.integers(1, 11), st.sampled_from(["student", "teacher", "union", "symmetric_difference"]))
def test_a_tail_bucket_bounds_the_divergence_from_below(seed: int, vocabulary: int, k: int, strategy: str) -> None:
    z_s, z_t, tokens = logits(seed, vocabulary)
    full, _ = of(z_s, z_t, tokens, form="full")
    tail, _ = of(z_s, z_t, tokens, k=k, strategy=strategy, renormalise=False, tail=True)
    assert (tail.per_token <= full.per_token + 1e-12).all()
    assert (tail.per_token >= -1e-12).all()


def test_the_tail_sees_mass_that_eq_5_does_not() -> None:
    """Descent on one position's logits, on the teacher's list: Eq 5 is content with any mass on it."""
    g = torch.Generator().manual_seed(0)
    z_t = 2 * torch.randn((1, 30), generator=g)
    head, token, one = Head(torch.eye(30)), torch.zeros(1, dtype=torch.int64), torch.ones(1)
    inside = z_t.topk(4).indices
    start = (z_t + torch.randn((1, 30), generator=g)).scatter_add(-1, inside, torch.full((1, 4), -3.0))
    aim = float(z_t.softmax(-1).gather(-1, inside).sum())
    ends = {}
    for tail in (False, True):
        spec = LossSpec(k=4, strategy="teacher", tail=True, renormalise=False) if tail else LossSpec(
            k=4, strategy="teacher", variant="eq5"
        )  # fmt: skip
        z = start
        for _ in range(400):
            z = z.detach().requires_grad_()
            found = divergence(z, head, z_t, head, token, one, spec)
            z = z - torch.autograd.grad(found.loss, z)[0]
        assert float(found.per_token) < 1e-3
        ends[tail] = float(z.detach().softmax(-1).gather(-1, inside).sum())
    assert abs(ends[True] - aim) < 0.02
    assert abs(ends[False] - aim) > 0.1


def test_a_position_whose_set_has_lost_its_mass_takes_the_tail_form() -> None:
    z_s, z_t, tokens = logits(1, 40)
    plain, tail, guarded = (
        of(z_s, z_t, tokens, k=3, strategy="teacher", **spec)
        for spec in ({}, {"renormalise": False, "tail": True}, {"min_mass": 0.3})
    )
    low = plain[0].mass_student < 0.3
    assert 0 < int(low.sum()) < N
    for which in (0, 1):
        ours, normal, bucket = ((found.per_token, g)[which] for found, g in (guarded, plain, tail))
        assert torch.equal(ours[low], bucket[low])
        assert torch.equal(ours[~low], normal[~low])
