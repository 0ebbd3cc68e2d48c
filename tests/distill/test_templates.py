"""Templates: as published to the letter, taken off again, and what a tokenizer makes of them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.templates import (
    BOXED,
    doubled_braces,
    in_template,
    knows_thinking,
    mend_braces,
    render,
    render_all,
    render_text,
    strip_template,
    template_of,
)
from journeyman.distill.model import LanguageModel, open_model
from journeyman.errors import DataInvalid, ModelUnsuitable, UsageError

# As they stand in the published files of the paper.
RAW = (
    "Solve the following math problem step by step. The last line of your response should be of the form Answer: $Answer "
    "(without quotes) where $Answer is the answer to the problem.\n\nFind $x$.\n\n"
    'Remember to put your answer on its own line after "Answer:".'
)
PROCESSED = "Find $x$. Please reason step by step, and put your final answer within \\boxed{{}}."
EVALUATED = "Find $x$. Please reason step by step, and put your final answer within \\boxed{}."

THINKING = (
    "{% for m in messages %}<s> {{ m.role }} {{ m.content }} </s> {% endfor %}{% if add_generation_prompt %}<s> assistant "
    "{% if enable_thinking is defined and enable_thinking is false %}. . {% endif %}{% endif %}"
)


@pytest.fixture(scope="module")
def model(tiny: Callable[..., Path]) -> LanguageModel:
    return open_model(tiny("templates"))


def with_template(model: LanguageModel, text: str | None) -> LanguageModel:
    tokenizer = copy.deepcopy(model.tokenizer)
    tokenizer.chat_template = text
    return replace(model, tokenizer=tokenizer)


def asked(text: str) -> Prompt:
    return Prompt((("user", text),), text)


APART = [f"Find $x$.{between}{BOXED}" for between in ("\n", "\n\n", "  ")]


@pytest.mark.parametrize("published", [RAW, PROCESSED, EVALUATED, *APART, "Find $x$."])
def test_published_templates_come_off(published: str) -> None:
    assert strip_template(published) == "Find $x$."


def test_named_templates_are_the_published_ones_to_the_letter() -> None:
    assert in_template([asked("Find $x$.")], "dapo")[0].text == RAW
    assert in_template([asked("Find $x$.")], "boxed")[0].text == EVALUATED
    assert in_template([asked(RAW)], "boxed") == [asked(EVALUATED)]
    assert in_template([asked(PROCESSED)], "dapo") == [asked(RAW)]
    assert in_template([asked(RAW)], "chat") == [asked(RAW)]


QUESTION = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60).filter(lambda text: text.strip() != "")


@settings(max_examples=150, deadline=None)
@given(question=QUESTION, template=st.sampled_from(["dapo", "boxed"]))
def test_a_template_comes_off_as_it_went_on(question: str, template: str) -> None:
    bare = strip_template(question)
    there = in_template([asked(question)], template)[0]
    assert strip_template(there.text) == bare
    assert in_template([there], template) == [there]
    assert strip_template(bare) == bare


@settings(max_examples=40, deadline=None)
@given(question=st.sampled_from([RAW, PROCESSED, EVALUATED, "1 + 1"]), first=st.sampled_from(["dapo", "boxed"]))
def test_one_template_replaces_another(question: str, first: str) -> None:
    once = in_template([asked(question)], "boxed")
    assert in_template(in_template([asked(question)], first), "boxed") == once


def test_only_a_template_would_be_left_is_left_alone() -> None:
    assert strip_template(BOXED) == BOXED
    assert in_template([asked(BOXED)], "dapo")[0].text.count("Please reason") == 1


def test_doubled_braces_are_counted_and_mended_when_asked() -> None:
    prompts = [asked(PROCESSED), asked(EVALUATED), Prompt((), PROCESSED), asked("the set {{1}, {}}")]
    assert doubled_braces(prompts) == 2
    mended = mend_braces(prompts)
    assert mended == [asked(EVALUATED), asked(EVALUATED), Prompt((), EVALUATED), asked("the set {{1}, {}}")]
    assert doubled_braces(mended) == 0


def test_doubled_braces_are_never_mended_silently(model: LanguageModel) -> None:
    assert "\\boxed{{}}" in render_text(asked(PROCESSED), model, "chat")
    assert "\\boxed{{}}" in render_text(asked(PROCESSED), model, "raw")


def test_the_chat_template_opens_the_assistants_turn(model: LanguageModel) -> None:
    text = render_text(asked("1 + 1"), model)
    assert text == "<s> user 1 + 1 </s> <s> assistant "
    assert model.tokenizer.decode(render(asked("1 + 1"), model)).split() == text.split()


def test_text_without_messages_is_the_users_in_chat_and_itself_in_raw(model: LanguageModel) -> None:
    prompt = Prompt((), "1 + 1 =")
    assert render(prompt, model) == render(asked("1 + 1 ="), model)
    assert render(prompt, model, "raw") == model.tokenizer("1 + 1 =")["input_ids"]


def test_a_system_message_is_put_first_and_takes_the_place_of_another(model: LanguageModel) -> None:
    prompt = Prompt((("system", "we"), ("user", "1"), ("assistant", "2"), ("user", "3")), "3")
    turns = "<s> user 1 </s> <s> assistant 2 </s> <s> user 3 </s> <s> assistant "
    assert render_text(prompt, model, system="so") == f"<s> system so </s> {turns}"
    wrapped = render_text(prompt, model, "boxed")
    assert "<s> system we </s> <s> user 1 </s>" in wrapped
    assert f"<s> user 3 {BOXED} </s>" in wrapped


def test_thinking_is_passed_through_where_the_template_knows_it(model: LanguageModel) -> None:
    thinks = with_template(model, THINKING)
    assert knows_thinking(thinks)
    assert not knows_thinking(model)
    assert not knows_thinking(thinks, "raw")
    on, off, unset = (render(asked("1"), thinks, enable_thinking=flag) for flag in (True, False, None))
    assert on == unset != off
    assert off[: len(on)] == on
    with pytest.raises(UsageError, match="the same with and without enable_thinking"):
        render(asked("1"), model, enable_thinking=False)
    with pytest.raises(UsageError, match="no place for enable_thinking"):
        render_all([asked("1")], thinks, "raw", enable_thinking=False)


def test_a_model_without_chat_template_says_what_to_do(model: LanguageModel) -> None:
    bare = with_template(model, None)
    for name in ("chat", "boxed", "dapo"):
        with pytest.raises(ModelUnsuitable, match=r"use template 'raw', or give a \.jinja file"):
            render(asked("1"), bare, name)
    assert render(asked("1"), bare, "raw")
    assert not knows_thinking(bare)


def test_a_chat_template_that_refuses_the_roles_is_told_as_a_sentence(model: LanguageModel) -> None:
    strict = with_template(model, "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}x")
    with pytest.raises(DataInvalid, match="no system role"):
        render(asked("1"), strict, system="so")


def test_a_text_file_wraps_the_question_whatever_braces_it_has(model: LanguageModel, tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("Work on {question} and box it: \\boxed{}.\n", encoding="utf-8")
    assert in_template([asked(RAW)], str(file))[0].text == "Work on Find $x$. and box it: \\boxed{}."
    assert render_text(asked("{0} {question}"), model, str(file)).count("{0} {question} and box") == 1
    file.write_text("no place", encoding="utf-8")
    with pytest.raises(DataInvalid, match=r"no \{question\}"):
        render(asked("1"), model, str(file))


def test_a_jinja_file_is_the_chat_template(model: LanguageModel, tmp_path: Path) -> None:
    file = tmp_path / "mine.jinja"
    file.write_text("{{ bos_token }} {{ question }} so {{ messages[-1].content | length }}", encoding="utf-8")
    bare = with_template(model, None)
    assert render_text(asked(EVALUATED), bare, str(file)) == f"<s> Find $x$. so {len(EVALUATED)}"
    file.write_text("{{ nothing closed", encoding="utf-8")
    with pytest.raises(DataInvalid, match="does not go into template"):
        render(asked("1"), model, str(file))


def test_an_unknown_template_is_refused() -> None:
    with pytest.raises(UsageError, match="neither one of chat, boxed, dapo, raw nor a file"):
        template_of("boxd")


def test_long_prompts_are_dropped_and_counted(model: LanguageModel) -> None:
    prompts = [asked("1 + 1"), asked("+ " * 400), asked("2 + 2"), asked("1 " * 20)]
    found = render_all(prompts, model)
    assert (found.places, found.dropped) == ([0, 2, 3], 1)
    assert found.prompts == [prompts[i] for i in (0, 2, 3)]
    assert found.ids == [render(prompt, model) for prompt in found.prompts]
    short = render_all(prompts, model, max_tokens=len(found.ids[0]))
    assert (short.places, short.dropped) == ([0, 2], 2)
    with pytest.raises(DataInvalid, match="none of 4 prompts fits into 3 tokens"):
        render_all(prompts, model, max_tokens=3)


def test_a_tokenizer_that_closes_every_text_does_not_close_a_prompt(model: LanguageModel) -> None:
    from tokenizers.processors import TemplateProcessing

    tokenizer = copy.deepcopy(model.tokenizer)
    tokenizer._tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", tokenizer.bos_token_id), ("</s>", tokenizer.eos_token_id)]
    )
    closing = replace(model, tokenizer=tokenizer)
    assert tokenizer("1 +")["input_ids"][-1] == tokenizer.eos_token_id
    ids = render(Prompt((), "1 +"), closing, "raw")
    assert tokenizer.decode(ids) == "<s> 1 +"
