# task: data_short
# attack: stop the parent and everything else (SIGSTOP), so that nobody enforces a limit, then spin
# contained-at: namespaces restricted
# expect: status:timeout
import os
import signal

from kit import *


def solve(instance):
    for pid in (os.getppid(), 1, int(host.SENTINEL_PID), *map(int, host.PIDS)):
        with quietly():
            os.kill(pid, signal.SIGSTOP)
    # Everything but the caller is meant by -1.
    with quietly():
        os.kill(-1, signal.SIGSTOP)
    while True:
        pass
