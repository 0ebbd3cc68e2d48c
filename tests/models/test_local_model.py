"""A model from a folder, through torch and transformers, with models small enough to be made here."""

from __future__ import annotations

import json
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tiny_model import CHATML, save_tiny

from journeyman.errors import (
    MissingExtra,
    ModelConfigInvalid,
    ModelNotFound,
    ModelRejected,
    ModelUnavailable,
    PromptTooLong,
    UsageError,
)
from journeyman.models import Completion, Cost, Image, Message, Outcome, Price, Prompt, Usage
from journeyman.models.local import Local, open_local
from journeyman.testing.models import Counted

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

# What ends the prompt is a newline, so that is where a model with known successors begins.
TURN = ["\n", "<think>", "h", "m", "</think>", "o", "k", "<|im_end|>"]
THINKS = dict(pairwise(TURN))


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def random_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("random") / "model")


@pytest.fixture(scope="module")
def thinking_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("thinking") / "model", successors=THINKS)


@pytest.fixture
def opened(random_folder: Path) -> Callable[..., Local]:
    return lambda **options: open_local(random_folder, **options)


def prompt_of(text: str = "Hello", **rest: Any) -> Prompt:
    return Prompt((Message("user", text),), **{"max_tokens": 12, **rest})


# --- tokens and how it ends ---------------------------------------------------------------------------------------


def test_it_stops_at_the_end_of_its_turn_with_the_reasoning_split_off(thinking_folder: Path) -> None:
    with open_local(thinking_folder, temperature=0.0, logprobs=True) as model:
        completion = model.complete(prompt_of("Hello"))
    assert completion.text == "ok"
    assert completion.reasoning == "hm"
    assert (completion.outcome, completion.finish) == (Outcome.ANSWERED, "stop")
    # <|im_start|> user \n Hello <|im_end|> \n <|im_start|> assistant \n; and <think> h m </think> o k <|im_end|>.
    assert completion.usage == Usage(input=1 + 5 + 5 + 1 + 1 + 1 + 10, output=7, reasoning=4)
    assert completion.logprobs is not None
    assert [(said.token, round(said.logprob, 6)) for said in completion.logprobs] == [("o", 0.0), ("k", 0.0)]


def test_a_variable_of_the_body_reaches_the_template(thinking_folder: Path) -> None:
    for body in ({"enable_thinking": True}, {"chat_template_kwargs": {"enable_thinking": True}}):
        with open_local(thinking_folder, temperature=0.0, body=body) as model:
            completion = model.complete(prompt_of("Hello"))
        # The template has opened the reasoning, so the prompt is a token longer and the reply one shorter.
        assert completion.usage == Usage(input=25, output=6, reasoning=3)
        assert (completion.reasoning, completion.text) == ("hm", "ok")


def test_effort_reaches_the_template(tmp_path: Path) -> None:
    template = CHATML + "{{ reasoning_effort }}\n"
    folder = save_tiny(tmp_path / "m", successors=THINKS, template=template)
    with open_local(folder, reasoning="high") as high, open_local(folder, reasoning="low") as low:
        assert high.worst_case(prompt_of()).tokens == low.worst_case(prompt_of()).tokens + 1


@pytest.mark.parametrize(
    ("most", "text", "reasoning", "outcome"),
    [
        (6, "ok", "hm", Outcome.CUT),
        (5, "o", "hm", Outcome.CUT),
        (4, "", "hm", Outcome.EMPTY_AFTER_REASONING),
        (2, "", "h", Outcome.EMPTY_AFTER_REASONING),
    ],
)
def test_it_is_cut_at_the_cap(
    thinking_folder: Path, most: int, text: str, reasoning: str, outcome: Outcome
) -> None:
    with open_local(thinking_folder, temperature=0.0) as model:
        completion = model.complete(prompt_of(max_tokens=most))
    assert (completion.text, completion.reasoning, completion.outcome) == (text, reasoning, outcome)
    assert completion.finish == "length"
    assert completion.usage is not None
    assert (completion.usage.output, completion.usage.reasoning) == (most, min(most, 4))


def test_an_end_at_once_is_an_empty_reply(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "m", successors={"\n": "<|im_end|>"})
    with open_local(folder, temperature=0.0) as model:
        completion = model.complete(prompt_of())
    assert (completion.text, completion.outcome, completion.finish) == ("", Outcome.EMPTY, "stop")


def test_usage_and_worst_case_are_exact(opened: Callable[..., Local]) -> None:
    with opened(price=Price(1.0, 10.0)) as model:
        prompt = prompt_of("four", max_tokens=9)
        worst, completion = model.worst_case(prompt), model.complete(prompt)
        assert completion.usage is not None
        assert completion.usage.input == 23
        assert worst == Cost(23 + 9, 23 + 90)
        assert completion.micro_usd == 23 + 10 * completion.usage.output


def test_it_is_free_unless_it_has_a_price(opened: Callable[..., Local]) -> None:
    with opened() as model:
        assert model.price == Price(0, 0)
        assert model.complete(prompt_of()).micro_usd == 0


def test_a_prompt_that_does_not_fit_is_refused_before_it_is_paid(opened: Callable[..., Local]) -> None:
    meter = Counted()
    with opened() as model:
        with pytest.raises(
            PromptTooLong, match=r"the prompt has 256 tokens, .* has room for 256, its reply incl"
        ):
            model.complete(prompt_of("x" * (256 - 19)), meter)
        assert meter.course == []
        # What is left of the context bounds the reply.
        prompt = prompt_of("x" * (256 - 19 - 3), max_tokens=1000)
        assert model.worst_case(prompt).tokens == 256
        completion = model.complete(prompt, meter)
        assert completion.usage is not None
        assert completion.usage.total == 256
        assert completion.outcome is Outcome.CUT


def test_control_tokens_in_a_message_are_read_as_text(opened: Callable[..., Local]) -> None:
    with opened() as model:
        plain = model.worst_case(prompt_of("")).tokens
        for text in ("<|im_end|>", "<|im_start|>system", "<<|im_end|><|im_end|>", "\ue000<|im_end|>"):
            assert model.worst_case(prompt_of(text)).tokens == plain + len(text.encode())


def test_log_probabilities_are_those_of_the_model(opened: Callable[..., Local]) -> None:
    prompt = prompt_of("Hi", seed=3)
    with opened(logprobs=True, temperature=0.7, top_p=0.8) as model:
        ids, _ = model._read(prompt)
        written, logprobs = model._generate(ids, prompt)
        completion = model.complete(prompt)
        with torch.no_grad():
            logits = model._model(torch.tensor([ids + written])).logits[0, len(ids) - 1 : -1]
    expected = logits.log_softmax(-1)[range(len(written)), written]
    assert logprobs == pytest.approx(expected.tolist(), abs=1e-4)
    assert completion.logprobs is not None
    assert len(written) == len(logprobs) > 5
    # Those of the text: all but the token that ends it.
    assert [said.logprob for said in completion.logprobs] == logprobs[: len(completion.logprobs)]
    assert len(written) - len(completion.logprobs) == (completion.finish == "stop")


# --- chance -------------------------------------------------------------------------------------------------------


def test_a_seed_repeats_a_reply_and_others_differ(opened: Callable[..., Local]) -> None:
    with opened() as model:
        said = [model.complete(prompt_of(seed=seed)).text for seed in (1, 2, 3, 1, -1, 2**64 + 1)]
        free = {model.complete(prompt_of()).text for _ in range(3)}
    assert said[0] == said[3] == said[5]
    assert len({*said}) == 4
    assert len(free) == 3


def test_at_temperature_zero_there_is_no_chance(opened: Callable[..., Local]) -> None:
    with opened(temperature=0.0) as cold, opened() as warm:
        said = {cold.complete(prompt_of(seed=seed)).text for seed in (1, 2, None)}
        said |= {warm.complete(prompt_of(seed=seed, temperature=0.0)).text for seed in (1, 2, None)}
    assert len(said) == 1


def test_the_global_random_state_is_left_alone(random_folder: Path) -> None:
    torch.manual_seed(11)
    before, plain = torch.get_rng_state(), random.getstate()
    with open_local(random_folder) as model:
        model.complete(prompt_of(seed=1))
        model.complete(prompt_of())
        first = model.complete(prompt_of(seed=5)).text
        assert torch.equal(torch.get_rng_state(), before)
        assert random.getstate() == plain
        torch.manual_seed(99)
        assert model.complete(prompt_of(seed=5)).text == first


def drawn(scores: list[float], **options: Any) -> Counter[int]:
    from journeyman.models.local_draw import Draw

    draw = Draw(7, torch.device("cpu"), **options)
    logits = torch.tensor([scores])
    return Counter(int(draw(torch.zeros(1, 1), logits).argmax()) for _ in range(1500))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_are_drawn_from_the_softmax(temperature: float) -> None:
    from scipy import stats

    scores = [1.0, 0.0, -0.5, 2.0]
    counts = drawn(scores, temperature=temperature)
    expected = (torch.tensor(scores, dtype=torch.float64) / temperature).softmax(0) * 1500
    assert stats.chisquare([counts[i] for i in range(4)], expected.tolist()).pvalue > 0.001


def test_what_may_be_drawn_is_bounded() -> None:
    scores = [1.0, 0.0, -0.5, 2.0]
    assert set(drawn(scores, temperature=5.0)) == {0, 1, 2, 3}
    assert set(drawn(scores, temperature=0.0)) == {3}
    assert set(drawn(scores, top_k=2)) == {0, 3}
    assert set(drawn(scores, top_p=0.5)) == {3}
    assert set(drawn(scores, min_p=0.1)) == {0, 1, 3}


def test_what_is_not_set_comes_from_the_models_own_file(tmp_path: Path, random_folder: Path) -> None:
    own = {"temperature": 0.6, "top_p": 0.95, "top_k": 20, "do_sample": True, "max_new_tokens": 33}
    folder = save_tiny(tmp_path / "m", successors=THINKS, generation=own)
    with open_local(folder) as model:
        said = model._settings
        assert (said.temperature, said.top_p, said.top_k, said.max_tokens) == (0.6, 0.95, 20, 33)
    with open_local(folder, temperature=1.2, top_p=1.0, max_tokens=5, body={"top_k": 3}) as model:
        said = model._settings
        assert (said.temperature, said.top_p, said.top_k, said.max_tokens) == (1.2, 1.0, 3, 5)
    with open_local(random_folder) as model:
        said = model._settings
        assert (said.temperature, said.top_p, said.top_k, said.min_p) == (1.0, None, None, None)
        assert model.worst_case(prompt_of(max_tokens=None)).tokens == 256
    file = folder / "generation_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "do_sample": False}))
    with open_local(folder) as model:
        assert model._settings.temperature == 0.0


# --- closing ------------------------------------------------------------------------------------------------------


def test_closing_ends_a_generation_and_those_that_wait_for_their_turn(tmp_path: Path) -> None:
    # It never stops by itself, and has room for hours.
    folder = save_tiny(tmp_path / "m", successors={"\n": "a", "a": "b", "b": "a"}, context=10**7)
    model = open_local(folder, temperature=0.0)
    reserved = threading.Event()

    class Told(Counted):
        def reserve(self, worst: Cost) -> None:
            super().reserve(worst)
            reserved.set()

    meters, ended = [Told(), Told()], []

    def call(meter: Counted) -> None:
        try:
            ended.append(model.complete(prompt_of(max_tokens=9 * 10**6), meter))
        except ModelUnavailable as error:
            ended.append(error)

    callers = [threading.Thread(target=call, args=(meter,)) for meter in meters]
    for caller in callers:
        caller.start()
    reserved.wait()
    model.close()
    for caller in callers:
        caller.join()
    assert len(ended) == 2
    assert not any(isinstance(one, Completion) for one in ended)
    assert sorted(len(meter.course) for meter in meters) == [0, 2]
    ((cost, said),) = [settled for meter in meters for settled in meter.settled]
    assert said is None
    assert cost is not None
    assert 24 < cost.tokens < 10**6


# --- what it refuses ----------------------------------------------------------------------------------------------


def test_images_are_refused(opened: Callable[..., Local]) -> None:
    with opened() as model, pytest.raises(UsageError, match="takes no images"):
        model.complete(Prompt((Message("user", "look", (Image("image/png", b""),)),)))


def test_a_template_that_refuses_messages_says_why(tmp_path: Path) -> None:
    template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system, please') }}{% endif %}"
        + CHATML
    )
    folder = save_tiny(tmp_path / "m", successors=THINKS, template=template)
    with open_local(folder) as model:
        model.complete(prompt_of())
        with pytest.raises(
            ModelRejected, match=r"chat template of .* does not take these messages: no system, pl"
        ):
            model.complete(Prompt((Message("system", "s"), Message("user", "u"))))


def test_a_tokenizer_without_a_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelConfigInvalid, match="has no chat template, so messages cannot be put to it"):
        open_local(save_tiny(tmp_path / "m", template=None))


def test_folders_that_hold_no_model_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"there is no folder '.*nowhere'"):
        open_local(tmp_path / "nowhere")
    with pytest.raises(ModelNotFound, match=r"holds no model: it has no config.json"):
        open_local(tmp_path)
    folder = save_tiny(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelNotFound, match=r"cannot be loaded as a language model: OSError: .*safetensors"):
        open_local(folder)
    (folder / "config.json").write_text('{"model_type": "of tomorrow"}')
    with pytest.raises(ModelNotFound, match=r"cannot be loaded as a language model: .*of tomorrow"):
        open_local(folder)


def test_a_device_that_is_not_there_is_named(opened: Callable[..., Local]) -> None:
    with pytest.raises(ModelConfigInvalid, match="cannot be moved to device 'tpu:9'"):
        opened(body={"device": "tpu:9"})


def test_without_torch_it_says_what_to_install(random_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"pip install 'journeyman\[local\]'"):
        open_local(random_folder)


def test_threads_and_dtype_are_as_set(random_folder: Path) -> None:
    before = torch.get_num_threads()
    try:
        with open_local(random_folder, body={"threads": 2, "dtype": "bfloat16"}) as model:
            assert torch.get_num_threads() == 2
            assert model._model.dtype == torch.bfloat16
            assert model.complete(prompt_of(seed=1)).usage is not None
    finally:
        torch.set_num_threads(before)
