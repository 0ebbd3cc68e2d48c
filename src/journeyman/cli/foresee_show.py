"""`journeyman foresee show`: which episodes of a run to look at, one of them step by step, and its page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from journeyman.cli.call import make_app
from journeyman.cli.out import Json, Runs, stderr, stdout, write_json
from journeyman.report.text import one_line, rich_text

if TYPE_CHECKING:
    from journeyman.foresee.attribution.staging import Logged
    from journeyman.foresee.page.reopened import Reopened
    from journeyman.runlog import RunLog


def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run of 'foresee', named as elsewhere.")] = "last",
    episode: Annotated[
        list[str] | None,
        typer.Option(
            "--episode", "-e", metavar="CELL:INSTANCE",
            help="Number of a cell, number or id of an instance, as in 2:17; may be repeated, for cells side by side.",
        ),
    ] = None,
    instance: Annotated[
        str | None, typer.Option("--instance", "-i", metavar="ID", help="This instance in every cell, side by side.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, metavar="N", help="Of the episodes, where there are several [the first].")
    ] = None,
    each: Annotated[int, typer.Option("--each", min=1, metavar="N", help="Episodes of each kind and cell to list.")] = 1,
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE", help="Where to write the page [the run's folder].")
    ] = None,
    runs: Runs = None,
    json: Json = False,
) -> int:  # fmt: skip
    """Look at single episodes: what was real, what was imagined, what the agent made of it, what it did.

    Without an episode, those that tell most are listed; with one, its story is printed and its page is written: real and
    imagined frames side by side, step by step. --out alone writes the page of the whole run.
    """
    from journeyman.cli.foresee_progress import users_prints_aside
    from journeyman.errors import UsageError
    from journeyman.foresee.page.reopened import reopen
    from journeyman.runlog import RunLog
    from journeyman.runs import find_run

    if episode and instance is not None:
        raise UsageError("--episode and --instance both say what to show; give one of them")
    with RunLog.open(find_run(run, runs=runs)) as log:
        with users_prints_aside():
            opened = reopen(log)
        if not episode and instance is None:
            return _list(opened, log, each, out, json=json)
        chosen = [_found(opened, *_parted(one), seed) for one in episode] if episode else _everywhere(opened, instance, seed)
        return _show(opened, chosen, out, json=json)


app = make_app()
app.command()(show)


# --- which ones -----------------------------------------------------------------------------------------------------------


def _list(run: Reopened, log: RunLog, each: int, out: str | None, *, json: bool) -> int:
    from journeyman.cli.foresee_progress import users_prints_aside
    from journeyman.cli.foresee_run import page_words
    from journeyman.cli.words import ref_of
    from journeyman.foresee.page.choose import MEANING, short_names, telling
    from journeyman.foresee.page.run_page import write_report
    from journeyman.foresee.page.steps import outcome
    from journeyman.report.table import Table, print_table

    found = telling(run.cells, run.episodes, each=each)
    with users_prints_aside():
        written = write_report(log, Path(out)) if out is not None else None
    if json:
        write_json({
            "run": run.folder, "run_id": run.log.run_id, "page": written,
            "episodes": [
                {
                    "episode": f"{one.one.cell}:{one.one.number}", "why": one.why, "cell": one.one.episode.cell,
                    "instance": one.one.episode.instance, "seed": one.one.episode.seed,
                    "success": one.one.episode.success, "reason": one.one.episode.reason, "calls": one.one.episode.calls,
                    "actions": one.one.episode.real, "said": one.said,
                }
                for one in found
            ],
        })  # fmt: skip
        return 0
    names = short_names(run.cells)
    rows = [
        (f"{one.one.cell}:{one.one.number}", one.why, names[one.one.cell], outcome(one.one.episode), one.said)
        for one in found
    ]
    said = {one.why: MEANING[one.why] for one in found}
    note = "; ".join(f"{kind}: {meaning}" for kind, meaning in said.items()) + "." if said else ""
    console = stdout()
    print_table(Table(("episode", "why", "cell", "how it ended", "to be noticed"), rows, note=note), console)
    if not rows:
        console.print("No episode has a failure or a call, so there is nothing to step through.")
        return 0
    ref = ref_of(run.folder)
    first = next((row for row in rows if row[1] != "failure"), rows[0])
    _say(f"next: journeyman foresee show {ref} --episode {first[0]}")
    _say(f"page: {written if written is not None else page_words(run.folder, ref)}")
    return 0


def _parted(asked: str) -> tuple[int, str]:
    """Number of the cell and the instance. Raises UsageError."""
    from journeyman.errors import UsageError

    cell, colon, instance = asked.partition(":")
    if not colon or not cell.isdecimal() or not instance:
        raise UsageError(f"'{asked}' names no episode; write CELL:INSTANCE, a cell's number and an instance, such as 1:17")
    return int(cell), instance


def _found(run: Reopened, cell: int, instance: str, seed: int | None) -> Logged:
    """The episode. Raises UsageError that says what there is."""
    from journeyman.cli.words import ref_of
    from journeyman.errors import UsageError

    if cell >= len(run.cells):
        listed = "; ".join(f"{number} is {one.key}" for number, one in enumerate(run.cells[:12]))
        raise UsageError(f"the run has no cell {cell}; its cells are 0 to {len(run.cells) - 1}: {listed}")
    number, seed = _number(run, instance), _seed(run, seed)
    for one in run.episodes:
        if (one.cell, one.number, one.episode.seed) == (cell, number, seed):
            return one
    raise UsageError(
        f"the episode of instance '{run.about.instances[number]}' in cell {cell} with seed {seed} is not played yet; go on "
        f"with: journeyman foresee --resume {ref_of(run.folder)}"
    )


def _everywhere(run: Reopened, instance: str | None, seed: int | None) -> list[Logged]:
    """The instance in every cell, as many as a page shows."""
    from journeyman.cli.words import ref_of
    from journeyman.errors import UsageError
    from journeyman.foresee.page.episode_page import MOST

    number, seed = _number(run, instance or ""), _seed(run, seed)
    found = [one for one in run.episodes if (one.number, one.episode.seed) == (number, seed)]
    if not found:
        raise UsageError(
            f"no episode of instance '{run.about.instances[number]}' with seed {seed} is played yet; go on with: "
            f"journeyman foresee --resume {ref_of(run.folder)}"
        )
    if len(found) > MOST:
        left = ", ".join(str(one.cell) for one in found[MOST:])
        _say(f"a page shows {MOST} episodes side by side, here those of the first cells; the others are {left}: --episode")
    return found[:MOST]


def _number(run: Reopened, instance: str) -> int:
    """Number of an instance by itself, its id or the end of it. Raises UsageError."""
    from journeyman.errors import UsageError

    ids = run.about.instances
    if instance in ids:
        return ids.index(instance)
    ends = [number for number, id in enumerate(ids) if id.endswith(f"/{instance}")]
    if len(ends) == 1:
        return ends[0]
    if instance.isdecimal() and int(instance) < len(ids):
        return int(instance)
    raise UsageError(f"the run has no instance '{instance}'; it has {len(ids)}, from '{ids[0]}' to '{ids[-1]}'")


def _seed(run: Reopened, seed: int | None) -> int:
    from journeyman.errors import UsageError

    seeds = run.about.plan.seeds
    if seed is None:
        return seeds[0]
    if seed not in seeds:
        raise UsageError(f"the run has no seed {seed}; it has {', '.join(map(str, seeds))}")
    return seed


# --- one of them ----------------------------------------------------------------------------------------------------------


def _show(run: Reopened, chosen: Sequence[Logged], out: str | None, *, json: bool) -> int:
    from journeyman.cli.foresee_progress import users_prints_aside
    from journeyman.cli.foresee_story import print_story
    from journeyman.foresee.page.episode_page import file_name, write_page
    from journeyman.foresee.page.run_page import EPISODES

    path = Path(out) if out is not None else run.folder / EPISODES / file_name(chosen)
    if out is None:
        _folder(path.parent)
    with users_prints_aside():
        write_page(run, chosen, path)
    if json:
        write_json({
            "run": run.folder, "run_id": run.log.run_id, "page": path,
            "episodes": [{"cell_number": one.cell, **_document(run, one)} for one in chosen],
        })  # fmt: skip
        return 0
    console = stdout()
    for place, one in enumerate(chosen):
        if place:
            console.print()
        print_story(run, one, console)
    _say(f"page: {path}")
    return 0


def _folder(path: Path) -> None:
    from journeyman.errors import RunError

    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise RunError(
            f"the folder {str(path)!r} cannot be made: {error.strerror or error}; say with --out where the page goes"
        ) from error


def _document(run: Reopened, one: Logged) -> dict[str, Any]:
    """The episode with what the scores say of each decision."""
    from journeyman.cli.out import plain
    from journeyman.foresee.page.steps import steps_of, title

    document: dict[str, Any] = plain(one.episode)
    for decision, step in zip(document["decisions"], steps_of(one.episode), strict=True):
        decision["said"] = title(step, run.words)
        if step.kind == "call":
            decision.update(misuse=step.misuse, wrong=step.wrong, contradicts=step.contradicts)
    return document


def _say(text: str) -> None:
    stderr().print(rich_text(one_line(text, limit=2000)), soft_wrap=True)
