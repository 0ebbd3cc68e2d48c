"""`journeyman task list|show|new|wrap|check|verify`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from journeyman.cli.call import make_app
from journeyman.cli.out import Json, stderr, stdout, write_json

if TYPE_CHECKING:
    from journeyman.report.table import Table
    from journeyman.verify import Task, Verdict

app = make_app("List, show, make, wrap and check tasks; verify one candidate.")

Ref = Annotated[str, typer.Argument(metavar="TASK", help="A built-in task such as operations/job_shop, or a task folder.")]
Level = Annotated[
    str | None,
    typer.Option("--level", metavar="LEVEL", help="Isolation: namespaces, restricted, container, none; default the best."),
]


@app.command("list")
def list_(json: Json = False) -> int:
    """List the built-in tasks."""
    from journeyman import list_tasks
    from journeyman.report.table import Table, print_table
    from journeyman.verify.environment import absent_packages

    tasks = list_tasks()
    if json:
        write_json([_about(task) for task in tasks])
        return 0
    rows = [(t.id, t.title, t.exchange, *_counts(t), _score_in_short(t)) for t in tasks]
    columns = ("task", "title", "exchange", "dev", "held-out", "score")
    note = "gap closed: 0 is a simple baseline, 1 a long run of a classical method"
    absent = {t.id: absent_packages(t) for t in tasks if absent_packages(t)}
    if absent:
        said = "; ".join(f"{task} needs {', '.join(packages)}" for task, packages in absent.items())
        note += f"\nnot to be run here: {said} (pip install 'journeyman[tasks]')"
    print_table(Table(columns, rows, numbers=frozenset({"dev", "held-out"}), note=note), stdout())
    return 0


@app.command()
def show(
    task: Ref,
    seed: Annotated[bool, typer.Option("--seed", help="Print the seed's main file and nothing else.")] = False,
    json: Json = False,
) -> int:
    """Show a task: statement, limits, splits, and how its score is made."""
    from journeyman import load_task
    from journeyman.report.text import rich_text

    loaded = load_task(task)
    if json:
        write_json(_about(loaded) | {"statement": loaded.statement, "seed": loaded.seed.text(loaded.main)})
        return 0
    if seed:
        sys.stdout.write(loaded.seed.text(loaded.main))
        return 0
    out = stdout()
    out.print(rich_text(f"{loaded.id}: {loaded.title}", "bold"))
    dev, held_out = _counts(loaded)
    limits = loaded.limits
    facts = {
        "exchange": loaded.exchange,
        "candidate": loaded.main + (f", may import {', '.join(loaded.packages)}" if loaded.packages else ""),
        "score": _score_is(loaded),
        "instances": f"{dev} dev, {held_out} held-out",
        "limits": f"{limits.wall_s:g} s wall, {limits.cpu_s:g} s CPU, {limits.memory_mb} MB for each instance",
        "noise": f"{loaded.file.verifier.noise:.2%} of the score" if loaded.noisy else "none: a verdict repeats itself",
        "sources": "; ".join(loaded.file.sources) or "none given",
        "folder": str(loaded.folder),
    }
    for name, value in facts.items():
        out.print(rich_text(f"  {name:<10} {value}"), soft_wrap=True)
    if loaded.statement:
        out.print()
        out.print(rich_text(loaded.statement.rstrip()), soft_wrap=True)
    return 0


@app.command()
def new(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="The folder to make; its name is the task's.")],
    exchange: Annotated[
        str, typer.Option("--exchange", metavar="KIND", help="What a candidate is: data, policy, build or file.")
    ] = "data",
    json: Json = False,
) -> int:
    """Make a small working task to turn into your own."""
    from journeyman import new_task

    made = new_task(folder, exchange=exchange)
    if json:
        write_json(_about(made))
    else:
        _say_next(made, "edit statement.md, verifier.py, the seed and instances/, then")
    return 0


@app.command()
def wrap(
    run: Annotated[
        str, typer.Option("--run", metavar="COMMAND", help="Your simulator, such as 'python3 sim.py {design} {out}'.")
    ],
    params: Annotated[
        str, typer.Option("--params", metavar="FILE", help="The file to improve: .toml or .json parameters, or any text.")
    ],
    folder: Annotated[str | None, typer.Argument(metavar="FOLDER", help="The task folder to make [SIMULATOR_task].")] = None,
    minimize: Annotated[str | None, typer.Option("--minimize", metavar="RESULT", help="The result to make small.")] = None,
    maximize: Annotated[str | None, typer.Option("--maximize", metavar="RESULT", help="The result to make large.")] = None,
    constraint: Annotated[
        list[str] | None, typer.Option("--constraint", metavar="RULE", help="Such as 'stress_mpa<=250'; may be repeated.")
    ] = None,
    bound: Annotated[
        list[str] | None,
        typer.Option("--bound", metavar="RANGE", help="Such as 'width=40..300' or 'steel=S235|S355'; may be repeated."),
    ] = None,
    wall_s: Annotated[float, typer.Option("--wall", metavar="SECONDS", help="Limit of one simulation.")] = 60.0,
    json: Json = False,
) -> int:
    """Make a task out of your own simulator: a command, a parameter file, what to improve, what to keep.

    {design} in the command is where the path of the parameter file goes; results are read as a JSON object from {out},
    or from standard output.
    """
    from journeyman import wrap_task

    made = wrap_task(
        run, params, minimize=minimize, maximize=maximize, constraints=constraint or (), bounds=_bounds(bound or []),
        to=folder, wall_s=wall_s,
    )  # fmt: skip
    if json:
        write_json(_about(made))
    else:
        _say_next(made, "describe the parameters in statement.md if a model is to read it; then")
    return 0


def _bounds(texts: list[str]) -> dict[str, str]:
    from journeyman.errors import UsageError

    bounds = {}
    for text in texts:
        name, sign, limits = text.partition("=")
        if not (name.strip() and sign and limits.strip()):
            raise UsageError(f"the bound {text!r} is not of the form 'name=low..high' or 'name=a|b|c'")
        bounds[name.strip()] = limits.strip()
    return bounds


def _say_next(task: Task, first: str) -> None:
    from journeyman.report.text import rich_text

    lines = [f"made {task.folder}"]
    if not task.has_anchors:
        lines.append(f"  no anchors: scores are {_score_is(task)}")
    if not task.has_held_out:
        lines.append("  no held-out split: a result says how well this one problem was solved, and no more")
    lines += [
        f"  next: {first}",
        f"    journeyman task check {task.folder.name}",
        f"    journeyman optimize {task.folder.name}",
    ]
    for line in lines:
        stdout().print(rich_text(line), soft_wrap=True)


@app.command()
def check(
    task: Annotated[
        str | None, typer.Argument(metavar="[TASK]", help="A built-in task such as operations/job_shop, or a task folder.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every built-in task, two at a time where there are cores.")] = False,
    level: Level = None,
    json: Json = False,
) -> int:
    """Run the admission gate on a task, or on all. Exit status 1 if a check fails."""
    from journeyman import check_task
    from journeyman.cli import gates
    from journeyman.errors import UsageError

    if every == (task is not None):
        raise UsageError("name one task, or give --all for every built-in one")
    if task is None:
        reports = gates.check_all(level)
        if json:
            write_json([gates.document(report) for report in reports])
        else:
            gates.print_reports(reports, stdout())
        return 0 if all(report.passed for report in reports) else 1
    report = check_task(task, level=level, on_check=lambda check: gates.print_check(check, stderr()))
    if json:
        write_json(gates.document(report))
    else:
        gates.print_report(report, stdout())
    return 0 if report.passed else 1


@app.command()
def verify(
    task: Ref,
    candidate: Annotated[str, typer.Argument(metavar="CANDIDATE", help="A file or a folder of files.")],
    split: Annotated[str, typer.Option("--split", metavar="SPLIT", help="dev or held-out.")] = "dev",
    level: Level = None,
    pictures: Annotated[
        str | None, typer.Option("--pictures", metavar="DIR", help="Write pictures of the design below here.")
    ] = None,
    json: Json = False,
) -> int:
    """Verify one candidate and print its verdict.

    Exit status 0 whatever the verdict says of the candidate; 1 if the verifier or the machine failed.
    """
    from journeyman import load_task, verify_candidate
    from journeyman.report.table import print_table
    from journeyman.report.text import rich_text

    loaded = load_task(task)
    verdict = verify_candidate(loaded, candidate, split=split, level=level, pictures=pictures is not None)
    if pictures is not None:
        _write(verdict.artifacts, Path(pictures))
    status = 1 if verdict.status in ("verifier_error", "infrastructure_error") else 0
    if json:
        write_json(verdict)
        return status
    print_table(_verdict_table(loaded, verdict), stdout())
    if verdict.feedback:
        stdout().print(rich_text("\n" + verdict.feedback), soft_wrap=True)
    return status


def _write(artifacts: dict[str, bytes], folder: Path) -> None:
    for name, data in artifacts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    stderr().print(f"{len(artifacts)} files written below {folder}", soft_wrap=True, markup=False)


def _verdict_table(task: Task, verdict: Verdict) -> Table:
    from journeyman.report.number import duration, number
    from journeyman.report.table import Table

    names = list(verdict.metrics)
    rows = [
        (
            v.instance, v.status.value, number(v.score), number(v.objective),
            *(number(v.metrics[n].value) if n in v.metrics else "–" for n in names), duration(v.wall_s),
        )
        for v in verdict.instances
    ]  # fmt: skip
    measured = [f"{n} [{verdict.metrics[n].unit}]" if verdict.metrics[n].unit else n for n in names]
    objective = f"objective [{task.file.unit}]" if task.file.unit else "objective"
    columns = ("instance", "status", "score", objective, *measured, "time")
    isolation = "not isolated" if verdict.level == "none" else f"isolation: {verdict.level}"
    score = f", score {number(verdict.score)}" if verdict.ok else ""
    return Table(
        columns, rows,
        title=f"{task.id}, {verdict.split}: {verdict.status.value}{score}",
        numbers=frozenset(columns) - {"instance", "status"},
        note=f"{isolation}; {duration(verdict.wall_s)} in all",
    )  # fmt: skip


def _counts(task: Task) -> tuple[str, str]:
    held_out = len(task.instances("held-out"))
    return str(len(task.instances("dev"))), str(held_out) if held_out else "none"


def _score_is(task: Task) -> str:
    if task.has_anchors and task.file.scale != "ratio":
        return "gap closed: 0 simple baseline, 1 classical reference"
    unit = f", {task.file.unit}" if task.file.unit else ""
    return f"the objective itself{unit}; {'higher' if task.score_direction == 'maximize' else 'lower'} is better"


def _score_in_short(task: Task) -> str:
    if task.has_anchors and task.file.scale != "ratio":
        return "gap closed"
    return f"{task.file.unit or 'the objective'} ({'higher' if task.score_direction == 'maximize' else 'lower'} is better)"


def _about(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "title": task.title,
        "category": task.file.category,
        "version": task.file.version,
        "folder": task.folder,
        "exchange": task.exchange,
        "main": task.main,
        "packages": task.packages,
        "score_direction": task.score_direction,
        "score_unit": task.score_unit,
        "objective_unit": task.file.unit,
        "anchored": task.has_anchors,
        "noise": task.file.verifier.noise,
        "instances": {split: [i.name for i in task.instances(split)] for split in ("dev", "held-out")},
        "limits": task.limits,
        "sources": task.file.sources,
        "digest": task.digest,
    }
