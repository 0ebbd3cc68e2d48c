"""HTTP to one endpoint: a background thread with an event loop and a pool of connections, called from any thread.

The loop is what lets `close` end calls in flight at once: a socket that another thread is blocked on cannot be closed
reliably, a task can be cancelled. What a call costs, when it is tried again and how many go at once is decided elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

CONNECT_S = 20.0
"""For the connection itself, names and encryption included."""
IDLE_S = 4.0
"""Idle connections are closed after so long: before servers do it, which for uvicorn (vLLM) is after 5 s."""
LARGEST_REPLY = 32 << 20
"""Bytes of one reply, decompressed. Ten times what the longest context of today can hold."""
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy")


@dataclass(frozen=True)
class Answer:
    """A whole reply. `headers` by lower-case name; `took_s` from sending to its last byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    took_s: float


@dataclass(frozen=True)
class NoAnswer:
    """No reply. `sent`: the endpoint may have seen the request, and may charge for it. `why` is not yet redacted."""

    why: str
    sent: bool
    closed: bool = False


class Transport:
    """Posts JSON to one address. Thread-safe. The thread and the HTTP library are started by the first call.

    Redirects are not followed, since they would carry the key to another place. Proxies of the environment are used,
    except for this machine's own addresses.

    Args:
        url: where requests go.
        headers: of every request.
        local: the address is on this machine.
        redact: takes keys out of a text; used on what the HTTP library logs, which at level DEBUG shows all headers of a
            reply, and servers repeat there what they were sent.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], *, local: bool, redact: Callable[[str], str] = str
    ) -> None:
        self._url, self._headers, self._local = url, dict(headers), local
        self._redacting = _Redacting(redact)
        self._lock = threading.Lock()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._client: httpx.AsyncClient

    def post(self, body: bytes, timeout_s: float) -> Answer | NoAnswer:
        """Send `body` and wait for the whole reply, at most `timeout_s`."""
        with self._lock:
            if self._closed:
                return NoAnswer("the model was closed", sent=False, closed=True)
            if self._thread is None:
                self._start()
            future = asyncio.run_coroutine_threadsafe(self._post(body, timeout_s), self._loop)
        try:
            return future.result()
        except CancelledError:
            return NoAnswer("the model was closed meanwhile", sent=True, closed=True)
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """End all calls at once, close the connections and the thread. Closing again does nothing."""
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
            if thread is None:
                return
            self._loop.call_soon_threadsafe(self._stop.set)
        thread.join()

    def _start(self) -> None:
        ready: Future[None] = Future()
        thread = threading.Thread(target=self._run, args=(ready,), name="journeyman-model", daemon=True)
        thread.start()
        ready.result()
        self._thread = thread

    def _run(self, ready: Future[None]) -> None:
        try:
            asyncio.run(self._serve(ready))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def _serve(self, ready: Future[None]) -> None:
        import httpx

        self._client = httpx.AsyncClient(
            headers=self._headers,
            timeout=httpx.Timeout(None, connect=CONNECT_S),
            limits=httpx.Limits(
                max_connections=None, max_keepalive_connections=None, keepalive_expiry=IDLE_S
            ),
            follow_redirects=False,
            mounts=dict.fromkeys(("all://", "http://", "https://")) if self._local else None,  # no proxy
            verify=self._url.startswith("https://"),
        )
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self._redacting)
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        ready.set_result(None)
        await self._stop.wait()
        calls = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await self._client.aclose()
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self._redacting)

    async def _post(self, body: bytes, timeout_s: float) -> Answer | NoAnswer:
        import httpx

        started = monotonic()
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._client.stream("POST", self._url, content=body) as response,
            ):
                received = bytearray()
                async for piece in response.aiter_bytes():
                    received += piece
                    if len(received) > LARGEST_REPLY:
                        return NoAnswer(f"a reply of more than {LARGEST_REPLY >> 20} MiB", sent=True)
                return Answer(response.status_code, response.headers, bytes(received), monotonic() - started)
        except TimeoutError:
            return NoAnswer(f"no whole reply within {timeout_s:.3g} s", sent=True)
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.ProxyError,
            httpx.UnsupportedProtocol,
        ) as error:
            return NoAnswer(_in_words("no connection", error), sent=False)
        except httpx.RequestError as error:
            return NoAnswer(_in_words("the connection broke", error), sent=True)


class _Redacting(logging.Filter):
    """Lets every record pass, without keys."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._redact = redact

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._redact(record.getMessage()), ()
        return True


def _in_words(what: str, error: Exception) -> str:
    return f"{what}: {error}" if str(error) else f"{what} ({type(error).__name__})"
