"""Until when a run may work."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from journeyman.errors import UsageError


def deadline_of(until: str | None, now: datetime) -> float | None:
    """Unix time of the next "HH:MM" by the local clock after `now`; None for None. Raises UsageError."""
    if until is None:
        return None
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", until.strip())
    if match is None:
        raise UsageError(f"'until' is a time of day like 07:00, not {until!r}")
    then = now.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
    if then <= now:
        then += timedelta(days=1)
    return then.timestamp()
