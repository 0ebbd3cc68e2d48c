"""The canonical projection: what two equal runs have in common, byte for byte.

It keeps kind, key and body of every event that has a body, in order, and drops numbers, times and all else volatile.
The digest covers verb and header too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from journeyman.runlog.event import encode
from journeyman.runlog.log import RunLog


def canonical(log: RunLog) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(kind, key, body) of each event that has a body, in order.

    Raises:
        RunCorrupt: a stored event cannot be read.
    """
    for event in log.events():
        if event.body is not None:
            yield event.kind, event.key, event.body


def canonical_digest(log: RunLog) -> str:
    """SHA-256, hexadecimal, over verb, header and the canonical events.

    Raises:
        RunCorrupt: a stored event cannot be read.
    """
    digest = hashlib.sha256()
    for part in _parts(log):
        # Each part with its length, so that no two projections run together into the same bytes.
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _parts(log: RunLog) -> Iterator[bytes]:
    yield log.verb.encode()
    yield encode(log.header)
    for _, kind, key, body, _ in log.rows():
        if body is not None:
            yield kind.encode()
            yield key.encode()
            yield body
