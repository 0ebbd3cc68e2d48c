# task: policy
# attack: a policy that prints 500 MB, a little at each step
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os

from policy import *


def act(observation):
    for _ in range(50):
        os.write(2, b"\x1b[2Jok\n" * 100_000)
    return 0.0
