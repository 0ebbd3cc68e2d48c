"""The new tables: whether calls go where they are needed, what is foretold, what it all costs, who is better than whom."""

from __future__ import annotations

from journeyman.foresee.score.measured import Measured
from journeyman.foresee.score.report.cells import (
    Reasons,
    known,
    label,
    labels,
    metric_rows,
    p_words,
    points_words,
    value_words,
    with_access,
)
from journeyman.foresee.score.scores import Scores
from journeyman.foresee.score.value import CALL_PRICES
from journeyman.report.number import NONE, number
from journeyman.report.table import Table


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
    cells = [cell for cell in with_access(scores) if known(cell, "ceiling/oracle")]
    rows, why = metric_rows(scores, cells, columns[3:], names)
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
        if key in seen or not known(cell, "gate/needed"):
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
    rows, why = metric_rows(scores, scores.cells, columns[3:], names)
    note = why.note("An episode; refused, unreadable: of decisions.")
    return Table(columns, rows, title="Cost", numbers=frozenset(columns[3:]), note=note)


def _named(key: str, named: dict[str, str]) -> str:
    for cell, said in sorted(named.items(), key=lambda item: -len(item[0])):
        key = key.replace(cell, said)
    return key


def _beats(found: Measured) -> str:
    """Nothing is shown where no threshold calls as much, which is the reason that a value then has."""
    if found.value is None or found.low is None or found.high is None or found.why:
        return "not shown"
    return "yes" if found.low > 0 else "no" if found.high < 0 else "not shown"
