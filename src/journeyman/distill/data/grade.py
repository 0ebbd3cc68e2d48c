"""Graders: is a response right? They see the response alone, never the prompt, so no question can pass for its answer.

    grade = grader("math")
    grade("... so \\boxed{\\frac{1}{2}}", "0.5")        # True
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from journeyman.distill.data.answers import final_answer, last_brackets
from journeyman.distill.data.math_grader import MathGrader
from journeyman.errors import UsageError

Grader = Callable[[str, str], bool]
"""grader(response, answer): whether the response gives that answer."""

GRADERS = ("math", "exact", "bracket")


class ExactGrader:
    """The box or answer line, or without either the whole response, equals the answer, runs of space taken as one."""

    def __call__(self, response: str, answer: str) -> bool:
        found = final_answer(response)
        return " ".join((response if found is None else found).split()) == " ".join(answer.split()) != ""

    def answer_of(self, response: str) -> str | None:
        """What is graded; None where the response has neither a box nor an answer line."""
        return final_answer(response)


class BracketGrader:
    """What stands in the last [ ... ] equals the answer, spaces left out: tokenizers of words put them between digits."""

    def __call__(self, response: str, answer: str) -> bool:
        found = last_brackets(response)
        return found is not None and "".join(found.split()) == "".join(answer.split()) != ""

    def answer_of(self, response: str) -> str | None:
        """What is graded; None where the response has no brackets."""
        return last_brackets(response)


def grader(name: str) -> Grader:
    """The grader called `name`, or the function of a file, written FILE.py:FUNCTION.

    Raises UsageError: neither, or the file has no such function, or the function gives something else than true or false.
    """
    if name == "math":
        return MathGrader()
    if name == "exact":
        return ExactGrader()
    if name == "bracket":
        return BracketGrader()
    file, _, function = name.rpartition(":")
    if not file.endswith(".py") or not function:
        raise UsageError(f"grader '{name}' is none of {', '.join(GRADERS)}, and not FILE.py:FUNCTION")
    return _users_own(Path(file), function)


def answer_of(grade: Grader, response: str) -> str | None:
    """What `grade` would compare. Of a grader that does not tell, the whole response."""
    find = getattr(grade, "answer_of", None)
    return response if find is None else find(response)


def names_its_answer(grade: Grader) -> bool:
    """Whether the grader can say where in a response it looks, so that formatting errors can be counted."""
    return callable(getattr(grade, "answer_of", None))


def grade_all(grade: Grader, responses: Sequence[str], answers: Sequence[str]) -> list[bool]:
    """One verdict for each pair."""
    return [grade(response, answer) for response, answer in zip(responses, answers, strict=True)]


def _users_own(path: Path, function: str) -> Grader:
    if not path.is_file():
        raise UsageError(f"grader file {path} is not there")
    spec = importlib.util.spec_from_file_location(f"grader_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"grader file {path} cannot be loaded as Python")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Any = getattr(module, function, None)
    if not callable(found):
        raise UsageError(f"{path} has no function '{function}' for a grader")

    def graded(response: str, answer: str) -> bool:
        given = found(response, answer)
        if given in (True, False):
            return bool(given)
        raise UsageError(f"{path}:{function} gave {given!r}; a grader gives True or False")

    return graded
