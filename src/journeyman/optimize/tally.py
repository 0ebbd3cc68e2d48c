"""How the proposals of a run ended, counted by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from journeyman.optimize.story import OPEN, REPEATED, SEED_STEP, VERIFIED, Step
from journeyman.verify import Status


@dataclass
class Tally:
    """`verdicts`: by status, of candidates with one of their own; `failures`: by kind, of proposals without a candidate;
    `repeated`: candidates that were there before. The seed and what is under way are not counted."""

    verdicts: Counter[Status] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    repeated: int = 0

    def add(self, step: Step) -> None:
        """Count one more settled step."""
        if step.kind == VERIFIED and step.status is not None:
            self.verdicts[step.status] += 1
        elif step.kind == REPEATED:
            self.repeated += 1
        elif step.kind not in (SEED_STEP, OPEN):
            self.failures[step.kind] += 1

    @property
    def verified(self) -> int:
        """Candidates with a verdict of their own."""
        return self.verdicts.total()

    @property
    def feasible(self) -> int:
        """Those of them that have a score."""
        return self.verdicts[Status.OK]

    @property
    def failed(self) -> int:
        """Proposals that gave no candidate."""
        return self.failures.total()

    @property
    def proposals(self) -> int:
        """All that were counted."""
        return self.verified + self.repeated + self.failed


def tally_of(steps: Iterable[Step]) -> Tally:
    """Count `steps`."""
    tally = Tally()
    for step in steps:
        tally.add(step)
    return tally
