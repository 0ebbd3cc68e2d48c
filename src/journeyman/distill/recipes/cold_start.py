"""Cold start: the student first learns to write as the teacher writes, from the teacher's own responses.

    found = cold_start("student", "teacher", read_prompts("prompts.jsonl"), to="cold")
    print(found.command)            # the distillation to run now, on other prompts

Remedy for a pair whose ways of thinking differ (arXiv 2604.13016, section 5.1). The teacher answers prompts; responses
that are cut off, repeat themselves or give no answer are asked for again; the student is fine-tuned on the rest; then
on-policy distillation goes on from there, on *other* prompts, which are written beside it.

What the paper did not control for, `control_rollouts` does: a second student fine-tuned on the same responses for as much
computation as fine-tuning and distillation take together.

The work is kept in a folder, phase by phase: prompts, the teacher's responses as they come, the two students. A call that
was interrupted goes on when it is made again with the same arguments.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from journeyman.distill.check.commands import Names, command
from journeyman.distill.data.dedup import question
from journeyman.distill.data.files import write_whole
from journeyman.distill.data.grade import answer_of
from journeyman.distill.data.grade import grader as grader_of
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.prompts import write_prompts
from journeyman.distill.data.repetition import INCOMPLETE, RULES, rejected_by
from journeyman.distill.data.templates import render, render_all
from journeyman.distill.model import LanguageModel, open_model, same_vocabulary
from journeyman.distill.presets import PAPER_COLD_START, ColdStart
from journeyman.distill.recipes.evaluate import batch_seed, response_text
from journeyman.distill.saving import save
from journeyman.distill.sft import Example, sft
from journeyman.errors import DataInvalid, UsageError

NO_ANSWER = "no_answer"
"""The name under which responses are counted in which the grader finds no answer to look at."""

SETTINGS, RESPONSES, SFT_PROMPTS, OPD_PROMPTS = "settings.json", "responses.jsonl", "prompts-sft.jsonl", "prompts-opd.jsonl"
_SHARE = PAPER_COLD_START.prompts / (PAPER_COLD_START.prompts + PAPER_COLD_START.opd_prompts)

Progress = Callable[[str, int, int], None]
"""on_progress(phase, done, of): phases "responses", "fine-tuning" and "control"."""


@dataclass(frozen=True)
class ColdStarted:
    """What came of a cold start.

    Attributes:
        student: folder of the fine-tuned student. control: of the control, or None.
        prompts: file of the prompts that the distillation is to use; none of them was used here.
        left: how many these are. dropped: how many fell out because they were asked here, too.
        asked: prompts put to the teacher. kept: how many got a response that passed; the rest ran out of attempts.
        rejected: responses each rule rejected, by its name; a response may fall to several.
        tokens: in the kept responses. epochs, control_epochs: passes over them.
        loss: mean of the last tenth of the updates, nats a token; None where that phase was done before.
        command: the distillation to run now.
    """

    student: Path
    control: Path | None
    prompts: Path
    asked: int
    kept: int
    rejected: dict[str, int]
    tokens: int
    epochs: float
    control_epochs: float | None
    loss: float | None
    left: int
    dropped: int
    command: str

    @property
    def sentence(self) -> str:
        """It in words."""
        why = ", ".join(f"{count} {name}" for name, count in self.rejected.items() if count)
        return (
            f"{self.kept} of {self.asked} prompts got a response to learn from ({self.tokens:,} tokens); rejected: "
            f"{why or 'none'}. The student is in {self.student}; {self.left} other prompts are left for the distillation."
        )


def cold_start(
    student: str | Path,
    teacher: str | Path,
    prompts: Sequence[Prompt],
    *,
    to: str | Path,
    others: Sequence[Prompt] | None = None,
    settings: ColdStart = PAPER_COLD_START,
    grader: str = "math",
    template: str = "chat",
    enable_thinking: bool | None = None,
    control_rollouts: int = 0,
    batch: int = 64,
    engine: str = "auto",
    device: str = "cpu",
    bf16: bool = False,
    gradient_checkpointing: bool = False,
    micro_tokens: int = 32_768,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> ColdStarted:
    """Sample the teacher, reject, fine-tune the student, write it as a folder, say how to go on.

    Args:
        student, teacher: folders or hub names; the teacher may be a server's address, which then samples by itself.
        prompts: what the teacher is asked, at most `settings.prompts` of them.
        to: folder of the work; made, or gone on with.
        others: prompts for the distillation; what they share with `prompts` is dropped from them. None: `prompts` are
            shuffled and cut in the paper's proportion, 200 to 30.
        grader: says what an answer looks like. With "math" a response needs a box, as the released rules have it; with
            any other grader that tells what it looks at, an answer that it finds. Whether it is right does not matter.
        template: for the teacher when it answers and for the student when it learns, each with its own chat template.
        control_rollouts: of the distillation that is to follow (steps x prompts a step x rollouts a prompt); a control
            is fine-tuned for the computation of both. 0: no control.
        batch: prompts sampled at a time; part of what decides the responses.
        bf16, gradient_checkpointing, micro_tokens: of the fine-tuning, as `sft` takes them; weights stay float32.

    Raises:
        UsageError: `to` holds a cold start with other arguments; a value out of range.
        DataInvalid: too few prompts, all others asked here, or no response passed.
        ModelNotFound, ModelUnsuitable: a model cannot be opened, or the vocabularies differ.
    """
    folder = Path(to)
    asked, rest, dropped = _parted(prompts, others, settings, seed)
    told = {
        "student": str(student), "teacher": str(teacher), "settings": asdict(settings), "grader": grader,
        "template": template, "enable_thinking": enable_thinking, "batch": batch, "seed": seed,
        "asked": _digest(asked), "rest": _digest(rest),
    }  # fmt: skip
    begun = _begun(folder, told)
    ours = open_model(student, device=device, trainable=True)
    way = _Way(settings, grader, template, enable_thinking, batch, seed, engine, device)

    def begin() -> None:
        if not begun:
            _begin(folder, told, asked, rest)

    answers = _answered(folder / RESPONSES, ours, str(teacher), asked, way, begin, on_progress)
    examples = _examples(ours, asked, answers, way)
    tokens = sum(len(response) for _, response in examples)
    options: dict[str, Any] = {
        "batch": min(settings.batch, len(examples)), "lr": settings.lr, "schedule": settings.schedule,
        "warmup": settings.warmup, "seed": seed, "bf16": bf16,
        "gradient_checkpointing": gradient_checkpointing, "micro_tokens": micro_tokens,
    }  # fmt: skip
    loss = None
    if not (folder / "student").is_dir():
        follow = _following(on_progress, "fine-tuning")
        loss = sft(ours, examples, epochs=settings.epochs, on_step=follow, **options).loss
        save(ours, folder / "student")
    control_epochs = None
    if control_rollouts:
        control_epochs = settings.epochs + distillation_in_epochs(control_rollouts, len(examples))
        if not (folder / "control").is_dir():
            ours = open_model(student, device=device, trainable=True)
            sft(ours, examples, epochs=control_epochs, on_step=_following(on_progress, "control"), **options)
            save(ours, folder / "control")
    longest = max(map(len, render_all(rest or asked, ours, template, enable_thinking=enable_thinking).ids))
    most = max(1, min(settings.sampling.max_tokens, ours.context - longest))
    names = Names(str(folder / "student"), str(teacher), str(folder / OPD_PROMPTS))
    return ColdStarted(
        student=folder / "student", control=folder / "control" if control_rollouts else None, prompts=folder / OPD_PROMPTS,
        asked=len(asked), kept=len(answers.kept), rejected=answers.rejected, tokens=tokens, epochs=settings.epochs,
        control_epochs=control_epochs, loss=loss, left=len(rest), dropped=dropped,
        command=command("train", names, *_options(grader, template, enable_thinking, most)),
    )  # fmt: skip


def distillation_in_epochs(rollouts: int, examples: int) -> float:
    """Epochs of fine-tuning on `examples` responses that cost what distilling `rollouts` responses of the same length does.

    Per parameter and token a forward pass counts 2 operations and a training step 6. Fine-tuning takes 6; distillation
    samples (2), trains (6) and has a teacher of the student's own size score (2). A larger teacher's share is not made up
    for: it is the price of having it.
    """
    if rollouts < 0 or examples < 1:
        raise UsageError(f"{rollouts} rollouts and {examples} examples; there is at least one example, and no debt")
    return rollouts / examples * (2 + 6 + 2) / 6


# --- prompts --------------------------------------------------------------------------------------------------------


def _parted(
    prompts: Sequence[Prompt], others: Sequence[Prompt] | None, settings: ColdStart, seed: int
) -> tuple[list[Prompt], list[Prompt], int]:
    """Prompts for the teacher, prompts for the distillation, and how many of these fell out as shared."""
    unlike = list({question(prompt): prompt for prompt in prompts}.values())
    if others is None:
        random.Random(seed).shuffle(unlike)
        cut = min(settings.prompts, round(_SHARE * len(unlike)))
        asked, rest = unlike[:cut], unlike[cut:]
    else:
        asked, rest = unlike[: settings.prompts], list(others)
    if not asked or not rest:
        raise DataInvalid(
            f"{len(prompts)} prompts leave {len(asked)} for the teacher's responses and {len(rest)} for the distillation; "
            "both need some, so give more of them"
        )
    known = {question(prompt) for prompt in asked}
    left = [prompt for prompt in rest if question(prompt) not in known]
    if not left:
        raise DataInvalid(
            f"all {len(rest)} prompts for the distillation are among those put to the teacher; it needs other ones"
        )
    return asked, left[: settings.opd_prompts], len(rest) - len(left)


def _begun(folder: Path, told: dict[str, Any]) -> bool:
    """Whether this very call was begun in the folder. Raises UsageError if it was another one."""
    if not (folder / SETTINGS).is_file():
        return False
    if (folder / SETTINGS).read_text(encoding="utf-8") != _text(told):
        raise UsageError(f"{folder} holds a cold start with other models, prompts or settings; name another folder")
    return True


def _begin(folder: Path, told: dict[str, Any], asked: Sequence[Prompt], rest: Sequence[Prompt]) -> None:
    """Make the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_prompts(folder / SFT_PROMPTS, asked)
    write_prompts(folder / OPD_PROMPTS, rest)
    write_whole(folder / SETTINGS, _text(told).encode())


def _text(told: dict[str, Any]) -> str:
    return json.dumps(told, indent=2, sort_keys=True) + "\n"


# --- the teacher's responses ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Answers:
    """`kept`: place of a prompt -> token ids of the response that passed. `rejected`: how many fell to each rule."""

    kept: dict[int, list[int]]
    rejected: dict[str, int]


@dataclass(frozen=True)
class _Way:
    """How the teacher is asked: the arguments of `cold_start` that decide it."""

    settings: ColdStart
    grader: str
    template: str
    enable_thinking: bool | None
    batch: int
    seed: int
    engine: str
    device: str


def _answered(
    path: Path, ours: LanguageModel, teacher: str, asked: Sequence[Prompt], way: _Way, begin: Callable[[], None],
    on_progress: Progress | None,
) -> _Answers:  # fmt: skip
    """Ask until every prompt has a response that passes or no attempt is left. Batches on disk are not made again.

    `begin` makes the folder once the teacher has answered, so that models which cannot be used leave nothing behind.
    """
    done = _whole_lines(path)
    ask: Callable[[list[int], int], list[dict[str, Any]]] | None = None
    kept: dict[int, list[int]] = {}
    counts: Counter[str] = Counter()
    for attempt in range(way.settings.attempts):
        open_slots = [slot for slot in range(len(asked)) if slot not in kept]
        for start in range(0, len(open_slots), way.batch):
            if done:
                rows = done.pop(0)
            else:
                ask = ask or _asking(ours, teacher, asked, way)
                number = batch_seed(way.seed, attempt * 1_000_000 + start // way.batch)
                rows = ask(open_slots[start : start + way.batch], number)
                if not path.exists():
                    begin()
                _append(path, rows)
            for row in rows:
                counts.update(row["rejected"])
                if not row["rejected"]:
                    kept[row["slot"]] = row["ids"]
            if on_progress is not None:
                on_progress("responses", len(kept), len(asked))
    if not kept:
        raise DataInvalid(
            f"none of the teacher's responses to {len(asked)} prompts passed ({dict(counts)}); is the limit of "
            f"{way.settings.sampling.max_tokens} tokens too low, or '{way.grader}' the wrong grader?"
        )
    return _Answers(kept, dict(counts))


def _asking(
    ours: LanguageModel, teacher: str, asked: Sequence[Prompt], way: _Way
) -> Callable[[list[int], int], list[dict[str, Any]]]:
    """The teacher, opened: (places of prompts, seed) -> a row for each, with its response and which rules reject it."""
    from journeyman.distill.rollout.engines import sampler_for

    served = teacher.startswith(("http://", "https://"))
    theirs = ours if served else open_model(teacher, device=way.device)
    same_vocabulary(ours, theirs)
    sampler = sampler_for(theirs, teacher if served else way.engine)
    reasons_of = _judge(way.grader)

    def ask(slots: list[int], seed: int) -> list[dict[str, Any]]:
        prompts = [asked[slot] for slot in slots]
        ids = render_all(prompts, theirs, way.template, enable_thinking=way.enable_thinking).ids
        if len(ids) < len(slots):
            raise DataInvalid(f"a prompt leaves no room in the context of '{theirs.name}'; drop the longest prompts")
        room = min(way.settings.sampling.max_tokens, theirs.context - max(map(len, ids)))
        rollouts = sampler.sample(ids, 1, replace(way.settings.sampling, max_tokens=room), seed)
        responses = [rollouts.response(row) for row in range(len(slots))]
        texts = [response_text(theirs, response) for response in responses]
        finished = [bool(value) for value in rollouts.finished]
        reasons = map(reasons_of, texts, finished)
        return [
            {"slot": slot, "ids": response, "rejected": why}
            for slot, response, why in zip(slots, responses, reasons, strict=True)
        ]

    return ask


def _judge(grader: str) -> Callable[[str, bool], list[str]]:
    """(text, finished) -> names of the rules that reject the response."""
    if grader == "math":
        return lambda text, finished: rejected_by(text) + ([] if finished else [INCOMPLETE])
    grade = grader_of(grader)
    rules = {name: rule for name, rule in RULES.items() if name != "no_box"}
    rules[NO_ANSWER] = lambda text: answer_of(grade, text) is None
    return lambda text, finished: rejected_by(text, rules) + ([] if finished else [INCOMPLETE])


def _examples(ours: LanguageModel, asked: Sequence[Prompt], answers: _Answers, way: _Way) -> list[Example]:
    """As the student will see them: its own chat template, its own end token, nothing too long."""
    made: list[Example] = []
    for slot, response in sorted(answers.kept.items()):
        prompt = render(asked[slot], ours, way.template, enable_thinking=way.enable_thinking)
        ended = response if response[-1] in ours.eos_ids else [*response[:-1], ours.eos_ids[0]]
        if len(prompt) + len(ended) <= min(way.settings.max_tokens, ours.context):
            made.append((prompt, ended))
    if not made:
        longest = min(way.settings.max_tokens, ours.context)
        raise DataInvalid(f"all {len(answers.kept)} responses, with their prompts, are longer than {longest} tokens")
    return made


# --- small things -----------------------------------------------------------------------------------------------------


def _options(grader: str, template: str, enable_thinking: bool | None, max_tokens: int) -> list[str]:
    words = [] if grader == "math" else ["--grader", grader]
    words += [] if template == "chat" else ["--template", template]
    if enable_thinking is not None:
        words.append("--enable-thinking" if enable_thinking else "--no-thinking")
    if max_tokens != PAPER_COLD_START.sampling.max_tokens:
        words += ["--max-tokens", str(max_tokens)]
    return words


def _following(on_progress: Progress | None, phase: str) -> Callable[[Any], None] | None:
    if on_progress is None:
        return None
    told = on_progress
    return lambda step: told(phase, step.step + 1, step.steps)


def _digest(prompts: Sequence[Prompt]) -> str:
    text = json.dumps([(prompt.id, prompt.text, list(map(list, prompt.messages)), prompt.answer) for prompt in prompts])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _whole_lines(path: Path) -> list[list[dict[str, Any]]]:
    """Batches that the file holds; what was cut off in the middle is taken off."""
    if not path.is_file():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return [json.loads(line) for line in whole.splitlines()]


def _append(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps(rows) + "\n")
        out.flush()
        os.fsync(out.fileno())
