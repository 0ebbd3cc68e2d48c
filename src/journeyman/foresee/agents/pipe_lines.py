"""What goes over the pipe between an episode and a command that plays it: one JSON document a line, each way.

    {"begin": {...}, "events": [{"kind": "real", "text": "...", "symbols": "PS_\\n..."}], "real_left": 24, ...}      a turn
    {"text": "<act>Left</act>"}                                                                               a reply
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from journeyman.foresee.agents.agent import Brief, Event, Turn


class PipeBegin(msgspec.Struct, frozen=True):
    """What an agent is told once.

    Attributes:
        world: name, role, rules, legend (symbol -> meaning), actions (names by number), per_turn.
        instance: id of the problem. cap: its real actions.
        mode, memory, fields, reliable: as in `Brief`.
        system: the rules as a language model is told them.
        seed: for randomness of the agent's own; the same for the same episode of the same run.
    """

    world: dict[str, Any]
    instance: str
    cap: int
    mode: str
    memory: str
    system: str
    fields: list[str]
    reliable: float | None
    seed: int


class PipeEvent(msgspec.Struct, frozen=True):
    """One thing that is shown.

    Attributes:
        kind: "real", "hypothetical", "refusal" or "remark".
        text: as a language model is told.
        seen: what is seen in words, symbols: as a grid, image: as a PNG in base64; each "" where it is not shown.
        actions: names of those that led to it. call: number of the call, of a hypothetical event.
    """

    kind: str
    text: str
    seen: str = ""
    symbols: str = ""
    image: str = ""
    actions: list[str] = []
    call: int | None = None


class PipeTurn(msgspec.Struct, frozen=True):
    """One turn. `begin`: in the first of an episode. `events`: what is new. The rest as in `Turn`; `present` is [] but with
    the memory "branches", where it is the real state and the table of what was simulated from it."""

    begin: PipeBegin | None
    events: list[PipeEvent]
    real_left: int
    calls_left: int
    calls_left_now: int
    must_simulate: bool
    present: list[PipeEvent] = []


class PipeReply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reply. `text`: in the grammar of `agents.grammar`; usage: tokens_in, tokens_out, micro_usd; hope: see `Asked`."""

    text: str
    usage: dict[str, int] = {}
    hope: str = ""


def begin_of(brief: Brief) -> PipeBegin:
    """What a command is told with the first turn of an episode."""
    about = brief.about
    world = {
        "name": about.name, "role": about.role, "rules": about.rules, "legend": dict(about.legend),
        "actions": list(about.actions), "per_turn": about.per_turn,
    }  # fmt: skip
    return PipeBegin(
        world, brief.instance.id, brief.instance.cap, brief.mode, brief.memory, brief.system, list(brief.fields),
        brief.reliable, brief.draws.below(2**31, "policy", brief.instance.id, "command"),
    )  # fmt: skip


def turn_of(turn: Turn, actions: list[str], begin: PipeBegin | None) -> PipeTurn:
    """A turn as it is written; `actions` by name."""
    new, present = ([_event(event, actions) for event in events] for events in (turn.new, turn.present))
    return PipeTurn(begin, new, turn.real_left, turn.calls_left, turn.calls_left_now, turn.must_simulate, present)


def _event(event: Event, names: list[str]) -> PipeEvent:
    seen = event.observation
    return PipeEvent(
        event.kind, event.text, seen.text if seen else "", seen.symbols if seen else "",
        base64.b64encode(seen.image).decode() if seen else "", [names[action] for action in event.actions], event.call,
    )  # fmt: skip
