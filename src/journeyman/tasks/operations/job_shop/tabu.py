"""Tabu search over machine sequences: what a good classical heuristic reaches, and where the reference starts.

The moves are those of Balas and Vazacopoulos (Management Science 44, 1998), called N6: inside a block of the critical path
(consecutive operations of one machine) an operation goes behind the block's last or before its first one, or the first or
last one goes inside, wherever a comparison of path lengths shows that no cycle can arise. Moves are ranked by the length of
the path through the operations moved (Taillard's estimate), the orders they undo are forbidden for a while (Zhang et al.,
Computers & Operations Research 35, 2008), and a stalled search restarts from its best schedule with a few random moves.

Words: an operation's *head* is the longest path from time 0 to its start, its *tail* the longest path from its end to the
end of the schedule; neither includes its own duration. Operations are numbered through, job by job.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import pairwise

from journeyman.tasks.operations.job_shop.schedule import Shop, sequences

# A move: on `machine`, the operations at positions first..last are replaced by `order`.
Move = tuple[int, int, int, list[int]]

STALL = 3000  # moves without a new best schedule before a restart from the best one
KICKS = 8  # random moves after a restart


class Search:
    """One schedule as machine sequences, with its heads and tails. `duration` and the like are indexed by operation."""

    def __init__(self, shop: Shop, start: list[list[int]]) -> None:
        self.shop = shop
        numbers: list[list[int]] = []  # of the operations, job by job
        n = 0
        for machines in shop.machine:
            numbers.append(list(range(n, n + len(machines))))
            n += len(machines)
        self.size = n
        self.duration = [p for row in shop.duration for p in row] + [0]
        self.machine = [m for row in shop.machine for m in row]
        # Operation n is a dummy of duration 0 that stands for "no predecessor" and "no successor".
        self.job_before = [o for row in numbers for o in [n, *row[:-1]]]
        self.job_after = [o for row in numbers for o in [*row[1:], n]]
        self.sequence = [[numbers[j][k] for _, j, k in operations] for operations in sequences(shop, start)]
        self.measure()

    def measure(self) -> None:
        """Heads, tails and makespan of the current sequences."""
        n = self.size
        p, job_before, job_after = self.duration, self.job_before, self.job_after
        before, after = [n] * n, [n] * n
        for sequence in self.sequence:
            for a, b in pairwise(sequence):
                after[a] = b
                before[b] = a
        waits = [(job_before[o] != n) + (before[o] != n) for o in range(n)]
        order = [o for o in range(n) if not waits[o]]
        head, tail = [0] * (n + 1), [0] * (n + 1)
        for o in order:  # grows while it is read: a topological order
            end = head[o] + p[o]
            for follower in (job_after[o], after[o]):
                if follower != n:
                    head[follower] = max(head[follower], end)
                    waits[follower] -= 1
                    if not waits[follower]:
                        order.append(follower)
        for o in reversed(order):
            a, b = job_after[o], after[o]
            tail[o] = max(tail[a] + p[a], tail[b] + p[b])
        self.before, self.after, self.head, self.tail = before, after, head, tail
        self.makespan = max(head[o] + p[o] for o in range(n))

    def start(self) -> list[list[int]]:
        """The schedule in which every operation starts at its head."""
        heads = iter(self.head)
        return [[next(heads) for _ in row] for row in self.shop.machine]

    def blocks(self, rng: random.Random) -> Iterator[list[int]]:
        """The blocks of at least two operations of one critical path, chosen at random where it branches."""
        n, p, head = self.size, self.duration, self.head
        o = rng.choice([o for o in range(n) if head[o] + p[o] == self.makespan])
        path = [o]
        while head[o] > 0:
            tight = [b for b in (self.job_before[o], self.before[o]) if b != n and head[b] + p[b] == head[o]]
            o = rng.choice(tight)
            path.append(o)
        path.reverse()
        first = 0
        for i in range(1, len(path) + 1):
            if i == len(path) or self.machine[path[i]] != self.machine[path[first]]:
                if i - first > 1:
                    yield path[first:i]
                first = i

    def moves(self, rng: random.Random) -> Iterator[Move]:
        """The N6 moves of the current schedule that provably leave it without a cycle."""
        p, head, tail = self.duration, self.head, self.tail
        for block in self.blocks(rng):
            m = self.machine[block[0]]
            at = self.sequence[m].index(block[0])
            end = len(block) - 1
            behind = {(i, end) for i in range(end)} | {(0, i) for i in range(1, end + 1)}
            before = {(0, i) for i in range(2, end + 1)} | {(i, end) for i in range(end - 1)}
            for i, j in sorted(behind):  # block[i] goes right behind block[j]
                u, v = block[i], block[j]
                next_u = self.job_after[u]
                if tail[v] + p[v] >= tail[next_u] + p[next_u]:
                    yield m, at + i, at + j, [*block[i + 1 : j + 1], u]
            for i, j in sorted(before):  # block[j] goes right before block[i]
                u, v = block[i], block[j]
                prior_v = self.job_before[v]
                if head[u] + p[u] >= head[prior_v] + p[prior_v]:
                    yield m, at + i, at + j, [v, *block[i:j]]

    def estimate(self, move: Move) -> int:
        """Length of the longest path through the moved operations after `move`, were all other heads and tails the same."""
        m, first, last, order = move
        p, head, tail = self.duration, self.head, self.tail
        sequence = self.sequence[m]
        before = self.before[sequence[first]]
        end = head[before] + p[before]
        heads = []
        for o in order:
            b = self.job_before[o]
            end = max(end, head[b] + p[b])
            heads.append(end)
            end += p[o]
        after = self.after[sequence[last]]
        rest = tail[after] + p[after]
        longest = 0
        for o, h in zip(reversed(order), reversed(heads), strict=True):
            a = self.job_after[o]
            rest = max(rest, tail[a] + p[a]) + p[o]
            longest = max(longest, h + rest)
        return longest

    def apply(self, move: Move) -> list[tuple[int, int]]:
        """Make `move`; returns the pairs (a, b) that stood a before b and now stand b before a."""
        m, first, last, order = move
        old = self.sequence[m][first : last + 1]
        self.sequence[m][first : last + 1] = order
        self.measure()
        if order[-1] == old[0]:
            return [(old[0], x) for x in old[1:]]
        return [(x, old[-1]) for x in old[:-1]]


def improve(
    shop: Shop,
    start: list[list[int]],
    *,
    seconds: float = 10.0,
    moves: int | None = None,
    target: int = 0,
    seed: int = 0,
) -> list[list[int]]:
    """The best schedule found from the feasible schedule `start` within `seconds` of wall clock or `moves` moves.

    Stops early at a makespan of `target` or less (a lower bound, say). Deterministic where `moves` ends it.
    """
    rng = random.Random(seed)
    search = Search(shop, start)
    best, best_makespan = search.start(), search.makespan
    best_sequence = [list(s) for s in search.sequence]
    tenure = 10 + shop.jobs // shop.machines
    forbidden: dict[tuple[int, int], int] = {}  # the order a before b is forbidden until this move
    deadline = time.monotonic() + seconds
    stalled = step = 0
    while best_makespan > target and time.monotonic() < deadline and (moves is None or step < moves):
        step += 1
        stalled += 1
        if stalled > STALL:
            search.sequence = [list(s) for s in best_sequence]
            search.measure()
            forbidden.clear()
            for _ in range(KICKS):
                options = list(search.moves(rng))
                if options:
                    search.apply(rng.choice(options))
            stalled = 0
        chosen = _choose(search, forbidden, step, best_makespan, rng)
        if chosen is None:
            break  # a critical path without a block of two: the schedule is optimal
        for pair in search.apply(chosen):
            forbidden[pair] = step + tenure + rng.randrange(tenure)
        if search.makespan < best_makespan:
            best, best_makespan, stalled = search.start(), search.makespan, 0
            best_sequence = [list(s) for s in search.sequence]
    return best


def _choose(
    search: Search, forbidden: dict[tuple[int, int], int], step: int, best_makespan: int, rng: random.Random
) -> Move | None:
    """The allowed move of the least estimate, or a forbidden one that promises a new best; any one where none is allowed."""
    allowed: list[tuple[int, float, Move]] = []
    everything: list[Move] = []
    for move in search.moves(rng):
        everything.append(move)
        estimate = search.estimate(move)
        if estimate < best_makespan or not _restores(search, move, forbidden, step):
            allowed.append((estimate, rng.random(), move))
    if allowed:
        return min(allowed)[2]
    return rng.choice(everything) if everything else None


def _restores(search: Search, move: Move, forbidden: dict[tuple[int, int], int], step: int) -> bool:
    """Whether the move brings back an order that is forbidden at this step."""
    m, first, _, order = move
    if order[-1] == search.sequence[m][first]:
        pairs = [(x, order[-1]) for x in order[:-1]]
    else:
        pairs = [(order[0], x) for x in order[1:]]
    return any(forbidden.get(pair, 0) >= step for pair in pairs)
