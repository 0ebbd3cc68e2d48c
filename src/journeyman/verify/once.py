"""Verify one candidate and be done."""

from __future__ import annotations

from pathlib import Path

import msgspec

from journeyman.errors import UsageError
from journeyman.verify.candidate import Candidate, read_candidate
from journeyman.verify.task import DEV, HELD_OUT, Task, load_task
from journeyman.verify.verdict import Status, Verdict
from journeyman.verify.verifier import Verifier


def verify_candidate(
    task: Task | str | Path,
    candidate: Candidate | str | Path,
    *,
    split: str = DEV,
    level: str | None = None,
    pictures: bool = False,
) -> Verdict:
    """The verdict on one candidate, given as a `Candidate`, a file or a folder.

    `split` is "dev" or "held-out"; `level` one of the sandbox's levels, None for the best this host has. With `pictures`,
    the verdict's artifacts are pictures of the design as well, by the name `INSTANCE/FILE`, of each instance that is `ok`.

    Raises UsageError, TaskError, CandidateInvalid or NoSandbox; what a candidate does when run is in the verdict.
    """
    if split not in (DEV, HELD_OUT):
        raise UsageError(f"the split {split!r} is unknown; use {DEV!r} or {HELD_OUT!r}")
    loaded = task if isinstance(task, Task) else load_task(task)
    tree = candidate if isinstance(candidate, Candidate) else read_candidate(candidate, loaded.main)
    with Verifier(loaded, level=level) as verifier:
        verdict = verifier.evaluate(tree, split=split)
        return _with_pictures(verifier, tree, verdict) if pictures else verdict


def _with_pictures(verifier: Verifier, candidate: Candidate, verdict: Verdict) -> Verdict:
    drawn = dict(verdict.artifacts)
    for instance, found in zip(verifier.task.instances(verdict.split), verdict.instances, strict=False):
        if found.status is Status.OK:
            pictures = verifier.draw(candidate, split=verdict.split, instance=instance)
            drawn |= {f"{instance.name}/{name}": data for name, data in pictures.items()}
    return msgspec.structs.replace(verdict, artifacts=drawn)
