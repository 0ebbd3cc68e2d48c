"""`journeyman distill demo`: the two pairs, told side by side."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from journeyman.cli.distill_standing import lines_of, standing_of
from journeyman.cli.out import stderr, stdout, write_json
from journeyman.report.number import number
from journeyman.report.table import Table, print_table
from journeyman.report.terminal import drawn_width, heading, is_ascii_only, print_hanging
from journeyman.report.terminal_lines import Line, beside, draw_lines
from journeyman.report.text import rich_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from journeyman.distill.demo import Shown

PLOT_HEIGHT, PLOT_WIDTH = 11, 124


def show_demo(*, runs: str | None, json: bool) -> int:
    """Run the demo and show it. Exit status 1 unless both pairs did what the check had said."""
    from journeyman.distill.compare import compare
    from journeyman.report.page import write_page

    begun = time.monotonic()
    shown = run_demo(runs)
    seconds = time.monotonic() - begun
    page = shown[0].page.parent.parent / "demo-compared.html"
    write_page(compare([one.story for one in shown]).page(), page)
    right = all(one.as_expected for one in shown)
    if json:
        write_json({"pairs": [demo_document(one) for one in shown], "page": page, "seconds": seconds, "as_expected": right})
        return 0 if right else 1
    out = stdout()
    print_demo(shown, out)
    out.print()
    for one in shown:
        out.print(rich_text(f"page of {one.student} ← {one.teacher}: {one.page}"), soft_wrap=True)
    out.print(rich_text(f"both, compared: {page}"), soft_wrap=True)
    if right:
        said = f"✓ the check was right about both pairs before a step was made ({seconds:.0f} s)"
        out.print(rich_text(said, "green"), soft_wrap=True)
    else:
        out.print(rich_text("✗ a pair did not do what the check said of it", "red"), soft_wrap=True)
    return 0 if right else 1


def run_demo(runs: str | None) -> list[Shown]:
    """The demo with progress on stderr."""
    import torch

    from journeyman.cli.distill_progress import Lines
    from journeyman.cli.distill_standing import Standing
    from journeyman.distill.demo import demonstrate

    # Models as small as these are slower on several threads than on one, and much slower beside other work.
    torch.set_num_threads(1)
    console = stderr()
    watching: dict[str, Any] = {}

    def stage(student: str, teacher: str, what: str) -> None:
        if "lines" in watching:
            watching.pop("lines").last()
        title = f"{student} ← {teacher}"
        console.print(rich_text(f"{title}: {'checking the pair' if what == 'check' else 'training'}"), soft_wrap=True)
        if what == "train":
            watching["lines"] = Lines(Standing(title), console)

    shown = demonstrate(runs=runs, on_stage=stage, on_step=lambda progress: watching["lines"].take(progress))
    watching["lines"].last()
    return shown


def print_demo(shown: list[Shown], out: Console) -> None:
    """What the check said of each pair, what came of it, and the two sets of curves."""
    for one in shown:
        verdict = one.report.verdict
        colour = "green" if verdict.name == "ready" else "red"
        name = f"check says: {verdict.name.replace('_', ' ')}"
        out.print(heading(f"{one.student} ← {one.teacher}"), soft_wrap=True)
        print_hanging(out, rich_text("  "), rich_text(f"{name}. ", colour).append_text(rich_text(verdict.sentence)))
    out.print()
    for line in curves(shown, width=min(PLOT_WIDTH, drawn_width(out)), ascii_only=is_ascii_only(out)):
        out.print(line, soft_wrap=True)
    out.print()
    print_table(table_of(shown), out)


def curves(shown: list[Shown], *, width: int, ascii_only: bool) -> list[Text]:
    """Scores and overlap of both pairs; side by side where the terminal is wide enough."""
    arrow = "<-" if ascii_only else "←"
    standings = [standing_of(one.story) for one in shown]
    for one, standing in zip(shown, standings, strict=True):
        standing.title = f"{one.student} {arrow} {one.teacher}"
    scores = [Line(s.title, [(float(x), y) for x, y in s.scores]) for s in standings]
    divergence = lines_of(standings, ("divergence/full",), "divergence")
    columns = 2 if width >= 76 else 1
    each = width // columns - (2 if columns == 2 else 0)
    pictures = [
        draw_lines(lines, title=title, x_label="step", width=each, height=PLOT_HEIGHT, ascii_only=ascii_only)
        for title, lines in (("score on other prompts", scores), ("divergence to the teacher [nats]", divergence))
    ]
    return beside(pictures[0], pictures[1], width=each + 2) if columns == 2 else [*pictures[0], *pictures[1]]


def table_of(shown: list[Shown]) -> Table:
    """First and last values of both pairs."""
    rows = []
    for one in shown:
        story = one.story
        cells = [f"{number(story.evaluations[0].avg, digits=3)} → {number(story.evaluations[-1].avg, digits=3)}"]
        for name in ("divergence/full", "overlap/ratio", "entropy/gap", "gradient/norm"):
            course = story.course(name)
            cells.append(f"{number(course[0][1], digits=3)} → {number(course[-1][1], digits=3)}" if course else "–")
        teacher = number(story.teacher.avg, digits=3) if story.teacher else "–"
        rows.append((f"{one.student} ← {one.teacher}", cells[0], teacher, *cells[1:]))
    columns = ("pair", "score", "teacher", "divergence", "overlap", "entropy gap", "gradient norm")
    return Table(columns, rows, numbers=frozenset(columns[1:]))


def demo_document(one: Shown) -> dict[str, Any]:
    """One pair as plain data."""
    return {
        "student": one.student, "teacher": one.teacher, "verdict": one.report.verdict, "figures": one.report.figures,
        "scores": [{"step": e.step, "avg": e.avg} for e in one.story.evaluations],
        "teacher_score": one.story.teacher.avg if one.story.teacher else None, "change": one.change,
        "as_expected": one.as_expected, "run": one.story.folder, "page": one.page,
    }  # fmt: skip
