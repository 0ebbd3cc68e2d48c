"""The chain of digests that a block of work asks for, recomputed with hashlib.

A message of n bytes and a nonce of 32 are drawn afresh. Then, again and again: XOR the 32 bytes (first the nonce, then the
last digest) over the whole message, from its first byte on, repeated to its end; hash the message. The answer is the last
digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

NONCE = 32


def request(nonce: bytes, count: int) -> bytes:
    """The timed request: 32 bytes of nonce, and how many digests as 8 bytes little endian."""
    return nonce + count.to_bytes(8, "little")


def chain(message: bytes, nonce: bytes, count: int) -> bytes:
    """The last of `count` >= 1 digests, 32 bytes."""
    # XOR is its own history: after k steps the message is the first one XOR all that was spread over it, so one pattern of
    # 32 bytes is all the state there is.
    spread = _spread_array(message) if len(message) > 2048 else _spread_integer(message)
    pattern = int.from_bytes(nonce, "little")
    digest = b""
    for _ in range(count):
        digest = hashlib.sha256(spread(pattern)).digest()
        pattern ^= int.from_bytes(digest, "little")
    return digest


def _spread_integer(message: bytes) -> Callable[[int], bytes]:
    """message XOR the repeated pattern, as one long integer: quickest for short messages."""
    length = len(message)
    base, cut = int.from_bytes(message, "little"), (1 << 8 * length) - 1
    ones = sum(1 << 8 * NONCE * i for i in range(-(-length // NONCE)))
    return lambda pattern: (base ^ (pattern * ones & cut)).to_bytes(length, "little")


def _spread_array(message: bytes) -> Callable[[int], bytes]:
    """The same by rows of 32 bytes: quickest for long messages."""
    import numpy as np

    length = len(message)
    base = np.frombuffer(message + bytes(-length % NONCE), dtype="<u8").reshape(-1, NONCE // 8)
    mixed = np.empty_like(base)

    def spread(pattern: int) -> bytes:
        np.bitwise_xor(base, np.frombuffer(pattern.to_bytes(NONCE, "little"), dtype="<u8"), out=mixed)
        return mixed.tobytes()[:length]

    return spread


def check(message: bytes, nonce: bytes, count: int) -> Callable[[bytes], str | None]:
    """A judge of the answer to `request(nonce, count)` over `message`."""
    expected = chain(message, nonce, count)

    def judge(answer: bytes) -> str | None:
        if answer == expected:
            return None
        what = "the digest" if count == 1 else f"the last of {count} chained digests"
        return f"{what} of {len(message)} bytes is {expected.hex()}, the program said {answer.hex() or 'nothing'}"

    return judge
