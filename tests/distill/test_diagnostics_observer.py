"""Metrics of the loss pass against formulas written out in plain Python, and what must hold for all of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.distill.diagnostics.availability import NAMES
from journeyman.distill.diagnostics.in_pass import Observer, joined
from journeyman.distill.losses.divergence import divergence
from journeyman.distill.losses.forms import divergence_of_logits
from journeyman.distill.losses.heads import Head
from journeyman.distill.losses.observes import Observes
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.losses.weights import token_weights
from journeyman.distill.model import open_model
from journeyman.distill.rollout.rollouts import Rollouts, pack
from journeyman.errors import UsageError

FORMS = [
    LossSpec(form="full"), LossSpec(form="sampled"), LossSpec(form="forward_kl"), LossSpec(form="jsd"), LossSpec(k=4),
    LossSpec(k=4, variant="eq5"), LossSpec(k=1, variant="eq5"), LossSpec(k=4, strategy="teacher"),
    LossSpec(k=4, strategy="intersection"), LossSpec(k=4, strategy="union", variant="eq5"),
    LossSpec(k=4, strategy="symmetric_difference", renormalise=False), LossSpec(k=4, renormalise=False, tail=True),
]  # fmt: skip

seeds = st.integers(0, 2**32 - 1)
sizes = st.sampled_from([(2, 1), (3, 3), (5, 2), (9, 16), (40, 4), (40, 16)])  # (V, k), also with k above V


def pair(seed: int, vocab: int, lengths: tuple[int, ...] = (4, 1, 7), sharp: float = 2.0, apart: float = 1.0) -> Any:
    """(logp, logq, tokens, lengths, positions) of two related distributions in float64."""
    g = torch.Generator().manual_seed(seed)
    n = sum(lengths)
    logits = sharp * torch.randn(n, vocab, generator=g, dtype=torch.float64)
    other = logits + apart * torch.randn(n, vocab, generator=g, dtype=torch.float64)
    logp, logq = logits.log_softmax(-1), other.log_softmax(-1)
    tokens = torch.multinomial(logp.exp(), 1, generator=g).squeeze(1)
    positions = torch.cat([torch.arange(m) for m in lengths])
    return logp, logq, tokens, torch.tensor(lengths), positions


def shown(case: Any, k: int, *, chunk: int = 5, order: int = 1, **options: Any) -> Observer:
    logp, logq, tokens, lengths, positions = case
    options = {"finished": [True, False, True], "correct": [True, False, True], "ngram": 2} | options
    observer = Observer(tokens, lengths, positions, k, **options)
    for start in list(range(0, len(tokens), chunk))[::order]:
        part = slice(start, start + chunk)
        if observer.wants(part):
            observer.see(part, logp[part], logq[part])
    return observer


def naive(case: Any, k: int) -> dict[str, float]:
    """Every metric from its formula, one token at a time, without tensors."""
    logp, logq, tokens, lengths, _ = (part.tolist() for part in case)
    vocab = len(logp[0])
    k = min(k, vocab)
    rows: dict[str, list[float]] = {}
    pairs: list[float] = []

    def add(name: str, value: float) -> None:
        rows.setdefault(name, []).append(value)

    for lp, lq, y in zip(logp, logq, tokens, strict=True):
        p, q = [math.exp(v) for v in lp], [math.exp(v) for v in lq]
        top_p = sorted(range(vocab), key=lambda v: -lp[v])[:k]
        top_q = sorted(range(vocab), key=lambda v: -lq[v])[:k]
        both = [v for v in top_p if v in top_q]
        add("overlap/ratio", len(both) / k)
        add("overlap/mass_student", sum(p[v] for v in both))
        add("overlap/mass_teacher", sum(q[v] for v in both))
        add("overlap/mass_weighted", sum(p[v] + q[v] for v in both) / (sum(p[v] for v in top_p) + sum(q[v] for v in top_q)))
        w = {v: p[v] / sum(p[u] for u in top_p) for v in top_p}
        advantage = {v: w[v] * (lq[v] - lp[v]) for v in top_p}
        extreme = max(top_p, key=lambda v: abs(advantage[v]))
        add("extreme/difference", p[extreme] - q[extreme])
        if both:
            add("overlap/mass_student_nonempty", sum(p[v] for v in both))
            add("overlap/mass_teacher_nonempty", sum(q[v] for v in both))
            zp, zq = sum(p[v] for v in both), sum(q[v] for v in both)
            kl = sum(p[v] / zp * math.log((p[v] / zp) / (q[v] / zq)) for v in both)
            add("overlap/advantage", -kl / len(both))
            extreme = max(both, key=lambda v: abs(advantage[v]))
            add("extreme/difference_shared", p[extreme] - q[extreme])
            pairs += [advantage[v] for v in both]
        hp, hq = -sum(a * b for a, b in zip(p, lp, strict=True)), -sum(a * b for a, b in zip(q, lq, strict=True))
        add("entropy/student", hp)
        add("entropy/teacher", hq)
        add("entropy/gap", abs(hq - hp))
        add("divergence/full", sum(a * (b - c) for a, b, c in zip(p, lp, lq, strict=True)))
        add("divergence/sampled", lp[y] - lq[y])
        rank = 1 + sum(v > lq[y] for v in lq)
        add("teacher/rank_mean", rank)
        add("teacher/in_top_k", float(rank <= k))
    found = {name: sum(values) / len(values) for name, values in rows.items()}
    found["entropy/gap_of_means"] = abs(found["entropy/teacher"] - found["entropy/student"])
    if k < vocab:
        found["overlap/chance_corrected"] = (found["overlap/ratio"] - k / vocab) / (1 - k / vocab)
    if pairs:
        found["overlap/advantage_logged"] = sum(pairs) / len(pairs)
    ranks = sorted(rows["teacher/rank_mean"])
    found["teacher/rank_median"] = (ranks[(len(ranks) - 1) // 2] + ranks[len(ranks) // 2]) / 2
    ratios, rewards, again, at = [-v for v in rows["divergence/sampled"]], [], [], 0
    for length in lengths:
        rewards.append(sum(ratios[at : at + length]) / length)
        seen: set[tuple[int, ...]] = set()
        for i in range(length):
            bigram = tuple(tokens[at + i - 1 : at + i + 1]) if i else ()
            again.append(len(bigram) == 2 and bigram in seen)
            seen.add(bigram)
        at += length
    found["repetition/share"] = sum(again) / len(again)
    for suffix, wanted in (("", True), ("_other", False)):
        for name, values in (("divergence", rows["divergence/full"]), ("log_ratio", ratios)):
            chosen = [v for v, flag in zip(values, again, strict=True) if flag is wanted]
            if chosen:
                found[f"repetition/{name}{suffix}"] = sum(chosen) / len(chosen)
    found["sequence/reward"] = sum(rewards) / len(rewards)
    right, wrong = (rewards[0], rewards[2]), rewards[1]
    found["sequence/auroc"] = sum(1.0 if r > wrong else 0.5 if r == wrong else 0.0 for r in right) / 2
    found |= {"observed/tokens": len(tokens), "response/length": sum(lengths) / len(lengths), "response/truncated": 1 / 3}
    return found | {"score/rollouts": 2 / 3}


@settings(max_examples=60, deadline=None)
@given(seed=seeds, size=sizes, apart=st.sampled_from([0.01, 1.0, 5.0]))
def test_every_metric_agrees_with_its_formula(seed: int, size: tuple[int, int], apart: float) -> None:
    vocab, k = size
    case = pair(seed, vocab, apart=apart)
    found, expected = shown(case, k).metrics(), naive(case, k)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-5, abs=1e-6), name


@settings(max_examples=40, deadline=None)
@given(seed=seeds, size=sizes, apart=st.sampled_from([0.1, 3.0]))
def test_ranges(seed: int, size: tuple[int, int], apart: float) -> None:
    vocab, k = size
    found = shown(pair(seed, vocab, apart=apart), k).metrics()
    for name, value in found.items():
        assert math.isfinite(value), name
        if name.startswith(("overlap/ratio", "overlap/mass", "repetition/share", "response/truncated", "sequence/auroc")):
            assert 0 <= value <= 1 + 1e-6, name
        if name.startswith("extreme/"):
            assert -1 <= value <= 1, name
        if name.startswith(("divergence/full", "repetition/divergence", "entropy/")):
            assert value >= 0, name
    assert found["overlap/advantage"] <= 0 if "overlap/advantage" in found else True
    assert max(found["entropy/student"], found["entropy/teacher"]) <= math.log(vocab) + 1e-6
    assert 1 <= found["teacher/rank_median"] <= vocab
    assert found["entropy/gap_of_means"] <= found["entropy/gap"] + 1e-6
    assert found["overlap/mass_student"] <= found.get("overlap/mass_student_nonempty", 1.0) + 1e-6
    assert found.get("overlap/chance_corrected", 0.0) <= 1


@settings(max_examples=30, deadline=None)
@given(seed=seeds, size=sizes)
def test_a_model_against_itself(seed: int, size: tuple[int, int]) -> None:
    vocab, k = size
    logp, _, *rest = pair(seed, vocab)
    for kind in (torch.float32, torch.float64):
        found = shown((logp.to(kind), logp.to(kind).clone(), *rest), k).metrics()
        for name in ("overlap/ratio", "overlap/mass_weighted"):
            assert found[name] == pytest.approx(1, abs=1e-7), name
        assert k >= vocab or found["overlap/chance_corrected"] == 1
        for name in (
            "overlap/advantage", "overlap/advantage_logged", "extreme/difference", "extreme/difference_shared",
            "entropy/gap", "entropy/gap_of_means", "divergence/full", "divergence/sampled", "sequence/reward",
        ):  # fmt: skip
            assert found[name] == 0, name
        assert found["overlap/mass_student"] == found["overlap/mass_teacher"]
        assert found["sequence/auroc"] == 0.5


@settings(max_examples=30, deadline=None)
@given(seed=seeds, size=sizes)
def test_names_of_tokens_do_not_matter(seed: int, size: tuple[int, int]) -> None:
    vocab, k = size
    logp, logq, tokens, *rest = pair(seed, vocab)
    order = torch.randperm(vocab, generator=torch.Generator().manual_seed(seed))
    new_name = order.argsort()
    found = shown((logp, logq, tokens, *rest), k).metrics()
    renamed = shown((logp[:, order], logq[:, order], new_name[tokens], *rest), k).metrics()
    assert found == pytest.approx(renamed, rel=1e-5, abs=1e-7)


def test_no_metric_is_constant() -> None:
    first = shown(pair(1, 40, (9, 9, 9), sharp=3.0), 8, ngram=1).metrics()
    options: dict[str, Any] = {"correct": [True, False, False], "finished": [False] * 3}
    second = shown(pair(2, 40, (9, 9, 8), sharp=2.0), 8, ngram=1, **options).metrics()
    assert first.keys() == second.keys()
    assert not [name for name in first if first[name] == second[name]]


@settings(max_examples=20, deadline=None)
@given(seed=seeds, chunk=st.integers(1, 12), order=st.sampled_from([1, -1]))
def test_chunks_and_their_order_change_nothing(seed: int, chunk: int, order: int) -> None:
    case = pair(seed, 30)
    expected = shown(case, 4, chunk=12).metrics()
    assert shown(case, 4, chunk=chunk, order=order).metrics() == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_long_rows_are_worked_off_in_another_way_with_the_same_result() -> None:
    case = pair(3, 9000, (3, 2, 1), sharp=1.0, apart=2.0)
    found, expected = shown(case, 16).metrics(), naive(case, 16)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert found["teacher/rank_mean"] > 16, "ranks behind the top list are counted in the whole row"


def test_a_token_shown_twice_counts_once() -> None:
    case = pair(4, 30)
    observer = shown(case, 4)
    before = observer.metrics()
    observer.see(slice(0, 3), case[1][:3], case[0][:3])
    assert observer.metrics() == before
    assert not observer.wants(slice(0, 12))


@pytest.mark.parametrize("spec", FORMS, ids=lambda spec: f"{spec.form}-{spec.strategy}-{spec.variant}")
def test_every_loss_form_gives_the_same_metrics(spec: LossSpec) -> None:
    g = torch.Generator().manual_seed(0)
    lengths = torch.tensor([5, 9, 6])
    hidden_s, hidden_t = torch.randn(20, 8, generator=g), torch.randn(20, 6, generator=g)
    head_s, head_t = (Head(torch.randn(30, width, generator=g)) for width in (8, 6))
    tokens, positions = torch.randint(30, (20,), generator=g), torch.cat([torch.arange(int(n)) for n in lengths])
    weights = token_weights(lengths, "token-mean")

    def metrics(spec: LossSpec, chunk: int | None) -> dict[str, float]:
        observer = Observer(tokens, lengths, positions, k_metric=6)
        watching: Observes = observer
        divergence(hidden_s, head_s, hidden_t, head_t, tokens, weights, spec, chunk=chunk, observe=watching)
        return observer.metrics()

    expected = Observer(tokens, lengths, positions, k_metric=6)
    divergence_of_logits(head_s.logits(hidden_s), head_t.logits(hidden_t), tokens, weights, LossSpec(form="full"), expected)
    for chunk in (None, 7):
        assert metrics(spec, chunk) == pytest.approx(expected.metrics(), rel=1e-4, abs=1e-5)


def test_the_observer_leaves_loss_and_gradient_alone() -> None:
    g = torch.Generator().manual_seed(0)
    lengths, tokens = torch.tensor([5, 5]), torch.randint(30, (10,), generator=g)
    heads = [Head(torch.randn(30, 8, generator=g)) for _ in range(2)]
    inputs = [torch.randn(10, 8, generator=g) for _ in range(2)]
    outcomes = []
    for observer in (None, Observer(tokens, lengths, torch.arange(5).repeat(2))):
        hidden = inputs[0].clone().requires_grad_()
        weights = token_weights(lengths, "token-mean")
        found = divergence(hidden, heads[0], inputs[1], heads[1], tokens, weights, LossSpec(), observe=observer)
        found.loss.backward()
        outcomes.append((found.loss.detach(), hidden.grad))
    torch.testing.assert_close(outcomes[0], outcomes[1], rtol=0, atol=0)


@pytest.mark.parametrize("strategy", ["student", "teacher", "intersection", "union", "symmetric_difference"])
def test_mass_on_the_losss_own_set(strategy: Any) -> None:
    case = pair(5, 30, apart=2.0)
    spec = LossSpec(k=6, strategy=strategy, renormalise=False)
    found = shown(case, 4, spec=spec).metrics()["mass/on_set"]
    logp, logq = case[0], case[1]
    masses = []
    tops = [logs.topk(6).indices.tolist() for logs in (logp, logq)]
    for p, top_p, top_q in zip(logp.exp().tolist(), *tops, strict=True):
        a, b = set(top_p), set(top_q)
        chosen = {"student": a, "teacher": b, "intersection": a & b, "union": a | b, "symmetric_difference": a ^ b}[strategy]
        masses.append(sum(p[v] for v in chosen))
    assert found == pytest.approx(sum(masses) / len(masses), rel=1e-6)
    assert "mass/on_set" not in shown(case, 4, spec=LossSpec(form="full")).metrics()


def test_disjoint_lists_share_nothing_and_give_no_nan() -> None:
    logp = torch.tensor([[4.0, 3.0, 0.0, -1.0]]).log_softmax(-1).repeat(3, 1)
    case = (logp, logp.flip(1), torch.tensor([0, 1, 2]), torch.tensor([1, 1, 1]), torch.tensor([0, 0, 0]))
    found = shown(case, 2).metrics()
    assert found["overlap/ratio"] == found["overlap/mass_student"] == found["overlap/mass_teacher"] == 0
    assert found["overlap/chance_corrected"] == -1
    for name in ("advantage", "advantage_logged", "mass_student_nonempty", "mass_teacher_nonempty"):
        assert f"overlap/{name}" not in found, "what is a mean over nothing is left out"
    assert "extreme/difference_shared" not in found
    assert all(math.isfinite(value) for value in found.values())


def test_impossible_tokens_add_nothing() -> None:
    """Padded rows of a head have -inf in both; a list longer than what is possible holds them, too."""
    logp, logq, *rest = pair(6, 10)
    wall = torch.full((len(logp), 3), -torch.inf, dtype=logp.dtype)
    padded = (torch.cat([logp, wall], 1), torch.cat([logq, wall], 1), *rest)
    found, expected = shown(padded, 4).metrics(), shown((logp, logq, *rest), 4).metrics()
    assert found.pop("overlap/chance_corrected") != expected.pop("overlap/chance_corrected"), "the vocabulary is larger"
    assert found == pytest.approx(expected, rel=1e-6)
    longest = shown(padded, 13).metrics()
    assert all(math.isfinite(value) for value in longest.values())
    assert longest["overlap/mass_student"] == pytest.approx(1)


def test_what_only_the_teacher_rules_out_is_infinitely_far() -> None:
    logp, logq, tokens, *rest = pair(7, 10)
    ruled_out = int(tokens[0])
    logq = logq.index_fill(1, torch.tensor([ruled_out]), -torch.inf).log_softmax(-1)
    found = shown((logp, logq, tokens, *rest), 10).metrics()
    assert found["divergence/full"] == found["divergence/sampled"] == math.inf
    assert found["overlap/advantage"] == -math.inf
    assert not any(math.isnan(value) for value in found.values())
    both = shown((logp.index_fill(1, tokens[:1], -torch.inf).log_softmax(-1), logq, tokens, *rest), 10).metrics()
    assert all(math.isfinite(value) for value in both.values())


def test_no_tokens_no_metrics() -> None:
    empty = torch.zeros(0, dtype=torch.int64)
    observer = Observer(empty, empty, empty, share=0.5)
    assert not observer.wants(slice(0, 10))
    observer.see(slice(0, 10), torch.zeros(0, 5), torch.zeros(0, 5))
    assert observer.metrics() == {"observed/tokens": 0.0}
    assert observer.by_position(4)["entropy/student"] == [None]
    assert len(observer.per_token()["entropy/student"]) == 0


def test_an_empty_response_has_no_reward() -> None:
    logp, logq, tokens, *_ = pair(11, 20, (3, 2))
    lengths, positions = torch.tensor([3, 0, 2]), torch.tensor([0, 1, 2, 0, 1])
    observer = shown((logp, logq, tokens, lengths, positions), 4)
    rows, rewards = observer.rewards()
    assert rows.tolist() == [0, 2]
    assert rewards[1] == pytest.approx(float((logq - logp).gather(1, tokens.unsqueeze(1))[3:].mean()), rel=1e-5)
    assert observer.metrics()["response/length"] == pytest.approx(5 / 3)


def test_a_share_is_whole_rollouts_drawn_by_seed() -> None:
    lengths = (6, 5, 7, 4, 8, 10)
    case = pair(8, 20, lengths)
    options: dict[str, Any] = {"finished": None, "correct": [True, False] * 3, "share": 0.4}
    one, again, other = (shown(case, 4, seed=seed, **options) for seed in (1, 1, 2))
    assert one.metrics() == again.metrics() != other.metrics()
    kept = ~torch.isnan(one.per_token()["divergence/full"])
    assert one.metrics()["observed/tokens"] == kept.sum() >= 0.4 * 40
    rows = [bool(part.all()) for part in kept.split(lengths)]
    assert rows == [bool(part.any()) for part in kept.split(lengths)], "a rollout is seen whole or not at all"
    assert one.rewards()[0].tolist() == [row for row, seen in enumerate(rows) if seen]
    unwanted = rows.index(False)
    start = sum(lengths[:unwanted])
    assert not Observer(*case[2:], 4, 0.4, 1).wants(slice(start, start + lengths[unwanted]))
    whole = shown(case, 4, finished=None, correct=None).per_token()["divergence/full"]
    torch.testing.assert_close(one.per_token()["divergence/full"][kept], whole[kept])


def test_micro_batches_in_any_order_and_processes_make_one_whole() -> None:
    case = pair(9, 20)
    logp, logq, tokens, lengths, positions = case
    expected = shown(case, 4)
    observer = Observer(tokens, lengths, positions, 4, finished=[True, False, True], correct=[True, False, True], ngram=2)
    pieces = torch.arange(12).split([4, 1, 7])
    for rows in ([2, 0], [1]):
        index = torch.cat([pieces[row] for row in rows])
        part = observer.part(rows)
        assert part.wants(slice(0, 2))
        for start in range(0, len(index), 3):
            part.see(slice(start, start + 3), logp[index[start : start + 3]], logq[index[start : start + 3]])
        assert not part.wants(slice(0, len(index)))
    assert observer.metrics() == pytest.approx(expected.metrics())

    processes = []
    for rows, some in (([0, 1], slice(0, 5)), ([2], slice(5, 12))):
        finished = [[True, False, True][row] for row in rows]
        own = Observer(tokens[some], lengths[rows], positions[some], 4, finished=finished, correct=finished, ngram=2)
        own.see(slice(0, len(tokens[some])), logp[some], logq[some])
        processes.append(own)
    together = joined(processes)
    assert together.metrics() == pytest.approx(expected.metrics())
    assert together.by_position(3) == expected.by_position(3)


def test_values_by_position_and_by_token() -> None:
    case = pair(10, 20)
    observer = shown(case, 4)
    per_token, positions = observer.per_token(), case[4]
    rows = observer.by_position(7)
    assert set(rows) == {*per_token, "entropy/gap"}
    for place in range(7):
        expected = float(per_token["divergence/full"][positions == place].mean())
        assert rows["divergence/full"][place] == pytest.approx(expected)
    wide = observer.by_position(4, horizon=16)["divergence/full"]
    assert wide[2:] == [None, None]
    assert wide[0] == pytest.approx(float(per_token["divergence/full"][positions < 4].mean()))


def test_what_stands_behind_the_end_changes_nothing(tiny: Callable[..., Path]) -> None:
    """Padding and tokens after the end of a response are in no metric."""
    student, teacher = open_model(tiny("student")), open_model(tiny("teacher", seed=1))
    lengths = torch.tensor([3, 5])
    seen = []
    for junk in (0, 9):
        ids = torch.tensor([[8, 9, 2, junk, junk], [10, 11, 12, 13, 14]])
        rollouts = Rollouts([[1, 5, 6], [1, 7]], torch.tensor([0, 1]), ids, lengths, torch.tensor([True, False]))
        batch = pack(rollouts, junk)
        observer = Observer(batch.tokens, batch.lengths, batch.positions, finished=rollouts.finished)
        hidden = [model.hidden(batch.ids, batch.mask)[batch.rows, batch.columns] for model in (student, teacher)]
        weights = token_weights(batch.lengths, "token-mean")
        divergence(
            hidden[0], student.head(), hidden[1], teacher.head(), batch.tokens, weights, LossSpec(), observe=observer
        )
        seen.append(observer.metrics())
    assert seen[0] == pytest.approx(seen[1], rel=1e-6)
    assert seen[0]["observed/tokens"] == 8
    assert seen[0]["response/truncated"] == 0.5


def test_every_metric_is_in_the_document() -> None:
    page = (Path(__file__).parents[2] / "docs" / "distill-metrics.md").read_text("utf-8")
    missing = [name for name in (*NAMES, "mass/on_set", "loss", "gradient/norm", "gap_recovery") if f"`{name}`" not in page]
    assert not missing
    observed = shown(pair(1, 40, (9, 9, 9)), 8, ngram=1, spec=LossSpec(k=4)).metrics()
    assert set(observed) == {*NAMES, "mass/on_set"}, "and what availability lists is what an observer tells"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"k_metric": 0}, "at least 1 token"),
        ({"share": 0.0}, "above 0"),
        ({"share": 1.5}, "up to 1"),
        ({"lengths": torch.tensor([3])}, "add up to 3"),
        ({"ngram": 0}, "at least 1 token"),
    ],
)
def test_wrong_arguments_are_refused(wrong: dict[str, Any], said: str) -> None:
    arguments = {"tokens": torch.arange(4), "lengths": torch.tensor([4]), "positions": torch.arange(4)} | wrong
    with pytest.raises(UsageError, match=said):
        Observer(**arguments)


def test_shapes_that_do_not_fit_are_refused() -> None:
    observer = Observer(torch.arange(4), torch.tensor([4]), torch.arange(4))
    with pytest.raises(UsageError, match="4 tokens have log-probabilities"):
        observer.see(slice(0, 4), torch.zeros(3, 5), torch.zeros(3, 5))
    with pytest.raises(UsageError, match="ServedObserver"):
        observer.see(slice(0, 4), torch.zeros(4, 5), None)
