"""What a candidate can find out: nothing of this host, of our process, of the package, or of another run."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import CONTAINED, open_box, solve

import journeyman
from journeyman.sandbox import Limits, Sandbox

KEY = "sk-" + secrets.token_hex(16)


@pytest.fixture(scope="module", params=CONTAINED)
def keyed(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox made by a process with a key in its environment and in its memory."""
    os.environ["JOURNEYMAN_TEST_KEY"] = KEY
    try:
        with open_box(request.param) as sandbox:
            yield sandbox
    finally:
        del os.environ["JOURNEYMAN_TEST_KEY"]


WALK = """
found = []
for folder, folders, names in os.walk(args[0], onerror=lambda e: None):
    found += [os.path.join(folder, n) for n in names + folders]
    if len(found) > 300000: break
"""


def test_the_environment_is_an_allow_list(keyed: Sandbox) -> None:
    names = solve(keyed, "return sorted(os.environ)").value
    assert isinstance(names, list)
    assert "JOURNEYMAN_TEST_KEY" not in names
    assert len(names) < 25


def test_proc_shows_no_other_process(keyed: Sandbox) -> None:
    body = """
out = {}
for pid in range(1, 1000):
    try: out[pid] = open(f'/proc/{pid}/environ').read()
    except OSError: pass
for path in args:
    try: out[path] = open(path).read(100)
    except OSError: pass
return out
"""
    me = os.getpid()
    value = solve(
        keyed, body, f"/proc/{me}/environ", f"/proc/{me}/cmdline", "/proc/1/environ", "/proc/self/environ"
    ).value
    assert value == {}


def test_the_heap_holds_no_key_and_no_other_job(keyed: Sandbox) -> None:
    """Search the process's whole memory by address, through the kernel, for strings this test has just used here."""
    other = "other-" + secrets.token_hex(16)
    assert solve(keyed, "return len(args[0])", other).value == len(other)
    body = """
needles = [bytes.fromhex(part)[::-1] for part in args]
libc = ctypes.CDLL(None)
libc.memmem.restype = ctypes.c_void_p
r, w = os.pipe()
copy = ctypes.create_string_buffer(4096)
mine = ctypes.addressof(copy)
pages = hits = 0
# There is no /proc/self/maps: walk around living objects, page by page; write() refuses what is not mapped.
for seed in {x & ~0xFFFFFFF for x in (id(object()), id(sys), id(b''), mine)}:
    for page in range(seed, seed + 0x10000000, 4096):
        if mine - 4096 < page < mine + 4096 or libc.write(w, ctypes.c_void_p(page), ctypes.c_size_t(4096)) != 4096:
            continue
        pages += 1
        libc.read(r, copy, ctypes.c_size_t(4096))
        for needle in needles:
            at = libc.memmem(copy, ctypes.c_size_t(4096), needle, ctypes.c_size_t(len(needle)))
            if at and page + at - mine != id(needle) + bytes.__basicsize__ - 1:
                hits += 1
return [pages, hits]
"""
    hidden = [text.encode()[::-1].hex() for text in (KEY, other)]
    ended = solve(keyed, body, *hidden, limits=Limits(wall_s=60, cpu_s=60))
    assert isinstance(ended.value, list), ended
    pages, hits = ended.value
    assert pages > 100
    assert hits == 0


def test_no_file_of_the_host_is_visible(contained: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    package = Path(journeyman.__file__).parent
    for path in (secret, package / "errors.py", package / "sandbox" / "box.py", Path(__file__), Path("/etc/shadow"),
                 Path.home() / ".bashrc", Path("/etc/hostname"), Path("/etc/machine-id")):  # fmt: skip
        ended = solve(contained, "return open(args[0]).read()", str(path))
        assert ended.end == "raised", (path, ended)
    for folder in (Path.home(), tmp_path, package, Path("/var"), Path("/run"), Path("/sys"), Path("/opt")):
        ended = solve(contained, "return os.listdir(args[0])", str(folder))
        names = ended.value if ended.end == "returned" else []
        assert isinstance(names, list)
        assert set(names) <= {".pyenv", ".local"}, (folder, names)  # on the way to the interpreter


def test_no_python_file_but_the_standard_library(contained: Sandbox) -> None:
    body = (
        WALK
        + "return [f for f in found if 'journeyman' in f or 'site-packages/' in f or 'dist-packages/' in f]"
    )
    limits = Limits(wall_s=60, cpu_s=60, memory_mb=2000)
    assert solve(contained, body, "/", limits=limits).value == []
    for folder in {os.path.dirname(os.__file__), "/usr/lib/python3", "/site"}:
        assert solve(contained, body, folder, limits=limits).value == [], folder


def test_nothing_outside_the_scratch_folder_can_be_written(contained: Sandbox) -> None:
    body = """
made = []
home = os.path.dirname(os.__file__)
for folder in ['/', '/usr', '/usr/lib', '/etc', '/dev', '/var/tmp', '/site', '/proc', '/run', home, *args]:
    for act in (lambda: open(folder + '/jm-planted', 'w'), lambda: os.mkdir(folder + '/jm-planted'),
                lambda: os.symlink('/', folder + '/jm-planted'), lambda: os.mkfifo(folder + '/jm-planted')):
        try: act(); made.append(folder)
        except OSError: pass
for act in (lambda: os.remove(os.__file__), lambda: os.rename(os.__file__, home + '/x'), lambda: os.utime(os.__file__),
            lambda: os.truncate(os.__file__, 0), lambda: os.chmod(os.__file__, 0o777), lambda: os.chmod('/dev/null', 0o600)):
    try: act(); made.append('changed')
    except OSError: pass
return made
"""
    ended = solve(contained, body, str(Path.home()), "/tmp/..", str(Path(journeyman.__file__).parent))
    assert ended.value == [], ended


def test_chmod_of_ones_own_files_outside_is_refused(contained: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("x")
    before = file.stat()
    solve(contained, "for f in (lambda: os.chmod(args[0], 0o777), lambda: os.utime(args[0], (1, 1))):\n"
                     "    try: f()\n    except OSError: pass", str(file))  # fmt: skip
    after = file.stat()
    assert (before.st_mode, before.st_mtime) == (after.st_mode, after.st_mtime)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_no_network_loopback_included(contained: Sandbox, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        server = socket.create_server((address, 0), family=family)
    except OSError:
        pytest.skip(f"this host has no {address}")
    accepted = []
    server.settimeout(0.2)
    body = """
import socket
s = socket.socket(socket.AF_INET6 if ':' in args[0] else socket.AF_INET)
s.settimeout(2); s.connect((args[0], args[1])); s.send(b'x')
"""
    with server:
        ended = solve(contained, body, address, server.getsockname()[1])
        with contextlib.suppress(TimeoutError):
            accepted.append(server.accept())
    assert ended.end == "raised"
    assert accepted == []


def test_no_datagram_no_other_family(contained: Sandbox) -> None:
    body = """
import socket
got = []
for family in range(46):
    for kind in (1, 2, 3):
        try:
            s = socket.socket(family, kind)
            if family in (2, 10): s.sendto(b'x', ('8.8.8.8' if family == 2 else '2001:4860:4860::8888', 53))
            if family != 1: got.append([family, kind])
        except OSError: pass
return got
"""
    assert solve(contained, body).value == []


def test_no_abstract_socket_of_the_host(contained: Sandbox) -> None:
    name = "\0jm-" + secrets.token_hex(8)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        ended = solve(
            contained,
            "import socket; socket.socket(socket.AF_UNIX).connect(args[0]); return 'connected'",
            name,
        )
    assert ended.end == "raised", ended


def test_no_socket_file_of_the_host(contained: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        path.chmod(0o777)
        ended = solve(
            contained,
            "import socket; socket.socket(socket.AF_UNIX).connect(args[0]); return 'connected'",
            str(path),
        )
    assert ended.end == "raised", ended


def test_our_process_cannot_be_signalled_or_traced(contained: Sandbox) -> None:
    got = []
    me = os.getpid()
    event = threading.Event()
    import signal

    previous = signal.signal(signal.SIGUSR1, lambda *_: (got.append(1), event.set()))
    try:
        body = """
done = []
for pid in [args[0], args[1], os.getppid(), -1]:
    for number in (0, 10, 9) if pid != -1 else (10,):
        try:
            os.kill(pid, number)
            if pid != os.getpid() and pid not in (0, 1, -1): done.append([pid, number])
        except OSError: pass
libc = ctypes.CDLL(None, use_errno=True)
for pid in (args[0], os.getppid()):
    if libc.ptrace(16, pid, 0, 0) == 0: done.append(['ptrace', pid])
return done
"""
        with_zygote = contained._start.zygote.pid  # type: ignore[union-attr]
        ended = solve(contained, body, me, with_zygote, limits=Limits(wall_s=10))
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert got == []
    assert ended.value in ([], None), ended
    assert solve(contained, "return 1").value == 1


def test_no_namespace_no_mount_no_privilege(contained: Sandbox) -> None:
    body = """
libc = ctypes.CDLL(None, use_errno=True)
won = []
for flag in (0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
    if libc.unshare(flag) == 0: won.append(['unshare', flag])
if libc.mount(b'x', b'/tmp', b'tmpfs', 0, None) == 0: won.append('mount')
if libc.chroot(b'/tmp') == 0: won.append('chroot')
for call in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]), lambda: os.nice(-5)):
    try: call(); won.append('privilege')
    except OSError: pass
return [won, os.getuid() != 0, libc.prctl(39, 0, 0, 0, 0)]
"""
    assert solve(contained, body).value == [[], True, 1]


def test_descriptors_are_only_its_own(contained: Sandbox) -> None:
    body = """
open_ = []
for fd in range(2000):
    try: os.fstat(fd); open_.append(fd)
    except OSError: pass
return open_
"""
    assert solve(contained, body).value == [0, 1, 2, 3, 4]
