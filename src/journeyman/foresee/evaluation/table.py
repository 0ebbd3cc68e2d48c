"""An evaluation as a table: a line for each cell."""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.foresee.evaluation.result import Row
from journeyman.report.number import NONE
from journeyman.report.table import Table

_WHAT = ("agent", "world model", "mode", "governor", "memory")
_FIGURES = ("episodes", "success", "calls", "actions", "net", "helps", "hurts", "gain")


def table_of(rows: Sequence[Row], cost: float) -> Table:
    """What differs between the cells is shown, what they share is left out, but for an agent that they share, which is the
    title; the figures are those of `Row`."""
    cells = [(r.cell.agent, r.cell.world_model, r.cell.mode, r.cell.governor, r.cell.memory) for r in rows]
    # In mode invisible the other settings say nothing.
    shown = [i for i, name in enumerate(_WHAT) if name == "mode" or len({cell[i] for cell in cells}) > 1]
    title = cells[0][0] if cells and 0 not in shown else ""
    lines = []
    for row, cell in zip(rows, cells, strict=True):
        invisible = row.cell.mode == "invisible"
        named = [NONE if invisible and _WHAT[i] in ("world model", "governor", "memory") else cell[i] for i in shown]
        figures = [
            str(row.episodes), f"{row.success:.3f}", f"{row.calls:.2f}", f"{row.real:.1f}", f"{row.net:.3f}",
            *(NONE if value is None else f"{value:.3f}" for value in (row.helps, row.hurts)),
            NONE if row.gain is None else f"{row.gain:+.3f}",
        ]  # fmt: skip
        lines.append([*named, *figures])
    note = (
        f"net: success less {cost:g} a call. helps: share that succeeds here and not in mode invisible; hurts: the reverse."
    )
    return Table((*(_WHAT[i] for i in shown), *_FIGURES), lines, title, numbers=frozenset(_FIGURES), note=note)
