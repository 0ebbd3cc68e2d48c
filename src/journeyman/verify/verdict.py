"""What a verifier says, and what becomes of it.

A verdict has a status, never a sentinel number: a score exists only where the status is `ok`, and a negative score is an
ordinary one. Whose fault a status is, and so whether it is retried, charged and fed back, stands in one table: `POLICY`.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class Status(enum.StrEnum):
    """How the verification of a candidate ended."""

    OK = "ok"
    INFEASIBLE = "infeasible"
    """The design breaks a hard constraint."""
    CANDIDATE_ERROR = "candidate_error"
    """The candidate crashed, ran out of memory, or gave something that is no design."""
    TIMEOUT = "timeout"
    """The candidate used up its CPU or wall time."""
    TAMPERING = "tampering"
    """Given on proof only."""
    VERIFIER_ERROR = "verifier_error"
    """The verifier raised, hung or contradicted itself."""
    INFRASTRUCTURE_ERROR = "infrastructure_error"
    """The machine, the sandbox or the disk failed."""


class Policy(msgspec.Struct, frozen=True):
    """What a run does about a status."""

    retried: bool
    charged: bool
    fed_back: bool


POLICY: Mapping[Status, Policy] = MappingProxyType(
    {
        Status.OK: Policy(retried=False, charged=True, fed_back=True),
        Status.INFEASIBLE: Policy(retried=False, charged=True, fed_back=True),
        Status.CANDIDATE_ERROR: Policy(retried=False, charged=True, fed_back=True),
        Status.TIMEOUT: Policy(retried=False, charged=True, fed_back=True),
        # What was caught is not told to the proposer: it would be a lesson in not being caught.
        Status.TAMPERING: Policy(retried=False, charged=True, fed_back=False),
        # Charged so that a candidate cannot buy free tries by breaking the verifier.
        Status.VERIFIER_ERROR: Policy(retried=False, charged=True, fed_back=False),
        Status.INFRASTRUCTURE_ERROR: Policy(retried=True, charged=False, fed_back=False),
    }
)


class Metric(msgspec.Struct, frozen=True):
    """A named number of a verdict, with its unit ("" for a pure number)."""

    value: float
    unit: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What a verifier's `score` returns for one instance; made by `feasible`, `infeasible` or `tampered`."""

    status: Status
    objective: float | None = None
    metrics: dict[str, Metric] = {}
    feedback: str = ""
    artifacts: dict[str, bytes] = {}


def feasible(
    objective: float,
    *,
    metrics: Mapping[str, float | Metric] | None = None,
    feedback: str = "",
    artifacts: Mapping[str, bytes] | None = None,
) -> Outcome:
    """The design keeps every hard constraint. `objective` is the one physical quantity, in the task's unit.

    Raises ValueError for an objective or metric that is not finite: that is a fault of the verifier.
    """
    value = float(objective)
    if not math.isfinite(value):
        raise ValueError(f"the objective is {value}; a feasible design has a finite one")
    return Outcome(Status.OK, value, _metrics(metrics), feedback, dict(artifacts or {}))


def infeasible(
    reason: str,
    *,
    metrics: Mapping[str, float | Metric] | None = None,
    feedback: str = "",
    artifacts: Mapping[str, bytes] | None = None,
) -> Outcome:
    """The design breaks a hard constraint; `reason` says which, where and by how much, in one sentence."""
    text = f"{reason}\n{feedback}" if feedback else reason
    return Outcome(Status.INFEASIBLE, None, _metrics(metrics), text, dict(artifacts or {}))


def tampered(proof: str) -> Outcome:
    """The candidate attacked the measurement; `proof` is what was seen. Never given on suspicion."""
    return Outcome(Status.TAMPERING, feedback=proof)


class InstanceVerdict(msgspec.Struct, frozen=True):
    """The verdict on one instance. Seconds are wall and CPU time of the candidate; memory in MB (0.0: not measured)."""

    instance: str
    status: Status
    score: float | None = None
    objective: float | None = None
    metrics: dict[str, Metric] = {}
    feedback: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    memory_mb: float = 0.0


class Verdict(msgspec.Struct, frozen=True):
    """The verdict on one candidate over one split: `ok` only if every instance is; its score is then their mean.

    `level` is the isolation that applied ("plain data": nothing was run). `metrics` are means over instances.
    `wall_s` is the whole verification, `cpu_s` the candidate's CPU time.
    """

    status: Status
    score: float | None
    split: str
    instances: tuple[InstanceVerdict, ...] = ()
    metrics: dict[str, Metric] = {}
    feedback: str = ""
    artifacts: dict[str, bytes] = {}
    level: str = ""
    repeat: int = 0
    cached: bool = False
    wall_s: float = 0.0
    cpu_s: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether there is a score."""
        return self.status is Status.OK


def combine(
    split: str,
    instances: tuple[InstanceVerdict, ...],
    *,
    level: str,
    repeat: int,
    wall_s: float,
    artifacts: dict[str, bytes] | None = None,
) -> Verdict:
    """One verdict from its instances. The worst fault decides: the machine's, then the verifier's, then the candidate's."""
    order = (
        Status.INFRASTRUCTURE_ERROR, Status.VERIFIER_ERROR, Status.TAMPERING,
        Status.TIMEOUT, Status.CANDIDATE_ERROR, Status.INFEASIBLE,
    )  # fmt: skip
    found = {v.status for v in instances}
    status = next((s for s in order if s in found), Status.OK)
    scores = [v.score for v in instances if v.score is not None]
    score = math.fsum(scores) / len(scores) if status is Status.OK and scores else None
    names = dict.fromkeys(name for v in instances for name in v.metrics)
    metrics = {}
    for name in names:
        values = [v.metrics[name] for v in instances if name in v.metrics]
        metrics[name] = Metric(math.fsum(m.value for m in values) / len(values), values[0].unit)
    return Verdict(
        status=status, score=score, split=split, instances=instances, metrics=metrics,
        feedback=_feedback(instances), artifacts=artifacts or {}, level=level, repeat=repeat, wall_s=wall_s,
        cpu_s=math.fsum(v.cpu_s for v in instances),
    )  # fmt: skip


def _feedback(instances: tuple[InstanceVerdict, ...]) -> str:
    # The same fault on every instance is said once.
    lines: dict[str, list[str]] = {}
    for v in instances:
        text = v.feedback.strip()
        if text:
            lines.setdefault(text, []).append(v.instance)
    parts = []
    for text, names in lines.items():
        where = (
            "all instances"
            if len(names) == len(instances) > 1
            else ", ".join(names[:4]) + (" …" if len(names) > 4 else "")
        )
        parts.append(f"{where}: {text}")
    return clip("\n".join(parts), 6000)


def clip(text: str, limit: int) -> str:
    """`text` cut in the middle to at most about `limit` characters."""
    if len(text) <= limit:
        return text
    half = (limit - 40) // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters cut …\n{text[-half:]}"


def _metrics(metrics: Mapping[str, float | Metric] | None) -> dict[str, Metric]:
    named = {}
    for name, value in (metrics or {}).items():
        metric = value if isinstance(value, Metric) else Metric(float(value))
        if not math.isfinite(metric.value):
            raise ValueError(f"the metric {name!r} is {metric.value}; metrics are finite numbers")
        named[name] = metric
    return named
