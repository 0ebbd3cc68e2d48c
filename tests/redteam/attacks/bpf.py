# attack: load a BPF map and program
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
from kit import *


def solve(instance):
    attributes = (ctypes.c_uint32 * 32)(2, 4, 4, 1)
    if syscall(number(321, 280), 0, ctypes.byref(attributes), 128) >= 0:
        got("bpf map")
    return answer(instance)
