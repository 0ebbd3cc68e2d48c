"""What the candidate's process gives up for good, in the order in which it must: limits, capabilities, files, calls."""

from __future__ import annotations

import ctypes
import os
import resource
from base64 import b64decode
from typing import Any

from . import syscalls as sc

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
CAP_DAC_READ_SEARCH = 1 << 2


def apply_limits(limits: dict[str, int]) -> None:
    """Set soft and hard limits, never above what the host already allows."""
    for name, value in limits.items():
        which = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(which, (value, value))


def drop_capabilities(keep: int = 0) -> None:
    """No capability but those in `keep`, and no way to gain one."""
    sc.drop_bounding_set()
    sc.set_capabilities(keep)
    sc.prctl(sc.PR_SET_NO_NEW_PRIVS, 1)


def add_filters(filters: dict[str, str], names: list[str]) -> None:
    for name in names:
        sc.add_seccomp(b64decode(filters[name]))


class _Ruleset(ctypes.Structure):
    _fields_ = [("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("fd", ctypes.c_int32)]


# Bits of the kernel's LANDLOCK_ACCESS_FS_*.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_ALL_FS = (1 << 16) - 1  # up to IOCTL_DEV, ABI 5
_MAKE_CHAR, _MAKE_SOCK, _MAKE_BLOCK, _IOCTL_DEV = 1 << 6, 1 << 9, 1 << 11, 1 << 15
_FOLDER = _ALL_FS & ~(_MAKE_CHAR | _MAKE_SOCK | _MAKE_BLOCK | _IOCTL_DEV)
_ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | (1 << 14)
_READ = EXECUTE | READ_FILE | READ_DIR


def landlock_ruleset(rules: dict[str, Any]) -> int:
    """A descriptor of a ruleset: read below `read`, everything below `write`, open `devices`; no TCP, no outside signals."""
    attr = _Ruleset(_ALL_FS, 0b11, 0b11)
    ruleset = sc.raw(
        _CREATE_RULESET, ctypes.byref(attr), ctypes.c_size_t(ctypes.sizeof(attr)), ctypes.c_uint32(0)
    )
    for paths, access in (
        (rules["read"], _READ),
        (rules["write"], _FOLDER),
        (rules["devices"], READ_FILE | WRITE_FILE),
    ):
        for path in paths:
            _allow(ruleset, path, access)
    return ruleset


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):
            access &= _ON_FILES
        rule = _PathBeneath(access, fd)
        sc.raw(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(1), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(fd)


def enforce_landlock(ruleset: int) -> None:
    sc.raw(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)
