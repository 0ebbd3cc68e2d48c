# attack: 5,000 threads
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import threading
import time

from kit import *


def solve(instance):
    threading.stack_size(32768)
    made = 0
    with quietly():
        for _ in range(5000):
            threading.Thread(target=time.sleep, args=(300,), daemon=True).start()
            made += 1
    if made > 1000:
        got(f"{made} threads")
    return answer(instance)
