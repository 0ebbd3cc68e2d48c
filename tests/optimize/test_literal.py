"""Finding numbers in texts and putting others in their place."""

from __future__ import annotations

import ast
import json
import math
import re
import tomllib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from journeyman.errors import CandidateInvalid
from journeyman.optimize.propose.axis import axis_of
from journeyman.optimize.propose.literal import Literal, parse
from journeyman.verify.task import Parameter

PYTHON = '''\
"""Docstring with 3 numbers, 4.5 and # tune: 1 .. 2 inside."""
import numpy as np

A = 0.25
B = -3.5e-2
TABLE = [10, 20.5, (-30), 1_000]  # 7 stays
name = "x9.5"
text = f"{A:.3f} and {B + 4.5}"


def f(x, axis=1):
    y = x[3] + x[-1, 5:9] - 6.5 * x ** 2 - x**-1.5
    return-8.5 + np.sum(y, axis=0) * (12) - 0x1F - 2j + True
'''

C = """\
#include <stdint.h>
#define ROUNDS 64 /* 65 */
static const double a = -1.5f, b = 2.5e-3;
// 99.5
const char *s = "7.5 \\" 8.5"; char c = '9';
static uint32_t k[16] = {0x428a2f98, 4096u, 1000000UL};
double f(double x) { return -x * 3.25 - 4.5L + x--> 5; }
"""

TOML = """\
title = "9.5 m"  # 3
[beam]
width = 0.25 # m
heights = [1.5, -2, 3e2]
"odd key 7" = 4
born = 1979-05-27 07:32:00
at = 07:32:00
[[load]]
force = { x = 1.0, y.z = -2.5 }
[[load]]
force.x = +5
on = true
big = 1_000
"""

JSON = '{"a": [1, -2.5, {"b c": 3e2}], "s": "4.5", "t": [], "u": {}, "n": null, "w": 0}'


def values(path: str, text: str) -> list[Any]:
    return list(parse(path, text).values)


def test_python_numbers_that_are_no_structure() -> None:
    assert values("a.py", PYTHON) == [0.25, -3.5e-2, 10, 20.5, -30, 1000, 6.5, -1.5, -8.5, 12]


def test_c_numbers_that_are_no_structure() -> None:
    assert values("a.c", C) == [64, -1.5, 2.5e-3, 4096, 1000000, 3.25, 4.5, 5]


def test_toml_numbers_with_their_paths() -> None:
    found = parse("p.toml", TOML).literals
    assert [(f.name, f.value) for f in found] == [
        ("beam.width", 0.25), ("beam.heights.0", 1.5), ("beam.heights.1", -2), ("beam.heights.2", 300.0),
        ("beam.odd key 7", 4), ("load.0.force.x", 1.0), ("load.0.force.y.z", -2.5), ("load.1.force.x", 5),
        ("load.1.big", 1000),
    ]  # fmt: skip


def test_json_numbers_with_their_paths() -> None:
    found = parse("p.json", JSON).literals
    assert [(f.name, f.value) for f in found] == [("a.0", 1), ("a.1", -2.5), ("a.2.b c", 300.0), ("w", 0)]


def test_plain_text_numbers_outside_of_words_and_comments() -> None:
    assert values("deck.inp", "speed 3.5 m/s ! x2\nn=4 -1.5e3 # 9\nv1.2.3 7") == [3.5, 4, -1500.0, 7]


@pytest.mark.parametrize(
    ("path", "text"),
    [("a.py", PYTHON), ("a.c", C), ("p.toml", TOML), ("p.json", JSON), ("t.txt", "a 1.50 b")],
)
def test_a_text_put_together_again_is_the_same(path: str, text: str) -> None:
    template = parse(path, text)
    assert template.render(template.values) == text


def test_only_annotated_numbers_are_tuned_if_any_is() -> None:
    text = "A = 1.5\nB = 2.5  # tune: 0.5 .. 4\nC = 3  # tune: 1 | 2 | 4\nM = 'slow'  # tune: 'slow' | 'fast'\nD = 4.5\n"
    found = parse("a.py", text).literals
    assert [(f.name, f.value, f.low, f.high, f.choices) for f in found] == [
        ("B", 2.5, 0.5, 4.0, ()), ("C", 3, None, None, (1, 2, 4)), ("M", "slow", None, None, ("slow", "fast")),
    ]  # fmt: skip
    assert parse("a.py", text).render([1.0, 4, "fast"]).splitlines()[1:4] == [
        "B = 1.0  # tune: 0.5 .. 4", "C = 4  # tune: 1 | 2 | 4", "M = \"fast\"  # tune: 'slow' | 'fast'",
    ]  # fmt: skip


def test_annotations_in_c_and_toml() -> None:
    assert [
        f.choices
        for f in parse("a.c", "#define U 1  // tune: 1 | 2\nint b = 3; /* tune: 2 .. 9 */\n").literals
    ] == [(1, 2), ()]
    assert [f.low for f in parse("p.toml", "a = 1.0 # tune: 0.5 .. 2\nb = 2.0\n").literals] == [0.5]


@pytest.mark.parametrize("rule", ["3 .. 1", "a .. b", "7", "1 | 1", "x | y"])
def test_an_annotation_that_says_nothing_is_refused(rule: str) -> None:
    with pytest.raises(CandidateInvalid, match="neither a range like"):
        parse("a.py", f"A = 3  # tune: {rule}\n")


def test_only_the_editable_region_is_tuned() -> None:
    text = "A = 1.5\n# EVOLVE-BLOCK-START\nB = 2.5\n# EVOLVE-BLOCK-END\nC = 3.5\n"
    assert values("a.py", text) == [2.5]


def test_declared_parameters_are_tuned_and_no_others() -> None:
    declared = {"beam.width": Parameter(min=0.1, max=0.5), "beam.odd key 7": Parameter(integer=True)}
    found = parse("p.toml", TOML, declared).literals
    assert [(f.name, f.low, f.high, f.integer) for f in found] == [
        ("beam.width", 0.1, 0.5, False),
        ("beam.odd key 7", None, None, True),
    ]


def test_text_that_is_no_program_is_refused() -> None:
    for path, text in (("a.py", "def f(:\n  '''"), ("p.toml", "a = = 1"), ("p.json", "{")):
        with pytest.raises(CandidateInvalid):
            parse(path, text)


numbers = st.one_of(
    st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: float(f"{v:.8g}"))
)
kinds = {"a.py": PYTHON, "a.c": C, "p.toml": TOML, "p.json": JSON}


@given(st.sampled_from(sorted(kinds)), st.data())
def test_only_the_literals_change_and_come_back_as_written(path: str, data: Any) -> None:
    template = parse(path, kinds[path])
    chosen = [
        data.draw(
            st.integers(-500, 500)
            if literal.integer
            else st.floats(-500, 500).map(lambda v: float(f"{v:.8g}"))
        )
        for literal in template.literals
    ]
    changed = template.render(chosen)
    again = parse(path, changed)
    # An integer that became 0, 1 or 2 would read as structure in a program; there the text says what stands in it.
    if path.startswith("p.") or all(
        abs(v) > 2 for v, f in zip(chosen, template.literals, strict=True) if f.integer
    ):
        assert again.skeleton == template.skeleton
        assert list(again.values) == chosen
        back = parse(path, again.render(template.values))
        assert (back.skeleton, back.values) == (template.skeleton, template.values)
    if path == "a.py":
        ast.parse(changed)
    if path == "p.toml":
        assert tomllib.loads(changed)["title"] == "9.5 m"
    if path == "p.json":
        assert json.loads(changed)["s"] == "4.5"


@given(numbers, numbers)
def test_python_means_the_value_that_was_put_in(a: float, b: float) -> None:
    source = "x = 7.5\ny = 3 - 10.5\nz = abs(-4.5)\nw = 2.5**2\n"
    template = parse("a.py", source)
    assert len(template.literals) == 5
    scope: dict[str, Any] = {}
    exec(template.render([float(a), 5, float(b), float(b), 2.5]), scope)
    assert scope["x"] == float(a)
    assert scope["y"] == 5 - float(b)
    assert scope["z"] == abs(float(b))


@given(
    st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.booleans(), st.floats(-3, 3),
)  # fmt: skip
@example(low=2.225073858507203e-309, width=1.0, integer=False, u=0.0)  # high / low is too large a number
def test_a_value_never_leaves_its_range(low: float, width: float, integer: bool, u: float) -> None:
    low, high = (
        (math.floor(low), math.floor(low) + max(1, math.ceil(width))) if integer else (low, low + width)
    )
    start: float = (low + high) // 2 if integer else (low + high) / 2
    literal = Literal(0, 1, "0", start, "x", integer, low=low, high=high)
    axis = axis_of(literal)
    value = axis.value(u)
    assert not isinstance(value, str)
    assert low <= value <= high
    assert isinstance(value, int) == integer
    middle = axis.value(axis.coordinate(start))
    assert not isinstance(middle, str)
    assert math.isclose(middle, start, rel_tol=1e-6, abs_tol=1e-6 * max(1.0, abs(low), abs(high)))


@given(st.floats(-1e6, 1e6), st.one_of(st.none(), st.floats(0, 10)), st.floats(-5, 5))
def test_an_open_axis_begins_at_its_value_and_keeps_its_side(
    start: float, gap: float | None, u: float
) -> None:
    low = None if gap is None else start - gap
    axis = axis_of(Literal(0, 1, "0", start, "x", False, low=low))
    begun = axis.value(axis.coordinate(start))
    assert not isinstance(begun, str)
    assert math.isclose(begun, start, rel_tol=1e-9, abs_tol=1e-9)
    value = axis.value(u)
    assert not isinstance(value, str)
    assert math.isfinite(value)
    if low is not None:
        assert value >= low
    elif start != 0:
        assert math.copysign(1, value) == math.copysign(1, start)


def test_a_choice_is_always_one_of_its_values() -> None:
    axis = axis_of(Literal(0, 1, "4", 4, "x", True, choices=(1, 2, 4, 8)))
    assert {axis.value(u / 100) for u in range(-50, 151)} == {1, 2, 4, 8}
    assert axis.value(axis.coordinate(4)) == 4


def test_numbers_written_out_are_short() -> None:
    template = parse("a.py", "x = 0.5\n")
    assert re.fullmatch(r"x = 0\.33333333\n", template.render([1 / 3]))
