"""The commands that repair: complete, so that they can be pasted. One function for each remedy."""

from __future__ import annotations

import shlex
from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """What the pair is called on the command line: paths or hub names, the file of prompts, and how it was looked at.

    `settings`: options of the call that the next command should keep, such as ("--grader", "exact"); a flag has "".
    """

    student: str = "STUDENT"
    teacher: str = "TEACHER"
    prompts: str = "PROMPTS"
    settings: tuple[tuple[str, str], ...] = ()


def command(verb: str, names: Names, *options: str, without: tuple[str, ...] = ()) -> str:
    """`journeyman distill VERB STUDENT TEACHER --prompts F OPTIONS`; with the call's settings, but OPTIONS and `without`."""
    left_out = {*options, *without}
    kept = [word for option, value in names.settings if option not in left_out for word in (option, value) if word]
    words = ["journeyman", "distill", verb, names.student, names.teacher, "--prompts", names.prompts, *kept, *options]
    return shlex.join(words)


def cold_start(names: Names) -> str:
    """Fine-tune on the teacher's own responses first, then distill on other prompts."""
    return command("cold-start", names, without=("--temperature",))


def other_template(names: Names, template: str) -> str:
    """Train with the template under which the two agree better."""
    return command("train", names, "--template", template)


def teachers_prompts(names: Names) -> str:
    """Compare templates and pick prompts that the teacher was made for."""
    return command("prompts", names, without=("--temperature", "--template"))


def shorter(names: Names, tokens: int) -> str:
    """Train with responses that end where the teacher is still of use."""
    return command("train", names, "--max-tokens", str(tokens))


def useful_depth(names: Names) -> str:
    """Measure how deep into a response the teacher is still of use."""
    return command("length", names)


def whole_vocabulary(names: Names) -> str:
    """Train on the exact divergence, from which no mass can leak."""
    return command("train", names, "--form", "full")


def check_graded(names: Names) -> str:
    """Measure what a verdict lacks, scores among it, by the call's own grader where it has one."""
    graded = any(option == "--grader" for option, _ in names.settings)
    return check_again(names, *(() if graded else ("--grader", "math")))


def check_again(names: Names, *options: str) -> str:
    """Measure what a verdict lacks."""
    return command("check", names, *options)
