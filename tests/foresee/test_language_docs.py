"""docs/foresee-agents.md: its tables are complete and say the defaults, its lines are as they are written and read."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import msgspec

from journeyman.foresee.agents.agent import Brief, Event, Turn
from journeyman.foresee.agents.grammar import Said, parse
from journeyman.foresee.agents.language import LanguageSettings
from journeyman.foresee.agents.open import agent_names
from journeyman.foresee.agents.pipe_lines import PipeBegin, PipeEvent, PipeReply, PipeTurn, begin_of, turn_of
from journeyman.foresee.agents.recorded import Line
from journeyman.foresee.agents.wording import Wording
from journeyman.foresee.draws import Draws
from journeyman.foresee.worlds.registry import open_world

PAGE = (Path(__file__).parents[2] / "docs" / "foresee-agents.md").read_text("utf-8")
DOCUMENTS = [json.loads(body) for body in re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]


def rows(first: str) -> dict[str, list[str]]:
    """The table whose first row begins so."""
    table = PAGE[PAGE.index(f"| `{first}") :].partition("\n\n")[0]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in table.splitlines()]
    return {name.strip("`"): rest for name, *rest in cells}


def test_the_table_of_words_has_all_settings_and_their_defaults() -> None:
    table = rows("order")
    assert list(table) == [field.name for field in dataclasses.fields(Wording)]
    for field in dataclasses.fields(Wording):
        if field.name != "state":
            said = table[field.name][0].strip("`")
            assert said == (f"{field.default:g}" if type(field.default) is float else str(field.default).lower())


def test_the_table_of_models_settings_has_all_of_them() -> None:
    table = rows("tools")
    assert list(table) == [field.name for field in dataclasses.fields(LanguageSettings)]
    for field in dataclasses.fields(LanguageSettings):
        assert (field.default is None) == (not table[field.name][0].startswith("`"))


def test_the_table_of_agents_has_all_kinds() -> None:
    kinds = {name.partition(":")[0] for name in agent_names()}
    assert {name.partition(":")[0] for name in rows("scripted:")} == kinds


def test_the_tags_of_the_page_are_understood() -> None:
    about = open_world("lake-6").about
    for tag in rows("<simulate>Left, Down"):
        said = parse(tag.replace("\\|", "|"), about, "normal", memory="continue")
        assert isinstance(said, Said)


def test_the_lines_of_the_page_are_those_that_are_written() -> None:
    turn, record, _ = DOCUMENTS
    world = open_world("lake-4")
    instance = world.instances(1)[0]
    world.reset(options={"instance": instance.id})
    brief = Brief(world.about, instance, "normal", "# World ...", Draws(0))
    event = Event("real", "OBSERVATION", world.observe())
    written = json.loads(msgspec.json.encode(turn_of(Turn([event], [], 16, 48, 5), [], begin_of(brief))))

    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {key: shape(one) for key, one in value.items() if key != "legend"}
        return [shape(one) for one in value] if isinstance(value, list) else type(value)

    assert shape(turn) == shape(written)
    assert msgspec.json.decode(json.dumps(record), type=Line).text == "<act>Left</act>"
    assert msgspec.json.decode(b'{"text": "<act>Left</act>"}', type=PipeReply).text == "<act>Left</act>"


def test_the_table_of_a_turn_has_all_names() -> None:
    table = set(rows("begin.world"))
    names = {f"begin.{name}" for name in PipeBegin.__struct_fields__}
    names |= {f"events[].{name}" for name in PipeEvent.__struct_fields__}
    names |= set(PipeTurn.__struct_fields__) - {"begin", "events"}
    assert table == names
