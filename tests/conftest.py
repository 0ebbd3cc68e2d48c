"""For all tests: how long an example takes decides nothing, and Ctrl-C reaches the programs under test."""

from __future__ import annotations

import signal

from hypothesis import settings

settings.register_profile("journeyman", deadline=None)
settings.load_profile("journeyman")

# A shell that starts the tests in the background has them ignore SIGINT, and so would every program they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
