"""A task: a folder with a statement, a seed, instances and a verifier.

Built-in tasks and a user's own are read by this same code; there is no registration. Reading a task runs none of its code.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from journeyman.errors import CandidateInvalid, TaskError, TaskNotFound
from journeyman.sandbox.limits import Limits
from journeyman.verify.candidate import Candidate, read_candidate
from journeyman.verify.score import Anchors, Scale

Exchange = Literal["data", "policy", "build", "file"]
Direction = Literal["maximize", "minimize"]

DEV = "dev"
HELD_OUT = "held-out"

# What decides a verdict. The statement, pictures and controls of a task may be improved without a new verifier version.
_NOT_DECIDING = ("statement.md", "README.md", "anchors.md", "reference.py", "designs", "gate", "__pycache__")


class Instance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One problem of a task. Only `public` ever reaches a candidate."""

    name: str
    public: dict[str, Any] = {}
    hidden: dict[str, Any] = {}
    anchors: Anchors | None = None


class CandidateSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[candidate]` of task.toml."""

    seed: str = ""
    entry: str = "solve"
    packages: tuple[str, ...] = ()
    result: Literal["json", "npz"] = "json"


class VerifierSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[verifier]` of task.toml. Limits hold for scoring one instance; `noise` is the declared relative noise of a score."""

    packages: tuple[str, ...] = ()
    wall_s: float = 30.0
    memory_mb: int = 2048
    repeats: int = 1
    noise: float = 0.0


class SimulatorSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[simulator]` of task.toml: the user's own command stands in for a verifier.py."""

    run: str
    objective: str
    constraints: tuple[str, ...] = ()
    wall_s: float = 60.0
    memory_mb: int = 4096
    env: tuple[str, ...] = ()


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[parameters.NAME]`: the closed range in which a parameter of a `file` task may move."""

    min: float | None = None
    max: float | None = None
    integer: bool = False
    choices: tuple[str | int | float, ...] = ()


class ReferenceSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[reference]`: how the frozen anchors were found. `seconds`: CPU time for one instance on one core, the mean."""

    baseline: str = ""
    method: str = ""
    seconds: float | None = None


class ReviewSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[review]`: who looked at the task and what they looked for."""

    reviewer: str = ""
    checklist: tuple[str, ...] = ()


class TaskFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """task.toml, decoded strictly: an unknown key is an error, since it is most often a misspelt one."""

    id: str
    title: str
    exchange: Exchange
    direction: Direction
    category: str = ""
    version: int = 1
    unit: str = ""
    scale: Scale = "linear"
    bound: float | None = None
    sources: tuple[str, ...] = ()
    candidate: CandidateSection = CandidateSection()
    limits: Limits = Limits()
    verifier: VerifierSection = VerifierSection()
    simulator: SimulatorSection | None = None
    parameters: dict[str, Parameter] = {}
    build: dict[str, Any] = {}
    reference: ReferenceSection = ReferenceSection()
    review: ReviewSection = ReviewSection()


@dataclass(frozen=True)
class Task:
    """A task as read from its folder. Immutable; `digest` changes with anything that can change a verdict."""

    folder: Path
    file: TaskFile
    seed: Candidate
    main: str
    statement: str
    digest: str

    @property
    def id(self) -> str:
        """`category/name`, or the name a user gave."""
        return self.file.id

    @property
    def title(self) -> str:
        """One line for people."""
        return self.file.title

    @property
    def exchange(self) -> Exchange:
        """What crosses the wall: data, a policy's answers, a compiled program, or a plain file."""
        return self.file.exchange

    @property
    def limits(self) -> Limits:
        """Limits of the candidate's process tree on one instance."""
        return self.file.limits

    @property
    def packages(self) -> tuple[str, ...]:
        """Packages a candidate may import besides the standard library."""
        return self.file.candidate.packages

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Declared ranges of a `file` task's parameters."""
        return self.file.parameters

    @property
    def noisy(self) -> bool:
        """Whether two verifications of one candidate may differ."""
        return self.file.verifier.noise > 0

    @property
    def has_anchors(self) -> bool:
        """Whether every dev instance has its two frozen numbers, so that the score is a normalised gap."""
        dev = self.instances(DEV)
        return bool(dev) and all(instance.anchors for instance in dev)

    @property
    def has_held_out(self) -> bool:
        """Whether the task has instances that no search sees."""
        return bool(self.instances(HELD_OUT))

    @property
    def score_direction(self) -> Direction:
        """Anchored scores are gaps closed, larger is better; others keep the objective's own direction."""
        return "maximize" if self.has_anchors and self.file.scale != "ratio" else self.file.direction

    @property
    def score_unit(self) -> str:
        """Unit of the score: none for a normalised gap."""
        return "" if self.has_anchors and self.file.scale != "ratio" else self.file.unit

    def better(self, a: float, b: float) -> bool:
        """Whether score `a` is strictly better than score `b`."""
        return a > b if self.score_direction == "maximize" else a < b

    def instances(self, split: str) -> tuple[Instance, ...]:
        """The frozen instances of `dev` or `held-out`, in order. A split without a file is empty."""
        return self._splits.get(split, ())

    @cached_property
    def _splits(self) -> dict[str, tuple[Instance, ...]]:
        splits = {
            split: read_instances(self.folder / "instances" / f"{split}.jsonl") for split in (DEV, HELD_OUT)
        }
        if not splits[DEV]:
            # A wrapped simulator has one problem: the user's own.
            splits[DEV] = (Instance("design"),)
        return splits


def load_task(ref: str | Path) -> Task:
    """Read a task by the name of a built-in one (`operations/job_shop`) or by its folder.

    Raises TaskNotFound, or TaskError naming the file and what is wrong in it.
    """
    folder = _find(ref)
    try:
        file = msgspec.toml.decode((folder / "task.toml").read_bytes(), type=TaskFile)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TaskError(f"{folder / 'task.toml'} cannot be used: {error}") from error
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)*", file.id):
        raise TaskError(
            f"{folder / 'task.toml'}: the id {file.id!r} may have letters, digits, '_', '-', '.' and '/' only"
        )
    seed_file = file.candidate.seed or _only_seed(folder)
    # A program is called candidate.* wherever it came from; a design file keeps the name its user knows.
    main = seed_file if file.exchange == "file" else f"candidate{Path(seed_file).suffix}"
    try:
        seed = read_candidate(folder / seed_file, main)
    except CandidateInvalid as error:
        raise TaskError(f"the seed of task {file.id!r} cannot be used: {error}") from error
    statement = folder / "statement.md"
    if file.simulator is None and not (folder / "verifier.py").is_file():
        raise TaskError(f"{folder} has no verifier.py and no [simulator] table in task.toml; add one of them")
    if file.simulator is not None and file.exchange != "file":
        raise TaskError(
            f'{folder / "task.toml"}: a [simulator] takes exchange = "file", not {file.exchange!r}'
        )
    task = Task(
        folder=folder, file=file, seed=seed, main=main, digest=_digest(folder),
        statement=statement.read_text("utf-8") if statement.is_file() else "",
    )  # fmt: skip
    for split in (DEV, HELD_OUT):
        for instance in task.instances(split):
            if instance.anchors and file.scale != "ratio":
                instance.anchors.check(
                    f"instance {instance.name!r} of task {file.id!r}", file.scale, file.direction
                )
    return task


def list_tasks() -> list[Task]:
    """The built-in tasks, by name."""
    return [load_task(folder) for folder in _builtin_folders()]


def is_built_in(task: Task) -> bool:
    """Whether the task came with Journeyman."""
    return task.folder in _builtin_folders()


def read_instances(path: Path) -> tuple[Instance, ...]:
    """Read a file of instances, one JSON object a line. An absent file has none. Raises TaskError."""
    if not path.is_file():
        return ()
    found: list[Instance] = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if line.strip():
            try:
                found.append(msgspec.json.decode(line, type=Instance))
            except (msgspec.ValidationError, msgspec.DecodeError) as error:
                raise TaskError(f"{path}, line {number}: {error}") from error
    names = [i.name for i in found]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise TaskError(f"{path}: the instance name {twice!r} stands twice")
    return tuple(found)


def _find(ref: str | Path) -> Path:
    folder = Path(ref)
    if (folder / "task.toml").is_file():
        return folder.resolve()
    names: Sequence[str] = [f"{f.parent.name}/{f.name}" for f in _builtin_folders()]
    for name, built_in in zip(names, _builtin_folders(), strict=True):
        if str(ref) in (name, built_in.name):
            return built_in
    if folder.is_dir():
        raise TaskNotFound(
            f"the folder {str(ref)!r} has no task.toml; make one with 'journeyman task new' or 'journeyman task wrap'"
        )
    raise TaskNotFound(f"there is no task {str(ref)!r}: give a task folder or one of {', '.join(names)}")


def _builtin_folders() -> list[Path]:
    root = Path(str(resources.files("journeyman") / "tasks"))
    return sorted(path.parent for path in root.glob("*/*/task.toml"))


def _only_seed(folder: Path) -> str:
    seeds = sorted(p.name for p in folder.glob("seed.*"))
    if len(seeds) != 1:
        found = ", ".join(seeds) or "none"
        raise TaskError(
            f"{folder} needs one file named seed.*, found {found}; or name it as seed under [candidate] in task.toml"
        )
    return seeds[0]


def _digest(folder: Path) -> str:
    h = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and relative.parts[0] not in _NOT_DECIDING and "__pycache__" not in relative.parts:
            h.update(f"{relative.as_posix()}:{path.stat().st_size}:".encode() + path.read_bytes())
    return h.hexdigest()
