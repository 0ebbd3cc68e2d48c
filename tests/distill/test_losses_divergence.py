"""The loss from hidden states: what it needs, what it costs, and what must not change its result."""

from __future__ import annotations

import weakref
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from journeyman.distill.losses import dense, gathered
from journeyman.distill.losses.divergence import divergence
from journeyman.distill.losses.forms import divergence_of_logits
from journeyman.distill.losses.heads import Head
from journeyman.distill.losses.spec import LossSpec
from journeyman.errors import ModelUnsuitable, UsageError

SPECS: dict[str, LossSpec] = {
    "full": LossSpec(form="full"),
    "forward_kl": LossSpec(form="forward_kl"),
    "jsd": LossSpec(form="jsd"),
    "sampled": LossSpec(form="sampled"),
    "code": LossSpec(k=4),
    "tail": LossSpec(k=4, strategy="union", renormalise=False, tail=True),
    "eq5": LossSpec(k=4, variant="eq5"),
    "eq5-union": LossSpec(k=4, variant="eq5", strategy="union"),
}
N, V = 30, 600
every_kind = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)


def case(dtype: torch.dtype = torch.float32, count: int = N, vocabulary: int = V, width: int = 8) -> tuple[Any, ...]:
    g = torch.Generator().manual_seed(0)
    hidden_s, hidden_t = (torch.randn((count, width), generator=g).to(dtype) for _ in range(2))
    weight_s, weight_t = (torch.randn((vocabulary, width), generator=g).to(dtype) for _ in range(2))
    tokens = torch.randint(vocabulary, (count,), generator=g)
    weights = torch.rand(count, generator=g)
    return hidden_s.requires_grad_(), Head(weight_s.requires_grad_()), hidden_t, Head(weight_t), tokens, weights


class Sees:
    """Asks for some chunks and keeps copies of them."""

    def __init__(self, every: int = 1) -> None:
        self.every, self.asked, self.seen = every, 0, {}

    def wants(self, chunk: slice) -> bool:
        self.asked += 1
        return (self.asked - 1) % self.every == 0

    def see(self, chunk: slice, logp: Any, logq: Any) -> None:
        assert not logp.requires_grad
        self.seen[chunk.start] = (logp.clone(), None if logq is None else logq.clone())


@every_kind
@pytest.mark.parametrize("every", [1, 2])
def test_who_watches_changes_nothing_and_sees_both_distributions(spec: LossSpec, every: int) -> None:
    hidden, head, *rest = case()
    grads, losses, watcher = [], [], Sees(every)
    for observe in (None, watcher):
        found = divergence(hidden, head, *rest, spec, chunk=8, observe=observe)
        losses.append(found.loss.detach())
        grads.append(torch.autograd.grad(found.loss, (hidden, head.weight)))
    assert torch.equal(*losses)
    assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))
    assert sorted(watcher.seen) == [0, 8, 16, 24][::every]
    hidden_t, head_t = rest[:2]
    for start, (logp, logq) in watcher.seen.items():
        at = slice(start, start + 8)
        torch.testing.assert_close(logp, torch.log_softmax(head.logits(hidden)[at].detach(), -1))
        torch.testing.assert_close(logq, torch.log_softmax(head_t.logits(hidden_t)[at], -1))


def test_a_watcher_of_logits_sees_all_at_once() -> None:
    hidden, head, hidden_t, head_t, tokens, weights = case()
    watcher = Sees()
    divergence_of_logits(head.logits(hidden), head_t.logits(hidden_t), tokens, weights, LossSpec(), watcher)
    assert [logp.shape for logp, _ in watcher.seen.values()] == [(N, V)]


@every_kind
def test_only_what_needs_a_gradient_gets_one(spec: LossSpec) -> None:
    hidden, head, *rest = case()
    both = torch.autograd.grad(divergence(hidden, head, *rest, spec).loss, (hidden, head.weight))
    frozen = Head(head.weight.detach())
    (alone,) = torch.autograd.grad(divergence(hidden, frozen, *rest, spec).loss, (hidden,))
    assert torch.equal(alone, both[0])
    (alone,) = torch.autograd.grad(divergence(hidden.detach(), head, *rest, spec).loss, (head.weight,))
    assert torch.equal(alone, both[1])
    assert not divergence(hidden.detach(), frozen, *rest, spec).loss.requires_grad
    with torch.no_grad():
        found = divergence(hidden, head, *rest, spec)
    assert not found.loss.requires_grad
    assert torch.equal(found.loss, divergence(hidden, head, *rest, spec).loss.detach())


@every_kind
def test_what_comes_from_above_scales_the_gradient(spec: LossSpec) -> None:
    hidden, head, *rest = case()
    once = torch.autograd.grad(divergence(hidden, head, *rest, spec).loss, (hidden, head.weight))
    scaled = torch.autograd.grad(divergence(hidden, head, *rest, spec).loss * 1024.0, (hidden, head.weight))
    assert all(torch.equal(1024.0 * a, b) for a, b in zip(once, scaled, strict=True))


def test_a_second_backward_pass_is_refused() -> None:
    hidden, head, *rest = case()
    loss = divergence(hidden, head, *rest, LossSpec(k=4)).loss
    loss.backward(retain_graph=True)
    with pytest.raises(UsageError, match="call divergence again"):
        loss.backward()


@every_kind
def test_tied_embeddings_get_both_gradients(spec: LossSpec) -> None:
    _, _, hidden_t, head_t, tokens, weights = case()
    table = head_t.weight.clone().requires_grad_()

    def states() -> Any:
        return torch.tanh(torch.nn.functional.embedding(tokens.flip(0), table))

    formed = divergence(states(), Head(table), hidden_t, head_t, tokens, weights, spec)
    (ours,) = torch.autograd.grad(formed.loss, table)
    plain = divergence_of_logits(states() @ table.T, head_t.logits(hidden_t), tokens, weights, spec)
    torch.testing.assert_close(ours, torch.autograd.grad(plain.loss, table)[0], rtol=1e-5, atol=1e-5)


@every_kind
def test_student_and_teacher_may_share_one_head(spec: LossSpec) -> None:
    hidden, head, hidden_t, _, tokens, weights = case()
    formed = divergence(hidden, head, hidden_t, head, tokens, weights, spec)
    fixed = Head(head.weight.detach().clone())
    apart = divergence(hidden, head, hidden_t, fixed, tokens, weights, spec)
    for ours, theirs in zip(
        *(torch.autograd.grad(one.loss, (hidden, head.weight)) for one in (formed, apart)), strict=True
    ):
        assert torch.equal(ours, theirs), "the teacher's side gets no gradient"


@every_kind
def test_half_precision_inputs_are_computed_in_float32(spec: LossSpec) -> None:
    """On the CPU the products are float32, too: the result is that of the rounded inputs, rounded at the end."""
    hidden, head, hidden_t, head_t, tokens, weights = case(torch.bfloat16)
    found = divergence(hidden, head, hidden_t, head_t, tokens, weights, spec, chunk=7)
    assert found.loss.dtype == found.per_token.dtype == torch.float32
    ours = torch.autograd.grad(found.loss, (hidden, head.weight))
    raised = hidden.detach().float().requires_grad_(), head.weight.detach().float().requires_grad_()
    wide = divergence(raised[0], Head(raised[1]), hidden_t.float(), Head(head_t.weight.float()), tokens, weights, spec)
    torch.testing.assert_close(found.per_token, wide.per_token, rtol=1e-5, atol=1e-5)
    for half, full in zip(ours, torch.autograd.grad(wide.loss, raised), strict=True):
        assert half.dtype == torch.bfloat16
        torch.testing.assert_close(half, full.bfloat16(), rtol=2**-7, atol=1e-5)


@every_kind
def test_a_head_in_float32_under_autocast_is_not_rounded(spec: LossSpec) -> None:
    hidden, head, *rest = case()
    outside = divergence(hidden, head, *rest, spec)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = divergence(hidden, head, *rest, spec)
    assert torch.equal(inside.per_token, outside.per_token)


def test_heads_padded_to_other_sizes_agree_and_other_vocabularies_are_refused() -> None:
    hidden, head, hidden_t, head_t, tokens, weights = case()
    padded = torch.cat([head.weight.detach(), 100 * torch.ones((24, 8))]).requires_grad_()
    for spec in SPECS.values():
        found = divergence(hidden, Head(padded, vocab=V), hidden_t, head_t, tokens, weights, spec)
        expected = divergence(hidden, head, hidden_t, head_t, tokens, weights, spec)
        assert torch.equal(found.per_token, expected.per_token)
        (ours,) = torch.autograd.grad(found.loss, padded)
        assert torch.equal(ours[:V], torch.autograd.grad(expected.loss, head.weight)[0])
        assert ours[V:].abs().max() == 0
    with pytest.raises(ModelUnsuitable, match="student's head has 624 tokens, the teacher's 600"):
        divergence(hidden, Head(padded), hidden_t, head_t, tokens, weights, LossSpec())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": torch.ones(3)}, "weights has 3 rows, but there are 30 tokens"),
        ({"hidden_t": torch.ones(31, 8)}, "hidden_t has 31 rows"),
        ({"chunk": 0}, "chunk is 0"),
        ({"spec": LossSpec(form="sampled"), "tokens": torch.full((N,), V)}, "the heads know 0 to 599"),
        ({"spec": LossSpec(k=V + 1)}, "k is 601"),
        ({"spec": LossSpec(k=V + 1, variant="eq5")}, "k is 601"),
    ],
)
def test_a_call_that_cannot_be_meant_is_refused(change: dict[str, Any], said: str) -> None:
    names = ("hidden_s", "head_s", "hidden_t", "head_t", "tokens", "weights")
    arguments = dict(zip(names, case(), strict=True)) | {"spec": LossSpec()} | change
    with pytest.raises(UsageError, match=said):
        divergence(**arguments)


@every_kind
def test_no_tokens_are_no_loss(spec: LossSpec) -> None:
    hidden, head, hidden_t, head_t, tokens, weights = case()
    none = slice(0, 0)
    found = divergence(hidden[none], head, hidden_t[none], head_t, tokens[none], weights[none], spec)
    assert found.loss == 0
    assert found.per_token.shape == (0,)
    assert torch.autograd.grad(found.loss, head.weight)[0].abs().max() == 0


class Alive(TorchDispatchMode):
    """Adds up the memory of tensors that Python holds, each storage once, inputs apart; `peak` is the most at any time."""

    def __init__(self, *inputs: Any) -> None:
        super().__init__()
        self.users: dict[int, int] = {x.untyped_storage().data_ptr(): 1 for x in inputs}
        self.now = self.peak = 0

    def __torch_dispatch__(self, call: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = call(*args, **(kwargs or {}))
        for part in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(part, torch.Tensor):
                self._hold(part)
        return result

    def _hold(self, tensor: Any) -> None:
        storage = tensor.untyped_storage()
        address, size = storage.data_ptr(), storage.nbytes()
        self.users[address] = self.users.get(address, 0) + 1
        if self.users[address] == 1:
            self.now += size
            self.peak = max(self.peak, self.now)
        weakref.finalize(tensor, self._release, address, size)

    def _release(self, address: int, size: int) -> None:
        self.users[address] -= 1
        if not self.users[address]:
            self.now -= size


@every_kind
def test_the_most_memory_is_two_chunks_and_the_heads_gradient(spec: LossSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    count, vocabulary, width, chunk = 512, 8192, 8, 16
    one_chunk, of_head, everything = (4 * a * b for a, b in ((chunk, vocabulary), (vocabulary, width), (count, vocabulary)))
    monkeypatch.setattr(dense, "CACHED", vocabulary)
    monkeypatch.setitem(gathered.SEARCHED_BYTES, "cpu", one_chunk)
    monkeypatch.setattr(gathered, "GATHERED_NUMBERS", 2**14)
    hidden, head, *rest = case(count=count, vocabulary=vocabulary)
    inputs = [x.weight if isinstance(x, Head) else x for x in (hidden, head, *rest)]
    with Alive(*inputs) as alive:
        found = divergence(hidden, head, *rest, spec, chunk=chunk)
        formed = alive.peak
        found.loss.backward()
    matrices = 1.7 if spec.variant == "eq5" else 2.7
    assert formed < matrices * one_chunk + of_head + 12 * 4 * count * 8 < everything / 4
    assert alive.peak == formed, "the backward pass needs nothing more"
    with Alive(*inputs) as alive:
        divergence_of_logits(head.logits(hidden), rest[1].logits(rest[0]), *rest[2:], spec)
    assert alive.peak > 2 * everything, "the measure sees what a plain computation holds"


def test_rows_are_gathered_where_that_is_less_work() -> None:
    """A searched vocabulary gives the student's mass only; all of it gives both."""
    for vocabulary, gathers in ((255, False), (256, True)):
        found = divergence(*case(vocabulary=vocabulary), SPECS["eq5"])
        assert (found.mass_teacher is None) == gathers
    assert divergence(*case(vocabulary=256), SPECS["eq5-union"]).mass_teacher is not None
    assert divergence(*case(vocabulary=600), LossSpec(k=4, variant="eq5", min_mass=0.1)).mass_teacher is not None


def test_a_chunk_is_chosen_for_the_vocabulary_and_the_machine() -> None:
    cpu = torch.device("cpu")
    assert dense.rows_that_fit(151_936, torch.float32, cpu) == 128
    assert dense.rows_that_fit(151_936, torch.float32, cpu, matrices=3) == 64
    assert dense.rows_that_fit(100, torch.float32, cpu) > 100_000
    assert dense.rows_that_fit(10**8, torch.float32, cpu) == 1
    assert dense.rows_that_fit(151_936, torch.float32, torch.device("cuda")) > 500


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@every_kind
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_on_cuda_as_on_the_cpu(spec: LossSpec, dtype: torch.dtype) -> None:
    arguments = case(dtype)
    hidden, head, hidden_t, head_t, tokens, weights = arguments
    here = divergence(*arguments, spec)
    there_hidden, there_weight = (x.detach().cuda().requires_grad_() for x in (hidden, head.weight))
    teacher = hidden_t.cuda(), Head(head_t.weight.cuda())
    there = divergence(
        there_hidden, Head(there_weight), *teacher, tokens.cuda(), weights.cuda(), spec, chunk=7
    )
    torch.testing.assert_close(there.per_token.cpu(), here.per_token, rtol=1e-4, atol=1e-4)
    ours = torch.autograd.grad(there.loss, (there_hidden, there_weight))
    theirs = torch.autograd.grad(here.loss, (hidden, head.weight))
    close = {"rtol": 2e-2, "atol": 2e-2} if dtype == torch.bfloat16 else {"rtol": 1e-4, "atol": 1e-4}
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a.cpu(), b, **close)
