# attack: make a process with clone, clone3 and vfork, with CLONE_PARENT and without a termination signal
# contained-at: namespaces restricted
# expect: seed-score
import os

from kit import *


def solve(instance):
    me = os.getpid()
    calls = [(number(56, 220), flags, 0, 0, 0, 0) for flags in (17, 0, 0x8000 | 17, 0x8000, 0x20000 | 17, 0x80000000)]
    record = (ctypes.c_uint64 * 11)(0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0)
    calls.append((435, ctypes.byref(record), 88))
    if X86:
        calls.append((57,))
    for call in calls:
        result = syscall(*call)
        if os.getpid() != me or result == 0:
            libc.pause()
        if result > 0:
            got(f"system call {call[0]} with {call[1:2]} made process {result}")
    return answer(instance)
