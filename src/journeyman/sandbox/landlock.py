"""Landlock, for hosts without user namespaces: which files the level `restricted` leaves open."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

from journeyman.sandbox import visible

NEEDED_ABI = 6  # from this one on a process cannot signal, or reach by abstract sockets, what is outside
_CREATE_RULESET, _VERSION = 444, 1


def abi() -> int:
    """The kernel's Landlock version; 0 where there is none."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return max(
        0,
        int(
            libc.syscall(ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
        ),
    )


def rules(found: visible.Packages, folder: Path) -> dict[str, Any]:
    """Places to read, places to write and devices, for the ruleset that the zygote makes once."""
    return {
        "read": [*visible.readable(found), str(folder / "site")],
        "write": [str(folder / "rooms")],
        "devices": list(visible.DEVICES),
    }
