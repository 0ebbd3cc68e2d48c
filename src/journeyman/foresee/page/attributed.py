"""What attribution says of one episode: which repairs flip it, who is to blame, which calls made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from journeyman.foresee.attribution.codebook import CODES, GOVERNED_OF, NAMES
from journeyman.foresee.attribution.record import Attribution, Failure, Success
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.protocol.repair import STAGES, Repairable
from journeyman.report.number import NONE, signed


@dataclass(frozen=True)
class StageRow:
    """One stage of the chain.

    Attributes:
        flips: whether its repair alone turns the failure into success.
        adds: the chance of success that its repair alone adds, in words. blame: its Shapley value in 0..1; None: not known.
        starts: decision at which the repaired replay leaves the log; None: it does not, or nobody knows.
    """

    stage: Repairable
    question: str
    flips: bool
    adds: str
    blame: float | None
    starts: int | None


@dataclass(frozen=True)
class Attributed:
    """Of one episode. `said`: sentences. `stages`: of a failure. `decisive`: decisions whose call a success hangs on, with
    what it did. `judges`: name, stage, sentence and decision of each verdict."""

    said: Sequence[str]
    stages: Sequence[StageRow] = ()
    decisive: Mapping[int, str] = field(default_factory=dict)
    judges: Sequence[tuple[str, str, str, int | None]] = ()


def attributed(found: Attribution | None, episode: Episode) -> Attributed | None:
    """What is known of it; None: it was not attributed."""
    if found is None:
        return None
    place = episode.cell, episode.instance, episode.seed
    failure, success = found.failure_of(*place), found.success_of(*place)
    judges = tuple(
        (one.judge, one.verdict.stage, f"{one.verdict.code}: {one.verdict.evidence}", one.verdict.turn)
        for one in found.judged_of(*place)
        if one.verdict is not None
    )
    if failure is not None:
        return Attributed(_failure_words(failure), _stages(failure), {}, judges)
    if success is not None:
        return Attributed(_success_words(success), (), _decisive(success), judges)
    return Attributed(("It was not replayed.",), judges=judges) if judges else None


def _stages(failure: Failure) -> list[StageRow]:
    starts = {arm.repaired[0]: arm.diverged for arm in failure.arms if len(arm.repaired) == 1}
    rows = []
    for stage in STAGES:
        gain = failure.necessary.get(stage)
        adds = NONE if gain is None else signed(gain.value, digits=2)
        flips = stage in failure.singles
        blame = failure.blame.get(stage) if failure.blame else None
        rows.append(StageRow(stage, NAMES[GOVERNED_OF[stage]][1], flips, adds, blame, starts.get(stage)))
    return rows


def _failure_words(failure: Failure) -> list[str]:
    if failure.singles:
        alone = " or of the ".join(failure.singles)
        return [f"Repair of the {alone} alone turns it into success; all other luck stays as it was."]
    if failure.pairs:
        pairs = "; ".join(" with ".join(pair) for pair in failure.pairs)
        return [f"No single repair turns it into success. These pairs do: {pairs}."]
    if failure.whole is False:
        return ["Not even all five repairs together turn it into success: no stage is to blame."]
    return ["Neither a single repair nor a pair turns it into success; more of them together do."]


def _success_words(success: Success) -> list[str]:
    if success.made_by_calls:
        return ["Without its calls it fails: it owes success to them."]
    return ["It succeeds without any call, too."]


def _decisive(success: Success) -> dict[int, str]:
    return {
        one.decision: f"{one.code}: {CODES[one.code]}" if one.code is not None else "without this call it fails"
        for one in success.removed
        if one.decisive
    }
