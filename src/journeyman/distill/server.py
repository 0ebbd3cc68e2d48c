"""A vLLM server over HTTP, as rollouts and served teachers use it.

    server = Server("http://127.0.0.1:8000/v1#student")
    reply = server.post("/v1/completions", {"prompt": [1, 5, 6], "max_tokens": 16})

The part behind "#" names one model of several; without it the server's first is meant. Where the environment has
VLLM_API_KEY, the variable that `vllm serve` itself reads, it is sent along.
"""

from __future__ import annotations

import json
import os
import random
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from journeyman.errors import ModelRejected, ModelUnavailable, UsageError
from journeyman.models.address import fault, is_local
from journeyman.models.retry import asked_to_wait_s, backoff_s

NEUTRAL = {
    "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "min_p": 0.0, "top_p": 1.0, "top_k": -1,
}  # fmt: skip
"""Sent with each request: what is not said, vLLM takes from the model's generation_config."""

_AGAIN = (408, 429, 500, 502, 503, 504)
_Asked = TypeVar("_Asked")
_Got = TypeVar("_Got")


class Server:
    """One address. Thread-safe.

    Args:
        url: "http://host:port/v1", with "#name" behind it for one model of several; "/v1" may be left out.
        timeout_s: patience with one reply.
        attempts: how often a request is made in all, where the server is overloaded, failing or out of reach.
        wait_s: base of the waits in between, which double each time and are drawn at random.
        at_once: requests in flight at one time.

    Raises UsageError for something that is no address.
    """

    def __init__(
        self, url: str, *, timeout_s: float = 600.0, attempts: int = 5, wait_s: float = 0.5, at_once: int = 64
    ) -> None:
        wrong = fault(url)
        if wrong:
            raise UsageError(f"the address of the server {wrong.replace('https://api.openai.com', 'http://127.0.0.1:8000')}")
        parts = urlsplit(url)
        self.root = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/v1')}"
        self.named = parts.fragment
        self.attempts, self.wait_s, self.at_once = attempts, wait_s, at_once
        key = os.environ.get("VLLM_API_KEY", "")
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(timeout_s, connect=20.0),
            limits=httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once, keepalive_expiry=4.0),
            trust_env=not is_local(url),
        )
        weakref.finalize(self, self._client.close)  # whoever forgets to close leaves no socket behind
        self._jitter = random.Random(0)
        self._closing = threading.Event()

    @cached_property
    def model(self) -> str:
        """The model that is meant, by the server's own list.

        Raises ModelUnavailable, or UsageError where the server does not have it.
        """
        listed = [str(entry["id"]) for entry in self.get("/v1/models").get("data", [])]
        if self.named and self.named not in listed:
            raise UsageError(f"{self.root} has no model '{self.named}'; it serves {', '.join(listed) or 'none'}")
        if not listed:
            raise ModelUnavailable(f"{self.root} serves no model")
        return self.named or listed[0]

    def get(self, path: str) -> dict[str, Any]:
        """The document at `path`. Raises as `post`."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What the server answers, as a document; {} where it is not JSON ("Success: ...").

        Raises:
            ModelUnavailable: no answer after all attempts.
            ModelRejected: it refuses the request itself; its words are in the text.
        """
        return self._ask("POST", path, body)

    def each(self, work: Callable[[_Asked], _Got], asked: Sequence[_Asked]) -> list[_Got]:
        """`work` on each of `asked`, many at once, results in order. The first failure ends it."""
        with ThreadPoolExecutor(max_workers=max(1, min(self.at_once, len(asked)))) as pool:
            waiting = [pool.submit(work, one) for one in asked]
            try:
                return [one.result() for one in waiting]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def close(self) -> None:
        """End all connections; waits between attempts end, too."""
        self._closing.set()
        self._client.close()

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        content = None if body is None else json.dumps(body).encode()
        said = ""
        for attempt in range(1, self.attempts + 1):
            waits: float | None = None
            try:
                reply = self._client.request(
                    method, self.root + path, content=content, headers={"Content-Type": "application/json"}
                )
                if reply.status_code < 300:
                    return _document(reply)
                said = f"status {reply.status_code}: {_words(reply)}"
                if reply.status_code not in _AGAIN:
                    raise ModelRejected(f"{self.root}{path} refuses the request ({said}){_advice(said)}")
                waits = asked_to_wait_s(reply.headers, datetime.now(UTC))
            except (httpx.TransportError, httpx.InvalidURL, json.JSONDecodeError) as error:
                said = f"{type(error).__name__}: {error}".rstrip(": ")
            if attempt < self.attempts:
                self._closing.wait(backoff_s(attempt, self.wait_s, self._jitter) if waits is None else min(waits, 60.0))
        raise ModelUnavailable(f"{self.root}{path} gave no answer in {self.attempts} attempts; the last: {said}")


def _document(reply: httpx.Response) -> dict[str, Any]:
    if "json" not in reply.headers.get("content-type", ""):
        return {}
    found = reply.json()
    return found if isinstance(found, dict) else {"data": found}


def _words(reply: httpx.Response) -> str:
    """What the server says is wrong: OpenAI's error object, vLLM's older one, FastAPI's, or the text itself."""
    try:
        found = reply.json()
    except ValueError:
        return reply.text.strip()[:300] or "no words"
    if isinstance(found, dict):
        inner = found.get("error", found)
        for holder in (inner, found):
            if isinstance(holder, dict):
                said = holder.get("message") or holder.get("detail")
                if said:
                    return str(said)[:300]
        if isinstance(inner, str):
            return inner[:300]
    return str(found)[:300]


def _advice(said: str) -> str:
    if "prompt logprobs of" in said:
        return "; ask for fewer (k), or start the server with --max-logprobs"
    if "maximum context length" in said:
        return "; start the server with a larger --max-model-len, or cap the responses"
    if "status 401" in said or "status 403" in said:
        return "; set VLLM_API_KEY to the server's key"
    return ""

