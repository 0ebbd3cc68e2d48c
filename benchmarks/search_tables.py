"""The comparison of searches as tables and sentences."""

from __future__ import annotations

from collections.abc import Sequence

from search_cells import Cell, Failure, Outcome
from search_compare import DEV, HELD_OUT, LEVEL, POWER, Pair, Same, Score, Standing

from journeyman.report.number import alike, number, share
from journeyman.report.table import Table
from journeyman.stats.interval import Interval


def task_tables(rows: Sequence[Score]) -> list[Table]:
    """One table for each task and proposer."""
    tables = []
    for task, proposer in dict.fromkeys((row.task, row.proposer) for row in rows):
        chosen = [row for row in rows if (row.task, row.proposer) == (task, proposer)]
        missing = sum(row.missing for row in chosen)
        tables.append(
            Table(
                ("search", "dev", "held-out", "feasible", "repeated", "cached"),
                [
                    (
                        row.search, interval(row.dev), interval(row.held_out),
                        "–" if row.feasible is None else f"{100 * row.feasible:.0f} %", f"{100 * row.repeated:.0f} %",
                        f"{100 * row.cached:.0f} %",
                    )
                    for row in chosen
                ],
                f"{task}, {proposer}",
                frozenset(("feasible", "repeated", "cached")),
                f"Finalists without a held-out score, which are not in its means: {missing}." if missing else "",
            )
        )  # fmt: skip
    return tables


def overall_tables(rows: Sequence[Standing], baseline: str) -> list[Table]:
    """One table for each proposer, and one for all together."""
    dev = {(row.proposer, row.search): row for row in rows if row.measure == DEV}
    tables = []
    for proposer in dict.fromkeys(row.proposer for row in rows):
        chosen = [row for row in rows if row.proposer == proposer and row.measure == HELD_OUT]
        tables.append(
            Table(
                ("search", "gain, held-out", "gain, dev", "mean rank", f"held-out less {baseline}", "won/tied/lost", "p",
                 "p, corrected", "visible from", "same runs"),
                [
                    (
                        row.search, places(row.gain),
                        places(dev[proposer, row.search].gain if (proposer, row.search) in dev else None),
                        places(row.rank), places(row.difference, "+"),
                        "/".join(map(str, row.outcomes)) if row.outcomes else "", probability(row.p),
                        probability(row.corrected_p), "" if row.smallest is None else number(row.smallest, digits=2),
                        share(row.identical, row.cells) if row.outcomes else "",
                    )
                    for row in chosen
                ],
                "all proposers together" if proposer == "all" else f"over all tasks, {proposer}",
            )
        )  # fmt: skip
    return tables


def sentences(
    found: Sequence[Outcome],
    failures: Sequence[Failure],
    missing: Sequence[Cell],
    rows: Sequence[Standing],
    found_pairs: Sequence[Pair],
    same: Sequence[Same],
    baseline: str,
) -> list[str]:
    """What may be said, and what not."""
    said = [_setting(found, failures)]
    for proposer in dict.fromkeys(row.proposer for row in rows):
        chosen = [
            row for row in rows if row.proposer == proposer and row.measure == HELD_OUT and row.p is not None
        ]
        if chosen:
            said.append(_verdict(proposer, chosen, baseline))
    if len({row.proposer for row in rows}) > 1 and found_pairs:
        said.append(_pairs(found_pairs))
    for row in _merged(same):
        if 2 * row.count >= row.cells:
            how = "every one" if row.count == row.cells else f"{row.count}"
            said.append(
                f"With `{row.proposer}`, {_list(row.searches)} proposed the very same candidates in {how} of {row.cells} "
                "cells: there they are one run under several names."
            )
    verified, cached = sum(o.verified for o in found), sum(o.cached for o in found)
    said.append(
        f"Of {verified:,} verdicts {share(cached, verified)} were taken from the cache, because an earlier run of the "
        "comparison had proposed the same candidate (verdicts of noisy verifiers are never cached)."
    )
    for task, proposer in dict.fromkeys((cell.task, cell.proposer) for cell in missing):
        lacking = [cell for cell in missing if (cell.task, cell.proposer) == (task, proposer)]
        names = _list(list(dict.fromkeys(cell.search for cell in lacking)))
        said.append(
            f"Not run, and in no table: {_runs(len(lacking))} of {names} with `{proposer}` on {task}. Differences are taken "
            "over the cells that both searches have."
        )
    if failures:
        listed = "; ".join(f"{failure.cell}: {failure.message}" for failure in failures)
        said.append(f"Failed, and in no table: {_runs(len(failures))}: {listed}.")
    return said


def interval(value: Interval | None) -> str:
    """A score in its task's unit: `0.412 [0.380, 0.444]`."""
    if value is None:
        return "–"
    if value.low is None or value.high is None:
        return f"{number(value.mean, digits=3)} (one value)"
    mean, low, high = alike([value.mean, value.low, value.high], digits=3)
    return f"{mean} [{low}, {high}]"


def places(value: Interval | None, sign: str = "") -> str:
    """A gain or a rank, which need two places: `0.41 [0.38, 0.44]`; differences with their `sign`, "+"."""
    if value is None:
        return "–"
    # Adding 0.0 takes the sign off a zero.
    shown = [f"{round(v, 2) + 0.0:{sign}.2f}" for v in (value.mean, value.low, value.high) if v is not None]
    return f"{shown[0]} [{shown[1]}, {shown[2]}]" if len(shown) == 3 else f"{shown[0]} (one value)"


def probability(p: float | None) -> str:
    """A p value as people write it."""
    if p is None:
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _setting(found: Sequence[Outcome], failures: Sequence[Failure]) -> str:
    cells = [outcome.cell for outcome in found]
    counts = [
        (len({getattr(cell, part) for cell in cells}), name)
        for part, name in (
            ("search", "searches"), ("proposer", "proposers"), ("task", "tasks"), ("seed", "seeds"),
        )
    ]  # fmt: skip
    budget = max((len(outcome.curve) - 1 for outcome in found), default=0)
    of = ", ".join(f"{count} {name if count != 1 else _one(name)}" for count, name in counts)
    return (
        f"{_runs(len(found))} ({of}) of {budget} evaluations each, {len(failures) or 'none'} failed. A gain of 0 is the "
        "seed, 1 the best design that any run here found on that task; what counts is held-out."
    )


def _verdict(proposer: str, rows: Sequence[Standing], baseline: str) -> str:
    begin = "All proposers together" if proposer == "all" else f"With `{proposer}`"
    better = [row for row in rows if row.differs and row.difference and row.difference.mean > 0]
    worse = [row for row in rows if row.differs and row.difference and row.difference.mean <= 0]
    alike = [row for row in rows if not row.differs]
    parts = []
    for group, word in ((better, "better"), (worse, "worse")):
        if group:
            shown = (
                f"`{r.search}` ({places(r.difference, '+')}, corrected p {probability(r.corrected_p)})"
                for r in group
            )
            parts.append(f"{word} than `{baseline}`: {', '.join(shown)}")
    if alike:
        parts.append(f"not told apart from `{baseline}`: {_list([row.search for row in alike])}")
    cells = max(row.cells for row in rows)
    seen = [row.smallest for row in rows if row.smallest is not None and row.smallest > 0.0]
    text = f"{begin} ({cells} cells), {'; '.join(parts)}."
    if seen:
        low, high = number(min(seen), digits=2), number(max(seen), digits=2)
        span = low if low == high else f"{low} to {high}, by search,"
        text += (
            f" A true difference would have been seen with a chance of {100 * POWER:.0f} % from {span} on."
        )
    blind = [r.search for r in alike if _differing(r) > 0 and len(rows) * 2.0 ** (1 - _differing(r)) > LEVEL]
    if blind:
        text += (
            f" Of {_list(blind)} so few cells differ from those of `{baseline}` that even to win every one of them would "
            "have shown nothing."
        )
    return text


def _differing(row: Standing) -> int:
    """Cells that are no tie."""
    return row.outcomes.wins + row.outcomes.losses if row.outcomes else 0


def _pairs(found: Sequence[Pair]) -> str:
    differing = [pair for pair in found if pair.corrected_p <= LEVEL]
    if not differing:
        return f"All proposers together, none of the {len(found)} pairs of searches can be told apart."
    shown = (
        f"`{p.one}` and `{p.other}` ({places(p.difference, '+')}, corrected p {probability(p.corrected_p)})"
        for p in sorted(differing, key=lambda pair: pair.corrected_p)
    )
    rest = len(found) - len(differing)
    return (
        f"All proposers together, {len(differing)} of {len(found)} pairs of searches differ: {', '.join(shown)}; "
        f"the other {rest} cannot be told apart."
    )


def _merged(same: Sequence[Same]) -> list[Same]:
    """Pairs that were the same equally often, put together where they are all the pairs of their searches."""
    groups: dict[tuple[str, int, int], list[Same]] = {}
    for row in same:
        groups.setdefault((row.proposer, row.count, row.cells), []).append(row)
    merged: list[Same] = []
    for (proposer, count, cells), rows in groups.items():
        names = tuple(dict.fromkeys(name for row in rows for name in row.searches))
        every = len(rows) > 1 and len(rows) == len(names) * (len(names) - 1) // 2
        merged += [Same(proposer, names, count, cells)] if every else rows
    return merged


def _list(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _runs(count: int) -> str:
    return f"{count} run" if count == 1 else f"{count} runs"


def _one(plural: str) -> str:
    return "search" if plural == "searches" else plural[:-1]
