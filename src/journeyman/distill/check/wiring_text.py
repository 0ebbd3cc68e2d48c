"""Checks of what both models are shown: vocabulary, heads, room, chat template, end tokens, padding."""

from __future__ import annotations

from typing import Any

from journeyman.distill.check.bench import Bench, teacher_logq
from journeyman.distill.check.finding import Finding
from journeyman.distill.data.templates import render
from journeyman.distill.model import LanguageModel, same_vocabulary
from journeyman.distill.rollout.rollouts import pack
from journeyman.errors import JourneymanError, ModelUnsuitable

ONE_ID = "no token with another id"


def vocabulary(bench: Bench) -> Finding:
    """Every token has the same id in both."""
    if bench.teacher_model is None:
        return Finding("vocabulary", None, {}, ONE_ID, "The teacher's tokenizer is not on this machine.")
    return vocabularies(bench.student, bench.teacher_model)


def vocabularies(student: LanguageModel, teacher: LanguageModel) -> Finding:
    """The check `vocabulary` of two models, before anything is sampled."""
    threshold = ONE_ID
    ours, theirs = (model.tokenizer.get_vocab() for model in (student, teacher))
    differing = sum(ours.get(token) != theirs.get(token) for token in ours.keys() | theirs.keys())
    measured: dict[str, float | str] = {"student": len(ours), "teacher": len(theirs), "differing": differing}
    try:
        same_vocabulary(student, teacher)
    except ModelUnsuitable as error:
        return Finding(
            "vocabulary", False, measured, threshold, f"{str(error)[:1].upper()}{str(error)[1:]}.",
            "Take a teacher of the same family, with one tokenizer.",
        )  # fmt: skip
    return Finding("vocabulary", True, measured, threshold)


def heads(bench: Bench) -> Finding:
    """Heads may be padded to different sizes; ids in use must be rows of both, and padded rows get no probability."""
    head = bench.student.head()
    largest = max(int(bench.batch.tokens.max()), max(max(ids) for ids in bench.ids))
    measured: dict[str, float | str] = {
        "largest_id": largest, "student_tokens": head.size, "student_rows": int(head.weight.shape[0]),
    }  # fmt: skip
    limit = head.size
    if bench.teacher_model is not None:
        other = bench.teacher_model.head()
        measured |= {"teacher_tokens": other.size, "teacher_rows": int(other.weight.shape[0])}
        limit = min(limit, other.size)
    threshold = f"every id in use below {limit:,}"
    if largest < limit:
        return Finding("heads", True, measured, threshold)
    return Finding(
        "heads", False, measured, threshold,
        f"Token {largest:,} is in use, but one of the heads has {limit:,} tokens.",
        "Add the missing tokens to that tokenizer and its embeddings, or leave them out of the template.",
    )  # fmt: skip


def room(bench: Bench) -> Finding:
    """Prompt and response fit into both contexts."""
    longest = max(len(ids) for ids in bench.ids)
    needed = longest + bench.sampling.max_tokens
    contexts = {"student": bench.student.context}
    if bench.teacher_model is not None:
        contexts["teacher"] = bench.teacher_model.context
    measured: dict[str, float | str] = {"needed": needed, **contexts}
    name = min(contexts, key=lambda name: contexts[name])
    threshold = "longest prompt and longest response together fit into both contexts"
    if needed <= contexts[name]:
        return Finding("room", True, measured, threshold)
    return Finding(
        "room", False, measured, threshold,
        f"A prompt of {longest:,} and a response of {bench.sampling.max_tokens:,} tokens need {needed:,}; the {name} has "
        f"{contexts[name]:,}.",
        f"Set max_tokens to {max(1, contexts[name] - longest):,} or drop the longest prompts.",
    )  # fmt: skip


def templates(bench: Bench) -> Finding:
    """The chat template opens the assistant's turn, begins a sequence once, and is the teacher's, too."""
    name, model = bench.template, bench.student
    threshold = "the response is asked for, one beginning of sequence, equal to the teacher's rendering"
    begin = getattr(model.tokenizer, "bos_token_id", None)
    doubled = sum(len(ids) > 1 and ids[0] == ids[1] == begin for ids in bench.ids) if begin is not None else 0
    ended = sum(ids[-1] in model.eos_ids for ids in bench.ids) if _has_chat(model) else 0
    measured: dict[str, float | str] = {"template": name, "prompts": len(bench.ids), "doubled_begin": doubled}
    if doubled:
        return Finding(
            "template", False, measured, threshold,
            f"{doubled} of {len(bench.ids)} prompts begin with {model.tokenizer.bos_token!r} twice: from the template, and "
            "again from the tokenizer.",
            "Tokenize a rendered template with add_special_tokens=False.",
        )  # fmt: skip
    if name != "raw" and not _opens_a_turn(model):
        return Finding(
            "template", False, measured, threshold,
            "The chat template comes out the same with and without add_generation_prompt: no assistant's turn is opened.",
            "Give a chat template that ends with the assistant's opening (--template FILE.jinja), or use --template raw.",
        )  # fmt: skip
    measured["ends_in_prompt"] = ended
    if bench.teacher_model is None or name == "raw":
        return Finding("template", True, measured, threshold)
    return _as_the_teacher(bench, measured, threshold)


def _as_the_teacher(bench: Bench, measured: dict[str, float | str], threshold: str) -> Finding:
    assert bench.teacher_model is not None
    try:
        theirs = [
            render(
                prompt, bench.teacher_model, bench.template, enable_thinking=bench.enable_thinking, system=bench.system
            )
            for prompt in bench.prompts
        ]
    except JourneymanError as error:
        return Finding(
            "template", False, measured, threshold,
            f"The teacher's own template does not take these prompts: {error}",
            "Give one template for both (--template FILE.jinja).",
        )  # fmt: skip
    other = sum(list(a) != list(b) for a, b in zip(bench.ids, theirs, strict=True))
    measured["unlike_teachers"] = other
    if not other:
        return Finding("template", True, measured, threshold)
    return Finding(
        "template", False, measured, threshold,
        f"{other} of {len(theirs)} prompts would look different in the teacher's own chat template.",
        "Use the teacher's for both: save its chat template as a file and give it (--template FILE.jinja).",
    )  # fmt: skip


def _has_chat(model: LanguageModel) -> bool:
    return bool(getattr(model.tokenizer, "chat_template", None))


def _opens_a_turn(model: LanguageModel) -> bool:
    if not _has_chat(model):
        return True
    asked = [{"role": "user", "content": "1"}]
    opened, closed = (
        model.tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=flag) for flag in (True, False)
    )
    return bool(opened != closed)


def end_of_sequence(bench: Bench) -> Finding:
    """Both end with the same tokens, the sampler does, the chat template's turn does, and the end is scored."""
    student, teacher = bench.student, bench.teacher_model
    ends, rollouts = set(student.eos_ids), bench.rollouts
    last = [rollouts.response(row)[-1] for row in range(len(rollouts))]
    wrong_ends = sum((token in ends) != bool(done) for token, done in zip(last, rollouts.finished, strict=True))
    inside = sum(bool(ends & set(rollouts.response(row)[:-1])) for row in range(len(rollouts)))
    expected, seen = _expected_ends(bench), int(rollouts.finished.sum())
    measured: dict[str, float | str] = {
        "student": _named(student, student.eos_ids), "ended": seen, "expected": expected, "run_past": inside,
    }  # fmt: skip
    threshold = "equal end tokens; every response that ends does so by one, and it is scored"
    if teacher is not None:
        measured["teacher"] = _named(teacher, teacher.eos_ids)
    _put_teacher_at_end(bench, measured)
    if teacher is not None and set(teacher.eos_ids) != ends:
        return Finding(
            "eos", False, measured, threshold,
            f"The student ends with {measured['student']}, the teacher with {measured['teacher']}: to the teacher the "
            "student's end is a mistake, and responses grow until they hit the limit.",
            "Give both the same end tokens: tokenizer.eos_token, and generation_config.eos_token_id as the list of all.",
        )  # fmt: skip
    turn = _end_of_turn(student) if bench.template != "raw" else None
    if turn is not None and turn not in ends:
        measured["end_of_turn"] = _named(student, (turn,))
        return Finding(
            "eos", False, measured, threshold,
            f"The chat template closes a turn with {measured['end_of_turn']}, at which the sampler does not stop.",
            f"Add {turn} to generation_config.eos_token_id of the student.",
        )  # fmt: skip
    if wrong_ends or inside or (not seen and expected >= bench.limits.ends_expected):
        cause = (
            f"{inside} responses run past an end token."
            if inside
            else f"{wrong_ends} responses are marked as ended without an end token, or the other way round."
            if wrong_ends
            else f"No response ended, where the student's own probabilities expect {expected:.1f}."
        )
        return Finding(
            "eos", False, measured, threshold, cause, "The engine stops at other tokens: give it the student's end tokens."
        )
    return Finding("eos", True, measured, threshold)


def _named(model: LanguageModel, ids: Any) -> str:
    return ", ".join(f"{model.tokenizer.convert_ids_to_tokens(int(i))} ({int(i)})" for i in ids)


def _expected_ends(bench: Bench) -> float:
    """How many end tokens the student itself expects at the states of its responses."""
    import torch

    head, ends = bench.student.head(), torch.tensor(bench.student.eos_ids, device=bench.hidden.device)
    temperature = bench.sampling.temperature or 1.0
    total = 0.0
    with torch.no_grad():
        for states in bench.hidden.split(128):
            p = torch.softmax(head.logits(states).float() / temperature, -1)
            total += float(p[:, ends[ends < p.shape[1]]].sum())
    return total


def _put_teacher_at_end(bench: Bench, measured: dict[str, float | str]) -> None:
    """The teacher's mean log-probability of the end tokens that the student gave."""
    import torch

    ends = torch.tensor(bench.student.eos_ids, device=bench.batch.tokens.device)
    at_end = torch.isin(bench.batch.tokens, ends)
    if bool(at_end.any()):
        answers = teacher_logq(bench.signal, bench.batch.tokens)
        measured["teacher_at_end"] = float(answers[at_end].float().mean())


def _end_of_turn(model: LanguageModel) -> int | None:
    """The token that follows an assistant's words in the chat template; None without one."""
    if not _has_chat(model):
        return None
    words = "1"
    chat = [{"role": "user", "content": words}, {"role": "assistant", "content": words}]
    text: str = model.tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=False)
    _, _, after = text.rpartition(words)
    ids = model.tokenizer(after, add_special_tokens=False)["input_ids"]
    special = set(model.tokenizer.all_special_ids)
    return next((int(i) for i in ids if i in special), None)


def padding(bench: Bench) -> Finding:
    """What a row is padded with changes nothing, and a pad token that is an end token as well is still scored as an end."""
    from journeyman.distill.rollout.score import log_probs_of

    rows = _two_unequal_rows(bench)
    student = bench.student
    together = log_probs_of(student, pack(bench.rollouts, student.pad_id, rows=rows))
    other_pad = next(i for i in range(student.head().size) if i != student.pad_id)
    padded = log_probs_of(student, pack(bench.rollouts, other_pad, rows=rows))
    alone = [log_probs_of(student, pack(bench.rollouts, student.pad_id, rows=[row])) for row in rows]
    import torch

    apart = max(float((together - torch.cat(alone)).abs().max()), float((together - padded).abs().max()))
    scored = int(torch.isin(bench.batch.tokens, torch.tensor(student.eos_ids, device=bench.batch.tokens.device)).sum())
    ended = int(bench.rollouts.finished.sum())
    measured: dict[str, float | str] = {
        "difference": apart, "pad": _named(student, (student.pad_id,)),
        "pad_ends": float(student.pad_id in student.eos_ids), "ends_scored": scored, "ended": ended,
    }  # fmt: skip
    limit = max(bench.limits.padding, bench.rounding)
    threshold = f"padding moves no log-probability by more than {limit:g} nats, and each end is scored once"
    if not apart <= limit:
        return Finding(
            "pad", False, measured, threshold,
            f"Padding changes the student's log-probabilities by up to {apart:.3g} nats: padded positions are attended to.",
            "Pass the attention mask, and pad on the right; do not infer the mask from the pad token.",
        )  # fmt: skip
    if scored < ended:
        return Finding(
            "pad", False, measured, threshold,
            f"{ended} responses ended, but only {scored} end tokens are scored: an end that equals the pad token is masked.",
            "Mask by length, not by comparing with the pad token.",
        )  # fmt: skip
    return Finding("pad", True, measured, threshold)


def _two_unequal_rows(bench: Bench) -> list[int]:
    rollouts = bench.rollouts
    prompts = [len(rollouts.prompts[int(p)]) for p in rollouts.prompt_of]
    lengths = [p + int(n) for p, n in zip(prompts, rollouts.lengths, strict=True)]
    shortest = min(range(len(lengths)), key=lambda row: lengths[row])
    longest = max(range(len(lengths)), key=lambda row: lengths[row])
    return [shortest, longest] if shortest != longest else [shortest]
