"""Values and gradients of every form, element by element: against the formulas by hand, and against one another."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from losses_by_hand import by_hand, every_spec, name

from journeyman.distill.losses.divergence import divergence
from journeyman.distill.losses.forms import divergence_of_logits
from journeyman.distill.losses.heads import Head
from journeyman.distill.losses.spec import LossSpec

N, V, PADDED = 6, 19, 23


def case(
    dtype: torch.dtype = torch.float64, *, seed: int = 0, cap: float | None = None, vocab: int = V, sharp: float = 1.5
) -> tuple[Any, ...]:
    """Hidden states of different widths, a student's head with padded rows, bias and scale, and a teacher's."""
    g = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Any:
        return torch.randn(shape, generator=g, dtype=torch.float64)

    hidden_s, weight, bias = normal(N, 4), sharp * normal(vocab + PADDED - V, 4), 0.3 * normal(vocab + PADDED - V)
    hidden_t, weight_t = normal(N, 5), normal(vocab, 5)
    leaves = [x.to(dtype).requires_grad_() for x in (hidden_s, weight, bias)]
    head_s = Head(leaves[1], leaves[2], scale=0.7, cap=cap, vocab=vocab)
    head_t = Head(weight_t.to(dtype), scale=1.2, cap=cap)
    tokens = torch.randint(vocab, (N,), generator=g)
    weights = torch.rand(N, generator=g, dtype=torch.float64).to(dtype)
    return leaves[0], head_s, hidden_t.to(dtype), head_t, tokens, weights


def gradients(loss: Any, hidden: Any, head: Head) -> tuple[Any, ...]:
    return tuple(torch.autograd.grad(loss, (hidden, head.weight, head.bias)))


@pytest.mark.parametrize("cap", [None, 2.5], ids=["plain", "capped"])
@pytest.mark.parametrize(
    ("spec", "gathered_from"),
    [(spec, least) for spec in every_spec() for least in ((0, 64) if spec.variant == "eq5" else (64,))],
    ids=lambda value: name(value) if isinstance(value, LossSpec) else f"from{value}",
)
def test_every_form_is_its_formula(
    spec: LossSpec, cap: float | None, gathered_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eq 5 both by way of the whole vocabulary and of gathered rows."""
    monkeypatch.setitem(divergence.__globals__, "GATHERED_FROM", gathered_from)
    values, *expected = by_hand(*case(cap=cap), spec)
    for dtype, tolerance in ((torch.float64, 1e-8), (torch.float32, 1e-5)):
        hidden_s, head_s, hidden_t, head_t, tokens, weights = case(dtype, cap=cap)
        formed = divergence(hidden_s, head_s, hidden_t, head_t, tokens, weights, spec, chunk=4)
        plain = divergence_of_logits(head_s.logits(hidden_s), head_t.logits(hidden_t), tokens, weights, spec)
        for found in (formed, plain):
            close = {"rtol": tolerance, "atol": tolerance}
            torch.testing.assert_close(found.per_token.double(), values, **close)
            torch.testing.assert_close(found.loss.detach().double(), (values * weights.double()).sum(), **close)
            for ours, theirs in zip(gradients(found.loss, hidden_s, head_s), expected, strict=True):
                torch.testing.assert_close(ours.double(), theirs, **close)


EXACT = [s for s in every_spec() if s.form in ("full", "forward_kl", "jsd") or s.tail or (s.variant == "eq5" and s.k > 1)]


@pytest.mark.parametrize("spec", EXACT, ids=name)
def test_the_gradient_of_a_divergence_is_its_slope_through_hidden_states_and_head(spec: LossSpec) -> None:
    hidden_s, head_s, *rest = case(cap=4.0)
    found = gradients(divergence(hidden_s, head_s, *rest, spec).loss, hidden_s, head_s)
    leaves = (hidden_s, head_s.weight, head_s.bias)
    g = torch.Generator().manual_seed(1)
    for _ in range(3):
        ways = [torch.randn(x.shape, generator=g, dtype=x.dtype) for x in leaves]

        def at(step: float, ways: list[Any] = ways) -> float:
            moved = [x.detach() + step * way for x, way in zip(leaves, ways, strict=True)]
            head = Head(moved[1], moved[2], head_s.scale, head_s.cap, head_s.vocab)
            return float(divergence(moved[0], head, *rest, spec).loss)

        slope = (at(1e-6) - at(-1e-6)) / 2e-6
        expected = sum(float((a * b).sum()) for a, b in zip(found, ways, strict=True))
        assert slope == pytest.approx(expected, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("spec", every_spec(k=5), ids=name)
def test_a_larger_vocabulary_agrees_too_whatever_the_chunk(spec: LossSpec) -> None:
    """Large enough that top-k goes by blocks; float32 in chunks against float64 in one piece."""
    hidden_s, head_s, hidden_t, head_t, tokens, weights = case(vocab=2003, sharp=2.0)
    plain = divergence_of_logits(head_s.logits(hidden_s), head_t.logits(hidden_t), tokens, weights, spec)
    expected = gradients(plain.loss, hidden_s, head_s)
    hidden_s, head_s, *rest = case(torch.float32, vocab=2003, sharp=2.0)
    for chunk in (1, 4, None):
        found = divergence(hidden_s, head_s, *rest, spec, chunk=chunk)
        assert_near(found.per_token, plain.per_token)
        for ours, theirs in zip(gradients(found.loss, hidden_s, head_s), expected, strict=True):
            assert_near(ours, theirs)
        for ours, theirs in ((found.mass_student, plain.mass_student), (found.mass_teacher, plain.mass_teacher)):
            if ours is not None:
                assert_near(ours, theirs)


def assert_near(ours: Any, theirs: Any) -> None:
    """Element by element to 1e-5 of the largest element, or to 1e-5 where that is below 1."""
    torch.testing.assert_close(ours.double(), theirs, rtol=1e-5, atol=1e-5 * max(1.0, float(theirs.abs().max())))


def test_far_apart_distributions_stay_finite() -> None:
    hidden_s, head_s, hidden_t, head_t, tokens, weights = case(torch.float32, sharp=400.0)
    for spec in every_spec():
        found = divergence(hidden_s, head_s, hidden_t * 300, head_t, tokens, weights, spec)
        assert found.per_token.isfinite().all(), name(spec)
        assert all(g.isfinite().all() for g in gradients(found.loss, hidden_s, head_s)), name(spec)
