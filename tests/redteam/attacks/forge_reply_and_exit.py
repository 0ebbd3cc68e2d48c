# attack: write an answer of one's own making to the reply pipe and exit with status 0 at once
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
import json
import os
import struct


def solve(instance):
    text = json.dumps({"x": [0.0] * len(instance["rough"]), "score": 1e9, "status": "ok"}).encode()
    os.write(4, struct.pack("<cQ", b"J", len(text)) + text)
    os._exit(0)
