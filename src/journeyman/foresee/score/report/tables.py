"""The tables of the paper (spec Appendix 3), each number with its interval; and the new ones."""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.foresee.score.interval import mean_of
from journeyman.foresee.score.measured import Measured
from journeyman.foresee.score.paired_table import pairs_needed
from journeyman.foresee.score.report.cells import (
    Reasons,
    label,
    labels,
    p_words,
    points_words,
    value_words,
    with_access,
)
from journeyman.foresee.score.scores import CellScores, Scores
from journeyman.foresee.score.value import CALL_PRICES
from journeyman.report.number import NONE, number
from journeyman.report.table import Table


def tables(scores: Scores) -> list[Table]:
    """All that have a row, in the order in which they are read."""
    found = [
        success_table(scores), usage_table(scores), helps_table(scores), force_table(scores), misuse_table(scores),
        association_table(scores), calls_table(scores), gate_table(scores), split_table(scores), calibration_table(scores),
        *board_tables(scores), frontier_table(scores), dose_table(scores), contrast_table(scores), cost_table(scores),
    ]  # fmt: skip
    return [table for table in found if table.rows]


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
    rows, why = _rows(scores, with_access(scores), columns[3:], names)
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
    rows, why = _rows(scores, cells, columns[3:], names)
    note = why.note(
        "Over all instances the change is helps less hurts, exactly; over those with a call it is not. Whether to call is "
        "the agent's own choice, so the latter compare unlike instances. Least change: found with 80 % power by so many "
        f"pairs that differ as often as here; 5 points need {pairs_needed(0.05, 0.15)} pairs where 15 % differ."
    )
    return Table(columns, rows, title="Helps and hurts", numbers=frozenset(columns[3:]), note=note)


def force_table(scores: Scores) -> Table:
    """Forced mode against the two others."""
    cells = [cell for cell in with_access(scores) if cell.name.mode == "normal" and _known(cell, "force/over_normal")]
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
    cells = [cell for cell in with_access(scores) if _known(cell, "misuse/calls")]
    rows, why = _rows(scores, cells, columns[3:], [f"misuse/{kind}" for kind in kinds])
    bounds = sum(bool(cell.metrics["misuse/calls"].why) for cell in cells)
    least = "Misused calls are a lower bound where the log does not tell all of a call." if bounds else ""
    note = why.note("Shares of calls; episodes: of those with a call. The paper's figure is about 15 % of cases.", least)
    return Table(columns, rows, title="Misuse", numbers=frozenset(columns[3:]), note=" ".join(note.split()))


def association_table(scores: Scores) -> Table:
    """Success against the number of calls, with and without control; and what a call is worth where a coin decided."""
    names = ("association/raw", "association/given_length", "association/given_invisible", "uplift/call")
    columns = ("agent", "world", "mode", "log odds a call", "given length", "given success alone", "worth of a call")
    cells = [cell for cell in with_access(scores) if any(_known(cell, name) for name in names)]
    rows, why = _rows(scores, cells, columns[3:], names)
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
            alone = number(row.without, digits=3)
            rows.append([label(cell, scores), cell.world, cell.name.mode, span, str(row.n), rate, alone])
    columns = ("agent", "world", "mode", "calls", "episodes", "success", "alone")
    note = "Alone: share of the same instances that the agent solves without a world model, which says how hard they are."
    return Table(columns, rows, title="Success by number of calls", numbers=frozenset(columns[3:]), note=note)


def gate_table(scores: Scores) -> Table:
    """How well calls go where they are needed."""
    names = (
        "ceiling/oracle", "ceiling/efficiency", "gate/precision", "gate/recall", "gate/harm_rate", "gate/random_precision",
        "frontier/over_random", "frontier/over_confidence",
    )  # fmt: skip
    columns = (
        "agent", "world", "mode", "ceiling", "efficiency", "precision", "recall", "harm rate", "coin's precision",
        "over a coin", "over confidence",
    )  # fmt: skip
    cells = [cell for cell in with_access(scores) if _known(cell, "ceiling/oracle")]
    rows, why = _rows(scores, cells, columns[3:], names)
    note = why.note(
        "Needed: solved when always calling, not without. Efficiency: part of the way from never calling (0) to a perfect "
        "choice (1). Over a coin, over confidence: success above theirs at equal calls. AVIC's published gate: precision "
        "0.271, recall 0.439."
    )
    return Table(columns, rows, title="When it calls", numbers=frozenset(columns[3:]), note=note)


def split_table(scores: Scores) -> Table:
    """What kinds of instances there are, by agent and world model."""
    rows, seen = [], set()
    for cell in with_access(scores):
        key = (cell.world, cell.invisible, cell.always)
        if key in seen or not _known(cell, "gate/needed"):
            continue
        seen.add(key)
        kinds = [value_words(cell.metrics[f"gate/{kind}"]) for kind in ("unnecessary", "needed", "harmful", "hopeless")]
        rows.append([cell.name.agent, cell.world, cell.name.world_model, *kinds])
    columns = ("agent", "world", "world model", "unnecessary", "needed", "harmful", "hopeless")
    note = "Solved both ways; only when always calling; only without; neither way. AVIC's on SAT-Real: 54, 14, 9 and 23 %."
    return Table(columns, rows, title="What calls could do", numbers=frozenset(columns[3:]), note=note)


def calibration_table(scores: Scores) -> Table:
    """Whether stated probabilities come true."""
    rows = []
    for cell in scores.cells:
        for kind in cell.curves:
            error, brier = cell.metrics[f"calibration/{kind}_ece"], cell.metrics.get(f"calibration/{kind}_brier")
            by_chance = error.why.partition("below ")[2].partition(" ")[0] or NONE
            rows.append([
                label(cell, scores), cell.world, cell.name.mode, kind.replace("_", " "), str(error.n), value_words(error),
                by_chance, value_words(brier) if brier else NONE,
            ])  # fmt: skip
    columns = ("agent", "world", "mode", "what", "predictions", "calibration error", "by chance", "Brier")
    note = "By chance: what perfect forecasts stay below in 95 of 100 cases, as few as there are here."
    return Table(columns, rows, title="Calibration", numbers=frozenset(columns[4:]), note=note)


def board_tables(scores: Scores) -> list[Table]:
    """The leaderboard of each agent and world model, ranked by success less costs."""
    found = []
    named = labels(scores)
    for board in scores.boards:
        if len(board.rows) < 3:
            continue
        why = Reasons()
        rows = [
            [
                _named(row.system, named), "" if row.kind == "system" else row.kind, value_words(row.success),
                number(row.calls.value, digits=3), value_words(row.value), *(number(net.value, digits=3) for net in row.net),
                value_words(why.of("efficiency", row.efficiency) if row.kind == "system" else row.efficiency),
                points_words(row.over_confidence), _beats(row.over_confidence) if row.kind == "system" else "",
            ]
            for row in board.rows
        ]  # fmt: skip
        prices = tuple(f"call {price:g}" for price in CALL_PRICES)
        columns = (
            "system", "kind", "success", "calls", "net", *prices, "efficiency", "over confidence", "beats confidence",
        )  # fmt: skip
        price = scores.prices
        note = why.note(
            f"Net: success less {price.call:g} a call, {price.real:g} a real action, {price.kilotokens:g} a thousand "
            "tokens; then at four prices of a call.", *(f"Not played: {lack}." for lack in board.lacking)
        )  # fmt: skip
        title = f"Leaderboard: {board.agent} in {board.world} with {board.world_model or 'its world model'}"
        found.append(Table(columns, rows, title=title, numbers=frozenset(columns[2:-1]), note=note))
    return found


def frontier_table(scores: Scores) -> Table:
    """The area under each family's frontier of success against calls."""
    rows = [
        [
            family.agent, family.world, family.world_model, family.governor, str(len(family.points)),
            f"0-{family.budget:.3g}", value_words(family.area),
        ]
        for family in scores.families
    ]  # fmt: skip
    columns = ("agent", "world", "world model", "family", "points", "calls", "area")
    note = "Mean success rate of the frontier over these calls; a coin mixes never and always calling."
    return Table(columns, rows, title="Success against calls", numbers=frozenset(columns[4:]), note=note)


def dose_table(scores: Scores) -> Table:
    """What errors of the world model cost."""
    rows = []
    for dose in scores.doses:
        for severity, _, shown in dose.points:
            figures = ("success/rate", "access/helps", "access/hurts", "cost/calls", "value/net_0.02")
            rows.append([
                f"{dose.agent}{'' if dose.governor == 'none' else ' | ' + dose.governor}", dose.world, dose.mode,
                dose.channel, f"{severity:g}", *(value_words(shown[name]) for name in figures),
            ])  # fmt: skip
    columns = ("agent", "world", "mode", "channel", "severity", "success", "helps", "hurts", "calls", "net at 0.02")
    return Table(columns, rows, title="Fidelity", numbers=frozenset(columns[4:]))


def contrast_table(scores: Scores) -> Table:
    """Cells that differ in one thing, or all against one."""
    named = labels(scores)
    rows = [
        [
            _named(one.first, named), _named(one.second, named), one.world, one.about, str(one.counts.n),
            points_words(one.delta), f"{one.counts.first}:{one.counts.second}", p_words(one.p), p_words(one.p_holm),
        ]
        for one in scores.contrasts
    ]  # fmt: skip
    columns = ("cell", "against", "world", "differs in", "pairs", "change", "won:lost", "p", "p (Holm)")
    note = "Points of the success rate, paired by instance. p (Holm): corrected for the number of rows."
    return Table(columns, rows, title="Cells against one another", numbers=frozenset(columns[4:]), note=note)


def cost_table(scores: Scores) -> Table:
    """What an episode takes."""
    names = ("cost/calls", "cost/real", "cost/kilotokens", "cost/usd", "protocol/refused", "protocol/unreadable")
    columns = ("agent", "world", "mode", "calls", "real actions", "1000 tokens", "USD", "refused", "unreadable")
    rows, why = _rows(scores, scores.cells, columns[3:], names)
    note = why.note("An episode; refused, unreadable: of decisions.")
    return Table(columns, rows, title="Cost", numbers=frozenset(columns[3:]), note=note)


def _rows(
    scores: Scores, cells: Sequence[CellScores], columns: Sequence[str], names: Sequence[str]
) -> tuple[list[list[str]], Reasons]:
    """A row a cell: agent, world, mode, then these metrics."""
    why = Reasons()
    rows = []
    for cell in cells:
        found = [why.of(column, cell.metrics[name]) for column, name in zip(columns, names, strict=True)]
        written = [
            points_words(one) if name.startswith("frontier/") else value_words(one)
            for name, one in zip(names, found, strict=True)
        ]
        rows.append([label(cell, scores), cell.world, cell.name.mode, *written])
    return rows, why


def _means(parts: Sequence[tuple[Measured | None, Measured, Measured]]) -> list[str]:
    without = [part[0] for part in parts if part[0] is not None]
    first = value_words(mean_of(without)) if len(without) == len(parts) else NONE
    return [first, value_words(mean_of([part[1] for part in parts])), points_words(mean_of([part[2] for part in parts]))]


def _known(cell: CellScores, name: str) -> bool:
    return cell.metrics[name].value is not None


def _named(key: str, named: dict[str, str]) -> str:
    for cell, said in sorted(named.items(), key=lambda item: -len(item[0])):
        key = key.replace(cell, said)
    return key


def _beats(found: Measured) -> str:
    if found.value is None or found.low is None or found.high is None:
        return "not shown"
    return "yes" if found.low > 0 else "no" if found.high < 0 else "not shown"
