"""Numbers and words in parameter files: TOML and JSON with the path of each, any other text by eye.

The scanners remember where a value stands, which the standard decoders do not. What they find is held against what those
decoders read: a scanner that misreads a file refuses it rather than edit it wrongly.
"""

from __future__ import annotations

import json as json_module
import re
import tomllib
from collections.abc import Callable
from typing import Any

from journeyman.errors import CandidateInvalid
from journeyman.optimize.propose.scan import Found, Value, number, tune_rule

_SPACE = re.compile(r"[ \t\r\n]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_JSON_STRING = re.compile(r'"(?:\\.|[^"\\])*"')
_TOML_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL
)
_PART = r"""(?:"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_TOML_KEY = re.compile(rf"\s*{_PART}(?:\s*\.\s*{_PART})*[ \t]*")
_TOML_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d\S*)?|\d\d:\d\d\S*")
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])")
_WORD = re.compile(r"[^\s,\]}#]+")

Key = str | int
Path = tuple[Key, ...]


def json(text: str) -> list[Found]:
    """Numbers and strings of a JSON text. Raises CandidateInvalid if it is not one."""
    try:
        document = json_module.loads(text)
    except (ValueError, RecursionError) as error:
        raise CandidateInvalid(f"the candidate is not JSON that can be read: {error}") from error
    scanner = _Scanner(text, _SPACE, _JSON_STRING, _json_key)
    scanner.value(scanner.skip(0), ())
    return scanner.checked(document)


def toml(text: str) -> list[Found]:
    """Numbers and strings of a TOML text. Raises CandidateInvalid if it is not one."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise CandidateInvalid(f"the candidate is not TOML that can be read: {error}") from error
    scanner = _Scanner(text, _BLANK, _TOML_STRING, _toml_key)
    at = scanner.skip(0)
    table: Path = ()
    counts: dict[Path, int] = {}
    while at < len(text):
        if text[at] == "[":
            at, table = _toml_header(text, at, counts)
        else:
            at = scanner.pair(at, table, "=")
        at = scanner.skip(at)
    return scanner.checked(document)


def text(text: str) -> list[Found]:
    """Numbers that stand alone in any other text; a comment begins with #, //, ; or %."""
    found: list[Found] = []
    at = 0
    for row, line in enumerate(text.splitlines(keepends=True), start=1):
        comment = re.search(r"#|//|;|%", line)
        rule = tune_rule(line[comment.start() :]) if comment else None
        for match in _NUMBER.finditer(line[: comment.start()] if comment else line):
            value = number(match[0])
            if value is not None:
                found.append(
                    Found(at + match.start(), at + match.end(), match[0], value, f"line {row}", rule)
                )
        at += len(line)
    return found


class _Scanner:
    """Walks a text and keeps the scalars with their paths."""

    def __init__(
        self, text: str, space: re.Pattern[str], string: re.Pattern[str], key: Callable[[str], Path]
    ) -> None:
        self._text = text
        self._space = space
        self._string = string
        self._key = key
        self._found: list[tuple[Path, Found]] = []

    def skip(self, at: int) -> int:
        match = self._space.match(self._text, at)
        return match.end() if match else at

    def value(self, at: int, path: Path) -> int:
        """Read the value that begins at `at`; where it ends."""
        opening = self._text[at]
        if opening == "[":
            return self._items(at, path)
        if opening == "{":
            return self._members(at, path)
        match = self._string.match(self._text, at)
        if match is not None:
            self._keep(path, match, match[0][1:-1] if "\n" not in match[0] else None)
            return match.end()
        match = _TOML_DATE.match(self._text, at) if self._space is _BLANK else None
        if match is not None:
            return match.end()
        match = _WORD.match(self._text, at)
        assert match is not None
        self._keep(path, match, number(match[0]))
        return match.end()

    def pair(self, at: int, path: Path, sign: str) -> int:
        pattern = _TOML_KEY if sign == "=" else _JSON_STRING
        match = pattern.match(self._text, at)
        assert match is not None
        at = self.skip(self._text.index(sign, match.end()) + 1)
        return self.value(at, path + self._key(match[0]))

    def checked(self, document: Any) -> list[Found]:
        """What was found, if the document says the same at every path."""
        for path, found in self._found:
            value = document
            for key in path:
                value = value[key]
            if not isinstance(found.value, str) and (
                type(value) is not type(found.value) or value != found.value
            ):
                raise CandidateInvalid(
                    f"{found.name} of the parameter file cannot be located; write it in a plainer way"
                )
        return [found for _, found in self._found]

    def _keep(self, path: Path, match: re.Match[str], value: Value | None) -> None:
        if value is not None:
            end = self._text.find("\n", match.end())
            rest = self._text[match.end() : end if end >= 0 else None]
            rule = tune_rule(rest[rest.index("#") :]) if "#" in rest and self._space is _BLANK else None
            name = ".".join(map(str, path))
            self._found.append((path, Found(match.start(), match.end(), match[0], value, name, rule)))

    def _items(self, at: int, path: Path) -> int:
        index, at = 0, self.skip(at + 1)
        while self._text[at] != "]":
            at = self.skip(self.value(at, (*path, index)))
            index += 1
            if self._text[at] == ",":
                at = self.skip(at + 1)
        return at + 1

    def _members(self, at: int, path: Path) -> int:
        at = self.skip(at + 1)
        while self._text[at] != "}":
            at = self.skip(self.pair(at, path, "=" if self._space is _BLANK else ":"))
            if self._text[at] == ",":
                at = self.skip(at + 1)
        return at + 1


def _json_key(text: str) -> Path:
    return (str(json_module.loads(text)),)


def _toml_key(text: str) -> Path:
    # A key is read by the decoder itself, so that every way of quoting means what it should.
    path: list[Key] = []
    value: Any = tomllib.loads(f"{text.strip()} = 0")
    while isinstance(value, dict):
        ((key, value),) = value.items()
        path.append(key)
    return tuple(path)


def _toml_header(text: str, at: int, counts: dict[Path, int]) -> tuple[int, Path]:
    many = text.startswith("[[", at)
    begin = at + (2 if many else 1)
    match = _TOML_KEY.match(text, begin)
    assert match is not None
    keys = _toml_key(match[0])
    table: Path = ()
    for i, key in enumerate(keys):
        table = (*table, key)
        last = i == len(keys) - 1
        if many and last:
            counts[table] = counts.get(table, -1) + 1
        if table in counts:
            table = (*table, counts[table])
    return match.end() + (2 if many else 1), table
