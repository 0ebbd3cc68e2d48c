"""What the comparison of searches says: gains on one scale, differences to a baseline, and what they can bear.

**Scale.** A gain is the finalist's score less the seed's, in the better direction, over the largest gain that any cell of
the comparison has on that task and split: 0 is the seed, 1 the best design found here. Where the verifier is noisy, the
seed's score is the mean over all runs.

**Unit of comparison.** A cell: one task, one seed, and where proposers are pooled one proposer. Two searches are compared
on the cells that both have. p values are of exact sign-flip tests over the cells, and hold for these tasks; intervals
are hierarchical bootstraps over tasks and seeds. The held-out split is the one that counts; dev is shown beside it.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from search_cells import Cell, Outcome

from journeyman.stats.interval import Interval, t_interval
from journeyman.stats.paired import (
    Outcomes,
    hierarchical_interval,
    holm,
    outcomes,
    sign_flip_p,
    smallest_difference,
)
from journeyman.stats.rank import average_ranks

HELD_OUT, DEV = "held-out", "dev"
MEASURES = (HELD_OUT, DEV)
LEVEL = 0.05
POWER = 0.8
TIE = 1e-9
"""Gains that are this near are equal: less than rounding of a score on its scale."""

Gains = dict[Cell, float | None]


@dataclass(frozen=True)
class Same:
    """Searches with one proposer whose runs were the same in `count` of `cells`."""

    proposer: str
    searches: tuple[str, ...]
    count: int
    cells: int


@dataclass(frozen=True)
class Score:
    """Finalists of one search with one proposer on one task, over seeds, in the task's unit; None: no score in any."""

    task: str
    proposer: str
    search: str
    dev: Interval | None
    held_out: Interval | None
    missing: int
    """Finalists without a score on held-out."""
    feasible: float | None
    repeated: float
    cached: float


@dataclass(frozen=True)
class Standing:
    """One search over all tasks; `proposer` "all": over all proposers too. Differences are to the baseline."""

    measure: str
    proposer: str
    search: str
    gain: Interval
    rank: Interval | None
    difference: Interval | None = None
    outcomes: Outcomes | None = None
    p: float | None = None
    corrected_p: float | None = None
    smallest: float | None = None
    """Mean difference that this design finds with chance POWER at the corrected level; None: it can find none."""
    identical: int = 0
    """Cells in which it proposed the same candidates in the same order as the baseline."""
    cells: int = 0

    @property
    def differs(self) -> bool:
        """Whether it can be told from the baseline."""
        return self.corrected_p is not None and self.corrected_p <= LEVEL


@dataclass(frozen=True)
class Pair:
    """Two searches against each other, all proposers together, on held-out."""

    one: str
    other: str
    difference: Interval
    corrected_p: float


def gains(found: Sequence[Outcome], measure: str) -> Gains:
    """The gain of each cell on its task's scale; None where the finalist has no score."""
    by_task: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in found:
        by_task[outcome.cell.task].append(outcome)
    scaled: Gains = {}
    for group in by_task.values():
        raw = raw_gains(group, measure)
        # A task on which nothing was gained has no scale; there all gains are 0 or losses as they are.
        largest = max((gain for gain in raw.values() if gain is not None), default=0.0)
        scale = largest if largest > 0.0 else 1.0
        scaled |= {cell: None if gain is None else gain / scale for cell, gain in raw.items()}
    return scaled


def raw_gains(group: Sequence[Outcome], measure: str) -> Gains:
    """Gains of cells of one task, in its unit."""
    seeds = [o.seed_dev if measure == DEV else o.seed_held_out for o in group]
    known = [seed for seed in seeds if seed is not None]
    if not known:
        return {outcome.cell: None for outcome in group}
    seed = statistics.fmean(known)
    sign = 1.0 if group[0].maximize else -1.0
    finals = {o.cell: o.best_dev if measure == DEV else o.best_held_out for o in group}
    return {cell: None if final is None else sign * (final - seed) for cell, final in finals.items()}


def scores(found: Sequence[Outcome]) -> list[Score]:
    """One row for each task, proposer and search, in the order of the cells."""
    groups: dict[tuple[str, str, str], list[Outcome]] = defaultdict(list)
    for outcome in found:
        groups[outcome.cell.task, outcome.cell.proposer, outcome.cell.search].append(outcome)
    rows = []
    for (task, proposer, search), group in groups.items():
        held_out = [o.best_held_out for o in group if o.best_held_out is not None]
        verified, proposed = sum(o.verified for o in group), sum(o.verified + o.repeated for o in group)
        rows.append(
            Score(
                task, proposer, search, t_interval([o.best_dev for o in group]),
                t_interval(held_out) if held_out else None, len(group) - len(held_out),
                sum(o.feasible for o in group) / verified if verified else None,
                sum(o.repeated for o in group) / max(1, proposed), sum(o.cached for o in group) / max(1, verified),
            )
        )  # fmt: skip
    return rows


def standings(
    found: Sequence[Outcome], searches: Sequence[str], proposers: Sequence[str], baseline: str
) -> list[Standing]:
    """Every search over all tasks, for each measure and proposer, and for all proposers together."""
    names = {outcome.cell: outcome.candidates for outcome in found}
    rows = []
    for measure in MEASURES:
        scaled = gains(found, measure)
        for proposer in [*proposers, *(["all"] if len(proposers) > 1 else [])]:
            chosen = {c: g for c, g in scaled.items() if proposer in ("all", c.proposer)}
            rows += _family(measure, proposer, chosen, names, searches, baseline)
    return rows


def pairs(found: Sequence[Outcome], searches: Sequence[str]) -> list[Pair]:
    """Every two searches, all proposers together, corrected for their number."""
    scaled = gains(found, HELD_OUT)
    made = []
    for one, other in combinations(searches, 2):
        groups = _differences(scaled, one, other)
        if groups:
            made.append((one, other, hierarchical_interval(groups), sign_flip_p(groups)))
    corrected = holm([p for *_, p in made])
    return [
        Pair(one, other, interval, p) for (one, other, interval, _), p in zip(made, corrected, strict=True)
    ]


def same_runs(found: Sequence[Outcome]) -> list[Same]:
    """Searches that proposed the very same candidates in the same order.

    First, for each proposer, those that did so in every cell, as one group; then pairs, with one name standing for its
    group, that did so in some.
    """
    sequences: dict[str, dict[str, dict[tuple[str, int], str]]] = defaultdict(lambda: defaultdict(dict))
    for outcome in found:
        cell = outcome.cell
        sequences[cell.proposer][cell.search][cell.task, cell.seed] = outcome.candidates
    rows = []
    for proposer, by_search in sequences.items():
        groups: dict[frozenset[tuple[tuple[str, int], str]], list[str]] = defaultdict(list)
        for search, runs in by_search.items():
            groups[frozenset(runs.items())].append(search)
        rows += [Same(proposer, tuple(g), len(runs), len(runs)) for runs, g in groups.items() if len(g) > 1]
        for one, other in combinations(groups, 2):
            if one & other:
                names = (groups[one][0], groups[other][0])
                rows.append(Same(proposer, names, len(one & other), min(len(one), len(other))))
    return rows


def curves(found: Sequence[Outcome]) -> dict[tuple[str, str], list[float]]:
    """Mean dev gain after 0, 1, ... evaluations for (proposer, search): over seeds, then over tasks, on the same scale."""
    by_task: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in found:
        by_task[outcome.cell.task].append(outcome)
    lines: dict[tuple[str, str], dict[str, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    for task, group in by_task.items():
        seed = statistics.fmean(o.seed_dev for o in group)
        sign = 1.0 if group[0].maximize else -1.0
        largest = max(sign * (o.best_dev - seed) for o in group)
        for o in group:
            line = [sign * (score - seed) / (largest if largest > 0.0 else 1.0) for score in o.curve]
            lines[o.cell.proposer, o.cell.search][task].append(line)
    return {
        key: [
            statistics.fmean(points) for points in zip(*(_mean(runs) for runs in tasks.values()), strict=True)
        ]
        for key, tasks in lines.items()
    }


def _family(
    measure: str, proposer: str, chosen: Gains, names: dict[Cell, str], searches: Sequence[str], baseline: str
) -> list[Standing]:
    """The searches of one measure and proposer; p values are corrected within it."""
    present = [s for s in searches if any(c.search == s and g is not None for c, g in chosen.items())]
    placed = _ranks(chosen, present)
    rows = [
        Standing(
            measure, proposer, search, hierarchical_interval(_by_task(chosen, search)), placed.get(search),
            cells=sum(c.search == search for c in chosen),
        )
        for search in present
    ]  # fmt: skip
    compared = {s: g for s in present if s != baseline and (g := _differences(chosen, s, baseline))}
    tests = {search: sign_flip_p(groups) for search, groups in compared.items()}
    corrected = dict(zip(tests, holm(list(tests.values())), strict=True))
    return [
        _compared(
            row, compared[row.search], tests[row.search], corrected[row.search], chosen, names, baseline
        )
        if row.search in compared
        else row
        for row in rows
    ]


def _compared(
    row: Standing, groups: list[list[float]], p: float, corrected_p: float, chosen: Gains,
    names: dict[Cell, str], baseline: str,
) -> Standing:  # fmt: skip
    values = [value for group in groups for value in group]
    others = max(1, len({c.search for c in chosen}) - 1)
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    same = sum(
        names[c] == names.get(_with(c, baseline)) for c in chosen if c.search == row.search
    )  # fmt: skip
    return Standing(
        row.measure, row.proposer, row.search, row.gain, row.rank, hierarchical_interval(groups),
        outcomes(groups, tie=TIE), p, corrected_p,
        smallest_difference(spread, len(values), level=LEVEL / others, power=POWER) if spread else None, same,
        len(values),
    )  # fmt: skip


def _ranks(chosen: Gains, searches: Sequence[str]) -> dict[str, Interval]:
    """Average ranks over the cells that every search has."""
    by_task: dict[str, list[list[float | None]]] = defaultdict(list)
    for place in sorted({(c.task, c.proposer, c.seed) for c in chosen}):
        cells = [Cell(place[0], place[1], search, place[2]) for search in searches]
        if all(cell in chosen for cell in cells):
            row = [chosen[cell] for cell in cells]
            # Equal up to rounding is a tie.
            by_task[place[0]].append([None if gain is None else round(gain / TIE) * TIE for gain in row])
    if not by_task:
        return {}
    return dict(zip(searches, average_ranks(list(by_task.values())), strict=True))


def _by_task(chosen: Gains, search: str) -> list[list[float]]:
    groups: dict[str, list[float]] = defaultdict(list)
    for cell, gain in sorted(chosen.items()):
        if cell.search == search and gain is not None:
            groups[cell.task].append(gain)
    return list(groups.values())


def _differences(chosen: Gains, one: str, other: str) -> list[list[float]]:
    """Gains of `one` less those of `other` on the cells where both have one, by task."""
    groups: dict[str, list[float]] = defaultdict(list)
    for cell, gain in sorted(chosen.items()):
        against = chosen.get(_with(cell, other))
        if cell.search == one and gain is not None and against is not None:
            difference = gain - against
            groups[cell.task].append(0.0 if abs(difference) <= TIE else difference)
    return list(groups.values())


def _with(cell: Cell, search: str) -> Cell:
    return Cell(cell.task, cell.proposer, search, cell.seed)


def _mean(lines: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.fmean(points) for points in zip(*lines, strict=True)]
