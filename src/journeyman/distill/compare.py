"""Training runs side by side: what they were asked, where they began, where they ended, and in which settings they differ.

    jm.distill.compare(["distill-20261123-101500-3f2a", "last"]).table()

One run says little: runs that differ in their seed only are taken together, and their mean has an interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeyman.distill.report.figures import STEPS, scores_of
from journeyman.distill.report.headline import gap_recovery
from journeyman.distill.report.page import FOOTER, flat
from journeyman.distill.report.panels import GROUPS, KEY
from journeyman.distill.report.story import Story, story_of
from journeyman.errors import RunNotFound, UsageError
from journeyman.report.blocks import Block, Drawings, Section, Text
from journeyman.report.draw.lines import Level, Series, draw_lines
from journeyman.report.number import NONE, duration, number
from journeyman.report.page import Page
from journeyman.report.table import Table
from journeyman.runlog import RunLog, find_run, runs_root
from journeyman.stats.interval import Interval, t_interval

MOST = 14
"""Runs that can be told apart in one figure."""

_LETTERS = "ABCDEFGHIJKLMN"
_COLOURS = 7


@dataclass(frozen=True)
class Group:
    """Runs that differ in their seed only. `score`: of their last evaluations; None where one has none."""

    letters: str
    score: Interval | None
    recovered: Interval | None


@dataclass(frozen=True)
class Comparison:
    """Runs in the order given, the first called A. `differences`: (setting, its value in each run)."""

    runs: tuple[Story, ...]
    differences: tuple[tuple[str, tuple[str, ...]], ...]
    groups: tuple[Group, ...]

    @property
    def letters(self) -> str:
        """Their short names."""
        return _LETTERS[: len(self.runs)]

    def table(self) -> Table:
        """One row a run: the pair, steps, scores with intervals, gap recovery, time."""
        columns = ("", "pair", "steps", "score before", "score after", "teacher", "gap recovery", "seed", "time", "run")
        rows = []
        for letter, run in zip(self.letters, self.runs, strict=True):
            first = run.evaluations[0] if run.evaluations else None
            last = run.evaluations[-1] if len(run.evaluations) > 1 else None
            recovered = gap_recovery(run)
            rows.append((
                letter, run.pair, str(run.steps[-1].step if run.steps else 0), _score(first), _score(last),
                number(run.teacher.avg, digits=3) if run.teacher else NONE,
                NONE if recovered is None else f"{100 * recovered:.0f} %", NONE if run.seed is None else str(run.seed),
                duration(sum(step.wall_s for step in run.steps)) if run.steps else NONE, run.run_id,
            ))  # fmt: skip
        numbers = {"steps", "teacher", "gap recovery", "seed", "time"}
        return Table(columns, rows, title="Runs", numbers=frozenset(numbers), note=self._note())

    def metrics_table(self) -> Table:
        """First and last value of each key metric that any run has, one column a run."""
        there = [name for name in KEY if any(name in run.metrics for run in self.runs)]
        rows = []
        for name in there:
            cells = []
            for run in self.runs:
                course = run.course(name)
                cells.append(f"{number(course[0][1], digits=3)} → {number(course[-1][1], digits=3)}" if course else NONE)
            rows.append((name, *cells))
        return Table(
            ("metric", *self.letters), rows, title="Metrics at the first and the last step", numbers=frozenset(self.letters)
        )

    def differences_table(self) -> Table:
        """The settings in which the runs differ."""
        rows = [(name, *values) for name, values in self.differences]
        note = "" if rows else "All settings are the same."
        return Table(("setting", *self.letters), rows, title="Where their settings differ", note=note)

    def groups_table(self) -> Table:
        """Runs that differ in their seed only, taken together; no rows where there are none."""
        rows = [
            (", ".join(group.letters), str(len(group.letters)), _interval(group.score), _interval(group.recovered))
            for group in self.groups
        ]
        columns = ("runs", "seeds", "score after", "gap recovery")
        return Table(columns, rows, title="Runs that differ in their seed only, with 95 % intervals of the mean")

    def page(self) -> Page:
        """All of it with the curves laid over one another."""
        tables: list[Block] = [self.table()]
        if self.groups:
            tables.append(self.groups_table())
        names = ", ".join(f"{letter} {run.pair}" for letter, run in zip(self.letters, self.runs, strict=True))
        sections = [
            Section("The runs", tables, "runs", "Runs"),
            Section("Their curves", self._curves(), "curves", "Curves"),
            Section("Metrics", [self.metrics_table()], "metrics"),
            Section("Settings", [self.differences_table()], "settings"),
        ]
        return Page(title="Training runs compared", verdict=names, sections=sections, footer=FOOTER)

    def document(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "runs": [
                {
                    "name": letter, "run_id": run.run_id, "run": run.folder, "student": run.student,
                    "teacher": run.teacher_name, "seed": run.seed, "ended": run.reason,
                    "steps": run.steps[-1].step if run.steps else 0,
                    "scores": [{"step": e.step, "avg": e.avg, "low": e.low, "high": e.high} for e in run.evaluations],
                    "teacher_score": run.teacher.avg if run.teacher else None, "gap_recovery": gap_recovery(run),
                    "verdict": run.verdict.verdict.name if run.verdict else None,
                    "metrics": {
                        name: {"first": course[0][1], "last": course[-1][1]}
                        for name in run.metrics if (course := run.course(name))
                    },
                }
                for letter, run in zip(self.letters, self.runs, strict=True)
            ],
            "differences": {name: dict(zip(self.letters, values, strict=True)) for name, values in self.differences},
            "groups": [{"runs": list(g.letters), "score": g.score, "gap_recovery": g.recovered} for g in self.groups],
        }  # fmt: skip

    def _note(self) -> str:
        if self.groups:
            return ""
        return "One seed each: a difference that another seed might undo is none. Intervals: 95 %, over the prompts."

    def _curves(self) -> list[Block]:
        legend = [(f"s{i % _COLOURS}", f"{letter} {run.pair}") for i, (letter, run) in self._lettered()]
        drawings = []
        scored = [(i, run) for i, (_, run) in self._lettered() if run.evaluations]
        if scored:
            series = [scores_of(run.evaluations, self.letters[i], f"s{i % _COLOURS}") for i, run in scored]
            teachers = {run.teacher.avg for _, run in scored if run.teacher}
            levels = [Level("teacher", value) for value in sorted(teachers)] if len(teachers) == 1 else []
            drawings.append(
                draw_lines(series, x_name=STEPS, y_name="score", levels=levels, bounds=(0.0, 1.0), label="scores by step")
            )
        bounds = {metric: panel.bounds for group in GROUPS for panel in group.panels for metric, _ in panel.lines}
        for name in KEY:
            series = [
                Series(letter, f"s{i % _COLOURS}", course, dashed=i >= _COLOURS)
                for i, (letter, run) in self._lettered()
                if (course := run.course(name))
            ]
            if series:
                held = bounds.get(name, (None, None))
                drawings.append(draw_lines(series, x_name=STEPS, y_name=name, bounds=held, label=f"{name} by step"))
        if not drawings:
            return [Text("No run has made a step yet.")]
        return [Drawings(drawings, legend=legend, small=True)]

    def _lettered(self) -> list[tuple[int, tuple[str, Story]]]:
        return list(enumerate(zip(self.letters, self.runs, strict=True)))


def compare(runs: Sequence[str | Path | Story], *, folder: str | Path | None = None) -> Comparison:
    """Put training runs side by side.

    Args:
        runs: names, beginnings of names, folders, "last", or stories that were read already; at least two.
        folder: where runs are looked for; None for $JOURNEYMAN_RUNS, else ./runs.

    Raises:
        UsageError: fewer than two runs, more than can be told apart, or one of them twice.
        RunNotFound, RunError, RunCorrupt: a run is not there, is of another verb, or cannot be read.
    """
    if not 2 <= len(runs) <= MOST:
        raise UsageError(f"a comparison takes 2 to {MOST} runs, not {len(runs)}")
    root = Path(folder) if folder is not None else runs_root()
    stories = tuple(run if isinstance(run, Story) else _read(run, root) for run in runs)
    seen: set[Path] = set()
    for story in stories:
        if story.folder in seen:
            raise UsageError(f"the run {story.run_id!r} is named twice")
        seen.add(story.folder)
    settings = [settings_of(story) for story in stories]
    names = dict.fromkeys(name for each in settings for name in each)
    differences = tuple(
        (name, values)
        for name in names
        if len(set(values := tuple(each.get(name, NONE) for each in settings))) > 1
    )
    return Comparison(stories, differences, tuple(_groups(stories, settings)))


def settings_of(story: Story) -> dict[str, str]:
    """What a run was asked to do, flat: the settings, and which models and prompts it used."""
    found = dict(flat(story.spec))
    for part in ("student", "teacher", "prompts"):
        about = story.header.get(part)
        if isinstance(about, dict) and about.get("digest"):
            found[f"{part} (content)"] = str(about["digest"])[:12]
    return found


def _read(run: str | Path, root: Path) -> Story:
    try:
        folder = find_run(run, root)
    except RunNotFound as error:
        raise RunNotFound(f"{error}; 'distill compare' takes runs of 'distill train'") from error
    with RunLog.open(folder) as log:
        return story_of(log)


def _groups(stories: Sequence[Story], settings: Sequence[dict[str, str]]) -> list[Group]:
    """Groups of two runs or more that differ in `seed` only."""
    alike: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for i, each in enumerate(settings):
        alike.setdefault(tuple(sorted((k, v) for k, v in each.items() if k != "seed")), []).append(i)
    groups = []
    for members in alike.values():
        seeds = {stories[i].seed for i in members}
        if len(members) < 2 or len(seeds) < len(members):
            continue
        scores = [stories[i].evaluations[-1].avg for i in members if len(stories[i].evaluations) > 1]
        recovered = [found for i in members if (found := gap_recovery(stories[i])) is not None]
        groups.append(
            Group(
                "".join(_LETTERS[i] for i in members),
                t_interval(scores) if len(scores) == len(members) else None,
                t_interval(recovered) if len(recovered) == len(members) else None,
            )
        )
    return groups


def _score(evaluated: Any) -> str:
    if evaluated is None:
        return NONE
    return _between(evaluated.avg, evaluated.low, evaluated.high)


def _interval(interval: Interval | None) -> str:
    return NONE if interval is None else _between(interval.mean, interval.low, interval.high)


def _between(mean: float, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return number(mean, digits=3)
    return f"{number(mean, digits=3)} [{number(low, digits=3)}, {number(high, digits=3)}]"
