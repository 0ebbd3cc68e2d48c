"""An OpenAI-compatible endpoint on loopback for tests: real HTTP, which behaves or misbehaves as told.

    with EndpointServer(lambda body: f"you said {body['messages'][-1]['content']}") as server:
        ...                                             # server.url is ".../v1"; server.requests is what was asked

    with EndpointServer([Behaviour.status(429, retry_after="0"), Behaviour.ok("hello")]) as server:
        ...                                             # one behaviour for each request, in order; the last is repeated

It takes any key and any model name, and counts about four bytes of text as a token.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Recorded:
    """One request: its decoded body, its headers by lower-case name, when it came (seconds, monotonic), its path."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    at: float
    path: str = ""


@dataclass(frozen=True)
class Behaviour:
    """How one request is answered. Made by the class methods; `dataclasses.replace` changes details.

    Attributes:
        code: the HTTP status.
        headers: besides Content-Type and Content-Length. "{authorization}" in a value is replaced by that header of the
            request, and likewise for any other header's lower-case name.
        document: the reply as JSON; None: `raw` is sent as it is.
        raw: a body that is no JSON. Header names in braces are replaced here too.
        content_type: of the body.
        send: only so many bytes of the body are sent before the connection is closed. None: all.
        delay_s: waits so long before answering.
        silent: never answers; the connection stays open until the server is closed.
    """

    code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    document: Any = None
    raw: str = ""
    content_type: str = "application/json"
    send: int | None = None
    delay_s: float = 0.0
    silent: bool = False

    @classmethod
    def ok(cls, text: str = "hello", *, usage: Mapping[str, Any] | None = None, **message: Any) -> Behaviour:
        """An ordinary reply. `usage` replaces the counted one; `message` adds fields to the message."""
        return cls(document=_completion({"content": text, **message}, "stop", usage))

    @classmethod
    def finish(cls, reason: str, text: str | None = None, **message: Any) -> Behaviour:
        """A reply with this `finish_reason`."""
        return cls(document=_completion({"content": text, **message}, reason, None))

    @classmethod
    def calls(cls, *calls: tuple[str, Any], text: str | None = None) -> Behaviour:
        """Calls of functions: (name, arguments) each. Arguments that are no text are sent as JSON."""
        called = [
            {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": _as_text(arguments)}}
            for n, (name, arguments) in enumerate(calls)
        ]
        return cls.finish("tool_calls", text, tool_calls=called)

    @classmethod
    def status(cls, code: int, message: str = "", *, error_code: Any = None, **headers: str) -> Behaviour:
        """An HTTP error with OpenAI's error object; `retry_after="2"` becomes the header Retry-After."""
        error = {"message": message or f"status {code}", "type": "error", "param": None, "code": error_code}
        return cls(code, {n.replace("_", "-"): v for n, v in headers.items()}, {"error": error})

    @classmethod
    def slow(cls, delay_s: float, text: str = "hello") -> Behaviour:
        """An ordinary reply, after `delay_s`."""
        return replace(cls.ok(text), delay_s=delay_s)

    @classmethod
    def hang(cls) -> Behaviour:
        """No reply, ever."""
        return cls(silent=True)

    @classmethod
    def dropped(cls, after: int = 20) -> Behaviour:
        """The connection is closed after so many bytes of the body; 0: before anything is answered."""
        return replace(cls.ok(), send=after)

    @classmethod
    def truncated(cls) -> Behaviour:
        """Status 200 with half a JSON document, as if it were whole."""
        return cls(raw=json.dumps(_completion({"content": "hello"}, "stop", {}))[:-30])

    @classmethod
    def html(cls, code: int = 200) -> Behaviour:
        """A web page, as proxies and wrong addresses send."""
        return cls(code, raw="<html><body><h1>Welcome to nginx!</h1></body></html>", content_type="text/html")

    @classmethod
    def empty(cls) -> Behaviour:
        """A reply without text."""
        return cls.finish("stop", "")

    @classmethod
    def no_choices(cls) -> Behaviour:
        """A reply with an empty list of choices."""
        return cls(document={**_completion({}, "stop", None), "choices": []})

    @classmethod
    def reasoning_only(cls, reason: str = "length") -> Behaviour:
        """The model reasoned and gave no text."""
        usage = {
            "prompt_tokens": 9,
            "completion_tokens": 50,
            "completion_tokens_details": {"reasoning_tokens": 50},
        }
        message = {"content": "", "reasoning_content": "Let me think about this."}
        return cls(document=_completion(message, reason, usage))

    @classmethod
    def cut(cls, text: str = "the first half of") -> Behaviour:
        """Ended at the length limit."""
        return cls.finish("length", text)

    @classmethod
    def refusal(cls, words: str = "I cannot help with that.") -> Behaviour:
        """The model declined, in the field made for it."""
        return cls.finish("stop", None, refusal=words)

    @classmethod
    def content_filter(cls) -> Behaviour:
        """A filter took the reply away."""
        return cls.finish("content_filter", "")

    @classmethod
    def no_usage(cls, text: str = "hello") -> Behaviour:
        """An ordinary reply that does not say what it took."""
        document = _completion({"content": text}, "stop", {})
        return cls(document={name: value for name, value in document.items() if name != "usage"})

    @classmethod
    def wrong_usage(cls) -> Behaviour:
        """Usage of the wrong types."""
        return cls.ok(usage={"prompt_tokens": "many", "completion_tokens": [1], "total_tokens": None})

    @classmethod
    def echo(cls, code: int = 401, header: str = "authorization") -> Behaviour:
        """Repeats a header of the request in the body and in a header of the reply."""
        said = f"Incorrect API key provided: {{{header}}}"
        if code == 200:
            return cls(
                raw=json.dumps(
                    _completion({"content": said}, "stop", {"prompt_tokens": 1, "completion_tokens": 1})
                )
            )
        return cls(code, {"X-Echo": f"{{{header}}}"}, raw=json.dumps({"error": {"message": said}}))

    @classmethod
    def redirect(cls, location: str, code: int = 302) -> Behaviour:
        """A redirect; "{authorization}" in the location is replaced as in any header."""
        return cls(code, {"Location": location})

    @classmethod
    def error_in_200(cls, code: Any = 502, message: str = "upstream failed") -> Behaviour:
        """Status 200 whose document is an error, as OpenRouter sends it."""
        return cls(document={"error": {"code": code, "message": message}})

    @classmethod
    def too_long(cls) -> Behaviour:
        """The context has no room for the prompt."""
        words = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
        return cls.status(400, words, error_code="context_length_exceeded")


Reply = Callable[[dict[str, Any]], str | Behaviour] | Sequence[str | Behaviour]


class EndpointServer:
    """The server; a context manager. Threads: one for each connection, so `reply` must be thread-safe.

    Args:
        reply: a function of the request's body, or one behaviour for each request. A string is an ordinary reply.
    """

    def __init__(self, reply: Reply) -> None:
        self.requests: list[Recorded] = []
        self.peak = 0
        self._reply = reply
        self._now = 0
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._http = _Server(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """What goes into `endpoint`: the address with /v1."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def wait(self, count: int, timeout_s: float = 30.0) -> None:
        """Wait until `count` requests have come.

        Raises:
            TimeoutError: fewer came in `timeout_s`.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, timeout_s):
                raise TimeoutError(f"{len(self.requests)} of {count} requests came within {timeout_s} s")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.close_connections()
        self._http.server_close()
        self._thread.join()

    def _behaviour(self, recorded: Recorded) -> Behaviour:
        with self._changed:
            self.requests.append(recorded)
            number = len(self.requests)
            self._changed.notify_all()
        if not callable(self._reply):
            chosen = self._reply[min(number, len(self._reply)) - 1]
        else:
            try:
                chosen = self._reply(recorded.body)
            except Exception as error:  # noqa: BLE001 - a mistake in a test is told to the test, by its client
                return Behaviour.status(400, f"the reply function raised {error!r}")
        return Behaviour.ok(chosen) if isinstance(chosen, str) else chosen

    def _enter(self) -> None:
        with self._changed:
            self._now += 1
            self.peak = max(self.peak, self._now)

    def _leave(self) -> None:
        with self._changed:
            self._now -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True
    request_queue_size = 128

    def __init__(self, endpoint: EndpointServer) -> None:
        self.endpoint = endpoint
        self.open: set[Any] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the tests, not an event."""

    def close_connections(self) -> None:
        """End what still waits for a next request, so that no thread outlives the server."""
        for connection in tuple(self.open):
            connection.end()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write for headers and body

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self)

    def finish(self) -> None:
        self.server.open.discard(self)
        super().finish()

    def end(self) -> None:
        """From another thread: no more is read from this connection."""

        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on standard error."""

    def do_POST(self) -> None:
        """Answer as told."""
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        endpoint = self.server.endpoint
        endpoint._enter()
        try:
            behaviour = endpoint._behaviour(Recorded(json.loads(raw), headers, time.monotonic(), self.path))
            self._answer(behaviour, json.loads(raw), headers)
        finally:
            endpoint._leave()

    def _answer(self, behaviour: Behaviour, asked: dict[str, Any], headers: Mapping[str, str]) -> None:
        closing = self.server.endpoint._closing
        if behaviour.silent or behaviour.send is not None:
            self.close_connection = True
        if behaviour.silent:
            closing.wait()
            return
        if behaviour.delay_s:
            closing.wait(behaviour.delay_s)
        if behaviour.send == 0:
            return
        if behaviour.document is not None:
            body = json.dumps(_counted(behaviour.document, asked)).encode()
        else:
            body = _filled(behaviour.raw, headers).encode()
        self.send_response(behaviour.code)
        self.send_header("Content-Type", behaviour.content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in behaviour.headers.items():
            self.send_header(name, _filled(value, headers))
        self.end_headers()
        self.wfile.write(body[: behaviour.send])
        self.wfile.flush()


def _completion(message: Mapping[str, Any], reason: str, usage: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "loopback-1",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}],
        "usage": usage,
    }


def _counted(document: Any, asked: Mapping[str, Any]) -> Any:
    """The document, with usage counted where it has the field and says nothing."""
    if not isinstance(document, dict) or "usage" not in document or document["usage"] is not None:
        return document
    read = sum(_tokens(message.get("content")) for message in asked.get("messages", ()))
    written = sum(_tokens(choice["message"].get("content")) for choice in document["choices"])
    return {
        **document,
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }


def _as_text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def _tokens(content: Any) -> int:
    if isinstance(content, list):
        return sum(_tokens(part.get("text")) if "text" in part else 100 for part in content)
    return -(-len((content or "").encode()) // 4)


def _filled(text: str, headers: Mapping[str, str]) -> str:
    for name, value in headers.items():
        text = text.replace(f"{{{name}}}", value)
    return text
