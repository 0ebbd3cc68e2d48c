"""What a run works with: its search, its proposer and their models.

`begin` turns what a caller asks for into the header of the log, and `make_kit` makes them from that header, when a run
begins and when it is resumed, so the two cannot drift apart. What was given as an object, not by name, has to be given
again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from journeyman.errors import UsageError
from journeyman.optimize.brief import comparison
from journeyman.optimize.propose import check_asks_models, make_proposer, parts_of
from journeyman.optimize.search import make_search
from journeyman.runlog import find_run
from journeyman.verify import Task

if TYPE_CHECKING:
    from journeyman.models import Model
    from journeyman.optimize.plan import Plan
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
    """`models` are all there are; `opened` those of them that were opened here, to be closed when the run ends."""

    search: Search
    proposer: Proposer
    models: tuple[Model, ...] = ()
    opened: tuple[Model, ...] = ()

    def answering(self) -> list[dict[str, Any]]:
        """What is known of the models now that they are open, for the header: settings, prices, whether they see."""
        return [
            {
                "name": model.name,
                "sees": model.sees,
                "max_tokens": model.max_tokens,
                "price": None if model.price is None else msgspec.to_builtins(model.price),
                "settings": msgspec.to_builtins(getattr(model, "spec", {})),
            }
            for model in self.models
        ]


def begin(
    task: Task,
    plan: Plan,
    runs: Path,
    *,
    search: str | Search,
    search_options: Mapping[str, Any] | None,
    proposer: str | Proposer | None,
    proposer_options: Mapping[str, Any] | None,
    model: str | Model | Sequence[str] | Sequence[Model] | None,
    until: str | None,
    max_wall_s: float | None,
    level: str | None,
) -> tuple[dict[str, Any], Given]:
    """The header of a run's log, and what was given as an object. The arguments are those of `optimize`.

    Raises UsageError for options of what was given as an object, and for models of which some are.
    """
    names, objects = _models(model, runs)
    chosen = proposer if proposer is not None else ("numeric", "model", "mixed")[min(len(names), 2)]
    for what, given, options in (("search", search, search_options), ("proposer", chosen, proposer_options)):
        if options and not isinstance(given, str):
            raise UsageError(
                f"{what}_options belong to a {what} given by name; set them on the {what} itself"
            )
    header = {
        "task": task.id,
        "task_digest": task.digest,
        "unit": task.score_unit,
        "maximize": task.better(1.0, 0.0),
        "search": {
            "name": search if isinstance(search, str) else type(search).__name__,
            "options": dict(search_options or {}),
            "given": not isinstance(search, str),
        },
        "proposer": {
            "name": chosen if isinstance(chosen, str) else chosen.name,
            "options": dict(proposer_options or {}),
            "given": not isinstance(chosen, str),
        },
        "models": [{"name": name, "given": bool(objects)} for name in names],
        "plan": msgspec.to_builtins(plan),
        "until": until,
        "max_wall_s": max_wall_s,
        "level": level,
    }
    return header, Given(
        search=None if isinstance(search, str) else search,
        proposer=None if isinstance(chosen, str) else chosen,
        models=objects,
    )


def micro_usd(usd: float | None) -> int | None:
    """A cap in millionths of a dollar. Raises UsageError for what is no amount."""
    if usd is None:
        return None
    if not (0 <= usd < 1e9):
        raise UsageError(f"max_usd must be a number of dollars from 0 up, not {usd}")
    return int(usd * 1_000_000 + 1e-6)


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
    if plan["micro_usd"] is not None and models:
        from journeyman.models import require_price

        for model in models:
            require_price(model)
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
    return Kit(search, proposer, models, opened)


def _open_all(models: Sequence[Mapping[str, Any]], runs: Path, file: Path | None) -> tuple[Model, ...]:
    if not models:
        return ()
    from journeyman.models import open_model

    opened: list[Model] = []
    for model in models:
        if model["name"].startswith(REPLAY):
            from journeyman.optimize.recording import recording_of

            opened.extend(recording_of(model["name"].removeprefix(REPLAY), runs))
        else:
            opened.append(open_model(model["name"], file=file))
    return tuple(opened)


def _models(
    model: str | Model | Sequence[str] | Sequence[Model] | None, runs: Path
) -> tuple[tuple[str, ...], tuple[Model, ...]]:
    """The names of the models, and themselves where objects were given. A run to replay gets its full name."""
    if model is None:
        return (), ()
    listed: Sequence[str | Model] = (
        (model,) if isinstance(model, str) or not isinstance(model, Sequence) else tuple(model)
    )
    objects = tuple(one for one in listed if not isinstance(one, str))
    if objects and len(objects) < len(listed):
        raise UsageError("give all models by name or all as objects, not some of each")
    return tuple(_full_name(one, runs) if isinstance(one, str) else one.name for one in listed), objects


def _full_name(name: str, runs: Path) -> str:
    if not name.startswith(REPLAY):
        return name
    found = find_run(name.removeprefix(REPLAY), runs)
    return REPLAY + (found.name if found.parent.absolute() == runs.absolute() else str(found.absolute()))
