# attack: an empty design, whose sum of errors is zero
# contained-at: namespaces restricted none
# expect: not-ok
def solve(instance):
    return {"x": []}
