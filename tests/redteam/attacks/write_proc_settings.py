# attack: change the kernel's settings: core pattern, sysrq, hostname, overcommit, one's own out-of-memory score
# contained-at: namespaces restricted
# expect: seed-score
import os

from kit import *


def solve(instance):
    # Each setting is written as it was read, so that nothing changes should a wall be missing; sysrq 'h' only prints help.
    for name in ("kernel/core_pattern", "kernel/hostname", "kernel/modprobe", "kernel/sysrq", "kernel/yama/ptrace_scope",
                 "vm/overcommit_memory", "vm/drop_caches", "kernel/ns_last_pid", "fs/binfmt_misc/register",
                 "kernel/unprivileged_bpf_disabled", "net/ipv4/ip_forward", "kernel/hotplug", "kernel/poweroff_cmd"):
        with quietly():
            path = f"/proc/sys/{name}"
            with open(path) as file:
                value = file.read()
            fd = os.open(path, os.O_WRONLY)
            os.write(fd, value.encode())
            got(f"wrote {path}")
    with quietly():
        fd = os.open("/proc/sysrq-trigger", os.O_WRONLY)
        os.write(fd, b"h")
        got("sysrq")
    for name in ("oom_score_adj",):
        with quietly():
            fd = os.open(f"/proc/self/{name}", os.O_WRONLY)
            os.write(fd, b"-1000")
            got(f"{name} is -1000")
    for path in ("/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory/cgroup.procs", "/sys/kernel/mm/transparent_hugepage/enabled"):
        with quietly():
            os.close(os.open(path, os.O_WRONLY))
            got(path)
    return answer(instance)
