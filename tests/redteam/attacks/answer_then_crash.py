# attack: send a complete answer, then die of a memory fault: what was sent whole is scored as what it is, or nothing is
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
import ctypes
import json
import os
import struct


def solve(instance):
    text = json.dumps({"x": list(instance["rough"])}).encode()
    os.write(4, struct.pack("<cQ", b"J", len(text)) + text)
    ctypes.string_at(8)
