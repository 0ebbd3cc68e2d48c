"""The user's own simulator as a verifier: run the command on the design, read named numbers, keep the constraints.

The command is a template: `{design}` is the path of the candidate's file, `{out}` a path to write results to. Results are a
JSON object of numbers at `{out}` (nested objects become dotted names), else on standard output; failing that, lines
`name = number` or `name: number`. The simulator is the user's own code and runs as such; the candidate is plain data.
"""

from __future__ import annotations

import contextlib
import math
import operator
import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from journeyman.errors import TaskError, VerifierFailure
from journeyman.verify.task import Parameter, SimulatorSection, Task
from journeyman.verify.verdict import Metric, Outcome, clip, feasible, infeasible

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_CONSTRAINT = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(<=|>=|<|>)\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*")
_LINE = re.compile(
    r"^\s*([A-Za-z_][\w.]*)\s*[=:]\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-z/%^\d]*)\s*$"
)
_MAX_OUTPUT = 4 * 2**20


class Constraint(msgspec.Struct, frozen=True):
    """`name relation limit`, such as `stress_mpa <= 250`; no tolerance beyond the comparison itself."""

    name: str
    relation: str
    limit: float

    def holds(self, value: float) -> bool:
        """Whether `value` keeps the constraint."""
        return _COMPARE[self.relation](value, self.limit)

    def __str__(self) -> str:
        return f"{self.name} {self.relation} {self.limit:g}"


def parse_constraint(text: str) -> Constraint:
    """Read `stress_mpa<=250`. Raises TaskError."""
    match = _CONSTRAINT.fullmatch(text)
    if match is None:
        raise TaskError(f"the constraint {text!r} is not of the form 'name<=number' (also >=, <, >)")
    return Constraint(match[1], match[2], float(match[3]))


class DesignFile(msgspec.Struct, frozen=True):
    """A design as a simulator gets it: the file's name and bytes, and the value parsed from them."""

    name: str
    data: bytes
    value: Any


def simulate(task: Task, section: SimulatorSection, design: DesignFile) -> Outcome:
    """Run the simulator of `task` on a design. Raises VerifierFailure if its command cannot run at all."""
    broken = _out_of_range(design.value, task.parameters)
    if broken:
        return infeasible(broken)
    with tempfile.TemporaryDirectory(prefix="journeyman-") as scratch:
        design_file, out = Path(scratch, design.name), Path(scratch, "results.json")
        design_file.write_bytes(design.data)
        command = _command(section.run, design_file, out)
        ended = _run(command, task.folder, section.wall_s)
        text = out.read_text("utf-8", errors="replace") if out.is_file() else ended.stdout
    if ended.status == "timeout":
        return infeasible(f"the simulator did not finish within {section.wall_s:g} s on this design")
    results = read_results(text[:_MAX_OUTPUT])
    tail = clip((ended.stderr or ended.stdout).strip(), 800)
    if ended.status != "0":
        return infeasible(f"the simulator ended with status {ended.status} on this design", feedback=tail)
    if section.objective not in results:
        known = ", ".join(sorted(results)[:12]) or "no numbers"
        raise VerifierFailure(f"the simulator's results have no {section.objective!r}; they have {known}")
    return _judge(results, section.objective, section.constraints)


def read_results(text: str) -> dict[str, Metric]:
    """Named numbers from a JSON object, or else from lines `name = number [unit]`."""
    for attempt in (text, *reversed(text.strip().splitlines()[-1:])):
        try:
            value = msgspec.json.decode(attempt)
        except (msgspec.DecodeError, UnicodeError):
            continue
        if isinstance(value, dict):
            return {name: Metric(number, _unit(name)) for name, number in _flatten(value, "")}
    found = (_LINE.match(line) for line in text.splitlines())
    return {m[1]: Metric(float(m[2]), m[3] or _unit(m[1])) for m in found if m}


def _judge(results: dict[str, Metric], objective: str, constraints: tuple[str, ...]) -> Outcome:
    lines, broken = [], []
    for text in constraints:
        constraint = parse_constraint(text)
        if constraint.name not in results:
            raise VerifierFailure(
                f"the simulator's results have no {constraint.name!r}, which the constraint {text!r} needs"
            )
        value = results[constraint.name].value
        lines.append(f"{constraint.name} = {value:.6g} ({constraint.relation} {constraint.limit:g})")
        if not (math.isfinite(value) and constraint.holds(value)):
            broken.append(
                f"{constraint.name} is {value:.6g}, must be {constraint.relation} {constraint.limit:g}"
            )
    finite = {name: metric for name, metric in results.items() if math.isfinite(metric.value)}
    if broken:
        return infeasible("; ".join(broken), metrics=finite)
    value = results[objective].value
    if not math.isfinite(value):
        return infeasible(f"{objective} is {value}", metrics=finite)
    return feasible(
        value, metrics=finite, feedback=f"{objective} = {value:.6g}" + "".join(f"; {line}" for line in lines)
    )


def _flatten(value: dict[str, Any], prefix: str) -> list[tuple[str, float]]:
    pairs: list[tuple[str, float]] = []
    for name, item in value.items():
        if isinstance(item, dict):
            pairs += _flatten(item, f"{prefix}{name}.")
        elif isinstance(item, int | float) and not isinstance(item, bool):
            pairs.append((prefix + name, float(item)))
    return pairs


_UNITS = {
    "kg": "kg", "g": "g", "mm": "mm", "m": "m", "mpa": "MPa", "pa": "Pa", "s": "s", "ms": "ms", "k": "K", "c": "°C",
    "w": "W", "kw": "kW", "n": "N", "kn": "kN", "hz": "Hz", "v": "V", "a": "A", "j": "J", "deg": "°", "rad": "rad",
    "usd": "USD", "eur": "EUR", "mm2": "mm²", "m2": "m²", "m3": "m³",
}  # fmt: skip


def _unit(name: str) -> str:
    # Engineers write the unit into the name: mass_kg, stress_mpa.
    return _UNITS.get(name.rpartition("_")[2].lower(), "") if "_" in name else ""


def _out_of_range(design: Any, parameters: dict[str, Parameter]) -> str:
    if not parameters:
        return ""
    if not isinstance(design, dict):
        return "the design is not a table of parameters"
    flat = dict(_leaves(design, ""))
    for name, parameter in parameters.items():
        if name not in flat:
            return f"the parameter {name!r} is missing"
        value = flat[name]
        if parameter.choices:
            if value not in parameter.choices or isinstance(value, bool):
                return f"{name} is {value!r}, must be one of {list(parameter.choices)}"
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return f"{name} is {value!r}, must be a finite number"
        if parameter.integer and value != int(value):
            return f"{name} is {value!r}, must be a whole number"
        if parameter.min is not None and value < parameter.min:
            return f"{name} is {value:g}, must be at least {parameter.min:g}"
        if parameter.max is not None and value > parameter.max:
            return f"{name} is {value:g}, must be at most {parameter.max:g}"
    return ""


def _leaves(value: dict[str, Any], prefix: str) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, item in value.items():
        pairs += _leaves(item, f"{prefix}{name}.") if isinstance(item, dict) else [(prefix + name, item)]
    return pairs


def _command(template: str, design: Path, out: Path) -> list[str]:
    return [
        part.replace("{design}", str(design)).replace("{out}", str(out)) for part in shlex.split(template)
    ]


class _Ended(msgspec.Struct, frozen=True):
    status: str
    stdout: str
    stderr: str


def _run(command: list[str], folder: Path, wall_s: float) -> _Ended:
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        except OSError as error:
            raise VerifierFailure(
                f"the simulator's command {command[0]!r} cannot run: {error.strerror}"
            ) from error
        try:
            status = str(process.wait(timeout=wall_s))
        except subprocess.TimeoutExpired:
            status = "timeout"
        finally:
            # What a simulator leaves behind must not run into the next one's time.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return _Ended(status, _tail(stdout), _tail(stderr))


def _tail(file: Any) -> str:
    file.seek(max(0, file.seek(0, os.SEEK_END) - _MAX_OUTPUT))
    text: str = file.read().decode("utf-8", errors="replace")
    return text
