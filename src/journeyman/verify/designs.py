"""The stored designs of a task's reference: what its long classical run found, so that an anchor can be seen and checked.

`designs/dev.jsonl` has a line `{"instance": NAME, "design": …}` for each dev instance; a task whose candidates return arrays
(`result = "npz"`) has a file `designs/NAME.npz` for each instead. Only dev designs are kept: whoever knows a held-out design
has no score to show.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from journeyman.errors import TaskError
from journeyman.verify.candidate import Candidate, make_candidate
from journeyman.verify.task import DEV, Task

FOLDER = "designs"

# A candidate is told the instance and not its name, so a design is found by what the instance says.
_PROGRAM = """\
import hashlib, json, os

HERE = os.path.dirname(os.path.abspath(__file__))


def key(instance):
    return hashlib.sha256(json.dumps(instance, sort_keys=True).encode()).hexdigest()


def {entry}(instance):
    with open(os.path.join(HERE, "names.json")) as file:
        name = json.load(file)[key(instance)]
    {load}
"""

_LOAD = {
    "json": 'with open(os.path.join(HERE, "designs", name + ".json")) as file:\n        return json.load(file)',
    "npz": "import numpy\n"
    '    with numpy.load(os.path.join(HERE, "designs", name + ".npz"), allow_pickle=False) as file:\n'
    "        return {key: file[key] for key in file.files}",
}


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    instance: str
    design: msgspec.Raw


def has_designs(task: Task) -> bool:
    """Whether the reference's designs are stored with the task."""
    return (task.folder / FOLDER).is_dir()


def reference_candidate(task: Task) -> Candidate:
    """A program that returns the stored design of each dev instance: its score is the reference's.

    It goes the way of every candidate, so nothing about it is believed. Raises TaskError: a design is missing, left over or
    unreadable, or the task's exchange is none that returns a design.
    """
    if task.exchange != "data" or not task.main.endswith(".py"):
        raise TaskError(f"task {task.id!r} has exchange {task.exchange!r}; only programs that return data have designs")
    result = task.file.candidate.result
    stored = _npz(task) if result == "npz" else _lines(task)
    names = [instance.name for instance in task.instances(DEV)]
    wrong = sorted(set(names) ^ set(stored))
    if wrong:
        raise TaskError(
            f"{task.folder / FOLDER} must have one design for each dev instance; missing or left over: {', '.join(wrong)}"
        )
    files: dict[str, bytes | str] = {
        task.main: _PROGRAM.format(entry=task.file.candidate.entry, load=_LOAD[result]),
        "names.json": msgspec.json.encode({_key(i.public): str(n) for n, i in enumerate(task.instances(DEV))}),
    }
    for number, name in enumerate(names):
        files[f"designs/{number}.{result}"] = stored[name]
    return make_candidate(files)


def _lines(task: Task) -> dict[str, bytes]:
    path = task.folder / FOLDER / f"{DEV}.jsonl"
    try:
        found = [msgspec.json.decode(line, type=_Line) for line in path.read_bytes().splitlines() if line.strip()]
    except FileNotFoundError as error:
        raise TaskError(f"{path} is missing") from error
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise TaskError(f"{path} cannot be used: {error}") from error
    return {line.instance: bytes(line.design) for line in found}


def _npz(task: Task) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted((task.folder / FOLDER).glob("*.npz"))}


def _key(public: dict[str, Any]) -> str:
    # As the program above does it: the standard library's text of a number is the same on both sides of the wall.
    return hashlib.sha256(json.dumps(public, sort_keys=True).encode()).hexdigest()
