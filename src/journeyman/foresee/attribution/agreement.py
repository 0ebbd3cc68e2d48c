"""How far judges agree with the replays, and with one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import msgspec

from journeyman.foresee.attribution.codebook import GOVERNED, GOVERNED_OF
from journeyman.foresee.attribution.judge import Judged
from journeyman.foresee.attribution.kappa import Kappa, kappa
from journeyman.foresee.attribution.proportion import Share, share_of
from journeyman.foresee.protocol.repair import Repairable

Where = tuple[str, str, int]
"""Cell, instance and seed of an episode."""

NONE = "none"
"""The label of a failure that no single repair flips."""


class Agreement(msgspec.Struct, frozen=True):
    """One judge against the replays, on failed episodes that both labeled.

    Attributes:
        counts: stage of the replay -> stage of the judge -> episodes. A replay's stage is its earliest; "none" where no
            single repair flips the episode.
        inside: share of episodes in which the judge's stage is among those that flip it, of those that some single flips.
        alone: the same where only one of the paper's stages flips it.
        kappa: between the judge's stage and the replay's earliest.
        unread: episodes on which no answer of the judge could be taken.
        tokens, micro_usd: what the judge's answers cost, successes included.
    """

    judge: str
    counts: dict[str, dict[str, int]]
    inside: Share
    alone: Share
    kappa: Kappa
    unread: int
    tokens: int
    micro_usd: int


class Between(msgspec.Struct, frozen=True):
    """Two judges on the same episodes: kappa of their stages, codes and answers whether the calls matter."""

    first: str
    second: str
    stage: Kappa
    code: Kappa
    matters: Kappa


def governed(stages: Sequence[Repairable]) -> tuple[str, ...]:
    """Repairs as the stages that judges name, in the chain's order, each once."""
    found = {GOVERNED_OF[stage] for stage in stages}
    return tuple(stage for stage in GOVERNED if stage in found)


def with_replays(judged: Sequence[Judged], flips: Mapping[Where, Sequence[Repairable]]) -> list[Agreement]:
    """One row for each judge. `flips`: failed episode -> the single repairs that flip it, none if it is empty."""
    return [_agreement(name, of, flips) for name, of in by_judge(judged).items()]


def between(judged: Sequence[Judged]) -> list[Between]:
    """One row for each pair of judges, on the episodes that both gave a verdict on."""
    rows = []
    for (first, ours), (second, theirs) in combinations(by_judge(judged).items(), 2):
        other = {where(j): j.verdict for j in theirs if j.verdict is not None}
        pairs = [(j.verdict, other[where(j)]) for j in ours if j.verdict is not None and where(j) in other]
        rows.append(
            Between(
                first, second, kappa([a.stage for a, _ in pairs], [b.stage for _, b in pairs]),
                kappa([a.code for a, _ in pairs], [b.code for _, b in pairs]),
                kappa([a.matters for a, _ in pairs], [b.matters for _, b in pairs]),
            )
        )  # fmt: skip
    return rows


def by_judge(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    """Answers by judge, judges in the order in which they come."""
    found: dict[str, list[Judged]] = {}
    for one in judged:
        found.setdefault(one.judge, []).append(one)
    return found


def where(judged: Judged) -> Where:
    """The episode that it is about."""
    return judged.cell, judged.instance, judged.seed


def _agreement(name: str, judged: Sequence[Judged], flips: Mapping[Where, Sequence[Repairable]]) -> Agreement:
    pairs = [
        (governed(flips[where(j)]), j.verdict.stage)
        for j in judged
        if j.verdict is not None and not j.success and where(j) in flips
    ]
    counts: dict[str, dict[str, int]] = {}
    for stages, said in pairs:
        row = counts.setdefault(stages[0] if stages else NONE, dict.fromkeys(GOVERNED, 0))
        row[said] += 1
    flipped = [(stages, said) for stages, said in pairs if stages]
    lone = [(stages, said) for stages, said in flipped if len(stages) == 1]
    return Agreement(
        name, {stage: counts[stage] for stage in (*GOVERNED, NONE) if stage in counts},
        share_of(sum(said in stages for stages, said in flipped), len(flipped)),
        share_of(sum(said in stages for stages, said in lone), len(lone)),
        kappa([stages[0] for stages, _ in flipped], [said for _, said in flipped]),
        sum(j.verdict is None for j in judged), sum(j.tokens for j in judged), sum(j.micro_usd for j in judged),
    )  # fmt: skip
