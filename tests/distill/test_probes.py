"""Probes: gradients that agree or cancel, and what a teacher still saves from a depth on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.distill.data.prompt import Prompt
from journeyman.distill.diagnostics.probes import coherence as probe
from journeyman.distill.diagnostics.probes import continuation
from journeyman.distill.diagnostics.probes.coherence import coherence, gradient_coherence, rollout_gradients
from journeyman.distill.diagnostics.probes.continuation import (
    Continuation,
    DepthGain,
    continuation_gain,
    paired,
)
from journeyman.distill.losses.divergence import divergence
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.losses.weights import token_weights
from journeyman.distill.model import LanguageModel, open_model
from journeyman.distill.recipes.length import judge, useful_depth
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.rollout.rollouts import Rollouts, pack
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.teacher.in_process import InProcess
from journeyman.errors import DataInvalid, ModelUnsuitable, UsageError

SAMPLING = Sampling(max_tokens=24)
ANSWERS = ["7"] * 8


def says_seven(text: str, answer: str) -> bool:
    return answer in text.split()


@pytest.fixture(scope="module")
def student(tiny: Callable[..., Path]) -> LanguageModel:
    return open_model(tiny("student"))


@pytest.fixture(scope="module")
def teacher(tiny: Callable[..., Path]) -> LanguageModel:
    return open_model(tiny("teacher", seed=1, hidden=48))


@pytest.fixture(scope="module")
def rollouts(student: LanguageModel) -> Rollouts:
    return sampler_for(student).sample([[1, 5, 6], [1, 7]], 4, SAMPLING, 0)


# --- coherence ----------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 6), common=st.sampled_from([0.0, 1.0, -1.0]))
def test_coherence_agrees_with_sums_over_pairs(seed: int, n: int, common: float) -> None:
    gradients = torch.randn(n, 7, generator=torch.Generator().manual_seed(seed)) + common
    found, rows = coherence(gradients), gradients.double()
    total, norms = rows.sum(0), rows.norm(dim=1)
    pairs = [float(rows[i] @ rows[j]) for i in range(n) for j in range(n) if i != j]
    assert found.c == pytest.approx(float(total @ total) / (n * float((norms**2).sum())))
    assert found.r == pytest.approx(float(total.norm()) / float(norms.sum()))
    assert found.u == pytest.approx(sum(pairs) / len(pairs), abs=1e-9)
    assert found.agreement == pytest.approx(sum(pairs) / len(pairs) / float((norms**2).mean()), abs=1e-9)
    assert found.mean_norm == pytest.approx(float(norms.mean()))
    assert 0 <= found.c <= 1 + 1e-9  # type: ignore[operator]
    assert 0 <= found.r <= 1 + 1e-9  # type: ignore[operator]
    assert -1 / (n - 1) - 1e-9 <= found.agreement <= 1 + 1e-9  # type: ignore[operator]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(*[st.integers(-3, 3)] * 2), min_size=2, max_size=4), st.integers(2, 3))
def test_u_is_unbiased(population: list[tuple[int, int]], n: int) -> None:
    """Over all samples of n draws from a population, the mean of U is the squared length of the population's mean."""
    vectors = torch.tensor(population, dtype=torch.float64)
    values = [coherence(vectors[list(draw)]).u for draw in itertools.product(range(len(vectors)), repeat=n)]
    expected = float(vectors.mean(0) @ vectors.mean(0))
    assert sum(values) / len(values) == pytest.approx(expected, abs=1e-9)  # type: ignore[arg-type]


def test_coherence_at_its_ends() -> None:
    alike = coherence(torch.ones(4, 3))
    assert (alike.c, alike.r, alike.agreement) == pytest.approx((1, 1, 1))
    assert alike.standard_error == pytest.approx(0, abs=1e-9)
    across = coherence(torch.eye(4))
    assert (across.c, across.r, across.agreement) == pytest.approx((1 / 4, 1 / 2, 0))
    against = coherence(torch.tensor([[1.0], [-1.0]]))
    assert (against.c, against.r, against.agreement) == pytest.approx((0, 0, -1))
    nothing = coherence(torch.zeros(3, 5))
    assert (nothing.c, nothing.r, nothing.agreement, nothing.mean_norm) == (None, None, None, 0)
    assert coherence(torch.ones(1, 3)).u is None
    with pytest.raises(UsageError, match="not finite"):
        coherence(torch.tensor([[math.nan]]))
    with pytest.raises(UsageError, match="at least one rollout"):
        coherence(torch.zeros(0, 3))


def test_the_jackknife_error_is_that_of_leaving_one_out() -> None:
    gradients = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)).double() + 0.5
    without = [coherence(gradients[[j for j in range(6) if j != i]]).agreement for i in range(6)]
    mean = sum(without) / 6  # type: ignore[arg-type]
    expected = math.sqrt(5 / 6 * sum((v - mean) ** 2 for v in without))  # type: ignore[operator]
    assert coherence(gradients).standard_error == pytest.approx(expected)


@pytest.mark.parametrize("aggregation", ["token-mean", "seq-mean-token-mean"])
def test_the_rollouts_gradients_add_up_to_the_losss(
    student: LanguageModel, teacher: LanguageModel, rollouts: Rollouts, aggregation: Any
) -> None:
    spec = LossSpec(form="full", aggregation=aggregation)
    found = torch.stack(list(rollout_gradients(student, InProcess(teacher), rollouts, spec, parameters="all"))).sum(0)
    batch = pack(rollouts, student.pad_id)
    wanted = list(student.model.parameters())
    for parameter in wanted:
        parameter.requires_grad_(True)
    hidden = student.hidden(batch.ids, batch.mask)[batch.rows, batch.columns]
    signal = InProcess(teacher).signal(batch)
    weights = token_weights(batch.lengths, aggregation)
    loss = divergence(hidden, student.head(), signal.hidden, signal.head, batch.tokens, weights, spec).loss
    expected = torch.cat([g.flatten() for g in torch.autograd.grad(loss, wanted)])
    for parameter in wanted:
        parameter.requires_grad_(False)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_the_last_block_is_a_part_of_all(student: LanguageModel, teacher: LanguageModel, rollouts: Rollouts) -> None:
    every, last = (
        next(rollout_gradients(student, InProcess(teacher), rollouts, LossSpec(), parameters=which))
        for which in ("all", "last_block")
    )
    sizes = [(name, p.numel()) for name, p in student.model.named_parameters()]
    kept = [flag for name, size in sizes for flag in [name.startswith(("model.layers.1.", "model.norm"))] * size]
    torch.testing.assert_close(every[torch.tensor(kept)], last)


def test_a_projection_keeps_inner_products(student: LanguageModel, teacher: LanguageModel, rollouts: Rollouts) -> None:
    def agreement(dimensions: int | None, seed: int) -> float:
        found = gradient_coherence(student, InProcess(teacher), rollouts, LossSpec(), dimensions=dimensions, seed=seed)
        assert found.agreement is not None
        return found.agreement

    exact = agreement(None, 0)
    drawn = [agreement(257, seed) for seed in range(12)]
    assert agreement(257, 3) == drawn[3]
    assert len(set(drawn)) == 12
    assert abs(sum(drawn) / 12 - exact) < 4 * (torch.tensor(drawn).std() / math.sqrt(12))


def test_coherence_costs_what_was_predicted_and_changes_nothing(
    student: LanguageModel, teacher: LanguageModel, rollouts: Rollouts
) -> None:
    before = {name: p.clone() for name, p in student.model.named_parameters()}
    student.model.train()
    told: list[tuple[int, int]] = []
    found = gradient_coherence(
        student, InProcess(teacher), rollouts, LossSpec(), rows=[0, 3, 5], on_progress=lambda *at: told.append(at)
    )
    assert found.cost == probe.predict(student, rollouts, rows=[0, 3, 5])
    lengths = int(rollouts.lengths[[0, 3, 5]].sum()) + 3 + 3 + 2
    assert (found.cost.forward, found.cost.backward, found.cost.kept_bytes) == (2 * lengths, lengths, 3 * 4 * 8191)
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert student.model.training
    student.model.eval()
    assert not any(p.requires_grad or p.grad is not None for p in student.model.parameters())
    assert all(torch.equal(before[name], p) for name, p in student.model.named_parameters())


def test_a_pair_that_agrees_has_no_gradient_to_speak_of(student: LanguageModel, rollouts: Rollouts) -> None:
    found = gradient_coherence(student, InProcess(student), rollouts, LossSpec(form="full"))
    assert found.mean_norm < 1e-6


def test_what_coherence_refuses(student: LanguageModel, teacher: LanguageModel, rollouts: Rollouts) -> None:
    with pytest.raises(UsageError, match="dimensions is 1"):
        gradient_coherence(student, InProcess(teacher), rollouts, LossSpec(), dimensions=1)
    with pytest.raises(UsageError, match="no rollouts"):
        gradient_coherence(student, InProcess(teacher), rollouts, LossSpec(), rows=[])
    with pytest.raises(UsageError, match="parameters 'head'"):
        gradient_coherence(student, InProcess(teacher), rollouts, LossSpec(), parameters="head")  # type: ignore[arg-type]

    class Far:
        name = "far"

        def signal(self, batch: Any) -> Any:
            from journeyman.distill.teacher.signal import ServedSignal

            return ServedSignal(torch.zeros(len(batch.tokens)))

    with pytest.raises(ModelUnsuitable, match="'far' in this process"):
        gradient_coherence(student, Far(), rollouts, LossSpec())


# --- continuation -------------------------------------------------------------------------------------------------------


class Scripted:
    """A sampler that always ends a response in the same words, and remembers what it was asked."""

    def __init__(self, words: Sequence[int]) -> None:
        self.words = list(words)
        self.asked: list[tuple[list[list[int]], int, Sampling, int]] = []

    def sample(self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int) -> Rollouts:
        self.asked.append(([list(p) for p in prompts], n, sampling, seed))
        rows = len(prompts) * n
        ids = torch.tensor([self.words] * rows)
        lengths = torch.full((rows,), len(self.words))
        return Rollouts(prompts, torch.arange(len(prompts)).repeat_interleave(n), ids, lengths, torch.ones(rows).bool())


def test_a_model_against_itself_gains_exactly_nothing(student: LanguageModel, rollouts: Rollouts) -> None:
    found = continuation_gain(student, student, rollouts, [4, 12], says_seven, ANSWERS, n=3, sampling=SAMPLING)
    assert found.by_depth == ((4, 0.0), (12, 0.0))
    assert {row.standard_error for row in found.gains} == {0.0}
    assert found.gains[0].teacher == found.gains[0].student


def test_only_longer_rollouts_are_cut_and_only_their_beginnings_asked(
    student: LanguageModel, teacher: LanguageModel, rollouts: Rollouts
) -> None:
    seven, end = student.tokenizer.convert_tokens_to_ids("7"), student.eos_ids[0]
    right, wrong = Scripted([seven, end]), Scripted([end])
    answers = ["7", None, *["7"] * 6]
    found = continuation_gain(
        student, teacher, rollouts, [12, 4, 23], lambda text, answer: text.split()[-1:] == [answer], answers, n=2,
        sampling=SAMPLING, teacher_sampler=right, student_sampler=wrong, batch=2,
    )  # fmt: skip
    lengths = rollouts.lengths.tolist()
    for row in found.gains:
        chosen = [i for i, length in enumerate(lengths) if length > row.depth and answers[i] is not None]
        assert row.prefixes == len(chosen)
        assert row.prompts == len({int(rollouts.prompt_of[i]) for i in chosen})
        assert row.teacher == 1
        asked = [prompt for prompts, n, s, _ in right.asked if s.max_tokens == 24 - row.depth for prompt in prompts]
        starts = [list(rollouts.prompts[int(rollouts.prompt_of[i])]) for i in chosen]
        assert asked == [start + rollouts.response(i)[: row.depth] for start, i in zip(starts, chosen, strict=True)]
    assert [row.depth for row in found.gains] == [4, 12, 23]
    assert found.gains[0].gain == 1 - found.gains[0].student
    assert [seed for *_, seed in right.asked] == [seed for *_, seed in wrong.asked], "both draw with the same seeds"
    generated = sum(len(prompts) * n * len(s.words) for s in (right, wrong) for prompts, n, *_ in s.asked)
    assert found.cost.generated == generated


def test_costs_are_predicted_from_above(student: LanguageModel, teacher: LanguageModel, rollouts: Rollouts) -> None:
    told: list[tuple[int, int]] = []
    for resample in (True, False):
        most = continuation.predict(rollouts, [4, 12], ANSWERS, n=2, sampling=SAMPLING, resample=resample)
        found = continuation_gain(
            student, teacher, rollouts, [4, 12], says_seven, ANSWERS, n=2, sampling=SAMPLING, resample=resample,
            on_progress=lambda *at: told.append(at),
        )  # fmt: skip
        assert 0 < found.cost.generated <= most.generated
        assert told[-1] == (found.cost.generated, most.generated)
    capped = continuation.predict(rollouts, [4], ANSWERS, sampling=SAMPLING, limit=2)
    assert capped.generated == 2 * 2 * 20


def test_endings_as_they_were_cost_the_student_nothing(
    student: LanguageModel, teacher: LanguageModel, rollouts: Rollouts
) -> None:
    found = continuation_gain(
        student, teacher, rollouts, [4], says_seven, ANSWERS, sampling=SAMPLING, resample=False, limit=5, seed=3
    )
    again = continuation_gain(
        student, teacher, rollouts, [4], says_seven, ANSWERS, sampling=SAMPLING, resample=False, limit=5, seed=3
    )
    assert found == again
    assert found.gains[0].prefixes == 5
    texts = [student.tokenizer.decode(rollouts.response(i), skip_special_tokens=True) for i in range(8)]
    assert found.gains[0].student <= sum(says_seven(text, "7") for text in texts) / 5


def test_depths_that_nothing_reaches_and_contexts_without_room(
    student: LanguageModel, teacher: LanguageModel, rollouts: Rollouts
) -> None:
    longest = int(rollouts.lengths.max())
    sampling = Sampling(max_tokens=longest + 10)
    found = continuation_gain(student, teacher, rollouts, [longest + 5], says_seven, ANSWERS, sampling=sampling)
    assert found == Continuation((), (longest + 5,), found.cost)
    for length, expected in ((student.context - 3, (2, 0)), (student.context - 2, (1, 1))):
        ids, lengths = torch.full((2, 3), 7), torch.tensor([3, 3])
        long_prompt = Rollouts([[5] * length, [1]], torch.tensor([0, 1]), ids, lengths, lengths < 3)
        cut = continuation_gain(student, teacher, long_prompt, [2], says_seven, ["7"] * 2, sampling=Sampling(max_tokens=3))
        assert (cut.gains[0].prefixes, cut.gains[0].no_room) == expected


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20))
def test_paired_error_of_independent_values_is_the_usual_one(values: list[float]) -> None:
    mean, error = paired(values, range(len(values)))
    spread = torch.tensor(values, dtype=torch.float64)
    assert mean == pytest.approx(float(spread.mean()), abs=1e-9)
    assert error == pytest.approx(float(spread.std() / math.sqrt(len(values))), abs=1e-9)


def test_paired_error_counts_prompts_not_prefixes() -> None:
    once, often = paired([0.0, 1.0, 1.0], [0, 1, 2]), paired([0.0] * 5 + [1.0] * 10, [0] * 5 + [1] * 5 + [2] * 5)
    assert often == pytest.approx(once), "the same prompts again tell nothing new"
    assert paired([0.3, 0.5], [4, 4]) == (0.4, None)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"depths": []}, "no depth"),
        ({"depths": [24]}, "below max_tokens, 24"),
        ({"depths": [0]}, "depth 0"),
        ({"n": 0}, "at least 1"),
        ({"answers": ["7"]}, "1 answers for 8 rollouts"),
    ],
)
def test_what_continuation_refuses(
    student: LanguageModel, rollouts: Rollouts, wrong: dict[str, Any], said: str
) -> None:
    arguments = {"depths": [4], "answers": ANSWERS, "grader": says_seven, "sampling": SAMPLING} | wrong
    with pytest.raises(UsageError, match=said):
        continuation_gain(student, student, rollouts, **arguments)


# --- useful depth -------------------------------------------------------------------------------------------------------


def row(depth: int, gain: float, error: float | None = 0.02, prompts: int = 50) -> DepthGain:
    return DepthGain(depth, gain, error, 0.5 + gain, 0.5, prompts, prompts)


def test_the_papers_gains_end_at_eight_thousand() -> None:
    found = judge([row(1024, 0.3659), row(4096, 0.2709), row(8192, 0.1522), row(16384, 0.0237)])
    assert found.cap == 8192
    assert "still helps 8,192 tokens in (gain +0.152 ± 0.040)" in found.sentence
    assert "not for certain at 16,384" in found.sentence


@pytest.mark.parametrize(
    ("table", "cap", "said"),
    [
        ([row(64, 0.01), row(128, -0.2)], None, "At no depth"),
        ([row(64, 0.3), row(128, 0.2)], 128, "the deepest tried"),
        ([row(64, 0.03), row(128, 0.2), row(256, 0.0)], 128, "At 64 the gain was within its error"),
        ([row(64, 0.3), row(128, 0.9, 0.0, prompts=3)], 64, "how it is at 128 is not known"),
        ([row(64, 0.3, None, prompts=1)], None, "Too few responses"),
        ([], None, "Too few responses"),
    ],
)
def test_what_is_said_of_a_table(table: list[DepthGain], cap: int | None, said: str) -> None:
    found = judge(table)
    assert found.cap == cap
    assert said in found.sentence


def test_useful_depth_from_prompts(student: LanguageModel, teacher: LanguageModel) -> None:
    end = student.eos_ids[0]
    words = student.tokenizer.convert_tokens_to_ids(["so", "7", "8"])
    prompts = [Prompt((("user", f"{a} + {b}"),), f"{a} + {b}", "7") for a in range(3) for b in range(3)]
    prompts.append(Prompt((("user", "nobody knows"),), "nobody knows"))
    # The student babbles to the limit; the teacher ends with the answer while that is early, and is lost later.
    class Student(Scripted):
        def sample(self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int) -> Rollouts:
            return Scripted([words[0]] * sampling.max_tokens).sample(prompts, n, sampling, seed)

    class Teacher(Scripted):
        def sample(self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int) -> Rollouts:
            early = sampling.max_tokens > 16
            return Scripted([words[1] if early else words[2], end]).sample(prompts, n, sampling, seed)

    found = useful_depth(
        student, teacher, prompts, depths=[4, 12, 20], n=2, grader=says_seven, sampling=Sampling(max_tokens=32),
        student_sampler=Student([]), teacher_sampler=Teacher([]),
    )  # fmt: skip
    assert found.cap == 12
    assert [(r.depth, r.gain, r.prompts) for r in found.table] == [(4, 1.0, 9), (12, 1.0, 9), (20, 0.0, 9)]
    assert (found.mean_length, found.truncated) == (32, 0)
    assert found.cost.generated == 9 * 32 + 9 * 2 * sum(32 - d + 2 for d in (4, 12, 20))


def test_a_teacher_may_be_a_sampler_only(student: LanguageModel, teacher: LanguageModel, rollouts: Rollouts) -> None:
    def gain(**whom: Any) -> Continuation:
        return continuation_gain(
            student, rollouts=rollouts, depths=[4], grader=says_seven, answers=ANSWERS, sampling=SAMPLING, **whom
        )

    assert gain(teacher=None, teacher_sampler=sampler_for(teacher)) == gain(teacher=teacher)
    with pytest.raises(UsageError, match="no teacher"):
        gain(teacher=None)


def test_useful_depth_with_real_samplers_is_reproducible(student: LanguageModel, teacher: LanguageModel) -> None:
    prompts = [Prompt((("user", f"{a} + 1"),), f"{a} + 1", "7") for a in range(10)]

    def measure() -> Any:
        return useful_depth(student, teacher, prompts, depths=[2, 6], n=1, grader=says_seven, seed=5)

    found = measure()
    assert found == measure()
    assert found.cost.generated > 0
    assert 0 < found.mean_length <= 12


def test_useful_depth_needs_answers(student: LanguageModel, teacher: LanguageModel) -> None:
    with pytest.raises(DataInvalid, match="has an answer"):
        useful_depth(student, teacher, [Prompt((), "what")], depths=[4], grader=says_seven)
    with pytest.raises(UsageError, match="no depth"):
        useful_depth(student, teacher, [Prompt((), "what", "7")], depths=[], grader=says_seven)
