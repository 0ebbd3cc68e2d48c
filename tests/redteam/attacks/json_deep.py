# attack: an answer nested 10,000 deep, written by hand
# contained-at: namespaces restricted none
# expect: not-ok
import os
import struct


def solve(instance):
    text = b'{"x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    os.write(4, struct.pack("<cQ", b"J", len(text)) + text)
    os._exit(0)
