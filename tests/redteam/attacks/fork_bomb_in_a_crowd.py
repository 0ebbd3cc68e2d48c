# task: data_many
# attack: a fork bomb where a few processes are allowed (at most 500 here), every child forking too
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os
import time

from kit import *


def solve(instance):
    made = 0
    for _ in range(500):
        with quietly():
            pid = os.fork()
            if pid == 0:
                with quietly():
                    if os.fork() == 0:
                        os.setsid()
                time.sleep(300)
                os._exit(0)
            made += 1
    if made > 40:
        got(f"{made} processes where 16 are allowed")
    return answer(instance)
