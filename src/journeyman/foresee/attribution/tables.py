"""Attribution as tables: stages, successes, planted faults, judges."""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.foresee.attribution.agreement import Agreement, Between
from journeyman.foresee.attribution.codebook import CODES, GOVERNED, GOVERNED_OF, NAMES
from journeyman.foresee.attribution.confusion import Planted, confusion
from journeyman.foresee.attribution.kappa import Kappa
from journeyman.foresee.attribution.proportion import Share
from journeyman.foresee.attribution.record import Attribution, CellShares
from journeyman.foresee.protocol.repair import STAGES, Repairable
from journeyman.report.number import NONE, number
from journeyman.report.table import Table


def stages_table(cell: CellShares) -> Table:
    """Failures of a cell by stage."""
    blamed = any(stage.blame is not None for stage in cell.stages)
    rows = []
    for stage in cell.stages:
        name = NAMES[GOVERNED_OF[stage.stage]][1]
        row = [stage.stage, name, percent(stage.flips), percent(stage.alone), number(stage.split, digits=3)]
        rows.append([*row, percent(stage.sufficient), *([number(stage.blame, digits=3)] if blamed else [])])
    columns = ("stage", "failure", "flips", "alone", "split", "suffices", *(("Shapley",) if blamed else ()))
    note = (
        "flips: its repair alone turns the failure into success. alone: no other single repair does. Failures that "
        f"only a pair flips: {cell.pairs}; only more than two: {cell.unflipped}; not even all: {cell.beyond}."
    )
    planted = f", fault planted at the {cell.planted}" if cell.planted else ""
    title = f"{cell.failures} failures of {cell.cell}{planted}"
    return Table(columns, rows, title=title, numbers=frozenset(columns[2:]), note=note)


def successes_table(cells: Sequence[CellShares]) -> Table:
    """What calls were worth to successes."""
    codes = sorted({code for cell in cells for code in cell.codes})
    rows = [
        [cell.cell, str(cell.successes), str(cell.called), percent(cell.made_by_calls),
         *(str(cell.codes.get(code, 0)) for code in codes)]
        for cell in cells
    ]  # fmt: skip
    columns = ("cell", "successes", "with calls", "lost without", *codes)
    said = "; ".join(f"{code}: {CODES[code]}" for code in CODES if code in codes)
    note = f"Decisive calls by what they did. {said}." if said else ""
    return Table(columns, rows, title="Successes", numbers=frozenset(columns[1:]), note=note)


def planted_rows(found: Attribution) -> list[Planted]:
    """Planted faults among the run's cells; of several cells with a fault at the same stage, the first."""
    cells: dict[Repairable, CellShares] = {}
    for cell in found.shares:
        if cell.planted is not None:
            cells.setdefault(cell.planted, cell)
    failures = {stage: [f for f in found.failures if f.cell == cell.cell] for stage, cell in cells.items()}
    return confusion({stage: cell.failures + cell.successes for stage, cell in cells.items()}, failures)


def confusion_table(rows: Sequence[Planted]) -> Table:
    """Planted faults against repairs."""
    columns = ("planted", "failures", *STAGES, "true stage flips", "only it flips")
    drawn = [
        [row.stage, str(row.failures), *(str(row.flips[s]) for s in STAGES), percent(row.inside),
         percent(row.alone)]
        for row in rows
    ]  # fmt: skip
    return Table(columns, drawn, title="Planted faults and the repairs that flip them", numbers=frozenset(columns[1:]))


def agreement_table(rows: Sequence[Agreement]) -> Table:
    """Judges against replays."""
    columns = ("judge", "failures", "in the set", "where one stage", "kappa", "not read", "tokens", "USD")
    drawn = [
        [row.judge, str(row.inside.n), percent(row.inside), percent(row.alone), _kappa(row.kappa), str(row.unread),
         str(row.tokens), number(row.micro_usd / 1e6, digits=3)]
        for row in rows
    ]  # fmt: skip
    note = "in the set: the judge's stage is among those whose repair alone flips the failure, where any does."
    return Table(columns, drawn, title="Judges against replays", numbers=frozenset(columns[1:]), note=note)


def judge_table(row: Agreement) -> Table:
    """One judge's stages against those of the replays."""
    columns = ("replay finds", *GOVERNED)
    drawn = [[stage, *(str(counts[said]) for said in GOVERNED)] for stage, counts in row.counts.items()]
    return Table(columns, drawn, title=f"What {row.judge} says", numbers=frozenset(GOVERNED))


def between_table(rows: Sequence[Between]) -> Table:
    """Judges against one another."""
    columns = ("judges", "episodes", "stage", "code", "matters")
    drawn = [
        [f"{row.first} and {row.second}", str(row.stage.n), _kappa(row.stage), _kappa(row.code), _kappa(row.matters)]
        for row in rows
    ]
    return Table(columns, drawn, title="Cohen's kappa between judges", numbers=frozenset(columns[1:]))


def percent(share: Share) -> str:
    """`42 of 60, 70 % (57 to 80)`; a dash where nothing was counted."""
    if share.share is None:
        return NONE
    return f"{share.hits} of {share.n}, {100 * share.share:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f})"


def _kappa(found: Kappa) -> str:
    if found.value is None or found.low is None or found.high is None:
        return NONE
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
