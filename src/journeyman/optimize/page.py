"""The page of a run: from its log to what `journeyman.report.page` shows."""

from __future__ import annotations

import difflib
import time

import msgspec

from journeyman.optimize import events
from journeyman.optimize.result import Result, result_of
from journeyman.optimize.trial import SEED
from journeyman.report.figure import Curve, draw_best_so_far
from journeyman.report.number import NONE, alike, duration, number, signed
from journeyman.report.page import Page
from journeyman.report.table import Table
from journeyman.runlog import RunLog
from journeyman.verify import Candidate


def page_of(log: RunLog) -> Page:
    """The page of the run in `log`, as far as it got. Raises RunError if its seed was not verified yet."""
    result = result_of(log)
    direction = "maximize" if result.maximize else "minimize"
    scores = _scores(log)
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(log.created))
    label = f"score [{result.unit}]" if result.unit else "score"
    return Page(
        title=f"{result.task}: {_headline(result)}",
        subtitle=f"Run {result.run_id}, begun {begun}. {_ended(result)}",
        facts=_facts(result),
        tables=(_splits(result), _instances(result), _faults(log)),
        figure=draw_best_so_far([Curve("best so far", scores)], direction=direction, score_label=label),  # type: ignore[arg-type]
        figure_caption=(
            f"Score on dev after each of {len(scores) - 1} evaluations; dots are the candidates that have one. "
            "Candidates far from the best are outside the picture."
        ),
        diff="" if result.best.index == SEED else difference(result.seed.candidate, result.best.candidate),
        footer="Journeyman. This page is one file: it needs no network and runs no script.",
    )


def difference(old: Candidate, new: Candidate) -> str:
    """All files of two candidates in the unified format."""
    lines: list[str] = []
    for path in sorted({*old.files, *new.files}):
        before = old.text(path).splitlines() if path in old.files else []
        after = new.text(path).splitlines() if path in new.files else []
        lines += difflib.unified_diff(before, after, f"seed/{path}", f"best/{path}", lineterm="")
    return "\n".join(lines)


def _scores(log: RunLog) -> list[float | None]:
    """Scores in the order their verdicts came, the seed's first."""
    bodies = (msgspec.convert(event.body, events.VerdictBody) for event in log.events(events.VERDICT))
    return [body.score for body in bodies if body.counts]


def _headline(result: Result) -> str:
    if result.best.index == SEED:
        return "nothing beat the seed"
    unit = f" {result.unit}" if result.unit else ""
    seed, best = alike([result.seed.score, result.best.score])
    return f"{seed} → {best}{unit} on dev"


def _ended(result: Result) -> str:
    return f"Ended: {result.reason}." if result.reason else "Not ended: the numbers are those so far."


def _facts(result: Result) -> list[tuple[str, str]]:
    share = result.feasible_share
    facts = [
        ("best on dev", number(result.best.score)),
        ("best on held-out", number(result.best_held_out.score) if result.best_held_out else NONE),
        ("evaluations", str(result.spent.evaluations)),
        ("feasible", NONE if share is None else f"{100 * share:.0f} %"),
        ("proposals that failed", str(result.failed_proposals)),
        ("time", duration(result.elapsed_s)),
        ("isolation", result.best.verdict.level),
    ]
    if result.spent.tokens:
        facts.append(("tokens", str(result.spent.tokens)))
    if result.spent.micro_usd:
        facts.append(("money", f"${result.spent.micro_usd / 1e6:.2f}"))
    return facts


def _splits(result: Result) -> Table:
    sign = 1.0 if result.maximize else -1.0
    rows = []
    for name, seed, best in (
        ("dev", result.seed.verdict, result.best.verdict),
        ("held-out", result.seed_held_out, result.best_held_out),
    ):
        if seed is not None and best is not None:
            gain = None if seed.score is None or best.score is None else sign * (best.score - seed.score)
            shown = alike([seed.score, best.score])
            said = (text if v.ok else v.status.value for text, v in zip(shown, (seed, best), strict=True))
            rows.append((name, *said, signed(gain)))
    note = "" if len(rows) > 1 else "No held-out verdict: this says how well the very problem of the search was solved."
    columns = ("split", "seed", "best", "gain (+ is better)")
    return Table(columns, rows, title="Seed and best design", numbers=frozenset(columns[1:]), note=note)


def _instances(result: Result) -> Table:
    """The finalist on every instance, held-out ones last."""
    verdicts = [v for v in (result.best.verdict, result.best_held_out) if v is not None]
    names = list(dict.fromkeys(name for v in verdicts for i in v.instances for name in i.metrics))[:3]
    # Without anchors the score is the objective, and one column says it.
    anchored = any(i.score != i.objective for v in verdicts for i in v.instances)
    rows = [
        (
            v.split, i.instance, i.status.value, number(i.score), *([number(i.objective)] if anchored else []),
            *(number(i.metrics[n].value) if n in i.metrics else NONE for n in names),
        )
        for v in verdicts
        for i in v.instances
    ]  # fmt: skip
    units = {n: i.metrics[n].unit for v in verdicts for i in v.instances for n in names if n in i.metrics}
    measured = [f"{n} [{units[n]}]" if units.get(n) else n for n in names]
    columns = ("split", "instance", "status", "score", *(["objective"] if anchored else []), *measured)
    return Table(columns, rows, title="The best design on every instance", numbers=frozenset(columns[3:]))


def _faults(log: RunLog) -> Table:
    """How the candidates and proposals of the run ended, by kind."""
    counts: dict[str, int] = {}
    for event in log.events(events.VERDICT):
        body = event.body or {}
        if body.get("counts", True) and body["index"] != SEED:
            counts[body["status"]] = counts.get(body["status"], 0) + 1
    for event in log.events(events.FAILED):
        kind = f"no candidate: {(event.body or {})['kind']}"
        counts[kind] = counts.get(kind, 0) + 1
    repeated = sum(1 for _ in log.events(events.REPEATED))
    if repeated:
        counts["an earlier candidate again"] = repeated
    rows = [(kind, str(count)) for kind, count in sorted(counts.items(), key=lambda item: -item[1])]
    return Table(("ended as", "count"), rows, title="What became of the proposals", numbers=frozenset({"count"}))
