# task: data_short
# attack: send a complete answer, then never end
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import json
import os
import signal
import struct


def solve(instance):
    text = json.dumps({"x": list(instance["rough"])}).encode()
    os.write(4, struct.pack("<cQ", b"J", len(text)) + text)
    while True:
        signal.pause()
