"""Prompts of the lab's languages, as the rest of the package takes prompts."""

from __future__ import annotations

import random
from itertools import islice

from journeyman.distill.data.prompt import Prompt
from journeyman.distill.lab.language import Problem, Split, problems
from journeyman.distill.lab.zoo import LANGUAGES, declared


def lab_prompts(name: str, split: Split, n: int, seed: int) -> list[Prompt]:
    """`n` different prompts of one split of a language, named itself or by one of its models.

    Splits share no problem: `corpus` models were made from, `train` and `cold` are for distillation and cold starts,
    `evaluation` for scores. Answers are graded by "bracket".

    Raises UsageError: no such language or model, or too few problems in it.
    """
    known = name if name in LANGUAGES else declared(name).language
    found: dict[str, Prompt] = {}
    for problem in islice(problems(LANGUAGES[known], split, random.Random(f"{split}/{seed}")), 100 * n):
        found.setdefault(problem.id, as_prompt(problem, f"lab/{known}"))
        if len(found) == n:
            break
    return list(found.values())


def as_prompt(problem: Problem, source: str = "lab") -> Prompt:
    """A problem as the package takes prompts."""
    return Prompt((("user", problem.text),), problem.text, str(problem.answer), problem.id, source)
