"""Published arms of on-policy distillation, as a table: what was known before they ran, and what came of them.

    for arm in read_published():
        print(arm.name, judge(arm.figures).name, arm.outcome)

Sources: "Rethinking On-Policy Distillation" (arXiv 2604.13016) and independent replications of it. Many values were read off
figures (tag F: about ±.02) or from a figure of the code's page (T); P is the running text, R a replication. Nothing that was
only seen later in a run stands among an arm's figures, except where its note says so.

    python -m journeyman.distill.check.published        # prints the tables of docs/distill-verdicts.md
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, get_args

from journeyman.distill.check.figures import PairFigures, Verdict, VerdictName
from journeyman.distill.check.thresholds import THRESHOLDS, Thresholds
from journeyman.distill.check.verdicts import judge
from journeyman.errors import DataInvalid

Outcome = Literal["learned", "partly", "little", "worse", "unknown"]

_NUMBERS = (
    "student_score", "teacher_score", "score_s_e", "overlap", "mass_student", "mass_teacher", "divergence",
    "entropy_student", "entropy_teacher", "entropy_gap", "gradient_norm",
)  # fmt: skip


@dataclass(frozen=True)
class Arm:
    """One published run.

    Attributes:
        name: short and unique; replications begin with "r".
        by: who ran it: "paper", "replication", "replication 2" ...
        section: of the paper, for its own arms.
        tag: how the values are known: P text, T and F read off figures, R replication.
        tuned: the thresholds were fixed with this arm in view.
        student, teacher, setting: what was run.
        figures: what was known of the pair at the start.
        before, after, recovery: score before and after, share of the gap to the teacher that was closed; None if unknown.
        collapsed: the run ended in a collapse.
        outcome: learned (recovery of a half or more), partly (a fifth or more), little, worse (below the start by more
            than .03, the spread between equal arms; or collapsed), unknown.
        note: what the values are.
    """

    name: str
    by: str
    section: str
    tag: str
    tuned: bool
    student: str
    teacher: str
    setting: str
    figures: PairFigures
    before: float | None
    after: float | None
    recovery: float | None
    collapsed: bool
    outcome: Outcome
    note: str


def read_published() -> list[Arm]:
    """The table that ships with the package. Raises DataInvalid if its file was damaged."""
    lines = (files("journeyman.distill.check") / "published.csv").read_text(encoding="utf-8").splitlines()
    return [_arm(row, number) for number, row in enumerate(csv.DictReader(lines), start=2)]


def _arm(row: dict[str, str], number: int) -> Arm:
    outcomes = {name: name for name in get_args(Outcome)}
    if row.get("outcome") not in outcomes:
        raise DataInvalid(f"published.csv, line {number}: outcome {row.get('outcome')!r} is none of {', '.join(outcomes)}")
    known = {name: _number(row, name, number) for name in _NUMBERS}
    horizon = _number(row, "horizon", number)
    gains = tuple((int(depth), gain) for depth, gain in _pairs(row, "gain_by_depth", number).items())
    figures = PairFigures(
        **known,  # type: ignore[arg-type]
        horizon=None if horizon is None else int(horizon),
        template=row["template"],
        overlap_by_template=_pairs(row, "overlap_by_template", number),
        gain_by_depth=gains,
    )
    return Arm(
        row["arm"], row["by"], row["section"], row["tag"], bool(row["tuned"]), row["student"], row["teacher"],
        row["setting"], figures, _number(row, "before", number), _number(row, "after", number),
        _number(row, "recovery", number),
        bool(row["collapsed"]), outcomes[row["outcome"]], row["note"],
    )  # fmt: skip


def _number(row: dict[str, str], name: str, line: int) -> float | None:
    try:
        return float(row[name]) if row[name] else None
    except (KeyError, ValueError) as error:
        raise DataInvalid(f"published.csv, line {line}: {name} is {row.get(name)!r}, not a number") from error


def _pairs(row: dict[str, str], name: str, line: int) -> dict[str, float]:
    try:
        parts = [part.split("=") for part in row[name].split(";") if part]
        return {key: float(value) for key, value in parts}
    except (KeyError, ValueError) as error:
        raise DataInvalid(f"published.csv, line {line}: {name} is {row.get(name)!r}, not name=number;...") from error


def confusion(arms: Sequence[Arm], thresholds: Thresholds = THRESHOLDS) -> dict[tuple[VerdictName, Outcome], int]:
    """How often each verdict met each outcome."""
    return dict(Counter((judge(arm.figures, thresholds=thresholds).name, arm.outcome) for arm in arms))


def matrix_table(arms: Sequence[Arm], thresholds: Thresholds = THRESHOLDS) -> str:
    """The confusion matrix in Markdown: a row for each verdict that was given, a column for each outcome."""
    counts = confusion(arms, thresholds)
    outcomes = get_args(Outcome)
    given = [name for name in get_args(VerdictName) if any(verdict == name for verdict, _ in counts)]
    lines = ["| verdict at the start | " + " | ".join(outcomes) + " |", "|---|" + "---:|" * len(outcomes)]
    for name in given:
        cells = [str(counts.get((name, outcome), 0) or "·") for outcome in outcomes]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def arms_table(arms: Sequence[Arm], thresholds: Thresholds = THRESHOLDS) -> str:
    """Every arm in Markdown: pair, verdict, the figures that decided or what is missing, outcome."""
    lines = ["| arm | student ← teacher | verdict at the start | rests on, or lacks | outcome |", "|---|---|---|---|---|"]
    for arm in arms:
        verdict = judge(arm.figures, thresholds=thresholds)
        pair = f"{arm.student} ← {arm.teacher}" + (f", {arm.setting}" if arm.setting else "")
        lines.append(f"| {arm.name} | {pair} | {verdict.name} | {_reason(verdict)} | {_came(arm)} |")
    return "\n".join(lines)


def _reason(verdict: Verdict) -> str:
    if verdict.name == "undecided":
        return verdict.sentence.split(": ", 1)[1].rstrip(".")
    return ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in verdict.figures.items())


def _came(arm: Arm) -> str:
    if arm.collapsed:
        return f"{arm.outcome}, collapsed"
    if arm.recovery is not None:
        return f"{arm.outcome}, {arm.recovery:.0%} of the gap"
    if arm.before is not None and arm.after is not None:
        return f"{arm.outcome}, {arm.before:.3f} → {arm.after:.3f}"
    return arm.outcome


def page() -> str:
    """The generated part of docs/distill-verdicts.md: the matrices of arms that tuned nothing and of all, and all arms."""
    arms = read_published()
    untuned = [arm for arm in arms if not arm.tuned]
    return (
        f"{len(untuned)} arms on which nothing was tuned:\n\n{matrix_table(untuned)}\n\n"
        f"All {len(arms)} arms, those included on which thresholds were fixed:\n\n{matrix_table(arms)}\n\n"
        f"Arm by arm:\n\n{arms_table(arms)}\n"
    )


if __name__ == "__main__":
    print(page(), end="")
