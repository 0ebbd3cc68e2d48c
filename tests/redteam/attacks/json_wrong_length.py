# attack: a design that is too long, whose tail a careless verifier would ignore
# contained-at: namespaces restricted none
# expect: not-ok
def solve(instance):
    return {"x": list(instance["rough"]) + [0.0]}
