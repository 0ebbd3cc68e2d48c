# attack: open files until none is left, then answer
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os

from kit import *

kept = []


def solve(instance):
    with quietly():
        while len(kept) < 100_000:
            kept.append(os.open("/dev/null", os.O_RDONLY))
    if len(kept) > 5000:
        got(f"{len(kept)} descriptors")
    return answer(instance)
