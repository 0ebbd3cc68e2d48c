# attack: fill the disk from the scratch folder (at most 2 GB here), written and as allocated space
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os

from kit import *


def solve(instance):
    written = 0
    with quietly():
        fd = os.open("allocated", os.O_CREAT | os.O_WRONLY)
        os.posix_fallocate(fd, 0, 1 << 30)
        got("1 GB allocated")
    with quietly():
        os.unlink("allocated")
    block = b"\1" * (1 << 20)
    for i in range(20):
        with quietly():
            with open(f"full{i}", "wb") as file:
                for _ in range(100):
                    file.write(block)
                    file.flush()
                    written += len(block)
    if written > 200 << 20:
        got(f"{written >> 20} MB written")
    with quietly():
        for name in os.listdir("."):
            if name.startswith("full"):
                os.unlink(name)
    return answer(instance)
