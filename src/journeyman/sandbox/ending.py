"""How a room's end is put into words. Called when its tree is dead, so what came out can no longer change."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from journeyman.sandbox import exchange, text
from journeyman.sandbox.limits import MEGABYTE, Ended, Limits
from journeyman.sandbox.room import Room


def ended(room: Room, reason: str | None, result: str, cpu_s: float) -> Ended:
    """The record of a run. `reason` is what `Room.wait` gave: None when the result's frame is complete."""
    value, trace = None, ""
    if reason is None:
        end, message, value, trace = read_frame(*room.take_frame(), room.limits, result)
    else:
        end, message = death(room, reason, cpu_s)
    gone: Mapping[str, Any] = room.gone or {}
    stderr = bytes(room.stderr.data) + (b"\n" if room.stderr.data and trace else b"") + trace.encode()
    return Ended(
        end=end,
        value=value,
        message=message,
        stdout=text.tail(room.stdout.data),
        stderr=text.tail(stderr),
        wall_s=wall_s(room),
        cpu_s=max(cpu_s, 0.0) or float(gone.get("cpu_s", 0.0)),
        memory_mb=memory_mb(room),
    )


def memory_mb(room: Room) -> float:
    """Largest resident size of one process of a room that is gone."""
    return float((room.gone or {}).get("kilobytes", 0)) * 1024 / MEGABYTE


def wall_s(room: Room) -> float:
    """Seconds from the start of the candidate's process to its end."""
    return 0.0 if room.started_s is None or room.ended_s is None else room.ended_s - room.started_s


def read_frame(kind: bytes, payload: bytes, limits: Limits, result: str) -> tuple[str, str, Any, str]:
    """(end, message, value, traceback) of what the candidate's process sent; any bytes at all give one of the ends."""
    if kind == b"E":
        return (*failure(payload, limits),)
    try:
        if kind == b"J" and result == "json":
            return "returned", "the candidate returned a value", exchange.decode_json(payload), ""
        if kind == b"Z" and result == "npz":
            value = exchange.decode_npz(payload, limits.output_bytes)
            return "returned", "the candidate returned arrays", value, ""
    except exchange.Malformed as error:
        return "malformed", str(error), None, ""
    return "malformed", "the candidate sent something else than its result", None, ""


def failure(payload: bytes, limits: Limits) -> tuple[str, str, None, str]:
    """The same for a failure that the process reported; it may claim anything about itself."""
    try:
        report = exchange.decode_json(payload)
    except exchange.Malformed:
        report = None
    if not isinstance(report, dict):
        return "malformed", "the candidate sent something else than its result", None, ""
    claimed, trace = report.get("end"), text.traceback_text(report)
    if claimed == "memory":
        return (
            "memory",
            f"the candidate used more than {limits.memory_mb} MB{text.place(report)}",
            None,
            trace,
        )
    if claimed == "processes":
        return "processes", f"{_too_many(limits)}{text.place(report)}", None, trace
    if claimed == "exited":
        status = text.one_line(str(report.get("text"))) or "0"
        return (
            "exited",
            f"the candidate exited ({status}) before it returned a value{text.place(report)}",
            None,
            trace,
        )
    if claimed == "malformed":
        return "malformed", text.one_line(str(report.get("text"))), None, trace
    return "raised", text.exception_sentence(report), None, trace


def death(room: Room, reason: str, cpu_s: float, step_cpu_s: float | None = None) -> tuple[str, str]:
    """(end, message) of a candidate that sent no result: a limit was reached, or its process ended."""
    limits = room.limits
    if reason == "timeout":
        return "timeout", f"the candidate ran longer than {limits.wall_s:g} s"
    if reason == "cpu":
        if step_cpu_s is not None and cpu_s < limits.cpu_s:
            return "cpu", f"one call used more than {step_cpu_s:g} s of CPU"
        return "cpu", f"the candidate used more than {limits.cpu_s:g} s of CPU"
    if reason == "memory":
        return "memory", f"the candidate used more than {limits.memory_mb} MB"
    if reason == "processes":
        return "processes", _too_many(limits)
    if reason == "scratch":
        return "output", f"the candidate wrote more than {limits.scratch_mb} MB, or more than 10,000 files"
    if reason == "output":
        return "output", f"the candidate printed or returned more than {limits.output_mb:g} MB"
    return _by_status(room.status(), limits, float((room.gone or {}).get("cpu_s", 0.0)))


def _by_status(status: int | None, limits: Limits, cpu_s: float) -> tuple[str, str]:
    if status is None:
        return "killed", "the candidate's process was killed"
    if os.WIFEXITED(status):
        return (
            "exited",
            f"the candidate exited with status {os.WEXITSTATUS(status)} before it returned a value",
        )
    number = os.WTERMSIG(status)
    if number in (9, 24) and cpu_s >= limits.cpu_s:
        return "cpu", f"the candidate used more than {limits.cpu_s:g} s of CPU"
    return "killed", f"the candidate was ended by {text.signal_words(number)}"


def _too_many(limits: Limits) -> str:
    if limits.processes == 1:
        return "the candidate tried to start another process, or more than 64 threads, which it may not"
    return f"the candidate started more than {limits.processes} processes and threads"
