"""When to ask again: exponential back-off with full jitter, and what a server says about waiting.

Full jitter (a wait drawn evenly from 0 to the cap of its step) spreads the callers that one overload has turned away
better than a fixed share of the cap plus noise; see Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog,
2015.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

CAP_S = 60.0
"""No wait of our own choosing is longer. A server may ask for more, within the patience of the call."""


def backoff_s(failures: int, base_s: float, rng: random.Random) -> float:
    """Seconds to wait after so many failed attempts (1 or more): even between 0 and min(60, base_s x 2^(failures-1))."""
    return rng.uniform(0.0, min(CAP_S, base_s * 2.0 ** min(failures - 1, 30)))


def asked_to_wait_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that the reply asks to wait, or None where it does not say or says nothing sensible. Never negative.

    Read are `retry-after-ms` (milliseconds, OpenAI and Azure) and `Retry-After` (seconds or a date: RFC 9110, 10.2.3).

    Args:
        headers: of the reply; looked up without regard to case if the mapping does so.
        now: an aware time, against which a date is measured.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000.0
    said = headers.get("retry-after")
    seconds = _number(said)
    if seconds is not None or said is None:
        return seconds
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    if until.tzinfo is None:  # "-0000" names no zone; an HTTP date is always in UTC
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0.0 <= value < float("inf") else None
