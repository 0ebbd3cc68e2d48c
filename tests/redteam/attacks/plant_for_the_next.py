# attack: leave something where the next run would find it: files, modules, sockets, shared memory, locks, seeds, settings
# contained-at: namespaces restricted
# expect: seed-score
# then: find_what_was_left.py
import os
import random
import socket
import sys

from kit import *


def solve(instance):
    for folder in ("/tmp", ".", "..", "/dev/shm", "/var/tmp", "/run", "/dev/mqueue"):
        for name in ("left-behind", "candidate.py", "sitecustomize.py", "numpy.py", "host.py", host.TOKEN):
            path = f"{folder}/{name}"
            with quietly():
                if not os.path.exists(path):
                    with open(path, "w") as file:
                        file.write(f"# {host.TOKEN}\n")
    with quietly():
        line = socket.socket(socket.AF_UNIX)
        line.bind("\0left-behind")
    libc.shmget(host.IPC_KEY, 4096, 0o1600)
    libc.semget(host.IPC_KEY, 1, 0o1600)
    libc.umask(0o777)
    random.seed(1)
    sys.modules["left_behind"] = sys
    libc.prctl(1, 0, 0, 0, 0)
    with quietly():
        os.nice(10)
    return answer(instance)
