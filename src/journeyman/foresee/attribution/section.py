"""Attribution as a part of a page: beside the scores of its run, or on a page of its own."""

from __future__ import annotations

from collections import Counter

from journeyman.foresee.attribution import tables
from journeyman.foresee.attribution.figure import draw_confusion, draw_stages
from journeyman.foresee.attribution.record import Attribution
from journeyman.report.blocks import Block, Drawings, Section, Text
from journeyman.report.page import Page

LEGEND = (("s0", "only the repair of this stage flips the failure"), ("band", "another one does, too"))


def section_of(found: Attribution) -> Section:
    """Figures, then tables, then what a reader must know."""
    failed = [cell for cell in found.shares if cell.failures]
    planted = tables.planted_rows(found)
    blocks: list[Block] = [Text(note, warning=True) for note in found.notes]
    if failed:
        blocks.append(
            Drawings(
                [draw_stages(cell) for cell in failed], legend=LEGEND,
                caption="Each failed episode is played again with one stage repaired, all other luck as it was.",
            )
        )  # fmt: skip
    if planted:
        caption = "Where faults were planted, and which repairs flip the failures."
        blocks.append(Drawings([draw_confusion(planted)], caption=caption))
    blocks += [tables.stages_table(cell) for cell in failed]
    if any(cell.called for cell in found.shares):
        blocks.append(tables.successes_table(found.shares))
    if planted:
        blocks.append(tables.confusion_table(planted))
    if found.agreement:
        blocks.append(tables.agreement_table(found.agreement))
        blocks += [tables.judge_table(row) for row in found.agreement if row.counts]
    if found.between:
        blocks.append(tables.between_table(found.between))
    if not failed and not any(cell.called for cell in found.shares):
        blocks.append(Text("There is no failure and no success with calls to look at.", soft=True))
    return Section("Why episodes failed, and what calls were worth", blocks, "attribution", "Attribution")


def page_of(found: Attribution) -> Page:
    """A page of its own."""
    facts = [
        ("failures", str(len(found.failures))), ("successes with calls", str(len(found.successes))),
        ("judges", str(len(found.agreement))),
    ]  # fmt: skip
    return Page(f"Attribution: {found.run}", verdict(found), facts=facts, sections=[section_of(found)])


def verdict(found: Attribution) -> str:
    """What came out, in one sentence."""
    if not found.failures:
        return "No failure was attributed"
    flipped = Counter(stage for failure in found.failures for stage in failure.singles)
    if not flipped:
        return f"No single repair flips any of {len(found.failures)} failures"
    (most, count), *_ = flipped.most_common()
    return f"Repairing the {most} alone flips {count} of {len(found.failures)} failures"
