"""How often each of several proposers is asked: by what its proposals gained lately.

**Credit.** Of the last `window` proposals, those that improved on their parent are ranked by how much: the smallest gain
earns 1, the next 2, and so on; all others earn 0. Ranks instead of amounts, since gains shrink by orders of magnitude in
the course of a run (arXiv 2604.12290: the k-th is about 1/k of the first) and have a different unit in every task; the
outcome does not change with the scale of the score. A window instead of decaying weights, since it is sharp: what lies
outside is forgotten whatever the order of the verdicts, and sums stay integers.

**Quality** of a proposer is its mean credit a proposal, drawn towards the mean of all by `PRIOR` proposals.

**Shares** match qualities, and none falls below the floor (probability matching with a least probability):

    share = floor + (1 - parts * floor) * quality / sum of qualities

One that gave no new candidate in its last `PATIENCE` or more proposals in the window has quality 0.

D. E. Goldberg: Probability matching, the magnitude of reinforcement, and classifier system bidding. Machine Learning 5
(1990) 407-425. D. Thierens: An adaptive pursuit strategy for allocating operator probabilities. GECCO 2005, 1539-1546.
Á. Fialho, M. Schoenauer, M. Sebag: Toward comparison-based adaptive operator selection. GECCO 2010, 767-774 (ranks).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

PRIOR = 2
"""Proposals of average credit that every part is taken to have made."""

PATIENCE = 4
"""Proposals without a new candidate after which a part is taken to be broken."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one proposal of `part`.

    `rise`: score minus the parent's score, infinite where the parent had none; None where there is no score. `new`:
    whether there was a candidate that is none of the earlier ones.
    """

    part: str
    rise: float | None
    new: bool


class Record:
    """The outcomes of the last `window` proposals by index, in whatever order they become known."""

    def __init__(self, window: int) -> None:
        self.window = window
        self.newest = 0
        self._outcomes: dict[int, Outcome] = {}

    def add(self, index: int, outcome: Outcome) -> None:
        """Proposal `index` came to this. Saying it again changes nothing."""
        self.newest = max(self.newest, index)
        self._outcomes[index] = outcome
        for old in [i for i in self._outcomes if i <= self.newest - self.window]:
            del self._outcomes[old]

    def qualities(self, parts: Sequence[str], *, maximize: bool) -> list[float]:
        """One number >= 0 for each part; equal ones as long as nobody gained anything."""
        gains = {i: gain for i, o in self._outcomes.items() if (gain := _gain(o, maximize)) is not None}
        ranked = sorted(gains.values())
        credit, made = dict.fromkeys(parts, 0), dict.fromkeys(parts, 0)
        for i, outcome in self._outcomes.items():
            if outcome.part in made:
                made[outcome.part] += 1
                # Equal gains earn the same, whatever their order.
                credit[outcome.part] += bisect_right(ranked, gains[i]) if i in gains else 0
        all_credit, all_made = sum(credit.values()), sum(made.values())
        if not all_credit:
            found = [1.0] * len(parts)
        else:
            # Multiplied out, so that the only rounding is that of one division of whole numbers.
            found = [
                (credit[p] * all_made + PRIOR * all_credit) / ((made[p] + PRIOR) * all_made) for p in parts
            ]
        return [0.0 if self.broken(p) else quality for p, quality in zip(parts, found, strict=True)]

    def broken(self, part: str) -> bool:
        """Whether `part` gave nothing new in at least PATIENCE proposals."""
        news = [o.new for o in self._outcomes.values() if o.part == part]
        return len(news) >= PATIENCE and not any(news)


def shares(qualities: Sequence[float], floor: float) -> list[float]:
    """Probabilities in proportion to the qualities, none below `floor`; equal ones where all qualities are 0."""
    total = sum(qualities)
    if total <= 0.0:
        return [1.0 / len(qualities)] * len(qualities)
    free = 1.0 - floor * len(qualities)
    # Divided first: the share of what is all there is must be 1 even where a product would round.
    return [floor + free * (quality / total) for quality in qualities]


def _gain(outcome: Outcome, maximize: bool) -> float | None:
    if outcome.rise is None or not outcome.new:
        return None
    # The parent had no score: any is better, in either direction.
    gain = abs(outcome.rise) if outcome.rise == float("inf") else outcome.rise if maximize else -outcome.rise
    return gain if gain > 0.0 else None
