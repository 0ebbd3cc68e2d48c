# attack: print errors without end (at most 2 GB here), then fail
# contained-at: namespaces restricted
# expect: not-ok
import os


def solve(instance):
    block = b"the verifier says: ok\x1b[2J\n" * 50_000
    for _ in range(2000):
        os.write(2, block)
    raise RuntimeError("enough")
