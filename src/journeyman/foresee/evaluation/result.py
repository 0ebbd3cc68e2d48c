"""What an evaluation has come to, read from its log."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from journeyman.errors import UsageError
from journeyman.foresee import events
from journeyman.foresee.cell import Cell, baseline
from journeyman.foresee.protocol.decision import Episode
from journeyman.ledger import Spend
from journeyman.runlog import RunLog

if TYPE_CHECKING:
    from journeyman.report.table import Table

CALL_COST = 0.02
"""Of a call in the net value, in units of success (spec Appendix 1)."""


@dataclass(frozen=True)
class Row:
    """A cell in figures. Shares are of its episodes.

    Attributes:
        success: share that succeeded. calls, real: in the mean.
        net: mean of success - cost * calls, as they are charged (spec d.2.10, without the terms for actions and tokens).
        helps, hurts: of the episodes that the agent played in mode invisible, too, the shares that succeed here and not
            there, and the reverse (spec d.1); None where there are none.
        gain: helps - hurts, which is the difference of the success rates on the same episodes.
        pairs: how many episodes these three rest on.
    """

    cell: Cell
    episodes: int
    success: float
    calls: float
    real: float
    net: float
    helps: float | None = None
    hurts: float | None = None
    gain: float | None = None
    pairs: int = 0


@dataclass(frozen=True)
class Result:
    """An evaluation, finished or not.

    Attributes:
        run: its folder. world: its name. cells: what was compared.
        reason: why it ended; "" where it has not.
        planned: how many episodes there are to play.
        spent: tokens and money.
    """

    run: Path
    world: str
    cells: tuple[Cell, ...]
    reason: str
    planned: int
    spent: Spend

    @cached_property
    def episodes(self) -> list[Episode]:
        """All that are finished, by cell, seed and instance. Raises RunError and its kin where the run cannot be read."""
        with RunLog.open(self.run) as log:
            return events.episodes(log)

    def rows(self, cost: float = CALL_COST) -> list[Row]:
        """Each cell that has an episode, in figures. `cost`: of a call, in units of success. Raises UsageError below 0."""
        if not cost >= 0:
            raise UsageError(f"the cost of a call is 0 or more, not {cost}")
        return rows_of(self.cells, self.episodes, cost)

    def table(self, cost: float = CALL_COST) -> Table:
        """The same, to be printed."""
        from journeyman.foresee.evaluation.table import table_of

        return table_of(self.rows(cost), cost)


def rows_of(cells: tuple[Cell, ...], episodes: list[Episode], cost: float) -> list[Row]:
    """Each cell that has an episode, in figures."""
    of: dict[str, dict[tuple[int, str], Episode]] = {cell.key: {} for cell in cells}
    for episode in episodes:
        of[episode.cell][episode.seed, episode.instance] = episode
    rows = []
    for cell in cells:
        mine = of[cell.key]
        if not mine:
            continue
        n = len(mine)
        row = Row(
            cell, n, sum(e.success for e in mine.values()) / n, sum(e.calls for e in mine.values()) / n,
            sum(e.real for e in mine.values()) / n, sum(e.success - cost * e.charged for e in mine.values()) / n,
        )  # fmt: skip
        against = baseline(cell, cells)
        rows.append(row if against is None or against == cell else _paired(row, mine, of[against.key]))
    return rows


def _paired(row: Row, mine: dict[tuple[int, str], Episode], without: dict[tuple[int, str], Episode]) -> Row:
    """The row with helps and hurts, on the episodes that both cells have."""
    pairs = [(episode.success, without[key].success) for key, episode in mine.items() if key in without]
    if not pairs:
        return row
    helps = sum(here and not there for here, there in pairs) / len(pairs)
    hurts = sum(there and not here for here, there in pairs) / len(pairs)
    return Row(
        row.cell, row.episodes, row.success, row.calls, row.real, row.net, helps, hurts, helps - hurts, len(pairs)
    )  # fmt: skip


def result_of(log: RunLog) -> Result:
    """What a run has come to so far."""
    about = events.about(log)
    spent, reason = Spend(), ""
    for event in log.events():
        if event.kind == events.SETTLE and event.body is not None:
            spent = spent + Spend(tokens=event.body.get("tokens", 0), micro_usd=event.body.get("micro_usd", 0))
        elif event.kind == events.STOPPED and event.volatile is not None:
            reason = str(event.volatile.get("reason", ""))
        elif event.kind == events.EPISODE:
            reason = ""
        elif event.kind == events.FINISHED:
            reason = events.PLAYED
    return Result(log.folder, about.plan.world, about.plan.cells, reason, about.plan.episodes, spent)
