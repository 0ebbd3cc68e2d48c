"""For all tests: how long an example takes decides nothing, and Ctrl-C reaches the programs under test."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# Whoever works here explores new examples with every run; in continuous integration a change is judged on the same ones
# every time, so that it never fails for what another change brought.
settings.register_profile("journeyman", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("journeyman")

# A shell that starts the tests in the background has them ignore SIGINT, and so would every program they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
