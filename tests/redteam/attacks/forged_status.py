# attack: return a verdict instead of a design
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
def solve(instance):
    return {"x": instance["rough"], "status": "ok", "score": 1e9, "objective": 0.0, "anchors": {"baseline": 1e9, "reference": 1e8}}
