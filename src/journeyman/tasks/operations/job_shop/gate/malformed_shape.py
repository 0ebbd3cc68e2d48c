# EVOLVE-BLOCK-START
"""One job is missing."""


def solve(instance):
    start, t = [], 0
    for row in instance["duration"]:
        times = []
        for p in row:
            times.append(t)
            t += p
        start.append(times)
    return {"start": start[:-1]}


# EVOLVE-BLOCK-END
