"""The folder `best/` of a run: the best design so far, always complete.

    design/         the candidate's files
    verdict.json    its verdict on dev, and its number
    metrics.json    its metrics, name -> value and unit
    artifacts/      what the verifier wrote
    pictures/       what it drew, once the run has ended
    diff.patch      against the seed
    held-out.json   the verdict on held-out, once the run has ended

A new one is written beside it and the two change places in one step, so a reader finds the old or the new, never a half.
"""

from __future__ import annotations

import ctypes
import difflib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from journeyman.optimize import events
from journeyman.optimize.state import State
from journeyman.optimize.trial import SEED, Trial
from journeyman.verify import Candidate, Task, Verdict

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


class BestFolder:
    """Keeps `folder` current."""

    def __init__(self, folder: Path, task: Task) -> None:
        self._folder = folder
        self._task = task

    def show(
        self,
        state: State,
        artifacts: dict[str, bytes] | None,
        *,
        held_out: Verdict | None = None,
        pictures: Mapping[str, bytes] | None = None,
    ) -> None:
        """Show the best trial. `artifacts` as far as they are at hand, else they are read from the log."""
        best = state.best
        if best is None:
            return
        if artifacts is None:
            artifacts = state.archive.artifacts(best.index)
        scratch = Path(tempfile.mkdtemp(prefix=".best-", dir=self._folder.parent))
        try:
            self._write(scratch, best, {"artifacts": artifacts, "pictures": pictures or {}}, held_out)
            scratch.chmod(0o755)
            put_in_place(scratch, self._folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _write(
        self, folder: Path, best: Trial, extra: Mapping[str, Mapping[str, bytes]], held_out: Verdict | None
    ) -> None:
        best.candidate.write_to(folder / "design")
        verdict = {
            "index": best.index,
            "proposer": best.proposer,
            "note": best.note,
            **_as_json(best.verdict),
        }
        (folder / "verdict.json").write_bytes(_pretty(verdict))
        (folder / "metrics.json").write_bytes(_pretty(verdict["metrics"]))
        for name, files in extra.items():
            if files:
                Candidate({_plain_name(path): data for path, data in files.items()}).write_to(folder / name)
        (folder / "diff.patch").write_text(diff(self._task.seed, best.candidate), "utf-8")
        if held_out is not None:
            (folder / "held-out.json").write_bytes(_pretty({"index": best.index, **_as_json(held_out)}))


def diff(old: Candidate, new: Candidate) -> str:
    """A unified diff that `patch -p1` takes, over all files of both trees."""
    parts: list[str] = []
    for path in sorted(old.files.keys() | new.files.keys()):
        before, after = _lines(old, path), _lines(new, path)
        names = (
            f"a/{path}" if path in old.files else "/dev/null",
            f"b/{path}" if path in new.files else "/dev/null",
        )
        for line in difflib.unified_diff(before, after, *names):
            parts.append(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
    return "".join(parts)


def put_in_place(made: Path, folder: Path) -> None:
    """Let `made` take the place of `folder`, which may exist, in one step; what was there is at `made` afterwards."""
    if not folder.exists():
        made.rename(folder)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    exchange = getattr(libc, "renameat2", None)
    if (
        exchange
        and exchange(_AT_FDCWD, os.fsencode(made), _AT_FDCWD, os.fsencode(folder), _RENAME_EXCHANGE) == 0
    ):
        return
    # A file system that cannot exchange: for an instant there is no folder, but never half of one.
    aside = made.with_name(made.name + "-old")
    folder.rename(aside)
    made.rename(folder)
    aside.rename(made)


def _as_json(verdict: Verdict) -> dict[str, object]:
    body = events.plain(events.verdict_body(SEED, verdict, lambda data: ""))
    del body["index"]
    body.pop("artifacts", None)
    return {"metrics": {}, **body, "wall_s": verdict.wall_s, "cpu_s": verdict.cpu_s}


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _lines(tree: Candidate, path: str) -> list[str]:
    return tree.text(path).splitlines(keepends=True) if path in tree.files else []


def _plain_name(name: str) -> str:
    # Names come from a verifier; a path that leads out of the folder is flattened.
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "artifact"
