"""How reports of the admission gate look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from journeyman.cli.out import stderr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from journeyman.verify import Check, GateReport

_SIGNS = {True: ("✓", "green"), False: ("✗", "red"), None: ("–", "dim")}


def print_check(check: Check, console: Console) -> None:
    """One line: sign, name, what was seen."""
    from journeyman.report.text import one_line, rich_text

    sign, colour = _SIGNS[check.passed]
    shown = rich_text(f"{sign} {check.name}: ", colour)
    console.print(shown.append_text(rich_text(one_line(check.detail, limit=400))), soft_wrap=True)


def print_report(report: GateReport, console: Console) -> None:
    """One line: whether the task passes."""
    from journeyman.report.text import rich_text

    failed = sum(check.passed is False for check in report.checks)
    said = "passes the gate" if report.passed else f"fails {failed} of the gate's {len(report.checks)} checks"
    console.print(rich_text(f"{report.task} {said} (isolation: {report.level or 'none was started'})"), soft_wrap=True)


def check_all(level: str | None) -> list[GateReport]:
    """The gate on every built-in task: on stderr a line as each ends, with the checks that failed, and a bar below."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from journeyman import check_tasks, list_tasks
    from journeyman.report.number import duration
    from journeyman.report.text import rich_text

    tasks = list_tasks()
    console = stderr()
    columns = (TextColumn("checking"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        row = bar.add_task("", total=len(tasks))

        def ended(report: GateReport) -> None:
            sign, colour = _SIGNS[report.passed]
            count = len(report.checks)
            said = f"{sign} {report.task}: {count} check{'s' * (count != 1)}, {duration(report.wall_s)}"
            bar.console.print(rich_text(said, colour), soft_wrap=True)
            for check in report.checks:
                if check.passed is False:
                    print_check(check, bar.console)
            bar.advance(row)

        return check_tasks(tasks, level=level, on_report=ended)


def print_reports(reports: Sequence[GateReport], console: Console) -> None:
    """A table, a row a task."""
    from journeyman.report.number import duration
    from journeyman.report.table import Table, print_table

    rows = [
        (
            report.task, "passes" if report.passed else "fails", *(str(n) for n in _counts(report)),
            duration(report.wall_s), report.level or "–",
        )
        for report in reports
    ]  # fmt: skip
    passed = sum(report.passed for report in reports)
    columns = ("task", "gate", "passed", "failed", "not applicable", "time", "isolation")
    print_table(
        Table(
            columns, rows, numbers=frozenset({"passed", "failed", "not applicable", "time"}),
            note=f"{passed} of {len(reports)} tasks pass; a column counts the checks of a task",
        ),
        console,
    )  # fmt: skip


def document(report: GateReport) -> dict[str, Any]:
    """A report as it stands in a JSON document."""
    return {
        "task": report.task,
        "level": report.level,
        "passed": report.passed,
        "wall_s": report.wall_s,
        "checks": report.checks,
    }


def _counts(report: GateReport) -> tuple[int, int, int]:
    passed = [check.passed for check in report.checks]
    return passed.count(True), passed.count(False), passed.count(None)
