# attack: attach to the parent, the zygote and a process of the host with ptrace, and write their memory
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os

from kit import *


def solve(instance):
    for pid in (os.getppid(), 1, int(host.SENTINEL_PID), *map(int, host.PIDS)):
        if pid == os.getpid():
            continue
        for request in (16, 0x4206):  # ATTACH, SEIZE
            if syscall(number(101, 117), request, pid, 0, 0) >= 0:
                got(f"ptrace {request} of {pid}")
                syscall(number(101, 117), 17, pid, 0, 0)
    return answer(instance)
