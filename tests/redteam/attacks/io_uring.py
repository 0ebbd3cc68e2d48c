# attack: io_uring, whose operations no system call filter sees
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
from kit import *


def solve(instance):
    fd = syscall(425, 4, ctypes.byref((ctypes.c_uint32 * 30)()))
    if fd >= 0:
        got("io_uring_setup")
    return answer(instance)
