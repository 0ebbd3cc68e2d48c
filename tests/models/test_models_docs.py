"""docs/models.md: its files are read, its tables are complete and say the defaults, its program runs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from journeyman.models import Outcome, Prompt, list_models, open_model
from journeyman.models.endpoint import Endpoint
from journeyman.models.request import MAX_TOKENS
from journeyman.models.spec import ModelSpec
from journeyman.testing.endpoint import Behaviour, EndpointServer

PAGE = (Path(__file__).parents[2] / "docs" / "models.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILES = [body for language, body in BLOCK.findall(PAGE) if language == "toml"]


def rows(heading: str) -> dict[str, list[str]]:
    """The table under a heading: first cell, without its marks, to the others."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {first.strip("`"): rest for first, *rest in cells}


def test_there_are_enough_files_to_read() -> None:
    assert len(FILES) >= 5


@pytest.mark.parametrize("text", FILES)
def test_each_file_of_the_page_is_read_and_its_models_open(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "models.toml"
    file.write_text(text)
    for name, spec in list_models(file).items():
        if spec.model.startswith("hf/"):
            continue  # its weights are not here
        if spec.key:
            monkeypatch.setenv(spec.key, "a-key-of-somebody")
        with open_model(name, file=file) as model:
            assert model.name == name
            assert model.price is not None
            assert isinstance(model, Endpoint) == bool(spec.endpoint)
            assert model.worst_case(Prompt(())).tokens > 0


def test_all_files_of_the_page_are_one_file(tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text("\n".join(FILES))
    assert len(list_models(file)) >= 6


def test_the_table_of_settings_has_all_of_them_and_their_defaults() -> None:
    table = rows("models.toml")
    assert list(table) == list(ModelSpec.__struct_fields__)
    spec = ModelSpec()
    for name, (default, _) in table.items():
        said = tomllib.loads(f"x = {default.strip('`')}")["x"] if default.startswith("`") else None
        assert said == getattr(spec, name), name
    assert table["max_tokens"][0] == str(MAX_TOKENS)


def test_the_table_of_outcomes_has_all_of_them() -> None:
    assert list(rows("How a reply ends")) == [outcome.value for outcome in Outcome]


def test_the_program_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    program, _ = [body for language, body in BLOCK.findall(PAGE) if language == "python"]
    with EndpointServer(["brass, bronze, cupronickel"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        exec(compile(program, "docs/models.md", "exec"), {})
    assert server.requests[0].body["model"] == "gpt-5-mini"
    assert "brass, bronze, cupronickel" in capsys.readouterr().out


def test_the_program_with_functions_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, program = [body for language, body in BLOCK.findall(PAGE) if language == "python"]
    with EndpointServer([Behaviour.calls(("look_up", {"alloy": "brass"})), "8.73 g/cm3"]) as server:
        (tmp_path / "models.toml").write_text(f'[models.alloys]\nendpoint = "{server.url}"\nmodel = "m"\ntools = true\n')
        monkeypatch.setenv("JOURNEYMAN_MODELS", str(tmp_path / "models.toml"))
        exec(compile(program, "docs/models.md", "exec"), {})
    assert server.requests[1].body["messages"][2] == {"role": "tool", "tool_call_id": "call_0", "content": "8730"}
    assert capsys.readouterr().out == 'look_up {"alloy": "brass"}\n8.73 g/cm3\n'
