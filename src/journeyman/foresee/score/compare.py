"""Runs side by side: their cells paired on instances, with every score, table and figure.

    jm.foresee.compare(["last"]).page()
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeyman.errors import RunNotFound, UsageError
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.score.report.page import page_of
from journeyman.foresee.score.report.words import caveats, headlines
from journeyman.foresee.score.scores import Scores, score_runs
from journeyman.foresee.score.traces import read_traces
from journeyman.foresee.score.value import Prices
from journeyman.report.blocks import Section
from journeyman.report.page import Page
from journeyman.report.table import Table
from journeyman.runlog import RunLog, find_run, runs_root

MOST = 14
_LETTERS = "ABCDEFGHIJKLMN"


@dataclass(frozen=True)
class Read:
    """One run. `ended`: whether all of its episodes are played."""

    letter: str
    run_id: str
    folder: Path
    episodes: tuple[Episode, ...]
    ended: bool


@dataclass(frozen=True)
class Comparison:
    """Runs in the order given, the first called A, and the scores of all of them."""

    runs: tuple[Read, ...]
    scores: Scores

    @property
    def episodes(self) -> list[Episode]:
        """Of all runs, in order."""
        return [episode for run in self.runs for episode in run.episodes]

    def table(self) -> Table:
        """One row a run."""
        rows = []
        for run in self.runs:
            worlds = ", ".join(dict.fromkeys(episode.world for episode in run.episodes))
            counts = [len({getattr(e, name) for e in run.episodes}) for name in ("cell", "instance", "seed")]
            state = "" if run.ended else "not ended"
            rows.append((run.letter, worlds, *map(str, counts), str(len(run.episodes)), state, run.run_id))
        columns = ("", "world", "cells", "instances", "seeds", "episodes", "state", "run")
        return Table(columns, rows, title="Runs", numbers=frozenset(columns[2:6]))

    def page(self, more: Sequence[Section] = ()) -> Page:
        """Everything on one page. `more`: sections of other parts, such as what attribution found."""
        facts = [
            ("runs", str(len(self.runs))), ("cells", str(len(self.scores.cells))), ("episodes", str(len(self.episodes))),
            ("worlds", ", ".join(self.scores.worlds)),
        ]  # fmt: skip
        title = "Foresight compared" if len(self.runs) > 1 else f"Foresight: {self.runs[0].run_id}"
        return page_of(self.scores, title=title, facts=facts, first=[self.table()], more=more)

    def document(self) -> dict[str, Any]:
        """All of it as plain data."""
        runs = [
            {
                "name": run.letter, "run_id": run.run_id, "run": run.folder, "episodes": len(run.episodes),
                "ended": run.ended,
            }
            for run in self.runs
        ]  # fmt: skip
        return {"runs": runs, **document_of(self.scores)}


def compare(
    runs: Sequence[str | Path], *, folder: str | Path | None = None, prices: Prices | None = None,
    budget: float | None = None, against: str = "",
) -> Comparison:  # fmt: skip
    """Score one run or several.

    Args:
        runs: names, beginnings of names, folders, "last".
        folder: where runs are looked for; None for $JOURNEYMAN_RUNS, else ./runs.
        prices, budget, against: as in `score`.

    Raises:
        UsageError: no run, more than can be told apart, one of them twice, or as `score`.
        RunNotFound, RunError, RunCorrupt: a run is not there, is of another verb, has no episode, or cannot be read.
    """
    if not 1 <= len(runs) <= MOST:
        raise UsageError(f"a comparison takes 1 to {MOST} runs, not {len(runs)}")
    root = Path(folder) if folder is not None else runs_root()
    read = tuple(_read(run, letter, root) for run, letter in zip(runs, _LETTERS, strict=False))
    seen: set[Path] = set()
    for run in read:
        if run.folder in seen:
            raise UsageError(f"the run {run.run_id!r} is named twice")
        seen.add(run.folder)
    found = score_runs([(run.letter, run.episodes) for run in read], prices=prices, budget=budget, against=against)
    return Comparison(read, found)


def episodes_of(given: str, *, folder: str | Path | None = None) -> Sequence[Episode]:
    """The episodes of a file of traces, or of a run; what ends in ".jsonl" or is a file is the former.

    Raises as `traces.read_traces` and `compare`.
    """
    path = Path(given)
    if path.suffix in (".jsonl", ".json", ".ndjson") or (path.is_file() and path.suffix != ".sqlite"):
        return read_traces(path)
    return _read(given, "", Path(folder) if folder is not None else runs_root()).episodes


def document_of(scores: Scores) -> dict[str, Any]:
    """Scores as plain data."""
    return {
        "said": headlines(scores), "caveats": caveats(scores), "prices": scores.prices,
        "cells": [
            {
                "cell": cell.key, "world": cell.world, "name": cell.name, "episodes": cell.episodes,
                "instances": cell.instances, "invisible": cell.invisible, "always": cell.always, "metrics": cell.metrics,
                "calls": cell.calls, "curves": cell.curves, "remarks": cell.remarks,
            }
            for cell in scores.cells
        ],
        "contrasts": scores.contrasts, "leaderboards": scores.boards, "frontiers": scores.families, "fidelity": scores.doses,
    }  # fmt: skip


def _read(run: str | Path, letter: str, root: Path) -> Read:
    from journeyman.foresee import events

    try:
        folder = find_run(run, root)
    except RunNotFound as error:
        takes = "'foresee compare' takes runs of 'foresee', and 'foresee score' files of traces, too"
        raise RunNotFound(f"{error}; {takes}") from error
    with RunLog.open(folder) as log:
        found = events.episodes(log)
        if not found:
            raise UsageError(f"the run '{log.run_id}' has no finished episode yet")
        return Read(letter, log.run_id, folder.absolute(), tuple(found), events.finished(log))
