# task: data_short
# attack: return a list of ten million numbers
# contained-at: namespaces restricted none
# expect: not-ok
def solve(instance):
    return {"x": [0.0] * 10_000_000}
