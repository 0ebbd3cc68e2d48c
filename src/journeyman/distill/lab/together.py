"""Building many models of the lab: one process and one thread each, several at a time, parents before children."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

from journeyman.distill.lab.build import is_built, lab_model
from journeyman.distill.lab.zoo import ZOO, Pretrain, declared

OnBuilt = Callable[[str, Path, int, int], None]
"""on_built(name, folder, models done, models in all)."""


def build_models(
    names: Iterable[str] | None = None, *, jobs: int = 2, cache: Path | None = None, on_built: OnBuilt | None = None
) -> dict[str, Path]:
    """The folders of the models called `names`, by name; None: of all that are declared. What is there is not built again.

    Small models leave a second thread nothing to do, so `jobs` processes with one thread each are the way to use a machine.
    Call it from a program's main module: its processes begin anew and import that.

    Raises as `lab_model`, for the first that fails; those under way are finished, no other is begun.
    """
    wanted = list(ZOO) if names is None else list(dict.fromkeys(names))
    open_ = {name for wish in wanted for name in (wish, *_ancestors(wish)) if not is_built(name, cache=cache)}
    done: dict[str, Path] = {name: lab_model(name, cache=cache) for name in wanted if name not in open_}
    total = len(done) + len(open_)
    if not open_:
        return {name: done[name] for name in wanted}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_one_thread) as pool:
        running: dict[Future[Path], str] = {}
        while open_ or running:
            unmade = open_ | set(running.values())
            ready = [name for name in ZOO if name in open_ and not unmade & set(_ancestors(name))]
            for name in ready[: jobs - len(running)]:
                open_.discard(name)
                running[pool.submit(lab_model, name, cache=cache)] = name
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                name = running.pop(future)
                done[name] = future.result()
                if on_built is not None:
                    on_built(name, done[name], len(done), total)
    return {name: done[name] for name in wanted}


def _ancestors(name: str) -> list[str]:
    found = []
    recipe = declared(name).recipe
    while not isinstance(recipe, Pretrain):
        found.append(recipe.parent)
        recipe = declared(recipe.parent).recipe
    return found


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
