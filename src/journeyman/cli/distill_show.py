"""A training in the terminal: what its page shows, top to bottom."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from journeyman.cli.distill_standing import plots, standing_of
from journeyman.cli.words import ref_of
from journeyman.report.number import NONE, duration, number, signed
from journeyman.report.table import Table, print_table
from journeyman.report.terminal import drawn_width, heading, is_ascii_only, print_hanging
from journeyman.report.terminal_lines import sparkline
from journeyman.report.text import one_line, rich_text

if TYPE_CHECKING:
    from rich.console import Console

    from journeyman.distill.check.figures import Verdict
    from journeyman.distill.check.finding import Finding
    from journeyman.distill.report.story import Story

PLOT_HEIGHT, PLOT_WIDTH = 12, 124
SPARK = 24
MARKS = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("–", "yellow")}


def print_training(story: Story, out: Console, *, full: bool = False, writer: int | None = None) -> None:
    """Print all of it. `full`: every metric. `writer`: the process that works on the run now."""
    from journeyman.distill.report.headline import caveats, headline

    out.print(heading(f"{story.pair}: {headline(story)}"), soft_wrap=True)
    out.print(rich_text(_about(story, writer)), soft_wrap=True)
    for caveat in caveats(story):
        if not caveat.startswith("The run has not ended"):
            print_hanging(out, rich_text("! ", "yellow"), rich_text(caveat, "yellow"))
    width = min(PLOT_WIDTH, drawn_width(out))
    drawn = plots(standing_of(story), width=width, rows=PLOT_HEIGHT, ascii_only=is_ascii_only(out))
    if drawn:
        out.print()
    for line in drawn:
        out.print(line, soft_wrap=True)
    metrics = metrics_table(story, full=full, ascii_only=is_ascii_only(out))
    for table in (metrics, evaluations_table(story), costs_table(story)):
        if table.rows:
            out.print()
            print_table(table, out)
    if story.findings:
        open_ones = tuple(finding for finding in story.findings if finding.passed is not True)
        hold = len(story.findings) - len(open_ones)
        said = f"Wiring, before the first step: {'all ' if not open_ones else ''}{hold} checks hold"
        print_findings(open_ones, out, title=said)
    if story.verdict is not None:
        print_verdict(story.verdict.verdict, out, at=f"step {story.verdict.step}")
    out.print()
    _print_where(story, out, writer)


def print_findings(findings: tuple[Finding, ...], out: Console, *, title: str = "Wiring") -> None:
    """A line for each finding with its mark and figures; each failure with cause and remedy."""
    from journeyman.distill.report.headline import measured_words, words

    out.print()
    out.print(heading(title))
    width = max((len(words(finding.name)) for finding in findings), default=0)
    ascii_only = is_ascii_only(out)
    for finding in findings:
        sign, colour = MARKS[finding.passed]
        if ascii_only:
            sign = {"✓": "ok", "✗": "FAILS", "–": "-"}[sign]
        line = rich_text(f"{sign} ", colour)
        line.append_text(rich_text(f"{words(finding.name):<{width}}  ", "bold"))
        # What holds is said in words; the figures matter where something fails.
        said = {True: finding.threshold, None: finding.cause}.get(finding.passed) or measured_words(finding.measured)
        if finding.passed is False and finding.threshold:
            said = f"{said}, but: {finding.threshold}"
        print_hanging(out, line, rich_text(one_line(said, limit=400), "dim"))
        if finding.passed is False:
            under = " " * line.cell_len
            print_hanging(out, rich_text(under), rich_text(finding.cause, "red"))
            if finding.remedy:
                arrow = "->" if ascii_only else "→"
                print_hanging(out, rich_text(f"{under}{arrow} "), rich_text(finding.remedy, "cyan"))


def print_verdict(verdict: Verdict, out: Console, *, at: str = "") -> None:
    """The verdict set off: its name, the sentence with its figure, and the command that repairs."""
    from journeyman.distill.report.headline import words

    colour = {"ready": "green", "undecided": "yellow"}.get(verdict.name, "red")
    out.print()
    name = words(verdict.name)
    head = rich_text(f"{name[0].upper()}{name[1:]}", f"bold {colour}")
    out.print(head.append_text(rich_text(f" ({at})" if at else "")), soft_wrap=True)
    print_hanging(out, rich_text("  "), rich_text(verdict.sentence))
    if verdict.remedy:
        out.print(rich_text(f"  {verdict.remedy}", "bold cyan"), soft_wrap=True)


def metrics_table(story: Story, *, full: bool = False, ascii_only: bool = False) -> Table:
    """First and last value of the key metrics, or of all, with their course in one row of blocks."""
    from journeyman.distill.report.panels import KEY

    there = story.metrics
    names = there if full else [name for name in KEY if name in there]
    rows = []
    for name in names:
        course = story.course(name)
        if not course:
            continue
        first, last = course[0][1], course[-1][1]
        spark = sparkline([value for _, value in course], SPARK, ascii_only=ascii_only)
        change = signed(last - first, digits=3) if len(course) > 1 else NONE
        rows.append((name, number(first, digits=3), number(last, digits=3), change, spark))
    hidden = len([name for name in there if story.course(name)]) - len(rows)
    note = f"{hidden} more: --full" if hidden > 0 and not full else ""
    numbers = frozenset({"first", "last", "change"})
    return Table(("metric", "first", "last", "change", "course"), rows, title="Metrics", numbers=numbers, note=note)


def evaluations_table(story: Story) -> Table:
    """The student's evaluations and the teacher's."""
    found = [(str(e.step), e) for e in story.evaluations]
    if story.teacher is not None:
        found.append(("teacher", story.teacher))
    rows = []
    for name, e in found:
        between = NONE if e.low is None or e.high is None else f"{number(e.low, digits=3)} .. {number(e.high, digits=3)}"
        others = [number(e.others.get(key), digits=3) for key in ("pass_n", "mean_length", "truncated")]
        rows.append((name, number(e.avg, digits=3), between, *others))
    columns = ("step", "score", "95 % interval", "pass@n", "mean length", "truncated")
    return Table(columns, rows, title="Evaluations", numbers=frozenset(columns[1:]))


def costs_table(story: Story) -> Table:
    """Where the time went."""
    whole = sum(step.wall_s for step in story.steps)
    rows = []
    for name in dict.fromkeys(name for step in story.steps for name in step.phases):
        spent = sum(step.phases.get(name, 0.0) for step in story.steps)
        rows.append((name, duration(spent), f"{100 * spent / whole:.0f} %" if whole else NONE))
    columns = ("phase", "time", "share")
    return Table(columns, rows, title="Time", numbers=frozenset(columns[1:]))


def training_document(story: Story) -> dict[str, Any]:
    """The run as plain data."""
    from journeyman.distill.report.headline import gap_recovery

    last = story.steps[-1] if story.steps else None
    return {
        "run": story.folder, "run_id": story.run_id, "verb": "distill", "created": story.created, "student": story.student,
        "teacher": story.teacher_name, "ended": story.reason, "steps": last.step if last else 0, "planned": story.planned,
        "seed": story.seed, "sittings": story.sittings, "settings": story.spec,
        "evaluations": [{"step": e.step, "avg": e.avg, "low": e.low, "high": e.high, **e.others} for e in story.evaluations],
        "teacher_score": story.teacher.avg if story.teacher else None, "gap_recovery": gap_recovery(story),
        "metrics": {name: last.metrics[name] for name in last.metrics} if last else {},
        "course": [
            {"step": step.step, **step.metrics, "tokens": step.tokens, "seconds": step.wall_s} for step in story.steps
        ],
        "findings": story.findings, "verdicts": [{"step": j.step, "verdict": j.verdict} for j in story.verdicts],
        "checkpoints": [{"step": step, "folder": str(story.folder / folder)} for step, folder in story.checkpoints],
        "seconds": sum(step.wall_s for step in story.steps),
    }  # fmt: skip


def _about(story: Story, writer: int | None) -> str:
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(story.created))
    sittings = f", {story.sittings} sittings" if story.sittings > 1 else ""
    at_work = f", process {writer} works on it" if writer is not None else ""
    return f"run {story.run_id}, begun {begun}{sittings}{at_work}"


def _print_where(story: Story, out: Console, writer: int | None) -> None:
    ref = ref_of(story.folder)
    saved = [folder for _, folder in story.checkpoints if (story.folder / folder).is_dir()]
    if saved:
        out.print(rich_text(f"student: {story.folder / saved[-1]}"), soft_wrap=True)
    if story.reason is not None:
        ended = f"ended: {story.reason}"
    elif writer is not None:
        ended = f"not ended; follow it with 'journeyman run watch {ref}'"
    else:
        ended = f"not ended; go on with 'journeyman run resume {ref}'"
    out.print(rich_text(ended), soft_wrap=True)
    page = story.folder / "report.html"
    where = str(page) if page.is_file() else f"journeyman run show {ref} --html FILE"
    out.print(rich_text(f"page: {where}"), soft_wrap=True)
