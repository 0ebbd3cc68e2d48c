"""The page on losses: its Python runs from top to bottom, and its tables name what there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from journeyman.distill.losses import spec

PAGE = (Path(__file__).parents[2] / "docs" / "distill-losses.md").read_text("utf-8")


def test_its_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        exec(compile(block, "docs/distill-losses.md", "exec"), names)
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize("choices", [spec.Form, spec.Strategy, spec.Weight, spec.Variant, spec.Aggregation])
def test_every_choice_is_there(choices: object) -> None:
    assert all(f"`{choice}`" in PAGE for choice in get_args(choices))


def test_every_knob_is_there() -> None:
    missing = [f.name for f in fields(spec.LossSpec) if f.name not in ("form", "variant", "k", "aggregation")]
    assert not [name for name in missing if f"`{name}`" not in PAGE]
