"""What the attacks share: where the loot goes, the seed's answers, and system calls by number.

A secret planted by the test reads PLANTED-<32 hex digits>; `tell` looks for one. An attack that manages anything it should
not reports it with `got`, and the test fails on any report.
"""

import contextlib
import ctypes
import os
import platform
import re

import host

LOOT = []
MARK = re.compile(rb"PLANT[E]D-[0-9a-f]{32}")
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
libc.mmap.restype = ctypes.c_void_p
libc.prctl(15, host.TOKEN.encode(), 0, 0, 0)  # PR_SET_NAME: the test finds by it what is left of us
X86 = platform.machine() == "x86_64"


def got(what):
    if len(LOOT) < 50:
        LOOT.append(ascii(what)[:300])


def tell(data, where):
    if isinstance(data, str):
        data = data.encode("utf-8", "replace")
    for found in sorted(set(MARK.findall(data)))[:5]:
        got(f"{where}: {found.decode()}")


def quietly():
    return contextlib.suppress(Exception)


def number(x86, arm):
    return x86 if X86 else arm


def syscall(nr, *args):
    """The result of a system call, or minus its errno."""
    result = libc.syscall(ctypes.c_long(nr), *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    return -ctypes.get_errno() if result == -1 else result


def read(path, limit=1 << 22):
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        data = b""
        while len(data) < limit:
            piece = os.read(fd, 1 << 16)
            if not piece:
                break
            data += piece
        return data
    finally:
        os.close(fd)


def steal(path):
    """Look for a planted secret in a file."""
    with quietly():
        tell(read(path), path)


def honest(instance):
    return list(instance["rough"])


def answer(instance):
    return {"x": honest(instance), "loot": LOOT}


def surrender():
    """Raise what was found, for attacks that cannot answer."""
    raise RuntimeError("LOOT: " + "; ".join(LOOT) if LOOT else "nothing was found")


def own_memory():
    """(address, bytes) of what this process can read: by its map, or where there is no /proc by feeling around known places."""
    r, w = os.pipe()
    libc.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
    size = 1 << 16
    with quietly():
        with open("/proc/self/maps") as maps:
            areas = [tuple(int(x, 16) for x in line.split()[0].split("-")) for line in maps if line.split()[1][0] == "r"]
        for begin, end in areas:
            for at in range(begin, end, size):
                n = libc.write(w, at, min(size, end - at))
                if n <= 0:
                    break
                yield at, os.read(r, n)
        return
    import gc

    libc.sbrk.restype = ctypes.c_void_p
    places = {id(thing) for thing in gc.get_objects()} | {libc.sbrk(0) - size, ctypes.addressof(ctypes.c_char(b"x"))}
    places |= {ctypes.cast(getattr(libc, name), ctypes.c_void_p).value for name in ("malloc", "printf")}
    seen = set()
    for place in sorted(places):
        for step in (1, -1):
            page = place // size + (step < 0) * step
            while page not in seen and page > 0:
                n = libc.write(w, page * size, size)
                if n <= 0:
                    break
                seen.add(page)
                yield page * size, os.read(r, n)
                page += step
