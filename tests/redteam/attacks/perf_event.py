# attack: perf_event_open, on itself and on everything
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
from kit import *


def solve(instance):
    attributes = (ctypes.c_uint32 * 32)(1, 128, 0, 0)
    for pid, cpu in ((0, -1), (-1, 0)):
        if syscall(number(298, 241), ctypes.byref(attributes), pid, cpu, -1, 0) >= 0:
            got(f"perf_event_open {pid}")
    return answer(instance)
