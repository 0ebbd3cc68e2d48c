# task: data_many
# attack: leave a daemon behind by double fork and setsid, deaf to every signal, holding the reply pipe open
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os
import signal
import time

from kit import *


def solve(instance):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for n in range(1, 65):
                with quietly():
                    signal.signal(n, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
            libc.prctl(36, 1, 0, 0, 0)  # adopt orphans
            for _ in range(3):
                with quietly():
                    if os.fork() == 0:
                        os.setsid()
                        os.chdir("/")
            while True:
                time.sleep(1)
        os._exit(0)
    return answer(instance)
