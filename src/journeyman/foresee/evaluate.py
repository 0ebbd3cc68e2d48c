"""Play agents, world models, modes and governors on the same instances, log every decision, and go on after a kill.

    import journeyman as jm

    result = jm.foresee.evaluate("lake-6", agents="scripted:perception=0.15", modes=["invisible", "normal"], instances=400)
    print(result.rows())
    print(result.run)

Every combination is a cell; all cells play the same instances with the same draws, so they can be compared in pairs.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from journeyman.errors import (
    EpisodeFailed,
    ModelRejected,
    ModelUnavailable,
    ReplayMismatch,
    RunError,
    RunInterrupted,
    UsageError,
)
from journeyman.foresee import events
from journeyman.foresee.agents.agent import models_of
from journeyman.foresee.evaluation.forecast import Forecast, forecast_of
from journeyman.foresee.evaluation.opened import Opened
from journeyman.foresee.evaluation.plan import (
    AgentLike,
    Given,
    GovernorLike,
    Plan,
    WorldModelLike,
    given_of,
    plan_of,
)
from journeyman.foresee.evaluation.progress import Progress
from journeyman.foresee.evaluation.replay import replay
from journeyman.foresee.evaluation.result import Result, result_of
from journeyman.foresee.worlds.world import World, state_hash
from journeyman.ledger import Budget
from journeyman.runlog import RunLog, find_run, new_run_folder, runs_root

_LOOKED_AT = 5
"""Instances whose first states are the world's fingerprint."""


def evaluate(
    world: str | World,
    *,
    agents: AgentLike | Sequence[AgentLike] = "scripted",
    world_models: WorldModelLike | Sequence[WorldModelLike] = "exact",
    modes: str | Sequence[str] = ("invisible", "normal"),
    governors: GovernorLike | Sequence[GovernorLike] = "none",
    memory: str = "restart",
    instances: int = 100,
    split: str = "test",
    seed: int = 0,
    seeds: Sequence[int] | None = None,
    format: str = "",
    reliable: float | None = None,
    single: int = 1,
    parallel: int = 1,
    runs: str | Path | None = None,
    models_file: str | Path | None = None,
    max_tokens: int | None = None,
    max_usd: float | None = None,
    max_wall_s: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Result:
    """Play every combination of agents, world models, modes and governors on the same instances.

    Args:
        world: its name ("lake-6", "push-7:...", "file.py:World", "gym:ENV_ID"), or one.
        agents: names as `open_agent` takes them, or what makes an agent for each episode.
        world_models: names as `open_world_model` takes them, or what makes one for a world.
        modes: of "invisible" (there is nothing to ask), "normal" and "force" (ask before each action).
        governors: names as `open_governor` takes them, or what makes one; "none" leaves all to the agent.
        memory: "restart", "continue" or "branches", see `Cell`.
        instances: how many of the split, from its first. split: "test", or "train" for what is learned or tuned.
        seed: of all randomness. seeds: several, each with all instances, in place of `seed`.
        format: of observations: "symbols" or "image"; "": what the agent understands, or the world's first.
        reliable: share of the world model's predictions that are right, if agents are to be told, in 0..1.
        single: what a call about one alternative alone counts as, for caps and prices; 2 favors comparisons (spec J6).
        parallel: workers: processes, or threads for agents that wait for a model or a program. The episodes are the same.
        runs: folder in which the run gets a folder of its own; default $JOURNEYMAN_RUNS, else ./runs.
        models_file: where models.toml is; default $JOURNEYMAN_MODELS, ./models.toml, ~/.config/journeyman/models.toml.
        max_tokens, max_usd: how many tokens and US dollars language models may take in all. The worst case of a call is set
            aside before it is made. With a cap on money each model needs a price.
        max_wall_s: seconds of work, sittings added up, after which no episode is begun.
        on_progress: called after every episode, from the caller's thread; must be quick.

    Returns:
        what came of it; `reason` says whether all was played, or which budget ended it.

    Raises:
        UsageError and its kin: a name, a combination or a number that cannot be; nothing was begun.
        WorldTouched, EpisodeFailed: a world model changed the real state, or some part raised; see the text.
        ModelUnavailable, ModelRejected: a language model is gone; the run can be resumed.
        RunInterrupted: Ctrl-C; the run can be resumed.
        RunError and its kin: the log cannot be written.
    """
    plan, given = plan_of(
        world, agents=agents, world_models=world_models, modes=modes, governors=governors, memory=memory,
        instances=instances, split=split, seeds=(seed,) if seeds is None else tuple(seeds), format=format, reliable=reliable,
        single=single,
    )  # fmt: skip
    checked_parallel(parallel)
    budget = budget_of(max_tokens, max_usd, max_wall_s)
    opened = open_all(plan, given, models_file, budget)
    root = Path(runs) if runs is not None else runs_root()
    try:
        header = events.header_of(_about(opened, budget))
        log = RunLog.create(new_run_folder(root, events.VERB), verb=events.VERB, header=header)
    except BaseException:
        close_all(opened)
        raise
    with log:
        return _work(log, opened, budget, parallel, on_progress)


def forecast(
    world: str | World,
    *,
    agents: AgentLike | Sequence[AgentLike] = "scripted",
    world_models: WorldModelLike | Sequence[WorldModelLike] = "exact",
    modes: str | Sequence[str] = ("invisible", "normal"),
    governors: GovernorLike | Sequence[GovernorLike] = "none",
    memory: str = "restart",
    instances: int = 100,
    split: str = "test",
    seed: int = 0,
    seeds: Sequence[int] | None = None,
    format: str = "",
    reliable: float | None = None,
    single: int = 1,
    parallel: int = 1,
    models_file: str | Path | None = None,
    max_usd: float | None = None,
) -> Forecast:
    """What `evaluate` with these arguments would take. A few episodes are played in memory; no language model is asked.

    Raises as `evaluate` before its first episode.
    """
    plan, given = plan_of(
        world, agents=agents, world_models=world_models, modes=modes, governors=governors, memory=memory,
        instances=instances, split=split, seeds=(seed,) if seeds is None else tuple(seeds), format=format, reliable=reliable,
        single=single,
    )  # fmt: skip
    opened = open_all(plan, given, models_file, budget_of(None, max_usd, None))
    try:
        return forecast_of(opened, checked_parallel(parallel))
    finally:
        close_all(opened)


def resume(
    run: str | Path,
    *,
    world: World | None = None,
    agents: Sequence[AgentLike] = (),
    world_models: Sequence[WorldModelLike] = (),
    governors: Sequence[GovernorLike] = (),
    parallel: int = 1,
    runs: str | Path | None = None,
    models_file: str | Path | None = None,
    max_tokens: int | None = None,
    max_usd: float | None = None,
    max_wall_s: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Result:
    """Go on with a run that was stopped or killed; what is missing is played. One that has ended gives its result.

    Args:
        run: its folder or its name, in the folder `runs`.
        world, agents, world_models, governors: what it was begun with, if that was no name.
        max_tokens, max_usd, max_wall_s: new caps on the whole run, what it took before included; None: those it had.
        models_file: where models.toml is, if it has moved. parallel, on_progress: as for `evaluate`.

    Raises:
        RunError: it is no such run, it is damaged, another process writes to it, or its world has changed.
        Otherwise as `evaluate`.
    """
    checked_parallel(parallel)
    folder = find_run(str(run), Path(runs) if runs is not None else runs_root())
    with RunLog.open(folder, write=True) as log:
        about = events.about(log)
        if events.finished(log):
            return result_of(log)
        given = given_of(world, agents, world_models, governors)
        new, had = budget_of(max_tokens, max_usd, max_wall_s), about.caps
        budget = Budget(
            tokens=had.tokens if new.tokens is None else new.tokens,
            micro_usd=had.micro_usd if new.micro_usd is None else new.micro_usd,
            wall_s=had.wall_s if new.wall_s is None else new.wall_s,
        )
        opened = open_all(about.plan, given, models_file or events.models_file(log), budget)
        if (_ids(opened), _fingerprint(opened)) != (about.instances, about.fingerprint):
            close_all(opened)
            raise RunError(
                f"the world '{about.plan.world}' has changed since the run '{log.run_id}' began, so its episodes cannot be "
                "compared any more; start a new run"
            )
        return _work(log, opened, budget, parallel, on_progress)


# --- what both do -----------------------------------------------------------------------------------------------------


def budget_of(max_tokens: int | None, max_usd: float | None, max_wall_s: float | None) -> Budget:
    """The caps. Raises UsageError for what is none."""
    if max_usd is not None and not 0 <= max_usd < 1e9:
        raise UsageError(f"max_usd must be a number of dollars from 0 up, not {max_usd}")
    micro_usd = None if max_usd is None else int(max_usd * 1_000_000 + 1e-6)
    return Budget(tokens=max_tokens, micro_usd=micro_usd, wall_s=max_wall_s)


def checked_parallel(parallel: int) -> int:
    """How many workers. Raises UsageError for less than one."""
    if parallel < 1:
        raise UsageError(f"parallel must be at least 1, not {parallel}")
    return parallel


def open_all(plan: Plan, given: Given, models_file: str | Path | None, budget: Budget) -> Opened:
    """Everything that the plan names, so that what is wrong with it is found before anything is begun."""
    opened = Opened(plan, given, None if models_file is None else Path(models_file).absolute())
    try:
        for cell in plan.cells:
            make = opened.maker(cell.agent)
            opened.scene(cell)
            if budget.micro_usd is not None:
                from journeyman.models import require_price

                for model in models_of(make):
                    require_price(model)
    except BaseException:
        close_all(opened)
        raise
    return opened


def close_all(opened: Opened) -> None:
    """Close the language models of a plan that is not played."""
    for make in opened.makers.values():
        for model in models_of(make):
            model.close()


def _work(
    log: RunLog, opened: Opened, budget: Budget, parallel: int, on_progress: Callable[[Progress], None] | None
) -> Result:
    go_on = f"nothing is lost; go on with: journeyman run resume {log.folder}"
    try:
        from journeyman.foresee.evaluation.engine import Engine

        replayed = replay(log, opened.plan, _ids(opened))
        Engine(log, opened, replayed, budget, parallel, on_progress).run()
    except KeyboardInterrupt:
        raise RunInterrupted(f"stopped; {go_on}") from None
    except (ModelUnavailable, ModelRejected, ReplayMismatch) as error:
        raise type(error)(f"{error}; {go_on}") from error
    except (EpisodeFailed, UsageError) as error:
        if not any(True for _ in log.rows(events.EPISODE, page=1)):
            raise
        raise type(error)(f"{error}; once that is mended, {go_on}") from error
    return result_of(log)


def _about(opened: Opened, budget: Budget) -> events.About:
    models = {model.name: model for make in opened.makers.values() for model in models_of(make)}
    known = tuple(
        {
            "name": name, "sees": model.sees, "max_tokens": model.max_tokens,
            "price": None if model.price is None else msgspec.to_builtins(model.price),
            "settings": msgspec.to_builtins(getattr(model, "spec", {})),
        }
        for name, model in models.items()
    )  # fmt: skip
    return events.About(opened.plan, _ids(opened), _fingerprint(opened), known, budget, _versions())


def _ids(opened: Opened) -> tuple[str, ...]:
    return tuple(instance.id for instance in opened.instances)


def _fingerprint(opened: Opened) -> str:
    """Sixteen hexadecimal digits of the world's words and the first states of its first instances."""
    digest = hashlib.blake2b(repr(opened.about).encode(), digest_size=8)
    for instance in opened.instances[:_LOOKED_AT]:
        opened.world.reset(options={"instance": instance.id})
        digest.update(state_hash(opened.world.snapshot()).encode())
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in ("journeyman", "numpy", "gymnasium"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
