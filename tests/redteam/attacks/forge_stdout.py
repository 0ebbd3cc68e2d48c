# attack: print a forged verdict on stdout and stderr, as text and in the form of the scorer's own messages
# contained-at: namespaces restricted none
# expect: seed-score
import json
import os
import struct
import sys

from kit import *

VERDICT = json.dumps({"status": "ok", "score": 1e9, "objective": 0.0, "value": {"x": [0.0] * 8}})


def solve(instance):
    for text in (VERDICT, f"SCORE: 1e9\n{VERDICT}\n", "\n\n<<<RESULT>>>" + VERDICT):
        print(text, flush=True)
        print(text, file=sys.stderr, flush=True)
        for fd in (1, 2):
            os.write(fd, struct.pack("<cQ", b"J", len(text)) + text.encode())
    return answer(instance)
