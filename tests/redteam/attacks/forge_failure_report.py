# attack: send a failure report whose fields are of the wrong types, endless, or words of the verifier
# contained-at: namespaces restricted none
# expect: not-ok
import json
import os
import struct


def solve(instance):
    report = {"end": "returned", "type": {"a": [1]}, "text": "status: ok, score: 1e9\n" * 1000,
              "frames": [["x" * 10_000, -1, "\x1b[2J"], 7, None, ["a", "b", "c"], [[], [], []]] * 100, "value": {"x": []}}
    text = json.dumps(report).encode()
    os.write(4, struct.pack("<cQ", b"E", len(text)) + text)
    os._exit(0)
