"""Overhead of a call to a model: what the client adds, over loopback, to an endpoint that answers at once.

16 kB of prompt, 4 kB of reply, 1 and 8 threads on one client. Peers: the openai SDK, and httpx alone (a synchronous client
with no retries, no payment and no checks, which is the floor of any Python client on it). All three send to one server in
a process of its own, in turns, and the median of the rounds counts; the server's own time is in every figure.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import rows

CALLS, ROUNDS = 400, 5
PROMPT, REPLY = "p" * 16_000, "r" * 4_000
SERVER = f"""
import sys
from journeyman.testing.endpoint import EndpointServer
with EndpointServer(["{REPLY}"]) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""
OPENAI = "3.54.0"


@contextmanager
def server() -> Iterator[str]:
    """The address of an endpoint in another process."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        assert process.stdin is not None
        process.stdin.close()


def ms_per_call(call: Callable[[], object], threads: int) -> float:
    """Wall milliseconds from the first call to the last, divided by their number."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: call(), range(2 * threads)))
        started = time.perf_counter()
        list(pool.map(lambda _: call(), range(CALLS)))
        return 1000 * (time.perf_counter() - started) / CALLS


def ours(url: str, threads: int) -> float:
    """Through `Endpoint.complete`, with a meter that counts nothing."""
    from journeyman.models import Message, ModelSpec, Prompt
    from journeyman.models.endpoint import Endpoint

    prompt = Prompt((Message("user", PROMPT),))
    spec = ModelSpec(endpoint=url, model="m", concurrency=threads)
    with Endpoint("m", spec) as model:
        return ms_per_call(lambda: model.complete(prompt), threads)


def bare(url: str, threads: int) -> float:
    """httpx alone."""
    import httpx

    body = {"model": "m", "messages": [{"role": "user", "content": PROMPT}], "max_tokens": 100}
    with httpx.Client(trust_env=False) as client:
        return ms_per_call(lambda: client.post(f"{url}/chat/completions", json=body).json(), threads)


def sdk(url: str, threads: int) -> float:
    """The openai SDK, in the peers' environment."""
    return float(rows.peer("call_openai.py", url, threads, CALLS)["ms_per_call"])


def install_peer() -> None:
    """Put the SDK beside the other peers, if it is not there."""
    python = rows.PEERS / "bin" / "python"
    if subprocess.run([python, "-c", "import openai"], capture_output=True).returncode:
        subprocess.run([python, "-m", "pip", "install", "-q", f"openai=={OPENAI}"], check=True)


def first_use() -> float:
    """Seconds from a fresh interpreter to the first reply, less a bare interpreter's start."""
    code = (
        "from journeyman.models import *\n"
        "with open_model('openai/m') as model:\n"
        "    model.complete(Prompt((Message('user', 'hello'),)))"
    )
    with server() as url:
        return _best(code, url) - _best("pass", url)


def _best(code: str, url: str) -> float:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            env={"OPENAI_BASE_URL": url, "PATH": ""},
            cwd="/",
        )
        times.append(time.perf_counter() - started)
    return min(times)


def measure() -> Sequence[rows.Row]:
    """Rows for 1 and 8 threads, and the first call."""
    peers = (rows.PEERS / "bin" / "python").exists()
    if peers:
        install_peer()
    else:
        rows.say("no peers' environment: the SDK is left out; benchmarks/loop.py makes one")
    found: list[rows.Row] = []
    with server() as url:
        for threads in (1, 8):
            mine, floor, theirs = [], [], []
            for _ in range(ROUNDS):
                mine.append(ours(url, threads))
                floor.append(bare(url, threads))
                theirs += [sdk(url, threads)] if peers else []
            what = f"one call, {threads} thread{'s' if threads > 1 else ''}, 16 kB in, 4 kB out"
            median = statistics.median(mine)
            if theirs:
                found.append(rows.row(what, "ms", median, statistics.median(theirs), "openai SDK"))
            found.append(rows.row(what, "ms", median, statistics.median(floor), "httpx alone"))
    found.append(
        rows.row("first reply of a fresh process, over a bare interpreter's start", "s", first_use())
    )
    return found


if __name__ == "__main__":
    rows.main(measure)
