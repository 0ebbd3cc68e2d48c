"""Export a run for other tools: a folder of plain files, one JSON Lines file, or one Parquet file.

Everything is written under a temporary name beside the target and renamed at the end: a target that exists is whole.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import Literal

import msgspec

from journeyman.errors import RunError, UsageError
from journeyman.runlog.blobs import FOLDER
from journeyman.runlog.faults import explain
from journeyman.runlog.frame import frame
from journeyman.runlog.log import RunLog

Format = Literal["dir", "jsonl", "parquet"]


def export(log: RunLog, to: Path, format: Format = "dir") -> Path:
    """Write the whole run to `to` and return it.

    - `dir`: `header.json`, `events.jsonl` and `blobs/DIGEST`, each blob as its own bytes;
    - `jsonl`: the events, one JSON object a line with seq, kind, key, body, volatile (bytes as base64);
    - `parquet`: the columns of `frame`.

    Raises:
        RunError: `to` exists and is not an empty folder; an existing file is never replaced.
        RunReadOnly, RunDiskFull: the place cannot be written to; nothing is left there.
        RunCorrupt: the run is damaged; nothing is left at the target.
        MissingExtra: Parquet without pandas and pyarrow.
        UsageError: no such format.
    """
    if format not in ("dir", "jsonl", "parquet"):
        raise UsageError(f"a run can be exported as dir, jsonl or parquet, not as '{format}'")
    to = to.absolute()
    if to.exists() and not (format == "dir" and to.is_dir() and not any(to.iterdir())):
        raise RunError(f"{to} exists already; name a new place to export to")
    unfinished = to.with_name(f".{to.name}.{secrets.token_hex(4)}")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        if format == "dir":
            _write_folder(log, unfinished)
        elif format == "jsonl":
            _write_events(log, unfinished)
        else:
            frame(log).to_parquet(unfinished, index=False)
        os.rename(unfinished, to)
    except OSError as error:
        raise explain(error, to.parent) from error
    finally:
        if unfinished.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
        else:
            unfinished.unlink(missing_ok=True)
    return to


def _write_folder(log: RunLog, folder: Path) -> None:
    (folder / FOLDER).mkdir(parents=True)
    about = {"run_id": log.run_id, "verb": log.verb, "created": log.created, "header": log.header}
    (folder / "header.json").write_bytes(msgspec.json.format(msgspec.json.encode(about), indent=2) + b"\n")
    _write_events(log, folder / "events.jsonl")
    for digest in log.blob_digests():
        (folder / FOLDER / digest).write_bytes(log.blob(digest))


def _write_events(log: RunLog, file: Path) -> None:
    encoder = msgspec.json.Encoder()
    with file.open("xb") as out:
        for event in log.events():
            out.write(encoder.encode(event) + b"\n")
