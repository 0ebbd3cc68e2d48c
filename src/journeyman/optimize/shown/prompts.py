"""Prompts as they are shown: what many of them begin with stands on the page once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec

from journeyman.optimize.said import Said

_WORTH = 400  # characters; a shorter common beginning is left where it is
_MOST = 12  # beginnings that are kept apart; further prompts are shown whole


@dataclass(frozen=True)
class Beginning:
    """What `count` prompts begin with. `name`: one letter."""

    name: str
    text: str
    count: int

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"beginning-{self.name.lower()}"


def shared_beginnings(prompts: Sequence[str]) -> list[Beginning]:
    """Common beginnings of at least two prompts, cut at the end of a line, the most used first.

    In sorted order, prompts with the same beginning are neighbours; a family ends where two neighbours have little in
    common.
    """
    ordered = sorted(prompts)
    families: list[list[str]] = [[text] for text in ordered[:1]]
    for before, text in pairwise(ordered):
        if _common(before, text) < max(_WORTH, len(text) // 20):
            families.append([])
        families[-1].append(text)
    found = []
    for family in families:
        length = _common(family[0], family[-1])
        shared = family[0][:length]
        if len(family) > 1 and not all(text == shared for text in family):
            shared = shared[: shared.rfind("\n") + 1]
        if len(family) > 1 and len(shared) >= _WORTH:
            found.append((len(family), shared))
    found.sort(key=lambda pair: -pair[0] * len(pair[1]))
    return [Beginning(chr(ord("A") + i), text, count) for i, (count, text) in enumerate(found[:_MOST])]


def split_off(text: str, beginnings: Sequence[Beginning]) -> tuple[Beginning | None, str]:
    """The longest beginning that `text` has, and the rest."""
    fitting = [b for b in beginnings if text.startswith(b.text)]
    if not fitting:
        return None, text
    longest = max(fitting, key=lambda b: len(b.text))
    return longest, text[len(longest.text) :]


def as_text(messages: Sequence[Said]) -> str:
    """The messages of a prompt, one after the other, each under its role."""
    parts = []
    for message in messages:
        pictures = "".join(f"[picture, {p.media_type}, {p.digest[:12]}]\n" for p in message.images)
        parts.append(f"── {message.role} ──\n{message.text}\n{pictures}")
    return "\n".join(parts)


def readable(blob: bytes) -> str:
    """A record of a proposer: JSON as a list of paths and values, texts as they are; anything else as text.

    What belongs to the task comes first: it is the same in every request.
    """
    text = blob.decode("utf-8", "replace")
    try:
        document = msgspec.json.decode(blob)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return text
    if not isinstance(document, dict):
        return text
    ordered = sorted(document, key=lambda name: name != "task")
    return "\n".join(line for name in ordered for line in _leaves(str(name), document[name]))


def _leaves(path: str, value: Any) -> list[str]:
    if isinstance(value, Mapping) and value:
        return [line for name, inner in value.items() for line in _leaves(f"{path}.{name}", inner)]
    if isinstance(value, list) and value:
        return [line for i, inner in enumerate(value) for line in _leaves(f"{path}[{i}]", inner)]
    if isinstance(value, str) and "\n" in value:
        return [f"── {path} ──", value.rstrip("\n"), ""]
    return [f"{path}: {value if isinstance(value, str) else msgspec.json.encode(value).decode()}"]


def _common(first: str, second: str) -> int:
    if first == second:
        return len(first)
    # By halves: slices compare at the speed of memory.
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
