"""Strict reading of what a candidate sends: JSON and npz. Any bytes give plain finite data or one sentence, nothing else.

Never pickle. Sizes are checked against what is really there before anything is allocated; arrays are copied out.
"""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from numpy import ndarray

MOST_ITEMS = 1_000_000
DEEPEST = 32
INT_RANGE = 2**63
_MOST_ARRAYS = 1_000
_LONGEST_HEADER = 4_096


class Malformed(ValueError):
    """The bytes are not what was asked for; the text is one sentence."""


# --- JSON -----------------------------------------------------------------------------------------------------------


def decode_json(data: bytes | bytearray) -> Any:
    """None, bool, int (|x| < 2**63), finite float, str, list, dict with str keys; depth <= 32, items <= 1e6.

    The document itself has depth 0, the elements of a list in it depth 1. Raises Malformed.
    """
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MOST_ITEMS:
        _refuse_many_items(data)
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if _NOT_FINITE.search(_STRING.sub(b'""', data)):
            raise Malformed("the result has a number that is not finite (NaN or Infinity)") from None
        raise Malformed(f"the result is no strict JSON: {_first_line(error)}") from None
    except RecursionError:
        raise Malformed(f"the result is nested deeper than {DEEPEST}") from None
    _check(value, 0, [MOST_ITEMS])
    return value


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0][:200] if lines else type(error).__name__


_NOT_FINITE = re.compile(rb"NaN|Infinity")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _refuse_many_items(data: bytes | bytearray) -> None:
    """Count separators outside strings before a decoder makes an object of each."""
    bare = _STRING.sub(b'""', data)
    if bare.count(b",") + bare.count(b"[") + bare.count(b"{") > MOST_ITEMS:
        raise Malformed(f"the result has more than {MOST_ITEMS:,} items")


def _check(value: Any, depth: int, left: list[int]) -> None:
    kind = type(value)
    if kind is float:
        if not math.isfinite(value):
            raise Malformed("the result has a number that is not finite")
    elif kind is int:
        if not -INT_RANGE < value < INT_RANGE:
            raise Malformed("the result has an integer of 64 bits or more")
    elif kind is list or kind is dict:
        if depth >= DEEPEST:
            raise Malformed(f"the result is nested deeper than {DEEPEST}")
        left[0] -= len(value)
        if left[0] < 0:
            raise Malformed(f"the result has more than {MOST_ITEMS:,} items")
        for element in value if kind is list else value.values():
            _check(element, depth + 1, left)


# --- npz ------------------------------------------------------------------------------------------------------------

_ZIP_FAILURES = (
    zipfile.BadZipFile, zipfile.LargeZipFile, struct.error, zlib.error, ValueError, OverflowError, NotImplementedError,
    RuntimeError, EOFError, KeyError, IndexError, OSError, UnicodeError, MemoryError,
)  # fmt: skip
_HEADER = re.compile(
    r"\{'descr': '([<>|=]?[biufc]\d{1,2}|\|b1|\?)', 'fortran_order': (True|False), "
    r"'shape': \(((?:\d{1,19}(?:, \d{1,19})*,?)?)\), \} *\n"
)
_TYPES = frozenset(["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"])


def decode_npz(data: bytes | bytearray, most_bytes: int) -> dict[str, ndarray[Any, Any]]:
    """Named arrays of bool, integer, float or complex numbers, all finite. Raises Malformed.

    Members must be stored, not compressed, as `numpy.savez` writes them: so the archive is never smaller than its content.
    """
    if len(data) > most_bytes:
        raise Malformed(f"the result has {len(data)} bytes, more than {most_bytes}")
    arrays: dict[str, ndarray[Any, Any]] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > _MOST_ARRAYS:
                raise Malformed(f"the result has {len(members)} arrays, more than {_MOST_ARRAYS}")
            total = 0
            for member in members:
                total += _check_member(member, arrays)
                if total > len(data):
                    raise Malformed("the archive says that it holds more than it has bytes")
                name = member.filename.removesuffix(".npy")
                arrays[name] = _array(name, archive.read(member))
    except Malformed:
        raise
    except _ZIP_FAILURES as error:
        raise Malformed(f"the result is no npz archive: {_first_line(error)}") from None
    return arrays


def _check_member(member: zipfile.ZipInfo, seen: dict[str, ndarray[Any, Any]]) -> int:
    name = member.filename
    if not name.endswith(".npy") or name.removesuffix(".npy") in seen:
        raise Malformed(f"the archive's member {name[:80]!r} is not one array")
    if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
        raise Malformed(f"array {name[:80]!r} is compressed; arrays must be stored as numpy.savez does")
    if member.flag_bits & 1:
        raise Malformed(f"array {name[:80]!r} is encrypted")
    return member.file_size


def _array(name: str, data: bytes) -> ndarray[Any, Any]:
    """One npy file; the header must describe exactly the bytes that follow it."""
    if data[:6] != b"\x93NUMPY" or data[6:8] not in (b"\x01\x00", b"\x02\x00"):
        raise Malformed(f"array {name[:80]!r} is no npy file of version 1 or 2")
    width, start = (2, 10) if data[6] == 1 else (4, 12)
    length = int.from_bytes(data[8 : 8 + width], "little")
    if length > _LONGEST_HEADER or len(data) < start + length:
        raise Malformed(f"array {name[:80]!r} has a header that does not fit")
    header = _HEADER.fullmatch(data[start : start + length].decode("latin-1"))
    if header is None or header[1].lstrip("<>|=") not in _TYPES | {"?"}:
        raise Malformed(f"array {name[:80]!r} holds something else than plain numbers")
    import numpy

    kind = numpy.dtype(header[1])
    shape = tuple(int(size) for size in header[3].replace(",", " ").split())
    if len(shape) > DEEPEST or math.prod(shape) * kind.itemsize != len(data) - start - length:
        raise Malformed(
            f"array {name[:80]!r} says it has shape {shape!r:.80} and {kind}, but its bytes are not that many"
        )
    flat = numpy.frombuffer(data, kind, offset=start + length) if 0 not in shape else numpy.empty(0, kind)
    array = flat.astype(kind.newbyteorder("=")).reshape(shape, order="F" if header[2] == "True" else "C")
    if kind.kind in "fc" and not numpy.isfinite(array).all():
        raise Malformed(f"array {name[:80]!r} has a number that is not finite")
    return array
