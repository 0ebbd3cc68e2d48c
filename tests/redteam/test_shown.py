"""What a candidate says, wherever it is shown: attributed, short, and unable to act on a terminal or a page."""

from __future__ import annotations

import html
import io
import json
import subprocess
import sys
import unicodedata

import pytest
from arena import Arena, read_attacks
from rich.console import Console
from rich.table import Table as RichTable

from journeyman.report.blocks import Diff, Section
from journeyman.report.page import Page, render
from journeyman.report.table import Table
from journeyman.report.text import one_line, rich_text, visible

pytestmark = pytest.mark.redteam
SHOWN = {name: attack for name, attack in read_attacks().items() if "shown_" in name}
ACTING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def acting(text: str, allowed: str = "\n\t") -> list[str]:
    return sorted({repr(c) for c in text if unicodedata.category(c) in ACTING and c not in allowed})


@pytest.fixture(params=SHOWN.values(), ids=lambda a: a.name)
def verdict(request, arena):
    here: Arena = arena(request.param.task, "embedded")
    return here.run(request.param)


def test_feedback_is_the_candidates_and_short(verdict):
    """A proposer reads this: where it comes from stands first, and there is not much of it."""
    assert not verdict.ok
    assert len(verdict.feedback) <= 6000
    first = verdict.feedback.splitlines()[0]
    assert "the candidate" in first or "does not compile" in first, first
    # No line of the candidate's own stands at the left margin, where the verifier's sentences stand.
    for line in verdict.feedback.splitlines()[1:]:
        assert line.startswith(" ") or not line.strip(), line
    assert acting(verdict.feedback) == []


def test_feedback_cannot_act_on_a_terminal(verdict):
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=True, color_system="truecolor", width=100, legacy_windows=False
    )
    console.print(rich_text(verdict.feedback))
    table = RichTable()
    table.add_column("why")
    table.add_row(rich_text(one_line(verdict.feedback)))
    console.print(table)
    shown = out.getvalue()
    for sequence in (
        "\x1b[2J",
        "\x1b]",
        "\x9b",
        "\x1b[31m",
        "\x07",
        "\x08",
        "\u202e",
        "\u2066",
        "\u200b",
        "\ufeff",
        "\U000e0041",
        "\r",
    ):
        assert sequence not in shown.replace("\r\n", "\n")
    assert "☠" not in shown
    assert "💀" not in shown


def test_feedback_cannot_act_on_a_page(verdict, request):
    said = verdict.feedback
    page = render(
        Page(
            title=said, subtitle=said, facts=[(said, said)], footer=said,
            sections=[
                Section(said, [Diff(f"--- a\n+++ b\n+{said}"), Table((said,), [[said]], title=said, note=said)], "said")
            ],
        )
    )  # fmt: skip
    for markup in ("<script>alert", "<img src=x", "<style>*", "</feedback>", "<system>", "49"):
        assert markup not in page.replace(page[page.index("<style>") : page.index("</style>")], "")
    assert "default-src 'none'" in html.unescape(page)
    assert acting(page) == []


def test_a_candidates_text_cannot_act_on_a_page():
    """The best design is shown as a difference, whatever is in it."""
    for attack in SHOWN.values():
        source = attack.path.read_text(encoding="utf-8") + "\x1b[2J\u202e</code><script>alert(3)</script>"
        shown = Diff("\n".join("+" + line for line in source.splitlines()))
        page = render(Page(title="a run", sections=[Section("best", [shown], "best")]))
        assert "<script>" not in page
        assert acting(page) == []


@pytest.mark.parametrize("attack", [a for a in SHOWN.values() if a.task == "data"], ids=lambda a: a.name)
def test_the_command_line_shows_it_harmlessly(attack, host, tmp_path):
    """`journeyman task verify`, with and without --json: one document of plain letters, and no escape sequence."""
    (tmp_path / "candidate.py").write_bytes(attack.path.read_bytes())
    command = [
        sys.executable,
        "-m",
        "journeyman",
        "task",
        "verify",
        str(host.tasks["data"]),
        str(tmp_path / "candidate.py"),
    ]
    done = subprocess.run([*command, "--json"], capture_output=True, timeout=60)
    document = json.loads(done.stdout)
    assert document["status"] == "candidate_error"
    assert acting(done.stdout.decode("ascii")) == []
    shown = subprocess.run(command, capture_output=True, timeout=60)
    assert acting((shown.stdout + shown.stderr).decode()) == []
    assert len(shown.stdout) < 10_000


def test_making_visible_is_idempotent(verdict):
    assert visible(visible(verdict.feedback)) == visible(verdict.feedback)
