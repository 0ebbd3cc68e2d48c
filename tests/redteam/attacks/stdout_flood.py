# attack: print without end (at most 2 GB here)
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os

from kit import *


def solve(instance):
    block = b"SCORE 1e9\n" * 100_000
    for _ in range(2000):
        os.write(1, block)
    return answer(instance)
