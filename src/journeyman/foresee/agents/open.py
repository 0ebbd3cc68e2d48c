"""Agents by their names.

    make = open_agent("openai/gpt-5-mini:image=true", world)
    agent = make()                                                        # one for each episode

    scripted:perception=0.15          the scripted family, with faults of known size
    openai/NAME, hf/FOLDER, NAME      a language model, with settings after a colon (`LanguageSettings`, `Wording`)
    recorded:FILE.jsonl               replies on record, in order; recorded:RUN,cell=0 those of a run
    cmd:./agent --its options         a command that reads and writes a line of JSON for each turn
    my_agent.py:MyAgent               a class of your own
"""

from __future__ import annotations

import re
from pathlib import Path

from journeyman.errors import ModelNotFound, UsageError
from journeyman.foresee.agents.agent import Agent, Maker
from journeyman.foresee.agents.wording import Wording, with_wording, wording_of
from journeyman.foresee.setting import split
from journeyman.foresee.worlds.world import World

_SETTINGS = re.compile(r"[A-Za-z_]\w*=[^,:]*(,[A-Za-z_]\w*=[^,:]*)*")


def agent_names() -> dict[str, str]:
    """How agents are asked for, each with what it is."""
    return {
        "scripted:FAULT=SIZE,...": "an agent that needs no model, with faults of known size",
        "MODEL:SETTING=VALUE,...": "a language model: a name of models.toml, openai/NAME, hf/FOLDER or scripted/FILE",
        "recorded:RUN": "the replies of a run (cell=N), or of a file of replies (FILE.jsonl), in order",
        "cmd:COMMAND": "a command that reads and writes a line of JSON for each turn",
        "FILE.py:CLASS": "a class of your own",
    }


def open_agent(name: str, world: World, *, models: Path | None = None) -> Maker:
    """What makes the agents of this name, one for each episode, from any thread.

    Args:
        world: that is played; it is asked for its words and, where readings are stated, for the names of its content.
        models: the models.toml; None: the usual one.

    Raises:
        UsageError: there is no such agent, or it cannot be made with these settings in this world.
        ModelNotFound, ModelConfigInvalid, MissingExtra: as `open_model`.
        RunNotFound and its kin: no such run.
    """
    kind, _, rest = name.partition(":")
    if kind == "scripted":
        return _Scripted(name)
    if kind == "recorded":
        return _recorded(name, world)
    if kind == "cmd":
        return _pipe(rest, world)
    if kind.endswith(".py") and not kind.startswith("scripted/"):  # that is a language model of a script
        from journeyman.foresee.agents.user import UserMaker

        file, settings = split(name)
        return UserMaker(file, settings.pop("", ""), settings)
    return _language(name, world, models)


class _Scripted:
    """Makes scripted agents, which see symbols and say the same again."""

    format = "symbols"
    repeats = True

    def __init__(self, name: str) -> None:
        from journeyman.foresee.agents.scripted import scripted

        self._make = scripted(name)

    def __call__(self) -> Agent:
        return self._make()


def _language(name: str, world: World, models: Path | None) -> Maker:
    from journeyman.foresee.agents.language import LanguageMaker, LanguageSettings
    from journeyman.models import open_model

    model_name, given = _asked(name)
    settings, wording = with_wording(LanguageSettings, _told(given, world), what=model_name)
    try:
        model = open_model(model_name, file=models)
    except ModelNotFound as error:
        if "/" in model_name:
            raise
        raise ModelNotFound(f"{error}; other agents are {', '.join(agent_names())}") from error
    try:
        return LanguageMaker(model, settings, wording, world.about)
    except UsageError:
        model.close()
        raise


def _asked(name: str) -> tuple[str, dict[str, str]]:
    """A model's name, which may have a colon in it ("openai/qwen3:8b"), and the settings after the last one."""
    before, colon, after = name.rpartition(":")
    if not colon or not _SETTINGS.fullmatch(after):
        return name, {}
    return before, split(f"model:{after}")[1]


def _told(given: dict[str, str], world: World) -> dict[str, str]:
    """The settings, with the names of the world's content where readings are asked for."""
    if given.get("reading", "false").lower() in ("false", "no", "0") or "state" in given:
        return given
    world.reset(options={"instance": world.instances(1)[0].id})
    return {**given, "state": " ".join(world.digest())}


def _pipe(rest: str, world: World) -> Maker:
    from journeyman.foresee.agents.pipe import PipeMaker, PipeSettings, open_pipe

    command, given = open_pipe(rest)
    settings, wording = with_wording(PipeSettings, _told(given, world), what="cmd")
    if settings.image and "image" not in world.about.formats:
        raise UsageError(f"'{world.about.name}' has no pictures; it shows {', '.join(world.about.formats)}")
    return PipeMaker(command, settings, wording)


def _recorded(name: str, world: World) -> Maker:
    from journeyman.foresee.agents.recorded import RecordedMaker, read_lines

    settings = split(name)[1]
    where = settings.pop("", "")
    if not where:
        raise UsageError(f"'{name}' names no record; write recorded:FILE.jsonl or recorded:RUN,cell=0")
    if where.endswith(".jsonl"):
        if settings:
            raise UsageError(f"'{name}': a file of replies has no settings")
        return RecordedMaker(read_lines(Path(where).expanduser()), where)
    if where == "last":
        raise UsageError(f"'{name}': 'last' would be another run as soon as this one has begun; name the run")
    from journeyman.foresee.replies import lines_of_run

    cell = settings.pop("cell", "")
    if settings or (cell and not cell.isdecimal()):
        raise UsageError(f"'{name}' is not understood; write recorded:RUN,cell=0, the cell by its number")
    agent, lines = lines_of_run(where, int(cell) if cell else None)
    return RecordedMaker(lines, f"the run '{where}'", _wording_named(agent, world))


def _wording_named(name: str, world: World) -> Wording:
    """How an agent of this name is told, found without a model of its own."""
    from journeyman.foresee.agents.language import LanguageSettings
    from journeyman.foresee.agents.pipe import PipeSettings, open_pipe

    kind, _, rest = name.partition(":")
    if kind == "cmd":
        return with_wording(PipeSettings, _told(open_pipe(rest)[1], world), what=name)[1]
    if kind in ("scripted", "recorded") or kind.endswith(".py"):
        return wording_of(open_agent(name, world))
    return with_wording(LanguageSettings, _told(_asked(name)[1], world), what=name)[1]
