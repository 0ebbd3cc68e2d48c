"""The page: all tables and figures in one HTML file that opens offline."""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.foresee.score.names import METRICS
from journeyman.foresee.score.report import tables
from journeyman.foresee.score.report.cells import labels, value_words
from journeyman.foresee.score.report.figures import figures
from journeyman.foresee.score.report.words import caveats, headlines
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

    def with_figure(name: str, *shown: Table) -> list[Block]:
        blocks: list[Block] = [drawn[name]] if name in drawn else []
        return blocks + [table for table in shown if table.rows]

    sections = [
        Section("What came out", [*first, *(Text(sentence) for sentence in said)], "summary", "Summary"),
        Section(
            "Success by mode",
            with_figure("modes", tables.success_table(scores), tables.force_table(scores), tables.contrast_table(scores)),
            "success", "Success",
        ),
        Section("How often it asks", with_figure("", tables.usage_table(scores)), "usage", "Usage"),
        Section("What access helped and hurt", with_figure("", tables.helps_table(scores)), "helps", "Helps and hurts"),
        Section("Calls misread or wasted", with_figure("", tables.misuse_table(scores)), "misuse", "Misuse"),
        Section(
            "Calls and outcome",
            with_figure("calls", tables.association_table(scores), tables.calls_table(scores)), "calls", "Calls",
        ),
        Section(
            "Whether it asks when that is needed",
            with_figure("gate", tables.gate_table(scores), tables.split_table(scores)), "gate", "Gate",
        ),
        Section(
            "Success against calls",
            with_figure("frontier", tables.frontier_table(scores), *tables.board_tables(scores)), "frontier", "Frontier",
        ),
        Section("Calibration", with_figure("calibration", tables.calibration_table(scores)), "calibration"),
        Section("Fidelity", with_figure("fidelity", tables.dose_table(scores)), "fidelity"),
        *more,
        Section("What an episode takes", with_figure("", tables.cost_table(scores)), "cost", "Cost"),
        Section("Every metric of every cell", _all(scores), "all", "All metrics"),
    ]  # fmt: skip
    warned = caveats(scores)
    hidden = len(warned) - _CAVEATS
    return Page(
        title=title, verdict=said[0], caveats=[*warned[:_CAVEATS], *([f"{hidden} more remarks."] if hidden > 0 else [])],
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
