"""The page of a run: every score, table and figure of its cells, and the episodes to look at, each a page of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from journeyman.errors import RunError
from journeyman.foresee.attribution.section import section_of
from journeyman.foresee.attribution.staging import Logged
from journeyman.foresee.page import episode_page
from journeyman.foresee.page.choose import MEANING, Telling, short_names, telling
from journeyman.foresee.page.reopened import Reopened, reopen
from journeyman.foresee.page.steps import outcome
from journeyman.foresee.score.compare import compare
from journeyman.report.blocks import Block, Section, Text
from journeyman.report.page import Page, write_page
from journeyman.report.table import Table
from journeyman.runlog import RunLog

REPORT = "report.html"
EPISODES = "episodes"
"""Folder of the pages of episodes, in the run's own."""
MOST = 40
"""Pages of episodes that a report writes; with more cells, those of the first kinds of each."""


def write_report(log: RunLog, path: Path | None = None) -> Path | None:
    """Write the page of a run, and those of the episodes it links to; None where no episode is finished yet.

    `path`: of the page; None: `report.html` in the run's folder. Episodes' pages go to a folder `episodes` beside it.
    Raises RunError and its kin: the run cannot be read, or a page not written.
    """
    run = _reopened(log)
    if run is None:
        return None
    path = path if path is not None else log.folder / REPORT
    chosen = _most(telling(run.cells, run.episodes))
    folder = path.parent / EPISODES
    links: dict[str, str] = {}
    for one in chosen:
        side = beside(one)
        name = episode_page.file_name(side)
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise RunError(f"the folder {str(folder)!r} cannot be made: {error.strerror or error}") from error
        episode_page.write_page(run, side, folder / name)
        links[one.one.key] = f"{EPISODES}/{name}"
    write_page(page_of(run, chosen, links), path)
    return path


def page_of(run: Reopened, chosen: Sequence[Telling], links: dict[str, str] | None = None) -> Page:
    """The page. `links`: key of an episode -> its page, beside this one."""
    found = compare([run.folder], folder=run.folder.parent)
    plan = run.about.plan
    looked = episodes_section(run, chosen, links or {})
    attributed = [] if run.attribution is None else [section_of(run.attribution)]
    page = found.page(more=attributed)
    # A table of one run says nothing that the head of the page does not.
    said = [block for block in page.sections[0].blocks if not isinstance(block, Table)]
    page = replace(page, sections=[replace(page.sections[0], blocks=said), *page.sections[1:]])
    sections = [*page.sections[:1], looked, *page.sections[1:]] if looked.blocks else page.sections
    facts = [
        ("world", plan.world), ("cells", str(len(plan.cells))), ("instances", str(plan.instances)),
        ("seeds", str(len(plan.seeds))), ("episodes", str(len(run.episodes))),
    ]  # fmt: skip
    caveats = list(page.caveats)
    if len(run.episodes) < plan.episodes:
        caveats.insert(0, f"The run has not ended: {len(run.episodes)} of {plan.episodes} episodes are played.")
    title = f"Foresight in {plan.world}: {run.log.run_id}"
    return replace(page, title=title, facts=facts, caveats=caveats, sections=sections)


def page_alone(log: RunLog) -> Page:
    """The page without the pages of its episodes: it says by which command they are shown. Raises RunError: no episode."""
    run = _reopened(log)
    if run is None:
        raise RunError(f"the run {log.run_id!r} has no finished episode yet, so there is nothing to show")
    return page_of(run, _most(telling(run.cells, run.episodes)))


def episodes_section(run: Reopened, chosen: Sequence[Telling], links: dict[str, str]) -> Section:
    """The episodes to look at, as a table whose rows lead to their pages."""
    rows, linked = [], {}
    names = short_names(run.cells)
    for place, one in enumerate(chosen):
        target = links.get(one.one.key)
        if target is not None:
            linked[place] = target
        rows.append([one.one.episode.instance, one.why, names[one.one.cell], outcome(one.one.episode), one.said])
    if not rows:
        return Section("Episodes to look at", [], "episodes")
    said = {kind: MEANING[kind] for kind in MEANING if any(one.why == kind for one in chosen)}
    note = "; ".join(f"{kind}: {meaning}" for kind, meaning in said.items()) + "."
    ref = run.log.run_id
    how = f"Any other: journeyman foresee show {ref} --episode {chosen[0].one.cell}:{chosen[0].one.number}"
    blocks: list[Block] = [
        Text("Step by step: what was real, what was imagined, what was read of it, and what was done.", soft=True),
        Table(("episode", "why", "cell", "how it ended", "to be noticed"), rows, note=note, links=linked),
        Text(f"{how} (number of a cell, number or id of an instance).", soft=True),
    ]
    return Section("Episodes to look at", blocks, "episodes", "Episodes")


def beside(one: Telling) -> list[Logged]:
    """What its page shows: where access changed the outcome, the episode without it, too."""
    return [one.without, one.one] if one.without is not None and one.why in ("helped", "hurt") else [one.one]


def _most(found: Sequence[Telling]) -> list[Telling]:
    """At most `MOST`, of every cell some."""
    if len(found) <= MOST:
        return list(found)
    rank: dict[int, int] = {}
    ranked = []
    for place, one in enumerate(found):
        rank[one.one.cell] = rank.get(one.one.cell, -1) + 1
        ranked.append((rank[one.one.cell], place))
    return [found[place] for place in sorted(place for _, place in sorted(ranked)[:MOST])]


def _reopened(log: RunLog) -> Reopened | None:
    from journeyman.foresee import events

    if events.about(log) and not any(True for _ in log.rows(events.EPISODE, page=1)):
        return None
    return reopen(log)
