"""Where a training stands: as a few words, as the lines of a live panel, whoever writes the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from journeyman.report.number import duration, number
from journeyman.report.terminal import meter
from journeyman.report.terminal_lines import Line, beside, draw_lines, sparkline
from journeyman.report.text import one_line

if TYPE_CHECKING:
    from rich.text import Text

    from journeyman.distill.events import Progress
    from journeyman.distill.report.story import Story

SHOWN = (
    ("loss", "loss"), ("overlap/ratio", "overlap"), ("entropy/gap", "entropy gap"), ("gradient/norm", "gradient norm"),
    ("response/length", "length"), ("score/rollouts", "right in rollouts"),
)  # fmt: skip
"""Metrics of the panel: name, what it is called."""

PLOTS = (
    (("divergence/full", "divergence/sampled", "loss"), "divergence [nats]"),
    (("overlap/ratio",), "overlap ratio"),
    (("entropy/student",), "student's entropy [nats]"),
)
"""Plots of a tall panel: the first metric that there is, title."""

_RECENT = 20  # steps over which the present rate is taken
_BAR = 30
_SPARK = 18


@dataclass
class Standing:
    """A training as far as it is known.

    `steps`: of how many, None where nobody said; `scores`: (step, avg) of evaluations; `recalls`: the folder of the run,
    whose log is read at the first step for what was before it.
    """

    title: str
    steps: int | None = None
    step: int = 0
    courses: dict[str, list[float]] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    scores: list[tuple[int, float]] = field(default_factory=list)
    teacher: float | None = None
    memory_mb: float | None = None
    verdict: str = ""
    good: bool = True
    reason: str | None = None
    recalls: Path | None = None

    def take(self, progress: Progress) -> None:
        """Another step, from the process that makes it."""
        if self.recalls is not None:
            self._recall(self.recalls)
            self.recalls = None
        self.steps, self.step = progress.steps, progress.step.step
        self.numbers.append(self.step)
        for name, value in progress.step.metrics.items():
            self.courses.setdefault(name, []).append(value)
        self.seconds.append(progress.cost.wall_s)
        self.tokens.append(progress.step.tokens)
        self.memory_mb = progress.cost.memory_mb or self.memory_mb
        if progress.evaluated is not None and "avg" in progress.evaluated.student:
            self.scores.append((self.step, float(progress.evaluated.student["avg"])))

    def _recall(self, folder: Path) -> None:
        """What the log has of the time before this process' first step."""
        from journeyman.distill.report.story import story_of
        from journeyman.runlog import RunLog

        with RunLog.open(folder) as log:
            story = story_of(log)
        self.teacher = None if story.teacher is None else story.teacher.avg
        self.scores = [(e.step or 0, e.avg) for e in story.evaluations]
        # The step that is about to be taken is in the log already.
        for step in story.steps[:-1]:
            self.numbers.append(step.step)
            for name, value in step.metrics.items():
                self.courses.setdefault(name, []).append(value)
        if story.steps:
            self.scores = [(at, score) for at, score in self.scores if at < story.steps[-1].step]

    @property
    def tokens_per_s(self) -> float | None:
        """Response tokens a second over the last steps."""
        spent = sum(self.seconds[-_RECENT:])
        return sum(self.tokens[-_RECENT:]) / spent if spent > 0 else None

    @property
    def left_s(self) -> float | None:
        """Seconds until the last step at the present rate, evaluations not counted; None where nobody knows."""
        recent = self.seconds[-_RECENT:]
        if self.steps is None or not recent or self.reason is not None:
            return None
        return (self.steps - self.step) * sum(recent) / len(recent)


def standing_of(story: Story) -> Standing:
    """The standing of a run that was read from its log."""
    found = Standing(story.pair, story.planned)
    found.step = story.steps[-1].step if story.steps else 0
    found.numbers = [step.step for step in story.steps]
    for name in story.metrics:
        found.courses[name] = [value for _, value in story.course(name)]
    found.seconds = [step.wall_s for step in story.steps]
    found.tokens = [step.tokens for step in story.steps]
    found.memory_mb = next((s.memory_mb for s in reversed(story.steps) if s.memory_mb is not None), None)
    found.scores = [(e.step or 0, e.avg) for e in story.evaluations]
    found.teacher = None if story.teacher is None else story.teacher.avg
    if story.verdict is not None:
        found.verdict, found.good = story.verdict.verdict.sentence, story.verdict.verdict.name in ("ready", "undecided")
    found.reason = story.reason
    return found


def standing_words(standing: Standing) -> list[str]:
    """Where it stands in a few words each, the most important first."""
    words = [f"step {standing.step}" + (f"/{standing.steps}" if standing.steps else "")]
    for name, called in SHOWN[:3]:
        if course := standing.courses.get(name):
            words.append(f"{called} {number(course[-1], digits=3)}")
    if standing.scores:
        words.append(f"score {number(standing.scores[-1][1], digits=3)}{_besides(standing)}")
    if standing.tokens_per_s is not None:
        words.append(f"{standing.tokens_per_s:,.0f} tokens/s".replace(",", " "))
    if standing.left_s is not None:
        words.append(f"{duration(standing.left_s)} left")
    return words


def standing_lines(standing: Standing, *, width: int, ascii_only: bool, height: int = 0) -> list[Text]:
    """The panel: title and progress, metrics with their course, score and rate; below it plots, if `height` allows."""
    lines = [_title(standing, width, ascii_only)]
    if not standing.numbers:
        waiting = "opening the models; then what is measured before the first step"
        if standing.scores or standing.teacher is not None:
            waiting = "the first step"
        return [*lines, _text(f"  {waiting}", "dim")]
    lines += _metrics(standing, width, ascii_only)
    lines.append(_rates(standing, width))
    if standing.verdict and not standing.good:
        lines.append(_text(one_line(standing.verdict, limit=max(20, width)), "bold red"))
    rows = min(14, height - len(lines) - 1)
    if rows >= 8:
        lines += [_text(""), *plots(standing, width=width, rows=rows, ascii_only=ascii_only)]
    if ascii_only:
        for line in lines:
            line.plain = line.plain.replace("…", ".").encode("ascii", "replace").decode()
    return lines


def plots(standing: Standing, *, width: int, rows: int, ascii_only: bool, most: int = 2) -> list[Text]:
    """Scores (where there are several) and metrics over steps, side by side where the terminal is wide enough."""
    drawn: list[list[Text]] = []
    columns = 1 if width < 76 else most
    each = min(64, width // columns - (2 if columns > 1 else 0))
    if len(standing.scores) > 1:
        score = Line("student", [(float(x), y) for x, y in standing.scores])
        level = None if standing.teacher is None else ("teacher", standing.teacher)
        drawn.append(
            draw_lines([score], title="score", x_label="step", width=each, height=rows, ascii_only=ascii_only, level=level)
        )
    for names, title in PLOTS:
        name = next((name for name in names if len(standing.courses.get(name, ())) > 1), None)
        if name is not None and len(drawn) < columns:
            line = Line(title, course_of(standing, name))
            drawn.append(draw_lines([line], title=title, x_label="step", width=each, height=rows, ascii_only=ascii_only))
    if not drawn:
        return []
    joined = drawn[0]
    for more in drawn[1:columns]:
        joined = beside(joined, more, width=(each + 2))
    return joined


def course_of(standing: Standing, name: str) -> list[tuple[float, float]]:
    """(step, value); values beyond the steps known are numbered from their end."""
    values = standing.courses.get(name, [])
    numbers = standing.numbers[-len(values) :] if values else []
    return [(float(step), value) for step, value in zip(numbers, values, strict=False)]


def _text(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _title(standing: Standing, width: int, ascii_only: bool) -> Text:
    title = one_line(standing.title, limit=max(20, width // 2))
    if ascii_only:
        title = title.replace("←", "<-").encode("ascii", "replace").decode()
    line = _text(title, "bold")
    if standing.steps:
        line.append(f"  step {standing.step} of {standing.steps}  ", "not bold")
        room = min(_BAR, width - line.cell_len - 16)
        if room >= 8:
            line.append_text(meter(standing.step / standing.steps, room, ascii_only=ascii_only))
    elif standing.step:
        line.append(f"  step {standing.step}", "not bold")
    left = standing.left_s
    if left is not None and line.cell_len + 14 <= width:
        line.append(f"  {duration(left)} left", "not bold")
    return line


def _metrics(standing: Standing, width: int, ascii_only: bool) -> list[Text]:
    cells = []
    for name, called in SHOWN:
        course = standing.courses.get(name)
        if not course:
            continue
        cell = _text(f"  {called:<17} ").append(f"{number(course[-1], digits=3):>9} ", "bold")
        cells.append(cell.append(" " + sparkline(course, _SPARK, ascii_only=ascii_only), "cyan"))
    columns = 2 if width >= 96 else 1
    if columns == 1:
        cells = cells[:4]
    lines = []
    for i in range(0, len(cells), columns):
        line = cells[i]
        for more in cells[i + 1 : i + columns]:
            line.pad_right(max(0, 50 - line.cell_len))
            line.append_text(more)
        lines.append(line)
    return lines


def _besides(standing: Standing) -> str:
    said = []
    if len(standing.scores) > 1 and standing.scores[0][0] == 0:
        said.append(f"before {number(standing.scores[0][1], digits=3)}")
    if standing.teacher is not None:
        said.append(f"teacher {number(standing.teacher, digits=3)}")
    return f" ({', '.join(said)})" if said else ""


def _rates(standing: Standing, width: int) -> Text:
    parts = []
    if standing.scores:
        parts.append(f"score {number(standing.scores[-1][1], digits=3)}{_besides(standing)}")
    if standing.tokens_per_s is not None:
        parts.append(f"{standing.tokens_per_s:,.0f} tokens/s".replace(",", " "))
    if standing.seconds:
        recent = standing.seconds[-_RECENT:]
        parts.append(f"{duration(sum(recent) / len(recent))} a step")
    if standing.memory_mb:
        parts.append(f"{standing.memory_mb:,.0f} MB".replace(",", " "))
    line = _text("  ")
    for part in parts:
        if line.cell_len + len(part) <= width:
            line.append(f"{part}   ")
    line.rstrip()
    return line


def lines_of(standings: Sequence[Standing], names: Sequence[str], title: str) -> list[Line]:
    """One metric of several trainings as lines; `names`: the metric's, the first that a training has."""
    found = []
    for standing in standings:
        name = next((name for name in names if standing.courses.get(name)), None)
        found.append(Line(standing.title, [] if name is None else course_of(standing, name)))
    return found if any(line.points for line in found) else [Line(title, [])]
