# attack: announce a reply of 2^63 bytes and send a few
# contained-at: namespaces restricted none
# expect: not-ok
import os
import struct


def solve(instance):
    os.write(4, struct.pack("<cQ", b"J", 2**63) + b'{"x": []}')
    os._exit(0)
