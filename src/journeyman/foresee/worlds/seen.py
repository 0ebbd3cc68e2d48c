"""Observations of any Gymnasium environment as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


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


def same(one: Any, other: Any) -> bool:
    """Whether two plain observations are equal; not-a-number equals itself."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other or (one != one and other != other))
