# attack: an object whose tolist, __array__, __iter__, __index__, __float__ and __reduce__ run code
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
import os


class Trap:
    def tolist(self):
        return Trap()

    def __reduce__(self):
        return os.system, ("touch /tmp/owned",)

    def __array__(self, *_):
        raise SystemExit

    def __iter__(self):
        return self

    def __next__(self):
        return self

    __float__ = __index__ = __len__ = lambda self: 0


def solve(instance):
    return {"x": [Trap() for _ in instance["rough"]]}
