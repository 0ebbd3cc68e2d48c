"""A model from a folder on this machine (`hf/PATH`), through transformers and torch. Nothing is fetched from anywhere.

The folder is what `save_pretrained` writes: config.json, weights, a tokenizer with its chat template. Code that comes
with a model is never run. Settings of a models.toml entry that mean something here: temperature, top_p, max_tokens,
logprobs, reasoning (handed to the chat template as `reasoning_effort`), price, and in `body`:

    device     "auto" (a CUDA device if there is one, else the CPU), "cpu", "cuda:1", ...
    dtype      "auto" (as the weights are stored), "float32", "bfloat16", ...
    threads    torch.set_num_threads: of this whole process, whatever else computes in it
    top_k, min_p
    any other  a variable for the chat template, such as enable_thinking = false; a table `chat_template_kwargs`, as
               servers take it, is handed on in the same way

What is not set comes from the model's generation_config.json, and else: temperature 1, no top_p, 4,096 tokens.

**One generation at a time.** Each call has the device to itself: two at once would take turns on the same cores or
stream multiprocessors and end later than one after the other, with the memory of two caches. Whoever wants throughput
serves the model in batches (vLLM, SGLang, llama.cpp) and uses it as an endpoint.

**Chance** comes from the prompt's seed through a generator of the reply's own; see `journeyman.models.local_draw`.
"""

from __future__ import annotations

import bisect
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeyman.errors import (
    MissingExtra,
    ModelConfigInvalid,
    ModelNotFound,
    ModelRejected,
    ModelUnavailable,
    PromptTooLong,
    UsageError,
)
from journeyman.models.completion import Completion, Cost, Outcome, TokenLogprob, Usage
from journeyman.models.message import Prompt
from journeyman.models.model import FREE, Meter, Model
from journeyman.models.price import Price

MAX_TOKENS = 4_096
"""Of a reply, where neither prompt, settings nor the model say."""

_THINK, _THOUGHT = "<think>", "</think>"
_OWN = ("device", "dtype", "threads", "top_k", "min_p")


def open_local(
    path: Path,
    *,
    name: str = "",
    temperature: float | None = None,
    top_p: float | None = None,
    max_tokens: int | None = None,
    reasoning: str | None = None,
    logprobs: bool = False,
    price: Price | None = None,
    body: Mapping[str, Any] | None = None,
) -> Local:
    """Load the model in `path`. Takes as long as reading its weights does.

    Args:
        path: the folder.
        name: what the model is called; default: "hf/" and the path.
        temperature, top_p, max_tokens: where the prompt does not say; None: the model's own.
        reasoning: effort, for chat templates that know `reasoning_effort`.
        logprobs: give the log-probability of each token of the text.
        price: None: free of charge, so that a cap on money allows it. A price can stand for what the machine costs.
        body: see the module.

    Raises:
        MissingExtra: torch or transformers is not installed.
        ModelNotFound: there is no folder, or no model in it that these versions can load.
        ModelConfigInvalid: the tokenizer has no chat template, or a setting cannot be used.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtra(
            f"a model from a folder needs torch and transformers ({error}): pip install 'journeyman[local]'"
        ) from error
    path = Path(path).expanduser()
    if not path.is_dir():
        raise ModelNotFound(f"there is no folder '{path}' to load a model from")
    if not (path / "config.json").is_file():
        raise ModelNotFound(f"the folder '{path}' holds no model: it has no config.json")
    extra = dict(body or {})
    own = {key: extra.pop(key, None) for key in _OWN}
    as_for_servers = extra.pop("chat_template_kwargs", {})
    template = {**extra, **as_for_servers}
    if reasoning is not None:
        template.setdefault("reasoning_effort", reasoning)
    device = own["device"] or "auto"
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        if own["threads"]:
            torch.set_num_threads(int(own["threads"]))
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, local_files_only=True)
        model: Any = transformers.AutoModelForCausalLM.from_pretrained(
            path, local_files_only=True, torch_dtype=own["dtype"] or "auto"
        )
    except Exception as error:
        # transformers raises anything from KeyError to an error of safetensors for a folder it cannot use.
        said = str(error).strip().split("\n", 1)[0]
        raise ModelNotFound(
            f"the folder '{path}' cannot be loaded as a language model: {type(error).__name__}: {said}"
        ) from error
    try:
        model = model.to(device).eval()
    except (RuntimeError, AssertionError) as error:
        said = str(error).strip().split("\n", 1)[0]
        raise ModelConfigInvalid(
            f"the model in '{path}' cannot be moved to device '{device}': {said}"
        ) from error
    if not tokenizer.chat_template:
        raise ModelConfigInvalid(
            f"the tokenizer in '{path}' has no chat template, so messages cannot be put to it: "
            "use an instruction-tuned model, or save its template as chat_template.jinja in the folder"
        )
    settings = _settings(path, temperature, top_p, max_tokens, own, template, logprobs)
    return Local(name or f"hf/{path}", tokenizer, model, settings, price or Price(0, 0))


@dataclass(frozen=True)
class Settings:
    """How a model answers where a prompt does not say. `template`: variables for the chat template."""

    temperature: float
    top_k: int | None
    top_p: float | None
    min_p: float | None
    max_tokens: int
    logprobs: bool
    template: Mapping[str, Any]


class Local(Model):
    """A causal language model in memory with its tokenizer; made by `open_local`.

    The longest reply is what is left of the context, if that is less than `max_tokens`.
    """

    name: str = ""
    sees: bool = False
    price: Price | None = None
    max_tokens: int = MAX_TOKENS

    def __init__(self, name: str, tokenizer: Any, model: Any, settings: Settings, price: Price) -> None:
        self.name, self.price, self.max_tokens = name, price, settings.max_tokens
        self._tokenizer, self._model, self._settings = tokenizer, model, settings
        self._context: int | None = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        self._special = _special_tokens(tokenizer)
        self._turn = threading.Lock()
        # A fast tokenizer refuses to be used from two threads at once.
        self._words = threading.Lock()
        self._closed = threading.Event()
        own = model.generation_config
        # Drawing is ours; these would only be warned about.
        own.do_sample, own.num_beams = False, 1
        own.temperature = own.top_k = own.top_p = own.min_p = own.typical_p = own.max_length = None
        if own.eos_token_id is None:
            own.eos_token_id = tokenizer.eos_token_id
        ends = own.eos_token_id if isinstance(own.eos_token_id, list) else [own.eos_token_id]
        self._ends = frozenset(end for end in ends if end is not None)
        if own.pad_token_id is None:
            own.pad_token_id = min(self._ends, default=0)

    def worst_case(self, prompt: Prompt) -> Cost:
        """Exact: the tokens of the prompt, and the longest reply."""
        ids, _ = self._read(prompt)
        return self._worst(len(ids), prompt)

    def complete(self, prompt: Prompt, meter: Meter = FREE) -> Completion:
        """The reply, generated while no other one is. See `Model.complete`."""
        if any(message.images for message in prompt.messages):
            raise UsageError(f"the model '{self.name}' takes no images, and the prompt holds one")
        if prompt.tools or any(message.calls or message.answers for message in prompt.messages):
            raise UsageError(f"the model '{self.name}' calls no functions, and the prompt holds some")
        ids, thinking = self._read(prompt)
        if self._context is not None and len(ids) >= self._context:
            raise PromptTooLong(
                f"the prompt has {len(ids):,} tokens, and the context of '{self.name}' has room for "
                f"{self._context:,}, its reply included"
            )
        with self._turn:
            if self._closed.is_set():
                raise ModelUnavailable(f"the model '{self.name}' was closed")
            meter.reserve(self._worst(len(ids), prompt))
            began = time.monotonic()
            try:
                written, logprobs = self._generate(ids, prompt)
            except BaseException:
                meter.settle(None, None)
                raise
            latency_s = time.monotonic() - began
            if self._closed.is_set():
                meter.settle(self._cost(Usage(len(ids), len(written))), None)
                raise ModelUnavailable(f"the model '{self.name}' was closed while it answered")
            completion = self._completion(len(ids), written, logprobs, thinking, latency_s)
            assert completion.usage is not None
            meter.settle(self._cost(completion.usage), completion)
            return completion

    def close(self) -> None:
        """A generation in flight ends at its next token."""
        self._closed.set()

    def _read(self, prompt: Prompt) -> tuple[list[int], bool]:
        """The tokens of the prompt, and whether the template has opened the reasoning already.

        Control tokens that stand in a message are read as the text they are: nothing that a candidate or a verifier wrote
        can begin a turn of its own.
        """
        import jinja2

        texts = [message.text for message in prompt.messages]
        mark = next(chr(c) for c in range(0xE000, 0xF8FF) if not any(chr(c) in text for text in texts))
        for token in self._special:
            texts = [text.replace(token, f"{token[0]}{mark}{token[1:]}") for text in texts]
        talk = [
            {"role": message.role, "content": text}
            for message, text in zip(prompt.messages, texts, strict=True)
        ]
        with self._words:
            try:
                rendered: str = self._tokenizer.apply_chat_template(
                    talk, tokenize=False, add_generation_prompt=True, **self._settings.template
                )
            except jinja2.TemplateError as error:
                raise ModelRejected(
                    f"the chat template of '{self.name}' does not take these messages: {error}"
                ) from error
            ids: list[int] = []
            for piece in rendered.split(mark):
                if piece:
                    ids += self._tokenizer(piece, add_special_tokens=False, verbose=False)["input_ids"]
        return ids, rendered.rstrip().endswith(_THINK)

    def _most(self, read: int, prompt: Prompt) -> int:
        asked = self._settings.max_tokens if prompt.max_tokens is None else prompt.max_tokens
        return asked if self._context is None else max(0, min(asked, self._context - read))

    def _worst(self, read: int, prompt: Prompt) -> Cost:
        return self._cost(Usage(read, self._most(read, prompt)))

    def _cost(self, usage: Usage) -> Cost:
        assert self.price is not None
        return Cost(usage.total, self.price.micro_usd(usage))

    def _generate(self, ids: Sequence[int], prompt: Prompt) -> tuple[list[int], list[float]]:
        """Tokens of the reply, the one that ends it included, and their log-probabilities if wanted."""
        import torch
        from transformers import LogitsProcessorList, StoppingCriteriaList

        from journeyman.models.local_draw import Draw, Until

        settings, device = self._settings, self._model.device
        draw = Draw(
            None if prompt.seed is None else prompt.seed % 2**64,
            device,
            temperature=settings.temperature if prompt.temperature is None else prompt.temperature,
            top_k=settings.top_k,
            top_p=settings.top_p,
            min_p=settings.min_p,
            logprobs=settings.logprobs,
        )
        read = torch.tensor([list(ids)], device=device)
        try:
            with torch.inference_mode():
                made = self._model.generate(
                    read,
                    attention_mask=torch.ones_like(read),
                    max_new_tokens=self._most(len(ids), prompt),
                    logits_processor=LogitsProcessorList([draw]),
                    stopping_criteria=StoppingCriteriaList([Until(self._closed)]),
                )
        except torch.OutOfMemoryError as error:
            raise ModelUnavailable(
                f"the device of '{self.name}' has no memory left for a prompt of {len(ids):,} tokens: "
                "use a shorter prompt, a smaller model or another device"
            ) from error
        written = made[0, len(ids) :].tolist()
        return written, draw.logprobs[: len(written)]

    def _completion(
        self, read: int, written: list[int], logprobs: list[float], thinking: bool, latency_s: float
    ) -> Completion:
        ended = bool(written) and written[-1] in self._ends
        said = written[:-1] if ended else written
        with self._words:
            reasoning, text, thought = self._split(said, thinking)
            tokens = [self._tokenizer.decode([token]) for token in said[thought:]] if logprobs else []
        usage = Usage(read, len(written), thought)
        if not text.strip():
            outcome = Outcome.EMPTY_AFTER_REASONING if reasoning else Outcome.EMPTY
        else:
            outcome = Outcome.ANSWERED if ended else Outcome.CUT
        chances = logprobs[thought : len(said)]
        return Completion(
            text, outcome, usage, self._cost(usage).micro_usd, model=self.name,
            finish="stop" if ended else "length", reasoning=reasoning,
            logprobs=tuple(map(TokenLogprob, tokens, chances)) if self._settings.logprobs else None,
            latency_s=latency_s,
        )  # fmt: skip

    def _split(self, said: list[int], thinking: bool) -> tuple[str, str, int]:
        """Reasoning, text, and how many tokens the reasoning and its end take."""
        whole = self._decode(said, special=True)
        thinking = thinking or whole.lstrip().startswith(_THINK)
        if _THOUGHT not in whole:
            if thinking:
                return whole.strip().removeprefix(_THINK).strip(), "", len(said)
            return "", self._decode(said), 0
        if not thinking and _THOUGHT not in self._tokenizer.get_added_vocab():
            # It is a word to this model, not a sign.
            return "", self._decode(said), 0
        count = bisect.bisect_left(
            range(len(said) + 1), True, key=lambda n: _THOUGHT in self._decode(said[:n], special=True)
        )
        thought, _, begun = self._decode(said[:count], special=True).partition(_THOUGHT)
        text = begun + self._decode(said[count:])
        return thought.strip().removeprefix(_THINK).strip(), text.lstrip(), count

    def _decode(self, tokens: list[int], special: bool = False) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=not special))


def _settings(
    path: Path,
    temperature: float | None,
    top_p: float | None,
    max_tokens: int | None,
    own: Mapping[str, Any],
    template: Mapping[str, Any],
    logprobs: bool,
) -> Settings:
    """What was asked for, else what the model's own file says. (What transformers makes of it has defaults mixed in.)"""
    file = path / "generation_config.json"
    said = json.loads(file.read_bytes()) if file.is_file() else {}

    def first(asked: Any, key: str, default: Any) -> Any:
        return next((value for value in (asked, said.get(key), default) if value is not None), None)

    greedy = 0.0 if said.get("do_sample") is False else 1.0
    return Settings(
        temperature=float(first(temperature, "temperature", greedy) if greedy else temperature or 0.0),
        top_k=first(own["top_k"], "top_k", None),
        top_p=first(top_p, "top_p", None),
        min_p=first(own["min_p"], "min_p", None),
        max_tokens=int(first(max_tokens, "max_new_tokens", MAX_TOKENS)),
        logprobs=logprobs,
        template=template,
    )


def _special_tokens(tokenizer: Any) -> tuple[str, ...]:
    """Texts that the tokenizer would read as control tokens, the longest first."""
    added = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
    return tuple(sorted({*added, *tokenizer.all_special_tokens} - {""}, key=lambda text: (-len(text), text)))
