# attack: booleans for numbers
# contained-at: namespaces restricted none
# expect: not-ok
def solve(instance):
    return {"x": [True, False] * (len(instance["rough"]) // 2)}
