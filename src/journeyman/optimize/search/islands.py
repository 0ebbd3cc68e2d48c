"""MAP-Elites on islands, at the published defaults of OpenEvolve 0.2.26, which made the table of arXiv 2604.12290.

    jm.optimize("operations/job_shop", search="islands", evaluations=300)

Each island has a population of its own. An ask goes to the island that is due, draws a parent there, and shows beside it
the island's last trial, its best and some from other cells of its grid. From time to time the best of each island are
copied to both its neighbours on a ring.

What differs from the package, and why:

- *Cells do not drift.* There, a program keeps the cell that it was given when the range of features was smaller; here
  cells follow from the members (see `map_elites`), so that the order of verdicts cannot matter.
- *A trial without a score is not a member*; there, it has fitness 0, which may be the best of a task with negative
  scores. It is still shown as the island's last, so that its error reaches the next proposal.
- *Every island begins with the seed.* There, the seed lies on the first island alone, and what is asked for an empty
  island is made on the first; of five islands two are still empty after 300 iterations (run with its own database).
- *Migration is counted in asks of all islands.* There, in programs of the island that has most, which is the first; so
  there too the first migration comes after 50 iterations.
- *The last tenth is a tournament of two.* There, it is drawn in proportion to fitness, which has no meaning for scores
  below zero or for costs, and cuts all of them to 0.001.
- *The others shown are of the parent's island*, the diverse ones from different cells; there, they are number four and
  five of the island.
- *The population is shared out evenly*, so that one island cannot starve another.
- *Diversity is measured from the seed*; there, from twenty programs that are chosen anew at random.
- *Every request has the parent's verdict*, whatever its age (the engine adds it); there, only for the first hundred.
"""

from __future__ import annotations

import bisect
import random
from collections.abc import Callable

from journeyman.errors import UsageError
from journeyman.optimize.search.bounds import check_at_least, check_shares
from journeyman.optimize.search.map_elites import Features, Island, Member, Rank
from journeyman.optimize.trial import SEED, Request, Trial


class Islands:
    """MAP-Elites on a ring of islands. The numbers are those of `openevolve/config.py`, class DatabaseConfig.

    Args:
        better: whether the first score is strictly better than the second.
        seed: of the draws; ask `index` draws from `seed` and `index` alone.
        islands: their number, >= 1.
        population: members of all islands together, >= `islands`; the worst of an island goes first.
        archive: how many of the best of all islands are elite, >= 1.
        elite: share of asks whose parent is the better of two drawn from the island. The package's `elite_selection_ratio`
            is not used on the way that its runs take; what `exploration` and `exploitation` leave of 1 is.
        exploration: share of asks whose parent is any of the island's cells, each with the same chance.
        exploitation: share of asks whose parent is any of the archive on this island, or of the whole archive if it has
            none here.
        bins: parts into which each of the two features is cut, >= 1.
        migration_every: asks, of all islands together, from one migration to the next, >= 1.
        migration_rate: share of an island's members that are copied to each neighbour, the best first, one at least.
        top: how many of the island's best are shown beside the parent.
        diverse: how many from other cells are shown.

    Raises UsageError for a value out of range.
    """

    def __init__(
        self,
        better: Callable[[float, float], bool],
        *,
        seed: int = 0,
        islands: int = 5,  # num_islands
        population: int = 1000,  # population_size
        archive: int = 100,  # archive_size
        elite: float = 0.1,  # elite_selection_ratio
        exploration: float = 0.2,  # exploration_ratio
        exploitation: float = 0.7,  # exploitation_ratio
        bins: int = 10,  # feature_bins
        migration_every: int = 50,  # migration_interval
        migration_rate: float = 0.1,  # migration_rate
        top: int = 3,  # PromptConfig.num_top_programs
        diverse: int = 2,  # PromptConfig.num_diverse_programs
    ) -> None:
        _check(islands, population, archive, bins, migration_every, migration_rate, top, diverse)
        shares = (elite, exploration, exploitation)
        if min(shares) < 0.0 or abs(sum(shares) - 1.0) > 1e-9:
            raise UsageError(
                f"elite, exploration and exploitation are shares that add up to 1, not {elite}, {exploration} and "
                f"{exploitation}"
            )
        self._sign = -1.0 if better(1.0, 0.0) else 1.0
        self._seed = seed
        self._exploration = exploration
        self._exploitation = exploitation
        self._migration_every = migration_every
        self._migration_rate = migration_rate
        self._top = top
        self._diverse = diverse
        self._islands = [Island(population // islands, bins) for _ in range(islands)]
        self._archive = _Archive(archive, islands)
        self._asks = [0] * islands
        self._asks_since_migration = 0
        self._at_work = [0] * islands
        self._island_of: dict[int, int] = {}
        self._origin: Trial | None = None
        self._features: Features | None = None

    def ask(self, index: int) -> Request | None:
        """A parent from the island that is due."""
        if self._origin is None:
            return None
        if self._asks_since_migration >= self._migration_every:
            self._migrate()
            self._asks_since_migration = 0
        self._asks_since_migration += 1
        number = min(range(len(self._islands)), key=lambda i: (self._at_work[i], self._asks[i], i))
        self._asks[number] += 1
        self._at_work[number] += 1
        self._island_of[index] = number
        rng = random.Random(f"{self._seed}/{index}")
        parents, roles = self._shown(number, self._parent(number, rng), rng)
        return Request(index, parents, {"chain": number, "island": number, "roles": roles})

    def tell(self, trial: Trial) -> None:
        """A member of its island if it has a score and is not a repetition."""
        if trial.index == SEED:
            self._begin(trial)
            return
        number = self._island_of.pop(trial.index, None)
        if number is None:
            return
        self._at_work[number] -= 1
        island = self._islands[number]
        if island.last is None or trial.index > island.last.index:
            island.last = trial
        if trial.score is None or trial.same_as is not None:
            return
        rank = (self._sign * trial.score, trial.index)
        if island.takes(rank):
            self._add(number, self._member(rank, trial))

    def failed(self, index: int) -> None:
        """The island is no longer at work on it; the ask still counts."""
        number = self._island_of.pop(index, None)
        if number is not None:
            self._at_work[number] -= 1

    # --- state ----------------------------------------------------------------------------------------------------

    def _begin(self, seed: Trial) -> None:
        if self._origin is not None:
            return
        self._origin = seed
        self._features = Features(seed.candidate)
        if seed.score is not None:
            member = self._member((self._sign * seed.score, SEED), seed)
            for number in range(len(self._islands)):
                self._add(number, member)

    def _member(self, rank: Rank, trial: Trial) -> Member:
        assert self._features is not None
        return Member(rank, trial, *self._features.of(trial.candidate))

    def _add(self, number: int, member: Member) -> None:
        self._islands[number].add(member)
        self._archive.add(member, number)

    def _migrate(self) -> None:
        """Copy the best of each island to both neighbours; all leave before any arrives."""
        count = len(self._islands)
        leaving = [island.migrants(self._migration_rate) for island in self._islands]
        for number, members in enumerate(leaving):
            for target in sorted({(number + 1) % count, (number - 1) % count} - {number}):
                for member in self._islands[target].welcome(members):
                    self._archive.add(member, target)

    # --- draws ----------------------------------------------------------------------------------------------------

    def _parent(self, number: int, rng: random.Random) -> Trial:
        members = self._islands[number].members
        if not members:
            assert self._origin is not None
            return self._origin
        draw = rng.random()
        if draw < self._exploration:
            return rng.choice(self._islands[number].elites).trial
        if draw < self._exploration + self._exploitation:
            # Members are sorted by the same rank as the archive, so those of them in it are the first.
            here = self._archive.count(number)
            if here:
                return members[rng.randrange(min(here, len(members)))].trial
            return self._archive.draw(rng)
        return members[min(rng.randrange(len(members)), rng.randrange(len(members)))].trial

    def _shown(self, number: int, parent: Trial, rng: random.Random) -> tuple[tuple[Trial, ...], list[str]]:
        """Parent, last, the best and the diverse, none of them twice."""
        island = self._islands[number]
        shown, roles = {parent.index: parent}, ["parent"]
        if island.last is not None and island.last.index not in shown:
            shown[island.last.index] = island.last
            roles.append("last")
        best = [m.trial for m in island.members[: self._top + 2] if m.trial.index not in shown][: self._top]
        for trial in best:
            roles.append("best" if trial is island.members[0].trial else "inspiration")
            shown[trial.index] = trial
        others = [m.trial for m in island.elites if m.trial.index not in shown]
        for trial in rng.sample(others, min(self._diverse, len(others))):
            shown[trial.index] = trial
            roles.append("inspiration")
        return tuple(shown.values()), roles


class _Archive:
    """The best so many of all islands, and how many of them are on each island."""

    def __init__(self, capacity: int, islands: int) -> None:
        self._capacity = capacity
        self._entries: list[tuple[Rank, int, Trial]] = []
        self._counts = [0] * islands

    def add(self, member: Member, island: int) -> None:
        """Take it in; the worst goes if there are too many."""
        # No trial is twice on an island, so trials are never compared.
        bisect.insort(self._entries, (member.rank, island, member.trial))
        self._counts[island] += 1
        if len(self._entries) > self._capacity:
            self._counts[self._entries.pop()[1]] -= 1

    def count(self, island: int) -> int:
        """How many are on this island."""
        return self._counts[island]

    def draw(self, rng: random.Random) -> Trial:
        """Any of them."""
        return rng.choice(self._entries)[2]


def _check(
    islands: int,
    population: int,
    archive: int,
    bins: int,
    migration_every: int,
    migration_rate: float,
    top: int,
    diverse: int,
) -> None:
    check_at_least(
        "islands", islands=(islands, 1), population=(population, islands), archive=(archive, 1), bins=(bins, 1),
        migration_every=(migration_every, 1), top=(top, 0), diverse=(diverse, 0),
    )  # fmt: skip
    check_shares("islands", migration_rate=migration_rate)
