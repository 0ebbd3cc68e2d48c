"""A model behind an OpenAI-compatible endpoint: attempts, what each costs, and when to try again.

One layer retries, and it is this one. Tried again: 408, 409, 425, 429, every 5xx, connections that fail or break, time
that ran out, and replies of status 200 that are not as agreed; not a refusal, nor an empty or a cut reply, which are
answers. The permit of an attempt is given back before the wait for the next one.

What an attempt cost:

    no connection, or an HTTP error status      nothing
    no whole reply (time, broken connection)    unknown, and so the worst case
    status 200 without usage                    unknown
    status 200 with usage                       what it says

The meter is called from the thread that called `complete`, never from the one that serves the connections.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

import msgspec

from journeyman.errors import JourneymanError, ModelRejected, ModelUnavailable, PromptTooLong, UsageError
from journeyman.models.address import chat_completions, is_local
from journeyman.models.bound import worst_case
from journeyman.models.completion import Completion, Cost, Outcome, Usage
from journeyman.models.concurrency import Gate
from journeyman.models.message import Prompt
from journeyman.models.model import FREE, Meter, Model
from journeyman.models.price import Price
from journeyman.models.reply import ErrorInside, Malformed, read_reply
from journeyman.models.request import MAX_TOKENS, request_body
from journeyman.models.retry import asked_to_wait_s, backoff_s
from journeyman.models.secret import Secrets, from_environment, read_headers
from journeyman.models.spec import ModelSpec
from journeyman.models.status import LONGEST, Meaning, Said, advice, meaning, read_error
from journeyman.models.tool import ToolCall
from journeyman.models.transport import Answer, NoAnswer, Transport


@dataclass(frozen=True)
class _Tried:
    """How one attempt ended: with a completion, with an error for the caller, or with a reason to try again.

    `cost` None: unknown. `wait_s`: what the server asked for. `busy`: it has no room.
    """

    cost: Cost | None = None
    completion: Completion | None = None
    error: JourneymanError | None = None
    why: str = ""
    wait_s: float | None = None
    busy: bool = False


class Endpoint(Model):
    """The client. Thread-safe; any number of callers, of whom at most `spec.concurrency` are let through at once.

    Args:
        name: what the model is called here.
        spec: its settings, checked.
        rng: draws the waits between attempts. None: a generator of its own.

    Raises:
        ModelConfigInvalid: a variable of the environment that `spec` names is not set.
    """

    def __init__(self, name: str, spec: ModelSpec, rng: random.Random | None = None) -> None:
        what = f"model '{name}'"
        key = from_environment(spec.key, what=f"{what}: key") if spec.key else ""
        headers, secrets = read_headers(spec.headers, what=f"{what}: headers")
        if key and not any(header.lower() == "authorization" for header in headers):
            headers["Authorization"] = f"Bearer {key}"
        self._name, self.spec = name, spec
        self._secrets = Secrets([key, *secrets] if key else secrets)
        self._rng = random.Random() if rng is None else rng
        self._gate = Gate(spec.concurrency)
        self._closing = threading.Event()
        self._transport = Transport(
            chat_completions(spec.endpoint),
            {
                "Content-Type": "application/json",
                "Accept": "application/json",
                "User-Agent": "journeyman",
                **headers,
            },
            local=is_local(spec.endpoint),
            redact=self._secrets.redact,
        )

    @property
    def name(self) -> str:
        return self._name

    @property
    def sees(self) -> bool:
        return self.spec.sees

    @property
    def tools(self) -> bool:
        """Whether it can call functions."""
        return self.spec.tools

    @property
    def max_tokens(self) -> int:
        return self.spec.max_tokens or MAX_TOKENS

    @property
    def price(self) -> Price | None:
        return self.spec.price

    @property
    def width(self) -> int:
        """Calls that may be in flight now; it follows what the endpoint bears."""
        return self._gate.width

    def __repr__(self) -> str:
        return f"Endpoint('{self._name}', '{self.spec.endpoint}')"

    def worst_case(self, prompt: Prompt) -> Cost:
        return worst_case(
            prompt,
            max_tokens=self.max_tokens,
            image_tokens=self.spec.image_tokens,
            price=self.spec.price,
        )

    def complete(self, prompt: Prompt, meter: Meter = FREE) -> Completion:
        if not self.spec.sees and any(message.images for message in prompt.messages):
            raise UsageError(
                f"model '{self._name}' takes no images: set sees = true if it does, or ask another"
            )
        if prompt.tools and not self.spec.tools:
            raise UsageError(f"model '{self._name}' calls no functions: set tools = true if it does, or ask it in text")
        body = request_body(self.spec, prompt)
        worst = self.worst_case(prompt)
        reasons: list[str] = []
        until = float("inf")
        for attempt in range(1, self.spec.attempts + 1):
            with self._gate.permit() as permit:
                if permit is None:
                    raise self._closed()
                if attempt == 1:  # what was spent waiting for a permit is not the endpoint's fault
                    until = monotonic() + self.spec.patience_s
                left = until - monotonic()
                if left <= 0:
                    break
                tried = self._attempt(body, worst, meter, attempt, min(left, self.spec.timeout_s))
                if tried.busy:
                    permit.overload()
                elif tried.completion is not None:
                    permit.success()
            if tried.completion is not None:
                return tried.completion
            if tried.error is not None:
                raise tried.error
            reasons.append(tried.why)
            if attempt == self.spec.attempts:
                break
            wait = backoff_s(attempt, self.spec.backoff_s, self._rng)
            if tried.wait_s is not None:  # at least what was asked; a little more, lest all come back at once
                wait = tried.wait_s + self._rng.uniform(0.0, self.spec.backoff_s)
            if monotonic() + wait >= until:
                reasons.append(f"{wait:.0f} s more to wait, past patience_s")
                break
            if self._closing.wait(wait):
                raise self._closed()
        raise ModelUnavailable(
            f"model '{self._name}' gave no answer in {attempt} attempt{'s' * (attempt > 1)} (attempts = "
            f"{self.spec.attempts}, patience_s = {self.spec.patience_s:g}); the last said: {'; '.join(reasons[-3:])}"
        )

    def close(self) -> None:
        self._closing.set()
        self._gate.close()
        self._transport.close()

    def _attempt(self, body: bytes, worst: Cost, meter: Meter, attempt: int, timeout_s: float) -> _Tried:
        """One attempt, reserved and settled. Whatever interrupts it leaves the cost unknown."""
        meter.reserve(worst)
        tried = _Tried(cost=None)
        try:
            tried = self._once(body, attempt, timeout_s)
        finally:
            meter.settle(tried.cost, tried.completion)
        return tried

    def _once(self, body: bytes, attempt: int, timeout_s: float) -> _Tried:
        got = self._transport.post(body, timeout_s)
        if isinstance(got, NoAnswer):
            error = self._closed() if got.closed else None
            return _Tried(None if got.sent else Cost(), why=self._shown(got.why), error=error)
        if got.status >= 400:
            return self._refused_call(got, got.status, read_error(got.status, got.body), Cost(), attempt)
        if got.status >= 300:
            place = self._shown(got.headers.get("location", "nowhere"))
            return _Tried(
                Cost(),
                error=ModelRejected(
                    f"model '{self._name}': the endpoint sends to {place} (status {got.status}); the key is not taken "
                    "there: set endpoint to the right address"
                ),
            )
        reply = read_reply(got.body, got.headers.get("content-type", ""))
        if isinstance(reply, ErrorInside):
            return self._refused_call(got, reply.status, reply.said, self._cost(reply.usage), attempt)
        if isinstance(reply, Malformed):
            return _Tried(self._cost(reply.usage), why=self._shown(reply.why))
        return _Tried(self._cost(reply.usage), self._finished(reply, got, attempt))

    def _refused_call(self, got: Answer, status: int, said: Said, cost: Cost | None, attempt: int) -> _Tried:
        """An error, by status or inside a status 200."""
        words = self._shown(said.message)
        match meaning(status, said):
            case Meaning.BUSY | Meaning.AGAIN as what:
                wait = asked_to_wait_s(got.headers, datetime.now(UTC))
                return _Tried(cost, why=f"status {status}: {words}", wait_s=wait, busy=what is Meaning.BUSY)
            case Meaning.TOO_LONG:
                text = (
                    f"model '{self._name}': the prompt and max_tokens together are too long for it: {words}"
                )
                return _Tried(cost, error=PromptTooLong(text))
            case Meaning.REFUSED:
                usage = Usage() if cost == Cost() else None
                declined = Completion("", Outcome.REFUSED, usage, finish=said.code, refusal=said.message)
                return _Tried(cost, self._finished(declined, got, attempt))
            case _:
                text = f"model '{self._name}': the endpoint refuses the call (status {status}): {words}"
                return _Tried(cost, error=ModelRejected(f"{text}; {advice(status, said, self.spec.key)}"))

    def _finished(self, reply: Completion, got: Answer, attempt: int) -> Completion:
        """The reply with its price, latency and attempts, and without a trace of the key."""
        redact = self._secrets.redact
        text = redact(reply.text)
        price = self.spec.price
        return msgspec.structs.replace(
            reply,
            text=text,
            reasoning=redact(reply.reasoning),
            refusal=redact(reply.refusal),
            model=redact(reply.model),
            finish=redact(reply.finish),
            tool_calls=tuple(ToolCall(c.id, redact(c.name), redact(c.arguments)) for c in reply.tool_calls),
            logprobs=reply.logprobs if text == reply.text else None,
            micro_usd=None if price is None or reply.usage is None else price.micro_usd(reply.usage),
            latency_s=got.took_s,
            attempts=attempt,
        )

    def _cost(self, usage: Usage | None) -> Cost | None:
        if usage is None:
            return None
        return Cost(usage.total, 0 if self.spec.price is None else self.spec.price.micro_usd(usage))

    def _shown(self, text: str) -> str:
        """A server's or a library's words: in one line, without keys, not too long."""
        clean = " ".join(self._secrets.redact(text).split())
        return clean if len(clean) <= LONGEST else f"{clean[:LONGEST]}..."

    def _closed(self) -> ModelUnavailable:
        return ModelUnavailable(f"model '{self._name}' was closed")


def open_endpoint(name: str, spec: ModelSpec, rng: random.Random | None = None) -> Endpoint:
    """The model behind `spec.endpoint`. Nothing is connected yet."""
    return Endpoint(name, spec, rng)
