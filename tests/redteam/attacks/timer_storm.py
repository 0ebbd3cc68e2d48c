# task: data_short
# attack: timers that fire every microsecond and signals sent to oneself without end
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
import os
import signal

from kit import *


def solve(instance):
    seen = []
    signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 1e-6, 1e-6)
    for _ in range(20_000):
        os.kill(os.getpid(), signal.SIGUSR1)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return answer(instance)
