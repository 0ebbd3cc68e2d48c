"""The lineage of a run, as a drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container

from journeyman.optimize.shown.ancestry import improvements, path_to, with_ancestors
from journeyman.optimize.shown.headline import score_name, spoken
from journeyman.optimize.story import OPEN, Step, Story
from journeyman.optimize.trial import SEED
from journeyman.report.blocks import Block, Drawings
from journeyman.report.draw.axis import quantile
from journeyman.report.draw.tree import Band, Node, draw_tree
from journeyman.report.number import number

WHOLE = 160
"""Up to so many proposals are drawn one by one; of more, the improvements, what they came from, and bands for the rest."""
_BANDS = 70
_COLOURS = 6


def lineage_blocks(story: Story, entries: Container[int]) -> list[Block]:
    """The drawing with its legend; nothing for a run of the seed alone."""
    settled = [step for step in story.steps if step.kind != OPEN]
    if len(settled) < 2:
        return []
    whole = len(settled) <= WHOLE
    result = story.result
    path = set(path_to(story, result.best.index))
    shown = (
        settled
        if whole
        else [story.step(i) for i in sorted(with_ancestors(story, {*improvements(story), *path}))]
    )
    colours = _colours(settled)
    last = settled[-1].index
    nodes = [_node(step, path, colours, entries) for step in shown]
    drawn = draw_tree(
        nodes, last=last, score_name=score_name(result), bands=() if whole else _bands(settled, last), log=not whole,
        label=f"Lineage of {len(shown)} of {len(settled)} proposals; the best is candidate {result.best.index}, "
        f"{len(path) - 1} steps from the seed",
    )  # fmt: skip
    legend = [(class_, name) for name, class_ in colours.items()] if len(colours) > 1 else []
    if len(path) > 1:
        legend.append(("ring", "on the way to the best"))
    if whole:
        caption = (
            "A line leads from the first parent, the one that was improved; a dotted one from each further parent. "
            "Crosses have no score or gave no candidate. Each mark leads to its entry below."
        )
        legend.append(("cross", "no score, or no candidate"))
    else:
        caption = (
            f"{len(shown)} of {len(settled)} proposals: those that became the best, and what they came from. The bands "
            "hold the middle 80 % of all scores. Each mark leads to its entry below."
        )
        legend.append(("band", "all proposals"))
    return [Drawings([drawn], caption, legend=legend, wide=True)]


def _colours(steps: list[Step]) -> dict[str, str]:
    """Who made a candidate -> class of its colour: by model where several were asked, else by proposer."""
    counts = Counter(_maker(step) for step in steps if step.index != SEED and _maker(step))
    names = [name for name, _ in counts.most_common(_COLOURS - 1 if len(counts) > _COLOURS else _COLOURS)]
    colours = {name: f"s{i}" for i, name in enumerate(names)}
    return {**colours, "others": "s6"} if len(counts) > len(names) else colours


def _maker(step: Step) -> str:
    model = step.model
    if model and step.proposer not in ("", "model", model):
        return f"{step.proposer}, {model}"
    return model or step.proposer


def _node(step: Step, path: set[int], colours: dict[str, str], entries: Container[int]) -> Node:
    colour = "s6" if step.index == SEED else colours.get(_maker(step), "s6")
    rail = "" if step.score is not None else "no candidate" if step.failed else "no score"
    return Node(
        step.index, step.parents, step.score, colour, title(step), f"#c{step.index}" if step.index in entries else None,
        step.index in path, step.improved, rail,
    )  # fmt: skip


def title(step: Step) -> str:
    """What a pointer on a mark shows."""
    if step.index == SEED:
        return f"seed: {number(step.score)}"
    came = (
        number(step.score)
        if step.score is not None
        else spoken(step.kind if step.failed else str(step.status))
    )
    by = f" by {_maker(step)}" if _maker(step) else ""
    origin = f", from #{step.parents[0]}" if step.parents else ""
    note = f": {step.note[:120]}" if step.note else ""
    return f"#{step.index}: {came}{by}{origin}{note}"


def _bands(steps: list[Step], last: int) -> list[Band]:
    """The run in parts that are about equally wide on a logarithmic axis."""
    edges = sorted({round((last + 1) ** (k / _BANDS)) for k in range(1, _BANDS + 1)} | {1})
    bands = []
    position = next(i for i, step in enumerate(steps) if step.index >= 1)
    for first, end in zip(edges, [*edges[1:], last + 1], strict=True):
        part = []
        while position < len(steps) and steps[position].index < end:
            part.append(steps[position])
            position += 1
        scores = sorted(s.score for s in part if s.score is not None)
        if part:
            low, high = (quantile(scores, 0.1), quantile(scores, 0.9)) if scores else (None, None)
            bands.append(Band(first, end - 1, len(part), len(scores), low, high))
    return bands
