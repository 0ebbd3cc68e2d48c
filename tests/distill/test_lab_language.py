"""The lab's language: its mathematics, its formats, its slips and its splits."""

from __future__ import annotations

import random
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.distill.data.grade import grader
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.prompts import read_prompts, write_prompts
from journeyman.distill.data.templates import render
from journeyman.distill.lab.corpus import Corpus, Words, written
from journeyman.distill.lab.language import Language, Problem, format_of, problems, write
from journeyman.distill.lab.make import random_model
from journeyman.distill.lab.prompts import lab_prompts
from journeyman.distill.lab.tokenizer import TEMPLATES, VOCABULARY, Template, lab_tokenizer, template_file
from journeyman.distill.lab.zoo import LANGUAGES, Size
from journeyman.errors import UsageError

FORMATS = ("A", "B", "C")

chains = st.builds(
    Problem,
    st.integers(0, 22),
    st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 22)), min_size=1, max_size=30).map(tuple),
    st.just(23),
)


@given(chains)
def test_chains_go_from_left_to_right(problem: Problem) -> None:
    value = problem.start
    for operator, operand in problem.steps:
        value = eval(f"{value} {operator} {operand}") % 23
    assert problem.answer == value
    assert len(problem.values) == len(problem.steps)


@given(chains, st.sampled_from(FORMATS), st.integers(0, 99))
def test_writers_without_slips_are_right(problem: Problem, form: str, seed: int) -> None:
    text = write(problem, form, random.Random(seed))  # type: ignore[arg-type]
    assert grader("bracket")(text, str(problem.answer))
    assert format_of(text) == form
    assert set(text.split()) <= set(VOCABULARY)


@given(chains, st.integers(0, 99))
def test_a_slip_is_gone_on_from(problem: Problem, seed: int) -> None:
    words = write(problem, "A", random.Random(seed), slip=0.5).split()
    steps = [words[at : at + 8] for at in range(0, 8 * len(problem.steps), 8)]
    said = [int(step[6]) for step in steps]
    begun = [int(step[2]) for step in steps]
    assert begun == [problem.start, *said[:-1]]
    assert words[-2] == str(said[-1])


def test_slips_are_as_frequent_as_declared() -> None:
    rng = random.Random(1)
    slips = steps = 0
    for problem in islice(problems(Language(), "corpus", rng), 2000):
        words = write(problem, "A", rng, slip=0.12).split()
        for at, (operator, operand) in enumerate(problem.steps):
            before, after = int(words[8 * at + 2]), int(words[8 * at + 6])
            slips += after != eval(f"{before} {operator} {operand}") % 23
            steps += 1
    assert slips / steps == pytest.approx(0.12, abs=0.012)


def test_splits_share_nothing_and_a_problem_knows_its_own() -> None:
    seen: dict[str, set[str]] = {}
    for split in ("corpus", "train", "cold", "evaluation"):
        drawn = list(islice(problems(LANGUAGES["chains"], split, random.Random(0)), 400))
        assert {problem.split for problem in drawn} == {split}
        seen[split] = {problem.text for problem in drawn}
    assert len(set().union(*seen.values())) == sum(map(len, seen.values()))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"modulus": 21}, "modulus is 21"),
        ({"modulus": 31}, "prime up to 29"),
        ({"shortest": 5, "longest": 4}, "chains of 5 to 4"),
        ({"operands": (0, 23)}, "do not lie in 0 .. 22"),
        ({"operators": "+/"}, "operators '\\+/'"),
    ],
)
def test_languages_that_cannot_be(options: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Language(**options)  # type: ignore[arg-type]


def test_a_language_too_small_for_its_splits_is_refused() -> None:
    tiny = Language(modulus=2, shortest=1, longest=1, operands=(0, 0), operators="+")
    missing = {"corpus", "train", "cold", "evaluation"} - {
        Problem(start, (("+", 0),), 2).split for start in (0, 1)
    }
    with pytest.raises(UsageError, match="give no problem"):
        next(problems(tiny, sorted(missing)[0], random.Random(0)))  # type: ignore[arg-type]


def test_vocabulary_is_a_word_a_token() -> None:
    tokenizer = lab_tokenizer()
    assert 64 <= len(tokenizer) <= 128
    assert len(tokenizer) == len(VOCABULARY)
    text = "so get 5 + 3 = 8 . [ 8 ] </s>"
    ids = tokenizer(text)["input_ids"]
    assert len(ids) == len(text.split())
    assert tokenizer.decode(ids) == text
    assert tokenizer("nonsense")["input_ids"] == [tokenizer.unk_token_id]


@pytest.mark.parametrize("template", TEMPLATES)
def test_corpora_show_prompts_as_chat_templates_do(template: Template) -> None:
    model = random_model(Size(8, 1, 1, 8), template, 0)
    problem = next(problems(Language(), "train", random.Random(4)))
    prompt = Prompt((("user", problem.text),), problem.text)
    assert Words(template).prompt(problem) == render(prompt, model)
    other = random_model(Size(8, 1, 1, 8), "T0", 0)
    assert Words(template).prompt(problem) == render(prompt, other, str(template_file(template)))
    assert model.tokenizer.unk_token_id not in render(prompt, model)


def test_corpora_mix_as_declared_and_repeat_themselves() -> None:
    corpus = Corpus(LANGUAGES["chains"], formats=(("A", 0.9), ("B", 0.1)), examples=1000)
    first, again, other = written(corpus, 3), written(corpus, 3), written(corpus, 4)
    assert first == again != other
    decode = lab_tokenizer().decode
    share = sum(format_of(decode(response)) == "B" for _, response in first) / len(first)
    assert share == pytest.approx(0.1, abs=0.03)
    assert all(response[-1] == 2 for _, response in first)
    with pytest.raises(UsageError, match="sum to 1"):
        Corpus(LANGUAGES["chains"], formats=(("A", 0.9),))


def test_prompts_are_disjoint_stable_and_can_be_written(tmp_path: object) -> None:
    train, evaluation = lab_prompts("student", "train", 200, 0), lab_prompts("chains", "evaluation", 200, 0)
    assert train == lab_prompts("chains", "train", 200, 0)
    assert len({prompt.id for prompt in (*train, *evaluation)}) == 400
    path = tmp_path / "prompts.jsonl"  # type: ignore[operator]
    assert read_prompts(write_prompts(path, train)) == train
    with pytest.raises(UsageError, match="the lab has no model 'nobody'"):
        lab_prompts("nobody", "train", 1, 0)
