# attack: become root in a nested user namespace, by unshare, clone, clone3 and setns
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os

from kit import *

FLAGS = {"user": 0x10000000, "mount": 0x20000, "pid": 0x20000000, "net": 0x40000000, "ipc": 0x8000000, "uts": 0x4000000,
         "cgroup": 0x2000000, "time": 0x80}


def solve(instance):
    me = os.getpid()
    for name, flag in FLAGS.items():
        if syscall(number(272, 97), flag) == 0:
            got(f"unshare {name}")
        for result in (syscall(number(56, 220), flag | 17, 0, 0, 0, 0),
                       syscall(435, ctypes.byref((ctypes.c_uint64 * 11)(flag, 0, 0, 0, 17)), 88)):
            if os.getpid() != me or result == 0:
                libc.pause()
            if result > 0:
                got(f"clone {name}")
    for name in ("user", "mnt", "net", "pid"):
        with quietly():
            fd = os.open(f"/proc/{os.getppid()}/ns/{name}", os.O_RDONLY)
            if syscall(number(308, 268), fd, 0) == 0:
                got(f"setns {name}")
    with quietly():
        if os.geteuid() == 0:
            got("effective user 0")
    return answer(instance)
