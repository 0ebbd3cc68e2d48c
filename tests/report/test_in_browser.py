"""The page of a run in a real browser: at desk and phone width, in light and dark, with harmless and with hostile text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from journeyman.optimize.page import write_report

from .browser import DESKTOP, PHONE, Browser, browser, find_chromium
from .logs import write_run

CHROMIUM = find_chromium()
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")

HOSTILE = (
    "</script></style></title></pre><script>document.title = 'owned'; window.owned = 1</script><img src=x "
    "onerror=\"window.owned = 1\"><svg onload=alert(1)><iframe src=\"http://192.0.2.1/\"></iframe> ]]> --> {{ 7*7 }} <a "
    "href=\"javascript:alert(1)\">x</a> data:text/html,<script>alert(1)</script> \x1b[31mred \u202eesrever\u2066 \x00 ' "
    "\" & \\ \u200b\ufeff"
)  # fmt: skip

# Text on its background, as WCAG 2.1 measures contrast; what is large may have less.
CONTRAST = """
(() => {
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c; } return parse(getComputedStyle(document.body).backgroundColor); };
  const poor = new Set();
  document.querySelectorAll('details').forEach(d => d.open = true);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const e = n.parentElement;
    if (!n.data.trim() || e.closest('title')) continue;
    const style = getComputedStyle(e), ink = parse(e instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(ground(e))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
    if ((a + .05) / (b + .05) < (large ? 3 : 4.5)) 
      poor.add(`${e.tagName}.${e.getAttribute('class')} ${style.color} ${n.data.slice(0, 20)}`);
  }
  return [...poor];
})()
"""
HEADINGS = "[...document.querySelectorAll('h1, h2, h3, h4')].map(h => Number(h.tagName[1]))"
WIDER = """
[...document.querySelectorAll('body *')].filter(e => {
  const r = e.getBoundingClientRect();
  return !e.parentElement.closest('.wide, .drawing, pre, svg') && r.width > 0 && r.right > innerWidth + 1;
}).map(e => e.tagName + '.' + e.getAttribute('class'))
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    assert CHROMIUM is not None
    with browser(CHROMIUM) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name, options in {
        "ended": {}, "open": {"ended": False, "level": "none", "models": ("scripted/a", "replay/b"), "proposals": 12},
        "long": {"proposals": 450, "statement": "Keep it cold.\n"},
        "hostile": {"say": lambda text: text + HOSTILE, "proposals": 14},
    }.items():  # fmt: skip
        made[name] = folder / f"{name}.html"
        with write_run(folder / name, **options) as log:  # type: ignore[arg-type]
            write_report(log, made[name])
    return made


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", ["ended", "open", "long", "hostile"])
def test_it_opens_alone_and_fits(
    chromium: Browser, pages: dict[str, Path], name: str, device: dict[str, Any]
) -> None:
    page = pages[name]
    chromium.open(page, device=device)
    assert [url for url in chromium.requests if not url.startswith("data:image/")] == [page.as_uri()]
    assert chromium.errors == []
    chromium.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert chromium.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [device["width"]] * 2
    assert chromium.evaluate(WIDER) == []
    pictures = chromium.evaluate("[...document.images].map(i => [i.naturalWidth > 0, i.alt.length > 0])")
    assert pictures == ([] if name == "open" else [[True, True]])
    shown = "s => [s.getBoundingClientRect().width > 200, !!s.getAttribute('aria-label')]"
    drawn = chromium.evaluate(f"[...document.querySelectorAll('svg')].map({shown})")
    assert len(drawn) >= 4
    assert all(map(all, drawn))


@pytest.mark.parametrize("name", ["ended", "hostile"])
def test_headings_and_tables_are_in_order(chromium: Browser, pages: dict[str, Path], name: str) -> None:
    chromium.open(pages[name])
    levels = chromium.evaluate(HEADINGS)
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert chromium.evaluate("[...document.querySelectorAll('th')].filter(h => !h.scope).length") == 0
    ids = chromium.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    targets = chromium.evaluate("[...document.links].map(a => a.getAttribute('href'))")
    assert set(targets) <= {f"#{name}" for name in ids}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["ended", "open"])
def test_text_has_contrast(chromium: Browser, pages: dict[str, Path], name: str, dark: bool) -> None:
    chromium.open(pages[name], dark=dark)
    assert chromium.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is dark
    assert chromium.evaluate(CONTRAST) == []


def test_the_measure_of_contrast_finds_poor_text(chromium: Browser, tmp_path: Path) -> None:
    page = tmp_path / "poor.html"
    page.write_text(
        "<body style='background: #fff'><p style='color: #999'>pale</p><p style='color: #666'>fine</p>"
    )
    chromium.open(page)
    (poor,) = chromium.evaluate(CONTRAST)
    assert "pale" in poor


def test_a_candidate_opens_by_its_address(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.open(pages["ended"], anchor="c7")
    assert chromium.evaluate(
        "[...document.querySelectorAll('details[open]')].map(d => d.querySelector('.inside').id)"
    ) == ["c7"]
    top = chromium.evaluate("document.querySelector('#c7').closest('details').getBoundingClientRect().top")
    assert 0 <= top < 200
    shown = chromium.evaluate("document.querySelector('#c7').innerText")
    for part in (
        "Prompt 1",
        "Prompt 2",
        "Reply 1 of small",
        "Change from",
        "Verdict",
        "chip-0",
        "the rim is hot",
    ):
        assert part in shown


def test_a_mark_of_the_lineage_leads_to_its_candidate(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.open(pages["ended"])
    marks = chromium.evaluate(
        "[...document.querySelectorAll('#lineage svg a')].map(a => a.getAttribute('href'))"
    )
    assert sorted(marks) == sorted(f"#c{i}" for i in range(31))
    chromium.click("#lineage svg a[href='#c11'] circle")
    assert chromium.evaluate("location.hash") == "#c11"
    assert chromium.evaluate("document.querySelector('#c11').closest('details').open") is True
    chromium.click("#lineage svg a[href='#c13'] .hit")
    assert chromium.evaluate("document.querySelector('#c13').closest('details').open") is True
    assert "SEARCH" in chromium.evaluate("document.querySelector('#c13').innerText")


def test_hostile_text_is_shown_and_does_nothing(chromium: Browser, pages: dict[str, Path]) -> None:
    for device in (DESKTOP, PHONE):
        chromium.open(pages["hostile"], device=device)
        chromium.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert chromium.evaluate(
            "[typeof window.owned, document.scripts.length, document.images.length]"
        ) == ["undefined", 0, 1]
        strange = "document.querySelectorAll('iframe, object, embed, link, form, base, [onload], [onerror], [style]').length"
        assert chromium.evaluate(strange) == 0
        assert (
            chromium.evaluate("[...document.links].every(a => a.getAttribute('href').startsWith('#'))")
            is True
        )
        text = chromium.evaluate("document.body.innerText")
        assert text.count("<script>document.title = 'owned'; window.owned = 1</script>") > 100
        assert text.count("{{ 7*7 }}") > 100
        for escape in ("\\x1b[31mred", "\\u202eesrever", "\\x00", "\\u200b"):
            assert text.count(escape) > 50
        assert not {"\x1b", "\u202e", "\u2066", "\x00", "\u200b"} & set(text)
        assert chromium.errors == []
        assert [url for url in chromium.requests if not url.startswith("data:image/")] == [
            pages["hostile"].as_uri()
        ]


def test_the_policy_stops_what_would_get_in(
    chromium: Browser, pages: dict[str, Path], tmp_path: Path
) -> None:
    """Should a text ever get through unescaped: its script does not run, and its picture is not fetched."""
    broken = tmp_path / "broken.html"
    text = (
        pages["ended"]
        .read_text()
        .replace("</main>", "<script>window.owned = 1</script><img src='http://192.0.2.1/x.png'></main>")
    )
    broken.write_text(text)
    chromium.open(broken)
    assert chromium.evaluate("typeof window.owned") == "undefined"
    assert sum("Content Security Policy" in error for error in chromium.errors) >= 2


def test_it_prints_in_black_on_white(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.open(pages["ended"], dark=True)
    assert chromium.pdf().startswith(b"%PDF")
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    chromium.call("Emulation.setEmulatedMedia", media="print", features=[dark])
    assert chromium.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert chromium.evaluate(CONTRAST) == []
    chromium.call("Emulation.setEmulatedMedia", media="", features=[])
