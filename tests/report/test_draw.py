"""Drawings: axes that can be read, marks in their places, text that stays text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.report.draw.axis import Scale, extent, labels, quantile, ticks
from journeyman.report.draw.bars import Bar, draw_bars
from journeyman.report.draw.course import Mark, Spent, draw_course, score_range
from journeyman.report.draw.scatter import Spot, draw_scatter, fronts
from journeyman.report.draw.svg import element
from journeyman.report.draw.tree import Band, Node, draw_tree

FINITE = st.floats(-1e9, 1e9, allow_nan=False)


@given(FINITE, st.floats(1e-6, 1e9), st.integers(2, 9))
def test_ticks_lie_inside_and_are_told_apart(low: float, span: float, count: int) -> None:
    high = low + span
    at = ticks(low, high, count)
    room = 1e-6 * max(abs(low), abs(high))
    assert all(low - room <= value <= high + room for value in at)
    assert 1 <= len(at) <= 3 * count + 3
    if span > 1e-3 * abs(low):
        assert len(at) >= 2
        assert len(set(labels(at))) == len(at)


def test_ticks_are_round() -> None:
    assert labels(ticks(0.19, 0.268, 4)) == ["0.20", "0.22", "0.24", "0.26"]
    assert labels(ticks(-0.4, 0.45, 4)) == ["−0.4", "−0.2", "0", "0.2", "0.4"]
    assert labels(ticks(0, 3, 5, whole=True)) == ["0", "1", "2", "3"]
    assert labels(ticks(2e8, 9e8, 3)) == ["2.00e+08", "4.00e+08", "6.00e+08", "8.00e+08"]
    assert ticks(5, 5, 3) == [5]


@pytest.mark.parametrize("log", [False, True])
def test_a_scale_maps_ends_to_ends_and_holds_what_lies_outside(log: bool) -> None:
    scale = Scale(0.0, 100.0, 200.0, 20.0, log)
    assert (scale.at(0), scale.at(100), scale.at(-5), scale.at(500)) == (200.0, 20.0, 200.0, 20.0)
    places = [scale.at(v) for v in range(101)]
    assert places == sorted(places, reverse=True)
    assert Scale(3.0, 3.0, 0.0, 10.0).at(3.0) == 0.0


def test_an_extent_is_never_empty() -> None:
    for values in ([0.0], [5.0, 5.0], [-3.0], [1.0, 2.0]):
        low, high = extent(values)
        assert low < min(values)
        assert high > max(values)
    assert quantile([1, 2, 3, 4, 5], 0.5) == 3


def course(scores: list[float | None], maximize: bool = True) -> list[Mark]:
    marks: list[Mark] = []
    for i, score in enumerate(scores):
        best = marks[-1].best if marks else score or 0.0
        improved = score is not None and i > 0 and (score > best if maximize else score < best)
        marks.append(
            Mark(
                i,
                float(i),
                score,
                score if improved and score is not None else best,
                improved,
                f"#{i}",
                f"#c{i}",
            )
        )
    return marks


def texts(svg: str) -> list[str]:
    return [e.text or "" for e in ElementTree.fromstring(svg).iter("text")]


def test_improvements_are_numbered_and_link_to_their_entries() -> None:
    svg = draw_course(
        course([0.1, 0.3, None, 0.2, 0.6]), spent=Spent("evaluations"), seed=0.1, score_name="s", label="l"
    )
    assert {"#1", "#4"} <= set(texts(svg))
    assert {a.get("href") for a in ElementTree.fromstring(svg).iter("a")} == {"#c1", "#c4"}


def test_a_flat_course_shows_the_nearer_half_of_the_candidates() -> None:
    low, high = score_range(course([0.5, 0.4, 0.3, -900.0, 0.2]))
    assert 0.2 < low < 0.3 or low < 0.2
    assert low > -10
    assert high > 0.5
    low, high = score_range(course([0.5]))
    assert low < 0.5 < high


def test_a_course_of_many_candidates_stays_small() -> None:
    marks = course([0.5] + [0.4 + 0.00001 * (i % 100) for i in range(20_000)])
    assert len(draw_course(marks, spent=Spent("evaluations"), seed=0.5, score_name="s", label="l")) < 120_000


def test_the_fronts_are_those_that_none_beats_in_both() -> None:
    spots = [
        Spot(i, x, y, "") for i, (x, y) in enumerate([(1, 1), (2, 3), (3, 5), (4, 4), (5, 2), (3, 2), (2, 2)])
    ]
    assert fronts(spots, maximize=True) == {0, 1, 2, 3, 4}
    assert fronts(spots, maximize=False) == {0, 4}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=25), st.booleans())
def test_the_fronts_agree_with_their_definition(points: list[tuple[int, int]], maximize: bool) -> None:
    spots = [Spot(i, x, y, "") for i, (x, y) in enumerate(points)]
    sign = 1 if maximize else -1
    found = {(spots[i].x, spots[i].y) for i in fronts(spots, maximize=maximize)}
    expected = set()
    for x, y in points:
        for way in (1, -1):
            better = [p for p in points if way * p[0] <= way * x and sign * p[1] >= sign * y and p != (x, y)]
            if not better:
                expected.add((x, y))
    assert found == expected


def test_a_tree_draws_first_and_further_parents_and_those_without_a_score() -> None:
    nodes = [
        Node(0, (), 0.2, "s6", "seed", "#c0", on_path=True),
        Node(1, (0,), 0.5, "s0", "one", "#c1", on_path=True, improved=True),
        Node(2, (1, 0, 77), 0.3, "s1", "two", "#c2"),
        Node(3, (1,), None, "s0", "three", "#c3", rail="no score"),
        Node(4, (1,), None, "s0", "four", None, rail="no candidate"),
    ]
    root = ElementTree.fromstring(draw_tree(nodes, last=4, score_name="s", label="l"))
    classes = [e.get("class") for e in root.iter("path")]
    assert (classes.count("edge path"), classes.count("edge"), classes.count("edge further")) == (1, 3, 1)
    assert classes.count("cross") == 2
    assert [a.get("href") for a in root.iter("a")].count("#c3") == 1
    assert {e.text for e in root.iter("title")} == {"seed", "one", "two", "three", "four"}


def test_a_long_tree_has_a_logarithmic_axis_and_bands() -> None:
    nodes = [
        Node(i, (i - 1,) if i else (), i / 9000, "s0", str(i), on_path=True, improved=True)
        for i in (0, 1, 90, 9000)
    ]
    bands = [Band(1, 100, 100, 80, 0.1, 0.2), Band(101, 9000, 8900, 0), Band(50, 60, 11, 11, 70.0, 80.0)]
    svg = draw_tree(nodes, last=9000, score_name="s", label="l", bands=bands, log=True)
    assert "number of the proposal (logarithmic)" in texts(svg)
    assert [e.get("class") for e in ElementTree.fromstring(svg).iter("rect")] == ["band"], (
        "what lies outside is not drawn"
    )


def test_bars_fill_to_a_hundred() -> None:
    svg = draw_bars(
        [Bar("1", "first", (3, 1)), Bar("5", "second", (0, 4))],
        [("ok", "s0"), ("bad", "s1")],
        x_name="x",
        label="l",
    )
    rects = list(ElementTree.fromstring(svg).iter("rect"))
    assert [r.get("class") for r in rects] == ["s0", "s1", "s1"]
    heights = [float(r.get("height") or 0) for r in rects]
    assert heights[0] + heights[1] == pytest.approx(heights[2], abs=0.2)
    assert next(t.text for t in ElementTree.fromstring(svg).iter("title")) == "first: 3 of 4 ok"


@given(st.text(max_size=40))
def test_any_text_in_a_drawing_stays_text(text: str) -> None:
    spots = [Spot(0, 1.0, 2.0, text), Spot(1, 2.0, 1.0, text, special="isbest")]
    svg = draw_scatter(spots, maximize=True, x_name=text, score_name=text, label=text)
    svg += element("text", text, class_=text)
    tags = set(re.findall(r"<(\w+)", svg))
    assert tags <= {"text", "svg", "path", "circle", "title"}
