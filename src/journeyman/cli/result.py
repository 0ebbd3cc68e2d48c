"""Results of runs as a table and as a JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from journeyman.report.number import NONE, alike, duration, number
from journeyman.report.table import Table

if TYPE_CHECKING:
    from journeyman.optimize import Repeats, Result
    from journeyman.stats.interval import Interval
    from journeyman.verify import Verdict

COLUMNS = (
    "task", "dev: seed", "dev: best", "held-out: seed", "held-out: best", "gain", "evaluations", "feasible", "time",
)  # fmt: skip
LONG_UNIT = 8  # characters; a longer unit is said below the table


def result_table(results: Sequence[Result], repeats: Repeats | None = None) -> Table:
    """One row a run; with `repeats` one a seed and a last one with means and 95 % intervals.

    The gain is that on held-out, or on dev where a task has no held-out split; positive is better, whatever the direction.
    """
    labels = [r.task for r in results]
    if repeats is not None:
        labels = [f"{label}, seed {seed}" for label, seed in zip(labels, repeats.seeds, strict=True)]
    rows = [_row(label, result) for label, result in zip(labels, results, strict=True)]
    if repeats is not None and len(results) > 1:
        first = results[0]
        rows.append((
            "mean", number(first.seed.score), _with_interval(repeats.dev),
            number(_score(first.seed_held_out)), _with_interval(repeats.held_out), *[""] * 4,
        ))  # fmt: skip
    return Table(COLUMNS, rows, numbers=frozenset(COLUMNS) - {"task"}, note=_note(results))


def _row(label: str, result: Result) -> tuple[str, ...]:
    unit = f" {result.unit}" if 0 < len(result.unit) <= LONG_UNIT else ""
    gain = gain_of(result)
    shown = [result.seed.score, result.best.score, _score(result.seed_held_out), _score(result.best_held_out)]
    *scores, best_held_out = alike(shown)
    # A finalist that fails on held-out is the result: its status stands where the score would.
    failed = result.best_held_out is not None and not result.best_held_out.ok
    return (
        label,
        *scores,
        result.best_held_out.status.value if failed and result.best_held_out else best_held_out,
        NONE if gain is None else f"{'+' if gain > 0 else ''}{number(gain)}{unit}",
        str(result.spent.evaluations),
        NONE if result.feasible_share is None else f"{100 * result.feasible_share:.0f} %",
        duration(result.elapsed_s),
    )


def _note(results: Sequence[Result]) -> str:
    notes = [
        f"{task}: in {unit}" for task, unit in dict.fromkeys((r.task, r.unit) for r in results) if len(unit) > LONG_UNIT
    ]
    without = dict.fromkeys(r.task for r in results if r.seed_held_out is None and r.reason is not None)
    if without:
        notes.append(f"{', '.join(without)}: no held-out split, the gain is on the very problem that was optimised")
    levels = {r.best.verdict.level for r in results}
    if "none" in levels:
        notes.append("candidates were NOT isolated (level none)")
    for r in results:
        if r.unknown.micro_usd:
            share = f"${r.unknown.micro_usd / 1e6:.2f} of ${r.spent.micro_usd / 1e6:.2f}"
            notes.append(f"{r.task}: {share} is the worst case of calls whose outcome nobody knows")
    if any(r.reason is None for r in results):
        notes.append("not ended yet: held-out is verified at the end")
    return "; ".join(notes)


def gain_of(result: Result) -> float | None:
    """How much better the finalist is than the seed, positive for better; None where either has no score."""
    if result.seed_held_out is not None and result.best_held_out is not None:
        seed, best = result.seed_held_out.score, result.best_held_out.score
    else:
        seed, best = result.seed.score, result.best.score
    if seed is None or best is None:
        return None
    return best - seed if result.maximize else seed - best


def document(result: Result) -> dict[str, Any]:
    """A run's result as plain data."""
    return {
        "run": result.run,
        "run_id": result.run_id,
        "task": result.task,
        "unit": result.unit,
        "direction": "maximize" if result.maximize else "minimize",
        "ended": result.reason,
        "seed": {"dev": result.seed.score, "held_out": _verdict(result.seed_held_out)},
        "best": {
            "index": result.best.index,
            "candidate": result.best.digest,
            "proposer": result.best.proposer,
            "note": result.best.note,
            "dev": result.best.score,
            "held_out": _verdict(result.best_held_out),
            "metrics": result.best.verdict.metrics,
        },
        "gain": gain_of(result),
        "improved": result.improved,
        "level": result.best.verdict.level,
        "evaluations": result.spent.evaluations,
        "proposals": result.spent.proposals,
        "tokens": result.spent.tokens,
        "usd": result.spent.micro_usd / 1e6,
        "usd_unknown": result.unknown.micro_usd / 1e6,
        "feasible_share": result.feasible_share,
        "failed_proposals": result.failed_proposals,
        "repeated": result.repeated,
        "seconds": result.elapsed_s,
        "curve": [{"evaluations": evaluations, "best": best} for evaluations, best in result.curve],
    }


def repeats_document(repeats: Repeats) -> dict[str, Any]:
    """Results of several seeds as plain data; intervals are at 95 %, None where a run has no score."""
    return {
        "seeds": repeats.seeds,
        "dev": repeats.dev,
        "held_out": repeats.held_out,
        "results": [document(result) for result in repeats.results],
    }


def _score(verdict: Verdict | None) -> float | None:
    return verdict.score if verdict is not None else None


def _verdict(verdict: Verdict | None) -> dict[str, Any] | None:
    return None if verdict is None else {"status": verdict.status, "score": verdict.score}


def _with_interval(interval: Interval | None) -> str:
    if interval is None:
        return NONE
    if interval.low is None or interval.high is None:
        return number(interval.mean)
    return f"{number(interval.mean)} [{number(interval.low, digits=3)}, {number(interval.high, digits=3)}]"
