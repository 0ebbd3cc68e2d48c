"""What a run would cost, from one measured verification of its seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from journeyman.runlog import runs_root
from journeyman.verify import Task, Verifier, load_task, preflight


@dataclass(frozen=True)
class Forecast:
    """`seconds` is the verification alone, of `evaluations` candidates that take as long as the seed, `parallel` at once.

    A proposer's own time, and tokens and money of one that has any, come on top. None where no cap ends the run.
    """

    task: str
    level: str
    evaluations: int | None
    proposals: int | None
    seed_score: float
    seed_s: float
    seconds: float | None


def forecast(
    task: Task | str | Path,
    *,
    evaluations: int | None = 100,
    proposals: int | None = None,
    parallel: int = 1,
    seeds: int = 1,
    max_wall_s: float | None = None,
    level: str | None = None,
    runs: str | Path | None = None,
) -> Forecast:
    """Make the preflight of `optimize`, which verifies the seed twice, and predict; no run is begun.

    Raises as `optimize` before its first proposal.
    """
    loaded = task if isinstance(task, Task) else load_task(task)
    with Verifier(loaded, level=level) as verifier:
        passed = preflight(loaded, verifier, folder=Path(runs) if runs is not None else runs_root())
        reached = verifier.level
    most = evaluations if evaluations is not None else proposals
    # Three verifications before a run; the seed on dev, and seed and finalist on held-out, which is taken to cost the same.
    seconds = None if most is None else seeds * (3 + most / min(parallel, max(most, 1))) * passed.seconds
    if max_wall_s is not None:
        seconds = max_wall_s * seeds if seconds is None else min(seconds, max_wall_s * seeds)
    assert passed.seed.score is not None
    return Forecast(
        loaded.id, reached, None if evaluations is None else evaluations * seeds,
        None if proposals is None else proposals * seeds, passed.seed.score, passed.seconds, seconds,
    )  # fmt: skip
