# task: policy
# attack: a policy that floods the reply pipe without being asked
# contained-at: namespaces restricted none
# expect: not-ok
import os
import struct
import threading

from policy import *


def reset(spec):
    def flood():
        block = struct.pack("<cQ", b"J", 4) + b"0.25"
        while True:
            os.write(4, block * 5000)

    threading.Thread(target=flood, daemon=True).start()


def act(observation):
    return 0.1
