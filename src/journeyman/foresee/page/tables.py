"""What stands below a step's frames: contents side by side, the agent's values, the governor's ruling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journeyman.foresee.page.frames import Shot
from journeyman.foresee.page.steps import Step, Words, value_words
from journeyman.report.number import NONE, number

MOST_VALUES = 8
"""Turns of an agent's mind that are listed."""


@dataclass(frozen=True)
class ContentRow:
    """One name of a state's content: (value, class) in each column."""

    name: str
    cells: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ValueRow:
    """A turn that the agent considers: its value before and after, in 0..1, `wanted` or done."""

    turn: str
    before: float | None
    after: float | None
    wanted: bool

    @property
    def words(self) -> tuple[str, str]:
        """Both as numbers."""
        return tuple(NONE if one is None else f"{one:.3f}" for one in (self.before, self.after))  # type: ignore[return-value]

    @property
    def bars(self) -> tuple[float, float]:
        """Lengths of the bars, of 100."""
        return tuple(100 * min(1.0, max(0.0, one or 0.0)) for one in (self.before, self.after))  # type: ignore[return-value]


@dataclass(frozen=True)
class RulingView:
    """What the governor said. `figures`: names with values."""

    verdict: str
    said: str
    why: str
    figures: Sequence[tuple[str, str]]


def content(step: Step, shot: Shot) -> tuple[list[str], list[ContentRow]]:
    """Symbolic content side by side: the real state, the prediction, what is true, what the agent read."""
    decision = step.decision
    columns: list[tuple[str, Mapping[str, Any], str]] = []
    if shot.real is not None:
        columns.append(("real now", shot.real.digest, ""))
    if step.kind == "call" and decision.predicted:
        columns.append(("imagined", decision.predicted, "predicted"))
        if decision.true:
            columns.append(("exact", decision.true, "true"))
        if step.reading is not None:
            columns.append(("agent read", step.reading, "read"))
    if shot.after is not None:
        columns.append(("real after", shot.after.digest, "after"))
    names = list(dict.fromkeys(name for _, digest, _ in columns for name in digest))
    rows = [ContentRow(name, [_value(name, digest, kind, step, shot) for _, digest, kind in columns]) for name in names]
    return [head for head, _, _ in columns], rows


def _value(name: str, digest: Mapping[str, Any], kind: str, step: Step, shot: Shot) -> tuple[str, str]:
    """A cell of that table, and how it stands out."""
    if name not in digest:
        return NONE, "soft"
    value = digest[name]
    decision = step.decision
    real = shot.real.digest if shot.real is not None else {}
    class_ = ""
    if kind == "predicted":
        if name in decision.true and not _alike(decision.true[name], value):
            class_ = "wrong"
        elif name in real and not _alike(real[name], value):
            class_ = "changed"
    elif kind == "read":
        class_ = "wrong" if name in decision.predicted and not _alike(decision.predicted[name], value) else ""
    elif kind in ("true", "after") and name in real and not _alike(real[name], value):
        class_ = "changed"
    return value_words(value), class_


def _alike(one: Any, other: Any) -> bool:
    return value_words(one) == value_words(other)


def values(step: Step, words: Words) -> list[ValueRow]:
    """The best turns by either value, and those that were wanted."""
    decision = step.decision
    before, after = decision.values, step.after
    wanted = {",".join(map(str, turn)) for turn in (decision.wished, decision.actions) if turn}
    if not before and not after:
        return []
    turns = sorted({*before, *after}, key=lambda turn: (-max(before.get(turn, 0.0), after.get(turn, 0.0)), turn))
    kept = [turn for place, turn in enumerate(turns) if place < MOST_VALUES or turn in wanted]
    return [ValueRow(words.key(turn), before.get(turn), after.get(turn), turn in wanted) for turn in kept]


def ruling(ruled: Mapping[str, Any], words: Words) -> RulingView | None:
    """What the governor said; None where there was none."""
    if not ruled:
        return None
    verdict = str(ruled.get("verdict", ""))
    actions = [tuple(turn) for turn in [ruled.get("actions") or (), *(ruled.get("others") or ())] if turn]
    said = {"allow": "lets the agent do what it wants", "veto": "forbids the call"}.get(verdict, "")
    if verdict == "simulate":
        said = f"has this simulated first: {' | '.join(words.turn(turn) for turn in actions)}"
    figures = [(name.replace("_", " "), number(value, digits=3)) for name, value in (ruled.get("values") or {}).items()]
    if ruled.get("propensity") is not None:
        figures.append(("propensity", number(ruled["propensity"], digits=3)))
    return RulingView(verdict, said, str(ruled.get("why", "")), figures)
