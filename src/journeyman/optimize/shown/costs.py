"""What the models cost and what came of it: by model, and by who proposed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from journeyman.optimize.shown.headline import dollars, spoken, thousands
from journeyman.optimize.story import OPEN, Call, Step, Story
from journeyman.optimize.trial import SEED
from journeyman.report.blocks import Block
from journeyman.report.draw.axis import quantile
from journeyman.report.number import NONE, duration, share
from journeyman.report.table import Table


def cost_blocks(story: Story) -> list[Block]:
    """Tables of calls by model, their outcomes, and what each proposer's proposals came to; empty where there is one."""
    steps = [step for step in story.steps if step.index != SEED and step.kind != OPEN]
    blocks: list[Block] = []
    if story.calls:
        blocks += [by_model(story), outcomes_by_model(story)]
    if story.calls or len({step.proposer for step in steps}) > 1:
        blocks.append(by_proposer(steps))
    return blocks


def by_model(story: Story) -> Table:
    """Calls, tokens, money and latency of each model."""
    better = {step.index for step in story.steps if step.improved}
    rows = []
    for model, calls in _grouped(story.calls).items():
        times = sorted(call.latency_s for call in calls if call.latency_s is not None)
        known = [call.micro_usd for call in calls if call.micro_usd is not None]
        gave = sum(call.index in better for call in calls)
        rows.append((
            model, str(len(calls)), thousands(sum(c.input or 0 for c in calls)), _part(calls, "cached", "input"),
            thousands(sum(c.output or 0 for c in calls)), _part(calls, "reasoning", "output"),
            dollars(sum(known)) if known else NONE, duration(quantile(times, 0.5)) if times else NONE,
            duration(quantile(times, 0.9)) if times else NONE, str(sum(c.attempts - 1 for c in calls)),
            f"{gave} ({share(gave, len(calls))})",
        ))  # fmt: skip
    columns = (
        "model", "calls", "tokens in", "of them cached", "tokens out", "of them reasoning", "money", "median time",
        "9 of 10 in", "tried again", "led to an improvement",
    )  # fmt: skip
    unpriced = sum(call.micro_usd is None for call in story.calls)
    note = f"For {unpriced} of {len(story.calls)} calls nobody knows what they cost." if unpriced else ""
    return Table(columns, rows, title="By model", numbers=frozenset(columns[1:]), note=note)


def outcomes_by_model(story: Story) -> Table:
    """How the calls of each model ended."""
    grouped = _grouped(story.calls)
    kinds = [kind for kind, _ in Counter(call.outcome for call in story.calls).most_common()]
    rows = [
        (model, *(str(sum(call.outcome == kind for call in calls)) for kind in kinds))
        for model, calls in grouped.items()
    ]
    # Two kinds may read alike; a table needs its columns apart.
    columns = ("model", *(spoken(kind) or "unnamed" for kind in kinds))
    return Table(columns, rows, title="How calls ended", numbers=frozenset(columns[1:]))


def by_proposer(steps: Sequence[Step]) -> Table:
    """What each proposer's proposals came to."""
    grouped: dict[str, list[Step]] = {}
    for step in steps:
        grouped.setdefault(step.proposer or "not known", []).append(step)
    rows = []
    for name, own in sorted(grouped.items(), key=lambda item: -len(item[1])):
        calls = [call for step in own for call in step.calls]
        money = sum(call.micro_usd or 0 for call in calls)
        better = sum(step.improved for step in own)
        rows.append((
            name, str(len(own)), share(sum(s.has_candidate for s in own), len(own)),
            share(sum(s.score is not None for s in own), len(own)), f"{better} ({share(better, len(own))})", str(len(calls)),
            thousands(sum(call.tokens for call in calls)) if calls else NONE, dollars(money) if money else NONE,
            dollars(money / better) if money and better else NONE,
        ))  # fmt: skip
    columns = (
        "proposer", "proposals", "gave a candidate", "with a score", "improvements", "calls", "tokens", "money",
        "money for an improvement",
    )  # fmt: skip
    return Table(columns, rows, title="By proposer", numbers=frozenset(columns[1:]))


def _grouped(calls: Sequence[Call]) -> dict[str, list[Call]]:
    grouped: dict[str, list[Call]] = {}
    for call in calls:
        grouped.setdefault(call.model, []).append(call)
    return dict(sorted(grouped.items(), key=lambda item: -len(item[1])))


def _part(calls: Sequence[Call], part: str, whole: str) -> str:
    return share(sum(getattr(c, part) for c in calls), sum(getattr(c, whole) or 0 for c in calls))
