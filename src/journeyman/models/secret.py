"""Keys: taken from the environment, sent in headers, and cut out of every text that comes back.

Servers echo keys: whole, in part ("Incorrect API key provided: sk-proj-ab****"), URL-encoded in the address of a
redirect. So whatever is found of a key, `PART` characters or more in a row, is replaced, in error texts and in replies.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

from journeyman.errors import ModelConfigInvalid

PART = 8
"""So many characters in a row of a key are never shown. A shorter key is a placeholder ("EMPTY") and hides nothing."""

_HIDDEN = "[key]"
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
# How the keys of well-known services begin.
_KEY = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|pplx|hf|r8|nvapi|ghp|ghs|fw|csk|tgp)[-_][\w-]{16,}|\bAIza[\w-]{20,}|\bAKIA[A-Z0-9]{12,}"
)
_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie|password", re.IGNORECASE)


class Secrets:
    """The secret texts that belong to one model. Its repr shows none of them."""

    def __init__(self, values: Iterable[str]) -> None:
        parts: set[str] = set()
        for value in values:
            for written in {
                value,
                quote(value, safe=""),
                quote(value),
                quote_plus(value),
                json.dumps(value)[1:-1],
            }:
                parts.update(written[i : i + PART] for i in range(len(written) - PART + 1))
        self._parts = tuple(parts)

    def redact(self, text: str) -> str:
        """`text` with every run of `PART` or more characters of a secret replaced."""
        found: list[tuple[int, int]] = []
        for part in self._parts:
            at = text.find(part)
            while at >= 0:
                found.append((at, at + PART))
                at = text.find(part, at + 1)
        if not found:
            return text
        pieces: list[str] = []
        shown = 0
        until = -1
        for start, end in sorted(found):
            if start > until:  # a new run; what touches or overlaps the last one goes with it
                if until >= 0:
                    pieces.append(_HIDDEN)
                pieces.append(text[shown:start])
            until = max(until, end)
            shown = until
        return "".join([*pieces, _HIDDEN, text[shown:]])

    def __repr__(self) -> str:
        return "Secrets(...)"


def variable_name(name: str, *, what: str) -> str:
    """`name`, if it can be the name of an environment variable and is not a key itself.

    Args:
        what: "models.toml: model 'x': key", for the error.

    Raises:
        ModelConfigInvalid: it is something else. The text does not repeat it, since it may be a key.
    """
    random = len(name) >= 16 and "_" not in name and any(c.isdigit() for c in name)
    if not _NAME.fullmatch(name) or _KEY.search(name) or random:
        raise ModelConfigInvalid(
            f"{what} is the name of an environment variable in capitals, such as OPENAI_API_KEY, and never the key "
            "itself: export the key under a name, and write the name here"
        )
    return name


def refuse_keys(value: object, *, what: str) -> None:
    """Refuse a setting that has a key written into it, at any depth.

    Raises:
        ModelConfigInvalid: a text in it begins as the keys of well-known services do.
    """
    if isinstance(value, str) and _KEY.search(value):
        raise ModelConfigInvalid(
            f"{what} looks like a key: files are shared and kept, so put it into an environment variable and write its name"
        )
    if isinstance(value, Mapping):
        for name, inner in value.items():
            refuse_keys(inner, what=f"{what}.{name}")
    elif isinstance(value, list | tuple):
        for inner in value:
            refuse_keys(inner, what=what)


def from_environment(name: str, *, what: str, environment: Mapping[str, str] | None = None) -> str:
    """The key that the variable `name` holds, without surrounding white space.

    Raises:
        ModelConfigInvalid: the variable is not set, is empty, or holds what no header can carry.
    """
    value = (os.environ if environment is None else environment).get(name, "").strip()
    if not value:
        raise ModelConfigInvalid(
            f"{what}: the environment variable {name} is not set; export it with the key in it"
        )
    if not value.isascii() or not value.isprintable():
        raise ModelConfigInvalid(
            f"{what}: the environment variable {name} holds characters that no header can carry"
        )
    return value


def header_fault(name: str, template: str) -> str | None:
    """What is wrong with a header of models.toml, or None: one that carries a secret must take it from a variable."""
    if _SECRET_HEADER.search(name) and not _VARIABLE.search(template):
        return "carries a secret: write $NAME for it, and export the environment variable NAME"
    return None


def read_headers(
    headers: Mapping[str, str], *, what: str, environment: Mapping[str, str] | None = None
) -> tuple[dict[str, str], list[str]]:
    """Headers with every $VARIABLE replaced by its value, and those values.

    Raises:
        ModelConfigInvalid: a variable is not set.
    """
    secrets: list[str] = []

    def value(match: re.Match[str]) -> str:
        found = from_environment(match[1] or match[2], what=f"{what}.{name}", environment=environment)
        secrets.append(found)
        return found

    filled: dict[str, str] = {}
    for name, template in headers.items():
        filled[name] = _VARIABLE.sub(value, template)
    return filled, secrets
