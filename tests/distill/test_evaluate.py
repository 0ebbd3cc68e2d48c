"""Figures of an evaluation against counting by hand, with real models and with rollouts laid down in advance."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.distill.data.grade import grader
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.model import LanguageModel, open_model
from journeyman.distill.recipes.evaluate import (
    PAPER,
    difference,
    distinct_ngrams,
    evaluate,
    evaluate_sets,
    evaluation_table,
    pass_at_k,
)
from journeyman.distill.rollout.generate import Generate
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.rollout.sampling import Sampling
from journeyman.errors import DataInvalid, UsageError
from journeyman.report.table import aligned

SHORT = Sampling(temperature=0.7, top_p=0.95, max_tokens=12)
GRADE = grader("bracket")


@pytest.fixture(scope="module")
def model(tiny: Callable[..., Path]) -> LanguageModel:
    return open_model(tiny("evaluate"))


def ask(question: str, answer: str | None, name: str) -> Prompt:
    return Prompt((("user", question),), question, answer, name)


PROMPTS = [ask(f"{i} + 1", str(i + 1), f"p{i}") for i in range(6)]


class Told:
    """A sampler that answers with given texts, in the order of the prompts it is asked; `None` ends by the limit."""

    def __init__(self, model: LanguageModel, texts: Sequence[Sequence[str]], limit: int = 8) -> None:
        self.model, self.texts, self.limit = model, [list(t) for t in texts], limit
        self.seeds: list[int] = []

    def sample(self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int) -> Rollouts:
        self.seeds.append(seed)
        rows = []
        for _ in prompts:
            for text in self.texts.pop(0)[:n]:
                ids = [int(i) for i in self.model.tokenizer(text)["input_ids"]]
                rows.append(ids[: self.limit] if len(ids) >= self.limit else [*ids, self.model.eos_ids[0]])
        ids = torch.zeros((len(rows), max(map(len, rows))), dtype=torch.int64)
        for at, row in enumerate(rows):
            ids[at, : len(row)] = torch.tensor(row)
        return Rollouts(
            prompts, torch.arange(len(prompts)).repeat_interleave(n), ids, torch.tensor(list(map(len, rows))),
            torch.tensor([row[-1] == self.model.eos_ids[0] for row in rows]),
        )  # fmt: skip


TEXTS = [
    ["[ 1 ]", "[ 1 ]", "[ 1 ]", "[ 1 ]"],  # all right
    ["[ 2 ]", "[ 3 ]", "so", "[ 2 ]"],  # half; one names no answer
    ["[ 9 ]", "[ 9 ]", "[ 9 ]", "so so so so so so so so so"],  # none; one hits the limit of 8
]


def test_figures_are_those_counted_by_hand(model: LanguageModel) -> None:
    seen: list[tuple[int, int]] = []
    found = evaluate(
        model, PROMPTS[:3], grader=GRADE, sampler=Told(model, TEXTS), sampling=SHORT, n=4, batch=2,
        on_progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert found.avg == pytest.approx((1 + 0.5 + 0) / 3)
    assert found.pass_n == found.pass_at[4] == pytest.approx(2 / 3)
    assert found.pass_at[1] == pytest.approx(found.avg)
    assert found.pass_at[2] == pytest.approx((1 + (1 - 1 / 6) + 0) / 3)  # of 6 pairs one has no right response
    assert found.mean_length == pytest.approx((4 * 4 + (4 + 4 + 2 + 4) + (4 + 4 + 4 + 8)) / 12)
    assert found.truncated == pytest.approx(1 / 12)
    assert found.unnamed == pytest.approx(2 / 12)
    assert (found.none_right, found.all_right) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert (found.n, found.prompts, found.dropped, found.unanswered) == (4, 3, 0, 0)
    # First prompt: one distinct 4-gram of 4; second: 2 of 3; third: "[ 9 ] end" three times, and "so so so so" five times.
    assert found.distinct_4 == pytest.approx((1 / 4 + 2 / 3 + 2 / 8) / 3)
    assert found.interval.low is not None
    assert found.interval.high is not None
    assert found.interval.low <= found.avg <= found.interval.high
    assert seen == [(2, 3), (3, 3)]
    assert found.rows[1].correct == (True, False, False, True)
    assert found.rows[0].texts == ("[ 1 ]",)


@given(n=st.integers(1, 9), data=st.data())
def test_pass_at_k_is_the_mean_over_all_subsets(n: int, data: st.DataObject) -> None:
    k, right = data.draw(st.integers(1, n)), data.draw(st.integers(0, n))
    solved = [i < right for i in range(n)]
    subsets = list(itertools.combinations(solved, k))
    assert pass_at_k(right, n, k) == pytest.approx(sum(map(any, subsets)) / len(subsets))


def test_pass_at_k_rises_with_k_and_refuses_what_cannot_be() -> None:
    values = [pass_at_k(3, 16, k) for k in range(1, 17)]
    assert values == sorted(values)
    assert values[0] == pytest.approx(3 / 16)
    for wrong in ((1, 4, 5), (5, 4, 1), (1, 4, 0), (-1, 4, 1)):
        with pytest.raises(UsageError, match="pass@k"):
            pass_at_k(*wrong)


def test_distinct_four_grams() -> None:
    assert distinct_ngrams([[1, 2, 3, 4, 5]]) == 1.0
    assert distinct_ngrams([[1, 1, 1, 1, 1, 1, 1]]) == pytest.approx(1 / 4)
    assert distinct_ngrams([[1, 2, 3, 4], [1, 2, 3, 4]]) == 0.5
    assert distinct_ngrams([[1, 2, 3]]) is None


def test_a_real_model_gives_the_same_figures_again(model: LanguageModel) -> None:
    first, second = (evaluate(model, PROMPTS, grader=GRADE, sampling=SHORT, n=3, batch=4) for _ in range(2))
    assert first == second
    assert evaluate(model, PROMPTS, grader=GRADE, sampling=SHORT, n=3, batch=4, seed=1).rows != first.rows
    assert 0 < first.mean_length <= 12
    assert all(max(row.lengths) <= 12 for row in first.rows)


def test_any_sampler_will_do(model: LanguageModel) -> None:
    found = evaluate(model, PROMPTS, grader=GRADE, sampler=Generate(model), sampling=SHORT, n=2)
    assert found.prompts == 6
    assert found.rows[0].id == "p0"


def test_batches_have_seeds_of_their_own(model: LanguageModel) -> None:
    told = Told(model, TEXTS)
    evaluate(model, PROMPTS[:3], grader=GRADE, sampler=told, sampling=SHORT, n=4, batch=1, seed=5)
    again = Told(model, TEXTS)
    evaluate(model, PROMPTS[:3], grader=GRADE, sampler=again, sampling=SHORT, n=4, batch=1, seed=6)
    assert len({*told.seeds, *again.seeds}) == 6


def test_only_the_response_is_graded(model: LanguageModel) -> None:
    # The right answer stands in brackets in every prompt; the responses name another.
    prompts = [ask(f"what is [ {i} ]", str(i), f"q{i}") for i in range(3)]
    found = evaluate(
        model, prompts, grader=GRADE, sampler=Told(model, [["so"], ["[ 9 ]"], ["thus"]]), sampling=SHORT, n=1
    )  # fmt: skip
    assert found.avg == 0
    assert found.rows[0].texts == ("so",)


def test_prompts_without_answer_and_prompts_too_long_are_left_out_and_counted(model: LanguageModel) -> None:
    prompts = [*PROMPTS[:2], ask("1 + 1", None, "unknown"), ask("+ " * 300, "3", "long")]
    found = evaluate(model, prompts, grader=GRADE, sampler=Told(model, TEXTS[:2]), sampling=SHORT, n=2)
    assert (found.prompts, found.unanswered, found.dropped) == (2, 1, 1)
    with pytest.raises(DataInvalid, match="none of 1 prompts has an answer"):
        evaluate(model, prompts[2:3], grader=GRADE, sampling=SHORT)
    with pytest.raises(UsageError, match="n is 0"):
        evaluate(model, PROMPTS, grader=GRADE, n=0)


def test_several_sets_count_once_each(model: LanguageModel) -> None:
    told = Told(model, [["[ 1 ]"], ["[ 2 ]"], ["[ 3 ]"], ["[ 9 ]"]])
    sets = {"long": PROMPTS[:3], "short": PROMPTS[3:4]}
    found = evaluate_sets(model, sets, grader=GRADE, sampler=told, sampling=SHORT, n=1)
    assert [found.sets["long"].avg, found.sets["short"].avg, found.average] == [1.0, 0.0, 0.5]
    table = aligned(found.table())
    assert "avg@1" in table
    assert table.splitlines()[-1].split() == ["mean", "0.500"]
    with pytest.raises(UsageError, match="no set"):
        evaluate_sets(model, {}, grader=GRADE)


def test_an_evaluation_is_plain_data_for_a_log(model: LanguageModel) -> None:
    found = evaluate(model, PROMPTS, grader=GRADE, sampling=SHORT, n=2)
    plain = json.loads(json.dumps(found.plain()))
    assert {"avg", "pass_n", "pass_at", "mean_length", "truncated", "n", "low", "high", "prompts"} <= plain.keys()
    assert "rows" not in plain
    assert plain["sampling"]["top_p"] == 0.95


def test_a_grader_that_does_not_tell_where_it_looks_counts_no_format_errors(model: LanguageModel) -> None:
    found = evaluate(model, PROMPTS, grader=lambda response, answer: answer in response, sampling=SHORT, n=2)
    assert found.unnamed is None
    assert "" in aligned(evaluation_table({"set": found}))


class Broken(RuntimeError):
    """The machine went away."""


def test_an_evaluation_goes_on_where_it_was_stopped(
    model: LanguageModel, tiny: Callable[..., Path], tmp_path: Path
) -> None:
    options: dict[str, Any] = {"grader": GRADE, "sampling": SHORT, "n": 3, "batch": 2, "seed": 4}
    whole = evaluate(model, PROMPTS, **options)

    def stop(done: int, total: int) -> None:
        if done == 4:
            raise Broken

    with pytest.raises(Broken):
        evaluate(model, PROMPTS, **options, resume=tmp_path / "e.jsonl", on_progress=stop)
    with (tmp_path / "e.jsonl").open("a", encoding="utf-8") as torn:
        torn.write('[{"id": "p4", "answ')  # killed while writing
    seen: list[int] = []
    found = evaluate(
        model, PROMPTS, **options, resume=tmp_path / "e.jsonl", on_progress=lambda done, total: seen.append(done)
    )  # fmt: skip
    assert found == whole
    assert seen == [6]
    assert evaluate(model, PROMPTS, **options, resume=tmp_path / "e.jsonl") == whole
    other = open_model(tiny("evaluate-other", seed=9))
    for asked, changed in ((model, {"seed": 5}), (model, {"sampler": Generate(model)}), (other, {})):
        with pytest.raises(UsageError, match="another model, other prompts or other settings"):
            evaluate(asked, PROMPTS, **{**options, **changed}, resume=tmp_path / "e.jsonl")


def test_differences_are_paired_by_prompt(model: LanguageModel) -> None:
    def at(texts: Sequence[Sequence[str]], prompts: Sequence[Prompt] = PROMPTS[:3]) -> Any:
        return evaluate(model, prompts, grader=GRADE, sampler=Told(model, texts), sampling=SHORT, n=2)

    before = at([["so", "so"], ["[ 2 ]", "so"], ["so", "so"]])
    after = at([["[ 1 ]", "so"], ["[ 2 ]", "[ 2 ]"], ["[ 3 ]", "so"]])
    found = difference(before, after)
    assert (found.mean, found.low, found.high, found.n) == (0.5, 0.5, 0.5, 3)
    other = at([["so", "so"]], [ask("9", "9", "other")])
    with pytest.raises(UsageError, match="no prompt in common"):
        difference(before, other)


def test_the_papers_protocol_is_the_default() -> None:
    assert (PAPER.temperature, PAPER.top_p, PAPER.max_tokens) == (0.7, 0.95, 31_744)


@settings(max_examples=20, deadline=None)
@given(right=st.lists(st.integers(0, 4), min_size=2, max_size=6))
def test_figures_lie_where_they_must(model: LanguageModel, right: list[int]) -> None:
    texts = [["[ 1 ]"] * r + ["[ 2 ]"] * (4 - r) for r in right]
    prompts = [ask(f"{i}", "1", f"h{i}") for i in range(len(right))]
    found = evaluate(model, prompts, grader=GRADE, sampler=Told(model, texts), sampling=SHORT, n=4)
    assert found.avg == pytest.approx(sum(right) / 4 / len(right))
    assert found.pass_n == pytest.approx(sum(r > 0 for r in right) / len(right))
    low, high = found.interval.low, found.interval.high
    assert low is not None
    assert high is not None
    assert 0 <= low <= found.avg + 1e-12
    assert found.avg - 1e-12 <= high <= 1
    assert not any(map(math.isnan, (low, high)))
