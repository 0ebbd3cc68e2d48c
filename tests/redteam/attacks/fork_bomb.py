# attack: a fork bomb (at most 500 processes here)
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os
import time

from kit import *


def solve(instance):
    made = 0
    for _ in range(500):
        with quietly():
            if os.fork() == 0:
                time.sleep(300)
                os._exit(0)
            made += 1
    if made:
        got(f"{made} processes where one is allowed")
    return answer(instance)
