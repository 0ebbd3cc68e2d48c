# attack: 40,000 empty files
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os

from kit import *


def solve(instance):
    made = 0
    with quietly():
        for i in range(40_000):
            os.close(os.open(f"f{i}", os.O_CREAT | os.O_WRONLY))
            made += 1
    if made > 30_000:
        got(f"{made} files")
    return answer(instance)
