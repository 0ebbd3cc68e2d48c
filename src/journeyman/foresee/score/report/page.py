"""The page: all tables and figures in one HTML file that opens offline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from journeyman.foresee.score.names import METRICS
from journeyman.foresee.score.report import governance_tables as governance
from journeyman.foresee.score.report import paper_tables as paper
from journeyman.foresee.score.report.cells import labels, value_words
from journeyman.foresee.score.report.figures import figures
from journeyman.foresee.score.report.words import caveats, headlines, verdict
from journeyman.foresee.score.scores import Scores
from journeyman.report.blocks import Block, Fold, Section, Text
from journeyman.report.page import Page
from journeyman.report.table import Table

FOOTER = "Journeyman. This page is one file: it needs no network and runs no script."
_CAVEATS = 6


def page_of(
    scores: Scores, *, title: str, facts: Sequence[tuple[str, str]] = (), first: Sequence[Block] = (),
    more: Sequence[Section] = (),
) -> Page:  # fmt: skip
    """The page. `first`: blocks at the head, such as a table of runs. `more`: sections at the end, such as attribution's."""
    said = headlines(scores)
    drawn = dict(figures(scores))

    def part(title: str, anchor: str, *shown: Table, short: str = "", folded: Sequence[Table] = ()) -> Section:
        """A section with the figure of its name, if there is one, and those tables that have a row."""
        blocks: list[Block] = [drawn[anchor]] if anchor in drawn else []
        blocks += [table for table in shown if table.rows]
        blocks += [Fold([("by", t.title)], [replace(t, title="")]) for t in folded if t.rows]
        return Section(title, blocks, anchor, short)

    sections = [
        Section("What came out", [*first, *(Text(sentence) for sentence in said)], "summary", "Summary"),
        part(
            "Success by mode", "modes", paper.success_table(scores), paper.force_table(scores),
            governance.contrast_table(scores), short="Success",
        ),
        part("How often it asks", "usage", paper.usage_table(scores), short="Usage"),
        part("What access helped and hurt", "helps", paper.helps_table(scores), short="Helps and hurts"),
        part("Calls misread or wasted", "misuse", paper.misuse_table(scores), short="Misuse"),
        part(
            "Calls and outcome", "calls", paper.association_table(scores), folded=[paper.calls_table(scores)], short="Calls"
        ),
        part(
            "Whether it asks when that is needed", "gate", governance.gate_table(scores), governance.split_table(scores),
            short="Gate",
        ),
        part(
            "Success against calls", "frontier", governance.frontier_table(scores), *governance.board_tables(scores),
            short="Frontier",
        ),
        part("Calibration", "calibration", governance.calibration_table(scores)),
        part("Fidelity", "fidelity", governance.dose_table(scores)),
        *more,
        part("What an episode takes", "cost", governance.cost_table(scores), short="Cost"),
        Section("Every metric of every cell", _all(scores), "all", "All metrics"),
    ]  # fmt: skip
    warned = caveats(scores)
    hidden = len(warned) - _CAVEATS
    shown = [*warned[:_CAVEATS], *([f"{hidden} more remarks."] if hidden > 0 else [])]
    return Page(
        title=title, verdict=verdict(scores), caveats=shown,
        facts=facts, sections=[section for section in sections if section.blocks], footer=FOOTER,
    )  # fmt: skip


def _all(scores: Scores) -> list[Block]:
    named = labels(scores)
    said = {metric.name: f"{metric.said} [{metric.unit}]" for metric in METRICS}
    folds: list[Block] = []
    for cell in scores.cells:
        rows = [
            [name, value_words(found), str(found.n), found.of, found.method, found.why or said[name]]
            for name, found in cell.metrics.items()
        ]
        columns = ("metric", "value", "n", "of", "interval", "what it is, or why there is none")
        table = Table(columns, rows, numbers=frozenset({"value", "n"}))
        summary = [("by", f"{named[cell.key]}, {cell.world}"), ("note", f"{cell.episodes} episodes")]
        folds.append(Fold(summary, [table]))
    return folds
