# attack: an integer of 900,000 digits, whose conversion takes quadratic time
# contained-at: namespaces restricted none
# expect: not-ok
import os
import struct


def solve(instance):
    text = b'{"x": [' + b"9" * 900_000 + b"]}"
    os.write(4, struct.pack("<cQ", b"J", len(text)) + text)
    os._exit(0)
