"""Look at runs: list them, open one to read, take it elsewhere as a table or as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from journeyman import runlog
from journeyman.errors import RunError
from journeyman.runlog.export import Format

if TYPE_CHECKING:
    import pandas

    from journeyman.distill.report.story import Story as Training
    from journeyman.optimize import Result
    from journeyman.optimize.live import Live
    from journeyman.optimize.story import Story


class Run:
    """A run, open for reading, while it is written to or after. A context manager that closes itself."""

    def __init__(self, log: runlog.RunLog) -> None:
        self._log = log

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self._log.run_id

    @property
    def folder(self) -> Path:
        """Where it lives."""
        return self._log.folder

    @property
    def verb(self) -> str:
        """Which job wrote it."""
        return self._log.verb

    @property
    def created(self) -> float:
        """Unix time, seconds."""
        return self._log.created

    @property
    def header(self) -> dict[str, Any]:
        """What it was asked to do."""
        return self._log.header

    @property
    def log(self) -> runlog.RunLog:
        """The log itself."""
        return self._log

    def events(self, kind: str | None = None) -> Iterator[runlog.Event]:
        """Events in order, of one kind or all. Raises RunCorrupt at the first that cannot be read."""
        return self._log.events(kind)

    def frame(self) -> pandas.DataFrame:
        """One row an event, one column a field. Raises MissingExtra without pandas and pyarrow."""
        return runlog.frame(self._log)

    def export(self, to: str | Path, format: Format = "dir") -> Path:
        """Write the run to `to` as a folder of plain files, one JSON Lines or one Parquet file.

        Raises RunError where `to` exists, MissingExtra for Parquet without pandas and pyarrow.
        """
        return runlog.export(self._log, Path(to), format)

    def result(self) -> Result:
        """What came of an optimization, as far as it got. Raises RunError for other verbs, or without a verdict yet."""
        self._is("optimize")
        from journeyman.optimize import result_of

        return result_of(self._log)

    def story(self) -> Story:
        """What was proposed, in which order, and what became of it; reads large parts later. Raises as `result`."""
        self._is("optimize")
        from journeyman.optimize.story import story_of

        return story_of(self._log)

    def live(self) -> Live:
        """A view to follow the run with while another process writes it. Raises RunError for other verbs."""
        self._is("optimize")
        from journeyman.optimize.live import Live

        return Live(self._log)

    def page(self) -> str:
        """One HTML file with figures and tables, that opens offline.

        Raises RunError for a verb that has no page, or before there is anything to show.
        """
        from journeyman.report.page import render

        if self.verb == "distill":
            from journeyman.distill.report.page import page_of as page_of_training

            return render(page_of_training(self._log))
        if self.verb == "foresee":
            from journeyman.foresee.page.run_page import page_alone

            return render(page_alone(self._log))
        self._is("optimize")
        from journeyman.optimize.page import page_of

        return render(page_of(self._log))

    def training(self) -> Training:
        """What happened in a training: steps, samples, evaluations, verdicts. Raises RunError for other verbs."""
        self._is("distill")
        from journeyman.distill.report.story import story_of

        return story_of(self._log)

    def _is(self, verb: str) -> None:
        if self.verb != verb:
            raise RunError(f"the run {self.run_id!r} is of {self.verb!r}, not {verb!r}; 'run export' writes what it holds")

    def close(self) -> None:
        """Close the files."""
        self._log.close()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_run(ref: str | Path = "last", *, runs: str | Path | None = None) -> Run:
    """Open a run to read it. `ref`: its name, the beginning of its name, its folder, or "last".

    `runs`: the folder of runs; None for $JOURNEYMAN_RUNS, else ./runs. Raises RunNotFound, UsageError where several runs
    are meant, RunTooNew and RunCorrupt.
    """
    return Run(runlog.RunLog.open(find_run(ref, runs=runs)))


def list_runs(*, runs: str | Path | None = None) -> list[runlog.RunSummary]:
    """All runs, oldest first; a broken one is listed with what is wrong with it."""
    return runlog.list_runs(_root(runs))


def find_run(ref: str | Path, *, runs: str | Path | None = None) -> Path:
    """The folder of the run that `ref` means, as in `open_run`."""
    return runlog.find_run(ref, _root(runs))


def _root(runs: str | Path | None) -> Path:
    return Path(runs) if runs is not None else runlog.runs_root()
