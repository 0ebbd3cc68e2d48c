"""What an agent states of a prediction, in symbols: `at=2,3 terminal=no success=no`, as it stands in <reading>.

A value is yes or no, a number, numbers with commas between them, a word, or JSON. What `write_reading` writes of any JSON
object is read back as the same object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from journeyman.errors import UsageError

LONGEST = 4000
"""Characters of a statement that is read."""
BRACKETS = 200
"""That it may open: enough for any digest, and too few to nest too deep."""


def _no_number(word: str) -> Any:
    """NaN and the infinities are words: JSON has none of them, and NaN would not equal itself when read again."""
    raise ValueError(word)


_KEY = re.compile(r"\s*[,;]?\s*([A-Za-z_]\w*)\s*[=:]\s*")
_NEXT = re.compile(r"[\s,;]+[A-Za-z_]\w*\s*[=:]|\s*\Z")
_NUMBERS = re.compile(r"-?\d{1,9}(?:\s*,\s*-?\d{1,9})+")
_WORD = re.compile(r"[A-Za-z_][\w-]*")
_JSON = json.JSONDecoder(parse_constant=_no_number)
_BOOLEANS = {"yes": True, "true": True, "no": False, "false": False}
_SHORT = {"yes", "true", "no", "false", "null", "nan", "infinity"}


def read_reading(text: str) -> dict[str, Any]:
    """The statement as plain data, keys in small letters unless it is written as JSON.

    Raises UsageError: a sentence that says what is not understood, or that a key is there twice.
    """
    text = text.strip().strip("`").strip()
    if len(text) > LONGEST:
        raise UsageError(f"<reading> has {len(text)} characters; {LONGEST} are the most")
    if (brackets := sum(map(text.count, "[{("))) > BRACKETS:
        raise UsageError(f"<reading> opens {brackets} brackets; {BRACKETS} are the most")
    stated = _stated(text)
    try:
        msgspec.msgpack.encode(stated)
    except (OverflowError, ValueError) as error:
        raise UsageError(f"<reading> cannot be kept: {error}") from None
    return stated


def _stated(text: str) -> dict[str, Any]:
    if text.startswith("{"):
        try:
            whole = _JSON.decode(text)
        except ValueError:
            whole = None
        if isinstance(whole, dict):
            return whole
    stated: dict[str, Any] = {}
    at = 0
    while text[at:].strip(" \t\r\n,;."):
        key = _KEY.match(text, at)
        if key is None:
            raise UsageError(f"<reading> is not understood at '{text[at : at + 30].strip()}'; write name=value name=value")
        name = key[1].lower()
        if name in stated:
            raise UsageError(f"<reading> states '{name}' twice")
        stated[name], at = _value(text, key.end())
    if not stated:
        raise UsageError("<reading> is empty; write name=value name=value")
    return stated


def write_reading(reading: Mapping[str, Any]) -> str:
    """The statement that `read_reading` reads back. Raises UsageError for what is no plain data."""
    try:
        if not reading or not all(_KEY.fullmatch(f"{key}=") and key == key.lower() for key in reading):
            return _json(dict(reading))
        return " ".join(f"{key}={_written(value)}" for key, value in reading.items())
    except (TypeError, ValueError) as error:
        raise UsageError(f"a reading is plain data, which {reading!r} is not: {error}") from None


def _value(text: str, at: int) -> tuple[Any, int]:
    """The value that begins there, and where it ends."""
    if text[at : at + 1] in tuple('[{"'):
        try:
            value, end = _JSON.raw_decode(text, at)
        except ValueError:
            pass
        else:
            if _NEXT.match(text, end) or not text[end:].strip(" \t\r\n,;."):
                return value, end
    following = _NEXT.search(text, at)
    stop = following.start() if following else len(text)
    return _plain_value(text[at:stop].strip().rstrip(".,;")), stop


def _plain_value(raw: str) -> Any:
    if raw.casefold() in _BOOLEANS:
        return _BOOLEANS[raw.casefold()]
    bracketed = raw.replace("(", "[").replace(")", "]")
    for written in (raw, bracketed, f"[{bracketed}]"):
        if written == f"[{bracketed}]" and "[" not in bracketed and not _NUMBERS.fullmatch(raw):
            continue
        try:
            return _JSON.decode(written)
        except ValueError:
            continue
    if ";" in raw and all(_NUMBERS.fullmatch(part.strip()) for part in raw.split(";")):
        return [json.loads(f"[{part}]") for part in raw.split(";")]
    if not raw:
        raise UsageError("<reading> has a name without a value")
    return raw


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple) and len(value) > 1 and all(type(one) is int and abs(one) < 10**9 for one in value):
        return ",".join(map(str, value))
    if isinstance(value, str) and _WORD.fullmatch(value) and value.casefold() not in _SHORT:
        return value
    return _json(value)


def _json(value: Any) -> str:
    """JSON without a '<', which would look like a tag."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False).replace("<", "\\u003c")
