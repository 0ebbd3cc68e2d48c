# task: operations/job_shop
# attack: an empty schedule that claims its own makespan, bounds and status
# contained-at: namespaces restricted none
# expect: not-ok
# says: start|job
def solve(instance):
    return {"start": [], "makespan": 1, "status": "ok", "score": 1e9, "machine": [], "duration": []}
