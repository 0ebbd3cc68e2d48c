"""An external program as proposer: it reads the request as one JSON document and answers with one.

    journeyman optimize my_task --proposer "command:python3 propose.py"

On its standard input:

    {"index": 7, "seed": 123456789,
     "task": {"title": ..., "statement": ..., "constraints": ..., "main": "seed.py", "direction": "maximize", "unit": ""},
     "parents": [{"index": 3, "status": "ok", "score": 0.41, "feedback": "...",
                  "metrics": {"length": {"value": 3.2, "unit": "m"}},
                  "instances": [{"instance": "a", "status": "ok", "score": 0.4, "feedback": ""}],
                  "note": "...", "files": {"seed.py": "..."}}],
     "hint": {"chain": 0, "step": 2}, "failure": "", "evaluations_left": 94, "proposals_left": 213, "output": "/tmp/..."}

The first parent is the one to improve. `seed` is the only randomness a program should use if runs are to be repeatable.
`failure` says why its last answer for this parent was of no use. On its standard output, one of:

    {"files": {"seed.py": "..."}, "note": "what was changed"}         files of the parent that are not named stay
    {"note": "..."}                                                   the whole tree is in the folder named `output`

It runs in an empty folder of its own, in its own process group, with a clean environment; on timeout, or when it has
answered, the whole group is ended. It is trusted as the user's own program is: there is no sandbox around it.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from journeyman.errors import ProposalFailed, UsageError
from journeyman.optimize.trial import Proposal, Request, Trial
from journeyman.verify import POLICY, make_candidate, read_candidate

if TYPE_CHECKING:
    import numpy as np

_CLEAN = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "PYTHONPATH", "VIRTUAL_ENV")
_STDERR_SHOWN = 800


class Answer(msgspec.Struct, forbid_unknown_fields=True):
    """What a program may say."""

    files: dict[str, str] | None = None
    note: str = ""
    data: dict[str, Any] = {}


class Command:
    """Asks a program for each candidate.

    Args:
        command: a command line, split as a shell would but run without one, or a list of arguments. A path in it that
            exists is taken from the working directory of now.
        timeout_s: wall seconds for one answer.
        output_mb: most that it may print.
        env: environment variables to hand on besides the harmless ones, such as an API key's; None: all of them.
    """

    name = "command"
    waits = True

    def __init__(
        self,
        command: str | Sequence[str],
        *,
        timeout_s: float = 600.0,
        output_mb: float = 8.0,
        env: Sequence[str] | None = (),
    ) -> None:
        try:
            parts = shlex.split(command) if isinstance(command, str) else list(command)
        except ValueError as error:
            raise UsageError(f"the proposer's command {command!r} cannot be read: {error}") from error
        if not parts:
            raise UsageError("the proposer's command is empty")
        if shutil.which(parts[0]) is None:
            raise UsageError(f"the proposer's program {parts[0]!r} is not there or cannot be run")
        # It runs in a folder of its own, so what is given by a relative path is pinned down now.
        self._argv = [str(Path(p).absolute()) if i and Path(p).exists() else p for i, p in enumerate(parts)]
        self._argv[0] = str(Path(shutil.which(parts[0]) or parts[0]).absolute())
        self._timeout_s = timeout_s
        self._output_bytes = int(output_mb * 2**20)
        self._env = env

    def propose(self, request: Request, rng: np.random.Generator) -> Proposal:
        """The program's answer. Raises ProposalFailed (timeout, exit, output, malformed)."""
        with tempfile.TemporaryDirectory(prefix="journeyman-propose-") as scratch:
            output = Path(scratch, "output")
            output.mkdir()
            asked = self.document(request, int(rng.integers(2**32)))
            answer = self._run(msgspec.json.encode({**asked, "output": str(output)}), Path(scratch))
            try:
                said = msgspec.json.decode(answer, type=Answer)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                shown = answer[:200].decode("utf-8", "replace")
                text = f"the program's answer is not as agreed: {error}; it begins {shown!r}"
                raise ProposalFailed("malformed", text) from error
            parent = request.parents[0].candidate
            if said.files is not None:
                candidate = make_candidate({**parent.files, **said.files})
            elif any(output.iterdir()):
                candidate = read_candidate(
                    output, request.brief.main if request.brief else next(iter(parent.files))
                )
            else:
                text = "the program answered neither with files nor with a tree in its output folder"
                raise ProposalFailed("malformed", text)
            record = {"request": msgspec.json.encode(asked), "reply": answer}
            return Proposal(candidate, note=said.note[:500], data=said.data, transcript=record)

    def observe(self, trial: Trial) -> None:
        """A program learns from requests."""

    def document(self, request: Request, seed: int) -> dict[str, Any]:
        """The request as plain data, without the output folder."""
        brief = request.brief
        assert brief is not None
        return {
            "index": request.index,
            "seed": seed,
            "task": {
                "title": brief.title,
                "statement": brief.statement,
                "constraints": brief.constraints,
                "main": brief.main,
                "direction": "maximize" if brief.maximize else "minimize",
                "unit": brief.unit,
            },
            "parents": [_parent(trial) for trial in request.parents],
            "hint": request.hint,
            "failure": request.failure,
            "evaluations_left": request.evaluations_left,
            "proposals_left": request.proposals_left,
        }

    def _run(self, stdin: bytes, folder: Path) -> bytes:
        try:
            process = subprocess.Popen(
                self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder,
                env=self._environment(), start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise ProposalFailed(
                "exit", f"the program {self._argv[0]!r} could not be started: {error}"
            ) from error
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            out, err = (
                _Reader(process.stdout, self._output_bytes, process),
                _Reader(process.stderr, 2**20, None),
            )
            writer = threading.Thread(target=_write, args=(process.stdin, stdin))
            for thread in (out, err, writer):
                thread.start()
            try:
                process.wait(self._timeout_s)
            except subprocess.TimeoutExpired:
                raise ProposalFailed(
                    "timeout", f"the program gave no answer within {self._timeout_s:g} s"
                ) from None
            finally:
                # Children it left behind hold the pipes open; with the group gone the readers come to their end.
                _end_group(process)
                for thread in (out, err, writer):
                    thread.join()
        if out.too_much:
            raise ProposalFailed("output", f"the program printed more than {self._output_bytes / 2**20:g} MB")
        if process.returncode != 0:
            tail = bytes(err.data[-_STDERR_SHOWN:]).decode("utf-8", "replace").strip()
            said = f": {tail}" if tail else ""
            raise ProposalFailed("exit", f"the program ended with status {process.returncode}{said}")
        return bytes(out.data)

    def _environment(self) -> Mapping[str, str]:
        if self._env is None:
            return os.environ
        return {name: os.environ[name] for name in (*_CLEAN, *self._env) if name in os.environ}


class _Reader(threading.Thread):
    """Reads a pipe to its end and keeps the first `limit` bytes; above that it ends `process`."""

    def __init__(self, pipe: IO[bytes], limit: int, process: subprocess.Popen[bytes] | None) -> None:
        super().__init__(daemon=True)
        self.data = bytearray()
        self.too_much = False
        self._pipe, self._limit, self._process = pipe, limit, process

    def run(self) -> None:
        while chunk := os.read(self._pipe.fileno(), 65536):
            if not self.too_much:
                self.data += chunk[: self._limit + 1 - len(self.data)]
                self.too_much = len(self.data) > self._limit
            if self.too_much and self._process is not None:
                _end_group(self._process)


def _write(pipe: IO[bytes], data: bytes) -> None:
    # A program need not read everything; its answer says whether that was right.
    with contextlib.suppress(BrokenPipeError), pipe:
        pipe.write(data)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _parent(trial: Trial) -> dict[str, Any]:
    verdict = trial.verdict
    told = POLICY[trial.status].fed_back
    return {
        "index": trial.index,
        "status": trial.status,
        "score": trial.score,
        "feedback": trial.feedback,
        "metrics": msgspec.to_builtins(verdict.metrics) if told else {},
        "instances": [
            {"instance": v.instance, "status": v.status, "score": v.score, "feedback": v.feedback}
            for v in verdict.instances
        ]
        if told
        else [],
        "note": trial.note,
        "files": {path: trial.candidate.text(path) for path in trial.candidate.files},
    }
