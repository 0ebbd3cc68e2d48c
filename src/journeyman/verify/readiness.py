"""What is checked before a run spends anything."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import msgspec

from journeyman.errors import PreflightFailure
from journeyman.verify.candidate import Candidate
from journeyman.verify.task import Task
from journeyman.verify.verdict import Status, Verdict
from journeyman.verify.verifier import Verifier

MIN_FREE_MB = 200


class Preflight(msgspec.Struct, frozen=True):
    """A passed preflight: the seed's verdict on dev, and the seconds that verifying it took."""

    seed: Verdict
    seconds: float


def preflight(task: Task, verifier: Verifier, *, folder: Path | None = None) -> Preflight:
    """Check that a run can mean something: room on the disk of `folder`, a seed that verifies, a verifier that repeats
    itself within its declared noise, and an empty candidate that is not `ok`.

    Costs three evaluations, none of them charged. Raises PreflightFailure with the first thing that is wrong.
    """
    if folder is not None:
        check_disk(folder)
    seed = verifier.evaluate(task.seed)
    if not seed.ok:
        raise PreflightFailure(
            f"the seed of task {task.id!r} is {seed.status.value}, so no search can start: {_first(seed)}"
        )
    repeats_itself(task, seed, verifier.evaluate(task.seed, fresh=True))
    empty = verifier.evaluate(empty_candidate(task))
    if empty.ok:
        raise PreflightFailure(
            f"the verifier of task {task.id!r} gives an empty candidate the score {empty.score:g}; it must not be ok"
        )
    return Preflight(seed, seed.wall_s)


def check_disk(folder: Path) -> None:
    """Raise PreflightFailure unless the disk that `folder` is or will be on has room for a run."""
    there = next(parent for parent in (folder, *folder.resolve().parents) if parent.exists())
    free_mb = shutil.disk_usage(there).free / 2**20
    if free_mb < MIN_FREE_MB:
        raise PreflightFailure(
            f"the disk of {there} has {free_mb:.0f} MB free, a run needs {MIN_FREE_MB}; free some or use --runs"
        )


def repeats_itself(task: Task, first: Verdict, second: Verdict) -> None:
    """Raise PreflightFailure unless two verdicts on one candidate agree within the task's declared noise."""
    if second.status is not first.status:
        raise PreflightFailure(
            f"the verifier of task {task.id!r} contradicts itself on the seed: {first.status.value}, then "
            f"{second.status.value} ({_first(second)})"
        )
    noise = task.file.verifier.noise
    if first.score is None or second.score is None:
        return
    # Three declared standard deviations of a difference; none where no noise is declared.
    allowed = 3 * math.sqrt(2) * noise * max(abs(first.score), abs(second.score))
    if abs(first.score - second.score) > allowed:
        raise PreflightFailure(
            f"the verifier of task {task.id!r} gave the seed {first.score:.6g}, then {second.score:.6g}: make it "
            f"repeat itself, or declare its relative noise as 'noise' under [verifier] in task.toml (now {noise:g})"
        )


def empty_candidate(task: Task) -> Candidate:
    """The candidate that does nothing: its main file has no byte."""
    return Candidate({task.main: b""})


def _first(verdict: Verdict) -> str:
    faulty = next((v for v in verdict.instances if v.status is not Status.OK and v.feedback), None)
    return " ".join(faulty.feedback.split())[:400] if faulty else "no reason was given"
