"""models.toml: each model is named once, with its endpoint, the variable of its key, its settings and its price.

    [models.fast]
    endpoint = "https://api.deepseek.com/v1"
    model = "deepseek-chat"
    key = "DEEPSEEK_API_KEY"

    [models.fast.price]                 # US dollars per million tokens
    input = 0.27
    output = 1.10

The first that exists is read: the file that is given, $JOURNEYMAN_MODELS, ./models.toml, ~/.config/journeyman/models.toml.
"""

from __future__ import annotations

import math
import os
import random
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from journeyman.errors import ModelConfigInvalid, ModelNotFound
from journeyman.models.address import fault, is_local, is_openai
from journeyman.models.model import Model
from journeyman.models.price import Price
from journeyman.models.request import TAKEN
from journeyman.models.secret import header_fault, refuse_keys, variable_name
from journeyman.models.spec import ModelSpec

VARIABLE = "JOURNEYMAN_MODELS"
OPENAI = "https://api.openai.com/v1"
PREFIXES = ("openai/", "hf/", "scripted/")
# OpenAI's reasoning models refuse temperature and top_p; their chat variants do not.
_REASONING = re.compile(r"(o\d|gpt-([5-9]|\d\d))(?!.*chat)")


def open_model(name: str, *, file: Path | None = None, rng: random.Random | None = None) -> Model:
    """The model of this name, ready to be asked; nothing is connected yet. Close it, or use it in a `with`.

    Args:
        name: a name of models.toml, or openai/NAME, hf/PATH, scripted/NAME. A name of models.toml goes first.
        file: the models.toml to read; None: see the module.
        rng: draws the waits between attempts; it decides nothing else.

    Raises:
        ModelNotFound: there is no such model; the text says which there are.
        ModelConfigInvalid: its settings cannot be used.
        MissingExtra: it needs a package that is not installed.
    """
    prefixed = name.startswith(PREFIXES)
    # What is on this machine needs no file, and so no other model's settings can stand in its way.
    specs = {} if name.startswith(("hf/", "scripted/")) and file is None else list_models(file)
    if name in specs:
        return _open(name, specs[name], rng)
    if name.startswith("replay/"):
        raise ModelNotFound(
            f"'{name}' is a recorded run: journeyman optimize opens it, since it has the record"
        )
    if not prefixed or name.endswith("/"):
        raise ModelNotFound(_unknown(name, specs, file))
    kind, _, rest = name.partition("/")
    if kind != "openai":
        return _open(name, ModelSpec(model=name), rng)
    endpoint = os.environ.get("OPENAI_BASE_URL", "").strip() or OPENAI
    if problem := fault(endpoint):
        raise ModelConfigInvalid(f"the environment variable OPENAI_BASE_URL {problem}")
    no_key = is_local(endpoint) and not os.environ.get("OPENAI_API_KEY", "").strip()
    spec = ModelSpec(endpoint=endpoint, model=rest, key="" if no_key else "OPENAI_API_KEY")
    return _open(name, _fitted(spec), rng)


def list_models(file: Path | None = None) -> dict[str, ModelSpec]:
    """The models of models.toml by name, in its order; none if there is no file.

    Raises:
        ModelConfigInvalid: the file is not there though it was named, or something in it cannot be used.
    """
    found = models_file(file)
    if found is None:
        return {}
    import tomllib

    try:
        document = tomllib.loads(found.read_text("utf-8"))
    except OSError as error:
        raise ModelConfigInvalid(f"{found} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelConfigInvalid(f"{found} is no TOML: {error}") from error
    tables = document.pop("models", {})
    if (
        document
        or not isinstance(tables, dict)
        or not all(isinstance(table, dict) for table in tables.values())
    ):
        stray = next(iter(document), "models")
        raise ModelConfigInvalid(
            f"{found}: '{stray}' is no table of a model: write [models.NAME] and its settings below"
        )
    return {name: read_spec(table, what=f"{found}: model '{name}'") for name, table in tables.items()}


def models_file(file: Path | None = None) -> Path | None:
    """The models.toml that holds, or None.

    Raises:
        ModelConfigInvalid: `file`, or the one that $JOURNEYMAN_MODELS names, does not exist.
    """
    named = Path(file) if file is not None else None
    if named is None and os.environ.get(VARIABLE):
        named = Path(os.environ[VARIABLE])
    if named is not None:
        if not named.expanduser().is_file():
            source = "" if file is not None else f" (from ${VARIABLE})"
            raise ModelConfigInvalid(f"there is no file of models at {named}{source}")
        return named.expanduser()
    usual = (Path("models.toml"), Path("~/.config/journeyman/models.toml").expanduser())
    return next((path for path in usual if path.is_file()), None)


def read_spec(table: Mapping[str, Any], *, what: str) -> ModelSpec:
    """The settings in one table of models.toml, checked.

    Args:
        what: "models.toml: model 'fast'", for errors.

    Raises:
        ModelConfigInvalid: one sentence with the field and what to do. It never repeats what may be a key.
    """
    _known(table, ModelSpec, what)
    if isinstance(table.get("price"), dict):
        _known(table["price"], Price, f"{what}: price")
    for field in ("endpoint", "headers", "body"):
        refuse_keys(table.get(field), what=f"{what}: {field}")
    if isinstance(table.get("key"), str) and table["key"]:
        variable_name(table["key"], what=f"{what}: key")
    try:
        spec = msgspec.convert(table, ModelSpec, strict=True)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$")
        field = path.strip("`.") or "the table"
        raise ModelConfigInvalid(f"{what}: {field}: {problem[:1].lower()}{problem[1:]}") from None
    for field, problem in _faults(spec):
        raise ModelConfigInvalid(f"{what}: {field} {problem}")
    return _fitted(spec)


def require_price(model: Model) -> Price:
    """The model's price, which a cap on money needs.

    Raises:
        ModelConfigInvalid: it has none.
    """
    if model.price is None:
        raise ModelConfigInvalid(
            f"model '{model.name}' has no price, so its cost cannot be capped: give it input and output, in US dollars per "
            f'million tokens, under [models."{model.name}".price] of models.toml'
        )
    return model.price


def _faults(spec: ModelSpec) -> list[tuple[str, str]]:
    """Fields with what is wrong with their values, the most telling first."""
    here = spec.model.startswith(("hf/", "scripted/"))
    wrong: list[tuple[str, str]] = []
    if not spec.model:
        wrong.append(("model", "is missing: write the name that the endpoint gives its model"))
    if here and spec.endpoint:
        wrong.append(
            ("endpoint", f"makes no sense with '{spec.model}', which is on this machine: leave it out")
        )
    if not here and not spec.endpoint:
        wrong.append(
            (
                "endpoint",
                "is missing: write the address before /chat/completions, as https://api.openai.com/v1",
            )
        )
    if spec.endpoint and (problem := fault(spec.endpoint)):
        wrong.append(("endpoint", problem))
    for field in ("max_tokens", "image_tokens", "attempts", "concurrency"):
        if (count := getattr(spec, field)) is not None and count < 1:
            wrong.append((field, f"is {count}; it must be 1 or more"))
    for field in ("timeout_s", "patience_s"):
        if not 0 < (seconds := getattr(spec, field)) < math.inf:
            wrong.append((field, f"is {seconds}; it must be more than 0 seconds"))
    for field in ("backoff_s", "temperature"):
        if (number := getattr(spec, field)) is not None and not 0 <= number < math.inf:
            wrong.append((field, f"is {number}; it must be 0 or more"))
    if spec.top_p is not None and not 0 < spec.top_p <= 1:
        wrong.append(("top_p", f"is {spec.top_p}; it must be more than 0 and at most 1"))
    if spec.sampling is False and (spec.temperature is not None or spec.top_p is not None):
        wrong.append(
            ("sampling", "is false, so temperature and top_p would not be sent: leave out one or the other")
        )
    for rate in ("input", "output", "cached_input"):
        if spec.price is not None and not 0 <= (getattr(spec.price, rate) or 0.0) < math.inf:
            wrong.append(
                (
                    f"price.{rate}",
                    f"is {getattr(spec.price, rate)}; write US dollars per million tokens, 0 or more",
                )
            )
    for header, template in spec.headers.items():
        if problem := header_fault(header, template):
            wrong.append((f"headers.{header}", problem))
    for field in spec.body:
        if field in TAKEN:
            wrong.append(
                (
                    f"body.{field}",
                    "may not be set here: it has a setting of its own, or would change the reply",
                )
            )
    return wrong


def _fitted(spec: ModelSpec) -> ModelSpec:
    """The settings with what was left to the endpoint filled in."""
    openai = is_openai(spec.endpoint)
    limit_field = spec.limit_field or ("max_completion_tokens" if openai else "max_tokens")
    sampling = spec.sampling
    if sampling is None:
        asked = spec.temperature is not None or spec.top_p is not None
        sampling = asked or not (openai and _REASONING.match(spec.model))
    return msgspec.structs.replace(spec, limit_field=limit_field, sampling=sampling)


def _known(table: Mapping[str, Any], kind: type[msgspec.Struct], what: str) -> None:
    for field in table:
        if field not in kind.__struct_fields__:
            near = _nearest(field, kind.__struct_fields__)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(kind.__struct_fields__)}"
            raise ModelConfigInvalid(f"{what}: '{field}' is no setting; {hint}")


def _nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was most likely meant, or ""."""
    import difflib

    return next(iter(difflib.get_close_matches(word, known, n=1)), "")


def _unknown(name: str, specs: Mapping[str, ModelSpec], file: Path | None) -> str:
    found = models_file(file)
    near = _nearest(name, specs)
    if found is None:
        return f"there is no model '{name}': write openai/NAME, hf/PATH or scripted/NAME, or name it in a models.toml"
    listed = ", ".join(specs) or "none"
    hint = f"; did you mean {near}?" if near else ""
    return f"there is no model '{name}'; {found} has {listed}{hint}, and there are openai/NAME, hf/PATH, scripted/NAME"


def _open(name: str, spec: ModelSpec, rng: random.Random | None) -> Model:
    kind, _, rest = spec.model.partition("/")
    if not spec.endpoint and kind == "hf":
        from journeyman.models.local import open_local

        return open_local(
            Path(rest), name=name, temperature=spec.temperature, top_p=spec.top_p, max_tokens=spec.max_tokens,
            reasoning=spec.reasoning or None, logprobs=spec.logprobs, price=spec.price, body=spec.body,
        )  # fmt: skip
    if not spec.endpoint and kind == "scripted":
        from journeyman.models.scripted import open_scripted

        return open_scripted(rest, spec.price, spec.sees, name=name, max_tokens=spec.max_tokens, tools=spec.tools)
    from journeyman.models.endpoint import open_endpoint

    return open_endpoint(name, spec, rng)
