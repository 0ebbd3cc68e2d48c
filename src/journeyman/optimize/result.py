"""What came of a run, read from its log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from journeyman.errors import RunError
from journeyman.ledger import Spend
from journeyman.optimize import events
from journeyman.optimize.archive import Archive
from journeyman.optimize.state import NO_PROPOSAL
from journeyman.optimize.trial import SEED, Trial
from journeyman.runlog import RunLog
from journeyman.stats.interval import Interval, t_interval
from journeyman.verify import Verdict


@dataclass(frozen=True)
class Result:
    """What came of a run, as far as it got.

    `best` is the finalist, chosen on dev; it is the seed where nothing beat it. `seed_held_out` and `best_held_out` are
    fresh verdicts on instances that no step of the search saw; None where the task has none or the run has not ended.
    `unknown`: the part of `spent` that is booked at the worst case, because nobody knows what those calls really took.
    `curve`: (evaluations spent, best dev score so far), one entry for the seed and one for each improvement.
    """

    run: Path
    run_id: str
    task: str
    unit: str
    maximize: bool
    reason: str | None
    """Why it ended; None if it can be resumed."""
    seed: Trial
    best: Trial
    seed_held_out: Verdict | None
    best_held_out: Verdict | None
    spent: Spend
    unknown: Spend
    verified: int
    feasible: int
    failed_proposals: int
    repeated: int
    elapsed_s: float
    curve: tuple[tuple[int, float], ...]

    @property
    def feasible_share(self) -> float | None:
        """Share of verified candidates that have a score, 0 to 1; None before the first."""
        return self.feasible / self.verified if self.verified else None

    @property
    def improved(self) -> bool:
        """Whether the finalist is better than the seed where it counts: on held-out if there is one, else on dev."""
        if self.best.index == SEED:
            return False
        if self.seed_held_out is None or self.best_held_out is None:
            return True
        seed, best = self.seed_held_out.score, self.best_held_out.score
        if best is None or seed is None:
            return best is not None
        return best > seed if self.maximize else best < seed


@dataclass(frozen=True)
class Repeats:
    """The same run with several seeds. Intervals are of the finalists' scores, 95 %; None where some run has none."""

    results: tuple[Result, ...]
    seeds: tuple[int, ...]
    dev: Interval | None
    held_out: Interval | None


def repeats_of(results: list[Result], seeds: tuple[int, ...]) -> Repeats:
    """Put several results together."""
    dev = [r.best.score for r in results]
    held_out = [r.best_held_out.score if r.best_held_out else None for r in results]
    return Repeats(tuple(results), seeds, _interval(dev), _interval(held_out))


def _interval(scores: list[float | None]) -> Interval | None:
    present = [score for score in scores if score is not None]
    return t_interval(present) if present and len(present) == len(scores) else None


def has_ended(log: RunLog) -> bool:
    """Whether the last event of the log is the end."""
    last = len(log)
    return last > 0 and next(log.events(after=last - 1)).kind == events.END


def result_of(log: RunLog) -> Result:
    """The result of the run in `log`, which needs neither its task nor its search. The log may be closed afterwards.

    Raises RunError if the run has not even verified its seed.
    """
    archive = Archive(log)
    best_index, spent, unknown, evaluations, elapsed_s = SEED, Spend(), Spend(), 0, 0.0
    verified = feasible = failed = repeated = 0
    curve: list[tuple[int, float]] = []
    reason: str | None = None
    final: tuple[Verdict, Verdict] | None = None
    for event in log.events():
        body, volatile = event.body or {}, event.volatile or {}
        elapsed_s = volatile.get("at_s", elapsed_s)
        if event.kind == events.CANDIDATE:
            archive.add_candidate(body["index"], body["digest"], event.seq)
        elif event.kind == events.VERDICT:
            archive.add_verdict(body["index"], event.seq)
            if body["index"] != SEED and body.get("counts", True):
                verified += 1
                feasible += body["score"] is not None
        elif event.kind == events.SETTLE:
            evaluations += body.get("evaluations", 0)
            amount = Spend(**{k: n for k, n in body.items() if k != "known"})
            spent = spent + amount
            if not body.get("known", True):
                unknown = unknown + amount
        elif event.kind == events.BEST:
            # Stands behind its settlement in one commit, so the evaluation that found it is counted.
            best_index = body["index"]
            curve.append((evaluations, body["score"]))
        elif event.kind == events.FAILED:
            failed += body["kind"] not in NO_PROPOSAL
        elif event.kind == events.REPEATED:
            repeated += 1
        elif event.kind == events.FINAL:
            final = _final(body, volatile)
        elif event.kind == events.END:
            reason = body["reason"]
    if not archive.has_verdict(SEED):
        raise RunError(f"the run in {log.folder} has no result yet: its seed was not verified")
    return Result(
        run=log.folder, run_id=log.run_id, task=log.header["task"], unit=log.header["unit"],
        maximize=log.header["maximize"], reason=reason, seed=read_trial(archive, SEED),
        best=read_trial(archive, best_index), seed_held_out=final[0] if final else None,
        best_held_out=final[1] if final else None, spent=spent, unknown=unknown, verified=verified, feasible=feasible,
        failed_proposals=failed, repeated=repeated, elapsed_s=elapsed_s, curve=tuple(curve),
    )  # fmt: skip


def pictures_of(log: RunLog) -> dict[str, bytes]:
    """Pictures of the finalist by file name, as its task's verifier drew them at the end of the run."""
    for event in log.events(events.PICTURES):
        if event.volatile is not None:
            return {name: log.blob(digest) for name, digest in event.volatile["files"].items()}
    return {}


def read_trial(archive: Archive, index: int) -> Trial:
    """Trial `index`, held in memory."""
    record, verdict = archive.record(index), archive.verdict(index)
    return Trial(
        index, record.digest, verdict.status, verdict.score, record.parents, record.proposer, record.note, record.data,
        record.same_as, source=archive,
    ).held()  # fmt: skip


def _final(body: dict[str, Any], volatile: dict[str, Any]) -> tuple[Verdict, Verdict]:
    said = msgspec.convert(body, events.FinalBody)
    seen = msgspec.convert(volatile, dict[str, events.Measured])
    nothing = events.Measured()
    return (
        events.verdict_of(said.seed, seen.get("seed", nothing)),
        events.verdict_of(said.finalist, seen.get("finalist", nothing)),
    )
