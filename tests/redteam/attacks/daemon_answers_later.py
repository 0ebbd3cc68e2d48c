# task: data_many
# attack: return an honest answer while an orphan sends a second one and rewrites the candidate's files
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import json
import os
import struct
import time

from kit import *


def solve(instance):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        text = json.dumps({"x": [0.0] * len(instance["rough"])}).encode()
        while True:
            with quietly():
                os.write(4, struct.pack("<cQ", b"J", len(text)) + text)
                open("candidate.py", "w").write("raise SystemExit")
            time.sleep(0.001)
    return answer(instance)
