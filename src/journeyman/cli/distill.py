"""`journeyman distill check|diagnose|train|resume|compare|evaluate|prompts|length|cold-start|demo`."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from journeyman.cli.call import make_app
from journeyman.cli.distill_options import changes_of, with_settings
from journeyman.cli.distill_train import OnFailure
from journeyman.cli.out import Json, Runs

app = make_app("Check a pair of student and teacher, train the student on its own rollouts, say why it fails.")

Student = Annotated[str, typer.Argument(metavar="STUDENT", help="A folder or hub name.")]
Teacher = Annotated[
    str, typer.Argument(metavar="TEACHER", help="A folder, a hub name, or http://host:port/v1#model of a server.")
]
LocalTeacher = Annotated[str, typer.Argument(metavar="TEACHER", help="A folder or hub name.")]
Prompts = Annotated[str, typer.Option("--prompts", metavar="FILE", help="Prompts: .jsonl, .json or .parquet.")]
Limit = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Use only the first N prompts.")]
Samples = Annotated[int, typer.Option("--n", min=1, metavar="N", help="Responses to each prompt.")]
MaxTokens = Annotated[int, typer.Option("--max-tokens", min=1, metavar="N", help="Longest response.")]
Temperature = Annotated[float, typer.Option("--temperature", min=0, metavar="T", help="Of the sampling.")]
Template = Annotated[str, typer.Option("--template", metavar="NAME", help="chat, boxed, dapo, raw, or a file.")]
Thinking = Annotated[
    bool | None, typer.Option("--enable-thinking/--no-thinking", help="What the chat template is told, if it asks.")
]
Grader = Annotated[
    str, typer.Option("--grader", metavar="NAME", help="math, exact, bracket or file.py:function; '' for none.")
]
Engine = Annotated[str, typer.Option("--engine", metavar="NAME", help="What samples: own, generate, a server, auto.")]
Dtype = Annotated[str, typer.Option("--dtype", metavar="NAME", help="float32 or bfloat16, of the models' weights.")]
Device = Annotated[str, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 ...")]
Seed = Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of all randomness.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


@app.callback()
def _libraries(context: typer.Context) -> None:
    import importlib.util

    from journeyman.errors import MissingExtra

    absent = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
    if absent and context.invoked_subcommand != "compare" and not {"--help", "-h"} & {*context.args, *sys.argv}:
        raise MissingExtra(
            f"distill {context.invoked_subcommand} needs {' and '.join(absent)}; run: pip install 'journeyman[distill]'"
        )
    # A name that is no folder is looked for at the hub; its retries are no business of the user's. The library reads this
    # when it is loaded, and sets its logger by it.
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    import logging

    logging.getLogger("transformers").setLevel(logging.ERROR)


@app.command()
def check(
    student: Student,
    teacher: Teacher,
    prompts: Prompts,
    grader: Grader = "",
    limit: Limit = 64,
    n: Samples = 4,
    max_tokens: Annotated[
        int | None,
        typer.Option("--max-tokens", min=1, metavar="N", help="Longest response [1024, or the room that there is]."),
    ] = None,
    temperature: Temperature = 1.0,
    template: Template = "chat",
    compare_template: Annotated[
        list[str] | None, typer.Option("--compare-template", metavar="NAME", help="Another one to try; may be repeated.")
    ] = None,
    enable_thinking: Thinking = None,
    depth: Annotated[
        list[int] | None,
        typer.Option("--depth", min=1, metavar="N", help="Tokens in, where the teacher takes over; may be repeated."),
    ] = None,
    second: Annotated[
        str | None, typer.Option("--second", metavar="MODEL", help="A student that differs by its seed only, for the floor.")
    ] = None,
    wiring: Annotated[bool, typer.Option("--wiring", help="Only the wiring, in seconds; no verdict on the pair.")] = False,
    gradient: Annotated[bool, typer.Option(help="Measure the gradient's norm: needs memory for one.")] = True,
    engine: Engine = "auto",
    dtype: Dtype = "float32",
    device: Device = "auto",
    seed: Seed = 0,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Say beforehand whether a student can learn from a teacher.

    Nothing is trained. First the wiring: vocabulary, end tokens, templates, engines, temperature, gradient. Then the pair,
    on the student's own rollouts. Then a verdict with the figure it rests on, and the command that repairs. With --grader
    both are scored, too. Exit status 1 where the wiring is wrong or the verdict is one of failure.
    """
    from journeyman.cli.distill_check import check_pair

    return check_pair(
        student, teacher, prompts, quiet=quiet, json=json, grader=grader or None, limit=limit, n=n, template=template,
        max_tokens=max_tokens, temperature=temperature, templates=compare_template or (), enable_thinking=enable_thinking,
        depths=depth or (), second=second, pair=not wiring, gradient=gradient, engine=engine, dtype=dtype, device=device,
        seed=seed,
    )  # fmt: skip


@app.command()
def diagnose(
    rollouts: Annotated[
        str, typer.Option("--rollouts", metavar="PLACE", help="A file or folder as verl, TRL or prime-rl write it.")
    ],
    student: Annotated[
        str | None, typer.Option("--student", metavar="DIR", help="A model, or a folder of checkpoints named by their step.")
    ] = None,
    teacher: Annotated[str | None, typer.Option("--teacher", metavar="MODEL", help="As for 'check'.")] = None,
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="auto, verl, trl or prime-rl.")] = "auto",
    grader: Grader = "",
    rows: Annotated[int, typer.Option("--rows", min=1, metavar="N", help="Responses of a step that are scored.")] = 64,
    temperature: Temperature = 1.0,
    dtype: Dtype = "float32",
    device: Device = "auto",
    seed: Seed = 0,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Say why a run of another trainer went as it did.

    Rollouts alone tell scores, lengths and staleness; with --student they are scored anew, with --teacher the pair is
    judged. Exit status 1 where the verdict is one of failure.
    """
    from journeyman.cli.distill_check import diagnose_run

    return diagnose_run(
        rollouts, quiet=quiet, json=json, student=student, teacher=teacher, source=source, grader=grader or None, rows=rows,
        temperature=temperature, dtype=dtype, device=device, seed=seed,
    )  # fmt: skip


@app.command()
@with_settings
def train(
    student: Student,
    teacher: Annotated[
        str, typer.Argument(metavar="[TEACHER]", help="As for 'check'; none with --method grpo or a preset that has one.")
    ] = "",
    prompts: Annotated[str, typer.Option("--prompts", metavar="FILE", help="Prompts: .jsonl, .json or .parquet.")] = "",
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="NAME", help="Begin with the settings of: paper, paper-grpo or lab.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any setting of the page, such as loss.k=4; may be repeated."),
    ] = None,
    watch: Annotated[
        OnFailure | None, typer.Option("--watch", help="On a verdict of failure during the run: go on, stop, or never look.")
    ] = None,
    sink: Annotated[
        list[str] | None,
        typer.Option("--sink", metavar="NAME", help="tensorboard[:DIR] or wandb[:PROJECT], too; may be repeated."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Look at the wiring before the first step; refuse where it is wrong.")
    ] = True,
    runs: Runs = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Predict memory and hours; begin nothing.")] = False,
    quiet: Quiet = False,
    json: Json = False,
    **settings: Any,
) -> int:
    """Train a student on its own rollouts, scored by a teacher.

    The run is in a folder of its own, with its page and its checkpoints; Ctrl-C or a kill loses nothing before the last
    checkpoint, and 'journeyman distill resume' goes on. Defaults are those of the paper's Table 2.
    """
    from journeyman.cli.distill_train import say_forecast, spec_of, train_run
    from journeyman.errors import UsageError

    if not prompts and preset is None:
        raise UsageError("a training needs prompts: --prompts FILE")
    spec = spec_of(student, teacher, prompts, preset, changes_of(settings, set_ or ()), watch)
    if dry_run:
        return say_forecast(spec, json=json)
    return train_run(spec, check=check, sinks=sink or (), runs=runs, quiet=quiet, json=json)


@app.command()
def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's name, the beginning of it, its folder, or 'last'.")],
    runs: Runs = None,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Go on with a training from its last checkpoint."""
    from journeyman.cli.distill_train import resume_run
    from journeyman.errors import RunError
    from journeyman.runs import find_run, open_run

    folder = find_run(run, runs=runs)
    with open_run(folder) as opened:
        if opened.verb != "distill":
            raise RunError(f"the run {opened.run_id!r} is of {opened.verb!r}; go on with it by: journeyman run resume {run}")
    return resume_run(folder, quiet=quiet, json=json)


@app.command()
def compare(
    run: Annotated[list[str], typer.Argument(metavar="RUN RUN ...", help="Two runs or more, named as elsewhere.")],
    html: Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write a page with the curves, too.")] = None,
    runs: Runs = None,
    json: Json = False,
) -> int:
    """Put trainings side by side: scores, curves, settings.

    Scores have intervals; runs that differ in their seed only are taken together, too.
    """
    from journeyman.cli.distill_compare import show_comparison

    return show_comparison(run, html=html, runs=runs, json=json)


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A folder or hub name.")],
    prompts: Annotated[
        list[str], typer.Option("--prompts", metavar="FILE", help="Prompts with answers; may be repeated, one set each.")
    ],
    grader: Grader = "math",
    n: Samples = 16,
    temperature: Temperature = 0.7,
    top_p: Annotated[float, typer.Option("--top-p", metavar="P", help="Of the sampling.")] = 0.95,
    max_tokens: MaxTokens = 31_744,
    template: Template = "chat",
    enable_thinking: Thinking = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Use only the first N of each.")] = None,
    engine: Engine = "auto",
    dtype: Dtype = "float32",
    device: Device = "auto",
    seed: Seed = 0,
    keep: Annotated[
        str | None, typer.Option("--resume", metavar="FILE", help="Keep what is done here, and go on from it.")
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Score a model on prompts with answers: avg@n, pass@n.

    With lengths, truncation and intervals. Defaults are those of the paper's evaluation.
    """
    from journeyman.cli.distill_recipes import evaluate_model

    return evaluate_model(
        model, prompts, quiet=quiet, json=json, grader=grader, n=n, temperature=temperature, top_p=top_p, limit=limit,
        max_tokens=max_tokens, template=template, enable_thinking=enable_thinking, engine=engine, dtype=dtype, device=device,
        seed=seed, resume=keep,
    )  # fmt: skip


@app.command("prompts")
def prompts_(
    student: Student,
    teacher: Teacher,
    prompts: Prompts,
    template: Annotated[
        list[str] | None,
        typer.Option("--template", metavar="NAME", help="One to use, or several to compare [dapo, boxed]."),
    ] = None,
    keep: Annotated[
        float, typer.Option("--keep", metavar="SHARE", help="Share of the prompts to keep, the best aligned.")
    ] = 1.0,
    by: Annotated[str, typer.Option("--by", metavar="SCORE", help="mass, log_ratio or accuracy.")] = "mass",
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="FILE", help="Drop what is in this file or near to it.")
    ] = None,
    mix: Annotated[
        str | None, typer.Option("--mix", metavar="FILE", help="Mix in prompts from outside, and watch the entropy.")
    ] = None,
    share: Annotated[
        float | None, typer.Option("--share", metavar="SHARE", help="Of those mixed in [as many as the entropy needs].")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="FILE", help="Write the prompts here (.jsonl).")] = None,
    grader: Grader = "",
    limit: Limit = 256,
    n: Samples = 1,
    max_tokens: MaxTokens = 1024,
    enable_thinking: Thinking = None,
    dtype: Dtype = "float32",
    device: Device = "auto",
    seed: Seed = 0,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Compare templates; drop, keep and mix prompts.

    What is kept is what the teacher suits best; what that costs in entropy is measured and said.
    """
    from journeyman.cli.distill_recipes import prepare_prompts

    return prepare_prompts(
        student, teacher, prompts, quiet=quiet, json=json, templates=template or ("dapo", "boxed"), keep=keep, by=by,
        without=without or (), mix=mix, share=share, to=to, grader=grader, limit=limit, n=n, max_tokens=max_tokens,
        enable_thinking=enable_thinking, dtype=dtype, device=device, seed=seed,
    )  # fmt: skip


@app.command("cold-start")
def cold_start(
    student: Student,
    teacher: Teacher,
    prompts: Prompts,
    to: Annotated[
        str, typer.Option("--to", metavar="DIR", help="Folder of the work: made, or gone on with.")
    ] = "cold-start",
    others: Annotated[
        str | None, typer.Option("--others", metavar="FILE", help="For the distillation after it [a part of --prompts].")
    ] = None,
    grader: Grader = "math",
    template: Template = "chat",
    enable_thinking: Thinking = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Ask only the first N [200000].")] = None,
    attempts: Annotated[int, typer.Option("--attempts", min=1, metavar="N", help="Tries at a response that passes.")] = 3,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=1, metavar="N", help="Longest response.")] = 12_288,
    epochs: Annotated[int, typer.Option("--epochs", min=1, metavar="N", help="Passes over the responses.")] = 1,
    lr: Annotated[float, typer.Option("--lr", metavar="RATE", help="Peak learning rate of the fine-tuning.")] = 1e-5,
    batch: Annotated[int, typer.Option("--batch", min=1, metavar="N", help="Examples of one update.")] = 64,
    control: Annotated[
        int, typer.Option("--control", min=0, metavar="N", help="Fine-tune a control for as much as N rollouts cost, too.")
    ] = 0,
    engine: Engine = "auto",
    bf16: Annotated[bool, typer.Option("--bf16", help="Products of the fine-tuning in bfloat16.")] = False,
    device: Device = "auto",
    seed: Seed = 0,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Fine-tune the student on the teacher's responses first.

    Responses that are cut off, repeat themselves or give no answer are asked for again; the rest is learned from; the
    command for the distillation, on other prompts, is printed. Defaults are those of the paper's Table 3.
    """
    from journeyman.cli.distill_recipes import start_cold

    return start_cold(
        student, teacher, prompts, quiet=quiet, json=json, to=to, others=others, grader=grader, template=template,
        enable_thinking=enable_thinking, limit=limit, attempts=attempts, max_tokens=max_tokens, epochs=epochs, lr=lr,
        batch=batch, control=control, engine=engine, bf16=bf16, device=device, seed=seed,
    )  # fmt: skip


@app.command()
def length(
    student: Student,
    teacher: LocalTeacher,
    prompts: Prompts,
    depth: Annotated[
        list[int] | None,
        typer.Option("--depth", min=1, metavar="N", help="Tokens in; may be repeated [1/16 to 1/2 of --max-tokens]."),
    ] = None,
    grader: Grader = "math",
    limit: Limit = 64,
    n: Samples = 4,
    max_tokens: MaxTokens = 1024,
    temperature: Temperature = 1.0,
    template: Template = "chat",
    enable_thinking: Thinking = None,
    dtype: Dtype = "float32",
    device: Device = "auto",
    seed: Seed = 0,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Find how deep into a response the teacher still helps.

    The teacher takes over from the student's own prefixes; where that gains nothing, training there teaches nothing.
    """
    from journeyman.cli.distill_recipes import find_depth

    return find_depth(
        student, teacher, prompts, quiet=quiet, json=json, depths=depth or (), grader=grader, limit=limit, n=n,
        max_tokens=max_tokens, temperature=temperature, template=template, enable_thinking=enable_thinking, dtype=dtype,
        device=device, seed=seed,
    )  # fmt: skip


@app.command()
def demo(runs: Runs = None, json: Json = False) -> int:
    """Check and train two small pairs: one works, one cannot.

    About a minute on two cores; no key, no GPU, no network. Exit status 1 unless the first learns and the second loses.
    """
    from journeyman.cli.distill_demo import show_demo

    return show_demo(runs=runs, json=json)

