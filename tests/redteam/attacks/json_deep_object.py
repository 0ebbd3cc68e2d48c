# attack: return a list nested 10,000 deep, and one that contains itself
# contained-at: namespaces restricted none
# expect: not-ok
def solve(instance):
    x = []
    for _ in range(10_000):
        x = [x]
    x.append(x)
    return {"x": x}
