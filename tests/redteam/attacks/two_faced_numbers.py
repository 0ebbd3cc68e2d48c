# attack: numbers that are floats to the eye and something else to arithmetic, comparison and print
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
class Two(float):
    def __float__(self):
        return 0.0

    def __repr__(self):
        return "0.0"

    def __eq__(self, other):
        return True

    def __lt__(self, other):
        return True

    __gt__ = __le__ = __ge__ = __eq__
    __sub__ = __rsub__ = __mul__ = __pow__ = lambda self, *_: self
    __hash__ = float.__hash__


def solve(instance):
    return {"x": [Two(v) for v in instance["rough"]]}
