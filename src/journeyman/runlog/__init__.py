"""Runs: an append-only event log in one SQLite file, blobs beside the events, resume, export.

It stores events and knows no verb: what a kind of event means, and what its body holds, belongs to who writes it.

    with RunLog.create(new_run_folder(runs_root(), "optimize"), verb="optimize", header={"seed": 0}) as log:
        with log.commit():                                  # one transaction; after it, not even a power cut takes it
            digest = log.put_blob(b"def solve(instance): ...")
            log.append("proposed", "1", {"candidate": digest}, volatile={"wall_s": 0.8})

A run folder holds `run.sqlite` (with `-wal` and `-shm` while in use), `run.lock` (who writes) and `blobs/` (those over
1 MiB). The canonical projection leaves out whatever differs between equal runs: `volatile`, and events with no body.
"""

from __future__ import annotations

from journeyman.runlog.canonical import canonical, canonical_digest
from journeyman.runlog.event import Event
from journeyman.runlog.export import export
from journeyman.runlog.frame import frame
from journeyman.runlog.log import RunLog
from journeyman.runlog.runs import RunSummary, find_run, list_runs, new_run_folder, runs_root
from journeyman.runlog.salvage import salvage

__all__ = [
    "Event",
    "RunLog",
    "RunSummary",
    "canonical",
    "canonical_digest",
    "export",
    "find_run",
    "frame",
    "list_runs",
    "new_run_folder",
    "runs_root",
    "salvage",
]
