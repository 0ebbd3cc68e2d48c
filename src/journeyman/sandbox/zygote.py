"""Our side of the zygote: start it with a clean environment, ask it for rooms, end it.

The zygote is exec'ed (clearing `os.environ` would leave /proc/self/environ as it was) and gets the code it runs as text on
its stdin, so that no file of ours has to be visible to it. One request is served at a time.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import select
import socket
import subprocess
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from journeyman.errors import SandboxFailure

START_S = 30.0  # the longest import of declared packages that is waited for
END_S = 2.0  # within this a whole tree is dead

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin", "HOME": "/tmp", "TMPDIR": "/tmp", "USER": "candidate", "LOGNAME": "candidate",
    "LANG": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1",
    "MALLOC_ARENA_MAX": "1",  # each further arena would reserve 64 MB of the address space that bounds memory
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "GOTO_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1", "NUMEXPR_MAX_THREADS": "1", "VECLIB_MAXIMUM_THREADS": "1", "BLIS_NUM_THREADS": "1",
}  # fmt: skip

# Makes a package of the texts on stdin, in order, and calls the last one's `main`. The package's name inside is `inside`.
_BOOT = """
import json, socket, sys, types
bundle = json.load(sys.stdin)
package = types.ModuleType("inside"); package.__path__ = []; sys.modules["inside"] = package
for name, text in bundle["sources"]:
    module = types.ModuleType("inside." + name); module.__package__ = "inside"
    sys.modules[module.__name__] = module; setattr(package, name, module)
    exec(compile(text, "<sandbox " + name + ">", "exec"), module.__dict__)
module.main(socket.socket(fileno=int(sys.argv[1])), bundle["plan"])
"""
_SOURCES = (
    "syscalls",
    "wire",
    "confine",
    "wall",
    "narrow",
    "candidate",
    "room",
    "zygote",
)  # each needs only earlier ones
_INTERPRETER_FLAGS = ("-s", "-S", "-B", "-P")  # isolated, but PYTHONHASHSEED is heard


@cache
def _sources() -> tuple[tuple[str, str], ...]:
    folder = resources.files("journeyman.sandbox") / "inside"
    return tuple((name, (folder / f"{name}.py").read_text(encoding="utf-8")) for name in _SOURCES)


@cache
def filters(machine: str) -> dict[str, str]:
    """The seccomp programs for this processor, by name, in base64; empty for one that has none."""
    folder = resources.files("journeyman.sandbox") / "filters"
    found = {}
    for entry in folder.iterdir():
        name, _, rest = entry.name.partition(".")
        if rest == f"{machine}.bpf":
            found[name] = b64encode(entry.read_bytes()).decode("ascii")
    return found


def free_uid() -> int:
    """A user id no account has, different for each sandbox: two sandboxes started by root cannot touch one another."""
    return 2_000_000_000 + secrets.randbelow(140_000_000)


class CannotIsolate(SandboxFailure):
    """This host did not allow the wall that was asked for."""


class StartsThreads(SandboxFailure):
    """The declared packages start threads when they are imported, so nothing may be forked after that."""


_FAULTS = {"wall": CannotIsolate, "threads": StartsThreads}


class Zygote:
    """One started zygote. Not thread-safe. Raises SandboxFailure when it cannot be started or is lost."""

    def __init__(self, plan: Mapping[str, Any], executable: str, wrapper: Sequence[str] = ()) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process = subprocess.Popen(
                [*wrapper, executable, *_INTERPRETER_FLAGS, "-c", _BOOT, str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
                cwd="/",
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError as error:
            self._control.close()
            raise SandboxFailure(f"cannot start {executable}: {error.strerror}") from error
        finally:
            theirs.close()
        self.pid = self._process.pid
        self._started = False
        try:
            self._hand_over({"plan": dict(plan), "sources": _sources()})
            self.address_space = int(self._receive(START_S)[0]["address_space"])
            self._started = True
        except BaseException:
            self.close()
            raise

    def _hand_over(self, bundle: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it ended early; what it said is read later
            self._process.stdin.write(json.dumps(bundle).encode())
            self._process.stdin.close()

    def request(self, message: Mapping[str, Any], fds: Sequence[int]) -> int:
        """Ask for a room; returns a pidfd of its first process, which the caller closes."""
        try:
            socket.send_fds(self._control, [json.dumps(message).encode()], fds)
        except OSError as error:
            raise SandboxFailure(f"the sandbox's process is gone: {error.strerror}") from error
        return self._receive(START_S)[1][0]

    def fileno(self) -> int:
        """Becomes readable when the room is gone."""
        return self._control.fileno()

    def farewell(self, timeout_s: float) -> dict[str, Any]:
        """What the zygote says when every process of the room is dead: wait status, CPU seconds, kilobytes."""
        return self._receive(timeout_s)[0]

    def _receive(self, timeout_s: float) -> tuple[dict[str, Any], list[int]]:
        if not select.select([self._control], [], [], timeout_s)[0]:
            raise SandboxFailure(f"the sandbox's process did not answer within {timeout_s:g} s")
        try:
            data, fds, _, _ = socket.recv_fds(self._control, 1 << 16, 1)
        except OSError:
            data, fds = b"", []
        if not data:
            kind = SandboxFailure if self._started else CannotIsolate
            raise kind(f"the sandbox's process ended unexpectedly{self._last_words()}")
        message = json.loads(data)
        if "fault" in message:
            raise _FAULTS.get(message.get("stage"), SandboxFailure)(str(message["fault"]))
        return message, fds

    def _last_words(self) -> str:
        assert self._process.stderr is not None
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            return ""
        text = self._process.stderr.read(1 << 16).decode(errors="replace").strip()
        return f": {text.splitlines()[-1]}" if text else ""

    def close(self) -> None:
        """End it and everything it started. Idempotent."""
        self._control.close()
        if self._process.returncode is None:
            try:
                self._process.wait(END_S / 2)  # the closed socket is its sign to end everything
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for pipe in (self._process.stdin, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
