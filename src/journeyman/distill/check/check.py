"""Can this student learn from this teacher? The wiring first, then the pair, then a verdict. Nothing is trained.

    report = check("student", "teacher", "prompts.jsonl", grader="math")
    for finding in report.findings: ...
    print(report.verdict.sentence, report.verdict.remedy)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from journeyman.distill.check.bench import prepare, weights_of
from journeyman.distill.check.commands import Names
from journeyman.distill.check.figures import PairFigures, Verdict
from journeyman.distill.check.finding import Finding
from journeyman.distill.check.pair import measure
from journeyman.distill.check.thresholds import THRESHOLDS, Thresholds
from journeyman.distill.check.verdicts import judge
from journeyman.distill.check.wiring import look, no_signal
from journeyman.distill.check.wiring_text import vocabularies
from journeyman.distill.data.grade import Grader
from journeyman.distill.data.grade import grader as grader_named
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.model import LanguageModel, open_model
from journeyman.distill.rollout.sampling import Sampler, Sampling
from journeyman.distill.teacher.signal import Teacher
from journeyman.errors import ModelUnsuitable

LONGEST = 1_024
"""Tokens of a response where the caller does not say, and the contexts allow."""

FATAL = ("vocabulary", "heads", "room", "finite")


@dataclass(frozen=True)
class CheckReport:
    """Attributes:
    findings: of the wiring, in the order in which faults should be mended.
    figures: of the pair; empty where a fault of the wiring makes them meaningless.
    verdict: on the pair; undecided, with the fault's remedy, while the wiring is not right.
    """

    findings: tuple[Finding, ...]
    figures: PairFigures
    verdict: Verdict

    @property
    def wired(self) -> bool:
        """No check of the wiring failed."""
        return not faults(self.findings)


def check(
    student: str | Path | LanguageModel,
    teacher: str | Path | LanguageModel | Teacher,
    prompts: str | Path | Sequence[Prompt],
    *,
    grader: str | Grader | None = None,
    limit: int = 64,
    n: int = 4,
    engine: str = "auto",
    sampler: Sampler | None = None,
    sampling: Sampling | None = None,
    spec: LossSpec | None = None,
    template: str = "chat",
    templates: Sequence[str] = (),
    enable_thinking: bool | None = None,
    depths: Sequence[int] = (),
    second: str | Path | LanguageModel | None = None,
    pair: bool = True,
    gradient: bool = True,
    dtype: str = "float32",
    device: str = "cpu",
    seed: int = 0,
    thresholds: Thresholds = THRESHOLDS,
    on_progress: Callable[[str], None] | None = None,
) -> CheckReport:
    """Check the wiring of a pair, measure it and judge it.

    Args:
        student: a folder, a hub name, or a model in memory.
        teacher: the same, or "http://host:port/v1#name" of a server, or any `Teacher`.
        prompts: a file that `read_prompts` reads, or prompts; the first `limit` are used.
        grader: by name or as a function; with it both are scored, without it no verdict speaks of capability.
        engine, sampler, sampling, spec, template, enable_thinking: as training would use them. Without `sampling`: at the
            loss's temperature, up to 1,024 tokens or what both contexts have room for.
        templates: others to compare with.
        depths: tokens into a response at which the teacher takes over, for its useful depth.
        second: a student that differs by its seed only, for the floor of overlap and divergence.
        pair: False stops after the wiring.
        gradient: measure its norm, which needs memory for a gradient of the whole student.

    Raises: as `open_model`, `open_teacher`, `read_prompts`, `render`, and the engines.
    """
    from journeyman.distill.data.prompts import read_prompts
    from journeyman.distill.data.templates import render_all
    from journeyman.distill.rollout.engines import sampler_for

    say = on_progress or (lambda _: None)
    asked = read_prompts(prompts, limit=limit) if isinstance(prompts, str | Path) else list(prompts)[:limit]
    say("loading the models")
    ours = open_model(student, dtype=dtype, device=device) if isinstance(student, str | Path) else student
    theirs = _open_teacher(teacher, ours, dtype, device)
    own = weights_of(theirs)
    spec = spec or LossSpec()
    settings = settings_of(grader, sampling, spec, template, enable_thinking)
    names = replace(names_of(student, teacher, prompts), settings=settings)
    if own is not None and (first := vocabularies(ours, own)).passed is False:
        return CheckReport((first,), PairFigures(), _verdict(PairFigures(), [first], names, thresholds))
    if sampling is None:
        longest = max(map(len, render_all(asked, ours, template, enable_thinking=enable_thinking).ids))
        room = min(model.context - longest for model in (ours, own) if model is not None)
        sampling = Sampling(spec.temperature, max_tokens=max(1, min(LONGEST, room)))
        if sampling.max_tokens < LONGEST:
            names = replace(names, settings=settings_of(grader, sampling, spec, template, enable_thinking))
    sampler = sampler or sampler_for(ours, engine)
    say("checking the wiring")
    try:
        bench = prepare(
            ours, theirs, asked, sampler=sampler, sampling=sampling, spec=spec, template=template,
            enable_thinking=enable_thinking, seed=seed, limits=thresholds,
        )  # fmt: skip
    except ModelUnsuitable as error:  # a served teacher whose answers are no answers: dropped, filled up, moved
        lost = no_signal(str(error))
        return CheckReport((lost,), PairFigures(), _verdict(PairFigures(), [lost], names, thresholds))
    findings = tuple(look(bench))
    wrong = faults(findings)
    if not pair or any(finding.name in FATAL for finding in wrong):
        return CheckReport(findings, PairFigures(), _verdict(PairFigures(), wrong, names, thresholds))
    other = open_model(second, dtype=dtype, device=device) if isinstance(second, str | Path) else second
    figures = measure(
        ours, theirs, asked, sampler=sampler, sampling=sampling, n=n, spec=spec, template=template, templates=templates,
        enable_thinking=enable_thinking, grader=grader_named(grader) if isinstance(grader, str) else grader, depths=depths,
        teacher_sampler=_sampler_of(theirs, ours), second=other, gradient=gradient, seed=seed, on_progress=say,
    )  # fmt: skip
    return CheckReport(findings, figures, _verdict(figures, wrong, names, thresholds))


def _open_teacher(
    teacher: str | Path | LanguageModel | Teacher, student: LanguageModel, dtype: str, device: str
) -> Teacher:
    """The vocabularies of two local models are compared by a check, not on opening."""
    from journeyman.distill.teacher.in_process import InProcess
    from journeyman.distill.teacher.open import open_teacher

    if isinstance(teacher, str) and teacher.startswith(("http://", "https://")):
        return open_teacher(teacher, dtype=dtype, device=device, student=student)
    if isinstance(teacher, str | Path):
        return InProcess(open_model(teacher, dtype=dtype, device=device))
    return InProcess(teacher) if isinstance(teacher, LanguageModel) else teacher


def _sampler_of(teacher: Teacher, student: LanguageModel) -> Sampler | None:
    """What lets a served teacher answer prompts; none is needed where its weights are here."""
    from journeyman.distill.rollout.served import Served as Answers
    from journeyman.distill.teacher.served import Served

    return Answers(teacher.name, student, server=teacher.server) if isinstance(teacher, Served) else None


def faults(findings: Sequence[Finding]) -> list[Finding]:
    """Those that failed; what could not be looked at is none."""
    return [finding for finding in findings if finding.passed is False]


def _verdict(figures: PairFigures, wrong: Sequence[Finding], names: Names, thresholds: Thresholds) -> Verdict:
    if not wrong:
        return judge(figures, names=names, thresholds=thresholds)
    listed = ", ".join(finding.name for finding in wrong)
    return Verdict(
        "undecided",
        f"The wiring is not right ({listed}), so that figures of the pair mean nothing yet. {wrong[0].cause}",
        {},
        wrong[0].remedy,
    )


def settings_of(
    grader: str | Grader | None, sampling: Sampling | None, spec: LossSpec, template: str, enable_thinking: bool | None
) -> tuple[tuple[str, str], ...]:
    """The call's own options, for the commands that it suggests."""
    found = []
    if isinstance(grader, str) and grader:
        found.append(("--grader", grader))
    if sampling is not None:
        found.append(("--max-tokens", str(sampling.max_tokens)))
    if spec.temperature != 1.0:
        found.append(("--temperature", f"{spec.temperature:g}"))
    if template != "chat":
        found.append(("--template", template))
    if enable_thinking is not None:
        found.append(("--enable-thinking" if enable_thinking else "--no-thinking", ""))
    return tuple(found)


def names_of(
    student: str | Path | LanguageModel,
    teacher: str | Path | LanguageModel | Teacher,
    prompts: str | Path | Sequence[Prompt],
) -> Names:
    """What the pair is called in commands."""
    ours, theirs = (str(part) if isinstance(part, str | Path) else part.name for part in (student, teacher))
    return Names(ours, theirs, str(prompts) if isinstance(prompts, str | Path) else "PROMPTS")
