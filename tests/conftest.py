"""For all tests: how long an example takes decides nothing."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("journeyman", deadline=None)
settings.load_profile("journeyman")
