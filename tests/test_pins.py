"""constraints.txt pins everything the extras bring, at versions that pyproject.toml allows."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
EXTRAS = ("tasks", "frames", "distill", "foresee", "mcp", "dev")  # vllm asks for a torch of its own


def pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    found = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): Version(version) for name, version in found.items()}


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *(text for extra in EXTRAS for text in project["optional-dependencies"][extra])]
    return [r for r in map(Requirement, listed) if r.name != "journeyman"]


@pytest.mark.parametrize("requirement", declared(), ids=lambda r: r.name)
def test_each_range_allows_its_pin(requirement: Requirement) -> None:
    version = pins().get(canonicalize_name(requirement.name))
    assert version is not None, f"constraints.txt has no pin for {requirement.name}"
    assert version in requirement.specifier


def closure() -> list[tuple[str, Requirement]]:
    """Every requirement that the extras lead to on this platform, with the package that states it."""
    found: list[tuple[str, Requirement]] = []
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = declared()
    while todo:
        requirement = todo.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        try:
            distribution = importlib.metadata.distribution(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            continue  # an extra that is not installed here; its own line is checked above
        for text in distribution.requires or []:
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in ("", *requirement.extras)):
                found.append((requirement.name, needed))
                todo.append(needed)
    return found


def test_what_the_pins_need_is_pinned_and_fits_together() -> None:
    known = pins()
    for by, needed in closure():
        version = known.get(canonicalize_name(needed.name))
        assert version is not None, f"{by} needs {needed.name}, which constraints.txt does not pin"
        assert needed.specifier.contains(version, prereleases=True), f"{by} needs {needed}, the pin is {version}"


def test_no_pin_is_left_over() -> None:
    needed = {canonicalize_name(r.name) for r in declared()} | {canonicalize_name(r.name) for _, r in closure()}
    # What no installed package asks for can be judged only where it is installed itself.
    installed = {canonicalize_name(d.metadata["Name"]) for d in importlib.metadata.distributions()}
    # Brought by `build`, which a machine that only tests may lack.
    assert (set(pins()) - needed) & installed <= {"pyproject-hooks"}
