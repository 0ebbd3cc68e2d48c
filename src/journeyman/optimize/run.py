"""Start a run, or go on with one."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import msgspec

from journeyman.errors import (
    ModelRejected,
    ModelUnavailable,
    ReplayMismatch,
    RunError,
    RunInterrupted,
    UsageError,
)
from journeyman.optimize import events
from journeyman.optimize.deadline import deadline_of
from journeyman.optimize.engine import Engine, Verifies
from journeyman.optimize.kit import Given, Kit, begin, make_kit, micro_usd
from journeyman.optimize.plan import Plan
from journeyman.optimize.progress import Progress
from journeyman.optimize.propose.base import Proposer
from journeyman.optimize.result import Repeats, Result, has_ended, repeats_of, result_of
from journeyman.optimize.search.base import Search
from journeyman.runlog import RunLog, find_run, new_run_folder, runs_root
from journeyman.verify import Task, Verifier, load_task, preflight

if TYPE_CHECKING:
    from journeyman.models import Model

VERB = "optimize"

Follow = Callable[[Progress], None]


@overload
def optimize(
    task: Task | str | Path,
    *,
    search: str | Search = ...,
    search_options: Mapping[str, Any] | None = ...,
    proposer: str | Proposer | None = ...,
    model: str | Model | Sequence[str] | Sequence[Model] | None = ...,
    models_file: str | Path | None = ...,
    evaluations: int | None = ...,
    proposals: int | None = ...,
    tokens: int | None = ...,
    max_usd: float | None = ...,
    parallel: int = ...,
    calls: int | None = ...,
    seed: int = ...,
    seeds: None = ...,
    until: str | None = ...,
    max_wall_s: float | None = ...,
    level: str | None = ...,
    runs: str | Path | None = ...,
    on_progress: Follow | None = ...,
    proposer_options: Mapping[str, Any] | None = ...,
    verifier: Verifies | None = ...,
    cache: bool = ...,
) -> Result: ...


@overload
def optimize(
    task: Task | str | Path,
    *,
    search: str = ...,
    search_options: Mapping[str, Any] | None = ...,
    proposer: str | None = ...,
    model: str | Sequence[str] | None = ...,
    models_file: str | Path | None = ...,
    evaluations: int | None = ...,
    proposals: int | None = ...,
    tokens: int | None = ...,
    max_usd: float | None = ...,
    parallel: int = ...,
    calls: int | None = ...,
    seed: int = ...,
    seeds: int | Sequence[int],
    until: str | None = ...,
    max_wall_s: float | None = ...,
    level: str | None = ...,
    runs: str | Path | None = ...,
    on_progress: Follow | None = ...,
    proposer_options: Mapping[str, Any] | None = ...,
    verifier: Verifies | None = ...,
    cache: bool = ...,
) -> Repeats: ...


def optimize(
    task: Task | str | Path,
    *,
    search: str | Search = "chains",
    search_options: Mapping[str, Any] | None = None,
    proposer: str | Proposer | None = None,
    model: str | Model | Sequence[str] | Sequence[Model] | None = None,
    models_file: str | Path | None = None,
    evaluations: int | None = 100,
    proposals: int | None = None,
    tokens: int | None = None,
    max_usd: float | None = None,
    parallel: int = 1,
    calls: int | None = None,
    seed: int = 0,
    seeds: int | Sequence[int] | None = None,
    until: str | None = None,
    max_wall_s: float | None = None,
    level: str | None = None,
    runs: str | Path | None = None,
    on_progress: Follow | None = None,
    proposer_options: Mapping[str, Any] | None = None,
    verifier: Verifies | None = None,
    cache: bool = True,
) -> Result | Repeats:
    """Improve the seed of a task under an exact budget, and measure the outcome on instances the search never saw.

    Args:
        task: a built-in task's name, a task folder, or a loaded task.
        search: what is improved next: a name of `SEARCHES` or a `Search`.
        search_options: options of a search given by name, such as {"width": 4} for "chains".
        proposer: who makes candidates: a name of `PROPOSERS` or a `Proposer`; default "model" where a model is given,
            "mixed" where several are, else "numeric".
        model: the language model, or several for the proposer "mixed": names as `journeyman.models.open_model` takes them,
            "replay/RUN" for the recorded answers of an earlier run, or a `Model`, which the caller closes.
        models_file: where models.toml is; default $JOURNEYMAN_MODELS, ./models.toml, ~/.config/journeyman/models.toml.
        evaluations: how many candidates may be verified, each on the whole dev split; the seed is not counted. None: no
            cap (then `proposals`, `until` or `max_wall_s` must end the run).
        proposals: how often the proposer may be asked; default twice `evaluations` plus 20. A failed proposal and one that
            repeats an earlier candidate cost a proposal and no evaluation.
        tokens: how many tokens models may read and write in all. The worst case of a call is set aside before it is made.
        max_usd: what models may cost in US dollars, likewise. Each needs a price then.
        parallel: how many verifications run at once. With 1, two runs with the same seed are equal.
        calls: how many proposals that wait (for a model, for a program) are made at once; default one with `parallel` 1,
            else two for each lane.
        seed: of all randomness of search and proposer.
        seeds: several runs, one for each seed: a number (from `seed` upwards) or the seeds themselves.
        until: time of day, "07:00", at which nothing new is started.
        max_wall_s: seconds of work, sittings added up, after which nothing new is started.
        level: isolation level of candidates; None: the best this host has.
        runs: folder in which the run gets a folder of its own; default $JOURNEYMAN_RUNS, else ./runs.
        on_progress: called after every step, from the engine's thread; must be quick.
        proposer_options: options of a proposer given by name: {"command": a command line or a list of arguments} for
            "command", {"parts": names of proposers beside the models} for "mixed".
        verifier: to be used in place of the task's own; the caller closes it, and no preflight is made.
        cache: take verdicts on candidates that any earlier run verified. They are charged all the same.

    Returns:
        a Result, or for `seeds` a Repeats.

    Raises:
        UsageError, TaskError: the call or the task is wrong.
        PreflightFailure: the seed or the verifier does not hold, or there is no room.
        ModelNotFound, ModelConfigInvalid: the model cannot be used.
        VerifierFailure, ModelUnavailable, ModelRejected: verifier or model broke while the run worked; it can be resumed.
        RunInterrupted: Ctrl-C; the run can be resumed.
    """
    loaded = task if isinstance(task, Task) else load_task(task)
    if parallel < 1 or (calls is not None and calls < 1):
        raise UsageError(
            f"parallel and calls must be at least 1, not {parallel if calls is None else min(parallel, calls)}"
        )
    if evaluations is None and proposals is None and until is None and max_wall_s is None:
        # Money alone is no end: what is free of charge never reaches its cap.
        raise UsageError("a run needs an end: give evaluations, proposals, until or max_wall_s")
    deadline = deadline_of(until, datetime.now().astimezone())
    root = Path(runs) if runs is not None else runs_root()
    plan = Plan(seed, parallel, evaluations, proposals, tokens, micro_usd(max_usd), calls)
    header, given = begin(
        loaded, plan, root, search=search, search_options=search_options, proposer=proposer,
        proposer_options=proposer_options, model=model, until=until, max_wall_s=max_wall_s, level=level,
    )  # fmt: skip
    if seeds is not None and given != Given():
        raise UsageError("several seeds need search, proposer and model by name: each run has its own")
    file = None if models_file is None else Path(models_file).absolute()
    results: list[Result] = []
    seeded = (seed,) if seeds is None else _seeds(seed, seeds)
    # Made before anything is started, so that a wrong name or option costs nothing.
    kit: Kit | None = make_kit(header, loaded, root, given, models_file=file)
    with _verifier(loaded, verifier, parallel, level, cache) as judge:
        if isinstance(judge, Verifier):
            preflight(loaded, judge, folder=root)
        for one_seed in seeded:
            one_plan = msgspec.structs.replace(plan, seed=one_seed)
            begun = {**header, "plan": msgspec.to_builtins(one_plan)}
            if kit is None or one_seed != seed:
                kit = make_kit(begun, loaded, root, given, models_file=file)
            begun["answering"] = kit.answering()
            with RunLog.create(new_run_folder(root, VERB), verb=VERB, header=begun) as log:
                engine = Engine(
                    log, loaded, judge, kit.search, kit.proposer, one_plan, wall_s=max_wall_s, deadline=deadline,
                    on_progress=on_progress, models=kit.opened, models_file=file,
                )  # fmt: skip
                kit = None
                results.append(_work(engine, log))
    return results[0] if seeds is None else repeats_of(results, seeded)


def resume(
    run: str | Path,
    *,
    on_progress: Follow | None = None,
    search: Search | None = None,
    proposer: Proposer | None = None,
    model: Model | Sequence[Model] | None = None,
    models_file: str | Path | None = None,
    verifier: Verifies | None = None,
    task: Task | str | Path | None = None,
    cache: bool = True,
) -> Result:
    """Go on with a run that was stopped or killed, as if nothing had happened. One that has ended gives its result.

    Args:
        run: its folder or its name.
        search, proposer, model: what the run was begun with, if it was not given by name.
        models_file: where models.toml is, if it has moved.
        task: the task's folder, if it has moved.
        on_progress, verifier, cache: as for `optimize`.

    Raises:
        RunError: there is no such run, it is damaged, another process writes to it, or its task has changed.
        Otherwise as `optimize`.
    """
    folder = find_run(str(run), runs_root())
    with RunLog.open(folder, write=True) as log:
        if log.verb != VERB:
            raise RunError(f"the run {log.run_id!r} is of '{log.verb}', not of '{VERB}'")
        header = log.header
        if has_ended(log):
            return result_of(log)
        loaded = task if isinstance(task, Task) else load_task(task or task_folder(log))
        if loaded.digest != header["task_digest"]:
            raise RunError(
                f"the task {header['task']!r} has changed since the run {log.run_id!r} began, so its verdicts cannot be "
                "compared any more; start a new run"
            )
        plan = msgspec.convert(header["plan"], Plan)
        given = Given(search, proposer, _as_models(model))
        file = Path(models_file).absolute() if models_file is not None else _models_file(log)
        kit = make_kit(header, loaded, folder.parent, given, models_file=file)
        waiting = _Late(lambda: _verifier(loaded, verifier, plan.parallel, header["level"], cache))
        with waiting:
            engine = Engine(
                log, loaded, waiting, kit.search, kit.proposer, plan, wall_s=header["max_wall_s"],
                on_progress=on_progress, models=kit.opened, models_file=file,
            )  # fmt: skip
            return _work(engine, log)


class _Late:
    """A verifier that is started when it is first needed: a run that has ended needs none."""

    def __init__(self, start: Callable[[], contextlib.AbstractContextManager[Verifies]]) -> None:
        self._start = start
        self._lock = threading.Lock()
        self._stack = contextlib.ExitStack()
        self._verifier: Verifies | None = None

    def evaluate(self, candidate: Any, *, split: str = "dev", repeat: int = 0) -> Any:
        """As the verifier's own."""
        with self._lock:
            if self._verifier is None:
                self._verifier = self._stack.enter_context(self._start())
        return self._verifier.evaluate(candidate, split=split, repeat=repeat)

    def draw(self, candidate: Any) -> dict[str, bytes]:
        """As the verifier's own, if it has one."""
        draw = getattr(self._verifier, "draw", None)
        return draw(candidate) if draw is not None else {}

    def __enter__(self) -> None:
        self._stack.__enter__()

    def __exit__(self, *exc: Any) -> None:
        self._stack.__exit__(*exc)


def _work(engine: Engine, log: RunLog) -> Result:
    try:
        _drive(engine)
    except KeyboardInterrupt:
        spent = engine.ledger.spent.evaluations
        raise RunInterrupted(f"stopped after {spent} evaluations, {_go_on(log)}") from None
    except (ModelUnavailable, ModelRejected, ReplayMismatch) as error:
        raise type(error)(f"{error}; {_go_on(log)}") from error
    return result_of(log)


def _go_on(log: RunLog) -> str:
    return f"nothing is lost; go on with: journeyman run resume {log.folder}"


def _drive(engine: Engine) -> None:
    """Run the engine's loop, also where a loop is running already (a notebook): then in a thread of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(engine.run())
        return
    with ThreadPoolExecutor(1, "optimize") as pool:
        working = pool.submit(asyncio.run, engine.run())
        try:
            working.result()
        except KeyboardInterrupt:
            engine.cancel()
            raise


@contextlib.contextmanager
def _verifier(
    task: Task, given: Verifies | None, lanes: int, level: str | None, cache: bool
) -> Iterator[Verifies]:
    """The verifier given, or the task's own, which is closed at the end."""
    if given is not None:
        yield given
        return
    from journeyman.verify.cache import VerdictCache, cache_path

    known = VerdictCache(cache_path()) if cache else None
    try:
        with Verifier(task, lanes=lanes, level=level, cache=known) as verifier:
            yield verifier
    finally:
        if known is not None:
            known.close()


def _as_models(model: Model | Sequence[Model] | None) -> tuple[Model, ...]:
    if model is None:
        return ()
    return tuple(model) if isinstance(model, Sequence) else (model,)


def _seeds(first: int, seeds: int | Sequence[int]) -> tuple[int, ...]:
    chosen = tuple(range(first, first + seeds)) if isinstance(seeds, int) else tuple(seeds)
    if not chosen:
        raise UsageError(f"seeds must name at least one seed, not {seeds!r}")
    return chosen


def task_folder(log: RunLog) -> Path:
    """Where the task of a run is. Raises RunError if its folder is gone."""
    for event in log.events(events.SESSION):
        if event.volatile and Path(event.volatile["task"]).is_dir():
            return Path(event.volatile["task"])
    raise RunError(f"the folder of task {log.header['task']!r} is gone; say where it is now with 'task'")


def _models_file(log: RunLog) -> Path | None:
    """The models.toml named when the run was begun, or resumed last."""
    file = None
    for event in log.events(events.SESSION):
        file = (event.volatile or {}).get("models_file") or file
    return None if file is None else Path(file)
