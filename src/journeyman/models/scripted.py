"""Models that follow a script: for tests, demonstrations, and as the shortest way to plug in a model of one's own.

    scripted/nudge         the built-in stand-in of `journeyman.models.nudge`
    scripted/PATH.jsonl    replies, one JSON document a line: {"text": ..., "outcome"?, "usage"?, "key"?, ...} (see Reply)
    scripted/PATH.py       a program with a function `reply(messages, seed)` that returns a text or such a document

In a file of replies, one with a key ("7/call/1": first call of proposal 7) answers the call of that name. Those without
stand for proposals 1, 2, 3, ... in their order, and answer every call of theirs. Order, threads and resuming therefore
change nothing. A call without a name, outside of a run, gets the first reply.

A program's `reply` is given the prompt's messages (each with role, text, images and calls) and its seed, and may be called
from several threads at once. What it raises ends the call with ModelUnavailable. A reply may call functions where the model
is said to (`tools = true`): {"text": "", "tool_calls": [{"id": "1", "name": "act", "arguments": "{}"}]}.

Tokens are estimated: a token for every four bytes of text, rounded up, and 1,000 for an image; unless a reply says
otherwise. A reply that is estimated longer than `max_tokens` is cut there, as a real one would be.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from journeyman.errors import (
    ModelConfigInvalid,
    ModelNotFound,
    ModelRejected,
    ModelUnavailable,
    PromptTooLong,
    UsageError,
)
from journeyman.models.completion import Completion, Cost, Outcome, Usage
from journeyman.models.message import Prompt
from journeyman.models.model import FREE, Meter, Model
from journeyman.models.nudge import nudge
from journeyman.models.price import Price
from journeyman.models.tool import ToolCall

MAX_TOKENS = 16_384
"""Of a reply, where neither prompt nor settings say."""

_BYTES_PER_TOKEN = 4
_TOKENS_PER_IMAGE = 1_000


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reply of a script. Without `outcome` it is what the texts say; without `usage` it is estimated."""

    text: str
    outcome: Outcome | None = None
    usage: Usage | None = None
    key: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


Script = Callable[[Prompt], Reply]


def open_scripted(
    rest: str,
    price: Price | None = None,
    sees: bool = False,
    *,
    name: str = "",
    max_tokens: int | None = None,
    tools: bool = False,
) -> Model:
    """The scripted model that stands after "scripted/" in a model's name.

    Args:
        rest: "nudge", or a path that ends in .jsonl or .py.
        price: of its estimated tokens; None: nothing, since nobody is paid.
        sees: whether it takes images.
        name: what the model is called; default: "scripted/" and `rest`.
        max_tokens: of a reply, where the prompt does not say.
        tools: whether it may call functions.

    Raises:
        ModelNotFound: there is no such script.
        ModelConfigInvalid: the file cannot be used; the text names the line.
    """
    path = Path(rest).expanduser()
    script: Script
    if rest == "nudge":
        script = _nudging
    elif path.suffix not in (".jsonl", ".py"):
        raise ModelNotFound(
            f"there is no scripted model {rest!r}: give 'nudge', a file of replies (.jsonl) or a program (.py)"
        )
    elif not path.is_file():
        raise ModelNotFound(f"the script {rest!r} of a model is not there: give the path of a file")
    else:
        script = _replies(path) if path.suffix == ".jsonl" else _program(path)
    free = Price(0.0, 0.0)
    return Scripted(
        name or f"scripted/{rest}", script, price=price or free, sees=sees, max_tokens=max_tokens, tools=tools
    )


class Scripted(Model):
    """Answers each prompt with what `script` makes of it. The script runs in a thread, so that `close` ends the wait."""

    name: str = ""
    sees: bool = False
    price: Price | None = None
    max_tokens: int = MAX_TOKENS
    tools: bool = False

    def __init__(
        self,
        name: str,
        script: Script,
        *,
        price: Price | None = None,
        sees: bool = False,
        max_tokens: int | None = None,
        tools: bool = False,
    ) -> None:
        self.name, self.price, self.sees, self.tools = name, price, sees, tools
        self._script = script
        self.max_tokens = MAX_TOKENS if max_tokens is None else max_tokens
        self._lock = threading.Lock()
        self._waiting: set[Future[Reply]] = set()
        self._closed = False

    def worst_case(self, prompt: Prompt) -> Cost:
        """The estimate for the prompt, and a reply of `max_tokens`."""
        tokens, most = _input_tokens(prompt), self._most(prompt)
        return Cost(tokens + most, self.price.at_most(tokens, most) if self.price else 0)

    def complete(self, prompt: Prompt, meter: Meter = FREE) -> Completion:
        """The script's reply. See `Model.complete`."""
        if not self.sees and any(message.images for message in prompt.messages):
            raise UsageError(f"the model '{self.name}' takes no images, and the prompt holds one")
        if prompt.tools and not self.tools:
            raise UsageError(f"the model '{self.name}' calls no functions, and the prompt holds some")
        self._check_open()
        began = time.monotonic()
        meter.reserve(self.worst_case(prompt))
        try:
            reply = self._ask(prompt)
        except BaseException:
            # A script costs nothing for what it did not give.
            meter.settle(Cost(), None)
            raise
        completion = self._completion(prompt, reply, time.monotonic() - began)
        usage = completion.usage
        assert usage is not None
        meter.settle(Cost(usage.total, completion.micro_usd or 0), completion)
        return completion

    def close(self) -> None:
        """End the wait of calls in flight. A program that is still at work goes on unheard."""
        with self._lock:
            self._closed = True
            waiting = list(self._waiting)
        for answer in waiting:
            with suppress(InvalidStateError):
                answer.set_exception(self._is_closed())

    def _ask(self, prompt: Prompt) -> Reply:
        answer: Future[Reply] = Future()
        with self._lock:
            if self._closed:
                raise self._is_closed()
            self._waiting.add(answer)
        threading.Thread(target=_answer, args=(self._script, prompt, answer), daemon=True).start()
        try:
            return answer.result()
        finally:
            with self._lock:
                self._waiting.discard(answer)

    def _completion(self, prompt: Prompt, reply: Reply, latency_s: float) -> Completion:
        text, reasoning, usage, cut = reply.text, reply.reasoning, reply.usage, False
        if usage is None:
            room = self._most(prompt) * _BYTES_PER_TOKEN
            whole = _size(text) + _size(reasoning)
            reasoning = _head(reasoning, room)
            text = _head(text, room - _size(reasoning))
            cut = _size(text) + _size(reasoning) < whole
            called = sum(len(msgspec.json.encode(call)) for call in reply.tool_calls)
            written = _tokens(_size(text) + _size(reasoning) + called)
            usage = Usage(_input_tokens(prompt), written, _tokens(_size(reasoning)))
        said = text or (reply.tool_calls[0].name if reply.tool_calls else "")
        outcome = _outcome(said, reasoning, reply.refusal, cut) if cut or not reply.outcome else reply.outcome
        return Completion(
            text, outcome, usage, self.price.micro_usd(usage) if self.price else None, model=self.name,
            finish="length" if cut or outcome is Outcome.CUT else "stop",
            reasoning=reasoning, refusal=reply.refusal, latency_s=latency_s, tool_calls=reply.tool_calls,
        )  # fmt: skip

    def _most(self, prompt: Prompt) -> int:
        return self.max_tokens if prompt.max_tokens is None else prompt.max_tokens

    def _check_open(self) -> None:
        with self._lock:
            if self._closed:
                raise self._is_closed()

    def _is_closed(self) -> ModelUnavailable:
        return ModelUnavailable(f"the model '{self.name}' was closed")


def _answer(script: Script, prompt: Prompt, answer: Future[Reply]) -> None:
    """Run the script and hand over what came of it, if anybody still waits for it."""
    try:
        reply = script(prompt)
    except BaseException as error:  # noqa: BLE001  it is raised again, in the thread that waits
        with suppress(InvalidStateError):
            answer.set_exception(error)
    else:
        with suppress(InvalidStateError):
            answer.set_result(reply)


# --- scripts ------------------------------------------------------------------------------------------------------


def _nudging(prompt: Prompt) -> Reply:
    return Reply(nudge(prompt))


def _replies(path: Path) -> Script:
    """Replies by key, else by the number of the proposal."""
    by_key: dict[str, Reply] = {}
    in_order: list[Reply] = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            reply = msgspec.json.decode(line, type=Reply)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ModelConfigInvalid(f"line {number} of {path} is no reply: {error}") from error
        if reply.key in by_key:
            raise ModelConfigInvalid(f"line {number} of {path} has the key {reply.key!r} a second time")
        if reply.key:
            by_key[reply.key] = reply
        else:
            in_order.append(reply)

    def script(prompt: Prompt) -> Reply:
        if prompt.key in by_key:
            return by_key[prompt.key]
        number = re.search(r"\d+", prompt.key)
        which = int(number[0]) if number else 0 if prompt.key else 1
        if 1 <= which <= len(in_order):
            return in_order[which - 1]
        asked = f"the call {prompt.key!r}" if prompt.key else "a call without a name"
        raise ModelUnavailable(
            f"{path} has no reply for {asked}: it holds {len(in_order)} in order and {len(by_key)} by key"
        )

    return script


def _program(path: Path) -> Script:
    """The function `reply` of a program."""
    where = path.absolute()
    # Registered under a name that is no module's, as dataclasses and pickle want to find it.
    spec = importlib.util.spec_from_file_location(f"journeyman scripted model {where}", where)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ModelConfigInvalid(f"{path} cannot be loaded: {_said(error, where)}") from error
    reply: Callable[[Any, int | None], object] | None = getattr(module, "reply", None)
    if not callable(reply):
        raise ModelConfigInvalid(f"{path} has no function reply(messages, seed)")

    def script(prompt: Prompt) -> Reply:
        try:
            made = reply(prompt.messages, prompt.seed)
        except (ModelUnavailable, ModelRejected, PromptTooLong):
            raise
        except (Exception, SystemExit) as error:
            raise ModelUnavailable(f"reply() of {path} raised {_said(error, where)}") from error
        if isinstance(made, str):
            return Reply(made)
        if not isinstance(made, Mapping):
            raise ModelUnavailable(f"reply() of {path} returned {type(made).__name__}, not a text or a dict")
        try:
            return msgspec.convert(dict(made), Reply)
        except msgspec.ValidationError as error:
            raise ModelUnavailable(f"reply() of {path} returned no reply: {error}") from error

    return script


def _said(error: BaseException, path: Path) -> str:
    """The error with the line of `path` it came through last."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    if isinstance(error, SyntaxError):
        lines = [error.lineno]
    at = f" (line {lines[-1]})" if lines else ""
    return f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}{at}"


# --- tokens -------------------------------------------------------------------------------------------------------


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _tokens(size: int) -> int:
    return -(-size // _BYTES_PER_TOKEN)


def _head(text: str, size: int) -> str:
    """The first `size` bytes, less a character that would be cut in two."""
    if _size(text) <= size:
        return text
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")


def _input_tokens(prompt: Prompt) -> int:
    images = sum(len(message.images) for message in prompt.messages)
    size = sum(_size(message.text) for message in prompt.messages)
    size += sum(len(msgspec.json.encode(message.calls)) for message in prompt.messages if message.calls)
    size += len(msgspec.json.encode(prompt.tools)) if prompt.tools else 0
    return _tokens(size) + _TOKENS_PER_IMAGE * images


def _outcome(text: str, reasoning: str, refusal: str, cut: bool) -> Outcome:
    if not text.strip():
        if refusal:
            return Outcome.REFUSED
        return Outcome.EMPTY_AFTER_REASONING if reasoning.strip() else Outcome.EMPTY
    return Outcome.CUT if cut else Outcome.ANSWERED
