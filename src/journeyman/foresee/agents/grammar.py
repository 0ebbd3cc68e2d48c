"""The language of replies (spec g.3): free text with exactly one of three tags, and what the agent states beside it.

    <simulate>Left, Down</simulate>        ask the world model; <simulate>Left | Down</simulate> compares alternatives (J6),
                                           <simulate from="3">Up</simulate> goes on from call 3 (J7)
    <act>Right</act>                       do it
    <answer>B</answer>                     end the episode with an answer
    <confidence>0.8</confidence>           of success, in 0..1
    <reading>at=2,3 terminal=no</reading>  what the last prediction showed, as the agent understood it

Reading is tolerant of case, spaces, fences, thoughts and text around the tags, and strict about everything that would be
a guess: two tags, an unknown action, too many actions, a tag that is not closed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Mode, Wish
from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.agents.reading import read_reading, write_reading
from journeyman.foresee.worlds.world import About

DEEPEST = 5
"""Actions that one alternative may simulate, or `About.per_turn` where that is more."""
WIDEST = 4
"""Alternatives of one call."""

MANY = 100
"""Tags, or thoughts, of one reply: more are not looked at, since that takes the square of their number."""

_THOUGHT = re.compile(r"<\s*(think|thinking|thought|reasoning)\s*>.*?<\s*/\s*\1\s*>", re.I | re.S)
_END_OF_THOUGHT = re.compile(r".*<\s*/\s*(?:think|thinking|thought|reasoning)\s*>", re.I | re.S)
_ANY_THOUGHT = re.compile(r"<\s*(?:/\s*)?(?:think|thinking|thought|reasoning)\s*>", re.I)
_OPEN_THOUGHT = re.compile(r"<\s*(think|thinking|thought|reasoning)\s*>", re.I)
_TAG = re.compile(
    r"<\s*(?P<tag>simulate|act|answer|confidence|reading)(?P<attributes>\s[^<>]*)?>(?P<body>.*?)<\s*/\s*(?P=tag)\s*>",
    re.I | re.S,
)
_OPENING = re.compile(r"<\s*(simulate|act|answer|confidence|reading)(?:\s[^<>]*)?>", re.I)
_FROM = re.compile(r"\s*from\s*=\s*([\"']?)\s*#?(\d{1,6})\s*\1\s*", re.I)
_NUMBER = re.compile(r"((?:\d{1,3}(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?)\s*(%?)", re.I)
_MARKS = " \t\r\n`'\"*_.()[]"


@dataclass(frozen=True)
class Said:
    """A reply as understood: what is wished, and what the agent stated of the last prediction (None: nothing)."""

    wish: Wish
    reading: dict[str, Any] | None = None


@dataclass(frozen=True)
class Unreadable:
    """A reply that cannot be taken. `why`: a sentence for the agent, which begins with a small letter and has no stop."""

    why: str


def deepest(about: About) -> int:
    """How many actions one alternative of a call may have."""
    return max(DEEPEST, about.per_turn)


def forms(mode: Mode) -> str:
    """The tags of which a reply has one, as they are named to agents in this mode."""
    return "<act>...</act> or <answer>...</answer>" if mode == "invisible" else (
        "<simulate>...</simulate>, <act>...</act> or <answer>...</answer>"
    )  # fmt: skip


def parse(
    text: str, about: About, mode: Mode, *, memory: str = "restart", fields: Sequence[str] = ()
) -> Said | Unreadable:
    """What a reply says.

    Args:
        about: of the world: its actions by name, and how many a turn may have.
        mode: in "invisible" there is nothing to simulate with, and no sentence of `Unreadable` speaks of it.
        memory: of the cell; `from` is only understood where a call may go on from an earlier one.
        fields: of "confidence" and "reading", what must be there (ask for a reading only after a prediction).
    """
    opened = [tag[1].lower() for tag in _OPENING.finditer(text)]
    if len(opened) > MANY:
        return Unreadable(f"it has {len(opened)} tags; it needs exactly one of {forms(mode)}")
    if _ANY_THOUGHT.search(text):
        outside = _without_thoughts(text)
        if isinstance(outside, Unreadable):
            return outside
        text, opened = outside, [tag[1].lower() for tag in _OPENING.finditer(outside)]
    found: dict[str, list[re.Match[str]]] = {}
    for tag in _TAG.finditer(text):
        found.setdefault(tag["tag"].lower(), []).append(tag)
    wishes = [tag for kind in ("simulate", "act", "answer") for tag in found.get(kind, ())]
    if fault := _miscounted(opened, found, wishes, mode):
        return Unreadable(fault)
    try:
        wish = _wish(wishes[0], about, memory)
        confidence = _confidence(found)
        reading = read_reading(found["reading"][0]["body"]) if "reading" in found else None
    except UsageError as error:
        return Unreadable(str(error))
    for name, value in (("confidence", confidence), ("reading", reading)):
        if name in fields and value is None:
            return Unreadable(f"it lacks <{name}>...</{name}>")
    return Said(replace(wish, confidence=confidence), reading)


def thought_of(text: str) -> str:
    """A reply without its tags: what was said beside them."""
    return _TAG.sub("", text).strip()


def write(wish: Wish, about: About, *, reading: Mapping[str, Any] | None = None, thought: str = "") -> str:
    """The reply that `parse` understands as this wish and reading.

    Raises UsageError: an action that the world has not, an answer or a thought that holds a tag, or other than 1 to
    `WIDEST` different alternatives.
    """
    if _OPENING.search(thought) or _OPEN_THOUGHT.search(thought) or _END_OF_THOUGHT.match(thought):
        raise UsageError(f"the thought {thought!r} holds a tag of the reply")
    if wish.kind == "answer":
        body = wish.answer.strip()
        if not body or "<" in body:
            raise UsageError(f"the answer {wish.answer!r} is empty or holds a '<'")
        opening = "answer"
    elif wish.kind == "act":
        opening, body = "act", _named(wish.actions, about)
    else:
        if len(set(wish.alternatives)) != len(wish.alternatives) or len(wish.alternatives) > WIDEST:
            raise UsageError(f"a call compares 1 to {WIDEST} different alternatives, not {wish.alternatives}")
        opening = "simulate" if wish.origin is None else f'simulate from="{wish.origin}"'
        body = " | ".join(_named(actions, about) for actions in wish.alternatives)
    parts = [thought] if thought else []
    if reading is not None:
        parts.append(f"<reading>{write_reading(reading)}</reading>")
    if wish.confidence is not None:
        parts.append(f"<confidence>{wish.confidence!r}</confidence>")
    return "\n".join([*parts, f"<{opening}>{body}</{wish.kind}>"])


def _without_thoughts(text: str) -> str | Unreadable:
    """What is said outside of thoughts, of which some servers cut off the beginning."""
    if len(_ANY_THOUGHT.findall(text)) > MANY:
        return Unreadable("it has too many thoughts")
    text = _THOUGHT.sub(" ", text)
    if ended := _END_OF_THOUGHT.match(text):
        text = text[ended.end() :]
    if thought := _OPEN_THOUGHT.search(text):
        return Unreadable(f"the thought that begins with <{thought[1].lower()}> has no end, so nothing after it is a reply")
    return text


def _miscounted(
    opened: Sequence[str], found: Mapping[str, Sequence[re.Match[str]]], wishes: Sequence[re.Match[str]], mode: Mode
) -> str:
    """What is wrong with the tags' number, or ""."""
    if mode == "invisible" and "simulate" in opened:
        return f"it has a tag that does not exist here; it needs exactly one of {forms(mode)}"
    for kind in dict.fromkeys(opened):
        closed = len(found.get(kind, ()))
        if opened.count(kind) > closed:
            return f"<{kind}> is not closed by </{kind}>" if not closed else f"<{kind}> is there more than once"
    if not wishes:
        return f"it has none of {forms(mode)}"
    if len(wishes) > 1:
        kinds = " and ".join(f"<{tag['tag'].lower()}>" for tag in wishes[:3])
        return f"it has {len(wishes)} of them ({kinds}); it needs exactly one of {forms(mode)}"
    for kind in ("confidence", "reading"):
        if len(found.get(kind, ())) > 1:
            return f"<{kind}> is there more than once"
    for tag in (one for tags in found.values() for one in tags):
        if (tag["attributes"] or "").strip() and tag["tag"].lower() != "simulate":
            return f"<{tag['tag'].lower()}> takes nothing but its content, not '{tag['attributes'].strip()[:40]}'"
    return ""


def _wish(tag: re.Match[str], about: About, memory: str) -> Wish:
    kind, body = tag["tag"].lower(), tag["body"]
    if kind == "answer":
        answer = body.strip().strip("`").strip()
        if not answer:
            raise UsageError("<answer> is empty")
        return Wish("answer", answer=answer)
    if kind == "act":
        return Wish("act", _actions(body, about, about.per_turn, "a turn"))
    origin = _origin(tag["attributes"] or "", memory)
    alternatives = [_actions(part, about, deepest(about), "a simulation") for part in body.split("|")]
    if len(alternatives) > WIDEST:
        raise UsageError(f"<simulate> compares {len(alternatives)} alternatives; {WIDEST} are the most")
    if len(set(alternatives)) < len(alternatives):
        raise UsageError("<simulate> names the same alternative twice")
    return Wish("simulate", alternatives[0], others=tuple(alternatives[1:]), origin=origin)


def _origin(attributes: str, memory: str) -> int | None:
    if not attributes.strip():
        return None
    number = _FROM.fullmatch(attributes) if len(attributes) < 100 else None
    if number is None:
        raise UsageError(f"<simulate> does not understand '{attributes.strip()[:40]}'")
    if memory == "restart":
        raise UsageError("every simulation begins at the real state, so <simulate> takes no from")
    return int(number[2])


def _actions(body: str, about: About, most: int, what: str) -> Actions:
    """Numbers of the actions that are named, in order; a name goes before a number."""
    names = [part.strip(_MARKS) for part in re.split(r"[,\n]", body)]
    names = [name for name in names if name]
    if not names:
        raise UsageError(f"it names no action; the actions are {', '.join(about.actions)}")
    if len(names) > most:
        raise UsageError(f"it names {len(names)} actions; {what} has at most {most}")
    return tuple(_action(name, about) for name in names)


def _action(name: str, about: About) -> int:
    if name in about.actions:
        return list(about.actions).index(name)
    plain = _plain(name)
    same = [number for number, action in enumerate(about.actions) if _plain(action) == plain]
    if len(same) == 1:
        return same[0]
    if name.isdecimal() and len(name) < 7 and int(name) < len(about.actions):
        return int(name)
    shown = name if len(name) <= 40 else f"{name[:40]}..."
    raise UsageError(f"'{shown}' is no action; the actions are {', '.join(about.actions)}")


def _plain(name: str) -> str:
    """A name as it is compared: case, spaces, underscores and hyphens aside."""
    return re.sub(r"[\s_-]+", "", name).casefold()


def _named(actions: Sequence[int], about: About) -> str:
    """By name, or by number where a name would not be read back."""
    if not actions or not all(0 <= action < len(about.actions) for action in actions):
        raise UsageError(f"{tuple(actions)} are no actions of '{about.name}', which are 0 to {len(about.actions) - 1}")
    return ", ".join(_word(action, about) for action in actions)


def _word(action: int, about: About) -> str:
    for word in (about.actions[action], str(action)):
        stripped = word.strip(_MARKS)
        if word and stripped == word and not re.search(r"[,|<>\n]", word) and _found(word, about) == action:
            return word
    raise UsageError(f"action {action} of '{about.name}' has no name that can be told from the others")


def _found(word: str, about: About) -> int | None:
    try:
        return _action(word, about)
    except UsageError:
        return None


def _confidence(found: Mapping[str, Sequence[re.Match[str]]]) -> float | None:
    if "confidence" not in found:
        return None
    body = found["confidence"][0]["body"].strip(" \t\r\n`")
    number = _NUMBER.fullmatch(body)
    value = float(number[1]) / (100.0 if number[2] else 1.0) if number else 2.0
    if value > 1.0:
        raise UsageError(f"'{body[:40]}' is no confidence; it is a number from 0 to 1")
    return value
