"""What was the matter with a run that another trainer made? From its rollouts, its checkpoints and the teacher.

    found = diagnose("outputs/rollouts", student="outputs/checkpoints", teacher="teacher", grader="math")
    print(found.verdict.sentence, found.verdict.remedy)

Rollouts alone tell scores, lengths and, where both log-probabilities were written, how stale they were. With a student they
are scored anew; with checkpoints of several steps each step's rollouts are scored by the weights of that step, so that the
figures are a course; with a teacher the pair is judged as in `check`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from journeyman.distill.check.commands import Names
from journeyman.distill.check.course import SAMPLER_GAP, judge_course
from journeyman.distill.check.figures import PairFigures, Verdict
from journeyman.distill.check.finding import Finding
from journeyman.distill.check.thresholds import THRESHOLDS, Thresholds
from journeyman.distill.check.verdicts import judge
from journeyman.distill.data.grade import Grader
from journeyman.distill.foreign.layout import LaidOut, lay_out
from journeyman.distill.foreign.read import read_foreign
from journeyman.distill.foreign.record import Foreign, Record
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.model import LanguageModel, open_model
from journeyman.distill.teacher.signal import Teacher
from journeyman.errors import DataInvalid

if TYPE_CHECKING:
    from journeyman.distill.check.pair import Observed

SIGMAS = 4.0
POINTS = 4


@dataclass(frozen=True)
class Diagnosis:
    """Attributes:
    source: verl, trl or prime-rl.
    steps: of the run, as far as the files say. responses: how many were read.
    findings: what was looked at in the rollouts.
    figures: of the last step, with the course over all of them.
    verdict: on the run.
    notes: what was passed over, assumed, or could not be known.
    """

    source: str
    steps: tuple[int | None, ...]
    responses: int
    findings: tuple[Finding, ...]
    figures: PairFigures
    verdict: Verdict
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Checkpoint:
    """A Hugging Face folder and the step it was saved after; None for one that stands for all steps."""

    path: Path
    step: int | None


def diagnose(
    rollouts: str | Path,
    student: str | Path | None = None,
    teacher: str | Path | LanguageModel | Teacher | None = None,
    *,
    source: str = "auto",
    grader: str | Grader | None = None,
    spec: LossSpec | None = None,
    rows: int = 64,
    dtype: str = "float32",
    device: str = "cpu",
    seed: int = 0,
    names: Names | None = None,
    thresholds: Thresholds = THRESHOLDS,
    on_progress: Callable[[str], None] | None = None,
) -> Diagnosis:
    """Read a run's rollouts and say what was the matter.

    Args:
        rollouts: a file or folder as verl, TRL or prime-rl write it.
        student: a Hugging Face folder, or a folder of checkpoints named by their step (checkpoint-20, global_step_20,
            step_20, weights inside or under actor/huggingface); None leaves the models out.
        teacher: as in `check`; None leaves the pair unjudged.
        source: which trainer wrote the rollouts, where it cannot be seen.
        grader: grades responses anew, where the files have the right answers.
        spec: temperatures of the run.
        rows: responses of a step that are scored, drawn by `seed`.

    Raises: DataInvalid for files that cannot be read; as `open_model` and the teacher.
    """
    from journeyman.distill.data.grade import grader as grader_named

    say, spec = on_progress or (lambda _: None), spec or LossSpec()
    foreign = read_foreign(rollouts, source)
    folders = [] if student is None else checkpoints(Path(student))
    if names is None:
        kept = (("--grader", grader),) if isinstance(grader, str) else ()
        names = Names(str(folders[-1].path) if folders else "STUDENT", _called(teacher), settings=kept)
    graded = _graded(foreign, grader_named(grader) if isinstance(grader, str) else grader)
    course = _from_files(graded)
    findings, notes = [_stale_in_file(course, thresholds)], list(foreign.notes)
    figures, theirs = PairFigures(), None
    if folders:
        for step, checkpoint in _matched(graded, folders):
            say(f"scoring rollouts of step {step} with {checkpoint.path.name}")
            model = open_model(checkpoint.path, dtype=dtype, device=device)
            laid = lay_out(_drawn(graded.at(step), rows, seed), model)
            notes += [note for note in laid.notes if note not in notes]
            if theirs is None and teacher is not None:
                theirs = _opened(teacher, model, dtype, device)
            seen = None if theirs is None else _scored(model, theirs, laid, spec)
            _extend(course, seen)
        sure = checkpoint.step is not None or step is None
        findings += [_on_policy(model, laid, spec, sure, thresholds), _ends(model, laid, theirs)]
        if seen is not None:
            from journeyman.distill.check.pair import figures_of, top_size

            figures = figures_of(seen, laid.rollouts, top_size(model))
    shares = course.get("score/rollouts")
    figures = replace(
        figures,
        course={name: tuple(values) for name, values in course.items()},
        student_score=shares[-1] if shares else None,
    )
    verdict = _verdict(figures, findings, names, thresholds, judged=theirs is not None)
    return Diagnosis(
        foreign.source, tuple(foreign.steps()), len(foreign.records), tuple(findings), figures, verdict, tuple(notes)
    )


# --- checkpoints ------------------------------------------------------------------------------------------------------


def checkpoints(folder: Path) -> list[Checkpoint]:
    """Hugging Face folders in and under `folder`, by step. Raises DataInvalid where there is none."""
    if not folder.is_dir():
        raise DataInvalid(f"there is no folder {folder}; the student of a run is a folder with a model, or with checkpoints")
    found: dict[int | None, Path] = {}
    for inside in (folder, *sorted(folder.glob("*"))):
        for weights in (inside, inside / "actor" / "huggingface", inside / "huggingface", inside / "weights"):
            if (weights / "config.json").is_file() or (weights / "adapter_config.json").is_file():
                found.setdefault(_step_of(inside.name) if inside != folder else None, weights)
                break
    if not found:
        raise DataInvalid(f"{folder} holds no Hugging Face model, and no checkpoint folder with one in it")
    if None in found:
        return [Checkpoint(found[None], _step_of(folder.name))]
    return [Checkpoint(path, step) for step, path in sorted(found.items(), key=lambda each: each[0] or 0)]


def _step_of(name: str) -> int | None:
    number = re.search(r"(\d+)$", name)
    return int(number.group(1)) if number and re.match(r"(checkpoint|global_step|step)[-_]?\d+$", name) else None


def _matched(foreign: Foreign, folders: Sequence[Checkpoint]) -> list[tuple[int | None, Checkpoint]]:
    """Which step's rollouts each checkpoint scores: those it sampled are the first ones after its step."""
    steps = foreign.steps()
    if len(folders) == 1 or steps == [None]:
        step = folders[-1].step
        exact = [s for s in steps if step is not None and s is not None and s > step]
        return [(exact[0] if exact else steps[-1], folders[-1])]
    pairs: list[tuple[int | None, Checkpoint]] = []
    for checkpoint in folders:
        after = [s for s in steps if s is not None and checkpoint.step is not None and s > checkpoint.step]
        at = [s for s in steps if s == checkpoint.step]
        chosen = after[:1] or at
        if chosen and chosen[0] not in [step for step, _ in pairs]:
            pairs.append((chosen[0], checkpoint))
    return pairs or [(steps[-1], folders[-1])]


# --- from the files alone ---------------------------------------------------------------------------------------------


def _graded(foreign: Foreign, grader: Grader | None) -> Foreign:
    if grader is None:
        return foreign
    records = tuple(
        replace(record, correct=grader(record.response, record.answer))
        if record.answer is not None and record.response
        else record
        for record in foreign.records
    )
    return replace(foreign, records=records)


def _from_files(foreign: Foreign) -> dict[str, list[float]]:
    """The course that needs no model: scores, and the gap of both log-probabilities where they were written."""
    course = _scores(foreign)
    for step in foreign.steps():
        gaps = [_gap(record) for record in foreign.at(step)]
        known = [gap for gap in gaps if gap is not None]
        if known:
            course.setdefault(SAMPLER_GAP, []).append(sum(known) / len(known))
    return course


def _scores(foreign: Foreign) -> dict[str, list[float]]:
    course: dict[str, list[float]] = {}
    for step in foreign.steps():
        right = [record.correct for record in foreign.at(step) if record.correct is not None]
        if right:
            course.setdefault("score/rollouts", []).append(sum(right) / len(right))
    return course


def _gap(record: Record) -> float | None:
    """Mean |difference| of the sampler's and the trainer's log-probabilities of one response."""
    if record.logp is None or record.scored is None or not record.logp:
        return None
    return sum(abs(a - b) for a, b in zip(record.logp, record.scored, strict=True)) / len(record.logp)


def _stale_in_file(course: dict[str, list[float]], limits: Thresholds) -> Finding:
    gaps = course.get(SAMPLER_GAP)
    threshold = f"at most {limits.sampler_gap:g} nats a token between the engine that sampled and the trainer"
    if not gaps:
        return Finding("sampler", None, {}, threshold, "The files do not have both log-probabilities.")
    measured: dict[str, float | str] = {"first": gaps[0], "last": gaps[-1], "largest": max(gaps)}
    if max(gaps) <= limits.sampler_gap:
        return Finding("sampler", True, measured, threshold)
    return Finding(
        "sampler", False, measured, threshold,
        f"The engine that sampled is up to {max(gaps):.3f} nats a token off the trainer: stale weights, or another "
        "precision.",
        "Lower the staleness limit of the trainer, or serve the weights in the dtype that is trained.",
    )  # fmt: skip


# --- with weights -----------------------------------------------------------------------------------------------------


def _drawn(records: Sequence[Record], rows: int, seed: int) -> list[Record]:
    import random

    if len(records) <= rows:
        return list(records)
    return [records[at] for at in sorted(random.Random(seed).sample(range(len(records)), rows))]


def _opened(
    teacher: str | Path | LanguageModel | Teacher, student: LanguageModel, dtype: str, device: str
) -> Teacher:
    from journeyman.distill.teacher.open import open_teacher

    if isinstance(teacher, str | Path | LanguageModel):
        return open_teacher(teacher, dtype=dtype, device=device, student=student)
    return teacher


def _scored(student: LanguageModel, teacher: Teacher, laid: LaidOut, spec: LossSpec) -> Observed:
    from journeyman.distill.check.pair import observe, top_size

    return observe(student, teacher, laid.rollouts, spec, k_metric=top_size(student), gradient=True)


def _extend(course: dict[str, list[float]], seen: Observed | None) -> None:
    for name, value in (seen.metrics if seen is not None else {}).items():
        course.setdefault(name, []).append(value)


def _on_policy(
    student: LanguageModel, laid: LaidOut, spec: LossSpec, of_this_step: bool, limits: Thresholds
) -> Finding:
    """Tokens sampled from p have -log p equal to its entropy on average; older weights or another temperature do not."""
    from journeyman.distill.check.bench import surprise
    from journeyman.distill.rollout.rollouts import pack
    from journeyman.distill.rollout.score import states_of

    batch = pack(laid.rollouts, student.pad_id)
    excess, error = surprise(states_of(student, batch), student.head(), batch, spec.temperature)
    measured: dict[str, float | str] = {"excess": excess, "standard_error": error}
    threshold = f"-log p of the tokens is the entropy, within {limits.sampler_gap:g} nats and {SIGMAS:g} standard errors"
    if not abs(excess) > max(limits.sampler_gap, SIGMAS * error):
        return Finding("on_policy", True, measured, threshold)
    if not of_this_step:
        return Finding(
            "on_policy", None, measured, threshold, "These weights are not known to be those that sampled these rollouts."
        )
    cause = (
        f"The tokens are {excess:.3f} nats less likely than this student's own would be: other weights sampled them."
        if excess > 0
        else f"The tokens are {-excess:.3f} nats likelier than this student's own would be: they were sampled at a lower "
        "temperature, or with a cut-off, which the loss does not know."
    )
    return Finding(
        "on_policy", False, measured, threshold, cause,
        "Hand the engine the weights before every rollout, and sample at the loss's temperature without top-p and top-k.",
    )  # fmt: skip


def _ends(student: LanguageModel, laid: LaidOut, teacher: Teacher | None) -> Finding:
    """Responses end with an end token of the student, and none of the teacher's stands inside of them."""
    from journeyman.distill.check.bench import weights_of

    threshold = "the end tokens of student and teacher are the same"
    model = None if teacher is None else weights_of(teacher)
    rollouts = laid.rollouts
    measured: dict[str, float | str] = {
        "ended": float(rollouts.finished.float().mean()), "student": ", ".join(map(str, student.eos_ids)),
    }  # fmt: skip
    if model is None:
        return Finding("eos", None, measured, threshold, "The teacher's tokenizer is not on this machine.")
    foreign = set(model.eos_ids) - set(student.eos_ids)
    inside = sum(bool(foreign & set(rollouts.response(row))) for row in range(len(rollouts)))
    measured |= {"teacher": ", ".join(map(str, model.eos_ids)), "with_teachers_end_inside": inside}
    if set(model.eos_ids) == set(student.eos_ids):
        return Finding("eos", True, measured, threshold)
    return Finding(
        "eos", False, measured, threshold,
        f"The student ends with {measured['student']}, the teacher with {measured['teacher']}; {inside} of {len(rollouts)} "
        "responses have the teacher's end in them and go on.",
        "Give both the same end tokens: tokenizer.eos_token, and generation_config.eos_token_id as the list of all.",
    )  # fmt: skip


def _called(teacher: object) -> str:
    if teacher is None:
        return "TEACHER"
    return str(teacher) if isinstance(teacher, str | Path) else str(getattr(teacher, "name", "TEACHER"))


def _verdict(
    figures: PairFigures, findings: Sequence[Finding], names: Names, limits: Thresholds, *, judged: bool
) -> Verdict:
    wrong = [finding for finding in findings if finding.passed is False]
    if wrong and wrong[0].name in ("sampler", "on_policy"):
        said = {name: value for name, value in wrong[0].measured.items() if isinstance(value, float)}
        return Verdict("stale_rollouts", wrong[0].cause, said, wrong[0].remedy)
    if wrong:
        return Verdict("undecided", f"The wiring is not right ({wrong[0].name}). {wrong[0].cause}", {}, wrong[0].remedy)
    shown = judge_course(figures.course, names=names, thresholds=limits, values=POINTS)
    if shown is not None:
        return shown
    if judged:
        return judge(replace(figures, course={}), names=names, thresholds=limits)
    return Verdict(
        "undecided",
        "Rollouts alone say nothing against the run; give the student and the teacher for figures of the pair.",
        {},
    )
