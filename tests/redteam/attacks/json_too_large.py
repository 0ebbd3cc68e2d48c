# attack: an answer of 1 GB, streamed so that no memory limit meets it
# contained-at: namespaces restricted none
# expect: not-ok
import os
import struct


def solve(instance):
    os.write(4, struct.pack("<cQ", b"J", 1_000_000_000))
    block = b"[" + b"1.0," * 250_000
    for _ in range(1000):
        os.write(4, block)
    os._exit(0)
