"""How files, verdicts and differences are put into words for a model.

What candidates, verifiers and models have written is data: it stands in a fence longer than any run of backticks inside, or
on one line with whatever would act shown as its escape.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from journeyman.optimize.trial import Trial
from journeyman.report.text import one_line
from journeyman.verify import POLICY, Candidate, InstanceVerdict, Metric, Status

_WORST, _BEST = 8, 2
_METRICS = 40

_MEANING = {
    Status.INFEASIBLE: "it breaks a hard constraint, so it has no score",
    Status.CANDIDATE_ERROR: "it crashed or gave something that is no design, so it has no score",
    Status.TIMEOUT: "it used up its time, so it has no score",
    Status.TAMPERING: "it interfered with its own measurement, so it has no score",
    Status.VERIFIER_ERROR: "it could not be verified, so it has no score",
    Status.INFRASTRUCTURE_ERROR: "the machine failed while it was verified, so it has no score",
}


def fenced(text: str) -> str:
    """`text` in a fence that nothing inside can close."""
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{fence}\n{text}{end}{fence}"


def files_of(candidate: Candidate) -> str:
    """All files, each as `### FILE: path` and a fence. Bytes that are no text are named, not shown."""
    parts = []
    for path, data in candidate.files.items():
        try:
            parts.append(f"### FILE: {path}\n{fenced(data.decode())}")
        except UnicodeDecodeError:
            parts.append(f"(The file `{path}` holds {len(data):,} bytes that are no text.)")
    return "\n\n".join(parts)


def score_of(trial: Trial, unit: str) -> str:
    """Status and score on one line: "ok, 0.4125 m"."""
    return f"{trial.status}, {quantity(trial.score, unit)}" if trial.score is not None else str(trial.status)


def quantity(value: float, unit: str = "") -> str:
    """A number to six digits, with its unit."""
    plain = 1e6 <= abs(value) < 1e12
    return f"{value:.0f} {unit}".rstrip() if plain else f"{value:.6g} {unit}".rstrip()


def verdict_of(trial: Trial, *, maximize: bool, unit: str) -> str:
    """Status, score, the instances from the worst on, and the metrics. No times: they differ between equal candidates."""
    meaning = f" ({_MEANING[trial.status]})" if trial.status in _MEANING else ""
    lines = [f"Status: {trial.status}{meaning}"]
    if trial.score is not None:
        lines.append(f"Score: {quantity(trial.score, unit)}")
    if not POLICY[trial.status].fed_back:
        return "\n".join(lines)
    verdict = trial.verdict
    alike = {v.status for v in verdict.instances} == {trial.status} and trial.score is None
    if len(verdict.instances) > 1 and alike:
        lines.append(f"So are all {len(verdict.instances)} instances.")
    elif len(verdict.instances) > 1:
        lines.append(f"Instances, {len(verdict.instances)} in all, the worst first:")
        lines += _instances(verdict.instances, maximize=maximize, unit=unit)
    elif verdict.instances and verdict.instances[0].objective not in (None, trial.score):
        lines.append(f"Objective: {quantity(verdict.instances[0].objective or 0.0)}")
    if verdict.metrics:
        mean = ", mean over the instances" if len(verdict.instances) > 1 else ""
        lines.append(f"Metrics{mean}:")
        lines += _metrics(verdict.metrics)
    return "\n".join(lines)


def feedback_of(trial: Trial) -> str:
    """The feedback in a fence, or why there is none."""
    if trial.feedback.strip():
        return fenced(trial.feedback)
    return (
        "(The verifier said nothing more.)"
        if POLICY[trial.status].fed_back
        else "(None is given for this status.)"
    )


def difference(old: Candidate, new: Candidate) -> str:
    """What changed, as a unified diff of each file."""
    parts: list[str] = []
    for path in sorted({*old.files, *new.files}):
        if old.files.get(path) == new.files.get(path):
            continue
        a, b = (c.text(path).split("\n") if path in c.files else [] for c in (old, new))
        parts += difflib.unified_diff(a, b, f"{path} (to improve)", f"{path} (last attempt)", lineterm="")
    return "\n".join(parts)


def _instances(instances: Sequence[InstanceVerdict], *, maximize: bool, unit: str) -> list[str]:
    def rank(v: InstanceVerdict) -> tuple[bool, float]:
        return v.score is not None, (v.score or 0.0) * (1 if maximize else -1)

    ordered = sorted(instances, key=rank)
    lines = [f"- {one_line(v.instance, limit=60)}: {_instance(v, unit)}" for v in ordered]
    hidden = len(lines) - _WORST - _BEST
    return [*lines[:_WORST], f"- ({hidden} between)", *lines[-_BEST:]] if hidden > 1 else lines


def _instance(v: InstanceVerdict, unit: str) -> str:
    if v.score is None:
        return str(v.status)
    if v.objective is None or v.objective == v.score:
        return quantity(v.score, unit)
    return f"{quantity(v.score, unit)} (objective {quantity(v.objective)})"


def _metrics(metrics: dict[str, Metric]) -> list[str]:
    named = list(metrics.items())
    lines = [
        f"- {one_line(name, limit=60)}: {quantity(m.value, one_line(m.unit, limit=20))}" for name, m in named
    ]
    return [*lines[:_METRICS], f"- ({len(lines) - _METRICS} more)"] if len(lines) > _METRICS else lines
