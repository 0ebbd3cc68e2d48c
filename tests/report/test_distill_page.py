"""The page of a training: everything on it, in a real browser, with harmless and with hostile text; its parts by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1]))

from distill_logs import VERDICT, write_training

from journeyman.distill.report.page import page_of, spaced, write_report
from journeyman.distill.report.panels import GROUPS, KEY, groups_of
from journeyman.distill.report.story import story_of
from journeyman.errors import RunCorrupt, RunError
from journeyman.report.draw.heat import LEVELS, Column, draw_heat, level_of
from journeyman.report.draw.lines import Level, Series, draw_lines, smoothed, thinned
from journeyman.report.draw.sheet import sheet
from journeyman.report.page import render
from journeyman.report.terminal_lines import Line, beside, sparkline
from journeyman.report.terminal_lines import draw_lines as draw_in_terminal
from journeyman.runlog import RunLog

from .browser import DESKTOP, PHONE, Browser, browser, find_chromium
from .test_in_browser import CONTRAST, HEADINGS, HOSTILE, WIDER

CHROMIUM = find_chromium()
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")
POINTS = st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=60)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    assert CHROMIUM is not None
    with browser(CHROMIUM) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("trainings")
    made = {}
    for name, options in {
        "works": {}, "fails": {"works": False, "steps": 37, "ended": False}, "begun": {"steps": 0, "ended": False},
        "hostile": {"works": False, "say": lambda text: text + HOSTILE},
    }.items():  # fmt: skip
        made[name] = folder / f"{name}.html"
        with write_training(folder / name, **options) as log:  # type: ignore[arg-type]
            write_report(log, made[name])
    return made


# --- what it says -------------------------------------------------------------------------------------------------


def test_the_page_of_a_run_that_works(tmp_path: Path) -> None:
    with write_training(tmp_path / "run") as log:
        page = page_of(log)
    text = render(page)
    assert page.title == "Distilling student ← twin"
    assert page.verdict.startswith("Score 0.610 → 0.9")
    assert page.verdict.endswith("in 60 steps; the teacher has 1.00")
    facts = dict(page.facts)
    assert facts["loss"] == "exact reverse KL"
    assert facts["rollouts a step"] == "8 × 4"
    assert float(facts["gap recovery"].split()[0]) > 80
    titles = [section.title for section in page.sections]
    for wanted in (
        "Objective", "Overlap of the likeliest tokens", "Entropies", "Lengths", "Scores", "Where in the response",
        "Sampled responses, token by token", "Evaluations", "The wiring, before the first step", "Time and memory",
    ):  # fmt: skip
        assert wanted in titles
    assert "Other metrics" in titles, "a metric that no panel knows is shown all the same"
    for said in ("unheard/of", "The engine ignores the temperature.", "1 of 3 passed", "1280 response tokens a second"):
        assert said in text
    assert any("wiring was not right" in caveat for caveat in page.caveats)


def test_the_page_of_a_run_that_fails_has_the_verdict_and_the_command(tmp_path: Path) -> None:
    with write_training(tmp_path / "run", works=False, steps=37, ended=False) as log:
        page = page_of(log)
    text = render(page)
    assert any(str(VERDICT["sentence"]) in caveat for caveat in page.caveats)
    assert any("journeyman distill resume run" in caveat for caveat in page.caveats)
    assert str(VERDICT["remedy"]) in text


def test_a_run_that_only_began_has_a_page(tmp_path: Path) -> None:
    with write_training(tmp_path / "run", steps=0, ended=False, evaluate=False) as log:
        page = page_of(log)
    assert page.verdict == "No step was made yet."
    assert "<svg" not in render(page)


def test_every_sample_is_coloured_by_each_metric(tmp_path: Path) -> None:
    with write_training(tmp_path / "run") as log:
        text = render(page_of(log))
    assert text.count('type="radio"') == 4
    assert text.count('<div class="tokens"') == 4 * 3 * 3, "four views of three responses at three steps"
    for level in range(1, 6):
        assert f'class="t{level}"' in text


def test_the_story_is_what_was_logged(tmp_path: Path) -> None:
    with write_training(tmp_path / "run", steps=40) as log:
        story = story_of(log)
    assert [step.step for step in story.steps] == list(range(1, 41))
    assert story.steps[3].phases == {"rollout": 0.5, "teacher": 0.1, "update": 0.3}
    assert [e.step for e in story.evaluations] == [0, 1, 20, 40]
    assert (story.evaluations[0].low, story.evaluations[0].high) == (0.57, 0.65)
    assert story.teacher is not None
    assert story.teacher.avg == 1.0
    assert [finding.passed for finding in story.findings] == [True, False, None]
    assert [judged.step for judged in story.verdicts] == [20, 40]
    assert story.checkpoints[-1] == (40, "checkpoints/40")
    assert story.reason == "all steps were made"
    assert story.course("overlap/ratio")[0][0] == 1.0
    assert story.pair == "student ← twin"


def test_a_log_of_something_else_is_refused(tmp_path: Path) -> None:
    with (
        RunLog.create(tmp_path / "o", verb="optimize", header={}) as log,
        pytest.raises(RunError, match="of 'optimize', not of 'distill'"),
    ):
        story_of(log)
    with RunLog.create(tmp_path / "d", verb="distill", header={}) as log:
        log.append("step", "1", {"step": "one"})
        with pytest.raises(RunCorrupt, match=r"event 1 of the run .* is none that a training writes"):
            story_of(log)


def test_no_metric_is_on_two_panels_and_the_short_table_knows_them_all() -> None:
    metrics = [metric for group in GROUPS for panel in group.panels for metric, _ in panel.lines]
    assert len(metrics) == len(set(metrics))
    assert set(KEY) <= set(metrics)
    (group,) = groups_of(["never/heard"])
    assert group.title == "Other metrics"


@pytest.mark.parametrize(
    ("tokens", "text", "said"),
    [
        (("so", "get", "8", "</s>"), "so get 8", ["so ", "get ", "8", "</s>"]),
        ((" so", " get"), " so get", [" so", " get"]),
        (("so", "\ufffd", "get"), "so é get", ["so", "\ufffd", "get"]),
        (("", "a"), "a", ["", "a"]),
    ],
)
def test_tokens_get_the_blanks_of_their_text(tokens: tuple[str, ...], text: str, said: list[str]) -> None:
    assert spaced(tokens, text) == said


# --- in a browser -------------------------------------------------------------------------------------------------


@in_browser
@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", ["works", "fails", "begun", "hostile"])
def test_it_opens_alone_and_fits(chromium: Browser, pages: dict[str, Path], name: str, device: dict[str, Any]) -> None:
    page = pages[name]
    chromium.open(page, device=device)
    assert chromium.requests == [page.as_uri()]
    assert chromium.errors == []
    chromium.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert chromium.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [device["width"]] * 2
    assert chromium.evaluate(WIDER) == []
    assert chromium.evaluate("typeof window.owned") == "undefined"
    levels = chromium.evaluate(HEADINGS)
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = chromium.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    drawn = chromium.evaluate(
        "[...document.querySelectorAll('svg')].map(s => [s.getBoundingClientRect().width > 150, !!s.ariaLabel])"
    )
    assert all(map(all, drawn))
    assert len(drawn) >= (0 if name == "begun" else 18)


@in_browser
def test_no_label_of_a_drawing_is_cut_off(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.open(pages["works"])
    outside = chromium.evaluate(
        "[...document.querySelectorAll('svg')].flatMap(s => { const f = s.getBoundingClientRect();"
        "return [...s.querySelectorAll('text')].filter(t => { const r = t.getBoundingClientRect();"
        "return r.left < f.left - 1 || r.right > f.right + 1 || r.top < f.top - 1 || r.bottom > f.bottom + 1; })"
        ".map(t => s.ariaLabel.slice(0, 40) + ': ' + t.textContent); })"
    )
    assert outside == []


@in_browser
def test_a_view_is_chosen_with_mouse_or_keys_without_a_script(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.open(pages["works"])
    shown = "[...document.querySelectorAll('.view')].map(v => v.offsetParent !== null)"
    assert chromium.evaluate(shown) == [True, False, False, False]
    chromium.click("label[for=tokens-3]")
    assert chromium.evaluate(shown) == [False, False, True, False]
    chromium.evaluate("document.getElementById('tokens-3').focus()")
    chromium.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowRight", code="ArrowRight", windowsVirtualKeyCode=39)
    assert chromium.evaluate(shown) == [False, False, False, True]


@in_browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_has_contrast(chromium: Browser, pages: dict[str, Path], dark: bool) -> None:
    chromium.open(pages["works"], dark=dark)
    assert chromium.evaluate(CONTRAST) == []


# --- the drawings -------------------------------------------------------------------------------------------------


@given(POINTS, st.integers(2, 50))
def test_thinning_keeps_both_extremes_and_smoothing_stays_inside(values: list[float], most: int) -> None:
    points = [(float(i), value) for i, value in enumerate(values)]
    kept = thinned(points, most)
    assert len(kept) <= most + 2
    assert {min(values), max(values)} <= {y for _, y in kept}
    assert kept == sorted(kept, key=lambda p: p[0])
    even = smoothed(points)
    assert [x for x, _ in even] == [x for x, _ in points]
    slack = 1e-9 * max(map(abs, values)) + 1e-12
    assert all(min(values) - slack <= y <= max(values) + slack for _, y in even)


def test_a_line_keeps_within_what_its_quantity_can_be() -> None:
    drawn = draw_lines(
        [Series("a", "s0", [(0, 0.99), (5, 1.0)], [(5.0, 0.9, 1.0)])], x_name="step", y_name="share", label="share",
        levels=[Level("teacher", 1.0)], bounds=(0.0, 1.0),
    )  # fmt: skip
    assert "1.02" not in drawn
    assert "teacher" in drawn
    with pytest.raises(ValueError, match="nothing to draw"):
        draw_lines([Series("a", "s0", [])], x_name="x", y_name="y", label="l")


def test_a_map_has_a_cell_for_each_value_and_none_where_there_is_none() -> None:
    columns = [Column(1, [0.0, None]), Column(2, [1.0, 0.5])]
    drawn = draw_heat(columns, x_name="step", y_name="position", y_end=64, value_name="nats", label="map")
    paths = [part.split('"')[0] for part in drawn.split('<path d="')[1:]]
    assert sum(path.count("M") for path in paths if "Z" in path) == 3
    many = [Column(i, [float(i)]) for i in range(500)]
    assert len(draw_heat(many, x_name="s", y_name="p", y_end=1, value_name="", label="l")) < 20_000
    with pytest.raises(ValueError, match="nothing to draw"):
        draw_heat([Column(1, [None])], x_name="s", y_name="p", y_end=1, value_name="", label="l")


@given(st.floats(-5, 5, allow_nan=False))
def test_a_colour_is_one_of_the_scale(value: float) -> None:
    level = level_of(value, 0.0, 1.0)
    assert 0 <= level < LEVELS
    assert level_of(0.0, 0.0, 1.0) == 0
    assert level_of(1.0, 0.0, 1.0) == LEVELS - 1


def test_a_sheet_stands_alone() -> None:
    from xml.etree import ElementTree

    one = draw_lines([Series("a<b", "s0", [(0, 1.0), (1, 2.0)])], x_name="x", y_name="y", label="l")
    file = sheet([one, one, one], title="<three>", columns=2)
    root = ElementTree.fromstring(file)
    assert root.tag.endswith("svg")
    assert len(root.findall("{http://www.w3.org/2000/svg}svg")) == 3
    assert b"--s0" in file, "the colours travel with it"
    assert b"<script" not in file
    with pytest.raises(ValueError, match="at least one"):
        sheet([], title="none")


# --- in the terminal ----------------------------------------------------------------------------------------------


@given(POINTS, st.integers(1, 40))
def test_a_sparkline_spans_its_blocks(values: list[float], width: int) -> None:
    drawn = sparkline(values, width)
    assert len(drawn) == min(len(values), width)
    assert sparkline(values, width, ascii_only=True).isascii()


@given(POINTS, st.integers(20, 130), st.integers(4, 30), st.booleans())
def test_curves_fit_their_frame(values: list[float], width: int, height: int, ascii_only: bool) -> None:
    lines = [
        Line("one", [(float(i), v) for i, v in enumerate(values, 1)]),
        Line("two", [(float(i), -v) for i, v in enumerate(values, 1)]),
    ]
    drawn = draw_in_terminal(
        lines, title="metric", x_label="step", width=width, height=height, ascii_only=ascii_only, level=("teacher", 0.0)
    )
    assert len(drawn) == max(height, 6)
    assert all(line.cell_len <= max(width, 24) + 1 for line in drawn)
    if ascii_only:
        assert all(line.plain.isascii() for line in drawn)
    joined = beside(drawn, drawn, width=width + 2)
    assert len(joined) == len(drawn)


def test_curves_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        draw_in_terminal([Line("a", [])], title="t", x_label="x", width=40, height=10)
