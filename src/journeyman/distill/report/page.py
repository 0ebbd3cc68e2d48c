"""The page of a training run: from its log to one HTML file that opens offline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from journeyman.distill.report.figures import heat_drawings, panel_drawing, score_drawing
from journeyman.distill.report.headline import (
    caveats,
    facts,
    headline,
    measured_words,
    passed_words,
    subtitle,
    words,
)
from journeyman.distill.report.panels import TOKENS, Panel, groups_of
from journeyman.distill.report.story import Evaluated, Sample, Story, story_of
from journeyman.report.blocks import Block, Drawings, Fold, Scale, Section, Source, Text, Tokens, Views
from journeyman.report.draw.axis import quantile
from journeyman.report.number import NONE, duration, number
from journeyman.report.page import Page, write_page
from journeyman.report.table import Table
from journeyman.runlog import RunLog

FOOTER = "Journeyman. This page is one file: it needs no network and runs no script."
SAMPLED_STEPS = 3  # first, middle and last; a step's rows after `ROWS` and a row's tokens after `LONGEST` are left out
ROWS = 3
LONGEST = 500
_LEVELS = 6


def page_of(log: RunLog) -> Page:
    """The page of the run in `log`, as far as it got. Raises as `story_of`."""
    return story_page(story_of(log))


def story_page(story: Story) -> Page:
    """The page of a run that was read already."""
    sections = [
        Section("The verdict", verdict_blocks(story), "verdict", "Verdict"),
        *(Section(title, blocks, anchor) for title, anchor, blocks in _groups(story)),
        Section("Where in the response", _heat(story), "positions", "Positions"),
        Section("Sampled responses, token by token", sample_blocks(story), "samples", "Samples"),
        Section("Evaluations", _evaluations(story), "evaluations"),
        Section("The wiring, before the first step", finding_blocks(story), "wiring", "Wiring"),
        Section("Time and memory", _costs(story), "costs", "Costs"),
        Section("What it was asked to do", _settings(story), "settings", "Settings"),
    ]
    return Page(
        title=f"Distilling {story.pair}",
        verdict=headline(story),
        caveats=caveats(story),
        subtitle=subtitle(story),
        facts=facts(story),
        sections=[section for section in sections if section.blocks],
        footer=FOOTER,
    )


def write_report(log: RunLog, path: Path) -> None:
    """Write the page of the run in `log` to `path`: a reader finds the old file or the new one, never a half.

    Raises RunError if `path` cannot be written, and as `story_of`.
    """
    write_page(page_of(log), path)


def verdict_blocks(story: Story) -> list[Block]:
    """What was judged during the run, the last verdict first, and the command that repairs."""
    if not story.verdicts:
        return []
    last = story.verdicts[-1]
    blocks: list[Block] = [Text(f"Step {last.step}: {last.verdict.sentence}", warning=last.verdict.name not in _GOOD)]
    if last.verdict.remedy:
        blocks += [Text("What repairs it:"), Source(last.verdict.remedy, label="command")]
    changes = [
        judged
        for before, judged in zip([None, *story.verdicts], story.verdicts, strict=False)
        if before is None or before.verdict.name != judged.verdict.name
    ]
    if len(changes) > 1:
        rows = [
            (str(step), words(verdict.name), verdict.sentence, measured_words({**verdict.figures}))
            for step, verdict in ((judged.step, judged.verdict) for judged in changes)
        ]
        blocks.append(
            Table(("step", "verdict", "said", "figures"), rows, title="How the verdict changed", numbers=frozenset({"step"}))
        )
    return blocks


_GOOD = ("ready", "undecided")


def _groups(story: Story) -> list[tuple[str, str, list[Block]]]:
    found: list[tuple[str, str, list[Block]]] = []
    metrics = story.metrics
    groups = groups_of(metrics)
    if story.evaluations and not any(group.anchor == "scores" for group in groups):
        groups = [*groups, *(group for group in groups_of(["score/rollouts"]) if group.anchor == "scores")]
    for group in groups:
        pairs = [(panel, drawn) for panel in group.panels if (drawn := panel_drawing(story, panel)) is not None]
        drawings = [drawn for _, drawn in pairs]
        if group.anchor == "scores" and (score := score_drawing(story)) is not None:
            drawings.insert(0, score)
        if not drawings:
            continue
        found.append((group.title, group.anchor, [Drawings(drawings, _reading([panel for panel, _ in pairs]), small=True)]))
    return found


def _reading(panels: Sequence[Panel]) -> str:
    said = [f"{panel.title}: {panel.read}." for panel in panels if panel.read]
    return " ".join(text[0].upper() + text[1:] for text in said)


def _heat(story: Story) -> list[Block]:
    drawings = heat_drawings(story)
    if not drawings:
        return []
    caption = (
        "Upwards: the place in the response; to the right: the step; grey: no response was that long. Instability begins as "
        "a band of high entropy at the end of the responses and spreads forward."
    )
    return [Drawings(drawings, caption)]


def sample_blocks(story: Story) -> list[Block]:
    """Some responses of the first, a middle and the last sampled step, coloured by each metric that was kept of them."""
    steps = sorted({sample.step for sample in story.samples})
    chosen = sorted({steps[0], steps[len(steps) // 2], steps[-1]}) if steps else []
    shown = [
        (sample, f"{step}-{row}")
        for step in chosen
        for row, sample in enumerate([sample for sample in story.samples if sample.step == step][:ROWS])
    ]
    views: list[tuple[str, list[Block]]] = []
    for name, title, unit, inverted in TOKENS:
        ordered = sorted(v for sample, _ in shown for v in sample.values.get(name, ()) if math.isfinite(v))
        if not ordered:
            continue
        # The scale is the same for all samples of a view, so that steps can be compared.
        low, high = (quantile(ordered, 0.02), 1.0) if inverted else (0.0, quantile(ordered, 0.98))
        if not high > low:
            low, high = (low - 1.0, high) if inverted else (low, high + 1.0)
        ends = [_value_words(v, unit) for v in ((high, low) if inverted else (low, high))]
        rows: list[Block] = [Scale(ends[0], f"{ends[1]} and {'below' if inverted else 'above'}")]
        rows += [_one_sample(sample, name, unit, (low, high), inverted) for sample, _ in shown if name in sample.values]
        views.append((title, rows))
    if not views:
        return []
    said = f"Responses at step{'s' * (len(chosen) > 1)} {', '.join(map(str, chosen))}; a pointer on a token shows its value."
    return [Text(said, soft=True), Views(views, "tokens", "coloured by")]


def _one_sample(sample: Sample, name: str, unit: str, ends: tuple[float, float], inverted: bool) -> Fold:
    values = sample.values[name]
    low, high = ends
    parts = []
    for token, value in list(zip(spaced(sample.tokens, sample.text), values, strict=False))[:LONGEST]:
        if not math.isfinite(value):
            parts.append((token, 0, "not measured"))
            continue
        part = (value - low) / (high - low)
        level = min(_LEVELS - 1, max(0, int((1 - part if inverted else part) * _LEVELS)))
        parts.append((token, level, _value_words(value, unit)))
    known = [v for v in values if math.isfinite(v)]
    mean = f"mean {_value_words(sum(known) / len(known), unit)}" if known else ""
    graded = {True: ("chip better", "right"), False: ("chip bad", "wrong"), None: ("chip", "not graded")}[sample.correct]
    cut = () if sample.finished else (("chip", "cut at the limit"),)
    size = ", ".join(filter(None, (f"{len(sample.tokens)} tokens", mean)))
    return Fold(
        [("id", f"step {sample.step}"), graded, *cut, ("by", size), ("note", sample.prompt)],
        [
            Source(sample.prompt, limit=2000, label="prompt"),
            Tokens(parts, label="response in coloured tokens", hidden=max(0, len(sample.tokens) - LONGEST)),
        ],
    )


def spaced(tokens: Sequence[str], text: str) -> list[str]:
    """`tokens` with the blanks that stand behind each in `text`: of some tokenizers a token alone has none.

    A token that the text does not have (an end token, half a character) is left as it is.
    """
    found: list[str] = []
    at = 0
    for token in tokens:
        place = text.find(token, at) if token else -1
        between = text[at:place] if place >= 0 else "-"
        if between.strip():
            found.append(token)
            continue
        if between and found:
            found[-1] += between
        found.append(token)
        at = place + len(token)
    return found


def _value_words(value: float, unit: str) -> str:
    return f"{number(value, digits=2)} {unit}".strip()


def _evaluations(story: Story) -> list[Block]:
    if not story.evaluations and story.teacher is None:
        return []
    rows = [(str(e.step), *_scores(e)) for e in story.evaluations]
    if story.teacher is not None:
        rows.append(("teacher", *_scores(story.teacher)))
    columns = ("step", "score", "95 % interval", "at least one right", "mean length", "truncated", "responses")
    return [
        Table(
            columns, rows, numbers=frozenset(columns[1:]),
            note="score: mean share of right answers; at least one right: share of prompts with a right answer among n",
        )
    ]  # fmt: skip


def _scores(e: Evaluated) -> tuple[str, ...]:
    between = NONE if e.low is None or e.high is None else f"{number(e.low, digits=3)} – {number(e.high, digits=3)}"
    count = e.others.get("n")
    return (
        number(e.avg, digits=3), between, number(e.others.get("pass_n"), digits=3),
        number(e.others.get("mean_length"), digits=3), number(e.others.get("truncated"), digits=3),
        NONE if count is None else f"{count:g}",
    )  # fmt: skip


def finding_blocks(story: Story) -> list[Block]:
    """What the checks before the run found."""
    if not story.findings:
        return []
    marks = {True: "✓ holds", False: "✗ fails", None: "– not seen"}
    rows = [
        (words(f.name), marks[f.passed], measured_words(f.measured), f.threshold, f"{f.cause} {f.remedy}".strip())
        for f in story.findings
    ]
    table = Table(("check", "", "measured", "held against", "cause and remedy"), rows)
    return [Text(passed_words(story.findings)), table]


def _costs(story: Story) -> list[Block]:
    if not story.steps or not any(step.wall_s for step in story.steps):
        return []
    whole = sum(step.wall_s for step in story.steps)
    phases = list(dict.fromkeys(name for step in story.steps for name in step.phases))
    rows = []
    for name in phases:
        spent = sum(step.phases.get(name, 0.0) for step in story.steps)
        rows.append((name, duration(spent), f"{100 * spent / whole:.0f} %", duration(spent / len(story.steps))))
    accounted = sum(step.phases.get(name, 0.0) for step in story.steps for name in phases)
    if phases and whole - accounted > 0.005 * whole:
        spent = whole - accounted
        rows.append(("the rest", duration(spent), f"{100 * spent / whole:.0f} %", duration(spent / len(story.steps))))
    rows.append(("all", duration(whole), "100 %", duration(whole / len(story.steps))))
    columns = ("phase", "time", "share", "a step")
    tokens = sum(step.tokens for step in story.steps)
    memory = [step.memory_mb for step in story.steps if step.memory_mb is not None]
    note = f"{number(tokens / whole, digits=3)} response tokens a second" if tokens and whole else ""
    if memory:
        note += f"{'; ' if note else ''}at most {number(max(memory), digits=3)} MB of memory"
    return [Table(columns, rows, numbers=frozenset(columns[1:]), note=note)]


def _settings(story: Story) -> list[Block]:
    rows = [(name, value) for name, value in flat(story.spec)]
    about = []
    for part in ("student", "teacher", "prompts"):
        found = story.header.get(part)
        if isinstance(found, dict):
            about += [(f"{part}: {name}", str(value)) for name, value in found.items()]
    versions = story.header.get("versions")
    if isinstance(versions, dict):
        about += [(f"version of {name}", str(value)) for name, value in versions.items()]
    blocks: list[Block] = []
    if rows:
        blocks.append(Fold([("id", "settings"), ("note", f"{len(rows)} values")], [Table(("setting", "value"), rows)]))
    if about:
        blocks.append(Fold([("id", "models and data"), ("note", story.pair)], [Table(("what", "value"), about)]))
    return blocks


def flat(settings: dict[str, object], under: str = "") -> list[tuple[str, str]]:
    """Nested settings as (dotted name, value) pairs."""
    found: list[tuple[str, str]] = []
    for name, value in settings.items():
        if isinstance(value, dict):
            found += flat(value, f"{under}{name}.")
        elif value is None:
            found.append((under + name, NONE))
        else:
            found.append((under + name, f"{value:g}" if isinstance(value, float) else str(value)))
    return found
