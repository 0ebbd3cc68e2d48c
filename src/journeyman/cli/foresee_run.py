"""A run of foresee in the terminal: its cells with their tests, a picture, where things are; and the page it leaves."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from journeyman.cli.out import stderr, stdout, write_json
from journeyman.report.text import one_line, rich_text

if TYPE_CHECKING:
    from journeyman.runlog import RunLog

PICTURE_WIDTH = 100


def print_run(log: RunLog, *, cost: float | None, writer: int | None, html: str | None, json: bool) -> int:
    """What `journeyman run show` says of a run of foresee: cells with their tests, a picture, where things are."""
    from journeyman.cli.foresee_evaluate import document
    from journeyman.cli.words import ref_of
    from journeyman.foresee.evaluation.result import CALL_COST, result_of
    from journeyman.foresee.page.run_page import page_alone
    from journeyman.foresee.page.standing import cells_table, p_values, picture
    from journeyman.report.page import write_page
    from journeyman.report.table import print_table
    from journeyman.report.terminal import drawn_width, heading, is_ascii_only

    cost = CALL_COST if cost is None else cost
    result = result_of(log)
    p = p_values(result)
    if html is not None:
        write_page(page_alone(log), Path(html))
    if json:
        said = document(result, cost)
        write_json({**said, "cells": [{**cell, "p": p.get(cell["key"])} for cell in said["cells"]]})
        return 0
    console = stdout()
    played, ref = len(result.episodes), ref_of(result.run)
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(log.created))
    at_work = f", process {writer} works on it" if writer is not None else ""
    many = "1 cell" if len(result.cells) == 1 else f"{len(result.cells)} cells"
    console.print(heading(f"{result.world}: {many}, {played} of {result.planned} episodes"), soft_wrap=True)
    console.print(rich_text(f"run {log.run_id}, begun {begun}{at_work}"), soft_wrap=True)
    if result.episodes:
        console.print()
        print_table(cells_table(result, cost, p), console)
        console.print()
        width = min(PICTURE_WIDTH, drawn_width(console))
        for line in picture(result.rows(cost), result.cells, width=width, ascii_only=is_ascii_only(console)):
            console.print(line, soft_wrap=True)
    console.print()
    for sentence in _where(result.reason, played, ref, result.run, writer):
        console.print(rich_text(sentence), soft_wrap=True)
    if html is not None:
        stderr().print(rich_text(one_line(f"page: {html}", limit=2000)), soft_wrap=True)
    return 0


def _where(reason: str, played: int, ref: str, folder: Path, writer: int | None) -> list[str]:
    if reason:
        lines = [f"ended: {reason}"]
    elif writer is not None:
        lines = [f"not ended; look again with 'journeyman run show {ref}'"]
    else:
        lines = [f"not ended; go on with 'journeyman run resume {ref}'"]
    if played:
        lines.append(f"page: {page_words(folder, ref)}")
        lines.append(f"episodes: journeyman foresee show {ref}")
    return lines


def write_report_of(folder: Path) -> Path | None:
    """Write `report.html` and the pages of telling episodes into the run's folder; None where no episode is finished.

    A run that is played does not fail for its page: what keeps it from being written is said, and None given.
    """
    from journeyman.errors import JourneymanError
    from journeyman.foresee.page.run_page import write_report
    from journeyman.runlog import RunLog

    try:
        with RunLog.open(folder) as log:
            return write_report(log)
    except JourneymanError as error:
        stderr().print(rich_text(one_line(f"no page was written: {error}", limit=2000), "yellow"), soft_wrap=True)
        return None


def page_words(folder: Path, ref: str) -> str:
    """Where the run's page is, or how to get one."""
    from journeyman.foresee.page.run_page import REPORT

    page = folder / REPORT
    return str(page) if page.is_file() else f"journeyman foresee show {ref} --out FILE"
