"""Foreign records as `Rollouts` of our own models: ids where they were written, else texts turned back into ids.

Trainers that write texts leave special tokens out. What a chat template puts around a user's message is known, special
tokens and all; so the message is found between the same words without them, and the prompt is rendered anew. Where a
response ended is not written either: those shorter than the longest are taken as ended, and get the end token back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from journeyman.distill.foreign.record import Record
from journeyman.distill.model import LanguageModel
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.errors import DataInvalid


@dataclass(frozen=True)
class Frame:
    """What the chat template puts around a user's message: with special tokens, and as a decoder without them shows it."""

    before: str
    after: str
    shown_before: str
    shown_after: str


@dataclass(frozen=True)
class LaidOut:
    """`rollouts` of the records at `kept`; `notes`: what had to be assumed."""

    rollouts: Rollouts
    kept: tuple[int, ...]
    notes: tuple[str, ...]


def lay_out(records: Sequence[Record], model: LanguageModel) -> LaidOut:
    """Records as rollouts of `model`; those without a response or beyond its context are left out.

    Raises DataInvalid where none is left.
    """
    import torch

    frame = frame_of(model)
    texts = any(record.response_ids is None for record in records)
    rows: list[tuple[int, tuple[int, ...], list[int]]] = []
    raw = 0
    for at, record in enumerate(records):
        prompt, framed = _prompt_ids(record, model, frame)
        response = list(record.response_ids) if record.response_ids is not None else _ids(model, record.response)
        if response and prompt and len(prompt) + len(response) < model.context:
            rows.append((at, tuple(prompt), response))
            raw += not framed
    if not rows:
        raise DataInvalid(f"none of {len(records)} records has a response that fits the context of '{model.name}'")
    longest = max(len(response) for _, _, response in rows)
    if texts:
        rows = [(at, prompt, _closed(response, longest, records[at], model)) for at, prompt, response in rows]
    prompts = list(dict.fromkeys(prompt for _, prompt, _ in rows))
    number = {prompt: i for i, prompt in enumerate(prompts)}
    width = max(len(response) for _, _, response in rows)
    ids = torch.full((len(rows), width), model.pad_id, dtype=torch.int64)
    for i, (_, _, response) in enumerate(rows):
        ids[i, : len(response)] = torch.tensor(response)
    finished = [response[-1] in model.eos_ids for _, _, response in rows]
    kept = tuple(at for at, _, _ in rows)
    rollouts = Rollouts(
        prompts,
        torch.tensor([number[prompt] for _, prompt, _ in rows]),
        ids,
        torch.tensor([len(response) for _, _, response in rows]),
        torch.tensor(finished),
        _logp([records[at] for at in kept], width),
    )
    return LaidOut(rollouts, kept, _notes(texts, raw, len(rows)))


def frame_of(model: LanguageModel) -> Frame | None:
    """The chat template around a message; None without a chat template, or where it does something else with a message."""
    tokenizer = model.tokenizer
    if not getattr(tokenizer, "chat_template", None):
        return None
    mark = _mark(tokenizer)
    rendered: str = tokenizer.apply_chat_template(
        [{"role": "user", "content": mark}], tokenize=False, add_generation_prompt=True
    )
    shown = tokenizer.decode(tokenizer(rendered, add_special_tokens=False)["input_ids"], skip_special_tokens=True)
    if rendered.count(mark) != 1 or shown.count(mark) != 1:
        return None
    before, after = rendered.split(mark)
    shown_before, shown_after = shown.split(mark)
    return Frame(before, after, shown_before.strip(), shown_after.strip())


def _mark(tokenizer: Any) -> str:
    """Three times an ordinary token: words that every tokenizer gives back as they were."""
    special = set(tokenizer.all_special_ids)
    for token in range(len(tokenizer) - 1, -1, -1):
        text = tokenizer.decode([token] * 3)
        if token in special or text.strip() != text or not text.isascii() or len(text) < 3:
            continue
        if tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text:
            return str(text)
    return "0 0 0"


def _prompt_ids(record: Record, model: LanguageModel, frame: Frame | None) -> tuple[list[int], bool]:
    """Ids of the prompt, and whether they are certain: written, or rendered anew by the chat template."""
    if record.prompt_ids is not None:
        return list(record.prompt_ids), True
    text = record.prompt.strip()
    if frame is not None and text.startswith(frame.shown_before) and text.endswith(frame.shown_after):
        end = len(text) - len(frame.shown_after)
        message = text[len(frame.shown_before) : end].strip()
        return _ids(model, f"{frame.before}{message}{frame.after}"), True
    return [int(i) for i in model.tokenizer(record.prompt)["input_ids"]], frame is None


def _ids(model: LanguageModel, text: str) -> list[int]:
    return [int(i) for i in model.tokenizer(text, add_special_tokens=False)["input_ids"]]


def _closed(response: list[int], longest: int, record: Record, model: LanguageModel) -> list[int]:
    ended = record.finished if record.finished is not None else len(response) < longest
    return [*response, model.eos_ids[0]] if ended and response[-1] not in model.eos_ids else response


def _logp(records: Sequence[Record], width: int) -> Any:
    """[B, T] of the sampler's log-probabilities, or None where any record has none."""
    import torch

    if any(record.logp is None for record in records):
        return None
    values = torch.zeros(len(records), width)
    for i, record in enumerate(records):
        values[i, : len(record.logp or ())] = torch.tensor(record.logp)
    return values


def _notes(texts: bool, raw: int, rows: int) -> tuple[str, ...]:
    notes = []
    if texts:
        notes.append(
            "the files hold texts, not tokens: they were tokenized again, which may split a word otherwise, and responses "
            "shorter than the longest of their step were taken as ended"
        )
    if raw:
        notes.append(f"{raw} of {rows} prompts do not fit this model's chat template and were read as raw text")
    return tuple(notes)
