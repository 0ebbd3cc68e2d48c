# task: data_short
# attack: send the answer byte by byte, slower than the wall limit
# contained-at: namespaces restricted
# expect: not-ok
import os
import struct
import time


def solve(instance):
    os.write(4, struct.pack("<cQ", b"J", 1 << 16))
    for _ in range(2000):
        os.write(4, b" ")
        time.sleep(0.01)
