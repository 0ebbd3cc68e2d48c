def solve(instance):
    return {"x": list(instance["rough"])}
