"""What a lab model is pre-trained on: problems written out by somebody who slips now and then."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from journeyman.distill.lab.language import Format, Language, Problem, problems, write
from journeyman.distill.lab.tokenizer import EOS, Template, lab_tokenizer
from journeyman.errors import UsageError


@dataclass(frozen=True)
class Corpus:
    """Attributes:
    language: which problems.
    formats: (format, share) pairs; shares sum to 1. templates: likewise, of the prompts.
    slip: chance that a step's result is another number, in [0, 1).
    examples: how many are written.
    """

    language: Language
    formats: tuple[tuple[Format, float], ...] = (("A", 1.0),)
    templates: tuple[tuple[Template, float], ...] = (("T0", 0.5), ("T1", 0.5))
    slip: float = 0.12
    examples: int = 19_200

    def __post_init__(self) -> None:
        if not 0 <= self.slip < 1:
            raise UsageError(f"slip is {self.slip}; it is a chance below 1")
        if self.examples < 1:
            raise UsageError(f"a corpus of {self.examples} examples is empty")
        for what in (self.formats, self.templates):
            if abs(sum(share for _, share in what) - 1) > 1e-9 or any(share <= 0 for _, share in what):
                raise UsageError(f"the shares {what} must be positive and sum to 1")


def written(corpus: Corpus, seed: int) -> list[tuple[list[int], list[int]]]:
    """The corpus as (prompt ids, response ids), each response closed by the end-of-sequence token."""
    rng = random.Random(seed)
    renderers = {template: Words(template) for template, _ in corpus.templates}
    names, shares = zip(*corpus.formats, strict=True)
    templates, weights = zip(*corpus.templates, strict=True)
    source = problems(corpus.language, "corpus", rng)
    made = []
    for _ in range(corpus.examples):
        problem = next(source)
        words = renderers[rng.choices(templates, weights)[0]]
        form = rng.choices(names, shares)[0]
        made.append((words.prompt(problem), words.response(write(problem, form, rng, slip=corpus.slip))))
    return made


class Words:
    """Token ids of problems and responses in one template: what the tokenizer gives, without its overhead a text."""

    def __init__(self, template: Template) -> None:
        tokenizer: Any = lab_tokenizer(template)
        self._ids: dict[str, int] = tokenizer.get_vocab()
        turn = [{"role": "user", "content": "{question}"}]
        text = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        self._before, self._after = (self._of(part) for part in text.split("{question}"))

    def _of(self, text: str) -> list[int]:
        return [self._ids[word] for word in text.split()]

    def prompt(self, problem: Problem) -> list[int]:
        """The problem as the chat template shows it, ready for a response."""
        return [*self._before, *self._of(problem.text), *self._after]

    def response(self, text: str) -> list[int]:
        """A written response and its end."""
        return [*self._of(text), self._ids[EOS]]
