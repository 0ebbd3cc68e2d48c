# task: operations/job_shop
# attack: change the instance that was passed, to shorter operations, and solve that
# contained-at: namespaces restricted none
# expect: not-ok
# says: job|operation|machine
def solve(instance):
    for row in instance["duration"]:
        row[:] = [0] * len(row)
    return {"start": [[0] * len(row) for row in instance["duration"]]}
