"""Observations of any Gymnasium environment as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from journeyman.foresee.worlds.world import state_hash

MANY = 1000
"""Values of an observation that is written out; a larger one would fill prompts and logs."""


def plain(seen: Any) -> Any:
    """Arrays as lists, numbers of NumPy as Python's, in mappings and sequences, too; anything else as its text."""
    if isinstance(seen, np.ndarray | np.generic):
        return plain(seen.tolist())
    if isinstance(seen, Mapping):
        return {str(key): plain(value) for key, value in seen.items()}
    if isinstance(seen, list | tuple):
        return [plain(value) for value in seen]
    if seen is None or isinstance(seen, bool | int | float | str):
        return seen
    return str(seen)


def summed_up(seen: Any) -> Any:
    """A plain observation, or, of one with more than `MANY` numbers and texts, such as a picture, that and a hash of it."""
    return seen if _count(seen) <= MANY else f"{_count(seen)} values, {state_hash(msgspec.json.encode(seen))}"


def _count(seen: Any) -> int:
    if isinstance(seen, dict):
        return sum(map(_count, seen.values()))
    return sum(map(_count, seen)) if isinstance(seen, list) else 1


def same(one: Any, other: Any) -> bool:
    """Whether two plain observations are equal; not-a-number equals itself."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other or (one != one and other != other))
