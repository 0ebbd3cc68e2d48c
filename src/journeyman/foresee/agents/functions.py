"""The tags of the grammar as functions, for models that call functions: simulate, act and answer.

A call becomes the reply that the grammar reads, faults and all, and that reply becomes the same call again where a model's
earlier turns are told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from journeyman.foresee.agents.agent import Mode
from journeyman.foresee.agents.grammar import WIDEST, Said, deepest, parse
from journeyman.foresee.agents.reading import write_reading
from journeyman.foresee.worlds.world import About
from journeyman.models import Tool, ToolCall

FUNCTIONS_TEXT = (
    "\n# Functions\nFor each of these tags there is a function of the same name. Use the function instead of writing the "
    "tag; what else a reply states is among its arguments. Use exactly one function in each reply.\n"
)
"""What the system text of a model with functions has at its end; the same in all modes."""


def functions_of(about: About, mode: Mode, *, memory: str = "restart", fields: Sequence[str] = ()) -> tuple[Tool, ...]:
    """The functions that there are in a mode. `fields` as in `Brief`; a reading is never required, only possible."""

    def actions(most: int) -> dict[str, Any]:
        return {"type": "array", "items": {"enum": list(about.actions)}, "minItems": 1, "maxItems": most}

    stated: dict[str, Any] = {}
    if "confidence" in fields:
        stated["confidence"] = {"type": "number", "minimum": 0, "maximum": 1}
    if "reading" in fields:
        stated["reading"] = {"type": "object", "description": "What the last simulation showed, by name."}
    always = [name for name in stated if name == "confidence"]
    alternatives = {
        "type": "array", "items": actions(deepest(about)), "minItems": 1, "maxItems": WIDEST,
        "description": "One sequence of actions, or several to compare.",
    }  # fmt: skip
    asked: dict[str, Any] = {"alternatives": alternatives}
    if memory != "restart":
        asked["from"] = {"type": "integer", "description": "Number of the call to go on from; leave out for the real state."}
    tools = [
        Tool("simulate", "Ask what would be seen; nothing changes.", _object(asked | stated, ["alternatives", *always])),
        Tool("act", "Carry actions out.", _object({"actions": actions(about.per_turn), **stated}, ["actions", *always])),
        Tool("answer", "End the episode.", _object({"answer": {"type": "string"}, **stated}, ["answer", *always])),
    ]
    return tuple(tools if mode != "invisible" else tools[1:])


def called_as_text(call: ToolCall) -> str:
    """A call as the tags of a reply. What cannot be understood stands in the tag as it was written, to be refused there."""
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        arguments = call.arguments
    if not isinstance(arguments, dict):
        return f"<{call.name}>{_inside(arguments)}</{call.name}>"
    parts = []
    if arguments.get("reading") is not None:
        parts.append(f"<reading>{_reading(arguments['reading'])}</reading>")
    if arguments.get("confidence") is not None:
        parts.append(f"<confidence>{_inside(arguments['confidence'])}</confidence>")
    opening, body = call.name, ""
    if call.name == "simulate":
        origin = arguments.get("from")
        opening = call.name if origin is None else f'{call.name} from="{_inside(origin)}"'
        alternatives = arguments.get("alternatives", ())
        nested = isinstance(alternatives, list) and any(isinstance(one, list) for one in alternatives)
        body = " | ".join(_list(one) for one in alternatives) if nested else _list(alternatives)
    elif call.name == "act":
        body = _list(arguments.get("actions", ()))
    else:
        body = _inside(arguments.get(call.name, ""))
    return "\n".join([*parts, f"<{opening}>{body}</{call.name}>"])


def text_as_call(text: str, about: About, mode: Mode, *, memory: str, id: str) -> ToolCall | None:
    """A reply as the call that it was, or could have been; None for one that cannot be read."""
    said = parse(text, about, mode, memory=memory)
    if not isinstance(said, Said):
        return None
    wish, arguments = said.wish, dict[str, Any]()
    if wish.kind == "simulate":
        arguments["alternatives"] = [[about.actions[a] for a in actions] for actions in wish.alternatives]
        if wish.origin is not None:
            arguments["from"] = wish.origin
    elif wish.kind == "act":
        arguments["actions"] = [about.actions[action] for action in wish.actions]
    else:
        arguments["answer"] = wish.answer
    if wish.confidence is not None:
        arguments["confidence"] = wish.confidence
    if said.reading is not None:
        arguments["reading"] = said.reading
    return ToolCall(id, wish.kind, json.dumps(arguments, ensure_ascii=False))


def _object(properties: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(required), "additionalProperties": False}


def _list(actions: Any) -> str:
    return ", ".join(map(_inside, actions)) if isinstance(actions, list | tuple) else _inside(actions)


def _reading(reading: Any) -> str:
    return write_reading(reading) if isinstance(reading, dict) else _inside(reading)


def _inside(value: Any) -> str:
    """A value as it may stand inside a tag: no '<', which would begin another."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("<", "\u2039").replace(">", "\u203a")
