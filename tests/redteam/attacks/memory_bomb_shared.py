# attack: take memory (at most 4 GB here) as shared anonymous maps, in one process and where no object counts it
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import mmap

from kit import *


def solve(instance):
    kept = []
    with quietly():
        for _ in range(40):
            area = mmap.mmap(-1, 100_000_000)
            for at in range(0, len(area), 4096):
                area[at] = 1
            kept.append(area)
    if len(kept) > 8:
        got(f"{len(kept)} shared maps of 100 MB")
    kept.clear()
    return answer(instance)
