# attack: send messages of kinds that do not exist, and ones that say nothing
# contained-at: namespaces restricted none
# expect: not-ok
import os
import struct


def solve(instance):
    os.write(4, struct.pack("<cQ", b"\xff", 4) + b"null" + struct.pack("<cQ", b"S", 2) + b"ok" + b"\0" * 100)
    os._exit(0)
