# attack: System V segments, queues and POSIX message queues, which outlive the process that made them (at most 2 GB here)
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
from kit import *


def solve(instance):
    libc.shmat.restype = ctypes.c_void_p
    made = 0
    for i in range(20):
        segment = libc.shmget(host.IPC_KEY + i, 100 << 20, 0o1600)
        if segment >= 0:
            place = libc.shmat(segment, None, 0)
            if place not in (None, ctypes.c_void_p(-1).value):
                ctypes.memset(place, 1, 100 << 20)
                libc.shmdt(ctypes.c_void_p(place))
                made += 1
    if made > 3:
        got(f"{made} segments of 100 MB")
    libc.msgget(host.IPC_KEY, 0o1600)
    libc.semget(host.IPC_KEY, 100, 0o1600)
    syscall(number(240, 180), ctypes.c_char_p(host.TOKEN.encode()), 0o102, 0o600, 0)
    return answer(instance)
