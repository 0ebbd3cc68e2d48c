"""Two agents that may consult a world model which is wrong three times in ten: left to themselves, and governed.

One agent calls before each action and believes nearly everything; the other hardly ever calls. Both cross frozen lakes that
they see imperfectly. Left to itself the first is the worse for its world model, and worse still where it must call: the
signature of the paper (arXiv 2601.03905). Under the governor each call has to be worth its cost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from journeyman.foresee.attribution.attribute import attribute
from journeyman.foresee.attribution.record import Attribution
from journeyman.foresee.attribution.wanted import Wanted
from journeyman.foresee.attribution.work import Progress as Replaying
from journeyman.foresee.evaluate import evaluate
from journeyman.foresee.evaluation.progress import Progress
from journeyman.foresee.evaluation.result import Result, Row
from journeyman.foresee.page.run_page import REPORT, write_report
from journeyman.runlog import RunLog

WORLD = "lake-6"
EAGER = "scripted:perception=0.15,trust=0.99"
RELUCTANT = "scripted:perception=0.15,trust=0.99,call=0.05"
MODEL = "exact+transition=0.3"
GOVERNOR = "voi"
INSTANCES = 200
FAILURES = 40
"""Of the eager agent, that are played again with one stage repaired."""


@dataclass(frozen=True)
class Shown:
    """The run, and why the eager agent failed in it. `page`: of the run, with links to telling episodes."""

    result: Result
    attribution: Attribution
    page: Path

    def row(self, agent: str, mode: str, governor: str = "none") -> Row:
        """A cell in figures."""
        rows = (row for row in self.result.rows() if row.cell.agent == agent and row.cell.mode == mode)
        return next(row for row in rows if mode == "invisible" or row.cell.governor == governor)

    def checks(self) -> list[tuple[str, bool]]:
        """What should be seen, and whether it was."""
        without, free = self.row(EAGER, "invisible"), self.row(EAGER, "normal")
        forced, governed = self.row(EAGER, "force"), self.row(EAGER, "normal", GOVERNOR)
        seldom = self.row(RELUCTANT, "normal")
        (cell,) = self.attribution.shares
        most = max(cell.stages, key=lambda one: one.flips.hits)
        return [
            (f"The eager agent is hurt by its world model: {_of(without)} without, {_of(free)} with it.",
             free.success < without.success),
            (f"Where it must call it does worse still: {_of(forced)}.", forced.success < free.success),
            (f"The reluctant agent hardly notices: {_of(self.row(RELUCTANT, 'invisible'))} without, {_of(seldom)} with it.",
             abs(seldom.success - without.success) < 0.03),
            (f"Governed, foresight pays: {_of(governed)} with {governed.calls:.1f} calls where it made {free.calls:.1f}.",
             governed.success > without.success and governed.net > max(free.net, without.net)),
            (f"What it fails by is the {most.stage}: that repair alone turns {most.flips.hits} of {cell.failures} failures "
             "into success.", most.stage == "simulator"),
        ]  # fmt: skip

    @property
    def as_expected(self) -> bool:
        """All of it was seen."""
        return all(seen for _, seen in self.checks())


def play(
    *, runs: str | Path | None = None, instances: int = INSTANCES, parallel: int = 2, seed: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
) -> Result:  # fmt: skip
    """Both agents in all modes, with and without the governor. Raises: as `evaluate`."""
    return evaluate(
        WORLD, agents=[EAGER, RELUCTANT], world_models=MODEL, modes=["invisible", "normal", "force"],
        governors=["none", GOVERNOR], instances=instances, parallel=parallel, seed=seed, runs=runs, on_progress=on_progress,
    )  # fmt: skip


def explain(result: Result, *, on_progress: Callable[[Replaying], None] | None = None) -> Shown:
    """Failures of the eager agent, left to itself, played again with one stage repaired; then the page.

    Raises: as `attribute` and `write_report`.
    """
    free = next(
        number for number, cell in enumerate(result.cells)
        if (cell.agent, cell.mode, cell.governor) == (EAGER, "normal", "none")
    )  # fmt: skip
    found = attribute(result.run, Wanted(cells=(free,), episodes=FAILURES), on_progress=on_progress)
    with RunLog.open(result.run) as log:
        write_report(log)
    return Shown(result, found, result.run / REPORT)


def _of(row: Row) -> str:
    return f"{100 * row.success:.1f} %"
