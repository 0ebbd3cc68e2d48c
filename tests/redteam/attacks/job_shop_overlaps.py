# task: operations/job_shop
# attack: start everything at once, in numbers of every type that compares as a number
# contained-at: namespaces restricted none
# expect: not-ok
# says: start
def solve(instance):
    kinds = [0, 0.0, False, -0.0, -1, "0", None, 1e-300, [0]]
    return {"start": [[kinds[(j + k) % len(kinds)] for k in range(len(row))] for j, row in enumerate(instance["duration"])]}
