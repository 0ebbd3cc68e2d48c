# EVOLVE-BLOCK-START
"""Job-shop schedule by dispatching: decide, again and again, which waiting operation goes next."""

# Priority of an operation that could go next: the largest weighted sum wins. Each feature is scaled to about 0..1.
# As they stand, the weights give shortest processing time first.
LONG_OPERATION = -1.0  # tune: -2.0 .. 2.0
WORK_LEFT_IN_JOB = 0.0  # tune: -2.0 .. 2.0
OPERATIONS_LEFT_IN_JOB = 0.0  # tune: -2.0 .. 2.0
WAITED = 0.0  # tune: -2.0 .. 2.0
LOAD_LEFT_ON_MACHINE = 0.0  # tune: -2.0 .. 2.0
QUEUE_AT_NEXT_MACHINE = 0.0  # tune: -2.0 .. 2.0

# How far past the earliest possible start an operation may still be chosen: 0 never lets a machine idle while work waits
# for it, 1 looks ahead as far as the earliest possible end.
LOOK_AHEAD = 0.0  # tune: 0.0 .. 1.0


def solve(instance):
    machine, duration = instance["machine"], instance["duration"]
    jobs, machines = instance["jobs"], instance["machines"]
    longest = max(max(row) for row in duration)
    work_left = [sum(row) for row in duration]
    longest_job = max(work_left)
    load_left = [0] * machines  # work on each machine that is not scheduled yet
    queue = [0] * machines  # work on each machine whose job has reached it
    for j in range(jobs):
        for m, p in zip(machine[j], duration[j], strict=True):
            load_left[m] += p
        queue[machine[j][0]] += duration[j][0]
    largest_load = max(load_left)

    start = [[] for _ in range(jobs)]
    job_free = [0] * jobs
    machine_free = [0] * machines
    unfinished = list(range(jobs))
    while unfinished:
        # The next operation of each job, with its earliest start.
        ready = []
        first_start = first_end = float("inf")
        for j in unfinished:
            k = len(start[j])
            m = machine[j][k]
            t = max(job_free[j], machine_free[m])
            ready.append((t, j, k, m))
            first_start = min(first_start, t)
            first_end = min(first_end, t + duration[j][k])
        latest = first_start + LOOK_AHEAD * (first_end - first_start)

        best, chosen = float("-inf"), None
        for t, j, k, m in ready:
            if t > latest:
                continue
            last = k + 1 == len(machine[j])
            priority = (
                LONG_OPERATION * duration[j][k] / longest
                + WORK_LEFT_IN_JOB * work_left[j] / longest_job
                + OPERATIONS_LEFT_IN_JOB * (len(machine[j]) - k) / len(machine[j])
                + WAITED * (t - job_free[j]) / longest
                + LOAD_LEFT_ON_MACHINE * load_left[m] / largest_load
                + QUEUE_AT_NEXT_MACHINE * (0 if last else queue[machine[j][k + 1]]) / largest_load
            )
            if priority > best:
                best, chosen = priority, (t, j, k, m)

        t, j, k, m = chosen
        p = duration[j][k]
        start[j].append(t)
        job_free[j] = machine_free[m] = t + p
        work_left[j] -= p
        load_left[m] -= p
        queue[m] -= p
        if k + 1 < len(machine[j]):
            queue[machine[j][k + 1]] += duration[j][k + 1]
        else:
            unfinished.remove(j)
    return {"start": start}


# EVOLVE-BLOCK-END
