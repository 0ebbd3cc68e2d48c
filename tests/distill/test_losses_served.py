"""A served teacher: what it tells gives the loss of the same teacher in this process."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from journeyman.distill.losses.divergence import divergence
from journeyman.distill.losses.heads import Head
from journeyman.distill.losses.served import divergence_served
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.teacher.signal import ServedSignal
from journeyman.errors import ModelUnsuitable, UsageError

N, V = 12, 60


def case(temperature: float = 1.0, listed: int = 6) -> tuple[Any, ...]:
    g = torch.Generator().manual_seed(0)
    hidden, hidden_t = (torch.randn((N, 4), generator=g) for _ in range(2))
    weight, weight_t = (torch.randn((V, 4), generator=g) for _ in range(2))
    tokens, weights = torch.randint(V, (N,), generator=g), torch.rand(N, generator=g)
    logq = torch.log_softmax(hidden_t @ weight_t.T / temperature, -1)
    top = logq.topk(listed)
    shuffled = torch.randperm(listed, generator=g)
    signal = ServedSignal(
        logq.gather(-1, tokens[:, None]).squeeze(-1), top.indices[:, shuffled], top.values[:, shuffled], temperature
    )
    return hidden.requires_grad_(), Head(weight.requires_grad_()), hidden_t, Head(weight_t), signal, tokens, weights


SERVED: list[dict[str, Any]] = [
    {"form": "sampled"},
    {"form": "sampled", "teacher_temperature": 1.5, "temperature": 0.8},
    {"k": 4, "strategy": "teacher"},
    {"k": 6, "strategy": "teacher", "weight": "teacher"},
    {"k": 4, "strategy": "teacher", "variant": "eq5"},
    {"k": 4, "strategy": "teacher", "renormalise": False, "tail": True},
    {"k": 4, "strategy": "teacher", "min_mass": 0.5, "teacher_temperature": 2.0},
]


@pytest.mark.parametrize("chunk", [5, None])
@pytest.mark.parametrize("wanted", SERVED, ids=str)
def test_a_served_teacher_gives_the_loss_of_one_in_this_process(wanted: dict[str, Any], chunk: int | None) -> None:
    spec = LossSpec(**wanted)
    hidden, head, hidden_t, head_t, signal, tokens, weights = case(spec.teacher_temperature)
    served = divergence_served(hidden, head, signal, tokens, weights, spec, chunk=chunk)
    ours = torch.autograd.grad(served.loss, (hidden, head.weight))
    here = divergence(hidden, head, hidden_t, head_t, tokens, weights, spec)
    theirs = torch.autograd.grad(here.loss, (hidden, head.weight))
    torch.testing.assert_close(served.per_token, here.per_token, rtol=1e-5, atol=1e-5)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    if spec.form == "topk":
        assert served.mass_student.shape == served.mass_teacher.shape == (N,)


def test_a_list_that_holds_all_mass_leaves_a_tail_that_stays_finite() -> None:
    hidden, head, _, _, signal, tokens, weights = case(listed=6)
    sure = torch.full_like(signal.logq, -30.0)
    sure[:, 0] = 0.0
    spec = LossSpec(k=4, strategy="teacher", renormalise=False, tail=True)
    told = ServedSignal(signal.logq_token, signal.ids, sure)
    found = divergence_served(hidden, head, told, tokens, weights, spec)
    assert found.per_token.isfinite().all()
    assert (found.per_token <= 31).all()
    assert all(g.isfinite().all() for g in torch.autograd.grad(found.loss, (hidden, head.weight)))


def test_who_watches_sees_the_student_alone() -> None:
    hidden, head, _, _, signal, tokens, weights = case()
    seen = []

    class Sees:
        def wants(self, chunk: slice) -> bool:
            return chunk.start != 5

        def see(self, chunk: slice, logp: Any, logq: Any) -> None:
            seen.append((chunk.start, logp.shape, logq))

    divergence_served(hidden, head, signal, tokens, weights, LossSpec(form="sampled"), chunk=5, observe=Sees())
    assert seen == [(0, (5, V), None), (10, (2, V), None)]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"form": "full"}, "form 'full' needs the teacher's whole distribution"),
        ({"k": 4}, "strategy 'student' needs the teacher's whole"),
        ({"k": 4, "strategy": "union"}, "a teacher in this process"),
        ({"k": 7, "strategy": "teacher"}, "tells 6 tokens per position, but k is 7"),
        ({"form": "sampled", "teacher_temperature": 0.7}, "of temperature 1.0, but the loss asks for"),
    ],
)
def test_what_a_server_cannot_give_is_refused_with_the_reason(wanted: dict[str, Any], said: str) -> None:
    hidden, head, _, _, signal, tokens, weights = case()
    with pytest.raises(UsageError, match=said):
        divergence_served(hidden, head, signal, tokens, weights, LossSpec(**wanted))


def test_a_server_of_sampled_tokens_only_has_no_list() -> None:
    hidden, head, _, _, signal, tokens, weights = case()
    bare = ServedSignal(signal.logq_token)
    divergence_served(hidden, head, bare, tokens, weights, LossSpec(form="sampled"))
    with pytest.raises(UsageError, match="tells 0 tokens"):
        divergence_served(hidden, head, bare, tokens, weights, LossSpec(strategy="teacher"))


def test_tokens_that_the_student_does_not_have_are_another_tokenizers() -> None:
    hidden, head, _, _, signal, tokens, weights = case()
    short = Head(head.weight.detach()[:40])
    with pytest.raises(ModelUnsuitable, match="the student knows 0 to 39"):
        divergence_served(hidden, short, signal, tokens, weights, LossSpec(k=4, strategy="teacher"))


def test_lengths_that_do_not_agree_are_refused() -> None:
    hidden, head, _, _, signal, tokens, weights = case()
    with pytest.raises(UsageError, match="weights has 3 rows"):
        divergence_served(hidden, head, signal, tokens, weights[:3], LossSpec(form="sampled"))
