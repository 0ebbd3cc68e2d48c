# attack: send a fine answer by hand and return another
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
import json
import os
import struct


def solve(instance):
    text = json.dumps({"x": list(instance["rough"])}).encode()
    os.write(4, struct.pack("<cQ", b"J", len(text)) + text)
    return {"x": [9.0] * len(instance["rough"])}
