"""Ranges of a search's options."""

from __future__ import annotations

from journeyman.errors import UsageError


def check_at_least(search: str, **options: tuple[float, float]) -> None:
    """Raise UsageError for an option (value, least) that is too small."""
    for name, (value, least) in options.items():
        if value < least:
            raise UsageError(f"the search {search!r} needs {name} of at least {least}, not {value}")


def check_shares(search: str, **options: float) -> None:
    """Raise UsageError for an option that is no share."""
    for name, value in options.items():
        if not 0.0 <= value <= 1.0:
            raise UsageError(f"the search {search!r} needs {name} between 0 and 1, not {value}")
