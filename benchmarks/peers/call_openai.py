"""call_openai.py URL THREADS CALLS: milliseconds per call through the openai SDK; one JSON line."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import openai

url, threads, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
messages = [{"role": "user", "content": "p" * 16_000}]


def call(_: int) -> object:
    return client.chat.completions.create(model="m", messages=messages, max_tokens=100)


with ThreadPoolExecutor(threads) as pool:
    list(pool.map(call, range(2 * threads)))
    started = time.perf_counter()
    list(pool.map(call, range(calls)))
    print(json.dumps({"ms_per_call": 1000 * (time.perf_counter() - started) / calls, "version": openai.__version__}))
