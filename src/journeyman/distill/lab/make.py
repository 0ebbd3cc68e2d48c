"""Making one declared model: its recipe, carried out. No cache and no files but the folder written at the end."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from journeyman.distill.data.grade import grader
from journeyman.distill.data.prompts import write_prompts
from journeyman.distill.lab.corpus import Words, written
from journeyman.distill.lab.language import Language, Problem, format_of, problems
from journeyman.distill.lab.prompts import as_prompt
from journeyman.distill.lab.tokenizer import BOS, EOS, PAD, Template, lab_tokenizer, template_file
from journeyman.distill.lab.zoo import LANGUAGES, LabModel, Pretrain, Reinforce, Reject, Size, Tune
from journeyman.distill.model import LanguageModel, open_model, wrap
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.saving import quiet
from journeyman.distill.sft import Example, SftStep, sft
from journeyman.errors import UsageError

# Weights of the usual size (0.02) leave models this small undecided for hundreds of steps before they learn to calculate.
INITIAL_SPREAD = 0.08  # standard deviation at a width of 96; it falls with the root of the width
CONTEXT = 512
SAMPLED_TOGETHER = 512


@dataclass(frozen=True)
class Progress:
    """How far the making of `model` is: `done` of `of` parts of the stage `stage`."""

    model: str
    stage: str
    done: int
    of: int


OnProgress = Callable[[Progress], None]


def make(model: LabModel, parent: Path | None, on_progress: OnProgress | None = None) -> LanguageModel:
    """Carry out the recipe; `parent` is the folder of the model that it begins from, None for one that has none."""
    recipe = model.recipe
    if isinstance(recipe, Pretrain):
        return _pretrain(model, recipe, on_progress)
    if parent is None:
        raise UsageError(f"lab model '{model.name}' begins as '{recipe.parent}', whose folder is not given")
    if isinstance(recipe, Tune):
        return _tune(model, recipe, parent, on_progress)
    if isinstance(recipe, Reinforce):
        return _reinforce(model, recipe, parent, on_progress)
    return _reject(model, recipe, parent, on_progress)


def random_model(size: Size, template: Template, seed: int) -> LanguageModel:
    """A Qwen3-shaped model with random weights and the lab's tokenizer."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    tokenizer = lab_tokenizer(template, context=CONTEXT)
    pad, bos, eos = tokenizer.convert_tokens_to_ids([PAD, BOS, EOS])
    config = Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=size.hidden, intermediate_size=size.inner,
        num_hidden_layers=size.layers, num_attention_heads=size.heads, num_key_value_heads=size.heads,
        head_dim=size.hidden // size.heads, max_position_embeddings=CONTEXT, tie_word_embeddings=True,
        initializer_range=INITIAL_SPREAD * (96 / size.hidden) ** 0.5, pad_token_id=pad, bos_token_id=bos, eos_token_id=eos,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = Qwen3ForCausalLM(config)
    return wrap("lab", made, tokenizer)


def _pretrain(model: LabModel, recipe: Pretrain, on_progress: OnProgress | None) -> LanguageModel:
    made = random_model(recipe.size, model.template, recipe.seed)
    made.model.train()
    sft(
        made, written(recipe.corpus, recipe.seed), epochs=recipe.epochs, batch=recipe.batch, lr=recipe.lr, warmup=0.03,
        betas=(0.9, 0.99), seed=recipe.seed, on_step=_told(model.name, "pre-training", on_progress),
    )  # fmt: skip
    return made


def _reject(model: LabModel, recipe: Reject, parent: Path, on_progress: OnProgress | None) -> LanguageModel:
    made = _child(parent, model)
    examples = right_solutions(made, LANGUAGES[model.language], recipe, on_progress, model.name)
    sft(
        made, examples, epochs=recipe.epochs, batch=recipe.batch, lr=recipe.lr, warmup=0.05, betas=(0.9, 0.99),
        seed=recipe.seed, on_step=_told(model.name, "learning from right solutions", on_progress),
    )  # fmt: skip
    return made


def _tune(model: LabModel, recipe: Tune, parent: Path, on_progress: OnProgress | None) -> LanguageModel:
    made = _child(parent, model)
    sft(
        made, written(recipe.corpus, recipe.seed), epochs=1, batch=recipe.batch, lr=recipe.lr, warmup=0.05,
        betas=(0.9, 0.99), seed=recipe.seed, on_step=_told(model.name, "further training", on_progress),
    )  # fmt: skip
    return made


def _reinforce(model: LabModel, recipe: Reinforce, parent: Path, on_progress: OnProgress | None) -> LanguageModel:
    from journeyman.distill.train import train
    from journeyman.distill.train_spec import EvaluationSpec, TrainSpec

    made = _child(parent, model)
    language = LANGUAGES[model.language]
    asked = islice(problems(language, "corpus", random.Random(recipe.seed)), recipe.steps * recipe.prompts)
    with tempfile.TemporaryDirectory(prefix="journeyman-lab-") as scratch:
        file = Path(scratch) / "prompts.jsonl"
        write_prompts(file, (as_prompt(problem) for problem in asked))
        spec = TrainSpec(
            student=str(parent), prompts=str(file), method="grpo", grader="bracket",
            template=str(template_file(recipe.template)),
            sampling=Sampling(max_tokens=longest_response(language)), prompts_per_step=recipe.prompts,
            rollouts_per_prompt=recipe.rollouts, steps=recipe.steps, lr=recipe.lr, seed=recipe.seed,
            autocast="float32", gradient_checkpointing=False, device="cpu", metric_share=0.1, save_every=0, eval_every=0,
            watch_every=0, sample_rows=0, evaluation=EvaluationSpec(),
        )  # fmt: skip
        train(
            spec, student=made, folder=Path(scratch) / "run",
            on_step=lambda at: on_progress and on_progress(Progress(model.name, "GRPO", at.step.step, at.steps)),
        )  # fmt: skip
    return made


def _child(parent: Path, model: LabModel) -> LanguageModel:
    """The parent's weights, trainable, with the template of the model that they will be."""
    begun = open_model(parent, trainable=True)
    return replace(begun, tokenizer=lab_tokenizer(model.template, context=CONTEXT))


def right_solutions(
    model: LanguageModel, language: Language, recipe: Reject, on_progress: OnProgress | None = None, name: str = ""
) -> list[Example]:
    """Solve `recipe.problems` problems of the corpus split once each, and keep what is right and in the wanted format."""
    rng = random.Random(recipe.seed)
    source = problems(language, "corpus", rng)
    grade = grader("bracket")
    kept: list[Example] = []
    done = 0
    for template, share in recipe.templates:
        for start, count in _portions(round(share * recipe.problems)):
            part = list(islice(source, count))
            rollouts = _solve(model, part, template, recipe.seed + start, recipe.temperature)
            for row, problem in enumerate(part):
                response = rollouts.response(row)
                text = model.tokenizer.decode(response, skip_special_tokens=True)
                right = bool(rollouts.finished[row]) and grade(text, str(problem.answer))
                if right and recipe.form in (None, format_of(text)):
                    kept.append((rollouts.prompts[row], response))
            done += count
            if on_progress is not None:
                on_progress(Progress(name, "solving", done, recipe.problems))
    return kept


def _portions(count: int) -> Iterator[tuple[int, int]]:
    """`count` cut into (start, size) so small that they are sampled at a time."""
    for start in range(0, count, SAMPLED_TOGETHER):
        yield start, min(SAMPLED_TOGETHER, count - start)


def accuracy(model: LanguageModel, language: Language, template: Template, *, count: int = 1024, seed: int = 0) -> float:
    """Share of right answers to `count` problems of the evaluation split, one response each at temperature 1."""
    source = problems(language, "evaluation", random.Random(seed))
    grade = grader("bracket")
    right = 0
    for start, size in _portions(count):
        part = list(islice(source, size))
        rollouts = _solve(model, part, template, seed + start)
        texts = (model.tokenizer.decode(rollouts.response(row), skip_special_tokens=True) for row in range(size))
        right += sum(grade(text, str(problem.answer)) for text, problem in zip(texts, part, strict=True))
    return right / count


def longest_response(language: Language) -> int:
    """Tokens that a response in the longest format may take."""
    return 10 * language.longest + 12


def _solve(
    model: LanguageModel, asked: list[Problem], template: Template, seed: int, temperature: float = 1.0
) -> Rollouts:
    words = Words(template)
    room = 10 * max(len(problem.steps) for problem in asked) + 12
    sampling = Sampling(temperature, max_tokens=room)
    return sampler_for(model).sample([words.prompt(problem) for problem in asked], 1, sampling, seed)


def _told(name: str, stage: str, on_progress: OnProgress | None) -> Callable[[SftStep], None] | None:
    if on_progress is None:
        return None
    told = on_progress
    return lambda step: told(Progress(name, stage, step.step + 1, step.steps))


def save(model: LanguageModel, folder: Path) -> None:
    """Write a Hugging Face folder: weights in float16, which halves them, to be computed with in float32."""
    import torch

    before: dict[str, Any] = {name: value.clone() for name, value in model.model.state_dict().items()}
    with quiet():
        model.model.to(torch.float16).save_pretrained(folder)
        model.tokenizer.save_pretrained(folder)
    model.model.to(torch.float32).load_state_dict(before)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["dtype"] = "float32"  # what `dtype="auto"` opens it as
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
