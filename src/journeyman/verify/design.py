"""Read what a candidate returned into the type a verifier works with, or say why it is no design."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class NotADesign(Exception):
    """Raised by `as_design`; the framework turns it into an `infeasible` verdict with this text."""


def as_design(value: Any, shape: type[T], *, finite: bool = True) -> T:
    """Convert the plain data a candidate returned to `shape`, a msgspec-typed class or annotation.

    Strict: a bool is no number, a float is no integer, unknown shapes and missing fields are named by their path. With
    `finite`, a number in it that is NaN or infinite is refused too.

    >>> as_design([[0, 3], [1, 4]], list[list[int]])
    [[0, 3], [1, 4]]
    """
    try:
        design = msgspec.convert(value, type=shape, strict=True)
    except msgspec.ValidationError as error:
        raise NotADesign(f"the returned value is not a design: {error}") from error
    if finite:
        _check_finite(value, "$")
    return design


def _check_finite(value: Any, path: str) -> None:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotADesign(f"the returned value is not a design: {value} at `{path}`")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_finite(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check_finite(item, f"{path}[{index}]")
