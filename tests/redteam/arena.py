"""What the tests of the red team stand on: the attacks and their headers, the tasks they run in, and a host with secrets.

An attack is a candidate program with a header of machine-read comments:

    attack        what it tries, one line
    contained-at  the levels that must contain it
    expect        seed-score | deserved | not-ok | deserved-or-not-ok | status:NAME
    task          a fixture task (data where none is named; see TASKS), or a built-in one
    says          a pattern that the feedback must have, where the reason matters
    then          another attack, run right after it by the same verifier
    bites-at      a level at which it must succeed, so that it is known to try what it says
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

import journeyman
from journeyman.verify import Candidate, Task, Verdict, Verifier
from journeyman.verify import lane as lane_module
from journeyman.verify.candidate import make_candidate

HERE = Path(__file__).parent
ATTACKS = HERE / "attacks"
PACKAGE = Path(journeyman.__file__).parent
TASKS = ("data", "data_short", "data_many", "data_npz", "policy", "policy_short", "build", "build_short")
LEVELS = ("namespaces", "restricted", "none")


@dataclass(frozen=True)
class Attack:
    """One candidate program of the folder `attacks` and what its header says."""

    name: str
    path: Path
    attack: str
    contained_at: tuple[str, ...]
    expect: str
    task: str = "data"
    then: str = ""
    says: str = ""
    bites_at: tuple[str, ...] = ()

    def contained(self, wall: str) -> bool:
        """Whether this wall must contain it."""
        return level_of(wall) in self.contained_at


def level_of(wall: str) -> str:
    """The isolation level that a wall makes; `namespaces` is made in two ways, tested apart."""
    return "namespaces" if wall in ("embedded", "bubblewrap") else wall


def read_attacks() -> dict[str, Attack]:
    """Every attack by file name. Raises ValueError for a header that is not whole."""
    found = {}
    for path in sorted(ATTACKS.iterdir()):
        if path.is_file():
            found[path.name] = _read_attack(path)
    return found


def _read_attack(path: Path) -> Attack:
    fields = dict(
        re.findall(r"^(?:#|//) ([a-z-]+): (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    if not {"attack", "contained-at", "expect"} <= set(fields):
        raise ValueError(f"{path.name}: the header needs attack, contained-at and expect")
    levels = tuple(fields["contained-at"].split())
    if not set(levels) <= set(LEVELS):
        raise ValueError(f"{path.name}: unknown level in {levels}")
    return Attack(
        path.name, path, fields["attack"], levels, fields["expect"], fields.get("task", "data"),
        fields.get("then", ""), fields.get("says", ""), tuple(fields.get("bites-at", "").split()),
    )  # fmt: skip


# --- the host ---------------------------------------------------------------------------------------------------------


class Ears:
    """Services on the host's loopback and in its name spaces; `heard` names each contact."""

    def __init__(self, folder: Path, abstract: str) -> None:
        self.heard: list[str] = []
        self._sockets = {
            "tcp": socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True),
            "udp": socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
            "abstract": socket.socket(socket.AF_UNIX),
            "abstract datagram": socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),
            "path": socket.socket(socket.AF_UNIX),
        }
        self._sockets["udp"].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self._sockets["udp"].bind(("", 0))
        self._sockets["abstract"].bind("\0" + abstract)
        self._sockets["abstract datagram"].bind("\0" + abstract + "-datagram")
        self._sockets["path"].bind(str(folder / "service"))
        os.chmod(folder / "service", 0o777)
        for name, listening in self._sockets.items():
            if listening.type == socket.SOCK_STREAM:
                listening.listen(8)
            listening.settimeout(None)
            threading.Thread(target=self._listen, args=(name, listening), daemon=True).start()
        self.tcp = self._sockets["tcp"].getsockname()[1]
        self.udp = self._sockets["udp"].getsockname()[1]

    def _listen(self, name: str, listening: socket.socket) -> None:
        while True:
            try:
                if listening.type == socket.SOCK_STREAM:
                    listening.accept()[0].close()
                else:
                    listening.recv(65536)
            except OSError:
                return
            self.heard.append(name)

    def close(self) -> None:
        for listening in self._sockets.values():
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()


class Host:
    """A machine with something to lose. One for each file of tests; `check` says what an attack changed."""

    def __init__(self, folder: Path) -> None:
        self.token = "rt" + secrets.token_hex(
            4
        )  # names everything that an attack makes; 10 letters fit a process's name
        self.ipc_key = 0x52000000 + secrets.randbelow(1 << 20) * 32
        self.secrets: list[str] = []
        self.folder = folder
        folder.chmod(0o755)
        self.home = folder / "home"
        for name in (".ssh/id_rsa", ".config/journeyman/key", ".aws/credentials", ".netrc"):
            self._plant(self.home / name)
        self._plant(folder / "key.txt")
        self.runs = folder / "runs"
        self._plant_run(self.runs / "earlier")
        self.environment = {
            name: self._secret() for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "HF_TOKEN")
        }
        self._before = {name: os.environ.get(name) for name in (*self.environment, "HOME", "TMPDIR")}
        # Where sandboxes put scratch folders; anyone can get there, as to /tmp.
        self.scratch = Path(tempfile.mkdtemp(prefix="redteam-"))
        self.scratch.chmod(0o711)
        os.environ.update(self.environment | {"HOME": str(self.home), "TMPDIR": str(self.scratch)})
        self.number = struct.unpack("<d", b"\x37\x13\xfe\xca\x5e" + secrets.token_bytes(1) + b"\xe8\x3f")[0]
        self.ears = Ears(folder, self.token)
        self.sentinel = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(3600)"],
            env=dict(os.environ),
            start_new_session=True,
        )
        self.site_packages = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
        self.victims = [
            PACKAGE / "errors.py",
            PACKAGE / "verify" / "score.py",
            Path(psutil.__file__),
            Path(os.__file__),
        ]
        self.tasks = {name: self._task(name) for name in TASKS}
        self._state = self._look()

    def _secret(self) -> str:
        self.secrets.append("PLANTED-" + secrets.token_hex(16))
        return self.secrets[-1]

    def _plant(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"key = {self._secret()}\n")
        path.chmod(0o644)

    def _plant_run(self, folder: Path) -> None:
        from journeyman.runlog import RunLog

        with RunLog.create(folder, verb="optimize", header={"note": self._secret()}) as log:
            log.append("trial", "0", {"note": self._secret()})
        self._plant(folder / "best" / "candidate.py")

    def _task(self, name: str) -> Path:
        """A copy of a fixture task with secrets in its verifier and instances; the variants of `data` differ in limits."""
        folder = self.folder / "tasks" / name
        if not (source := HERE / f"task_{name.split('_')[0]}").is_dir():
            return folder
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (folder / "verifier.py", *(folder / "instances").iterdir()):
            text = path.read_text()
            while "@CANARY@" in text:
                text = text.replace("@CANARY@", self._secret(), 1)
            path.write_text(text.replace('"@NUMBER@"', repr(self.number)))
        settings = (folder / "task.toml").read_text()
        if name == "data_many":
            settings = settings.replace("memory_mb = 256", "memory_mb = 400\nprocesses = 16")
        if name == "build_short":
            settings = settings.replace("wall_s = 20", "wall_s = 1.5")
        elif name.endswith("_short"):
            settings = settings.replace("wall_s = 20\ncpu_s = 8", "wall_s = 1.5\ncpu_s = 0.7")
            for path in (folder / "instances").iterdir():
                path.write_text(path.read_text().splitlines()[0])
        if name == "data_npz":
            settings = settings.replace(
                'entry = "solve"', 'entry = "solve"\nresult = "npz"\npackages = ["numpy"]'
            )
            seed = (
                'import numpy\n\n\ndef solve(instance):\n    return {"x": numpy.array(instance["rough"])}\n'
            )
            (folder / "seed.py").write_text(seed)
        (folder / "task.toml").write_text(settings)
        return folder

    def known(self, task: Path, wall: str, lanes: list[int]) -> dict[str, object]:
        """What an attacker is taken to know beforehand: places, names and numbers, never a secret."""
        return {
            "TOKEN": self.token, "HOME": str(self.home), "TMP": str(self.folder), "RUNS": str(self.runs),
            "TASK": str(task), "PACKAGE": str(PACKAGE), "SITE_PACKAGES": self.site_packages,
            "VICTIMS": [str(p) for p in self.victims], "SENTINEL_PID": str(self.sentinel.pid),
            "PIDS": [str(pid) for pid in (os.getpid(), *lanes)], "TCP": self.ears.tcp, "UDP": self.ears.udp,
            "ABSTRACT": self.token, "ADDRESS": _own_address(), "IPC_KEY": self.ipc_key, "LEVEL": level_of(wall),
            "KEY": f"{self.folder}/key.txt", "VERIFIER": f"{task}/verifier.py",
        }  # fmt: skip

    def check(self) -> list[str]:
        """What is not as it was before the first attack; empty for an unharmed host."""
        wrong = []
        if alive := self.left_alive():
            wrong.append(f"alive two seconds after the verdict: {alive}")
        if self.sentinel.poll() is not None:
            wrong.append("the process of the host is dead")
        elif psutil.Process(self.sentinel.pid).status() == psutil.STATUS_STOPPED:
            os.kill(self.sentinel.pid, signal.SIGCONT)
            wrong.append("the process of the host was stopped")
        if self.ears.heard:
            wrong.append(f"services were reached: {sorted(set(self.ears.heard))}")
            self.ears.heard.clear()
        if left := [str(p) for p in self.scratch.glob("*/rooms/*")]:
            wrong.append(f"scratch folders are left: {left}")
        now = self._look()
        wrong += [
            f"{what}: {self._state[what]!r} became {now[what]!r}"
            for what in now
            if now[what] != self._state[what]
        ]
        self._state = now
        return wrong

    def left_alive(self) -> list[str]:
        """Processes of an attack that live on, looked for until none is left, for two seconds."""
        until = time.monotonic() + 2.0
        while found := [f"{p.pid} {p.name()}" for p in psutil.process_iter() if self._is_attack(p)]:
            if time.monotonic() > until:
                return found
        return []

    def _is_attack(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            return self.token in process.name() or any(
                a.startswith("3153600") for a in process.cmdline()[1:2]
            )
        return False

    def _look(self) -> dict[str, object]:
        """Everything small that an attack might change, in a form that can be compared."""
        ours = [p for p in self.folder.rglob("*") if p.is_file() and "-shm" not in p.name]
        marked = [
            str(p) for p in self.victims
            if not p.is_file() or self.token.encode() in p.read_bytes() or p.stat().st_mode & 0o022
        ]  # fmt: skip
        shared = ("/dev/shm", "/dev/mqueue", "/tmp", "/var/tmp", "/run", "/etc", "/")
        places = [*map(Path, (*self.site_packages, *shared)), PACKAGE, *{p.parent for p in self.victims}]
        planted = sorted(str(p) for place in places if place.is_dir() for p in place.glob(f"*{self.token}*"))
        ipc = [
            line
            for kind in ("shm", "sem", "msg")
            for line in _lines(f"/proc/sysvipc/{kind}")
            if self._ours(line)
        ]
        return {
            "planted files": [{p.relative_to(self.folder).as_posix(): _digest(p) for p in sorted(ours)}],
            "victims": marked,
            "files of the attack": planted,
            "System V objects": ipc,
            "mounts": [line.split(" - ")[0].split(" ", 3)[3] for line in _lines("/proc/self/mountinfo")],
            "core pattern": _lines("/proc/sys/kernel/core_pattern"),
            "host name": socket.gethostname(),
            "core files": [
                p.name for p in (*Path.cwd().glob("core*"), *Path("/").glob("core*")) if p.is_file()
            ],
        }

    def _ours(self, line: str) -> bool:
        key = line.split()[0].lstrip("-")
        return key.isdigit() and self.ipc_key <= int(key) < self.ipc_key + 32

    def close(self) -> None:
        self.sentinel.kill()
        self.sentinel.wait()
        self.ears.close()
        shutil.rmtree(self.scratch, ignore_errors=True)
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _own_address() -> str:
    return next(
        (a.address for entries in psutil.net_if_addrs().values() for a in entries
         if a.family == socket.AF_INET and not a.address.startswith("127.")),
        "127.0.0.1",
    )  # fmt: skip


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] + oct(path.stat().st_mode)


# --- an attack's verdict -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def open_verifier(task: Task, wall: str) -> Iterator[Verifier]:
    """The real verifier behind one wall. "embedded" is a host on which bubblewrap is not installed."""
    plain = lane_module._start
    if wall == "embedded":
        hide = "import shutil as s\nw = s.which\ns.which = lambda n, *a, **k: None if n == 'bwrap' else w(n, *a, **k)\n"
        lane_module._start = lambda *fds: hide + plain(*fds)
    try:
        verifier = Verifier(task, level=level_of(wall))
    finally:
        lane_module._start = plain
    try:
        yield verifier
    finally:
        verifier.close()


class Arena:
    """One task behind one wall, with the seed's verdict known."""

    def __init__(self, host: Host, task: Task, wall: str, verifier: Verifier) -> None:
        self.host, self.task, self.wall, self.verifier = host, task, wall, verifier
        self.seed = verifier.evaluate(task.seed)
        assert self.seed.ok, self.seed.feedback
        self._before: list[str] = []

    def candidate(self, attack: Attack) -> Candidate:
        """The attack with what it may know and its tools beside it."""
        lanes = [p.pid for p in psutil.Process().children()]
        known = self.host.known(self.task.folder, self.wall, lanes)
        if attack.path.suffix == ".c":
            macros = "".join(
                f"#define HOST_{k} {json.dumps(v)}\n" for k, v in known.items() if isinstance(v, str | int)
            )
            kit = (ATTACKS / "kit" / "kit.h").read_bytes()
            return make_candidate({self.task.main: attack.path.read_bytes(), "host.h": macros, "kit.h": kit})
        files = {path.name: path.read_bytes() for path in (ATTACKS / "kit").glob("*.py")}
        text = "".join(f"{k} = {v!r}\n" for k, v in known.items())
        return make_candidate({**files, "host.py": text, self.task.main: attack.path.read_bytes()})

    def run(self, attack: Attack) -> Verdict:
        """The attack's verdict."""
        self._before = self._tree()
        made = self.candidate(attack)
        if self.task.id.startswith("redteam/"):
            return self.verifier.evaluate(made)
        # A built-in task keeps a candidate to its editable block; here its verifier itself is tried.
        return self.verifier.evaluate(made, instances=self.task.instances("dev")[:2], anywhere=True)

    def leftovers(self) -> list[str]:
        """What the verifiers' trees have more than before the attack: a zygote and its waiters may be others, not more."""
        until = time.monotonic() + 2.0
        while len(now := self._tree()) > len(self._before):
            if time.monotonic() > until:
                return now
        return []

    def _tree(self) -> list[str]:
        found = []
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if process.pid != self.host.sentinel.pid:
                    found.append(f"{process.pid} {process.name()}")
        return found


class Scales:
    """The resident memory of all processes of the attack together, looked at every 20 ms while it runs; MB."""

    def __init__(self, host: Host) -> None:
        self._host, self.most_mb = host, 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._weigh)

    def __enter__(self) -> Scales:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _weigh(self) -> None:
        while not self._over.wait(0.02):
            total = 0
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if self._host.token in process.name():
                        total += process.memory_info().rss
            self.most_mb = max(self.most_mb, total / 1e6)


def loot(verdict: Verdict) -> list[str]:
    """What the attack reported in its design, or in the words of its exception."""
    found = []
    for name, data in verdict.artifacts.items():
        if name.endswith("design.json"):
            design = json.loads(data)
            answers = design if isinstance(design, list) else [design]
            found += [item for a in answers if isinstance(a, dict) for item in a.get("loot", [])]
    found += re.findall(r"LOOT: .*", verdict.feedback)
    return sorted(set(map(str, found)))


def deserved(task: Task, verdict: Verdict) -> float:
    """The score that the designs in the verdict deserve, by this file's own arithmetic."""
    if task.exchange == "build":
        times = json.loads(verdict.artifacts["times.json"])
        return statistics.median(
            r / c for r, c in zip(times["reference_s"], times["candidate_s"], strict=True)
        )
    scores = []
    for instance in task.instances("dev"):
        prefix = f"{instance.name}/" if len(task.instances("dev")) > 1 else ""
        design = json.loads(verdict.artifacts[prefix + "design.json"])
        if task.exchange == "data":
            x = design["x"]
            objective = sum((a - b) ** 2 for a, b in zip(x, instance.hidden["target"], strict=True))
        else:
            at = objective = 0.0
            pushes = [a["u"] if isinstance(a, dict) else a for a in design]
            for goal, push in zip(instance.hidden["reference"], pushes, strict=True):
                at += instance.public["gain"] * push
                objective += (goal - at) ** 2 / len(pushes)
        assert instance.anchors
        base = instance.anchors.baseline
        scores.append((base - objective) / (base - instance.anchors.reference))
    return sum(scores) / len(scores)
