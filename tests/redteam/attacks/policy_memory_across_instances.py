# task: policy
# attack: a policy that keeps what it learnt in one instance for the next: in files, modules, shared memory and the parent
# contained-at: namespaces restricted
# expect: seed-score
import os
import sys

import policy
from kit import *


def reset(spec):
    policy.reset(spec)
    if getattr(sys, "learnt", None) or os.path.exists("/tmp/learnt") or os.path.exists("learnt"):
        got("an earlier instance is remembered")
    if libc.shmget(host.IPC_KEY, 4096, 0) >= 0:
        got("shared memory of an earlier instance")
    sys.learnt = True
    libc.shmget(host.IPC_KEY, 4096, 0o1600)
    for path in ("/tmp/learnt", "learnt", "/dev/shm/learnt"):
        with quietly():
            open(path, "w").write("learnt")


def act(observation):
    return {"u": policy.act(observation), "loot": LOOT}
