"""The page of a run: from its log to one HTML file that opens offline."""

from __future__ import annotations

from pathlib import Path

from journeyman.optimize.result import pictures_of
from journeyman.optimize.shown.ancestry import chosen
from journeyman.optimize.shown.costs import cost_blocks
from journeyman.optimize.shown.course import course_blocks
from journeyman.optimize.shown.design import (
    instance_table,
    metric_table,
    path_blocks,
    picture_blocks,
    split_table,
)
from journeyman.optimize.shown.difference import difference
from journeyman.optimize.shown.entries import entry_blocks
from journeyman.optimize.shown.headline import caveats, facts, subtitle, verdict_sentence
from journeyman.optimize.shown.lineage import lineage_blocks
from journeyman.optimize.shown.outcomes import outcome_blocks
from journeyman.optimize.shown.tradeoff import tradeoff_blocks
from journeyman.optimize.story import Story, story_of
from journeyman.optimize.trial import SEED
from journeyman.report.blocks import Block, Diff, Section
from journeyman.report.page import Page, write_page
from journeyman.runlog import RunLog

FOOTER = "Journeyman. This page is one file: it needs no network and runs no script."


def page_of(log: RunLog) -> Page:
    """The page of the run in `log`, as far as it got. Raises RunError if its seed was not verified yet."""
    story = story_of(log)
    result = story.result
    shown = chosen(story)
    entries = set(shown.indices)
    every = "Candidates" if shown.left_out else "Every candidate"
    sections = (
        Section("Best so far", course_blocks(story, entries), "course"),
        Section(
            "What the best design looks like",
            picture_blocks(pictures_of(log), result),
            "pictures",
            "Pictures",
        ),
        Section("Seed and best", _numbers(story), "numbers"),
        Section(
            "What a better score costs elsewhere", tradeoff_blocks(story, entries), "tradeoff", "Trade-off"
        ),
        Section("Lineage", lineage_blocks(story, entries), "lineage"),
        Section("What became of the proposals", outcome_blocks(story), "outcomes", "Outcomes"),
        Section("Models and proposers" if story.calls else "Proposers", cost_blocks(story), "costs"),
        Section(
            "The best design, as a difference from the seed", _difference(story), "difference", "Difference"
        ),
        Section("The way to the best", path_blocks(story, entries), "path", "The way"),
        Section(every, entry_blocks(story, shown), "candidates", "Candidates"),
    )
    return Page(
        title=result.task,
        verdict=verdict_sentence(result),
        caveats=caveats(story),
        subtitle=subtitle(story),
        facts=facts(story),
        sections=[section for section in sections if section.blocks],
        footer=FOOTER,
    )


def write_report(log: RunLog, path: Path) -> None:
    """Write the page of the run in `log` to `path`: a reader finds the old file or the new one, never a half.

    Raises RunError if its seed was not verified yet, or if `path` cannot be written.
    """
    write_page(page_of(log), path)


def _numbers(story: Story) -> list[Block]:
    result = story.result
    verdicts = [v for v in (result.best.verdict, result.best_held_out) if v is not None]
    metrics = metric_table(result)
    title = "The best design on every instance" if result.best.index != SEED else "The seed on every instance"
    blocks: list[Block] = [split_table(result)]
    if metrics is not None:
        blocks.append(metrics)
    if any(v.instances for v in verdicts):
        blocks.append(instance_table(verdicts, title))
    return blocks


def _difference(story: Story) -> list[Block]:
    result = story.result
    if result.best.index == SEED:
        return []
    return [Diff(difference(result.seed.candidate, result.best.candidate), label="difference from the seed")]
