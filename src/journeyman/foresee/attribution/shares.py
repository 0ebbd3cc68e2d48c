"""Failures and successes of a cell in one view: shares by stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from journeyman.foresee.attribution.proportion import share_of
from journeyman.foresee.attribution.record import CellShares, Failure, StageShare, Success
from journeyman.foresee.protocol.repair import STAGES, Repairable


def shares(
    cell: str, failures: Sequence[Failure], successes: Sequence[Success], *, planted: Repairable | None = None
) -> CellShares:
    """What the stages did in these episodes, all of one cell."""
    flipped = [failure for failure in failures if failure.whole and failure.sufficient]
    unflipped = [failure for failure in failures if not failure.singles and not failure.pairs]
    return CellShares(
        cell, len(failures), tuple(_stage(stage, failures, flipped) for stage in STAGES),
        sum(bool(failure.pairs) for failure in failures),
        sum(bool(failure.whole) for failure in unflipped), sum(not failure.whole for failure in unflipped),
        len(successes), sum(one.calls > 0 for one in successes),
        share_of(sum(one.made_by_calls for one in successes), sum(one.calls > 0 for one in successes)),
        dict(sorted(Counter(r.code for one in successes for r in one.removed if r.code is not None).items())), planted,
    )  # fmt: skip


def _stage(stage: Repairable, failures: Sequence[Failure], flipped: Sequence[Failure]) -> StageShare:
    mine = [failure for failure in failures if stage in failure.singles]
    blamed = [failure.blame[stage] for failure in failures if failure.blame]
    # A share of 1 of failure that this stage alone brings about: all of it, or half of the replays and more.
    sufficient = [failure for failure in flipped if failure.sufficient[stage].value >= 0.5]
    return StageShare(
        stage, share_of(len(mine), len(failures)),
        share_of(sum(failure.singles == (stage,) for failure in mine), len(failures)),
        sum(1 / len(failure.singles) for failure in mine), sum(blamed) / len(blamed) if blamed else None,
        share_of(len(sufficient), len(flipped)),
    )  # fmt: skip
