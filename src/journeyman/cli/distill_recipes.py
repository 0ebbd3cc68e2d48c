"""`journeyman distill evaluate|prompts|length|cold-start`: parse, call, show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from journeyman.cli.distill_check import device_of
from journeyman.cli.distill_progress import counted
from journeyman.cli.distill_train import kept_settings
from journeyman.cli.out import stderr, stdout, write_json
from journeyman.report.number import number
from journeyman.report.table import Table, print_table
from journeyman.report.text import rich_text


def evaluate_model(
    model: str, files: Sequence[str], *, grader: str, n: int, temperature: float, top_p: float, limit: int | None,
    max_tokens: int, template: str, enable_thinking: bool | None, engine: str, dtype: str, device: str, seed: int,
    resume: str | None, quiet: bool, json: bool,
) -> int:  # fmt: skip
    """Score a model on one set of prompts or several."""
    from journeyman.distill.data.grade import grader as grader_of
    from journeyman.distill.data.prompts import read_prompts
    from journeyman.distill.model import open_model
    from journeyman.distill.recipes.evaluate import evaluate_sets
    from journeyman.distill.rollout.engines import sampler_for
    from journeyman.distill.rollout.sampling import Sampling
    from journeyman.errors import UsageError

    if len({Path(file).stem for file in files}) < len(files):
        raise UsageError("two of the files have the same name; a set is called after its file")
    sampling = Sampling(temperature=temperature, top_p=top_p, max_tokens=max_tokens)
    grade = grader_of(grader)
    sets = {Path(file).stem: read_prompts(file, limit=limit) for file in files}
    opened = open_model(model, dtype=dtype, device=device_of(device))
    with counted(f"evaluating {Path(model).name}", quiet=quiet) as follow:
        found = evaluate_sets(
            opened, sets, grader=grade, sampler=sampler_for(opened, engine), sampling=sampling, n=n, seed=seed,
            template=template, enable_thinking=enable_thinking, resume=None if resume is None else Path(resume),
            on_progress=follow,
        )  # fmt: skip
    if json:
        sets_said = {name: one.plain() for name, one in found.sets.items()}
        write_json({"model": model, "average": found.average, "sets": sets_said})
    else:
        print_table(found.table(), stdout())
    return 0


def prepare_prompts(
    student: str, teacher: str, file: str, *, templates: Sequence[str], keep: float, by: str, without: Sequence[str],
    mix: str | None, share: float | None, to: str | None, grader: str, limit: int, n: int, max_tokens: int,
    enable_thinking: bool | None, dtype: str, device: str, seed: int, quiet: bool, json: bool,
) -> int:  # fmt: skip
    """Compare templates, then drop, keep and mix prompts as asked, and write what is left."""
    from journeyman.distill.data.grade import grader as grader_of
    from journeyman.distill.data.prompts import read_prompts
    from journeyman.distill.model import open_model
    from journeyman.distill.recipes import prompts as recipe
    from journeyman.distill.rollout.sampling import Sampling
    from journeyman.distill.teacher.in_process import InProcess
    from journeyman.distill.teacher.open import open_teacher
    from journeyman.errors import UsageError

    if share is not None and mix is None:
        raise UsageError("--share is the share of prompts mixed in; say which with --mix FILE")
    where = device_of(device)
    given = read_prompts(file, limit=limit)
    known = [prompt for other in without for prompt in read_prompts(other)]
    others = read_prompts(mix) if mix is not None else []
    ours = open_model(student, dtype=dtype, device=where)
    theirs = open_teacher(teacher, dtype=dtype, device=where, student=ours)
    told: Any = theirs.model if isinstance(theirs, InProcess) else theirs
    options: dict[str, Any] = {
        "sampling": Sampling(max_tokens=max_tokens), "n": n, "seed": seed, "enable_thinking": enable_thinking,
    }  # fmt: skip
    steps: list[Any] = []
    template = templates[0]
    if len(templates) > 1:
        with counted("templates", quiet=quiet) as follow:
            compared = recipe.compare_templates(ours, told, given, list(templates), on_progress=follow, **options)
        steps.append(compared)
        template = compared.best
    chosen = given
    if known:
        steps.append(recipe.drop_known(chosen, known))
        chosen = steps[-1].prompts
    if keep < 1.0:
        grade = grader_of(grader) if grader else None
        with counted("prompts", quiet=quiet) as follow:
            aligned = {**options, "score": by, "keep": keep, "template": template, "grader": grade}
            steps.append(recipe.select_prompts(ours, told, chosen, on_progress=follow, **aligned))
        chosen = steps[-1].prompts
    if others:
        with counted("mixing", quiet=quiet) as follow:
            steps.append(
                recipe.mix_prompts(
                    ours, chosen, others, start=given, share=share, template=template, on_progress=follow, **options
                )
            )
        chosen = steps[-1].prompts
    written = recipe.write_recipe(to, chosen, *steps) if to is not None else ()
    if json:
        said = [step.plain() for step in steps]
        write_json({"template": template, "prompts": len(chosen), "steps": said, "files": list(written)})
        return 0
    out = stdout()
    for step in steps:
        if hasattr(step, "table"):
            print_table(step.table(), out)
        else:
            out.print(rich_text(step.sentence), soft_wrap=True)
        out.print()
    for path in written:
        stderr().print(rich_text(f"written: {path}"), soft_wrap=True)
    if not written:
        stderr().print("nothing was written; --to FILE.jsonl does", soft_wrap=True)
    return 0


def find_depth(
    student: str, teacher: str, file: str, *, depths: Sequence[int], grader: str, limit: int, n: int, max_tokens: int,
    temperature: float, template: str, enable_thinking: bool | None, dtype: str, device: str, seed: int, quiet: bool,
    json: bool,
) -> int:  # fmt: skip
    """Measure the teacher's useful depth."""
    from journeyman.distill.check.commands import Names, shorter
    from journeyman.distill.data.grade import grader as grader_of
    from journeyman.distill.data.prompts import read_prompts
    from journeyman.distill.model import open_model, same_vocabulary
    from journeyman.distill.recipes.length import useful_depth
    from journeyman.distill.rollout.sampling import Sampling

    where = device_of(device)
    asked = sorted(set(depths)) or sorted({max(1, max_tokens // part) for part in (16, 8, 4, 2)})
    prompts = read_prompts(file, limit=limit)
    grade = grader_of(grader)
    ours, theirs = (open_model(name, dtype=dtype, device=where) for name in (student, teacher))
    same_vocabulary(ours, theirs)
    with counted("useful depth, in tokens", quiet=quiet) as follow:
        found = useful_depth(
            ours, theirs, prompts, depths=asked, n=n, grader=grade, seed=seed, template=template,
            sampling=Sampling(temperature=temperature, max_tokens=max_tokens), enable_thinking=enable_thinking,
            on_progress=follow,
        )  # fmt: skip
    settings = kept_settings(grader=grader, template=template, enable_thinking=enable_thinking)
    command = "" if found.cap is None else shorter(Names(student, teacher, file, settings), found.cap)
    if json:
        write_json({"depth": found, "command": command})
        return 0
    out = stdout()
    rows = [
        (str(row.depth), number(row.gain, digits=3), number(row.standard_error, digits=2), str(row.prompts))
        for row in found.table
    ]
    columns = ("tokens in", "gain", "standard error", "prompts")
    print_table(Table(columns, rows, title="What the teacher gains by taking over", numbers=frozenset(columns)), out)
    out.print()
    out.print(rich_text(found.sentence, "bold"), soft_wrap=True)
    if command:
        out.print(rich_text(f"  {command}", "bold cyan"), soft_wrap=True)
    return 0


def start_cold(
    student: str, teacher: str, file: str, *, to: str, others: str | None, grader: str, template: str,
    enable_thinking: bool | None, limit: int | None, attempts: int, max_tokens: int, epochs: int, lr: float, batch: int,
    control: int, engine: str, bf16: bool, device: str, seed: int, quiet: bool, json: bool,
) -> int:  # fmt: skip
    """Sample the teacher, fine-tune the student, and say how to go on."""
    from journeyman.distill.data.prompts import read_prompts
    from journeyman.distill.presets import PAPER_COLD_START
    from journeyman.distill.recipes.cold_start import cold_start

    paper = PAPER_COLD_START
    settings = replace(
        paper, attempts=attempts, epochs=epochs, lr=lr, batch=batch, sampling=replace(paper.sampling, max_tokens=max_tokens)
    )
    prompts = read_prompts(file, limit=limit)
    rest = None if others is None else read_prompts(others)
    with counted("cold start", quiet=quiet) as follow:
        found = cold_start(
            student, teacher, prompts, to=to, others=rest, settings=settings, grader=grader, template=template,
            enable_thinking=enable_thinking, control_rollouts=control, engine=engine, device=device_of(device), bf16=bf16,
            seed=seed, on_progress=lambda phase, done, whole: follow(done, whole),
        )  # fmt: skip
    if json:
        write_json(found)
        return 0
    out = stdout()
    rows = [(name.replace("_", " "), str(count)) for name, count in found.rejected.items() if count]
    if rows:
        print_table(Table(("rejected for", "responses"), rows, numbers=frozenset({"responses"})), out)
        out.print()
    out.print(rich_text(found.sentence, "bold"), soft_wrap=True)
    out.print(rich_text(f"  {found.command}", "bold cyan"), soft_wrap=True)
    return 0
