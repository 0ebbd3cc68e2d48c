# EVOLVE-BLOCK-START
"""A feasible schedule with one operation moved one time unit into the one before it on its machine."""


def solve(instance):
    machine, duration = instance["machine"], instance["duration"]
    start = one_after_another(instance)
    # Job 1's first operation on the machine of job 0's last one, and everything after it, moves one unit too early.
    m = machine[0][-1]
    k = machine[1].index(m)
    end = start[0][-1] + duration[0][-1]
    shift = start[1][k] - (end - 1)
    for j in range(1, instance["jobs"]):
        first = k if j == 1 else 0
        start[j][first:] = [t - shift for t in start[j][first:]]
    # What job 1 does before that operation goes in front of everything else.
    lead = sum(duration[1][:k])
    start = [[t + lead for t in row] for row in start]
    t = 0
    for i in range(k):
        start[1][i] = t
        t += duration[1][i]
    return {"start": start}


def one_after_another(instance):
    start, t = [], 0
    for row in instance["duration"]:
        times = []
        for p in row:
            times.append(t)
            t += p
        start.append(times)
    return start


# EVOLVE-BLOCK-END
