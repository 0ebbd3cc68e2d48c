"""An episode as steps that can be told: each decision with what was made of it later, and what the scores say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from journeyman.foresee.protocol.branches import agrees
from journeyman.foresee.protocol.decision import Decision, Episode
from journeyman.foresee.score.misuse import KINDS, judged, readings_of
from journeyman.report.number import number
from journeyman.report.text import one_line

Kind = Literal["call", "act", "refused", "unread", "answer"]
Numbers = tuple[int, ...]

_KINDS: dict[str, Kind] = {"W": "call", "E": "act", "R": "refused", "P": "unread", "A": "answer"}
_ARROWS = {"left": "←", "down": "↓", "right": "→", "up": "↑"}

MISUSE = {
    "contradiction": "what the agent read of the prediction is not what it showed",
    "neglect": "the next real action is the one that the prediction showed to fail",
    "wasted": "whatever it had shown, the decision would have been the same",
    "loop": "the same was simulated before, with no real action in between",
}
"""Kind of misuse -> what it means, in words."""


@dataclass(frozen=True)
class Step:
    """A decision with what only the whole episode tells.

    Attributes:
        misuse: of a call, the kinds that apply. reading: what the agent later stated of it; None: nothing.
        contradicts: whether that disagrees with what was predicted; None: nothing to be compared.
        after: values of the agent's mind at its next reply in the same real state; empty where there is none.
        batch: of a call, indices of all decisions of its batch, itself among them; () for a single call.
    """

    decision: Decision
    misuse: tuple[str, ...] = ()
    reading: Mapping[str, Any] | None = None
    contradicts: bool | None = None
    after: Mapping[str, float] = field(default_factory=dict)
    batch: tuple[int, ...] = ()

    @property
    def kind(self) -> Kind:
        """What became of the reply."""
        return _KINDS[self.decision.context]

    @property
    def wrong(self) -> bool:
        """Whether the prediction is known not to be the true one, in content or in what it shows."""
        decision = self.decision
        if self.kind != "call" or not decision.true:
            return False
        return decision.predicted != decision.true or bool(decision.realised.get("observation"))


def steps_of(episode: Episode) -> list[Step]:
    """One step a decision, in order."""
    decisions = episode.decisions
    calls = iter(zip(judged(episode), readings_of(episode), strict=True))
    batches: dict[int, list[int]] = {}
    for decision in decisions:
        if decision.batch is not None:
            batches.setdefault(decision.batch, []).append(decision.index)
    steps = []
    for place, decision in enumerate(decisions):
        if decision.context != "W":
            steps.append(Step(decision))
            continue
        flags, reading = next(calls)
        agreed = None if reading is None else agrees(reading, decision.predicted)
        misuse = tuple(kind for kind, flag in zip(KINDS, flags, strict=True) if flag)
        batch = () if decision.batch is None else tuple(batches[decision.batch])
        after = _after(decisions, place)
        steps.append(Step(decision, misuse, reading, None if agreed is None else not agreed, after, batch))
    return steps


def _after(decisions: Sequence[Decision], place: int) -> Mapping[str, float]:
    """Values at the next reply, if the real state is still the same."""
    here = decisions[place]
    for later in decisions[place + 1 :]:
        if later.state != here.state or later.real != here.real:
            return {}
        same_reply = here.batch is not None and later.batch == here.batch
        if later.values and not same_reply:
            return later.values
    return {}


# --- words --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Words:
    """Names of a world's actions, in the order of their numbers; numbers stand for themselves where there are none."""

    actions: Sequence[str] = ()

    def action(self, number: int) -> str:
        """One, with an arrow where its name is a direction."""
        if not 0 <= number < len(self.actions):
            return str(number)
        name = self.actions[number]
        arrow = _ARROWS.get(name.lower())
        return f"{arrow} {name}" if arrow else name

    def turn(self, actions: Numbers) -> str:
        """Several, with a count of repetitions: `← Left ×3, ↓ Down`."""
        parts: list[list[Any]] = []
        for action in actions:
            if parts and parts[-1][0] == action:
                parts[-1][1] += 1
            else:
                parts.append([action, 1])
        return ", ".join(self.action(action) + (f" ×{times}" if times > 1 else "") for action, times in parts)

    def key(self, turn: str) -> str:
        """A key of a mind's values, such as "2,1"."""
        try:
            return self.turn(tuple(int(part) for part in turn.split(",")))
        except ValueError:
            return one_line(turn)


def title(step: Step, words: Words) -> str:
    """What happened, in a few words."""
    decision = step.decision
    turn = words.turn(decision.actions)
    if step.kind == "call":
        who = "The governor has" if decision.by == "governor" else "The agent asks:"
        asked = f"{who} {turn} simulated" if decision.by == "governor" else f"{who} what if {turn}?"
        return asked if decision.origin is None else f"{asked.rstrip('?')}, going on from call {decision.origin}"
    if step.kind == "act":
        return f"The agent does {turn}"
    if step.kind == "answer":
        return f"The agent answers {one_line(decision.answer, limit=60)}" if decision.answer else "The agent gives up"
    if step.kind == "refused":
        wished = words.turn(decision.wished or ())
        return f"Refused: {wished}" if wished else "Refused"
    return "The reply could not be read"


def aside(step: Step, words: Words) -> str:
    """What was wished, where something else was carried out; "" where it was not."""
    decision = step.decision
    if step.kind in ("refused", "unread") or decision.wished is None:
        return ""
    verb = "had wanted" if decision.by == "governor" else "had asked for"
    return f"The agent {verb} {words.turn(decision.wished)}."


def content(digest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Symbolic content of a state as names with values in words."""
    return [(name, value_words(value)) for name, value in digest.items()]


def value_words(value: Any) -> str:
    """`2,3`, `yes`, `0.25`, `ice`; of lists of places `2,3 4,1`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value, digits=3)
    if isinstance(value, list | tuple):
        nested = any(isinstance(one, list | tuple) for one in value)
        return (" " if nested else ",").join(value_words(one) for one in value) or "none"
    return one_line(str(value), limit=80)


def content_words(digest: Mapping[str, Any]) -> str:
    """The same in one line: `at 2,3, on ice, terminal no, success no`."""
    return ", ".join(f"{name} {value}" for name, value in content(digest))


def outcome(episode: Episode) -> str:
    """How it ended, and what it took."""
    ended = {
        "success": "Success", "lost": "Lost", "answered": "Right answer" if episode.success else "Wrong answer",
        "real cap": "Out of actions", "turn cap": "Out of turns", "unreadable": "Replies could not be read",
    }.get(episode.reason, one_line(episode.reason))  # fmt: skip
    return f"{ended} after {_many(episode.real, 'action')} and {_many(episode.calls, 'call')}"


def remarks(steps: Sequence[Step]) -> list[str]:
    """What is to be noticed: `3 of 5 predictions were wrong`, `2 calls misused (1 loop, 1 neglect)`, ..."""
    calls = [step for step in steps if step.kind == "call"]
    found = []
    if wrong := sum(step.wrong for step in calls):
        found.append(f"{wrong} of {_many(len(calls), 'prediction')} {'was' if wrong == 1 else 'were'} wrong")
    misused = [step for step in calls if step.misuse]
    if misused:
        counts = [(kind, sum(kind in step.misuse for step in misused)) for kind in KINDS]
        said = ", ".join(f"{n} {kind}" for kind, n in counts if n)
        found.append(f"{_many(len(misused), 'call')} misused ({said})")
    for kind, said in (("refused", "refused"), ("unread", "not readable")):
        if n := sum(step.kind == kind for step in steps):
            found.append(f"{_many(n, 'wish' if kind == 'refused' else 'reply')} {said}")
    return found


def _many(n: int, what: str) -> str:
    plural = {"wish": "wishes", "reply": "replies"}.get(what, f"{what}s")
    return f"{n} {what if n == 1 else plural}"
