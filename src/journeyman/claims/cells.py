"""Run the cells of a claim: each in a process of its own, several at once, none twice.

A finished cell is kept by what it depends on (claim, arm, seed, models, effort, the code that measures), so a claim that
was stopped goes on, and another figure of the same cells costs nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from journeyman.claims.claim import Cell, Claim, Measured, kind_of
from journeyman.errors import JourneymanError, UsageError

_LOOK_EVERY_S = 0.05


class CellFailed(JourneymanError):
    """A cell of a claim ended without a result; the text has the last line it wrote."""


@dataclass(frozen=True)
class Done:
    """A cell that is finished. `kept`: it was there already; `seconds`: it took now."""

    arm: str
    seed: int
    kept: bool
    seconds: float
    finished: int
    of: int


def cells_of(claim: Claim, seeds: Sequence[int], models: Mapping[str, str], effort: float) -> list[Cell]:
    """All cells, seed by seed, so that a stopped claim has whole repetitions. Raises UsageError for what cannot be run."""
    kind_of(claim, models)
    lacking = [f"--model {role}=NAME" for role in claim.roles if role not in models]
    if models and lacking:
        raise UsageError(f"stand-ins and real models do not go together; claim {claim.id} also needs {' '.join(lacking)}")
    if not 0 < effort <= 1:
        raise UsageError(f"effort is {effort:g}; it is a share of the whole work, above 0 and up to 1")
    if not seeds:
        raise UsageError("a claim needs at least one seed")
    return [Cell(arm, seed, dict(models), effort) for seed in seeds for arm in claim.arms]


def run_cells(
    claim: Claim, cells: Sequence[Cell], *, parallel: int = 1, cache: Path | None = None,
    on_done: Callable[[Done], None] | None = None,
) -> Measured:  # fmt: skip
    """Measure `cells`, `parallel` at once, and return what came out.

    Raises CellFailed where one ends without a result; those that were finished are kept.
    """
    if parallel < 1:
        raise UsageError(f"{parallel} cells at once is none; use 1 or more")
    folder = cache_folder() if cache is None else cache
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[tuple[str, int], Any] = {}
    waiting = []
    for cell in cells:
        known = _kept(folder / f"{key_of(claim, cell)}.json")
        if known is None:
            waiting.append(cell)
            continue
        found[cell.arm.name, cell.seed] = known
        if on_done is not None:
            on_done(Done(cell.arm.name, cell.seed, True, 0.0, len(found), len(cells)))
    threads = max(1, (os.cpu_count() or 1) // parallel)
    running: list[tuple[Cell, subprocess.Popen[bytes], Any, float]] = []
    try:
        while waiting or running:
            while waiting and len(running) < parallel:
                cell = waiting.pop(0)
                running.append((cell, *_start(claim, cell, folder, threads), time.monotonic()))
            for entry in [entry for entry in running if entry[1].poll() is not None]:
                running.remove(entry)
                cell, process, log, begun = entry
                found[cell.arm.name, cell.seed] = _result(claim, cell, folder, process, log)
                if on_done is not None:
                    on_done(
                        Done(cell.arm.name, cell.seed, False, time.monotonic() - begun, len(found), len(cells))
                    )
            time.sleep(_LOOK_EVERY_S)
    finally:
        for _, process, log, _ in running:
            process.terminate()
            process.wait()
            log.close()
    return measured_of(claim, found)


def measured_of(claim: Claim, found: Mapping[tuple[str, int], Any]) -> Measured:
    """Results in the order of the claim's arms and of the seeds."""
    return Measured({
        arm.name: {seed: found[name, seed] for name, seed in sorted(found, key=lambda k: k[1]) if name == arm.name}
        for arm in claim.arms
    })  # fmt: skip


def key_of(claim: Claim, cell: Cell) -> str:
    """SHA-256 of all that a cell's result depends on."""
    parts = {
        "claim": claim.id, "version": claim.version, "arm": cell.arm.name, "settings": dict(cell.arm.settings),
        "seed": cell.seed, "models": dict(cell.models), "effort": cell.effort, "code": inspect.getsource(claim.run),
    }  # fmt: skip
    if claim.stand_ins and not cell.models:
        from journeyman.distill.lab.build import key_of as key_of_model
        from journeyman.distill.lab.zoo import declared

        parts["stand-ins"] = {role: key_of_model(declared(name)) for role, name in claim.stand_ins.items()}
    if claim.rests_on:
        parts["rests on"] = {name: _code_of(name) for name in claim.rests_on}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@cache
def _code_of(folder: str) -> str:
    """SHA-256 of all modules below a folder of this package."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted((root / folder).rglob("*.py")):
        digest.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def cache_folder() -> Path:
    """Where finished cells are kept: $JOURNEYMAN_CACHE, else the user's cache folder."""
    if "JOURNEYMAN_CACHE" in os.environ:
        return Path(os.environ["JOURNEYMAN_CACHE"]) / "claims"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "journeyman" / "claims"


def measure(asked: Mapping[str, Any]) -> None:
    """Measure one cell and keep the result: what the process of a cell does."""
    from journeyman.claims.registry import find_claim

    claim = find_claim(asked["claim"])
    arm = next(arm for arm in claim.arms if arm.name == asked["arm"])
    cell = Cell(arm, asked["seed"], asked["models"], asked["effort"])
    _keep(Path(asked["to"]), dict(claim.run(cell)))


def _start(claim: Claim, cell: Cell, folder: Path, threads: int) -> tuple[subprocess.Popen[bytes], Any]:
    asked = {
        "claim": claim.id, "arm": cell.arm.name, "seed": cell.seed, "models": dict(cell.models), "effort": cell.effort,
        "to": str(folder / f"{key_of(claim, cell)}.json"),
    }  # fmt: skip
    log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by who waits for the process
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"}
    program = "import json, sys; from journeyman.claims.cells import measure; measure(json.loads(sys.argv[1]))"
    process = subprocess.Popen(
        [sys.executable, "-c", program, json.dumps(asked)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        env=environment,
    )  # fmt: skip
    return process, log


def _result(claim: Claim, cell: Cell, folder: Path, process: subprocess.Popen[bytes], log: Any) -> Any:
    with log:
        found = _kept(folder / f"{key_of(claim, cell)}.json") if process.returncode == 0 else None
        if found is None:
            log.seek(0)
            lines = log.read().decode(errors="replace").strip().splitlines()
            said = lines[-1] if lines else f"exit status {process.returncode}"
            raise CellFailed(f"claim {claim.id}, arm {cell.arm.name!r}, seed {cell.seed} gave no result: {said}")
    return found


def _kept(path: Path) -> Any:
    """What is kept at `path`; None where there is nothing, or nothing that can be read."""
    with contextlib.suppress(OSError, ValueError):
        return json.loads(path.read_text("utf-8"))
    return None


def _keep(path: Path, result: Mapping[str, Any]) -> None:
    scratch = path.with_suffix(f".{os.getpid()}.tmp")
    scratch.write_text(json.dumps(result, allow_nan=False), "utf-8")
    scratch.replace(path)
