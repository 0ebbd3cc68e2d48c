"""An agent of the user's own: "my_agent.py:MyAgent", a class with `begin` and `reply`, or a function that makes one.

    open_agent("my_agent.py:MyAgent,depth=2", world)

It is called without arguments, or with the settings after the comma, once for each episode. Attributes of the class that
mean something: `format` ("symbols", "image", "text"), `wording` (a `prompts.Wording`), `waits` (it waits for something
outside, so that threads serve it best), `repeats` (its replies are the same again and need not be kept).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Agent
from journeyman.foresee.agents.wording import wording_of
from journeyman.foresee.member import in_words, load_member
from journeyman.foresee.setting import plain_value

NEEDED = {
    "begin": "begin(brief) hears the rules of an episode",
    "reply": "reply(turn) gives a text with <simulate>, <act> or <answer>",
}
"""What an agent must have, each with a word of what it does."""


class UserMaker:
    """Makes agents with a class or function of a file. One is made at once, to see that it can be.

    Raises UsageError: no such file or name, code that raises, or a member that is lacking.
    """

    def __init__(self, file: str, name: str, settings: Mapping[str, str]) -> None:
        if not name:
            raise UsageError(f"'{file}' names no class; write {file}:CLASS")
        self._where, self._path = f"{file}:{name}", Path(file).expanduser().resolve()
        self._make = load_member(file, name, what="an agent")
        self._settings = {key: plain_value(text) for key, text in settings.items()}
        first = self()
        self.format: str | None = getattr(first, "format", None)
        self.wording = wording_of(first)
        self.waits = bool(getattr(first, "waits", False))
        self.repeats = bool(getattr(first, "repeats", False))

    def __call__(self) -> Agent:
        try:
            agent: Any = self._make(**self._settings)
        except Exception as error:
            raise UsageError(f"{self._where} could not be made: {in_words(error, self._path)}") from error
        for member, does in NEEDED.items():
            if not callable(getattr(agent, member, None)):
                raise UsageError(f"{self._where} has no '{member}'; {does}")
        made: Agent = agent
        return made
