"""With a served teacher: what is exact equals the whole truth, and what is bounded contains it."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.distill.diagnostics.availability import availability
from journeyman.distill.diagnostics.in_pass import Observer, joined
from journeyman.distill.diagnostics.served import ServedObserver
from journeyman.distill.teacher.signal import ServedSignal
from journeyman.errors import UsageError

LENGTHS = torch.tensor([6, 2, 4])
OPTIONS: dict[str, Any] = {"finished": [True, False, True], "correct": [True, False, True], "ngram": 1}


def pair(seed: int, vocab: int, apart: float, sharp: float) -> tuple[Any, Any, Any]:
    g = torch.Generator().manual_seed(seed)
    logits = sharp * torch.randn(12, vocab, generator=g)
    logp, logq = logits.log_softmax(-1), (logits + apart * torch.randn(12, vocab, generator=g)).log_softmax(-1)
    return logp, logq, torch.multinomial(logp.exp(), 1, generator=g).squeeze(1)


def told(logq: Any, tokens: Any, top: int) -> ServedSignal:
    sampled = logq.gather(1, tokens.unsqueeze(1)).squeeze(1)
    if not top:
        return ServedSignal(sampled)
    best = logq.topk(top, dim=1)
    return ServedSignal(sampled, best.indices, best.values)


def places() -> Any:
    return torch.cat([torch.arange(int(n)) for n in LENGTHS])


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    vocab=st.sampled_from([2, 5, 12, 60, 400]),
    k=st.sampled_from([1, 4, 16]),
    top=st.sampled_from([0, 1, 2, 5, 20]),
    apart=st.sampled_from([0.05, 1.0, 6.0]),
    sharp=st.sampled_from([0.1, 2.0, 6.0]),
)
def test_the_truth_lies_in_every_interval(seed: int, vocab: int, k: int, top: int, apart: float, sharp: float) -> None:
    logp, logq, tokens = pair(seed, vocab, apart, sharp)
    whole = Observer(tokens, LENGTHS, places(), k, **OPTIONS)
    whole.see(slice(0, 12), logp, logq)
    served = ServedObserver(tokens, LENGTHS, places(), k, signal=told(logq, tokens, min(top, vocab)), **OPTIONS)
    for start in range(0, 12, 5):
        served.see(slice(start, start + 5), logp[start : start + 5])
    truth, measured = whole.metrics(), served.measured()
    assert truth.keys() <= measured.keys()
    for name, found in measured.items():
        if found.kind == "unavailable":
            assert found.low is None
            assert found.why
        elif name in truth:
            rounding = 1e-5 * (1 + abs(truth[name]))
            assert found.low is not None, name
            assert found.high is not None, name
            assert found.low - rounding <= truth[name] <= found.high + rounding, name
            assert found.kind == "bounded" or found.low == found.high, name
        else:
            assert found.low is None, name


def test_more_of_the_list_makes_bounds_no_wider_and_some_narrower() -> None:
    logp, logq, tokens = pair(0, 60, 0.5, 3.0)
    widths: dict[str, list[float]] = {}
    for top in (0, 2, 8, 30, 60):
        served = ServedObserver(tokens, LENGTHS, places(), 4, signal=told(logq, tokens, top), **OPTIONS)
        served.see(slice(0, 12), logp)
        for name, found in served.measured().items():
            if found.kind == "bounded" and found.low is not None and found.high is not None:
                widths.setdefault(name, []).append(found.high - found.low)
    for name in ("entropy/teacher", "entropy/gap", "teacher/rank_mean"):
        assert all(b <= a + 1e-9 for a, b in pairwise(widths[name])), name
        assert widths[name][-1] < 1e-3 < widths[name][0], name
    assert widths["divergence/full"][0] == math.inf
    assert widths["divergence/full"][-1] < 1e-3, "with the whole vocabulary told, nothing is left open"


def test_a_teacher_with_any_tail_fits_what_was_told() -> None:
    """Move the unseen mass about as far as it goes: the intervals, made from what is told, must hold for all of these."""
    logp, logq, tokens = pair(1, 12, 1.0, 1.0)
    tokens = logq.topk(2, dim=1).indices[:, 0]
    signal = told(logq, tokens, 4)
    served = ServedObserver(tokens, LENGTHS, places(), 4, signal=signal, **OPTIONS)
    served.see(slice(0, 12), logp)
    bounds = served.measured()
    rest = 1 - signal.logq.exp().sum(1)
    least = signal.logq[:, -1].exp()
    g = torch.Generator().manual_seed(0)
    for sharp in (0.0, 1.0, 5.0, 30.0):
        for _ in range(20):
            tail = (sharp * torch.randn(12, 8, generator=g)).softmax(-1) * rest.unsqueeze(1)
            fits = (tail <= least.unsqueeze(1)).all(1, keepdim=True)
            tail = torch.where(fits, tail, rest.unsqueeze(1) / 8)
            other = torch.zeros(12, 12)
            outside = torch.ones(12, 12, dtype=torch.bool).scatter(1, signal.ids, False)
            other[outside] = tail.flatten()
            other = other.scatter(1, signal.ids, signal.logq.exp()).log()
            whole = Observer(tokens, LENGTHS, places(), 4, **OPTIONS)
            whole.see(slice(0, 12), logp, other)
            for name, value in whole.metrics().items():
                assert bounds[name].low - 1e-4 <= value <= bounds[name].high + 1e-4, name  # type: ignore[operator]


def test_availability_says_beforehand_what_measuring_gives() -> None:
    assert {said.kind for said in availability(None).values()} == {"exact"}
    sampled, some, enough = availability(0), availability(4), availability(20)
    assert sampled["overlap/ratio"].kind == "unavailable"
    assert some["overlap/ratio"].kind == "bounded"
    assert enough["overlap/ratio"].kind == "exact"
    assert sampled["sequence/auroc"].kind == sampled["divergence/sampled"].kind == "exact"
    assert {said["divergence/full"].kind for said in (sampled, some, enough)} == {"bounded"}
    assert "4 of the 16" in some["overlap/ratio"].why
    assert all(said.why for kinds in (sampled, some, enough) for said in kinds.values() if said.kind != "exact")


def test_plain_metrics_name_their_bounds() -> None:
    logp, logq, tokens = pair(2, 60, 0.5, 3.0)
    served = ServedObserver(tokens, LENGTHS, places(), 4, signal=told(logq, tokens, 8), **OPTIONS)
    served.see(slice(0, 12), logp)
    found = served.metrics()
    assert found["entropy/teacher_low"] < found["entropy/teacher_high"]
    assert "divergence/full_low" in found
    assert "divergence/full_high" not in found, "nothing bounds it from above"
    assert "divergence/full" not in found
    assert all(math.isfinite(value) for value in found.values())
    assert set(served.by_position(4)) == set(served.per_token()) == {
        "entropy/student", "log_ratio", "overlap/ratio", "overlap/mass_student"
    }  # fmt: skip


def test_parts_with_signals_of_their_own_and_processes_make_one_whole() -> None:
    logp, logq, tokens = pair(3, 60, 0.5, 3.0)
    whole = ServedObserver(tokens, LENGTHS, places(), 4, signal=told(logq, tokens, 8), **OPTIONS)
    whole.see(slice(0, 12), logp)
    pieces = torch.arange(12).split(LENGTHS.tolist())
    parts = ServedObserver(tokens, LENGTHS, places(), 4, **OPTIONS)
    for rows in ([2, 0], [1]):
        index = torch.cat([pieces[row] for row in rows])
        part = parts.part(rows, told(logq[index], tokens[index], 8))
        for start in range(0, len(index), 3):
            part.see(slice(start, start + 3), logp[index[start : start + 3]], None)
    assert parts.metrics() == pytest.approx(whole.metrics())
    assert parts.rewards()[1].tolist() == whole.rewards()[1].tolist()

    processes = []
    for rows, some in (([0, 1], slice(0, 8)), ([2], slice(8, 12))):
        finished = [OPTIONS["finished"][row] for row in rows]
        signal = told(logq[some], tokens[some], 8)
        own = ServedObserver(
            tokens[some], LENGTHS[rows], places()[some], 4, signal=signal, finished=finished, correct=finished, ngram=1
        )
        own.see(slice(0, 8), logp[some])
        processes.append(own)
    assert joined(processes).metrics() == pytest.approx(whole.metrics())


def test_where_parts_tell_less_the_least_counts() -> None:
    logp, logq, tokens = pair(4, 60, 0.5, 3.0)
    observer = ServedObserver(tokens, LENGTHS, places(), 4, **OPTIONS)
    for rows, some, top in (([0, 1], slice(0, 8), 8), ([2], slice(8, 12), 0)):
        observer.part(rows, told(logq[some], tokens[some], top)).see(slice(0, 8), logp[some])
    found = observer.measured()
    assert observer.top == 0
    assert (found["overlap/ratio"].kind, found["overlap/ratio"].low) == ("unavailable", None)
    assert found["divergence/sampled"].kind == "exact"
    assert found["entropy/teacher"].low < found["entropy/teacher"].high  # type: ignore[operator]


def test_without_tokens_and_without_a_signal() -> None:
    empty = torch.zeros(0, dtype=torch.int64)
    nothing = ServedObserver(empty, empty, empty, signal=ServedSignal(torch.zeros(0)))
    assert nothing.metrics() == {"observed/tokens": 0.0}
    tokens = torch.arange(12)
    with pytest.raises(UsageError, match="no signal"):
        ServedObserver(tokens, LENGTHS, places()).see(slice(0, 12), torch.zeros(12, 20))
    with pytest.raises(UsageError, match="scored 3 tokens"):
        ServedObserver(tokens, LENGTHS, places(), signal=ServedSignal(torch.zeros(3)))
