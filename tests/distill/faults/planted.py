"""Faults that users report, planted into a pair that works. What each must be called stands in `test_faults.py`."""

from __future__ import annotations

import copy
import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from journeyman.distill.lab.build import lab_model
from journeyman.distill.lab.corpus import Words
from journeyman.distill.lab.language import problems, write
from journeyman.distill.lab.zoo import LANGUAGES
from journeyman.distill.model import LanguageModel, open_model
from journeyman.distill.rollout.rollouts import Batch, Rollouts
from journeyman.distill.rollout.sampling import Sampler, Sampling
from journeyman.distill.sft import sft
from journeyman.distill.teacher.in_process import InProcess
from journeyman.distill.teacher.signal import HiddenSignal, ServedSignal


def another_end(folder: Path, target: Path) -> Path:
    """The model of `folder` as its instruct sibling would be: it ends with another token, and says so in its files."""
    shutil.copytree(folder, target)
    words = json.loads((target / "tokenizer_config.json").read_text())
    tokenizer = open_model(folder).tokenizer
    other = next(i for i in range(len(tokenizer) - 1, 0, -1) if i not in tokenizer.all_special_ids)
    words["eos_token"] = tokenizer.convert_ids_to_tokens(other)
    (target / "tokenizer_config.json").write_text(json.dumps(words))
    settings = json.loads((target / "generation_config.json").read_text())
    settings["eos_token_id"] = other
    (target / "generation_config.json").write_text(json.dumps(settings))
    return target


@dataclass(frozen=True)
class OffByOne:
    """A teacher in this process whose states are moved against the tokens, as if labels had been cut off twice."""

    model: LanguageModel
    moved: int = 1
    name: str = "off by one"

    def signal(self, batch: Batch) -> HiddenSignal:
        """The states of the token `moved` places on."""
        true = InProcess(self.model).signal(batch)
        return HiddenSignal(true.hidden.roll(-self.moved, 0), true.head)


@dataclass(frozen=True)
class Filled:
    """A teacher whose answers were lost on the way and filled up with one number."""

    value: float = 0.0
    share: float = 1.0
    name: str = "filled up"

    def signal(self, batch: Batch) -> ServedSignal:
        """The same log-probability for `share` of all tokens, and an odd one for the others."""
        logq = torch.full((len(batch.tokens),), self.value)
        odd = torch.arange(len(logq)) >= self.share * len(logq)
        logq[odd] = -1.0 - 0.1 * torch.arange(int(odd.sum()))
        return ServedSignal(logq)


@dataclass(frozen=True)
class Deaf:
    """A teacher that says the same distribution everywhere: its states were zeroed."""

    model: LanguageModel
    name: str = "deaf"

    def signal(self, batch: Batch) -> HiddenSignal:
        """States of nothing."""
        true = InProcess(self.model).signal(batch)
        return HiddenSignal(torch.zeros_like(true.hidden), true.head)


@dataclass(frozen=True)
class DeadTemperature:
    """An engine that takes a temperature and draws at 1."""

    sampler: Sampler

    def sample(self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int) -> Rollouts:
        """As asked, but at temperature 1."""
        return self.sampler.sample(prompts, n, replace(sampling, temperature=1.0), seed)


def older(model: LanguageModel, seed: int, size: float = 0.25) -> LanguageModel:
    """The model as it was before some updates: every weight a little off."""
    old = copy.deepcopy(model.model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in old.parameters():
            spread = weights.std() if weights.numel() > 1 else weights.abs().max()
            weights += size * spread * torch.randn(weights.shape, generator=generator)
    return replace(model, model=old)


def endless(model: LanguageModel) -> LanguageModel:
    """The model without its end: the row of the end token is that of a token it never says."""
    base = copy.deepcopy(model.model)
    head = base.get_output_embeddings()
    rows = head.weight.detach().clone()
    rows[list(model.eos_ids)] = rows[model.pad_id].clone()
    head.weight = torch.nn.Parameter(rows, requires_grad=False)
    return replace(model, model=base)


def of_another_form(seed: int, steps: int = 24) -> LanguageModel:
    """The lab's twin after fine-tuning on the format that neither of the pair writes."""
    model = open_model(lab_model("twin"), trainable=True)
    words, rng = Words("T0"), random.Random(seed)
    examples = [
        (words.prompt(problem), words.response(write(problem, "B", rng)))
        for problem in islice(problems(LANGUAGES["chains"], "cold", rng), 16 * steps)
    ]
    sft(model, examples, steps=steps, batch=16, lr=1e-3, seed=seed)
    return replace(model, model=model.model.eval().requires_grad_(False))


def trained_course(
    student: LanguageModel, teacher: LanguageModel, prompts: Any, steps: int, *, leaks: bool, seed: int = 0
) -> dict[str, list[float]]:
    """The course of a short training: on the exact divergence, or on one that lets mass drain from what it sees."""
    from journeyman.distill.data.templates import render_all
    from journeyman.distill.diagnostics.in_pass import Observer
    from journeyman.distill.losses.spec import LossSpec
    from journeyman.distill.rollout.engines import sampler_for
    from journeyman.distill.rollout.rollouts import pack

    model = copy.deepcopy(student.model).train().requires_grad_(True)
    trained = replace(student, model=model)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-4)
    ids, signals = render_all(prompts, trained).ids, InProcess(teacher)
    course: dict[str, list[float]] = {}
    for step in range(steps):
        rollouts = sampler_for(trained).sample(ids, 1, Sampling(max_tokens=60), 1000 * seed + step)
        batch = pack(rollouts, trained.pad_id)
        hidden = trained.hidden(batch.ids, batch.mask)[batch.rows, batch.columns]
        logp = torch.log_softmax(trained.head().logits(hidden), -1)
        signal = signals.signal(batch)
        logq = torch.log_softmax(signal.head.logits(signal.hidden), -1)
        chosen = logq.topk(2).indices
        p, q = logp.gather(1, chosen), logq.gather(1, chosen)
        if leaks:  # not renormalised, and nothing for what lies outside of the teacher's likeliest two
            loss = (p.exp() * (p - q)).sum(1).mean()
        else:
            loss = (logp.exp() * (logp - logq)).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen = Observer(batch.tokens, batch.lengths, batch.positions, 4, spec=LossSpec(strategy="teacher", k=2))
        seen.see(slice(0, len(logp)), logp.detach(), logq)
        for name, value in {**seen.metrics(), "loss": float(loss.detach())}.items():
            course.setdefault(name, []).append(value)
    return course
