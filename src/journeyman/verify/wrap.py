"""Make a task out of the user's own simulator, in one call."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from journeyman.errors import TaskError, UsageError
from journeyman.verify.scaffold import write_folder
from journeyman.verify.simulator import parse_constraint
from journeyman.verify.task import Task


def wrap_task(
    run: str, params: str | Path, *, minimize: str | None = None, maximize: str | None = None,
    constraints: Sequence[str] = (), bounds: Mapping[str, str] | None = None, to: str | Path | None = None,
    name: str | None = None, wall_s: float = 60.0,
) -> Task:  # fmt: skip
    """Make a task folder around a simulator command and a parameter file, and read it back.

    - `run`: the command, with `{design}` where the parameter file's path goes and `{out}` where results are to be written
      (without `{out}`, results are read from standard output). Files it names are copied into the task.
    - `params`: the file to improve: .toml or .json of named values, or any text.
    - `minimize` or `maximize`: the name of one result; `constraints` such as "stress_mpa<=250".
    - `bounds`: "low..high", or "a|b|c", for some or all parameters; the others may move freely.
    - `to`: the folder to make (default: the simulator's name); it must not exist.

    Raises UsageError or TaskError with what to change; nothing is left half-made.
    """
    if (minimize is None) == (maximize is None):
        raise UsageError("give one result to improve: either --minimize NAME or --maximize NAME")
    if "{design}" not in run:
        raise UsageError(f"the command {run!r} has no {{design}}, the place of the parameter file's path")
    source = Path(params)
    if not source.is_file():
        raise UsageError(f"there is no parameter file {str(source)!r}")
    for constraint in constraints:
        parse_constraint(constraint)
    values = _values(source)
    parameters = {key: _parameter(key, value, (bounds or {}).get(key)) for key, value in values.items()}
    unknown = sorted(set(bounds or {}) - set(values))
    if unknown:
        raise UsageError(
            f"{source.name} has no parameter {unknown[0]!r}; it has {', '.join(values) or 'none'}"
        )
    folder = Path(to or name or _default_name(run))
    task_id = re.sub(r"[^A-Za-z0-9_.-]", "-", name or folder.name)
    objective = minimize or maximize or ""
    command, copied = _localise(run)
    files: dict[str, str | bytes] = {
        "task.toml": _task_toml(
            task_id, command, source.name, objective, minimize is not None, constraints, parameters, wall_s
        ),
        "statement.md": _statement(
            task_id, objective, minimize is not None, constraints, parameters, source.name
        ),
        source.name: source.read_bytes(),
    }
    for path in copied:
        if path.name in files:
            raise UsageError(
                f"the command's file {path.name!r} has the name of a file of the task; rename it"
            )
        files[path.name] = path.read_bytes()
    return write_folder(folder, files)


def _default_name(run: str) -> str:
    for part in shlex.split(run):
        if Path(part).is_file() and not shutil.which(part):
            return f"{Path(part).stem}_task"
    return f"{Path(shlex.split(run)[0]).stem}_task"


def _localise(run: str) -> tuple[str, list[Path]]:
    # A script given by a relative path travels with the task; a program found on PATH or by an absolute one stays.
    parts: list[str] = []
    copied: list[Path] = []
    for part in shlex.split(run):
        path = Path(part)
        if "{" not in part and not path.is_absolute() and path.is_file():
            copied.append(path)
            # Run as ./name, so that it is found without a search of PATH.
            parts.append(path.name if parts else f"./{path.name}")
        else:
            parts.append(part)
    return " ".join(shlex.quote(p) if not re.fullmatch(r"[\w./{}=:+-]+", p) else p for p in parts), copied


def _values(path: Path) -> dict[str, Any]:
    try:
        if path.suffix == ".toml":
            return _leaves(tomllib.loads(path.read_text("utf-8")), "")
        if path.suffix == ".json":
            return _leaves(json.loads(path.read_text("utf-8")), "")
    except (ValueError, AttributeError) as error:
        raise TaskError(f"the parameter file {path.name} cannot be read: {error}") from error
    return {}


def _leaves(table: dict[str, Any], prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= _leaves(value, f"{prefix}{key}.")
        elif isinstance(value, int | float | str) and not isinstance(value, bool):
            found[prefix + key] = value
    return found


def _parameter(name: str, value: Any, bounds: str | None) -> str | None:
    if bounds is not None and "|" in bounds:
        choices = [choice.strip() for choice in bounds.split("|")]
        return f"choices = [{', '.join(c if _number(c) is not None else json.dumps(c) for c in choices)}]"
    if isinstance(value, str):
        return None
    whole = isinstance(value, int)
    if bounds is None:
        return "integer = true" if whole else ""
    low, found, high = bounds.partition("..")
    limits = (_number(low), _number(high))
    if not found or limits[0] is None or limits[1] is None or limits[0] >= limits[1]:
        raise UsageError(f"the bounds {bounds!r} of {name!r} are not of the form 'low..high' or 'a|b|c'")
    if not limits[0] <= value <= limits[1]:
        raise UsageError(f"the start value {value!r} of {name!r} is outside its bounds {bounds}")
    return f"min = {low.strip()}\nmax = {high.strip()}" + ("\ninteger = true" if whole else "")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _task_toml(
    task_id: str, command: str, params: str, objective: str, minimize: bool, constraints: Sequence[str],
    parameters: dict[str, str | None], wall_s: float,
) -> str:  # fmt: skip
    lines = [
        f"id = {json.dumps(task_id)}",
        f"title = {json.dumps(f'{objective} of {task_id}')}",
        'exchange = "file"          # the candidate is the parameter file itself: plain data, nothing of it is run',
        f'direction = "{"minimize" if minimize else "maximize"}"',
        "",
        "[candidate]",
        f"seed = {json.dumps(params)}",
        "",
        "[simulator]",
        f"run = {json.dumps(command)}",
        f"objective = {json.dumps(objective)}",
        f"constraints = {json.dumps(list(constraints))}",
        f"wall_s = {wall_s:g}",
        "",
    ]
    for name, text in parameters.items():
        if text is not None:
            lines += [f"[parameters.{json.dumps(name)}]", *([text] if text else []), ""]
    return "\n".join(lines)


def _statement(
    task_id: str,
    objective: str,
    minimize: bool,
    constraints: Sequence[str],
    parameters: dict[str, str | None],
    params: str,
) -> str:
    verb = "Minimise" if minimize else "Maximise"
    ranges = {n: t.replace("\n", ", ") if t else "free" for n, t in parameters.items() if t is not None}
    return "\n".join(
        [
            f"# {task_id}", "",
            f"{verb} `{objective}`, as the simulator named in task.toml computes it from `{params}`.", "",
            "## Parameters", "",
            *([f"- `{name}`: {text}" for name, text in ranges.items()] or ["The whole file may be edited."]), "",
            "## Hard constraints", "",
            *([f"- `{c}`" for c in constraints] or ["None beyond the parameters' ranges."]), "",
            "Describe here what the parameters mean, with units, and what a good design looks like:",
            "proposers read this text.", "",
        ]
    )  # fmt: skip
