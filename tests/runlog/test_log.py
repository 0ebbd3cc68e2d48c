"""One log: what is appended comes back, in order, whole commits at a time."""

from __future__ import annotations

import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.errors import RunError, RunNotFound, RunReadOnly, UsageError
from journeyman.runlog import Event, RunLog, canonical, canonical_digest
from journeyman.runlog.event import decode, encode

HEADER = {"task": "operations/job_shop", "seed": 3, "budget": {"evaluations": 100}}


def new_log(folder: Path) -> RunLog:
    return RunLog.create(folder, verb="optimize", header=HEADER)


def test_what_is_appended_comes_back_in_order(tmp_path: Path) -> None:
    with new_log(tmp_path / "run") as log:
        with log.commit():
            assert log.append("proposed", "a", {"x": 1}, {"wall_s": 0.5}) == 1
            assert log.append("note", "a", None, {"pid": 7}) == 2
        assert log.append("verdict", "a", {"score": -1.5}) == 3
        expected = [
            Event(1, "proposed", "a", {"x": 1}, {"wall_s": 0.5}),
            Event(2, "note", "a", None, {"pid": 7}),
            Event(3, "verdict", "a", {"score": -1.5}, None),
        ]
        assert list(log.events()) == expected
        assert list(log.events("verdict")) == expected[2:]
        assert list(log.events(after=1)) == expected[1:]
        assert len(log) == 3
    with RunLog.open(tmp_path / "run") as log:
        assert list(log.events()) == expected
        assert (log.run_id, log.verb, log.header) == ("run", "optimize", HEADER)


def test_a_long_log_is_read_over_many_pages(tmp_path: Path) -> None:
    with new_log(tmp_path / "run") as log:
        with log.commit(durable=False):
            for index in range(3500):
                log.append("odd" if index % 2 else "even", str(index), {"index": index})
        assert [event.seq for event in log.events()] == list(range(1, 3501))
        assert [event.body["index"] for event in log.events("odd") if event.body] == list(range(1, 3500, 2))


def test_a_closed_run_is_one_file_and_readers_leave_nothing_behind(tmp_path: Path) -> None:
    new_log(tmp_path / "run").close()
    with RunLog.open(tmp_path / "run") as log:
        list(log.events())
    assert sorted(os.listdir(tmp_path / "run")) == ["run.lock", "run.sqlite"]


def test_a_block_that_raises_stores_nothing(tmp_path: Path) -> None:
    with new_log(tmp_path / "run") as log:
        log.append("kept", "1", {})
        with pytest.raises(ZeroDivisionError), log.commit():  # noqa: PT012
            log.append("lost", "2", {})
            log.put_blob(b"lost")
            _ = 1 / 0
        assert [event.kind for event in log.events()] == ["kept"]
        with pytest.raises(RunError, match="has no blob"):
            log.blob(hashlib.sha256(b"lost").hexdigest())
        assert log.append("next", "3", {}) == 2


def test_commits_do_not_nest_and_the_outer_one_stays_open(tmp_path: Path) -> None:
    with new_log(tmp_path / "run") as log:
        with log.commit():
            with pytest.raises(UsageError, match="inside another"), log.commit():
                pass
            log.append("kept", "1", {})
        assert len(log) == 1


def test_readers_see_whole_commits_only_and_writers_are_not_held_up(tmp_path: Path) -> None:
    with new_log(tmp_path / "run") as log, RunLog.open(tmp_path / "run") as reader:
        with log.commit():
            log.append("a", "1", {})
            assert list(reader.events()) == []
            log.append("a", "2", {})
        reading = reader.events()
        assert next(reading).key == "1"
        log.append("a", "3", {})
        assert [event.key for event in reader.events()] == ["1", "2", "3"]
        with pytest.raises(RunReadOnly, match="reading only"):
            reader.append("a", "4", {})


def test_threads_share_a_log_without_mixing_their_commits(tmp_path: Path) -> None:
    with new_log(tmp_path / "run") as log:
        start = threading.Barrier(8)

        def work(thread: int) -> None:
            start.wait()
            for turn in range(30):
                with log.commit(durable=turn % 10 == 0):
                    for part in range(3):
                        log.append("part", f"{thread}-{turn}", {"part": part})
                list(log.events(after=len(log) - 5))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        events = list(log.events())
        assert [event.seq for event in events] == list(range(1, 8 * 30 * 3 + 1))
        for first in range(0, len(events), 3):
            group = events[first : first + 3]
            assert len({event.key for event in group}) == 1
            assert [event.body for event in group] == [{"part": 0}, {"part": 1}, {"part": 2}]


@pytest.mark.parametrize("size", [0, 1, 63, 5000, 1 << 20, (1 << 20) + 1, 3 << 20])
@pytest.mark.parametrize("compressible", [True, False])
def test_blobs_come_back_and_large_ones_lie_outside(tmp_path: Path, size: int, compressible: bool) -> None:
    data = bytes(size) if compressible else os.urandom(size)
    with new_log(tmp_path / "run") as log:
        digest = log.put_blob(data)
        assert digest == hashlib.sha256(data).hexdigest()
        assert log.put_blob(data) == digest
        assert log.blob(digest) == data
        assert log.blob_digests() == [digest]
        assert (tmp_path / "run" / "blobs" / digest).exists() == (size > 1 << 20)
    if compressible and 64 <= size <= 1 << 20:
        assert (tmp_path / "run" / "run.sqlite").stat().st_size < 60_000


def test_a_run_needs_a_folder_of_its_own(tmp_path: Path) -> None:
    new_log(tmp_path / "run").close()
    with pytest.raises(RunError, match="not empty"):
        new_log(tmp_path / "run")
    (tmp_path / "empty").mkdir()
    new_log(tmp_path / "empty").close()
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="not empty"):
        new_log(tmp_path / "file")
    new_log(tmp_path / "deep" / "er" / "run").close()
    assert sorted(os.listdir(tmp_path)) == ["deep", "empty", "file", "run"]


def test_what_is_no_run_is_not_found_and_left_alone(tmp_path: Path) -> None:
    for write in (False, True):
        with pytest.raises(RunNotFound, match="there is no run"):
            RunLog.open(tmp_path, write=write)
        with pytest.raises(RunNotFound):
            RunLog.open(tmp_path / "nowhere", write=write)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("body", [{1: 2}, {"x": object()}, {"x": 1 << 64}, [1], "text"])
def test_what_is_not_plain_data_is_refused_before_anything_is_stored(tmp_path: Path, body: object) -> None:
    with new_log(tmp_path / "run") as log:
        with pytest.raises(UsageError):
            log.append("kind", "key", body)  # type: ignore[arg-type]
        assert len(log) == 0
        with pytest.raises(UsageError):
            RunLog.create(tmp_path / "other", verb="x", header={"x": object()})
        assert not (tmp_path / "other").exists()


def test_the_canonical_projection_leaves_out_what_is_volatile(tmp_path: Path) -> None:
    with new_log(tmp_path / "a") as one, new_log(tmp_path / "b") as two:
        one.append("verdict", "1", {"score": 1.0, "status": "ok"}, {"wall_s": 1.0})
        one.append("attempt", "1", None, {"pid": 1})
        one.append("verdict", "2", {"score": 2.0})
        two.append("verdict", "1", {"status": "ok", "score": 1.0}, {"wall_s": 9.0})
        two.append("verdict", "2", {"score": 2.0}, {"wall_s": 9.0})
        expected = [("verdict", "1", {"score": 1.0, "status": "ok"}), ("verdict", "2", {"score": 2.0})]
        assert list(canonical(one)) == list(canonical(two)) == expected
        assert canonical_digest(one) == canonical_digest(two)
        two.append("verdict", "3", {})
        assert canonical_digest(one) != canonical_digest(two)


def test_the_canonical_digest_depends_on_order_kind_key_body_and_header(tmp_path: Path) -> None:
    logs = [
        ({"s": 1}, [("a", "b", {}), ("c", "d", {})]),
        ({"s": 1}, [("c", "d", {}), ("a", "b", {})]),
        ({"s": 1}, [("ab", "", {}), ("c", "d", {})]),
        ({"s": 1}, [("a", "b", {"x": 1}), ("c", "d", {})]),
        ({"s": 1}, [("a", "b", {"x": 1.0}), ("c", "d", {})]),
        ({"s": 2}, [("a", "b", {}), ("c", "d", {})]),
    ]
    digests = set()
    for number, (header, events) in enumerate(logs):
        with RunLog.create(tmp_path / str(number), verb="x", header=header) as log:
            for kind, key, body in events:
                log.append(kind, key, body)
            digests.add(canonical_digest(log))
    assert len(digests) == len(logs)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(), plain, max_size=5), st.randoms())
def test_bodies_round_trip_and_equal_ones_are_equal_bytes(body: dict[str, object], random: object) -> None:
    stored = encode(body)
    assert decode(stored) == body
    shuffled = list(body.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert encode(dict(shuffled)) == stored
