"""One event, the bytes it is stored as, and their checksum.

Bodies are msgpack with keys in sorted order, so equal bodies are equal bytes: the canonical digest is taken over those.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import msgspec

from journeyman.errors import UsageError


class Event(msgspec.Struct, frozen=True, gc=False):
    """One line of a run's log.

    Args:
        seq: position in the log: 1, 2, 3, ... without gaps.
        kind: what happened, in the writer's vocabulary.
        key: what it happened to.
        body: plain data (None, bool, int of 64 bits, float, str, bytes, lists, dicts with string keys). None: the whole
            event is volatile and no part of the canonical projection.
        volatile: plain data that may differ between two equal runs: times, process ids, attempts.
    """

    seq: int
    kind: str
    key: str
    body: dict[str, Any] | None
    volatile: dict[str, Any] | None


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(dict[str, Any])


def encode(data: dict[str, Any]) -> bytes:
    """The stored form of a body or header.

    Raises:
        UsageError: `data` is no dictionary, or holds something that is not plain data.
    """
    if not isinstance(data, dict):
        raise UsageError(f"the body of an event must be a dictionary, not a {type(data).__name__}")
    for field in data:
        if not isinstance(field, str):
            raise UsageError(f"the fields of an event must be named by strings, not by {field!r}")
    try:
        return _encoder.encode(data)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UsageError(f"an event can hold only plain data: {error}") from error


def checksum(seq: int, kind: str, key: str, body: bytes | None, volatile: bytes | None) -> int:
    """CRC-32 of a stored event: SQLite notices damage to its structure, not to what lies in it."""
    crc = crc32(f"{seq} {kind} {key}".encode())
    if body is not None:
        crc = crc32(body, crc)
    return crc if volatile is None else crc32(volatile, crc)


def decode(stored: bytes) -> dict[str, Any]:
    """The dictionary that `encode` was given (tuples come back as lists).

    Raises:
        msgspec.DecodeError: these bytes were not made by `encode`.
    """
    return _decoder.decode(stored)
