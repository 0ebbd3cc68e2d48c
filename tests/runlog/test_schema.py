"""Files of older versions: a writer brings them forward, a reader reads them as they are."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import sqlite3
from pathlib import Path
from types import ModuleType

import pytest

from journeyman.runlog import Event, RunLog, canonical, list_runs, salvage
from journeyman.runlog.schema import VERSION

DATA = Path(__file__).with_name("data")


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_v1", DATA / "make_v1.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA / "v1", tmp_path / "v1"))


def version_of(folder: Path) -> int:
    connection = sqlite3.connect(folder / "run.sqlite")
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def tables_of(folder: Path) -> set[str]:
    connection = sqlite3.connect(folder / "run.sqlite")
    try:
        rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL")
        return {" ".join(re.sub("--.*", "", row[0]).split()) for row in rows}
    finally:
        connection.close()


def check_content(log: RunLog, maker: ModuleType) -> None:
    assert (log.run_id, log.verb, log.created, log.header) == ("optimize-v1", "optimize", 1.7e9, maker.HEADER)
    made = maker.events()
    assert list(log.events()) == [
        Event(seq, kind, key, body, None) for seq, (kind, key, body) in enumerate(made, start=1)
    ]
    assert list(canonical(log)) == made
    for data in maker.BLOBS:
        assert log.blob(hashlib.sha256(data).hexdigest()) == data


def test_a_reader_reads_version_1_and_changes_nothing(old: Path, maker: ModuleType) -> None:
    before = (old / "run.sqlite").read_bytes()
    with RunLog.open(old) as log:
        check_content(log, maker)
    assert [run.events for run in list_runs(old.parent)] == [40]
    assert len(list(salvage(old))) == 40
    assert (old / "run.sqlite").read_bytes() == before
    assert version_of(old) == 1


def test_a_writer_brings_version_1_forward_and_goes_on(old: Path, maker: ModuleType, tmp_path: Path) -> None:
    with RunLog.open(old, write=True) as log:
        check_content(log, maker)
        assert log.append("note", "", None, {"new": True}) == 41
        assert log.blob(log.put_blob(bytes(2 << 20))) == bytes(2 << 20)
    assert version_of(old) == VERSION
    RunLog.create(tmp_path / "new", verb="x", header={}).close()
    assert tables_of(old) == tables_of(tmp_path / "new")
    with RunLog.open(old) as log:
        assert len(log) == 41


def test_a_step_that_fails_leaves_the_old_file(
    old: Path, maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from journeyman.runlog import schema

    def fails(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE event")
        connection.execute("no such statement")

    with monkeypatch.context() as patched:
        patched.setattr(schema, "_STEPS", (*schema._STEPS, fails))
        with pytest.raises(Exception, match="syntax error"):
            RunLog.open(old, write=True)
    assert version_of(old) == 1
    with RunLog.open(old, write=True) as log:
        check_content(log, maker)


def test_the_stored_file_is_what_its_script_makes(tmp_path: Path, maker: ModuleType) -> None:
    maker.make(tmp_path / "run.sqlite")

    def dump(file: Path) -> list[str]:
        connection = sqlite3.connect(file)
        try:
            return list(connection.iterdump())
        finally:
            connection.close()

    assert dump(tmp_path / "run.sqlite") == dump(DATA / "v1" / "run.sqlite")
