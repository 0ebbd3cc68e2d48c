# attack: send a pickle that runs a command for whoever loads it, in place of an answer
# contained-at: namespaces restricted none
# expect: not-ok
import os
import struct


def solve(instance):
    text = b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."
    for kind in (b"P", b"J"):
        os.write(4, struct.pack("<cQ", kind, len(text)) + text)
    os._exit(0)
