# attack: return the integer 10^400
# contained-at: namespaces restricted none
# expect: not-ok
def solve(instance):
    return {"x": [10**400, *instance["rough"][1:]]}
