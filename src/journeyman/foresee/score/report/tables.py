"""All tables of a set of scores, in the order in which they are read."""

from __future__ import annotations

from journeyman.foresee.score.report.governance_tables import (
    board_tables,
    calibration_table,
    contrast_table,
    cost_table,
    dose_table,
    frontier_table,
    gate_table,
    split_table,
)
from journeyman.foresee.score.report.paper_tables import (
    association_table,
    calls_table,
    force_table,
    helps_table,
    misuse_table,
    success_table,
    usage_table,
)
from journeyman.foresee.score.scores import Scores
from journeyman.report.table import Table


def tables(scores: Scores) -> list[Table]:
    """All that have a row, in the order in which they are read."""
    found = [
        success_table(scores), usage_table(scores), helps_table(scores), force_table(scores), misuse_table(scores),
        association_table(scores), calls_table(scores), gate_table(scores), split_table(scores), calibration_table(scores),
        *board_tables(scores), frontier_table(scores), dose_table(scores), contrast_table(scores), cost_table(scores),
    ]  # fmt: skip
    return [table for table in found if table.rows]


def main_tables(scores: Scores) -> list[Table]:
    """Those that are read first, as far as they have a row."""
    found = [
        success_table(scores), usage_table(scores), helps_table(scores), misuse_table(scores), gate_table(scores),
        *board_tables(scores), contrast_table(scores),
    ]  # fmt: skip
    return [table for table in found if table.rows]
