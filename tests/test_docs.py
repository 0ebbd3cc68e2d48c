"""The documents hold: their commands parse, their links lead somewhere, their Python is Python."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from journeyman.cli import COMMANDS

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def blocks(language: str) -> Iterator[tuple[Path, str]]:
    for document in DOCUMENTS:
        for found, body in BLOCK.findall(document.read_text("utf-8")):
            if found == language:
                yield document, body


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every `journeyman ...` line of a console block, and every `journeyman ...` in running text that has an option."""
    for document, body in blocks("console"):
        for line in body.replace("\\\n", " ").splitlines():
            if line.startswith("$ journeyman "):
                yield document.name, shlex.split(line[2:].partition("  #")[0])[1:]
    for document in DOCUMENTS:
        prose = BLOCK.sub("", document.read_text("utf-8"))
        for text in re.findall(r"`journeyman ([^`]+)`", prose):
            yield document.name, shlex.split(text.replace("…", "").replace("...", ""))


@pytest.mark.parametrize(("document", "words"), list(commands()), ids=lambda v: v if isinstance(v, str) else " ".join(v))
def test_a_command_in_a_document_parses(document: str, words: list[str]) -> None:
    name, *rest = words
    if name.startswith("-") or "|" in " ".join(rest):
        return
    if name == "COMMAND":
        return
    assert name in COMMANDS, f"{document} shows 'journeyman {name}'"
    command: Any = typer.main.get_command(importlib.import_module(f"journeyman.cli.{name}").app)
    if "commands" in vars(command) and rest and not rest[0].startswith("-"):
        if name == "foresee" and command.get_command(None, rest[0]) is None:
            rest = ["evaluate", *rest]  # the first word is a world
        found = command.get_command(None, rest[0])
        assert found is not None, f"{document} shows 'journeyman {name} {rest[0]}'"
        command, rest = found, rest[1:]
    known = {o for p in command.params for o in (*p.opts, *p.secondary_opts, "--help", "-h")}
    for word in rest:
        if word.startswith("-"):
            assert word.partition("=")[0] in known, f"{document}: {word} is no option of 'journeyman {' '.join(words)}'"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text("utf-8")):
        if "://" not in target and not target.startswith("#"):
            assert (document.parent / target.partition("#")[0]).exists(), f"{document.name} links to {target}"


def test_python_in_documents_is_python_and_uses_public_names() -> None:
    import journeyman

    for document, body in blocks("python"):
        tree = ast.parse(body)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "jm":
                assert node.attr in journeyman.__all__, f"{document.name} uses jm.{node.attr}"


def test_documents_name_public_functions_that_exist() -> None:
    import journeyman

    for document in DOCUMENTS:
        for name in re.findall(r"`jm\.(\w+)", document.read_text("utf-8")):
            assert name in journeyman.__all__, f"{document.name} names jm.{name}"
