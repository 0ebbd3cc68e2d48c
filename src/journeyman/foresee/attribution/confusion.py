"""Planted faults against the labels that replays give: does attribution find the stage that is at fault?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from journeyman.foresee.attribution.proportion import Share, share_of
from journeyman.foresee.attribution.record import Failure
from journeyman.foresee.protocol.repair import STAGES, Repairable

ALONE = 0.9
"""Share of the failures by one planted fault in which the true stage must be the only one that flips them (spec J5)."""


class Planted(msgspec.Struct, frozen=True):
    """One planted fault.

    Attributes:
        stage: where it was planted.
        played: episodes. failures: of them.
        inside: failures that the true stage's repair flips. alone: that no other single repair flips.
        flips: stage -> failures that its repair flips.
    """

    stage: Repairable
    played: int
    failures: int
    inside: Share
    alone: Share
    flips: dict[Repairable, int]

    @property
    def holds(self) -> bool:
        """J5: the true stage always in the set, and its only member in at least 90 % of failures."""
        return self.failures > 0 and self.inside.hits == self.failures and self.alone.hits >= ALONE * self.failures


def confusion(played: Mapping[Repairable, int], failures: Mapping[Repairable, Sequence[Failure]]) -> list[Planted]:
    """One row for each planted stage, in the chain's order. `played`: episodes with its fault."""
    return [_row(stage, played[stage], failures.get(stage, ())) for stage in STAGES if stage in played]


def _row(stage: Repairable, played: int, failures: Sequence[Failure]) -> Planted:
    n = len(failures)
    return Planted(
        stage, played, n, share_of(sum(stage in f.singles for f in failures), n),
        share_of(sum(f.singles == (stage,) for f in failures), n),
        {other: sum(other in f.singles for f in failures) for other in STAGES},
    )  # fmt: skip
