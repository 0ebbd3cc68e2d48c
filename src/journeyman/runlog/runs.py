"""Find runs: where they live, which there are, which one is meant."""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from pathlib import Path
from typing import Any

import msgspec

from journeyman.errors import RunError, RunNotFound, UsageError
from journeyman.runlog.connect import FILE_NAME, connect_to_read
from journeyman.runlog.faults import explain
from journeyman.runlog.header import load_header
from journeyman.runlog.lock import writer_pid


class RunSummary(msgspec.Struct, frozen=True):
    """One line of a list of runs.

    Args:
        run_id: the run's name; of a broken run, its folder's.
        folder: where it lives.
        verb: which job wrote it.
        created: Unix time, seconds.
        header: what it was asked to do.
        events: how many events it has.
        size_mb: of its database and blobs on disk, 1e6 bytes.
        writer_pid: the process that writes to it now.
        problem: one sentence, where it cannot be read; verb, created, header and events are then empty.
    """

    run_id: str
    folder: Path
    verb: str = ""
    created: float = 0.0
    header: dict[str, Any] = {}
    events: int = 0
    size_mb: float = 0.0
    writer_pid: int | None = None
    problem: str | None = None


def runs_root() -> Path:
    """The folder of runs: $JOURNEYMAN_RUNS, else `runs` in the working directory."""
    return Path(os.environ.get("JOURNEYMAN_RUNS") or "runs")


def new_run_folder(root: Path, verb: str) -> Path:
    """A fresh name for a run: verb, local time, four random digits. Nothing is made."""
    return root / f"{verb}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def list_runs(root: Path) -> list[RunSummary]:
    """All runs directly in `root`, oldest first; broken ones with their problem, and first. No root: no runs.

    Raises:
        RunError: `root` cannot be read.
    """
    try:
        folders = sorted(path for path in root.iterdir() if not path.name.startswith(".") and path.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"the folder of runs {root} cannot be read: {error.strerror}") from error
    summaries = [_summary(folder) for folder in folders if (folder / FILE_NAME).exists()]
    return sorted(summaries, key=lambda run: run.created)


def find_run(ref: str | Path, root: Path) -> Path:
    """The folder of the run that `ref` means: an id in `root`, the beginning of just one id, a path, or "last".

    Raises:
        RunNotFound: no run is meant, or `last` where there is none.
        UsageError: several ids begin like this.
    """
    text = str(ref)
    if text == "last":
        readable = [run for run in list_runs(root) if run.problem is None]
        if not readable:
            raise RunNotFound(f"there is no run in {root} yet")
        return readable[-1].folder
    for path in (root / text, Path(text)) if text else ():
        if (path / FILE_NAME).is_file():
            return path
        if path.name == FILE_NAME and path.is_file():
            return path.parent
    runs = list_runs(root)
    meant = [run for run in runs if run.run_id == text] or [
        run for run in runs if text and (run.run_id.startswith(text) or run.folder.name.startswith(text))
    ]
    if len(meant) == 1:
        return meant[0].folder
    if not meant:
        raise RunNotFound(f"there is no run '{text}' in {root}; `journeyman run list` shows which there are")
    names = ", ".join(run.folder.name for run in meant[:4]) + (", ..." if len(meant) > 4 else "")
    raise UsageError(f"'{text}' could mean {len(meant)} runs ({names}); give more of the name")


def _summary(folder: Path) -> RunSummary:
    try:
        size_mb = _size_bytes(folder) / 1e6
        connection, clean_up = connect_to_read(folder)
        try:
            about = load_header(connection, folder)
            (events,) = connection.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()
            return RunSummary(
                about.run_id,
                folder,
                about.verb,
                about.created,
                about.header,
                events,
                size_mb,
                writer_pid(folder),
            )
        finally:
            connection.close()
            clean_up()
    except (sqlite3.Error, OSError) as error:
        problem = str(explain(error, folder))
    except RunError as error:
        problem = str(error)
    return RunSummary(folder.name, folder, problem=problem)


def _size_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
