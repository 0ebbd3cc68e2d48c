"""Damaged files: one sentence that says how much can be read, and never wrong data."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from journeyman.errors import RunCorrupt, RunError, RunTooNew
from journeyman.runlog import Event, RunLog, canonical_digest, list_runs, salvage
from journeyman.runlog.schema import VERSION

EVENTS = 400


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    chance = random.Random(1)
    with RunLog.create(folder, verb="optimize", header={"seed": 1}) as log:
        for start in range(0, EVENTS, 20):
            with log.commit(durable=False):
                for index in range(start, start + 20):
                    log.append("verdict", str(index), {"index": index, "text": "x" * chance.randrange(600)})
    return folder


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def events_of(folder: Path) -> list[Event]:
    with RunLog.open(folder) as log:
        assert (log.run_id, log.verb, log.header) in (("run", "optimize", {"seed": 1}), (log.run_id, "x", {}))
        return list(log.events())


def attempt(folder: Path) -> tuple[list[Event], RunError | None]:
    try:
        return events_of(folder), None
    except RunError as error:
        return [], error


def check_refused_or_equal(folder: Path, expected: list[Event]) -> bool:
    """Either all events come back, or RunCorrupt says how many do, and `salvage` gives just those. True: refused."""
    events, problem = attempt(folder)
    if problem is None:
        assert events == expected
        return False
    rescued = list(salvage(folder))
    assert "\n" not in str(problem)
    assert rescued == expected[: len(rescued)]
    if isinstance(problem, RunCorrupt):
        assert f"{len(rescued)} event" in str(problem)
        assert "could be read" in str(problem)
    else:
        # The one field whose damage looks like something else.
        assert isinstance(problem, RunTooNew)
    return True


def test_a_file_cut_at_any_length_is_refused_with_the_count_of_what_is_left(whole: Path, run: Path) -> None:
    expected = events_of(whole)
    data = (whole / "run.sqlite").read_bytes()
    chance = random.Random(2)
    lengths = {1, 15, 16, 99, 100, 4095, 4096, 4097, len(data) - 1, len(data) - 4096}
    lengths |= {chance.randrange(1, len(data)) for _ in range(60)} | set(range(8192, len(data), 8 * 4096))
    counts = []
    for length in sorted(lengths):
        (run / "run.sqlite").write_bytes(data[:length])
        assert check_refused_or_equal(run, expected), (
            f"a file cut to {length} of {len(data)} bytes was taken for whole"
        )
        counts.append(len(list(salvage(run))))
        with pytest.raises(RunCorrupt):
            RunLog.open(run, write=True)
    assert counts == sorted(counts)
    assert counts[-1] > EVENTS * 0.8


@pytest.mark.parametrize("data", [b"", b"hello", bytes(8192), b"SQLite format 3\0" + bytes(5000)])
def test_garbage_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "run.sqlite").write_bytes(data)
    for write in (False, True):
        with pytest.raises(RunCorrupt, match="0 events could be read"):
            RunLog.open(tmp_path, write=write)
    assert not (tmp_path / "run.lock").exists()


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "run.sqlite")
    connection.execute("CREATE TABLE event (x)")
    connection.close()
    with pytest.raises(RunCorrupt, match="is not the log of a run"):
        RunLog.open(tmp_path)


def test_a_flipped_bit_anywhere_is_refused_or_without_effect(whole: Path, run: Path) -> None:
    expected = events_of(whole)
    data = (whole / "run.sqlite").read_bytes()
    chance = random.Random(3)
    refused = 0
    for _ in range(200):
        flipped = bytearray(data)
        flipped[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        (run / "run.sqlite").write_bytes(flipped)
        refused += check_refused_or_equal(run, expected)
    assert refused > 75  # most bytes are content


@pytest.mark.parametrize("size", [10, 5000, 1_200_000])
def test_a_blob_with_a_flipped_bit_is_not_given_out(tmp_path: Path, size: int) -> None:
    folder = tmp_path / "run"
    data = random.Random(4).randbytes(size // 2) + bytes(size - size // 2)
    with RunLog.create(folder, verb="x", header={}) as log:
        digest = log.put_blob(data)
    chance = random.Random(5)
    outside = folder / "blobs" / digest
    for _ in range(40):
        if size > 1 << 20:
            flipped = bytearray(data)
            flipped[chance.randrange(size)] ^= 1 << chance.randrange(8)
            outside.write_bytes(flipped)
        else:
            connection = sqlite3.connect(folder / "run.sqlite")
            (stored,) = connection.execute("SELECT data FROM blob").fetchone()
            flipped = bytearray(stored)
            flipped[chance.randrange(len(stored))] ^= 1 << chance.randrange(8)
            connection.execute("UPDATE blob SET data = ?", (bytes(flipped),))
            connection.commit()
        with RunLog.open(folder) as log:
            given = None
            with contextlib.suppress(RunCorrupt):
                given = log.blob(digest)
            # Some bits of a zstd frame mean nothing: then the content is still the right one.
            assert given is None or (given == data and size == 5000)
        if size <= 1 << 20:
            connection.execute("UPDATE blob SET data = ?", (stored,))
            connection.commit()
            connection.close()


def test_a_large_blob_whose_file_is_gone_is_reported(tmp_path: Path) -> None:
    with RunLog.create(tmp_path / "run", verb="x", header={}) as log:
        digest = log.put_blob(bytes(2 << 20))
        (log.folder / "blobs" / digest).unlink()
        with pytest.raises(RunCorrupt, match="missing"):
            log.blob(digest)
        with pytest.raises(RunError, match="has no blob"):
            log.blob("../run.sqlite")


def test_a_row_that_was_taken_out_is_noticed(run: Path) -> None:
    connection = sqlite3.connect(run / "run.sqlite")
    connection.execute("DELETE FROM event WHERE seq = 200")
    connection.commit()
    connection.close()
    with pytest.raises(RunCorrupt, match=r"events are missing.*199 events could be read"):
        RunLog.open(run)


def test_a_body_that_is_no_message_is_noticed(run: Path) -> None:
    connection = sqlite3.connect(run / "run.sqlite")
    connection.execute("UPDATE event SET body = x'c1' WHERE seq = 77")
    connection.commit()
    connection.close()
    with RunLog.open(run) as log:
        with pytest.raises(RunCorrupt, match=r"event 77 .*76 events could be read"):
            list(log.events())
        assert len(list(log.events(after=77))) == EVENTS - 77


def test_a_newer_schema_is_refused_and_untouched(run: Path) -> None:
    connection = sqlite3.connect(run / "run.sqlite")
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = (run / "run.sqlite").read_bytes()
    for write in (False, True):
        with pytest.raises(RunTooNew, match=f"schema {VERSION + 1}"):
            RunLog.open(run, write=write)
    assert (run / "run.sqlite").read_bytes() == before
    (summary,) = list_runs(run.parent)
    assert summary.problem is not None
    assert "newer Journeyman" in summary.problem


def test_a_crashed_writers_log_cut_anywhere_gives_a_prefix_of_its_commits(tmp_path: Path) -> None:
    # What a power cut leaves of non-durable commits: SQLite's log ends somewhere.
    folder = tmp_path / "run"
    with RunLog.create(folder, verb="x", header={}) as log:
        for index in range(60):
            with log.commit(durable=False):
                log.append("a", str(index), {"part": 0})
                log.append("b", str(index), {"part": 1, "text": "x" * 300})
        database = (folder / "run.sqlite").read_bytes()
        left_over = (folder / "run.sqlite-wal").read_bytes()
        expected = list(log.events())
    chance = random.Random(6)
    counts = []
    for length in sorted(chance.randrange(len(left_over) + 1) for _ in range(25)):
        copy = tmp_path / f"cut-{length}"
        copy.mkdir()
        (copy / "run.sqlite").write_bytes(database)
        (copy / "run.sqlite-wal").write_bytes(left_over[:length])
        events = events_of(copy)
        assert len(events) % 2 == 0
        assert events == expected[: len(events)]
        counts.append(len(events))
        with RunLog.open(copy, write=True) as log:
            log.append("next", "", {})
            assert len(canonical_digest(log)) == 64
    assert counts == sorted(counts)
    assert counts[-1] > 60
