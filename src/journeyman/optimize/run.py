"""Start a run, or go on with one."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, overload

import msgspec

from journeyman.errors import RunError, RunInterrupted, UsageError
from journeyman.optimize import events
from journeyman.optimize.brief import comparison
from journeyman.optimize.deadline import deadline_of
from journeyman.optimize.engine import Engine, Verifies
from journeyman.optimize.plan import Plan
from journeyman.optimize.progress import Progress
from journeyman.optimize.propose import make_proposer
from journeyman.optimize.propose.base import Proposer
from journeyman.optimize.result import Repeats, Result, has_ended, repeats_of, result_of
from journeyman.optimize.search import make_search
from journeyman.optimize.search.base import Search
from journeyman.runlog import RunLog, find_run, new_run_folder, runs_root
from journeyman.verify import Task, Verifier, load_task, preflight

VERB = "optimize"

Follow = Callable[[Progress], None]


@overload
def optimize(
    task: Task | str | Path,
    *,
    search: str | Search = ...,
    proposer: str | Proposer = ...,
    evaluations: int | None = ...,
    proposals: int | None = ...,
    parallel: int = ...,
    seed: int = ...,
    seeds: None = ...,
    until: str | None = ...,
    max_wall_s: float | None = ...,
    level: str | None = ...,
    runs: str | Path | None = ...,
    on_progress: Follow | None = ...,
    width: int | None = ...,
    depth: int | None = ...,
    command: str | Sequence[str] | None = ...,
    verifier: Verifies | None = ...,
    cache: bool = ...,
) -> Result: ...


@overload
def optimize(
    task: Task | str | Path,
    *,
    search: str = ...,
    proposer: str = ...,
    evaluations: int | None = ...,
    proposals: int | None = ...,
    parallel: int = ...,
    seed: int = ...,
    seeds: int | Sequence[int],
    until: str | None = ...,
    max_wall_s: float | None = ...,
    level: str | None = ...,
    runs: str | Path | None = ...,
    on_progress: Follow | None = ...,
    width: int | None = ...,
    depth: int | None = ...,
    command: str | Sequence[str] | None = ...,
    verifier: Verifies | None = ...,
    cache: bool = ...,
) -> Repeats: ...


def optimize(
    task: Task | str | Path,
    *,
    search: str | Search = "chains",
    proposer: str | Proposer = "numeric",
    evaluations: int | None = 100,
    proposals: int | None = None,
    parallel: int = 1,
    seed: int = 0,
    seeds: int | Sequence[int] | None = None,
    until: str | None = None,
    max_wall_s: float | None = None,
    level: str | None = None,
    runs: str | Path | None = None,
    on_progress: Follow | None = None,
    width: int | None = None,
    depth: int | None = None,
    command: str | Sequence[str] | None = None,
    verifier: Verifies | None = None,
    cache: bool = True,
) -> Result | Repeats:
    """Improve the seed of a task under an exact budget, and measure the outcome on instances the search never saw.

    Args:
        task: a built-in task's name, a task folder, or a loaded task.
        search: what is improved next: a name of `SEARCHES` or a `Search`.
        proposer: who makes candidates: a name of `PROPOSERS` or a `Proposer`.
        evaluations: how many candidates may be verified, each on the whole dev split; the seed is not counted. None: no
            cap (then `proposals`, `until` or `max_wall_s` must end the run).
        proposals: how often the proposer may be asked; default twice `evaluations` plus 20. A failed proposal and one that
            repeats an earlier candidate cost a proposal and no evaluation.
        parallel: how many verifications run at once. With 1, two runs with the same seed are equal.
        seed: of all randomness of search and proposer.
        seeds: several runs, one for each seed: a number (from `seed` upwards) or the seeds themselves.
        until: time of day, "07:00", at which nothing new is started.
        max_wall_s: seconds of work, sittings added up, after which nothing new is started.
        level: isolation level of candidates; None: the best this host has.
        runs: folder in which the run gets a folder of its own; default $JOURNEYMAN_RUNS, else ./runs.
        on_progress: called after every step, from the engine's thread; must be quick.
        width, depth: of `chains`.
        command: the program of the proposer "command": a command line or a list of arguments.
        verifier: to be used in place of the task's own; the caller closes it, and no preflight is made.
        cache: take verdicts on candidates that any earlier run verified. They are charged all the same.

    Returns:
        a Result, or for `seeds` a Repeats.

    Raises:
        UsageError, TaskError: the call or the task is wrong.
        PreflightFailure: the seed or the verifier does not hold, or there is no room.
        VerifierFailure: the verifier broke while the run worked; it can be resumed.
        RunInterrupted: Ctrl-C; the run can be resumed.
    """
    loaded = task if isinstance(task, Task) else load_task(task)
    if parallel < 1:
        raise UsageError(f"parallel must be at least 1, not {parallel}")
    if evaluations is None and proposals is None and until is None and max_wall_s is None:
        raise UsageError("a run needs an end: give evaluations, proposals, until or max_wall_s")
    options = _search_options(search, width, depth)
    proposer_options = {} if command is None else {"command": command}
    if seeds is not None and not (isinstance(search, str) and isinstance(proposer, str)):
        raise UsageError("several seeds need search and proposer by name: each run has its own")
    searches = search if isinstance(search, str) else type(search).__name__
    proposers = proposer if isinstance(proposer, str) else proposer.name
    chosen = (seed,) if seeds is None else _seeds(seed, seeds)
    deadline = deadline_of(until, datetime.now().astimezone())
    root = Path(runs) if runs is not None else runs_root()
    # Made before anything is started, so that a wrong name or option costs nothing.
    made_search = make_search(search, comparison(loaded), options) if isinstance(search, str) else search
    made_proposer = (
        make_proposer(proposer, loaded, proposer_options) if isinstance(proposer, str) else proposer
    )
    results: list[Result] = []
    with _verifier(loaded, verifier, parallel, level, cache) as judge:
        if isinstance(judge, Verifier):
            preflight(loaded, judge, folder=root)
        for number, one_seed in enumerate(chosen):
            if number > 0:
                assert isinstance(search, str)
                assert isinstance(proposer, str)
                made_search = make_search(search, comparison(loaded), options)
                made_proposer = make_proposer(proposer, loaded, proposer_options)
            plan = Plan(one_seed, parallel, evaluations, proposals)
            header = {
                "task": loaded.id,
                "task_digest": loaded.digest,
                "unit": loaded.score_unit,
                "maximize": loaded.better(1.0, 0.0),
                "search": {"name": searches, "options": options, "given": not isinstance(search, str)},
                "proposer": {
                    "name": proposers,
                    "options": proposer_options,
                    "given": not isinstance(proposer, str),
                },
                "plan": msgspec.to_builtins(plan),
                "until": until,
                "max_wall_s": max_wall_s,
                "level": level,
            }
            with RunLog.create(new_run_folder(root, VERB), verb=VERB, header=header) as log:
                engine = Engine(
                    log, loaded, judge, made_search, made_proposer, plan, wall_s=max_wall_s, deadline=deadline,
                    on_progress=on_progress,
                )  # fmt: skip
                results.append(_work(engine, log))
    return results[0] if seeds is None else repeats_of(results, chosen)


def resume(
    run: str | Path,
    *,
    on_progress: Follow | None = None,
    search: Search | None = None,
    proposer: Proposer | None = None,
    verifier: Verifies | None = None,
    task: Task | str | Path | None = None,
    cache: bool = True,
) -> Result:
    """Go on with a run that was stopped or killed, as if nothing had happened. One that has ended gives its result.

    Args:
        run: its folder or its name.
        search, proposer: what the run was begun with, if it was not given by name.
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
        loaded = task if isinstance(task, Task) else load_task(task or _task_folder(log))
        if loaded.digest != header["task_digest"]:
            raise RunError(
                f"the task {header['task']!r} has changed since the run {log.run_id!r} began, so its verdicts cannot be "
                "compared any more; start a new run"
            )
        plan = msgspec.convert(header["plan"], Plan)
        if search is None:
            _by_name(header, "search")
            search = make_search(header["search"]["name"], comparison(loaded), header["search"]["options"])
        if proposer is None:
            _by_name(header, "proposer")
            proposer = make_proposer(header["proposer"]["name"], loaded, header["proposer"]["options"])
        waiting = _Late(lambda: _verifier(loaded, verifier, plan.parallel, header["level"], cache))
        with waiting:
            engine = Engine(
                log,
                loaded,
                waiting,
                search,
                proposer,
                plan,
                wall_s=header["max_wall_s"],
                on_progress=on_progress,
            )
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
        raise RunInterrupted(
            f"stopped after {spent} evaluations, nothing is lost; go on with: journeyman run resume {log.folder}"
        ) from None
    return result_of(log)


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


def _search_options(search: str | Search, width: int | None, depth: int | None) -> dict[str, Any]:
    options: dict[str, Any] = {k: v for k, v in (("width", width), ("depth", depth)) if v is not None}
    if options and not isinstance(search, str):
        raise UsageError("width and depth belong to a search given by name; set them on the search itself")
    return options


def _seeds(first: int, seeds: int | Sequence[int]) -> tuple[int, ...]:
    chosen = tuple(range(first, first + seeds)) if isinstance(seeds, int) else tuple(seeds)
    if not chosen:
        raise UsageError(f"seeds must name at least one seed, not {seeds!r}")
    return chosen


def _task_folder(log: RunLog) -> Path:
    for event in log.events(events.SESSION):
        if event.volatile and Path(event.volatile["task"]).is_dir():
            return Path(event.volatile["task"])
    raise RunError(f"the folder of task {log.header['task']!r} is gone; say where it is now with 'task'")


def _by_name(header: Mapping[str, Any], part: str) -> None:
    if header[part]["given"]:
        raise UsageError(
            f"this run was begun with a {part} of its own ({header[part]['name']}); give it to resume()"
        )
