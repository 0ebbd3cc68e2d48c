# attack: numbers that overflow when they are read: 1e400 and 10^400, written by hand
# contained-at: namespaces restricted none
# expect: not-ok
import os
import struct


def solve(instance):
    text = b'{"x": [1e400, -1e400, 1' + b"0" * 400 + b", 0, 0, 0, 0, 0]}"
    os.write(4, struct.pack("<cQ", b"J", len(text)) + text)
    os._exit(0)
