"""Strict decoding: what is plain and finite comes back equal; any other bytes give one sentence and nothing else."""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from journeyman.sandbox.exchange import Malformed, decode_json, decode_npz

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=5),
    max_leaves=30,
)  # fmt: skip


def same(a: Any, b: Any) -> bool:
    """Equal, and of equal types, so that True is not 1 and 1.0 is not 1."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return bool(a == b)


@given(PLAIN)
def test_plain_data_comes_back_equal(value: Any) -> None:
    assert same(decode_json(json.dumps(value).encode()), value)


def check_sentence(error: Malformed) -> None:
    assert str(error)
    assert "\n" not in str(error)


def check_plain(value: Any, depth: int = 0) -> None:
    assert type(value) in (type(None), bool, int, float, str, list, dict)
    if isinstance(value, float):
        assert math.isfinite(value)
    elif isinstance(value, int):
        assert abs(value) < 2**63
    elif isinstance(value, list | dict):
        assert depth < 32
        for element in value.values() if isinstance(value, dict) else value:
            check_plain(element, depth + 1)


JSONISH = st.text(st.sampled_from('[]{}",:\\ \n0123456789.eE+-truefalsenuNaNInfinity\x00\ud7ff')).map(
    str.encode
)


@given(st.binary() | JSONISH)
@example(b"[" * 100_000)
@example(b"[" * 33 + b"]" * 33)
@example(b"NaN")
@example(b"[Infinity]")
@example(b"-Infinity")
@example(b"1e400")
@example(b"-1e400")
@example(b"1" + b"0" * 400)
@example(b"1" + b"0" * 10_000)
@example(b"9223372036854775808")
@example(b'{"a": 1, "a": 2}')
@example(b'"\\ud800"')
@example(b"")
@example(b"\xef\xbb\xbf1")
@settings(max_examples=300)
def test_any_bytes_decode_or_give_one_sentence(data: bytes) -> None:
    try:
        value = decode_json(data)
    except Malformed as error:
        check_sentence(error)
    else:
        check_plain(value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"[" * 1_000_000 + b"]" * 1_000_000, "deep"),
        (b"[" * 33 + b"]" * 33, "nested deeper than 32"),
        (b"[" + b"[]," * 1_100_000 + b"1]", "more than 1,000,000 items"),
        (b"[" + b"1," * 1_000_001 + b"1]", "more than 1,000,000 items"),
        (b'[{"x": 1e999}]', "JSON"),
        (str(10**400).encode(), "the result"),
        (b"-9223372036854775808", "64 bits"),
    ],
)
def test_refused_with_its_reason(data: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        decode_json(data)


def test_commas_in_text_are_no_items() -> None:
    assert decode_json(b'"' + b"," * 2_000_000 + b'"') == "," * 2_000_000


def test_the_deepest_allowed() -> None:
    value = decode_json(b"[" * 32 + b"]" * 32)
    assert value == eval("[" * 32 + "]" * 32)


NUMBERS = hnp.boolean_dtypes() | hnp.integer_dtypes(endianness="?") | hnp.unsigned_integer_dtypes() | hnp.floating_dtypes(
    endianness="?"
) | hnp.complex_number_dtypes()  # fmt: skip


@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1),
        hnp.arrays(
            NUMBERS.filter(lambda t: t.itemsize <= 16),
            hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_arrays_come_back_equal(arrays: dict[str, Any], fortran: bool) -> None:
    if fortran:
        arrays = {name: np.asfortranarray(array) for name, array in arrays.items()}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    finite = all(np.isfinite(array).all() for array in arrays.values())
    if not finite:
        with pytest.raises(Malformed, match="not finite"):
            decode_npz(buffer.getvalue(), 10**6)
        return
    found = decode_npz(buffer.getvalue(), 10**6)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].shape == array.shape
        assert found[name].dtype == array.dtype.newbyteorder("=")
        assert (found[name] == array).all()
        assert found[name].flags.writeable


def npz(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def npy(header: str, body: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode("latin-1")
    return (
        b"\x93NUMPY"
        + version
        + struct.pack("<H" if version == b"\x01\x00" else "<I", len(text))
        + text
        + body
    )


def good(shape: str = "(1,)", descr: str = "<f8", fortran: str = "False") -> str:
    return f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}   \n"


def objects() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, x=np.array([object()]))
    return buffer.getvalue()


def bomb() -> bytes:
    return npz({"x.npy": npy(good("(125000000,)"), bytes(10**7))}, zipfile.ZIP_DEFLATED)


def lying_about_size() -> bytes:
    data = bytearray(npz({"x.npy": npy(good(), bytes(8))}))
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<II", data, at + 20, 2**31, 2**31)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (objects(), "plain numbers"),
        (bomb(), "compressed"),
        (lying_about_size(), "the"),
        (npz({"x.npy": npy(good("(1000000000000,)"), bytes(8))}), "not that many"),
        (
            npz({"x.npy": npy(good("(" + ", ".join(["9999999999999999999"] * 30) + ")"), bytes(8))}),
            "not that many",
        ),
        (npz({"x.npy": npy(good("(-1,)"), bytes(8))}), "plain numbers"),
        (npz({"x.npy": npy(good("(1,)", "|O"), bytes(8))}), "plain numbers"),
        (npz({"x.npy": npy(good("(1,)", "<f8") + " " * 5000, bytes(8))}), "header"),
        (npz({"x.npy": npy("__import__('os')\n", bytes(8))}), "plain numbers"),
        (npz({"x.npy": npy(good(), bytes(9))}), "not that many"),
        (npz({"x.npy": npy(good(), bytes(8), b"\x03\x00")}), "version"),
        (npz({"x.npy": npy(good("(1,)"), struct.pack("<d", math.inf))}), "not finite"),
        (npz({"x.txt": b"hello"}), "not one array"),
        (npz({f"a{i}.npy": b"" for i in range(1001)}), "more than 1000"),
        (b"", "npz"),
        (bytes(2_000_000), "more than"),
    ],
)
def test_hostile_archives(data: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        decode_npz(data, 1_900_000)


SEED = npz({"x.npy": npy(good("(2, 2)"), bytes(32)), "y.npy": npy(good("()", "|b1"), b"\x01")})


@given(
    st.lists(st.tuples(st.integers(0, len(SEED) - 1), st.integers(0, 255)), max_size=8),
    st.integers(0, len(SEED)),
)
@settings(max_examples=300)
def test_any_damage_decodes_or_gives_one_sentence(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(SEED)
    for at, value in changes:
        data[at] = value
    for damaged in (bytes(data), bytes(data[:cut])):
        try:
            arrays = decode_npz(damaged, 10**6)
        except Malformed as error:
            check_sentence(error)
        else:
            for array in arrays.values():
                assert array.dtype.kind in "biufc"
                assert np.isfinite(array).all()


@given(st.binary(max_size=300))
def test_any_bytes_are_no_archive(data: bytes) -> None:
    with pytest.raises(Malformed):
        decode_npz(data, 10**6)
