"""What became of the proposals: how many have a score, and how the others ended, over the course of the run."""

from __future__ import annotations

from collections import Counter

from journeyman.optimize.shown.headline import spoken
from journeyman.optimize.story import OPEN, REPEATED, Step, Story
from journeyman.optimize.trial import SEED
from journeyman.report.blocks import Block, Drawings, Text
from journeyman.report.draw.bars import Bar, draw_bars
from journeyman.report.number import share
from journeyman.report.table import Table

SCORED, AGAIN, REST = "a score", "an earlier candidate again", "other"
_PARTS = 10
_KINDS = 6


def outcome_of(step: Step) -> str:
    """In words."""
    if step.kind == REPEATED:
        return AGAIN
    if step.failed:
        return f"no candidate: {spoken(step.kind)}"
    return SCORED if step.score is not None else spoken(str(step.status))


def outcome_blocks(story: Story) -> list[Block]:
    """A bar for each tenth of the run, and the table."""
    steps = [step for step in story.steps if step.index != SEED and step.kind != OPEN]
    if not steps:
        return [Text("No proposal was settled yet.", soft=True)]
    counts = Counter(map(outcome_of, steps))
    rows = [(kind, str(n), share(n, len(steps))) for kind, n in counts.most_common()]
    table = Table(("ended as", "proposals", "share"), rows, numbers=frozenset({"proposals", "share"}))
    if len(counts) == 1 or len(steps) < _PARTS:
        return [table]
    return [_bars(steps, counts), table]


def _bars(steps: list[Step], counts: Counter[str]) -> Drawings:
    names = [name for name, _ in counts.most_common() if name != SCORED][:_KINDS]
    rest = sum(counts.values()) - counts[SCORED] - sum(counts[name] for name in names)
    shown = [SCORED, *names, *([REST] if rest else [])]
    classes = ("s0", "s1", "s5", "s3", "s4", "s2", "s6", "s6")
    kinds = list(zip(shown, classes, strict=False))
    bars = []
    for part in range(_PARTS):
        slice_ = steps[len(steps) * part // _PARTS : len(steps) * (part + 1) // _PARTS]
        found = Counter(name if (name := outcome_of(step)) in shown else REST for step in slice_)
        first, last = slice_[0].index, slice_[-1].index
        bars.append(Bar(str(first), f"proposals {first} to {last}", tuple(found[name] for name in shown)))
    label = f"Outcomes of {len(steps)} proposals in tenths of the run"
    drawn = draw_bars(
        bars, kinds, x_name="tenths of the run, by the number of their first proposal", label=label
    )
    return Drawings([drawn], legend=[(class_, name) for name, class_ in kinds])
