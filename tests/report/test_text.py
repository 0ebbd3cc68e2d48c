"""Text that a hostile candidate wrote cannot act on a terminal, in rich or on a page."""

from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from journeyman.report.number import alike, duration, number, share, signed
from journeyman.report.table import Table, markdown, print_table
from journeyman.report.text import one_line, rich_text, visible

HOSTILE = [
    "\x1b[2J\x1b[H all is well",  # clear the screen, go home
    "\x1b]0;owned\x07",  # window title
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",  # hyperlink
    "\x9b31m red",  # C1 control sequence introducer
    "score 1\rscore 9",  # overprinting
    "a\b\b\bb",
    "user\u202etxt.exe",  # right-to-left override
    "\u2066hidden\u2069",
    "zero\u200bwidth\ufeff",
    "\U000e0041\U000e0042",  # tag characters
    "line\u2028separator",
    "\ud800",  # lone surrogate
    "\x00",
]


def acts(text: str) -> bool:
    return any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c not in "\n\t" for c in text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_its_escapes(text: str) -> None:
    shown = visible(text)
    assert not acts(shown)
    assert "\\" in shown


@given(st.text(alphabet=st.characters()))
def test_no_text_acts_once_visible(text: str) -> None:
    assert not acts(visible(text))
    assert "\n" not in one_line(text)
    assert len(one_line(text, limit=50)) <= 50
    visible(text).encode("utf-8")


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert visible(text) == text


def test_ordinary_combining_marks_stay_and_piles_do_not() -> None:
    assert visible("e\u0301 a\u0308\u0304") == "e\u0301 a\u0308\u0304"
    assert visible("Z" + "\u0301" * 100).count("\u0301") == 4


def test_limit_says_what_is_left_out() -> None:
    assert visible("x" * 1000, limit=10) == "x" * 10 + " … (990 more characters)"
    assert visible("short", limit=10) == "short"


def test_rich_markup_links_and_emoji_codes_stay_text() -> None:
    text = "[bold red]9.9[/] [link=http://evil.example]x[/link] :skull: \x1b[31m"
    out = io.StringIO()
    Console(file=out, width=200, force_terminal=True, color_system="truecolor").print(rich_text(text))
    assert out.getvalue().rstrip("\n") == text.replace("\x1b", "\\x1b")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_table_cell_cannot_forge_rows_or_repaint(text: str) -> None:
    out = io.StringIO()
    table = Table(("task", "score"), [(text + "\nforged | 1.0", "0.5")], numbers=frozenset({"score"}))
    print_table(table, Console(file=out, width=100))
    lines = out.getvalue().splitlines()
    assert len(lines) == 3  # head, rule, one row
    assert not acts(out.getvalue())
    assert markdown(table).count("\n") == 3


@pytest.mark.parametrize("width", [40, 80, 120, 300])
def test_no_number_is_cut_on_any_terminal(width: int) -> None:
    row = ("a/rather/long/name", "words " * 10, "0.123456789", "-1234.5678", "candidate_error")
    table = Table(
        ("name", "text", "x", "y", "status"), [row], numbers=frozenset({"x", "y"}), title="t", note="n"
    )
    out = io.StringIO()
    print_table(table, Console(file=out, width=width, force_terminal=True, color_system=None))
    for cell in (row[0], *row[2:]):
        assert cell in out.getvalue()
    assert all(len(line) <= width for line in out.getvalue().splitlines())


def test_markdown_cells_keep_their_bars() -> None:
    assert markdown(Table(("a",), [("x|y",)])).splitlines()[2] == "| x\\|y |"


def test_a_ragged_table_is_refused() -> None:
    with pytest.raises(ValueError, match="1 cells under 2 columns"):
        Table(("a", "b"), [("x",)])
    with pytest.raises(ValueError, match="no column is called 'c'"):
        Table(("a", "b"), [], numbers=frozenset({"c"}))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), (0.0, "0"), (3, "3"), (0.123456, "0.1235"), (12.0, "12.00"), (-0.5, "-0.5000"), (1500000.0, "1500000"),
        (2.5e9, "2.500e+09"), (1e-7, "1.000e-07"), (float("inf"), "inf"), (99999.96, "100000"), (100.0, "100.0"),
    ],
)  # fmt: skip
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text


def test_numbers_beside_one_another_share_a_scale() -> None:
    assert alike([-1.4e-7, 0.3167, None]) == ["0", "0.3167", "–"]
    assert alike([1e-7, 2e-7]) == ["1.000e-07", "2.000e-07"]
    assert alike([None, None]) == ["–", "–"]


def test_gains_shares_and_durations() -> None:
    assert (signed(0.25), signed(-0.25), signed(0.0), signed(None)) == ("+0.2500", "-0.2500", "0", "–")
    assert (share(1, 3), share(0, 0)) == ("33 %", "–")
    given = (0.04, 9.96, 59.7, 185, 7800, None)
    assert [duration(s) for s in given] == ["0.0 s", "10 s", "1 min 00 s", "3 min 05 s", "2 h 10 min", "–"]
