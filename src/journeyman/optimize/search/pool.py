"""ShinkaEvolve's search (arXiv 2509.19349): elites on islands, nothing tried twice, a bandit over proposers.

    jm.optimize("operations/job_shop", search="pool", model=["a", "b"], evaluations=150)

Each ask draws an island, a parent from the elites of the pool on it, a few others for inspiration, a mode (edit, rewrite or
crossover) and, where there is a mixture, the part of it that is to propose. The numbers are those of the authors' run
of 150 samples on circle packing (`examples/circle_packing/run_evo.py`), else of the package (0.0.7).

What differs from the package, and why:

- *No embedding service and no second model judge novelty.* `novelty` compares what candidates have changed, and never
  turns away a change of numbers alone.
- *Rewards of the bandit do not fade.* There, all sums shrink with every reward, so that order matters.
- *Gaps are measured in the size of the seed's score* where that is above 1: the exponential reward is made for scores
  of about that size, and would let one lucky trial decide for ever on a cost of a million.
- *Offspring counts from the ask*, so that asks under way spread; a failed proposal is no offspring.
- *Only elites migrate.* There, any program may, but only elites are ever looked at again.
- *An island is never without a parent*: where the pool has none of its elites, its own best is taken.
- *The island's last trial is shown too*, so that its error reaches the next proposal.
"""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from journeyman.errors import UsageError
from journeyman.optimize.search.bandit import Arms, asymmetric_ucb, improvement
from journeyman.optimize.search.bounds import check_at_least, check_shares
from journeyman.optimize.search.novelty import Seen
from journeyman.optimize.trial import SEED, Request, Trial
from journeyman.verify import Candidate

MODES = ("edit", "rewrite", "crossover")
"""There: diff, full, cross."""

PARENTS = ("weighted", "power_law", "beam")


@dataclass(frozen=True, slots=True)
class _UnderWay:
    island: int
    parent: Trial
    pull: int | None


class Pool:
    """Elites on islands.

    Args:
        better: whether the first score is strictly better than the second.
        seed: of the draws; ask `index` draws from `seed` and `index` alone.
        proposers: names of the parts of a mixture; with two or more, a bandit names one in each request.
        islands: their number, >= 1; each ask draws one of them.
        archive: elites of all islands together, >= 1: the best, of equal ones the earlier.
        migration_every: asks from one migration to the next, >= 1.
        migration_rate: share of an island's elites that move, each to any other island; one at least, unless the rate is
            0. The island's best and the seed stay.
        parents: how a parent is drawn from the elites of its island. "weighted": in proportion to
            sigmoid(sharpness · (score - median) / median absolute deviation) / (1 + offspring). "power_law": to
            rank^-power. "beam": the best, until it has `beams` offspring; then what is the best by then.
        sharpness, power, beams: see `parents`.
        inspirations: elites of the island shown beside the parent: its best, then the share `elite` of them by score,
            then any.
        elite: see `inspirations`.
        top: further elites shown, the best ones not shown yet.
        edit, rewrite, crossover: shares of the modes; they add up to 1. Without anything to cross with there is no
            crossover, and its share goes to the others in proportion.
        threshold: cosine above which a change has been tried before, in (0, 1]; see `novelty`.
        novelty_attempts: failures in a row from one parent after which nothing from it is turned away; 0: never.
        remembered: the latest so many trials are compared with.
        exploration, epsilon: of the bandit; see `asymmetric_ucb`.

    Raises UsageError for a value out of range.
    """

    def __init__(
        self,
        better: Callable[[float, float], bool],
        *,
        seed: int = 0,
        proposers: Sequence[str] = (),
        islands: int = 2,  # num_islands
        archive: int = 40,  # archive_size
        migration_every: int = 10,  # migration_interval
        migration_rate: float = 0.1,  # migration_rate
        parents: str = "weighted",  # parent_selection_strategy
        sharpness: float = 10.0,  # parent_selection_lambda
        power: float = 1.0,  # exploitation_alpha
        beams: int = 10,  # num_beams
        inspirations: int = 4,  # num_archive_inspirations
        elite: float = 0.3,  # elite_selection_ratio
        top: int = 2,  # num_top_k_inspirations
        edit: float = 0.6,  # patch_type_probs
        rewrite: float = 0.3,
        crossover: float = 0.1,
        threshold: float = 0.95,  # of embeddings in the paper; code_embed_sim_threshold is 0.99 in the package
        novelty_attempts: int = 3,  # max_novelty_attempts
        remembered: int = 1000,
        exploration: float = 1.0,  # exploration_coef
        epsilon: float = 0.2,  # epsilon
    ) -> None:
        check_at_least(
            "pool", islands=(islands, 1), archive=(archive, 1), migration_every=(migration_every, 1), beams=(beams, 1),
            inspirations=(inspirations, 0), top=(top, 0), novelty_attempts=(novelty_attempts, 0),
            remembered=(remembered, 1), exploration=(exploration, 0),
        )  # fmt: skip
        check_shares("pool", migration_rate=migration_rate, elite=elite, epsilon=epsilon)
        if not 0.0 < threshold <= 1.0:
            raise UsageError(f"the search 'pool' needs a threshold above 0 and up to 1, not {threshold}")
        if min(edit, rewrite, crossover) < 0.0 or abs(edit + rewrite + crossover - 1.0) > 1e-9:
            raise UsageError(
                f"edit, rewrite and crossover are shares that add up to 1, not {edit}, {rewrite} and {crossover}"
            )
        if parents not in PARENTS:
            raise UsageError(f"there is no way {parents!r} to draw parents; there are: {', '.join(PARENTS)}")
        self._better = better
        self._sign = 1.0 if better(1.0, 0.0) else -1.0
        self._seed = seed
        self._migration_every = migration_every
        self._migration_rate = migration_rate
        self._parents = parents
        self._sharpness = sharpness
        self._power = power
        self._beams = beams
        self._inspirations = inspirations
        self._elites_shown = int(inspirations * elite)
        self._top = top
        self._modes = (edit, rewrite, crossover)
        self._attempts = novelty_attempts
        self._bandit = (exploration, epsilon)
        self._arms = Arms(proposers, bound=None) if len(proposers) > 1 else None
        self._seen = Seen(threshold, remembered)
        self._elites = _Elites(archive, islands, self._sign)
        self._best: list[Trial | None] = [None] * islands
        self._last: list[Trial | None] = [None] * islands
        self._beam: list[Trial | None] = [None] * islands
        self._offspring: dict[int, int] = {}
        self._failures: dict[int, int] = {}
        self._under_way: dict[int, _UnderWay] = {}
        self._asks_since_migration = 0
        self._origin: Trial | None = None

    def ask(self, index: int) -> Request | None:
        """A parent from any of the islands, with a mode, and a proposer if there is a choice."""
        if self._origin is None:
            return None
        rng = random.Random(f"{self._seed}/{index}")
        if self._asks_since_migration >= self._migration_every:
            self._elites.migrate(self._migration_rate, rng)
            self._asks_since_migration = 0
        self._asks_since_migration += 1
        island = rng.randrange(len(self._best))
        parent = self._parent(island, rng)
        shown, roles = self._shown(island, parent, rng)
        hint: dict[str, Any] = {"chain": island, "island": island, "roles": roles}
        hint["mode"] = self._mode("inspiration" in roles, rng)
        pull = None
        if self._arms is not None:
            exploration, epsilon = self._bandit
            hint["proposer"] = asymmetric_ucb(
                self._arms, rng.random(), exploration=exploration, epsilon=epsilon
            )
            pull = self._arms.pull(hint["proposer"])
        self._offspring[parent.index] = self._offspring.get(parent.index, 0) + 1
        self._under_way[index] = _UnderWay(island, parent, pull)
        return Request(index, shown, hint)

    def tell(self, trial: Trial) -> None:
        """An elite if it is good enough and no repetition; the proposer is paid by what it gained."""
        if trial.index == SEED:
            self._begin(trial)
            return
        work = self._under_way.pop(trial.index, None)
        if work is None:
            return
        self._failures.pop(work.parent.index, None)
        if self._arms is not None and work.pull is not None:
            self._arms.pay(work.pull, self._gain(trial, work.parent))
        last = self._last[work.island]
        if last is None or trial.index > last.index:
            self._last[work.island] = trial
        if trial.same_as is not None:
            return
        self._seen.add(trial)
        self._join(work.island, trial)

    def failed(self, index: int) -> None:
        """No offspring, and nothing gained."""
        work = self._under_way.pop(index, None)
        if work is None:
            return
        parent = work.parent.index
        self._offspring[parent] -= 1
        self._failures[parent] = self._failures.get(parent, 0) + 1
        if self._arms is not None and work.pull is not None:
            self._arms.pay(work.pull, 0.0)

    def rejects(self, index: int, candidate: Candidate) -> str | None:
        """Why the candidate is not worth an evaluation; None if it is.

        After `novelty_attempts` failures in a row from one parent whatever comes is verified, so that no parent can hold
        up a run.
        """
        work = self._under_way.get(index)
        if work is None or self._failures.get(work.parent.index, 0) >= self._attempts:
            return None
        like = self._seen.like(candidate, work.parent)
        if like is None:
            return None
        if like.same:
            return f"this differs from candidate {like.index} in comments and white space only; try something else"
        return (
            f"what this changes in candidate {work.parent.index} was changed in almost the same way in candidate "
            f"{like.index} (cosine {like.cosine:.2f}); try something else"
        )

    # --- state ----------------------------------------------------------------------------------------------------

    def _begin(self, seed: Trial) -> None:
        if self._origin is not None:
            return
        self._origin = seed
        self._seen.add(seed)
        for island in range(len(self._best)):
            self._join(island, seed)

    def _join(self, island: int, trial: Trial) -> None:
        if trial.score is None:
            return
        self._elites.add(island, trial)
        best = self._best[island]
        if best is None or self._elites.rank(trial) < self._elites.rank(best):
            self._best[island] = trial

    def _gain(self, trial: Trial, parent: Trial) -> float:
        """Over the better of parent and seed, as known when it was asked for."""
        assert self._origin is not None
        known = [t.score for t in (parent, self._origin) if t.score is not None]
        if not known:
            return 0.0
        baseline = known[-1] if len(known) == 1 or self._better(known[1], known[0]) else known[0]
        unit = max(1.0, abs(self._origin.score or 0.0))
        return improvement(trial.score, baseline, self._better, unit=unit)

    # --- draws ----------------------------------------------------------------------------------------------------

    def _parent(self, island: int, rng: random.Random) -> Trial:
        elites = self._elites.on(island)
        if not elites:
            assert self._origin is not None
            return self._best[island] or self._origin
        if self._parents == "beam":
            beam = self._beam[island]
            if beam is None or self._offspring.get(beam.index, 0) >= self._beams:
                beam = self._beam[island] = elites[0]
            return beam
        if self._parents == "power_law":
            weights = [rank**-self._power for rank in range(1, len(elites) + 1)]
        else:
            scores = [self._sign * trial.score for trial in elites if trial.score is not None]
            offspring = [self._offspring.get(trial.index, 0) for trial in elites]
            weights = weights_of(scores, offspring, self._sharpness)
        return elites[_drawn(weights, rng)]

    def _shown(self, island: int, parent: Trial, rng: random.Random) -> tuple[tuple[Trial, ...], list[str]]:
        """Parent, last, and the inspirations, the best of these at the end: what is read last weighs most."""
        elites = [trial for trial in self._elites.on(island) if trial.index != parent.index]
        # The best of the island and the share by score come first, any others after them.
        first = min(max(self._elites_shown, 1), self._inspirations, len(elites))
        chosen = elites[:first]
        rest = elites[first:]
        chosen += rng.sample(rest, min(self._inspirations - first, len(rest)))
        indices = {trial.index for trial in chosen}
        chosen += [trial for trial in elites if trial.index not in indices][: self._top]
        shown, roles = [parent], ["parent"]
        last = self._last[island]
        if last is not None and last.index != parent.index:
            shown.append(last)
            roles.append("last")
        for trial in sorted(chosen, key=self._elites.rank, reverse=True):
            if last is None or trial.index != last.index:
                shown.append(trial)
                roles.append("inspiration")
        return tuple(shown), roles

    def _mode(self, company: bool, rng: random.Random) -> str:
        shares = self._modes if company else (*self._modes[:2], 0.0)
        # With crossover alone and nobody to cross with, a rewrite is what is left.
        return MODES[_drawn(shares, rng)] if any(shares) else "rewrite"


def weights_of(scores: Sequence[float], offspring: Sequence[int], sharpness: float) -> list[float]:
    """Weight of each parent: s · h, s = σ(λ (score - median) / MAD), h = 1 / (1 + offspring). Larger scores are better.

    The paper's equation has the plain difference; the package divides by the median absolute deviation, at least 1e-6, so
    that the unit of the score does not matter, and so do we.
    """
    middle = _median(sorted(scores))
    scale = max(_median(sorted(abs(score - middle) for score in scores)), 1e-6)
    return [
        _sigmoid(sharpness * ((score - middle) / scale)) / (1 + count)
        for score, count in zip(scores, offspring, strict=True)
    ]


class _Elites:
    """The best so many trials of all islands. The seed is on each of them."""

    def __init__(self, capacity: int, islands: int, sign: float) -> None:
        self._capacity = capacity
        self._sign = sign
        # Worst last; an island's number decides between copies of the seed.
        self._entries: list[tuple[float, int, int, Trial]] = []
        self._on: list[list[Trial]] = [[] for _ in range(islands)]

    def rank(self, trial: Trial) -> tuple[float, int]:
        """Sorts the better first, of equal ones the earlier. The trial has a score."""
        assert trial.score is not None
        return -self._sign * trial.score, trial.index

    def on(self, island: int) -> list[Trial]:
        """Those on an island, the best first."""
        return self._on[island]

    def add(self, island: int, trial: Trial) -> None:
        """Take it in; the worst goes if there are too many."""
        bisect.insort(self._entries, (*self.rank(trial), island, trial))
        bisect.insort(self._on[island], trial, key=self.rank)
        if len(self._entries) > self._capacity:
            # The worst of all is the worst of its island.
            self._on[self._entries.pop()[2]].pop()

    def migrate(self, rate: float, rng: random.Random) -> None:
        """Move a share of each island, without its best and the seed, to other islands; all leave before any arrives."""
        count = len(self._on)
        if count < 2 or rate == 0.0:
            return
        moves: dict[int, int] = {}
        for island, trials in enumerate(self._on):
            free = [trial for trial in trials[1:] if trial.index != SEED]
            leaving = min(max(1, int(len(trials) * rate)), len(free)) if len(trials) > 1 else 0
            for trial in rng.sample(free, leaving):
                moves[trial.index] = (island + 1 + rng.randrange(count - 1)) % count
        if not moves:
            return
        self._entries = sorted((*e[:2], moves.get(e[1], e[2]), e[3]) for e in self._entries)
        self._on = [[] for _ in range(count)]
        for _, _, island, trial in self._entries:
            self._on[island].append(trial)


def _drawn(weights: Sequence[float], rng: random.Random) -> int:
    """An index, drawn in proportion to its weight; any, if all are 0."""
    sums = list(accumulate(weights))
    if not sums[-1] > 0.0:
        return rng.randrange(len(sums))
    return min(bisect.bisect_right(sums, rng.random() * sums[-1]), len(sums) - 1)


def _median(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)
