"""Runs as plain files and as tables."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from journeyman.errors import RunCorrupt, RunError, RunReadOnly, UsageError
from journeyman.runlog import RunLog, export, frame

LARGE = os.urandom(2 << 20)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    with RunLog.create(tmp_path / "run", verb="optimize", header={"task": "t", "seed": 1}) as log:
        for index in range(3):
            blob = log.put_blob([b"", b"small " * 100, LARGE][index])
            body = {
                "index": index,
                "score": index / 2,
                "blob": blob,
                "instances": [{"ok": True}],
                "raw": b"\xff",
            }
            log.append("verdict", str(index), body, {"wall_s": 0.25})
        log.append("note", "", None, {"pid": 1, "mixed": "text"})
        log.append("note", "<b>", {"index": None, "mixed": 1, "late": True, "big": 2**63}, {"mixed": 2})
    return tmp_path / "run"


def test_a_folder_holds_header_events_and_blobs(run: Path, tmp_path: Path) -> None:
    with RunLog.open(run) as log:
        out = export(log, tmp_path / "new" / "out")
        events = list(log.events())
    assert sorted(os.listdir(out)) == ["blobs", "events.jsonl", "header.json"]
    header = json.loads((out / "header.json").read_text())
    assert (header["run_id"], header["verb"], header["header"]) == (
        "run",
        "optimize",
        {"task": "t", "seed": 1},
    )
    lines = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5]
    assert lines[0]["body"] == {**(events[0].body or {}), "raw": base64.b64encode(b"\xff").decode()}
    assert lines[3] == {
        "seq": 4,
        "kind": "note",
        "key": "",
        "body": None,
        "volatile": {"pid": 1, "mixed": "text"},
    }
    for line in lines[:3]:
        data = (out / "blobs" / line["body"]["blob"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == line["body"]["blob"]
    assert len(os.listdir(out / "blobs")) == 3
    assert os.listdir(tmp_path / "new") == ["out"]


def test_lines_of_json(run: Path, tmp_path: Path) -> None:
    with RunLog.open(run) as log:
        out = export(log, tmp_path / "events.jsonl", "jsonl")
    assert [json.loads(line)["kind"] for line in out.read_text().splitlines()] == ["verdict"] * 3 + [
        "note"
    ] * 2


def test_a_table_has_a_column_for_each_field_with_its_type(run: Path) -> None:
    with RunLog.open(run) as log:
        table = frame(log)
    assert len(table) == 5
    assert list(table.columns[:3]) == ["seq", "kind", "key"]
    types = {name: str(table[name].dtype) for name in table.columns}
    assert types["seq"] == "int64"
    assert types["body.index"] == "Int64"
    assert types["body.score"] == types["volatile.wall_s"] == "Float64"
    assert types["body.late"] == "boolean"
    assert types["body.blob"].startswith("string")
    assert table["body.score"].tolist()[:3] == [0.0, 0.5, 1.0]
    assert table["body.score"].isna().tolist() == [False, False, False, True, True]
    assert json.loads(table["body.instances"][0]) == [{"ok": True}]
    assert table["volatile.mixed"].tolist()[3:] == ['"text"', "2"]
    assert table["body.big"][4] == str(2**63)


def test_parquet_reads_back_as_the_same_table(run: Path, tmp_path: Path) -> None:
    import pandas

    with RunLog.open(run) as log:
        out = export(log, tmp_path / "run.parquet", "parquet")
        pandas.testing.assert_frame_equal(pandas.read_parquet(out), frame(log))


def test_an_empty_run_can_be_exported(tmp_path: Path) -> None:
    with RunLog.create(tmp_path / "run", verb="x", header={}) as log:
        assert len(frame(log)) == 0
        export(log, tmp_path / "run.parquet", "parquet")
        assert (export(log, tmp_path / "out") / "events.jsonl").read_bytes() == b""


def test_what_is_there_is_never_replaced(run: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    with RunLog.open(run) as log:
        for target, format in [
            ("full", "dir"),
            ("file", "dir"),
            ("file", "jsonl"),
            ("empty", "jsonl"),
            ("file", "parquet"),
        ]:
            with pytest.raises(RunError, match="exists already"):
                export(log, tmp_path / target, format)  # type: ignore[arg-type]
        export(log, tmp_path / "empty")
        with pytest.raises(UsageError, match="not as 'csv'"):
            export(log, tmp_path / "x", "csv")  # type: ignore[arg-type]
    assert (tmp_path / "full" / "mine").read_text() == (tmp_path / "file").read_text() == "mine"


def test_a_failed_export_leaves_nothing(run: Path, tmp_path: Path) -> None:
    (blob,) = list((run / "blobs").iterdir())
    blob.write_bytes(b"damaged")
    (tmp_path / "target").mkdir()
    with RunLog.open(run) as log:
        with pytest.raises(RunCorrupt):
            export(log, tmp_path / "target" / "out")
        assert os.listdir(tmp_path / "target") == []
        with pytest.raises((RunReadOnly, RunError)):
            export(log, Path("/proc/nowhere/out"))


def test_a_missing_package_is_named_with_the_command_that_installs_it(run: Path) -> None:
    # A real interpreter in which the package cannot be imported.
    program = """
import sys
from pathlib import Path
sys.modules["pyarrow"] = None
from journeyman.errors import MissingExtra
from journeyman.runlog import RunLog, frame
with RunLog.open(Path(sys.argv[1])) as log:
    try:
        frame(log)
    except MissingExtra as error:
        print(error)
"""
    said = subprocess.check_output([sys.executable, "-c", program, str(run)], text=True)
    assert "need pyarrow" in said
    assert "pip install 'journeyman[frames]'" in said
