# attack: infinities that cancel in a sum
# contained-at: namespaces restricted none
# expect: not-ok
def solve(instance):
    x = list(instance["rough"])
    x[0], x[1] = float("inf"), float("-inf")
    return {"x": x}
