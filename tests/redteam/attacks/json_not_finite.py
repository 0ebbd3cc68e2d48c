# attack: NaN in a design, which compares false with every limit
# contained-at: namespaces restricted none
# expect: not-ok
def solve(instance):
    return {"x": [float("nan")] * len(instance["rough"])}
