"""The candidate's own process: import its module, call it, send what it returns. Everything below may be hostile.

Every exception of a candidate is caught here, whatever its class, and becomes a report; nothing is decided here.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import random
import struct
import sys
from typing import Any

from . import wire

_HEAD = struct.Struct("<cQ")
_OUT_OF_MEMORY = b'{"end":"memory","frames":[]}'  # made beforehand, as there may be no memory to make it


def reseed(seed: int) -> None:
    """The state of a generator is the same in every fork; a run gets its own."""
    random.seed(seed)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(seed & 0xFFFF_FFFF)


def run_once(job: dict[str, Any], arguments: bytes, out: int) -> None:
    """Import, call, send the value or the failure. Returns when the message is written, or never."""
    try:
        module = _load(job)
        function = _lookup(module, job["function"])
        value = function(*json.loads(arguments))
        if job["result"] == "npz":
            kind, data = b"Z", _npz(value)
        else:
            kind, data = b"J", _json(value)
    except MemoryError:
        kind, data = b"E", _OUT_OF_MEMORY
    except BaseException as error:  # noqa: BLE001
        kind, data = b"E", _failure(error, job["scratch"])
    _flush()
    wire.write_all(out, _HEAD.pack(kind, len(data)))
    wire.write_all(out, data)


def serve_calls(job: dict[str, Any], requests: int, out: int) -> None:
    """Import once, then answer calls `[name, argument, ...]` until the pipe closes."""
    functions: dict[str, Any] = {}
    try:
        module = _load(job)
        _reply(out, b"J", b"null")
    except BaseException as error:  # noqa: BLE001
        _flush()
        _reply(out, b"E", _failure(error, job["scratch"]))
        return
    buffer = bytearray()
    while True:
        while len(buffer) < 8 or len(buffer) < 8 + int.from_bytes(buffer[:8], "little"):
            piece = os.read(requests, 1 << 20)
            if not piece:
                return
            buffer += piece
        request = json.loads(buffer[8:])
        buffer.clear()
        try:
            name = request[0]
            function = functions.get(name)
            if function is None:
                function = functions[name] = _lookup(module, name)
            kind, data = b"J", _json(function(*request[1:]))
        except MemoryError:
            kind, data = b"E", _OUT_OF_MEMORY
        except BaseException as error:  # noqa: BLE001
            kind, data = b"E", _failure(error, job["scratch"])
        _flush()
        _reply(out, kind, data)


def _reply(out: int, kind: bytes, data: bytes) -> None:
    message = _HEAD.pack(kind, len(data)) + data
    sent = os.write(out, message)
    if sent < len(message):
        wire.write_all(out, message[sent:])


def _load(job: dict[str, Any]) -> Any:
    sys.path.insert(0, job["scratch"])
    sys.path_importer_cache.pop(job["scratch"], None)
    for name in job["imports"]:
        importlib.import_module(name)
    reseed(job["seed"])
    sys.modules.pop(job["module"], None)  # the candidate's file goes before a module of the same name
    return importlib.import_module(job["module"])


def _lookup(module: Any, name: str) -> Any:
    function = getattr(module, name, None)
    if function is None:
        raise AttributeError(f"the candidate defines no {name!r}")
    if not callable(function):
        raise TypeError(f"{name!r} of the candidate is not a function")
    return function


def _plain(value: Any) -> Any:
    """Arrays and array scalars of any library become lists and numbers; all else is refused."""
    convert = getattr(value, "tolist", None)
    if convert is None:
        raise NotPlain(f"the candidate returned a {type(value).__name__}, which is no plain data")
    return convert()


class NotPlain(TypeError):
    """What was returned cannot be sent as data."""


_encoder = json.JSONEncoder(default=_plain, separators=(",", ":"))


def _json(value: Any) -> bytes:
    try:
        return _encoder.encode(value).encode("ascii")
    except NotPlain:
        raise
    except RecursionError:
        raise NotPlain("the candidate returned data nested too deeply") from None
    except (TypeError, ValueError) as error:
        raise NotPlain(f"the candidate returned something that is no plain data: {error}") from None


def _npz(value: Any) -> bytes:
    import numpy

    if isinstance(value, numpy.ndarray):
        value = {"value": value}
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise NotPlain(f"the candidate returned a {type(value).__name__}, not a dict of names and arrays")
    for name, array in value.items():
        if numpy.asarray(array).dtype.hasobject:
            raise NotPlain(f"array {name!r} holds objects, not numbers")
    buffer = io.BytesIO()
    numpy.savez(buffer, **value)
    return buffer.getvalue()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):  # the candidate may have replaced the stream by anything
            stream.flush()


def _failure(error: BaseException, scratch: str) -> bytes:
    """Type, text and place of an exception, with the candidate's own frames; written by hand, as all of it may lie."""
    try:
        report = _describe(error, scratch)
    except BaseException:  # noqa: BLE001
        report = {"type": type(error).__name__, "text": "(its text cannot be shown)", "frames": []}
    return json.dumps(report).encode("ascii")


def _describe(error: BaseException, scratch: str) -> dict[str, Any]:
    frames: list[list[Any]] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename.startswith(scratch + "/"):
            frames.append([code.co_filename[len(scratch) + 1 :], trace.tb_lineno, code.co_name])
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and str(error.filename).startswith(scratch + "/"):
        frames.append([str(error.filename)[len(scratch) + 1 :], error.lineno or 0, "<syntax>"])
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    kind = "raised"
    if isinstance(error, NotPlain):
        kind = "malformed"
    elif isinstance(error, MemoryError):
        kind = "memory"
    elif isinstance(error, SystemExit):
        kind = "exited"
    elif isinstance(error, BlockingIOError) or text == "can't start new thread":
        kind = "processes"
    return {
        "end": kind,
        "type": type(error).__name__,
        "text": text[:2000],
        "frames": frames if len(frames) <= 12 else [*frames[:4], *frames[-8:]],
    }
