# task: policy
# attack: a policy that sends answers ahead of the questions, so that the scorer and it are out of step
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
import os
import struct

from policy import *


def act(observation):
    text = b"0.25"
    for _ in range(3):
        os.write(4, struct.pack("<cQ", b"J", len(text)) + text)
    return 0.5
