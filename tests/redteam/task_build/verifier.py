"""Is it CRC-32, and how fast beside the reference? All answers are judged; the times are kept for the test to see."""

from __future__ import annotations

import json
import secrets
import zlib
from typing import Any

from journeyman.errors import WrongAnswer
from journeyman.verify import Instance, Outcome, feasible, infeasible

LEFT_HERE = "@CANARY@"
LENGTH, CHAIN, BLOCKS = 4096, 40, 8


def score(instance: Instance, build: Any) -> Outcome:
    try:
        build.try_out([block(n, 1) for n in (1, 3, 64, 1000, LENGTH)])
        ratio = build.compare([block(LENGTH, CHAIN) for _ in range(BLOCKS + 1)], warm=1)
    except WrongAnswer as error:
        return infeasible(f"wrong sum: {error}")
    kept = {"candidate_s": ratio.candidate_s, "reference_s": ratio.reference_s}
    return feasible(ratio.median, artifacts={"times.json": json.dumps(kept).encode()})


def block(length: int, count: int) -> Any:
    from journeyman.sandbox.build import Block

    message, nonce = secrets.token_bytes(length), secrets.token_bytes(4)
    expected = chain(message, nonce, count)

    def judge(answer: bytes) -> str | None:
        return None if answer == expected else f"{answer.hex()} where {expected.hex()} is right"

    return Block(message, nonce + count.to_bytes(4, "little"), judge)


def chain(message: bytes, nonce: bytes, count: int) -> bytes:
    data, word = message, nonce
    for _ in range(count):
        spread = (word * (len(data) // 4 + 1))[: len(data)]
        data = (int.from_bytes(data, "little") ^ int.from_bytes(spread, "little")).to_bytes(
            len(data), "little"
        )
        word = zlib.crc32(data).to_bytes(4, "little")
    return word
