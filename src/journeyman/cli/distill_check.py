"""`journeyman distill check` and `diagnose`: findings, figures, the verdict."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from journeyman.cli.distill_show import print_findings, print_verdict
from journeyman.cli.out import stderr, stdout, write_json
from journeyman.report.number import NONE, number
from journeyman.report.table import Table, print_table
from journeyman.report.terminal import heading, print_hanging
from journeyman.report.terminal_lines import sparkline
from journeyman.report.text import one_line, rich_text

if TYPE_CHECKING:
    from rich.console import Console

    from journeyman.distill.check.check import CheckReport
    from journeyman.distill.check.figures import PairFigures

GOOD = ("ready", "undecided")


def check_pair(
    student: str, teacher: str, prompts: str, *, max_tokens: int | None, temperature: float, device: str, quiet: bool,
    json: bool, **options: Any,
) -> int:  # fmt: skip
    """Check the pair and show what was found."""
    from journeyman.distill.check.check import check
    from journeyman.distill.losses.spec import LossSpec
    from journeyman.distill.rollout.sampling import Sampling

    with saying(quiet) as say:
        report = check(
            student, teacher, prompts, sampling=None if max_tokens is None else Sampling(temperature, max_tokens=max_tokens),
            spec=LossSpec(temperature=temperature), device=device_of(device), on_progress=say, **options,
        )  # fmt: skip
    if json:
        write_json(check_document(report))
    else:
        print_check(report, stdout(), pair=options.get("pair", True))
    return 0 if report.wired and report.verdict.name in GOOD else 1


def diagnose_run(rollouts: str, *, temperature: float, device: str, quiet: bool, json: bool, **options: Any) -> int:
    """Diagnose a run of another trainer and show what was found."""
    from journeyman.distill.diagnose import diagnose
    from journeyman.distill.losses.spec import LossSpec

    with saying(quiet) as say:
        found = diagnose(
            rollouts, spec=LossSpec(temperature=temperature or 1.0), device=device_of(device), on_progress=say, **options
        )
    if json:
        write_json(found)
    else:
        out = stdout()
        steps = [step for step in found.steps if step is not None]
        over = f" of steps {steps[0]} to {steps[-1]}" if len(steps) > 1 else f" of step {steps[0]}" if steps else ""
        out.print(heading(f"{found.responses} responses{over}, written by {found.source}"), soft_wrap=True)
        for note in found.notes:
            print_hanging(out, rich_text("! ", "yellow"), rich_text(note, "yellow"))
        if found.findings:
            print_findings(found.findings, out, title="What was looked at")
        for table in (figures_table(found.figures), course_table(found.figures)):
            if table.rows:
                out.print()
                print_table(table, out)
        print_verdict(found.verdict, out)
    return 0 if found.verdict.name in GOOD and not any(f.passed is False for f in found.findings) else 1


def course_table(figures: PairFigures) -> Table:
    """Metrics over the steps of a run: first, last, and the course in one row of blocks."""
    rows = [
        (name, number(values[0], digits=3), number(values[-1], digits=3), sparkline(values, 24))
        for name, values in figures.course.items()
        if len(values) > 1
    ]
    columns = ("metric", "first", "last", "course")
    return Table(columns, rows, title="Over the steps", numbers=frozenset({"first", "last"}))


def print_check(report: CheckReport, out: Console, *, pair: bool = True) -> None:
    """Findings with marks, figures of the pair, and the verdict set off."""
    failed = sum(finding.passed is False for finding in report.findings)
    said = f"{failed} of {len(report.findings)} checks fail" if failed else f"all {len(report.findings)} checks hold"
    unseen = sum(finding.passed is None for finding in report.findings)
    if unseen and not failed:
        said = f"{len(report.findings) - unseen} checks hold, {unseen} could not be looked at"
    print_findings(report.findings, out, title=f"Wiring: {said}")
    if not pair:
        return
    table = figures_table(report.figures)
    if table.rows:
        out.print()
        print_table(table, out)
    print_verdict(report.verdict, out)


def figures_table(figures: PairFigures) -> Table:
    """What was measured of the pair; what was not is left out."""
    f = figures
    rows = [
        ("score, student and teacher", _two(f.student_score, f.teacher_score), _error(f.score_s_e)),
        ("overlap of the top lists", _one(f.overlap), f"top {f.k_metric}{_corrected(f)}"),
        ("mass on shared tokens, student and teacher", _two(f.mass_student, f.mass_teacher), ""),
        ("divergence [nats]", _one(f.divergence), _floor(f.divergence_floor)),
        ("entropy, student and teacher [nats]", _two(f.entropy_student, f.entropy_teacher), ""),
        ("entropy gap [nats]", _one(f.entropy_gap), ""),
        ("gradient norm", _one(f.gradient_norm), ""),
        ("truncated responses", _one(f.truncated), ""),
    ]
    rows += [
        (f"overlap under template {name}", _one(value), _divergence(f.divergence_by_template.get(name)))
        for name, value in f.overlap_by_template.items()
    ]
    rows += [(f"teacher's gain {depth} tokens in", number(gain, digits=3), "") for depth, gain in f.gain_by_depth]
    kept = [row for row in rows if set(row[1]) - set(f"{NONE} /")]
    title = "The pair, on the student's own rollouts"
    return Table(("figure", "value", ""), kept, title=title, numbers=frozenset({"value"}))


def check_document(report: CheckReport) -> dict[str, Any]:
    """Findings, figures and verdict as plain data."""
    return {
        "wired": report.wired, "findings": report.findings, "figures": report.figures, "verdict": report.verdict,
    }  # fmt: skip


@contextlib.contextmanager
def saying(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A callback that says what is being done: one line that is replaced on a terminal, a line each elsewhere."""
    console = stderr()
    if quiet:
        yield lambda what: None
    elif console.is_terminal and not console.is_dumb_terminal:
        with console.status("beginning", spinner="dots") as status:
            yield lambda what: status.update(rich_text(one_line(what)))
    else:
        yield lambda what: console.print(rich_text(one_line(what)), soft_wrap=True)


def device_of(name: str) -> str:
    """`auto` as a GPU where there is one; any other name as it is."""
    if name != "auto":
        return name
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _one(value: float | None) -> str:
    return number(value, digits=3)


def _two(first: float | None, second: float | None) -> str:
    return f"{_one(first)} / {_one(second)}"


def _error(s_e: float | None) -> str:
    return "" if s_e is None else f"standard error of the difference {number(s_e, digits=2)}"


def _corrected(f: PairFigures) -> str:
    said = "" if f.overlap_corrected is None else f", {number(f.overlap_corrected, digits=3)} corrected for chance"
    return said if f.overlap_floor is None else f"{said}; two seeds of the student have {number(f.overlap_floor, digits=3)}"


def _floor(floor: float | None) -> str:
    return "" if floor is None else f"two seeds of the student have {number(floor, digits=3)}"


def _divergence(value: float | None) -> str:
    return "" if value is None else f"divergence {number(value, digits=3)} nats"
