"""The tables of the paper (spec Appendix 3), each number with its interval."""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.foresee.score.interval import mean_of
from journeyman.foresee.score.measured import Measured
from journeyman.foresee.score.paired_table import pairs_needed
from journeyman.foresee.score.report.cells import (
    Reasons,
    known,
    label,
    metric_rows,
    p_words,
    points_words,
    value_words,
    with_access,
)
from journeyman.foresee.score.scores import Scores
from journeyman.report.number import NONE
from journeyman.report.table import Table


def success_table(scores: Scores) -> Table:
    """Success by model and world without and with access (the paper's main tables)."""
    why = Reasons()
    by_key = {(cell.world, cell.key): cell for cell in scores.cells}
    rows: list[list[str]] = []
    means: dict[tuple[str, str], list[tuple[Measured | None, Measured, Measured]]] = {}
    for cell in scores.cells:
        name = label(cell, scores)
        alone = by_key.get((cell.world, cell.invisible))
        if cell.name.mode == "invisible":
            if any(other.invisible == cell.key and other.world == cell.world for other in scores.cells):
                continue
            rate = cell.metrics["success/rate"]
            rows.append([name, cell.world, "invisible", str(cell.episodes), value_words(rate), NONE, NONE, NONE])
            continue
        rate, delta = cell.metrics["success/rate"], why.of("change", cell.metrics["access/delta"])
        without = alone.metrics["success/rate"] if alone else None
        means.setdefault((name, cell.name.mode), []).append((without, rate, delta))
        first = value_words(without) if without else NONE
        found = [first, value_words(rate), points_words(delta), p_words(cell.metrics["access/p"].value)]
        rows.append([name, cell.world, cell.name.mode, str(cell.episodes), *found])
    if len(scores.worlds) > 1:
        for (name, mode), parts in means.items():
            if len(parts) > 1:
                rows.append([name, f"mean of {len(parts)}", mode, NONE, *_means(parts), NONE])
    columns = ("agent", "world", "mode", "episodes", "invisible", "with access", "change", "p")
    note = why.note("Rates with Wilson's 95 % intervals; change in points, paired by instance; p: McNemar's exact test.")
    return Table(columns, rows, title="Success without and with access", numbers=frozenset(columns[3:]), note=note)


def usage_table(scores: Scores) -> Table:
    """How often the world model is asked, in three readings."""
    names = ("usage/instances", "usage/decisions", "usage/steps", "cost/calls")
    columns = ("agent", "world", "mode", "episodes with a call", "calls of decisions", "calls a real action", "calls")
    rows, why = metric_rows(scores, with_access(scores), columns[3:], names)
    note = why.note("The published usage rate may be any of the three.")
    return Table(columns, rows, title="Usage", numbers=frozenset(columns[3:]), note=note)


def helps_table(scores: Scores) -> Table:
    """What access helped and hurt, over all instances and over those with a call."""
    names = (
        "access/helps", "access/hurts", "access/helps_given_call", "access/hurts_given_call", "access/flips_uncalled",
        "access/detectable",
    )  # fmt: skip
    columns = (
        "agent", "world", "mode", "helps", "hurts", "helps, called", "hurts, called", "differs uncalled", "least change",
    )  # fmt: skip
    cells = [cell for cell in with_access(scores) if cell.metrics["access/delta"].value is not None]
    rows, why = metric_rows(scores, cells, columns[3:], names)
    note = why.note(
        "Over all instances the change is helps less hurts, exactly; over those with a call it is not. Whether to call is "
        "the agent's own choice, so the latter compare unlike instances. Least change: found with 80 % power by so many "
        f"pairs that differ as often as here; 5 points need {pairs_needed(0.05, 0.15)} pairs where 15 % differ."
    )
    return Table(columns, rows, title="Helps and hurts", numbers=frozenset(columns[3:]), note=note)


def force_table(scores: Scores) -> Table:
    """Forced mode against the two others."""
    cells = [cell for cell in with_access(scores) if cell.name.mode == "normal" and known(cell, "force/over_normal")]
    rows, why = [], Reasons()
    for cell in cells:
        gaps = [points_words(why.of("", cell.metrics[f"force/over_{mode}"])) for mode in ("normal", "invisible")]
        rows.append([label(cell, scores), cell.world, *gaps])
    columns = ("agent", "world", "force less normal", "force less invisible")
    note = "Points of the success rate, paired by instance, 95 % bootstrap intervals."
    return Table(columns, rows, title="When forced to call", numbers=frozenset(columns[2:]), note=note)


def misuse_table(scores: Scores) -> Table:
    """Calls that were misread or did no good, by program."""
    kinds = ("calls", "cases", "contradiction", "neglect", "wasted", "loop")
    columns = ("agent", "world", "mode", "misused calls", "episodes", "contradiction", "neglect", "wasted", "loop")
    cells = [cell for cell in with_access(scores) if known(cell, "misuse/calls")]
    rows, why = metric_rows(scores, cells, columns[3:], [f"misuse/{kind}" for kind in kinds])
    bounds = sum(bool(cell.metrics["misuse/calls"].why) for cell in cells)
    least = "Misused calls are a lower bound where the log does not tell all of a call." if bounds else ""
    note = why.note("Shares of calls; episodes: of those with a call. The paper's figure is about 15 % of cases.", least)
    return Table(columns, rows, title="Misuse", numbers=frozenset(columns[3:]), note=" ".join(note.split()))


def association_table(scores: Scores) -> Table:
    """Success against the number of calls, with and without control; and what a call is worth where a coin decided."""
    names = ("association/raw", "association/given_length", "association/given_invisible", "uplift/call")
    columns = ("agent", "world", "mode", "log odds a call", "given length", "given success alone", "worth of a call")
    cells = [cell for cell in with_access(scores) if any(known(cell, name) for name in names)]
    rows, why = metric_rows(scores, cells, columns[3:], names)
    note = why.note(
        "Hard instances invite calls, so the raw association is no effect. Worth of a call: in successes, where a coin "
        "decided."
    )
    return Table(columns, rows, title="Calls and outcome", numbers=frozenset(columns[3:]), note=note)


def calls_table(scores: Scores) -> Table:
    """Success by number of calls, beside that of the same instances without a world model."""
    rows = []
    for cell in with_access(scores):
        if len(cell.calls) < 2:
            continue
        for row in cell.calls:
            span = str(row.least) if row.least == row.most else f"{row.least}-{row.most}"
            rate = value_words(Measured(row.rate, row.low, row.high))
            alone = value_words(Measured(row.without))
            rows.append([label(cell, scores), cell.world, cell.name.mode, span, str(row.n), rate, alone])
    columns = ("agent", "world", "mode", "calls", "episodes", "success", "alone")
    note = "Alone: share of the same instances that the agent solves without a world model, which says how hard they are."
    return Table(columns, rows, title="Success by number of calls", numbers=frozenset(columns[3:]), note=note)


def _means(parts: Sequence[tuple[Measured | None, Measured, Measured]]) -> list[str]:
    without = [part[0] for part in parts if part[0] is not None]
    first = value_words(mean_of(without)) if len(without) == len(parts) else NONE
    return [first, value_words(mean_of([part[1] for part in parts])), points_words(mean_of([part[2] for part in parts]))]
