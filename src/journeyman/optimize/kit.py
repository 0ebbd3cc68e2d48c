"""What a run works with: its search, its proposer and their models, made from what the log's header says.

The same function makes them when a run begins and when it is resumed, so the two cannot drift apart. What was given as an
object, not by name, has to be given again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeyman.errors import ModelConfigInvalid, UsageError
from journeyman.optimize.brief import comparison
from journeyman.optimize.propose import check_asks_models, make_proposer, parts_of
from journeyman.optimize.search import make_search
from journeyman.verify import Task

if TYPE_CHECKING:
    from journeyman.models import Model
    from journeyman.optimize.propose.base import Proposer
    from journeyman.optimize.search.base import Search

REPLAY = "replay/"


@dataclass(frozen=True)
class Given:
    """What the caller gave as an object: it takes the place of what the header names, and is not closed with the run."""

    search: Search | None = None
    proposer: Proposer | None = None
    models: tuple[Model, ...] = ()


@dataclass(frozen=True)
class Kit:
    """`opened`: the models to close when the run ends."""

    search: Search
    proposer: Proposer
    opened: tuple[Model, ...] = ()


def make_kit(
    header: Mapping[str, Any], task: Task, runs: Path, given: Given, *, models_file: Path | None = None
) -> Kit:
    """Search, proposer and models of a run with this header. `runs`: the folder in which a run to replay is looked for.

    Raises UsageError for a name or an option that is none, ModelNotFound and ModelConfigInvalid for models, and
    UsageError where the header says that an object was given and none is.
    """
    for part in ("search", "proposer"):
        if header[part]["given"] and getattr(given, part) is None:
            said = (
                f"this run was begun with a {part} of its own ({header[part]['name']}); give it to resume()"
            )
            raise UsageError(said)
    names = [model["name"] for model in header["models"]]
    if any(model["given"] for model in header["models"]) and not given.models:
        raise UsageError(
            f"this run was begun with a model of its own ({', '.join(names)}); give it to resume()"
        )
    if given.proposer is None:
        # Before a model is opened: its own complaints would hide this one.
        check_asks_models(header["proposer"]["name"], len(names))
    opened = () if given.models else _open_all(header["models"], runs, models_file)
    models = given.models or opened
    plan = header["plan"]
    if plan["micro_usd"] is not None:
        check_priced(models)
    proposer = given.proposer or make_proposer(
        header["proposer"]["name"], task, header["proposer"]["options"], models
    )
    search = given.search or make_search(
        header["search"]["name"],
        comparison(task),
        header["search"]["options"],
        seed=plan["seed"],
        proposers=parts_of(proposer),
        evaluations=plan["evaluations"],
    )
    return Kit(search, proposer, opened)


def check_priced(models: Sequence[Model]) -> None:
    """Raise ModelConfigInvalid for a model without a price: no cap on money could be kept."""
    for model in models:
        if model.price is None:
            raise ModelConfigInvalid(
                f"the model {model.name!r} has no price, so a cap on money cannot be kept; give it one in models.toml, such "
                f"as price = {{ input = 2.5, output = 10 }} in US dollars per million tokens, or drop the cap"
            )


def _open_all(models: Sequence[Mapping[str, Any]], runs: Path, file: Path | None) -> tuple[Model, ...]:
    if not models:
        return ()
    from journeyman.models import open_model

    opened: list[Model] = []
    for model in models:
        if model["name"].startswith(REPLAY):
            from journeyman.optimize.recording import open_recording

            opened.extend(open_recording(model["name"].removeprefix(REPLAY), runs))
        else:
            opened.append(open_model(model["name"], file=file))
    return tuple(opened)
