"""Who came from whom: the way to a candidate, and which candidates a long run's page shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from journeyman.optimize.story import Story
from journeyman.optimize.trial import SEED

ALL = 400
"""Up to so many proposals a page shows every one."""
_LAST = 50
_SAMPLES = 5  # of each kind of failure


def path_to(story: Story, index: int) -> tuple[int, ...]:
    """From the seed to `index`, each made from the one before it: first parents only."""
    path = [index]
    while path[-1] != SEED:
        parents = story.step(path[-1]).parents
        # A parent is always earlier; a log that says otherwise must not lead round in a circle.
        if not parents or parents[0] >= path[-1] or parents[0] not in story:
            break
        path.append(parents[0])
    return tuple(reversed(path))


def improvements(story: Story) -> tuple[int, ...]:
    """Numbers of the candidates that became the best of the run, in the order in which they did."""
    return tuple(index for index in story.course if story.step(index).improved)


def with_ancestors(story: Story, indices: Iterable[int]) -> set[int]:
    """`indices` and all they came from by first parents."""
    found: set[int] = set()
    for index in indices:
        for ancestor in reversed(path_to(story, index)):
            if ancestor in found:
                break
            found.add(ancestor)
    return found


@dataclass(frozen=True)
class Chosen:
    """The proposals that are shown one by one, in order; `of` all."""

    indices: tuple[int, ...]
    of: int

    @property
    def left_out(self) -> int:
        """How many are not shown."""
        return self.of - len(self.indices)


def chosen(story: Story, *, most: int = ALL) -> Chosen:
    """All, or of more than `most`: improvements, their ancestors, the best's, the last ones, some of each failure."""
    every = [step.index for step in story.steps]
    if len(every) <= most:
        return Chosen(tuple(every), len(every))
    kept = with_ancestors(story, [*improvements(story)[-most:], story.result.best.index, SEED])
    kept |= set(every[-_LAST:])
    samples: dict[str, int] = {}
    for step in story.steps:
        kind = step.kind if step.failed else str(step.status) if step.score is None else ""
        if kind and samples.get(kind, 0) < _SAMPLES:
            samples[kind] = samples.get(kind, 0) + 1
            kept.add(step.index)
    return Chosen(tuple(sorted(kept)), len(every))
