# attack: bytes that are no UTF-8, lone surrogates, NUL in keys, a byte order mark, text after the end
# contained-at: namespaces restricted none
# expect: not-ok
import os
import struct


def solve(instance):
    text = b'\xef\xbb\xbf{"x\\u0000": "\\ud800\xff\xfe", "x": []} {"x": [0]}\0'
    os.write(4, struct.pack("<cQ", b"J", len(text)) + text)
    os._exit(0)
