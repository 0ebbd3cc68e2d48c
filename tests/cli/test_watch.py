"""`journeyman run watch`: beside a real writer, on pipes and terminals, when the writer dies and when it comes back."""

from __future__ import annotations

import codecs
import fcntl
import json
import os
import pty
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.cli import main
from journeyman.optimize.live import AGAIN, CALLING, PROPOSING, VERIFYING, Live
from journeyman.optimize.story import story_of
from journeyman.optimize.watched import Watched
from journeyman.runlog import RunLog, canonical_digest
from journeyman.verify import Status

from .written import Asked, Writing, write_example

WATCH = [sys.executable, "-m", "journeyman", "run", "watch"]

# Waits for a byte from the pipe it is given, then proposes a lighter beam: the test decides how fast the run goes.
PROPOSER = """
import json, os, sys
request = json.load(sys.stdin)
os.read(os.open(sys.argv[1], os.O_RDONLY), 1)
index = request["index"]
if index == 3:
    sys.exit("nothing comes to mind \\x1b[2J")
print(json.dumps({"files": {"params.toml": f"width = {9.5 - index / 2}\\n"}, "note": f"step {index}"}))
"""


class Gate:
    """Lets so many proposals go on."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._fd = os.open(path, os.O_RDWR)  # for both, so that opening never waits

    def pass_(self, proposals: int) -> None:
        os.write(self._fd, b"." * proposals)

    def close(self) -> None:
        os.close(self._fd)


@pytest.fixture
def gate(home: Path) -> Iterator[Gate]:
    made = Gate(home / "gate")
    yield made
    made.pass_(100)  # whoever still waits may leave
    made.close()


_STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Ends what a failed test has left at work."""
    yield
    while _STARTED:
        process = _STARTED.pop()
        if process.poll() is None:
            process.kill()
        process.communicate()


def start(
    words: list[str], *, stderr: int = subprocess.PIPE, env: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=stderr, text=True, env=env)
    _STARTED.append(process)
    return process


def begin(task: Path, gate: Gate, evaluations: int = 5) -> subprocess.Popen[str]:
    """`journeyman optimize` in the background, its first proposal waiting at the gate."""
    (task.parent / "propose.py").write_text(PROPOSER)
    program = shlex.join([sys.executable, str(task.parent / "propose.py"), str(gate.path)])
    words = ["optimize", str(task), "--proposer", f"command:{program}", "--evaluations", str(evaluations)]
    process = subprocess.Popen(
        [sys.executable, "-m", "journeyman", *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    runs = Path(os.environ["JOURNEYMAN_RUNS"])
    while not any(runs.glob("optimize-*")):
        assert process.poll() is None, process.communicate()
    return process


def watch(*words: str) -> subprocess.Popen[str]:
    return start([*WATCH, *words])


def line_with(process: subprocess.Popen[str], part: str) -> str:
    """The next line on stderr that has `part`."""
    assert process.stderr is not None
    for line in process.stderr:
        if part in line:
            return line
    raise AssertionError(
        f"it ended without saying {part!r}; stdout: {process.stdout.read() if process.stdout else ''}"
    )


def the_run() -> Path:
    (run,) = Path(os.environ["JOURNEYMAN_RUNS"]).glob("optimize-*")
    return run


def test_a_live_run_is_followed_to_its_end_and_ctrl_c_ends_the_watching_only(task: Path, gate: Gate) -> None:
    writer = begin(task, gate)
    watching, stopped = watch(), watch("last", "--json")
    first = line_with(watching, "beam: ")
    assert "checking the seed" in first or "0/5, best 20.00 (seed 20.00)" in first
    gate.pass_(2)
    assert "2/5, best 17.00 (seed 20.00)" in line_with(watching, "best 17.00")
    line_with(stopped, "2/5")
    stopped.send_signal(signal.SIGINT)
    out, err = stopped.communicate(timeout=60)
    assert stopped.returncode == 0
    assert json.loads(out) == {"run": str(the_run()), "run_id": the_run().name, "ended": None}
    assert f"no longer watching; process {writer.pid} goes on with the run" in err
    assert "Traceback" not in err
    gate.pass_(20)
    assert "failed proposals 1" in line_with(watching, "5/5")
    out, err = watching.communicate(timeout=60)
    written, _ = writer.communicate(timeout=60)
    assert (watching.returncode, writer.returncode) == (0, 0)
    assert out == written, "the same table as the writer's own"
    assert "the budget of evaluations is spent" in err


def test_a_writer_that_is_killed_and_a_run_that_is_resumed(task: Path, gate: Gate) -> None:
    writer = begin(task, gate)
    watching = watch("last", "--json")
    gate.pass_(2)
    line_with(watching, "2/5")
    writer.kill()
    writer.communicate(timeout=60)
    said = line_with(watching, "is gone")
    run = the_run()
    assert f"process {writer.pid} is gone; go on with 'journeyman run resume {run.name}'" in said
    resumed = start(
        [sys.executable, "-m", "journeyman", "run", "resume", run.name, "--json"], stderr=subprocess.DEVNULL
    )
    assert f"process {resumed.pid} works on it" in line_with(watching, "works on it")
    gate.pass_(50)
    out, _ = watching.communicate(timeout=60)
    written, _ = resumed.communicate(timeout=60)
    assert (watching.returncode, resumed.returncode) == (0, 0)
    assert json.loads(out) == json.loads(written)
    assert json.loads(out)["evaluations"] == 5


def test_a_run_that_has_ended_is_shown_at_once(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with write_example(home / "runs" / "over") as run:
        run.end()
    before = sorted(path.name for path in (home / "runs" / "over").rglob("*"))
    assert main(["run", "watch", "--json"]) == 0
    watched, _ = capfd.readouterr()
    assert main(["run", "show", "over", "--json"]) == 0
    shown = json.loads(capfd.readouterr().out)
    assert json.loads(watched).items() <= shown.items()
    assert main(["run", "watch", "over"]) == 0
    out, err = capfd.readouterr()
    assert "+14.00 kg" in out
    assert err.startswith("ended: the budget of evaluations is spent; best design: ")
    assert sorted(path.name for path in (home / "runs" / "over").rglob("*")) == before


def test_what_cannot_be_watched_is_one_sentence(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    runs = home / "runs"
    for words in ([], ["absent"], ["--against", "nonsense"], ["last", "more"]):
        assert main(["run", "watch", *words]) == 2
    assert len(capfd.readouterr().err.splitlines()) == 4
    RunLog.create(runs / "played", verb="foresee", header={}).close()
    assert main(["run", "watch", "played"]) == 2
    assert "an evaluation is not followed" in capfd.readouterr().err
    RunLog.create(runs / "other", verb="compare", header={}).close()
    assert main(["run", "watch", "other", "--json"]) == 1
    assert "'compare', not 'optimize'" in json.loads(capfd.readouterr().out)["error"]
    write_example(runs / "broken").log.close()
    (runs / "broken" / "run.sqlite").write_bytes(b"SQLite format 3\0" + b"\0" * 5000)
    with Writing(runs / "strange", evaluations=3) as strange:
        strange.log.append("verdict", "0", {"index": "zero"})
    for name, said in (("broken", "is not the log of a run"), ("strange", "event 2 of the run")):
        assert main(["run", "watch", name]) == 1
        err = capfd.readouterr().err
        assert said in err
        assert len(err.splitlines()) == 1


def test_a_run_that_is_taken_away_is_one_sentence(home: Path) -> None:
    folder = home / "runs" / "gone"
    with write_example(folder):
        watching = watch("gone")
        line_with(watching, "3/20")
        shutil.rmtree(folder)
        _, err = watching.communicate(timeout=60)
    assert watching.returncode == 1
    assert "was moved or removed" in err
    assert "Traceback" not in err


def test_a_writer_on_another_machine_is_not_called_dead(home: Path) -> None:
    folder = home / "runs" / "far"
    with write_example(folder) as run:
        run.log.append("session", "", None, {"pid": 4711, "host": "far-away\x1b[2J", "deadline": None})
    with RunLog.open(folder) as read:
        watched = Watched(Live(read))
    assert watched.writer is None
    watching = watch("far")
    said = line_with(watching, "far-away")
    assert "process 4711 on far-away\\x1b[2J worked on it; not seen from here" in said
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=60)


# --- on a terminal ------------------------------------------------------------------------------------------------


class Screen:
    """A program in a terminal of `columns` by `rows`, and what it has written there."""

    def __init__(self, words: list[str], columns: int, rows: int) -> None:
        self.leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = start(words, stderr=follower, env={**environment, "TERM": "xterm-256color"})
        os.close(follower)
        self.written = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a read may end inside a character

    def until(self, part: str) -> str:
        """Read on until `part` is in a frame that another has followed; that frame as text, without its colours."""
        while True:
            for frame in reversed(self.frames()[:-1]):
                if part in frame:
                    return frame
            assert self._read(), f"it ended without showing {part!r}: {self.written[-2000:]!r}"

    def rest(self) -> str:
        """Everything to the end; stdout."""
        while self._read():
            pass
        os.close(self.leader)
        out, _ = self.process.communicate(timeout=60)
        return out

    def frames(self) -> list[str]:
        """What stood on the screen, one time after another; a frame begins with the cursor going home."""
        return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", frame) for frame in self.written.split("\x1b[H")[1:]]

    def _read(self) -> bool:
        try:
            piece = os.read(self.leader, 65536)
        except OSError:  # the way Linux says that the other end of a terminal is closed
            return False
        self.written += self._decoder.decode(piece)
        return bool(piece)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (160, 50), (60, 20), (40, 10), (200, 12)])
def test_the_panel_fits_terminals_and_is_kept_current(home: Path, columns: int, rows: int) -> None:
    run = write_example(home / "runs" / "live")
    screen = Screen([*WATCH, "live"], columns, rows)
    frame = screen.until("waiting for its model")
    for part in (f"process {os.getpid()} works on it", "3 of 20", "best  6.000 kg", "seed 20.00"):
        assert part in frame
    if rows >= 20:
        for part in ("7 000 of 100 000", "of $5.00", "failed 2 of 6", "against evaluations", "┤"):
            assert part in frame
        assert "#6 by opus: the same as #1 (12.00)" in frame
        assert "\n#4 by haiku: the model refused" in frame.replace("\r", "")
    lines = frame.replace("\r", "").split("\n")
    assert len(lines) == rows
    assert max(map(len, lines)) <= columns
    run.call(7, Asked())
    run.candidate(7, "width = 2\n", (5,), note="\x1b]0;owned\x07")
    run.verdict(7, Status.OK, 4.0)
    assert "best  4.000 kg" in screen.until("4 of 20")
    run.end("the budget of evaluations is spent")
    run.log.close()
    assert "test/written" in screen.rest()
    assert screen.process.returncode == 0
    assert screen.written.count("\x1b[?1049h") == screen.written.count("\x1b[?1049l") == 1, (
        "its own screen, and back"
    )
    assert screen.written.rindex("\x1b[?25h") > screen.written.rindex("\x1b[?25l"), (
        "the cursor is there again"
    )
    assert "\x1b]0;" not in screen.written
    assert "\x1b[2J" not in screen.written.split("\x1b[H", 2)[2], "drawn over, not cleared: nothing flickers"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_however_it_is_stopped_the_terminal_is_left_in_order(home: Path, how: signal.Signals) -> None:
    with write_example(home / "runs" / "live"):
        screen = Screen([*WATCH, "live"], 80, 24)
        screen.until("best  6.000 kg")
        screen.process.send_signal(how)
        screen.rest()
    assert screen.process.returncode == (0 if how == signal.SIGINT else 128 + how)
    assert screen.written.rindex("\x1b[?1049l") > screen.written.rindex("\x1b[?1049h")
    assert screen.written.rindex("\x1b[?25h") > screen.written.rindex("\x1b[?25l")
    assert ("goes on with the run" in screen.written) == (how == signal.SIGINT)
    assert "Traceback" not in screen.written


def test_the_panel_says_how_to_go_on_where_nobody_works(home: Path) -> None:
    run = write_example(home / "runs" / "left")
    run.interrupted()
    run.log.close()
    screen = Screen([*WATCH, "left"], 60, 20)
    frame = screen.until("was stopped; go on with").replace("\r", "")
    assert "\njourneyman run resume left" in frame
    assert "waiting for its model when it stopped" in frame
    again = RunLog.open(home / "runs" / "left", write=True)
    screen.until(f"process {os.getpid()} works on it")
    again.append("end", "", {"reason": "the budget of proposals is spent"})
    again.close()
    assert "6.000" in screen.rest()


# --- the state behind it ------------------------------------------------------------------------------------------


def told(live: Live) -> tuple[object, ...]:
    """All that a live view says."""
    return (
        live.settled, live.spent, live.best, live.tally, live.sitting, live.sittings, live.elapsed_s, live.interrupted,
        live.reason, live.under_way(), live.seed,
    )  # fmt: skip


step = st.tuples(
    st.sampled_from(["begin", "call", "asking", "ok", "worse", "infeasible", "again", "fail", "session", "interrupt"]),
    st.integers(0, 3), st.booleans(),
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.lists(step, max_size=40), st.booleans())
def test_what_is_heard_bit_by_bit_equals_a_fresh_reading(
    steps: list[tuple[str, int, bool]], ends: bool
) -> None:
    with tempfile.TemporaryDirectory() as place:
        run = Writing(Path(place) / "run", evaluations=50)
        with run, RunLog.open(run.log.folder) as read:
            live = Live(read)
            live.look()
            run.seed()
            write(run, steps, live)
            if ends:
                run.end()
            live.look()
            assert live.look() is False
            fresh = Live(read)
            fresh.look()
            assert told(live) == told(fresh)
            story = story_of(read)
    result = story.result
    assert live.settled == [story.step(index) for index in story.course]
    assert live.best is not None
    assert live.best.index == result.best.index
    assert (live.spent, live.reason) == (result.spent, result.reason)
    tally = live.tally
    assert (tally.verified, tally.feasible, tally.failed, tally.repeated) == (
        result.verified, result.feasible, result.failed_proposals, result.repeated,
    )  # fmt: skip


def write(run: Writing, steps: list[tuple[str, int, bool]], live: Live) -> None:
    """Write `steps`, each on one of the proposals that are open, with a look at the run wherever one is asked for."""
    begun, open_, kept = 0, [], 0
    for n, (what, which, look) in enumerate(steps):
        if look:
            live.look()
        if what == "begin":
            begun += 1
            run.begin(begun)
            open_.append(begun)
        elif what == "session":
            run.session(pid=n)
        elif what == "interrupt":
            run.interrupted()
        elif open_ and what == "call":
            run.call(open_[which % len(open_)], Asked(outcome="cut" if which else "answered"))
        elif open_ and what == "asking":
            run.call_begins(open_[which % len(open_)])
        elif open_:
            index = open_.pop(which % len(open_))
            if what == "fail":
                run.fails(index, "timeout" if which else "unparsable", "no answer")
            elif what == "again" and kept:
                run.candidate(index, f"width = {kept}.5\n", same=kept)
                run.repeated(index, kept, Status.OK, 30.0)
            elif what == "infeasible":
                run.candidate(index, f"width = {index}.5\n")
                run.verdict(index, Status.INFEASIBLE, None, "too thin")
            else:
                run.candidate(index, f"width = {index}.5\n")
                run.verdict(index, Status.OK, 30.0 if what == "worse" else 20.0 - n / 10)
                kept = index if what == "worse" else kept


def test_every_stage_of_what_is_under_way_is_told_apart(tmp_path: Path) -> None:
    run = Writing(tmp_path / "run", evaluations=9)
    run.seed()
    for index in (1, 2, 3, 4):
        run.begin(index)
    run.call_begins(2)
    run.call(3, Asked())
    run.candidate(3, "width = 3\n")
    run.candidate(4, "width = 4\n")
    run.verdict(4, Status.OK, 8.0)
    with run.log.commit():
        run.log.append("reserve", "4/1", {"evaluations": 1})
    with run, RunLog.open(run.log.folder) as read:
        live = Live(read)
        live.look()
    stages = {each.index: each.stage for each in live.under_way()}
    assert stages == {1: PROPOSING, 2: CALLING, 3: VERIFYING, 4: AGAIN}


def test_watching_changes_nothing_in_the_run(home: Path) -> None:
    folders = [home / "runs" / name for name in ("watched", "alone")]
    runs = [write_example(folder) for folder in folders]
    watching = watch("watched")
    line_with(watching, "3/20")
    for index in range(8, 60):
        for run in runs:
            run.begin(index)
            run.candidate(index, f"width = {index}\n", (5,))
            run.verdict(index, Status.OK, 7.0)
    for run in runs:
        run.end()
        run.log.close()
    _, err = watching.communicate(timeout=60)
    assert watching.returncode == 0, err
    digests = set()
    for folder in folders:
        with RunLog.open(folder) as log:
            digests.add(canonical_digest(log))
    assert len(digests) == 1
    assert {path.name for path in folders[0].iterdir()} == {path.name for path in folders[1].iterdir()}
