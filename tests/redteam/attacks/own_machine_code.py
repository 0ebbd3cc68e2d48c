# attack: make code writable, rewrite the interpreter's own functions and run machine code
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
import math

from kit import *


def solve(instance):
    if X86:
        page = libc.mmap(None, 4096, 7, 0x22, -1, 0)
        if page not in (None, ctypes.c_void_p(-1).value):
            code = bytes.fromhex("b801000000 c3")
            ctypes.memmove(page, code, len(code))
            ctypes.CFUNCTYPE(ctypes.c_int)(page)()
        address = ctypes.cast(libc.strtod, ctypes.c_void_p).value
        if libc.mprotect(ctypes.c_void_p(address & ~4095), 8192, 7) == 0:
            ctypes.memmove(address, bytes.fromhex("0f57c0 c3"), 4)
            math.isfinite(float("1.5"))
    return answer(instance)
