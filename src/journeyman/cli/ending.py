"""What a run leaves behind when it ends: its page, and a line that says where everything is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from journeyman.cli.out import stderr

if TYPE_CHECKING:
    from journeyman.optimize import Result

REPORT = "report.html"


def write_report_of(result: Result) -> None:
    """Write `report.html` into the run's folder. Raises RunError if it cannot be written."""
    from journeyman.optimize.page import write_report
    from journeyman.runlog import RunLog

    with RunLog.open(result.run) as log:
        write_report(log, result.run / REPORT)


def say_where(result: Result) -> None:
    """Why the run ended, and where its best design and its page are."""
    from journeyman.report.text import one_line, rich_text

    where = f"best design: {result.run / 'best'}; report: {result.run / REPORT}"
    stderr().print(rich_text(one_line(f"ended: {result.reason}; {where}", limit=2000)), soft_wrap=True)
