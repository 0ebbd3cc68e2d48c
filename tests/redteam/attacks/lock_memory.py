# attack: lock memory, raise limits, take real-time priority and every core
# contained-at: namespaces restricted
# expect: seed-score
import os
import resource

from kit import *


def solve(instance):
    for name in ("AS", "CPU", "NPROC", "NOFILE", "FSIZE", "CORE", "MEMLOCK", "NICE", "RTPRIO"):
        which = getattr(resource, f"RLIMIT_{name}", None)
        if which is None:
            which = {"NICE": 13, "RTPRIO": 14}[name]
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            with quietly():
                resource.setrlimit(which, (hard + 1, hard + 1))
                got(f"raised {name}")
        elif name in ("AS", "CPU", "NPROC", "NOFILE"):
            got(f"{name} is not limited")
    with quietly():
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        got("real-time priority")
    with quietly():
        os.setpriority(os.PRIO_PROCESS, 0, -5)
        got("higher priority")
    # A limit on address space bounds what can be locked.
    libc.mlockall(3)
    libc.munlockall()
    return answer(instance)
