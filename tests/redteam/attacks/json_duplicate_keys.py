# attack: one key twice, for a checker and a scorer that read different ones
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
import json
import os
import struct


def solve(instance):
    good, bad = json.dumps(instance["rough"]).encode(), b"[" + b"9.0," * 7 + b"9.0]"
    text = b'{"x": ' + good + b', "x": ' + bad + b', "\\u0078": ' + good + b"}"
    os.write(4, struct.pack("<cQ", b"J", len(text)) + text)
    os._exit(0)
