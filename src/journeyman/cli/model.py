"""`journeyman model list|try`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from journeyman.cli.call import make_app
from journeyman.cli.out import Json, stdout, write_json

if TYPE_CHECKING:
    from journeyman.models import Model, ModelSpec, Price

app = make_app("List the language models of models.toml; try one.")

Models = Annotated[
    str | None, typer.Option("--models", metavar="FILE", help="Where models.toml is, if not here.")
]

PROMPT = "Answer with the word ready and nothing else."


@app.command("list")
def list_(models: Models = None, json: Json = False) -> int:
    """List the models of models.toml, and whether their keys are set. Nothing is sent."""
    from journeyman.cli.out import stderr
    from journeyman.models import list_models
    from journeyman.report.table import Table, print_table

    found = list_models(_file(models))
    if json:
        write_json([{"name": name, **_about(spec)} for name, spec in found.items()])
        return 0
    if not found:
        stderr().print("There is no models.toml here; docs/models.md shows one. openai/NAME needs none.")
        return 0
    rows = [
        (name, spec.endpoint or "this machine", spec.model, _key(spec), _price(spec.price))
        for name, spec in found.items()
    ]
    print_table(
        Table(("model", "endpoint", "its name there", "key", "$ per million tokens, in / out"), rows),
        stdout(),
    )
    return 0


@app.command("try")
def try_(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="As --model of optimize takes it.")],
    prompt: Annotated[str, typer.Option("--prompt", metavar="TEXT", help="What to ask.")] = PROMPT,
    models: Models = None,
    max_usd: Annotated[
        float | None, typer.Option("--max-usd", min=0, metavar="USD", help="Send nothing that may cost more.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it may cost at most; send nothing.")
    ] = False,
    json: Json = False,
) -> int:
    """Ask a model one small thing: is the key right, the name, the endpoint, and what does it cost?"""
    from journeyman.errors import BudgetExhausted
    from journeyman.models import Message, Prompt, open_model, require_price

    with open_model(name, file=_file(models)) as model:
        asked = Prompt((Message("user", prompt),))
        worst = model.worst_case(asked)
        if max_usd is not None:
            require_price(model)
            if worst.micro_usd > max_usd * 1e6:
                raise BudgetExhausted("micro_usd", int(max_usd * 1e6), 0, worst.micro_usd)
        if dry_run:
            return _say_worst(model, worst.tokens, worst.micro_usd, json)
        return _ask(model, asked, json)


def _say_worst(model: Model, tokens: int, micro_usd: int, json: bool) -> int:
    usd = None if model.price is None else micro_usd / 1e6
    if json:
        write_json({"model": model.name, "most_tokens": tokens, "most_usd": usd})
    else:
        money = "no price is set" if usd is None else f"${usd:.4f}"
        stdout().print(f"{model.name}: at most {tokens} tokens, {money}; nothing was sent.", soft_wrap=True)
    return 0


def _ask(model: Model, asked: object, json: bool) -> int:
    from journeyman.models import Prompt
    from journeyman.report.text import one_line, rich_text

    assert isinstance(asked, Prompt)
    said = model.complete(asked)
    if json:
        write_json({"model": model.name, **_fields(said)})
        return 0
    usage = (
        "tokens not said"
        if said.usage is None
        else f"{said.usage.input} tokens read, {said.usage.output} written"
    )
    money = "no price" if said.micro_usd is None else f"${said.micro_usd / 1e6:.6f}"
    served = f" (served by {said.model})" if said.model and said.model != model.name else ""
    out = stdout()
    words = f"{model.name}{served}: {said.outcome}, {usage}, {money}, {said.latency_s:.1f} s, attempt {said.attempts}"
    out.print(rich_text(one_line(words, limit=400)), soft_wrap=True)
    out.print(rich_text(one_line(said.text or said.refusal or said.reasoning, limit=2000)), soft_wrap=True)
    return 0


def _fields(said: object) -> dict[str, object]:
    import msgspec

    fields: dict[str, object] = msgspec.to_builtins(said)
    return fields


def _file(models: str | None) -> Path | None:
    return None if models is None else Path(models)


def _about(spec: ModelSpec) -> dict[str, object]:
    import msgspec

    fields: dict[str, object] = msgspec.to_builtins(spec)
    return {**fields, "key_is_set": not spec.key or bool(os.environ.get(spec.key))}


def _key(spec: ModelSpec) -> str:
    if not spec.key:
        return "needs none"
    return f"{spec.key}, {'set' if os.environ.get(spec.key) else 'NOT set'}"


def _price(price: Price | None) -> str:
    return "not set" if price is None else f"{price.input:g} / {price.output:g}"
