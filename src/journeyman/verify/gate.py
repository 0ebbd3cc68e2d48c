"""The admission gate: what a task must show before its scores are believed.

The checks follow the twelve that a contractor's gate for this kind of task asks for (seed, repeatability, head-room,
controls, totality, isolation, pins, documents, markers, ladder, hygiene) and add the anchors, the splits, and the cheats of
`forgeries`, run inside the task itself.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from journeyman.errors import JourneymanError, PreflightFailure, TaskError
from journeyman.verify.candidate import Candidate, read_candidate
from journeyman.verify.designs import has_designs, reference_candidate
from journeyman.verify.environment import task_versions
from journeyman.verify.forgeries import forgeries
from journeyman.verify.readiness import empty_candidate, repeats_itself
from journeyman.verify.region import START, fixed_text
from journeyman.verify.task import DEV, HELD_OUT, Instance, Task, load_task
from journeyman.verify.verdict import POLICY, Status, Verdict
from journeyman.verify.verifier import Verifier

NOT_APPLICABLE = None

REFERENCE_TOLERANCE = 1e-6
"""Relative difference allowed between a stored design's objective and its anchor: simulators differ a little by machine."""


class Check(msgspec.Struct, frozen=True):
    """One check: `passed` is None where the task gives no occasion for it, and `detail` says what was seen."""

    name: str
    passed: bool | None
    detail: str


class GateReport(msgspec.Struct, frozen=True):
    """All checks of a task, in order. `level` is the isolation they ran at, `wall_s` how long they took."""

    task: str
    level: str
    checks: tuple[Check, ...]
    wall_s: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(check.passed is not False for check in self.checks)


class Control(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[control]]` of gate/gate.toml: a candidate whose verdict is known beforehand.

    It is the file `file` of the gate's folder, or else the seed after `edits`: pairs of a text that stands in it exactly
    once and what takes its place.
    """

    name: str
    expect: Status
    file: str = ""
    edits: tuple[tuple[str, str], ...] = ()
    min_score: float | None = None
    max_score: float | None = None

    def candidate(self, task: Task) -> Candidate:
        """The candidate itself. Raises CandidateInvalid, or TaskError for an edit that does not fit."""
        if self.file:
            return read_candidate(task.folder / "gate" / self.file, task.main)
        text = task.seed.text(task.main)
        for old, new in self.edits:
            if text.count(old) != 1:
                raise TaskError(
                    f"the edit {old[:60]!r} of control {self.name!r} stands {text.count(old)} times in the seed, not once"
                )
            text = text.replace(old, new)
        return task.seed.replace(task.main, text)


class _GateFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    control: tuple[Control, ...] = ()


REQUIRED_CONTROLS = ("oracle", "infeasible", "near_infeasible", "malformed", "crashing", "two_faced")


def check_task(
    task: Task | str | Path, *, level: str | None = None, on_check: Callable[[Check], None] | None = None
) -> GateReport:
    """Run the gate on a task. `on_check` is called with each check as it ends.

    Raises TaskError or NoSandbox where the task cannot be read or run at all; all else is in the report.
    """
    loaded = task if isinstance(task, Task) else load_task(task)
    checks: list[Check] = []
    began = time.perf_counter()
    with Verifier(loaded, level=level) as verifier:
        for check in _checks(loaded, verifier):
            checks.append(check)
            if on_check is not None:
                on_check(check)
        return GateReport(loaded.id, verifier.level, tuple(checks), time.perf_counter() - began)


def read_controls(task: Task) -> tuple[Control, ...]:
    """The controls of gate/gate.toml; none if the file is absent. Raises TaskError."""
    path = task.folder / "gate" / "gate.toml"
    if not path.is_file():
        return ()
    try:
        return msgspec.toml.decode(path.read_bytes(), type=_GateFile).control
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise TaskError(f"{path} cannot be used: {error}") from error


def control_candidate(task: Task, name: str) -> Candidate:
    """The candidate of the control called `name`. Raises TaskError if there is none."""
    for control in read_controls(task):
        if control.name == name:
            return control.candidate(task)
    raise TaskError(f"task {task.id!r} has no control {name!r}")


def _checks(task: Task, verifier: Verifier) -> Iterator[Check]:
    seed = _verdict(verifier, task.seed)
    yield Check("seed is feasible", seed.ok, _said(seed))
    if not seed.ok:
        return
    yield _repeats(task, verifier, seed)
    yield from _held_out(task, verifier)
    yield _anchors(task)
    yield _reference(task, verifier)
    yield from _controls(task, verifier, seed)
    yield _empty(task, verifier)
    yield from _forged(task, verifier, seed)
    yield from _edited_outside(task, verifier)
    yield _documents(task)
    yield _markers(task)
    yield _pins(task)
    yield _hygiene(task)


def _repeats(task: Task, verifier: Verifier, seed: Verdict) -> Check:
    again = _verdict(verifier, task.seed)
    try:
        repeats_itself(task, seed, again)
    except PreflightFailure as failure:
        return Check("verifier repeats itself", False, str(failure))
    noise = f"within its declared noise of {task.file.verifier.noise:.2%}" if task.noisy else "bit for bit"
    same = task.noisy or [v.objective for v in seed.instances] == [v.objective for v in again.instances]
    return Check(
        "verifier repeats itself",
        same,
        f"two verdicts on the seed agree {noise}" if same else "objectives differ",
    )


def _held_out(task: Task, verifier: Verifier) -> Iterator[Check]:
    if not task.has_held_out:
        yield Check(
            "held-out split", NOT_APPLICABLE, "none: a result on this task is a result on what was optimised"
        )
        return
    dev = {msgspec.json.encode(i.public, order="sorted") for i in task.instances(DEV)}
    shared = [
        i.name for i in task.instances(HELD_OUT) if msgspec.json.encode(i.public, order="sorted") in dev
    ]
    alike = task.exchange != "policy" and bool(shared)
    seed = _verdict(verifier, task.seed, HELD_OUT)
    yield Check(
        "held-out split", seed.ok and not alike,
        f"{len(task.instances(HELD_OUT))} instances, seed {_said(seed)}" + (f"; also in dev: {shared}" if alike else ""),
    )  # fmt: skip


def _anchors(task: Task) -> Check:
    instances = task.instances(DEV) + task.instances(HELD_OUT)
    without = [i.name for i in instances if i.anchors is None]
    if task.file.scale == "ratio":
        return Check("anchors", NOT_APPLICABLE, "the objective is itself a ratio to a reference")
    if len(without) == len(instances):
        return Check("anchors", NOT_APPLICABLE, "none: scores are in physical units")
    if without:
        return Check("anchors", False, f"no anchors at {', '.join(without[:4])}")
    return Check(
        "anchors", True, f"two frozen numbers at each of {len(instances)} instances, in the right order"
    )


def _reference(task: Task, verifier: Verifier) -> Check:
    name = "reference's designs"
    if not has_designs(task):
        return Check(name, NOT_APPLICABLE, "none stored: the reference anchors rest on what task.toml says of them")
    try:
        candidate = reference_candidate(task)
    except JourneymanError as error:
        return Check(name, False, str(error))
    verdict = _verdict(verifier, candidate, anywhere=True)
    if not verdict.ok:
        return Check(name, False, f"a stored design has no score: {_said(verdict)}")
    for instance, found in zip(task.instances(DEV), verdict.instances, strict=True):
        anchor = instance.anchors.reference if instance.anchors else math.nan
        reached = math.nan if found.objective is None else found.objective
        if not math.isclose(reached, anchor, rel_tol=REFERENCE_TOLERANCE):
            return Check(name, False, f"the design of {instance.name!r} reaches {reached:.9g}, its anchor is {anchor:.9g}")
    return Check(name, True, f"each of {len(verdict.instances)} reaches its reference anchor")


def _controls(task: Task, verifier: Verifier, seed: Verdict) -> Iterator[Check]:
    controls = read_controls(task)
    scores = {seed.score}
    for control in controls:
        try:
            verdict = _verdict(verifier, control.candidate(task))
        except JourneymanError as error:
            yield Check(f"control {control.name}", False, str(error))
            continue
        scores.add(verdict.score)
        yield _judge(control, verdict)
    named = {control.name for control in controls}
    missing = [name for name in REQUIRED_CONTROLS if name not in named]
    # A user's own task may pass without them, and is told; a built-in one has them all (a test sees to it).
    yield Check(
        "control set",
        NOT_APPLICABLE if missing else True,
        f"missing: {', '.join(missing)}" if missing else "complete",
    )
    above = sorted(
        s for s in scores if s is not None and seed.score is not None and task.better(s, seed.score)
    )
    ladder = f"{len(above)} distinct scores above the seed: {', '.join(f'{s:.4g}' for s in above)}"
    yield Check(
        "ladder", bool(above) if controls else NOT_APPLICABLE, ladder if controls else "no controls to climb"
    )


def _judge(control: Control, verdict: Verdict) -> Check:
    name, said = f"control {control.name}", _said(verdict)
    if verdict.status is not control.expect:
        return Check(name, False, f"expected {control.expect.value}, was {said}")
    if control.min_score is not None and (verdict.score is None or verdict.score < control.min_score):
        return Check(name, False, f"expected a score of at least {control.min_score:g}, was {said}")
    if control.max_score is not None and (verdict.score is None or verdict.score > control.max_score):
        return Check(name, False, f"expected a score of at most {control.max_score:g}, was {said}")
    return Check(name, True, said)


def _empty(task: Task, verifier: Verifier) -> Check:
    verdict = _verdict(verifier, empty_candidate(task))
    return Check("empty candidate", not verdict.ok and _candidates_fault(verdict), _said(verdict))


def _forged(task: Task, verifier: Verifier, seed: Verdict) -> Iterator[Check]:
    open_house = verifier.level.startswith("none")
    quick = task.instances(DEV)[:1]
    plain = seed.instances[0]
    for forgery in forgeries(task):
        name = f"cheat: {forgery.name}"
        if forgery.needs_walls and open_house:
            yield Check(name, NOT_APPLICABLE, "not tried without isolation")
            continue
        verdict = _verdict(verifier, forgery.candidate, only=quick, anywhere=True)
        same = verdict.ok and (verdict.instances[0].objective == plain.objective or task.noisy)
        refused = not verdict.ok and _candidates_fault(verdict)
        passed = {"seed's score": same, "refused": refused, "no gain": same or refused}[forgery.expect]
        said = _said(verdict) if not same else "scored as the seed is"
        yield Check(name, passed, said if passed else f"expected: {forgery.expect}; was {_said(verdict)}")


def _edited_outside(task: Task, verifier: Verifier) -> Iterator[Check]:
    text = task.seed.text(task.main)
    if fixed_text(text) is not None:
        verdict = _verdict(verifier, task.seed.replace(task.main, text + "\n"), only=task.instances(DEV)[:1])
        caught = verdict.status is Status.CANDIDATE_ERROR
        yield Check("cheat: edits outside the editable region", caught, _said(verdict))


def _documents(task: Task) -> Check:
    if len(task.statement.split()) < 80:
        return Check(
            "statement",
            False,
            f"statement.md has {len(task.statement.split())} words; a proposer needs the whole brief",
        )
    lacking = [
        what
        for what, there in (("sources", task.file.sources), ("review", task.file.review.reviewer))
        if not there
    ]
    words = f"{len(task.statement.split())} words"
    return Check(
        "statement",
        True,
        f"{words}; task.toml names no {' or '.join(lacking)}"
        if lacking
        else f"{words}, sources and reviewer named",
    )


def _markers(task: Task) -> Check:
    marked = any(START.encode() in data for data in task.seed.files.values())
    if task.exchange == "file":
        return Check("editable region", NOT_APPLICABLE, "the whole design file")
    return Check(
        "editable region",
        True if marked else NOT_APPLICABLE,
        "marked; the rest is checked" if marked else "the whole program",
    )


def _pins(task: Task) -> Check:
    try:
        versions = task_versions(task)
    except JourneymanError as error:
        return Check("packages", False, str(error))
    return Check(
        "packages", True, ", ".join(f"{n} {v}" for n, v in versions.items()) or "standard library only"
    )


_SECRET = re.compile(
    rb"(sk-[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{30,}|-----BEGIN [A-Z ]*PRIVATE KEY-----)"
)
_HOME = re.compile(rb"(/home/[a-z]|/Users/[A-Za-z]|/root/|[A-Z]:\\\\Users)")


def _hygiene(task: Task) -> Check:
    for path in sorted(task.folder.rglob("*")):
        if path.is_symlink():
            return Check("no secrets, paths or links", False, f"{path.name} is a link")
        if path.is_file() and "__pycache__" not in path.parts and path.stat().st_size < 2**22:
            found = _SECRET.search(path.read_bytes()) or (
                path.suffix != ".md" and _in_task(path) and _HOME.search(path.read_bytes())
            )
            if found:
                return Check(
                    "no secrets, paths or links", False, f"{path.name} contains {found[0][:12].decode()}…"
                )
    return Check("no secrets, paths or links", True, "none found")


def _in_task(path: Path) -> bool:
    # Controls try to read such paths on purpose.
    return "gate" not in path.parts


def _candidates_fault(verdict: Verdict) -> bool:
    return verdict.status in (Status.INFEASIBLE, Status.CANDIDATE_ERROR, Status.TIMEOUT)


def _verdict(verifier: Verifier, candidate: Candidate, split: str = DEV, *, only: tuple[Instance, ...] = (),
             anywhere: bool = False) -> Verdict:  # fmt: skip
    verdict = verifier.evaluate(candidate, split=split, instances=only, anywhere=anywhere)
    if POLICY[verdict.status].retried:
        verdict = verifier.evaluate(candidate, split=split, instances=only, anywhere=anywhere)
    return verdict


def _said(verdict: Verdict) -> str:
    if verdict.score is not None:
        return f"{verdict.status.value}, score {verdict.score:.6g}"
    # Of the instance that decided.
    feedback = next((v.feedback for v in verdict.instances if v.status is verdict.status), verdict.feedback)
    return f"{verdict.status.value}: {' '.join(feedback.split())[:160]}"
