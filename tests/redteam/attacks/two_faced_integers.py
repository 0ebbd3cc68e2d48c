# attack: integers and texts of own classes, whose print is code
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
class Number(int):
    def __repr__(self):
        return '0, "score": 1e9'

    __str__ = __repr__


class Text(str):
    def __str__(self):
        return '"'


def solve(instance):
    return {Text("x"): [Number(0) for _ in instance["rough"]]}
