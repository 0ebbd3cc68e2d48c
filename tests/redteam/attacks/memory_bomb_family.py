# task: data_many
# attack: spread memory over children (15 of 200 MB each), each below the limit of one process
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os
import time

from kit import *


def solve(instance):
    for _ in range(15):
        with quietly():
            if os.fork() == 0:
                kept = bytearray(200_000_000)
                kept[::4096] = b"\1" * len(kept[::4096])
                time.sleep(60)
                os._exit(0)
    time.sleep(2.5)
    got("15 children with 200 MB each lived for two seconds")
    return answer(instance)
