"""The lab's language: chains of operations modulo a prime, thought aloud in one of three formats.

A problem is a chain such as `5 + 3 * 7 - 2`, worked out from left to right (no precedence) modulo a small prime.
A response works it out step by step and ends in `[ n ]`. Every token is a word, so the text is easy to read:

    A   so get 5 + 3 = 8 . hence have 8 * 7 = 10 . thus get 10 - 2 = 8 . [ 8 ]
    B   begin 5 , plus 3 onto 5 makes 8 verify 8 fine , times 7 upon 8 leaves 10 check 10 good , ... whence [ 8 ]
    C   8 10 8 [ 8 ]

Which link word and which verb comes next is chance, as in real text: without such choices a next-token distribution
would have one word and noise. A writer may *slip*: with some probability a step's result is another number, and the rest
goes on from there without noticing. A model that learns from slipping writers slips as often, whatever its size; that
is the ceiling of its corpus, which only a reward or a better teacher can lift.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from journeyman.errors import UsageError

Format = Literal["A", "B", "C"]
Split = Literal["corpus", "train", "cold", "evaluation"]

LARGEST_PRIME = 29
OPERATORS = {"+": "plus", "-": "minus", "*": "times"}
LINKS = ("so", "thus", "then", "hence", "therefore")
VERBS = ("get", "have", "find", "reach")
JOINTS = ("onto", "upon")
GIVES = ("makes", "yields", "leaves")
CHECKS = ("check", "verify")
FINES = ("good", "fine", "right")
MARKS = ("=", ".", ",", "[", "]", "?", ":", "begin", "whence")

# Shares of all problems. A problem's own hash says where it belongs, so that no two splits can share one.
_SHARES: dict[Split, tuple[int, int]] = {"corpus": (0, 60), "train": (60, 80), "cold": (80, 90), "evaluation": (90, 100)}


@dataclass(frozen=True)
class Language:
    """What problems there are.

    Attributes:
        modulus: a prime up to 29; numbers are 0 .. modulus - 1.
        shortest, longest: operations in a chain, chosen evenly in between.
        operands: smallest and largest right-hand number of an operation.
        operators: which of + - * occur.

    Raises:
        UsageError: no such prime, an empty range, an unknown operator.
    """

    modulus: int = 23
    shortest: int = 4
    longest: int = 4
    operands: tuple[int, int] = (1, 22)
    operators: str = "+-*"

    def __post_init__(self) -> None:
        if not 2 <= self.modulus <= LARGEST_PRIME or any(self.modulus % n == 0 for n in range(2, self.modulus)):
            raise UsageError(f"modulus is {self.modulus}; it must be a prime up to {LARGEST_PRIME}")
        if not 1 <= self.shortest <= self.longest:
            raise UsageError(f"chains of {self.shortest} to {self.longest} operations: there are none")
        if not 0 <= self.operands[0] <= self.operands[1] < self.modulus:
            raise UsageError(f"operands {self.operands} do not lie in 0 .. {self.modulus - 1}")
        if not self.operators or set(self.operators) - set(OPERATORS):
            raise UsageError(f"operators {self.operators!r} must be some of {''.join(OPERATORS)}")


@dataclass(frozen=True)
class Problem:
    """A chain: its first number, and (operator, operand) of every step."""

    start: int
    steps: tuple[tuple[str, int], ...]
    modulus: int

    @property
    def text(self) -> str:
        """As a prompt asks for it: `5 + 3 * 7`."""
        return " ".join([str(self.start), *(f"{operator} {operand}" for operator, operand in self.steps)])

    @property
    def id(self) -> str:
        """A stable name out of its content."""
        return hashlib.blake2b(f"{self.modulus}|{self.text}".encode(), digest_size=8).hexdigest()

    @property
    def split(self) -> Split:
        """Where it belongs, which its content alone decides."""
        place = int(self.id, 16) % 100
        return next(name for name, (low, high) in _SHARES.items() if low <= place < high)

    @property
    def values(self) -> tuple[int, ...]:
        """The running value after each step, without slips."""
        found, value = [], self.start
        for operator, operand in self.steps:
            value = apply(operator, value, operand, self.modulus)
            found.append(value)
        return tuple(found)

    @property
    def answer(self) -> int:
        """What the chain comes to."""
        return self.values[-1]


def apply(operator: str, value: int, operand: int, modulus: int) -> int:
    """One step, modulo `modulus`."""
    if operator == "+":
        return (value + operand) % modulus
    if operator == "-":
        return (value - operand) % modulus
    return (value * operand) % modulus


def problems(language: Language, split: Split, rng: random.Random) -> Iterator[Problem]:
    """Problems of one split without end, each drawn anew (short languages repeat themselves).

    Raises UsageError when a thousand draws in a row miss the split: the language is too small to have one.
    """
    missed = 0
    while True:
        count = rng.randint(language.shortest, language.longest)
        steps = tuple((rng.choice(language.operators), rng.randint(*language.operands)) for _ in range(count))
        problem = Problem(rng.randrange(language.modulus), steps, language.modulus)
        if problem.split == split:
            missed = 0
            yield problem
            continue
        missed += 1
        if missed > 1000:
            raise UsageError(f"chains of {language.shortest} operations give no problem for '{split}'; use longer ones")


def write(problem: Problem, form: Format, rng: random.Random, *, slip: float = 0.0) -> str:
    """A response to `problem` in format `form`; each step slips with probability `slip`, and the rest follows from it."""
    results = _results(problem, rng, slip)
    if form == "A":
        words = _format_a(problem, results, rng)
    elif form == "B":
        words = _format_b(problem, results, rng)
    else:
        words = [str(value) for value in results]
    return " ".join([*words, "[", str(results[-1]), "]"])


def _results(problem: Problem, rng: random.Random, slip: float) -> list[int]:
    found, value = [], problem.start
    for operator, operand in problem.steps:
        value = apply(operator, value, operand, problem.modulus)
        if slip and rng.random() < slip:
            value = (value + rng.randrange(1, problem.modulus)) % problem.modulus
        found.append(value)
    return found


def _format_a(problem: Problem, results: list[int], rng: random.Random) -> list[str]:
    """Left to right: a link, a verb, then the step with the running value said again."""
    words: list[str] = []
    value = problem.start
    for (operator, operand), result in zip(problem.steps, results, strict=True):
        words += [rng.choice(LINKS), rng.choice(VERBS), str(value), operator, str(operand), "=", str(result), "."]
        value = result
    return words


def _format_b(problem: Problem, results: list[int], rng: random.Random) -> list[str]:
    """The operation before the value it works on, in words, and each result looked at once more."""
    words = ["begin", str(problem.start), ","]
    value = problem.start
    for (operator, operand), result in zip(problem.steps, results, strict=True):
        words += [OPERATORS[operator], str(operand), rng.choice(JOINTS), str(value), rng.choice(GIVES), str(result)]
        words += [rng.choice(CHECKS), str(result), rng.choice(FINES), ","]
        value = result
    return [*words, "whence"]


def format_of(text: str) -> Format | None:
    """Which format a response is written in, by the word it begins with; None for anything else."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    if first in LINKS:
        return "A"
    if first == "begin":
        return "B"
    return "C" if first.isdigit() else None
