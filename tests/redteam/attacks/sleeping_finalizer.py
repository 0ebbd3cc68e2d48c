# attack: sleep and spin in finalizers, exit handlers and threads that are no daemons, after the answer
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import atexit
import threading
import time

from kit import *


class Sleeper:
    def __del__(self):
        while True:
            time.sleep(100)


keep = Sleeper()
keep.itself = keep


def solve(instance):
    atexit.register(lambda: time.sleep(1000))
    threading.Thread(target=time.sleep, args=(1000,)).start()
    return answer(instance)
