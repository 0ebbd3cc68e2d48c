"""What came out, in sentences: each with its figure, its interval and how many pairs it rests on."""

from __future__ import annotations

from collections import Counter

from journeyman.foresee.score.paired_table import pairs_needed
from journeyman.foresee.score.report.cells import label, p_words, points_words, with_access
from journeyman.foresee.score.scores import CellScores, Scores

MOST = 8
"""Sentences that are said; the tables have all."""


def headlines(scores: Scores) -> list[str]:
    """A sentence for each cell with access, the agents' own choice first."""
    cells = sorted(with_access(scores), key=lambda cell: (cell.name.governor != "none", cell.name.mode != "normal"))
    said = [_sentence(cell, scores) for cell in cells]
    if not said:
        return ["Only mode invisible was played: there is nothing to compare it with."]
    rest = len(said) - MOST
    return said if rest <= 0 else [*said[:MOST], f"{rest} more cells are in the tables."]


def verdict(scores: Scores) -> str:
    """All of it in one short sentence, for the head of a page."""
    compared = [cell for cell in with_access(scores) if cell.metrics["access/delta"].value is not None]
    if not compared:
        return headlines(scores)[0]
    if len(compared) == 1:
        (cell,) = compared
        effect = {"better": "Better with", "worse": "Worse with", "": "No clear change with"}[_direction(cell)]
        return f"{effect} access to the world model: {100 * (cell.metrics['access/delta'].value or 0.0):+.1f} points"
    counts = Counter(_direction(cell) for cell in compared)
    parts = [f"{way} in {counts[way]}" for way in ("better", "worse") if counts[way]]
    if counts[""]:
        parts.append(f"no clear change in {counts['']}")
    return f"With access to the world model, of {len(compared)} cells: {', '.join(parts)}"


def caveats(scores: Scores) -> list[str]:
    """What keeps the figures from meaning more."""
    found: dict[str, None] = {}
    for cell in with_access(scores):
        delta = cell.metrics["access/delta"]
        if delta.value is None:
            found[f"{label(cell, scores)} in {cell.world} has no baseline: {delta.why}."] = None
        elif delta.n < pairs_needed(0.05, 0.15):
            needs = f"a change of 5 points needs about {pairs_needed(0.05, 0.15)} where 15 % of the pairs differ"
            found[f"{delta.n} pairs in {cell.world}: {needs}; smaller effects may be noise."] = None
        for remark in cell.remarks:
            found[f"{label(cell, scores)} in {cell.world}, {cell.name.mode}: {remark}."] = None
    return list(found)


def _sentence(cell: CellScores, scores: Scores) -> str:
    name = f"{label(cell, scores)} in {cell.world}" + (", forced to call" if cell.name.mode == "force" else "")
    rate = cell.metrics["success/rate"].value or 0.0
    called = cell.metrics["usage/instances"].value
    used = "" if called is None else f"; it called in {100 * called:.0f} % of episodes"
    delta = cell.metrics["access/delta"]
    if delta.value is None:
        return f"{name} succeeds in {100 * rate:.1f} %{used}."
    effect = f"{_direction(cell) or 'no clear change'} with access to the world model"
    helps, hurts = (100 * (cell.metrics[f"access/{kind}"].value or 0.0) for kind in ("helps", "hurts"))
    return (
        f"{name}: {effect}: {points_words(delta)} points ({delta.n} pairs, p {p_words(cell.metrics['access/p'].value)}), "
        f"{helps:.1f} % helped and {hurts:.1f} % hurt{used}."
    )


def _direction(cell: CellScores) -> str:
    """"better" or "worse" where the whole interval of the change says so, else ""."""
    delta = cell.metrics["access/delta"]
    if delta.value is None or delta.low is None or delta.high is None or delta.low <= 0 <= delta.high:
        return ""
    return "better" if delta.value > 0 else "worse"
