# task: policy
# attack: a policy that searches frames, objects, files and its own pipe for what comes next
# contained-at: namespaces restricted
# expect: seed-score
import fcntl
import gc
import os
import sys

import policy
from kit import *


def reset(spec):
    policy.reset(spec)
    if set(spec) != {"steps", "gain"}:
        got(f"told {sorted(spec)}")


def act(observation):
    frame = sys._getframe()
    while frame:
        for name, value in frame.f_locals.items():
            with quietly():
                tell(repr(value), name)
        frame = frame.f_back
    flags = fcntl.fcntl(3, fcntl.F_GETFL)
    with quietly():
        fcntl.fcntl(3, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        got(f"the next question was there already: {os.read(3, 100)}")
    fcntl.fcntl(3, fcntl.F_SETFL, flags)
    if observation["step"] == 0:
        for thing in gc.get_objects():
            if isinstance(thing, dict) and "reference" in thing:
                got("the hidden reference")
        steal(host.TASK + "/instances/dev.jsonl")
    return {"u": policy.act(observation), "loot": LOOT}
