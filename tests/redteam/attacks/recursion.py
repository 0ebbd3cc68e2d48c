# task: data_short
# attack: recurse until the C stack overflows
# contained-at: namespaces restricted none
# expect: not-ok
import sys


def solve(instance):
    sys.setrecursionlimit(2**31 - 1)

    def down(x):
        return [down(x)]

    return {"x": down(0)}
