# attack: look for what an earlier run left: files, modules, sockets, shared memory, settings
# contained-at: namespaces restricted
# expect: seed-score
import os
import socket
import sys

from kit import *


def solve(instance):
    for folder in ("/tmp", ".", "..", "/dev/shm", "/var/tmp", "/run", "/dev/mqueue"):
        with quietly():
            for name in os.listdir(folder):
                if name in ("left-behind", "numpy.py", "sitecustomize.py") or host.TOKEN in name:
                    got(f"{folder}/{name}")
                if name.startswith(("scratch", "journeyman")) and os.path.realpath(f"{folder}/{name}") != os.getcwd():
                    with quietly():
                        got(f"another's folder {os.listdir(f'{folder}/{name}')}")
    with quietly():
        line = socket.socket(socket.AF_UNIX)
        line.connect("\0left-behind")
        got("an abstract socket")
    if libc.shmget(host.IPC_KEY, 4096, 0) >= 0 or libc.semget(host.IPC_KEY, 1, 0) >= 0:
        got("shared memory or a semaphore")
    if "left_behind" in sys.modules:
        got("a module")
    if os.getpriority(os.PRIO_PROCESS, 0) > 9:
        got("a priority")
    return answer(instance)
