"""Attribution of a run: failures by the stage that is to blame, successes by what the calls were worth, judges beside.

    found = attribute("last", Wanted(all_subsets=True))
    print(found.shares[0].stages[0].flips)

Nothing of the run is changed; the result is kept beside it in `attribution.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from journeyman.errors import RunError
from journeyman.foresee import events
from journeyman.foresee.attribution.cost import Forecast, forecast_of
from journeyman.foresee.attribution.record import Attribution, write_attribution
from journeyman.foresee.attribution.wanted import Wanted
from journeyman.foresee.attribution.work import Progress, Work
from journeyman.foresee.evaluate import budget_of, checked_parallel, close_all, open_all
from journeyman.foresee.evaluation.plan import AgentLike, Given, GovernorLike, WorldModelLike, given_of
from journeyman.foresee.worlds.world import World
from journeyman.ledger import Budget, Ledger
from journeyman.models import Model, open_model, require_price
from journeyman.runlog import RunLog, find_run, runs_root

Judge = str | Model
ALL = Wanted()
"""Every failure and every success with calls."""


def attribute(
    run: str | Path, wanted: Wanted = ALL, *, judges: Sequence[Judge] = (), world: World | None = None,
    agents: Sequence[AgentLike] = (), world_models: Sequence[WorldModelLike] = (), governors: Sequence[GovernorLike] = (),
    parallel: int = 1, runs: str | Path | None = None, models_file: str | Path | None = None, max_tokens: int | None = None,
    max_usd: float | None = None, on_progress: Callable[[Progress], None] | None = None,
) -> Attribution:  # fmt: skip
    """Attribute the episodes of a run and keep the result beside it.

    What language models were paid for is kept at every end and not asked for again by a later call: verdicts of judges on
    the same question, and replays of agents that do not repeat themselves.

    Args:
        run: its folder or its name, in the folder `runs`.
        judges: names of language models, or models; each labels the same episodes.
        world, agents, world_models, governors: what the run was begun with, if that was no name.
        parallel: threads, for agents that wait for a model or a program, and for judges.
        models_file: where models.toml is, if not where it was for the run.
        max_tokens, max_usd: of all replays and judges together. Where they are used up the rest is left out, and a note
            says so.

    Raises:
        ReplayDiffers: an episode of an agent that should repeat itself came out differently.
        UsageError, RunError and their kin: no such run, cell or model; the world has changed.
        ModelUnavailable, ModelRejected: a language model is gone.
    """
    checked_parallel(parallel)
    budget = budget_of(max_tokens, max_usd, None)
    given = given_of(world, agents, world_models, governors)
    with _opened(run, wanted, runs, judges, given, models_file, budget, parallel, on_progress) as (work, models):
        try:
            work.replay()
            for model in models:
                work.judge(model)
        except BaseException:
            if work.ledger.spent.tokens:
                write_attribution(work.log.folder, work.found(whole=False))
            raise
        found = work.found(whole=True)
        write_attribution(work.log.folder, found)
        return found


def forecast(
    run: str | Path, wanted: Wanted = ALL, *, judges: Sequence[Judge] = (), world: World | None = None,
    agents: Sequence[AgentLike] = (), world_models: Sequence[WorldModelLike] = (), governors: Sequence[GovernorLike] = (),
    runs: str | Path | None = None, models_file: str | Path | None = None,
) -> Forecast:  # fmt: skip
    """What `attribute` with these arguments would take. Nothing is replayed and no model is asked. Raises as it does."""
    given = given_of(world, agents, world_models, governors)
    with _opened(run, wanted, runs, judges, given, models_file, Budget(), 1, None) as (work, models):
        return forecast_of(work, models)


@contextmanager
def _opened(
    run: str | Path, wanted: Wanted, runs: str | Path | None, judges: Sequence[Judge], given: Given,
    models_file: str | Path | None, budget: Budget, parallel: int, on_progress: Callable[[Progress], None] | None,
) -> Iterator[tuple[Work, list[Model]]]:  # fmt: skip
    """The run, ready to be worked on, and the judges."""
    folder = find_run(str(run), Path(runs) if runs is not None else runs_root())
    models: list[Model] = []
    with RunLog.open(folder) as log:
        about = events.about(log)
        file = Path(models_file) if models_file is not None else events.models_file(log)
        opened = open_all(about.plan, given, file, budget)
        try:
            if tuple(instance.id for instance in opened.instances) != about.instances:
                raise RunError(f"the world '{about.plan.world}' has other instances than when '{log.run_id}' was played")
            for one in judges:
                models.append(open_model(one, file=file) if isinstance(one, str) else one)
                if budget.micro_usd is not None:
                    require_price(models[-1])
            yield Work(log, opened, wanted, Ledger(budget), parallel, on_progress or (lambda progress: None)), models
        finally:
            close_all(opened)
            for model in models:
                model.close()
