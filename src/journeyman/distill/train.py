"""The trainer, from top to bottom: prompts, rollouts, the teacher's signal, one update, metrics, evaluation, checkpoint.

    result = train(TrainSpec("student", "teacher", "prompts.jsonl", steps=200))
    result = resume(result.run)

A step is a function of the weights, the optimizer's state and its number: whatever is random in it is drawn from a seed of
its own (`seed_of`). So a run that was killed goes on from its last checkpoint, makes the steps after it once more, and the
log, which already has some of them, comes out as if nothing had happened.

What it leaves out: several updates a batch, a value function, a KL term to a reference model, rollouts while training.
"""

from __future__ import annotations

import contextlib
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from journeyman.distill import batches, checkpoint, events, parallel, step_metrics
from journeyman.distill.acting import Acting
from journeyman.distill.check.before import before
from journeyman.distill.check.course import Course
from journeyman.distill.check.figures import Verdict
from journeyman.distill.check.finding import Finding
from journeyman.distill.clock import Clock
from journeyman.distill.data.grade import Grader
from journeyman.distill.grpo import Outcome, outcomes
from journeyman.distill.losses.weights import token_weights
from journeyman.distill.model import LanguageModel
from journeyman.distill.optimizer import adamw, clip, load_state, rate_at, state_of
from journeyman.distill.parallel import autocast
from journeyman.distill.prepare import Kit, check_place, check_unchanged, prepare
from journeyman.distill.recipes.evaluate import response_text
from journeyman.distill.result import TrainResult, result_of
from journeyman.distill.rollout.rollouts import Batch, Rollouts, pack
from journeyman.distill.scores import Scores
from journeyman.distill.step import Step
from journeyman.distill.teacher.signal import HiddenSignal, ServedSignal, Teacher
from journeyman.distill.train_spec import TrainSpec, seed_of
from journeyman.distill.watch import course_of
from journeyman.errors import ModelUnavailable, PreflightFailure, RunInterrupted, TrainingFailed
from journeyman.runlog import RunLog, find_run, new_run_folder, runs_root

Watch = Callable[[Course], Verdict | None]
"""Judges the course of a run so far: a verdict of failure, or None."""

Follow = Callable[[events.Progress], None]


def train(
    spec: TrainSpec,
    *,
    runs: str | Path | None = None,
    student: LanguageModel | None = None,
    teacher: LanguageModel | Teacher | None = None,
    grader: Grader | None = None,
    on_step: Follow | None = None,
    folder: str | Path | None = None,
    watch: Watch | None = None,
    findings: Sequence[Finding] = (),
    check: bool = False,
) -> TrainResult:
    """Train a student as `spec` says, and log the run. Under torchrun every process calls it, and the first one writes.

    Args:
        runs: folder in which the run gets a folder of its own; default $JOURNEYMAN_RUNS, else ./runs.
        student, teacher: models in memory in place of those that the spec names; the student is trained in place.
        grader: in place of the spec's.
        on_step: called after every step, in the first process; must be quick.
        folder: the run's own folder, which must not exist or be empty.
        watch: judges the course every `spec.watch_every` steps.
        findings: what was checked before the run, for its log.
        check: look at the wiring first, in seconds, with the models that are open for the training, and log it.

    Raises:
        PreflightFailure: the wiring is not right; nothing was begun.
        UsageError, DataInvalid, ModelNotFound, ModelUnsuitable: it cannot start; see `prepare`.
        TrainingFailed: several gradients in a row were not finite, or a verdict stopped it.
        ModelUnavailable: a server gave no answer; the run can be resumed.
        RunInterrupted: Ctrl-C; the run can be resumed.
        RunError and its kin: the log or a checkpoint cannot be written.
    """
    with parallel.joined(spec.device) as ranks:
        root = runs_root() if runs is None else Path(runs)
        place = new_run_folder(root, events.VERB) if folder is None else Path(folder)
        if ranks.first:
            check_place(place)
        kit = prepare(spec, ranks, student=student, teacher=teacher, grader=grader)
        log = RunLog.create(place, verb=events.VERB, header=kit.header) if ranks.first else None
        try:
            return _work(kit, log, None, on_step, watch, None if check else findings)
        except PreflightFailure:
            if ranks.first:  # nothing was begun, so nothing is left
                shutil.rmtree(place)
            raise


def resume(
    run: str | Path,
    *,
    student: LanguageModel | None = None,
    teacher: LanguageModel | Teacher | None = None,
    grader: Grader | None = None,
    on_step: Follow | None = None,
    watch: Watch | None = None,
) -> TrainResult:
    """Go on with a run that was stopped or killed, from its last checkpoint. One that has ended gives its result.

    Args:
        run: its folder or its name.
        student: what it was begun with, if that was no name and there is no checkpoint yet.
        teacher, grader, on_step, watch: as for `train`.

    Raises:
        RunError: it is not a training run, or its prompts or models have changed. Otherwise as `train`.
    """
    folder = find_run(str(run), runs_root())
    with RunLog.open(folder) as log:
        spec, header = events.about(log).spec, log.header
        if events.finished(log) is not None:
            return result_of(log)
        saved = [folder / found.folder for found in events.checkpoints(log)]
    last = next((place for place in reversed(saved) if place.is_dir()), None)
    with parallel.joined(spec.device) as ranks:
        kit = prepare(spec, ranks, student=student, teacher=teacher, grader=grader, checkpoint=last)
        check_unchanged(kit, header, student=last is None)
        writer = RunLog.open(folder, write=True) if ranks.first else None
        return _work(kit, writer, last, on_step, watch, ())


def _work(
    kit: Kit, log: RunLog | None, last: Path | None, on_step: Follow | None, watch: Watch | None,
    findings: Sequence[Finding] | None,
) -> TrainResult:  # fmt: skip
    """`_loop`, and what is told to a person when it stops early. Closes the log."""
    folder = kit.ranks.told(log.folder if log is not None else None)
    go_on = f"nothing is lost; go on with: journeyman run resume {folder}"
    with log if log is not None else contextlib.nullcontext():
        try:
            _loop(kit, events.Journal(log), folder, last, on_step, watch, findings)
            kit.ranks.all_of(None)  # all wait until the first has written the end
        except KeyboardInterrupt:
            raise RunInterrupted(f"stopped; {go_on}") from None
        except ModelUnavailable as error:
            raise ModelUnavailable(f"{error}; {go_on}") from error
    with RunLog.open(folder) as written:
        return result_of(written)


def _loop(
    kit: Kit, journal: events.Journal, folder: Path, last: Path | None, on_step: Follow | None, watch: Watch | None,
    findings: Sequence[Finding] | None,
) -> None:  # fmt: skip
    spec, ranks = kit.spec, kit.ranks
    acting = Acting(kit, folder)  # what samples, is evaluated and is saved
    if findings is None:
        findings = before(kit, acting)
    module = Step(kit.student, spec).train()
    if spec.gradient_checkpointing:
        kit.student.base.activation_checkpointing_enable()
    parallel.shard(module, kit.student, ranks)
    optimizer = adamw(module, spec)
    state = checkpoint.State(0)
    if last is not None:
        state, tensors = checkpoint.read(last)
        load_state(optimizer, module, tensors)
    journal.session(state.step)
    for finding in findings:
        journal.write(events.FINDING, finding.name, events.finding_body(finding))
    past = journal.steps(until=state.step)
    scores = Scores(kit, journal)
    if state.step == 0:
        scores.before(acting.after(0))

    for number in range(state.step + 1, kit.steps + 1):
        clock = Clock(ranks.device)
        with clock("rollout"):
            rollouts, asked = acting.after(number - 1).rollouts(number)
            correct = _graded(kit, rollouts, asked)
        seen = step_metrics.View(spec, number, rollouts, correct)
        rate = rate_at(number, kit.steps, spec)
        update = _update(kit, module, optimizer, rollouts, correct, seen, number, rate, clock)
        skipped = 0 if update.made else state.skipped + 1
        state = checkpoint.State(number, skipped)

        every = ranks.all_of(seen if ranks.world == 1 else seen.to_send())
        step = None
        if ranks.first:
            all_seen = step_metrics.together(every)
            step = events.Step(
                number,
                step_metrics.metrics_of(all_seen, update.metrics(rate)),
                all_seen.observer.by_position(spec.bins, spec.sampling.max_tokens),
                update.tokens,
            )
            past.append(step)
            cost = clock.cost()
            journal.write(events.STEP, str(number), step, cost)
            if number == 1 or _due(number, spec.eval_every, kit.steps):
                rows = step_metrics.shown_rows(rollouts, spec.sample_rows)
                shown = step_metrics.sampled_responses(kit.student, rollouts, rows, seen, correct)
                journal.write(events.SAMPLE, str(number), events.Sample(number, shown))
        if skipped > spec.max_skips:
            journal.write(events.FINISHED, "", events.Finished("the gradient is not finite", number))
            raise TrainingFailed(
                f"the gradient was not finite at {skipped} steps in a row, the last of them step {number}; use a smaller "
                f"learning rate than {spec.lr:g}, or see what `journeyman distill check` says of the pair ({folder})"
            )
        verdict = None
        if watch is not None and ranks.first and spec.watch_every and number % spec.watch_every == 0:
            verdict = watch({**course_of(past), **scores.course(number)})
            if verdict is not None:
                journal.write(events.VERDICT, str(number), events.verdict_body(verdict))
        verdict = ranks.told(verdict)
        stops = verdict is not None and spec.on_failure == "stop"
        evaluated = None
        if _due(number, spec.eval_every, kit.steps) or stops:
            evaluated = scores.after(number, acting.after(number))
        if _due(number, spec.save_every, kit.steps) or stops:
            moments = state_of(optimizer, module)
            student = acting.after(number).model
            if ranks.first and (events.CHECKPOINT, str(number)) not in journal:
                saved = checkpoint.write(folder, state, student, moments, spec.keep_last)
                journal.write(events.CHECKPOINT, str(number), saved)
        if on_step is not None and step is not None:
            on_step(events.Progress(step, kit.steps, cost, evaluated))
        if verdict is not None and stops:
            journal.write(events.FINISHED, "", events.Finished(f"stopped on the verdict {verdict.name}", number))
            remedy = f" Repair it with: {verdict.remedy}" if verdict.remedy else ""
            raise TrainingFailed(f"{verdict.sentence} Stopped after step {number} ({folder}).{remedy}")
    journal.write(events.FINISHED, "", events.Finished("all steps are done", kit.steps))


def _graded(kit: Kit, rollouts: Rollouts, asked: Sequence[int]) -> list[bool | None]:
    """Whether each response is right; None without a grader or a known answer."""
    grade, answers = kit.grader, [kit.prompts[at].answer for at in asked]
    if grade is None:
        return [None] * len(answers)
    return [
        None if answer is None else grade(response_text(kit.student, rollouts.response(row)), answer)
        for row, answer in enumerate(answers)
    ]


@dataclass(frozen=True)
class _Updated:
    """The loss and norm of an update over all processes, the student's mass on the loss's token set, tokens trained on."""

    loss: float
    norm: float
    mass: float | None
    tokens: int
    made: bool

    def metrics(self, rate: float) -> dict[str, float]:
        found = {"loss": self.loss, "gradient/norm": self.norm, "lr": rate, "update/skipped": float(not self.made)}
        return found if self.mass is None else {**found, "mass/on_set": self.mass}


def _signals(
    kit: Kit, rollouts: Rollouts, correct: Sequence[bool | None]
) -> Callable[[Batch, slice], HiddenSignal | ServedSignal | Outcome]:
    """What trains the tokens of a pass, given the batch and its place among the step's tokens: teacher or outcome."""
    teacher = kit.teacher
    if teacher is not None:
        return lambda batch, some: teacher.signal(batch)
    outcome = outcomes(rollouts, correct, kit.spec.grpo)
    return lambda batch, some: outcome.part(some)


def _update(
    kit: Kit, module: Step, optimizer: torch.optim.Optimizer, rollouts: Rollouts, correct: Sequence[bool | None],
    seen: step_metrics.View, number: int, rate: float, clock: Clock,
) -> _Updated:  # fmt: skip
    """One optimizer step on the whole batch, in passes whose losses and gradients add up to the whole's."""
    spec, ranks = kit.spec, kit.ranks
    own_tokens = int(rollouts.lengths.sum())
    tokens, sequences = (int(n) for n in ranks.total([own_tokens, len(rollouts)]))
    weights = token_weights(
        rollouts.lengths, spec.loss.aggregation, tokens=tokens, sequences=sequences, horizon=spec.sampling.max_tokens
    )
    lengths = batches.sequence_lengths(rollouts)
    most = max(ranks.all_of(len(batches.passes(lengths, spec.tokens_per_micro_batch))))
    signals = _signals(kit, rollouts, correct)
    ends = [0, *rollouts.lengths.cumsum(0).tolist()]
    loss, mass, on_set = 0.0, 0.0, 0
    # Dropout is the one thing that draws from torch's own generator; it gets a seed for the length of the update.
    with torch.random.fork_rng([ranks.device] if ranks.device != "cpu" else []):
        torch.manual_seed(seed_of(spec.seed, "dropout", number, ranks.rank))
        for rows in batches.passes(lengths, spec.tokens_per_micro_batch, at_least=most):
            batch = pack(rollouts, kit.student.pad_id, rows)
            some = slice(ends[rows.start], ends[rows.stop])
            with clock("teacher"), torch.no_grad(), autocast(ranks, spec):
                signal = signals(batch, some)
            with clock("update"):
                with autocast(ranks, spec):
                    part = module(batch, signal, weights[some], seen.part(rows, signal))
                # FSDP2 takes the mean over processes, and the denominators are global already.
                (part.loss * ranks.world).backward()
                loss += float(part.loss.detach())
                if part.mass_student is not None:
                    mass, on_set = mass + float(part.mass_student.sum()), on_set + len(part.mass_student)
    with clock("update"):
        norm = clip(module.parameters(), spec.clip_norm)
        made = math.isfinite(norm)
        if made:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    loss, mass, counted = ranks.total([loss, mass, on_set])
    return _Updated(loss, norm, mass / counted if counted else None, tokens, made)


def _due(number: int, every: int, steps: int) -> bool:
    return number == steps or (every > 0 and number % every == 0)
