"""`journeyman run replay RUN`: do a run again from its log, and say what comes out otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeyman.cli.out import stderr, stdout, write_json

if TYPE_CHECKING:
    from journeyman.optimize.redo import Redone

SHOWN = 20
"""Differences in the table; --json has all."""


def replay_run(folder: Path, task: str | None, *, quiet: bool, json: bool) -> int:
    """Print how it came out; 0 if everything is as on record, else 1."""
    from journeyman import load_task
    from journeyman.errors import RunError
    from journeyman.optimize.redo import redo
    from journeyman.optimize.run import VERB, task_folder
    from journeyman.runlog import RunLog
    from journeyman.verify import Verifier

    with RunLog.open(folder) as log:
        if log.verb != VERB:
            raise RunError(f"the run {log.run_id!r} is of '{log.verb}', not of '{VERB}'")
        loaded = load_task(task or task_folder(log))
        with Verifier(loaded, level=log.header["level"]) as verifier, _progress(loaded.id, quiet) as follow:
            redone = redo(log, loaded, verifier, on_step=follow)
    if json:
        write_json({**_document(redone)})
    else:
        _say(redone)
    return 0 if redone.equal else 1


@contextmanager
def _progress(title: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    if quiet or not stderr().is_terminal:
        yield lambda done, whole: None
        return
    from rich.progress import Progress

    with Progress(console=stderr(), transient=True) as bar:
        shown = bar.add_task(title, total=None)

        def follow(done: int, whole: int) -> None:
            bar.update(shown, completed=done, total=whole)

        yield follow


def _document(redone: Redone) -> dict[str, Any]:
    return {
        "run_id": redone.run_id,
        "equal": redone.equal,
        "candidates": redone.candidates,
        "taken": redone.taken,
        "verdicts": redone.verdicts,
        "differences": redone.differences,
    }


def _say(redone: Redone) -> None:
    from journeyman.report.table import Table, print_table

    out = stdout()
    taken = f", {redone.taken} candidates taken from the record" if redone.taken else ""
    made = f"{redone.candidates} proposals and {redone.verdicts} verdicts made again{taken}"
    count = len(redone.differences)
    said = "all as on record" if redone.equal else f"{count} come{'s' if count == 1 else ''} out otherwise"
    out.print(f"{redone.run_id}: {made}; {said}.", soft_wrap=True)
    if redone.equal:
        return
    rows = [(str(d.index), d.recorded, d.now) for d in redone.differences[:SHOWN]]
    note = "" if count <= SHOWN else f"and {count - SHOWN} more; --json has all"
    print_table(Table(("proposal", "on record", "now"), rows, numbers=frozenset({"proposal"}), note=note), out)
