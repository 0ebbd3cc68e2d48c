"""The demo's story, on fewer lakes: what it says is what the cells show."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeyman.cli.foresee_demo import demo_document, print_demo
from journeyman.cli.out import stdout
from journeyman.foresee import demo


def test_the_demo_says_what_its_cells_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = demo.explain(demo.play(runs=tmp_path, instances=24, parallel=1))
    assert shown.page.is_file()
    assert shown.page.parent == shown.result.run
    assert len(shown.result.episodes) == 24 * 10
    document = demo_document(shown)
    free = shown.row(demo.EAGER, "normal")
    governed = shown.row(demo.EAGER, "normal", demo.GOVERNOR)
    assert governed.calls < free.calls / 4
    assert [cell["name"] for cell in document["cells"]].count("eager, free, governed") == 1
    assert [one["said"] for one in document["checks"]] == [sentence for sentence, _ in shown.checks()]
    sentence, seen = shown.checks()[0]
    assert f"{100 * free.success:.1f} % with it" in sentence
    assert seen == (free.success < shown.row(demo.EAGER, "invisible").success)
    print_demo(shown, stdout())
    assert "eager, forced, governed" in capsys.readouterr().out
