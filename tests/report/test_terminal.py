"""The plot, bars, meters and differences that a terminal is shown."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from journeyman.report.terminal import Bar, bars, diff_lines, is_ascii_only, meter, text_lines
from journeyman.report.terminal_plot import Plot, draw_plot, nice_ticks, tick_labels

BRAILLE = {chr(0x2800 + bits) for bits in range(256)}

scores = st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: round(x, 6))


def drawn(plot: Plot, width: int = 60, height: int = 14, *, ascii_only: bool = False) -> list[str]:
    return [line.plain for line in draw_plot(plot, width=width, height=height, ascii_only=ascii_only)]


@given(
    st.lists(scores, min_size=1, max_size=30), st.lists(st.tuples(st.integers(0, 40), scores), max_size=30),
    st.none() | scores, st.integers(1, 200), st.integers(1, 60), st.booleans(),
)  # fmt: skip
def test_a_plot_of_any_course_fits_its_frame(
    best: list[float],
    candidates: list[tuple[int, float]],
    seed: float | None,
    width: int,
    height: int,
    ascii_only: bool,
) -> None:
    plot = Plot(list(enumerate(best)), candidates, seed, len(best))
    lines = drawn(plot, width, height, ascii_only=ascii_only)
    assert len(lines) == max(height, 5)
    # A terminal that is narrower than a plot can be gets the smallest plot, which its numbers may widen.
    assert max(map(len, lines)) <= max(width, 24, len(lines[-2]))
    assert not ascii_only or all(line.isascii() for line in lines)
    picture = "".join(lines[1:-2])
    assert ("#" in picture) if ascii_only else (BRAILLE & set(picture))


def test_the_line_is_where_the_scores_are() -> None:
    lines = drawn(Plot([(0, 0.0), (50, 100.0)], until=100), width=73, height=13)
    rows = [line.split("┤")[-1].split("│")[-1] for line in lines[1:-2]]
    low = next(row for row in reversed(rows) if row.strip())
    high = next(row for row in rows if row.strip())
    assert len(low) < 40, "the lower level ends in the middle"
    assert high.startswith(" " * 25), "the upper one begins there"
    assert len(high) > 55, "and goes to the end"
    levels = {line.split("┤")[0].strip() for line in lines if "┤" in line}
    assert {"0", "100"} <= levels
    assert lines[-1].split() == ["0", "20", "40", "60", "80", "100"]


def test_what_falls_is_drawn_falling() -> None:
    lines = drawn(Plot([(0, 20.0), (2, 4.0)], seed=20.0, until=4), width=40, height=10)
    first = next(line for line in lines[1:] if BRAILLE & set(line))
    last = [line for line in lines[1:] if BRAILLE & set(line)][-1]
    assert first.index("╌") > min(first.index(c) for c in BRAILLE & set(first)), (
        "the seed's level goes on to the right"
    )
    assert min(last.index(c) for c in BRAILLE & set(last)) > 20
    assert first.strip().startswith("20 ┤")


def test_candidates_stand_where_the_line_leaves_room_and_far_ones_are_left_out() -> None:
    plot = Plot([(0, 0.0), (10, 1.0)], [(5, 0.5), (7, -1000.0)], until=10)
    lines = drawn(plot)
    assert sum(line.count("·") for line in lines[1:]) == 1


def test_the_axes_are_named_and_names_cannot_act() -> None:
    first = drawn(Plot([(0, 1.0)], y_label="score [k\x1b[2Jg]", x_label="evaluations"), width=90)[0]
    assert first.startswith("score [k\\x1b[2Jg] against evaluations")
    assert "best so far" in first


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        draw_plot(Plot([]), width=60, height=12)


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12), st.integers(2, 9))
def test_ticks_are_few_round_and_inside(low: float, span: float, most: int) -> None:
    high = low + span
    ticks = nice_ticks(low, high, most)
    assert 1 <= len(ticks) <= most
    slack = 1e-6 * span + 1e-9 * max(abs(low), abs(high))
    assert all(low - slack <= tick <= high + slack for tick in ticks)


@given(st.integers(-(10**6), 10**6), st.integers(-9, 9), st.sampled_from([1, 2, 5]), st.integers(2, 6))
def test_tick_labels_tell_ticks_apart(start: int, power: int, digit: int, many: int) -> None:
    ticks = [(start + n) * digit * 10.0**power for n in range(many)]
    labels = tick_labels(ticks)
    assert len(set(labels)) == many
    assert all(
        abs(float(label) - tick) <= digit * 10.0**power / 50
        for label, tick in zip(labels, ticks, strict=True)
    )


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ([0.0, 0.5, 1.0], ["0.0", "0.5", "1.0"]), ([0.0, 10.0], ["0", "10"]), ([0.28, 0.30], ["0.28", "0.30"]),
        ([-0.02, -1e-18, 0.02], ["-0.02", "0.00", "0.02"]), ([1e9, 2e9], ["1e+09", "2e+09"]), ([3.0], ["3.000"]),
    ],
)  # fmt: skip
def test_labels(ticks: list[float], labels: list[str]) -> None:
    assert tick_labels(ticks) == labels


def test_bars_share_one_scale_and_say_counts() -> None:
    lines = [line.plain for line in bars([Bar("ok", 48), Bar("infeasible", 12), Bar("rare", 1)], width=60)]
    assert abs(lines[0].count("█") - 4 * lines[1].count("█")) <= 4, "a quarter, to an eighth of a cell"
    assert lines[0].endswith("48   79 %")
    assert any(c in lines[2] for c in "▏▎▍▌▋▊▉█"), "one is seen beside many"
    assert len({len(line) for line in lines}) == 1
    assert bars([], width=60) == []


@given(
    st.lists(st.tuples(st.text(max_size=80), st.integers(0, 10**6)), min_size=1, max_size=8),
    st.integers(30, 200),
)
def test_bars_fit(rows: list[tuple[str, int]], width: int) -> None:
    lines = bars([Bar(label, count) for label, count in rows], width=width)
    assert len(lines) == len(rows)
    assert max(line.cell_len for line in lines) <= width


def test_a_meter_is_full_at_its_cap_and_not_beyond() -> None:
    assert meter(0.5, 10).plain == "━━━━━─────"
    assert meter(1.5, 4).plain == "━━━━"
    assert meter(0.5, 4, ascii_only=True).plain == "##.."


def test_a_difference_is_coloured_cut_and_cannot_act() -> None:
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new \x1b[2J\n same\n"
    lines, hidden = diff_lines(diff, most=5)
    assert [str(line.style) for line in lines] == ["cyan", "cyan", "cyan", "red", "green"]
    assert lines[-1].plain == "+new \\x1b[2J"
    assert hidden == 1
    assert diff_lines(diff)[1] == 0
    assert len(diff_lines("+" + "x" * 10_000)[0][0].plain) < 600, "one endless line is cut"


def test_long_texts_are_cut_by_lines_and_whole_where_asked() -> None:
    text = "\n".join(f"line {n}" for n in range(30)) + "\n" + "y" * 5000
    lines, hidden = text_lines(text, most=10)
    assert (len(lines), hidden) == (10, 21)
    assert text_lines(text)[0][-1] == "y" * 5000


def test_an_encoding_without_braille_is_known() -> None:
    ascii_file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert is_ascii_only(Console(file=ascii_file))
    assert not is_ascii_only(Console(file=io.TextIOWrapper(io.BytesIO(), encoding="utf-8")))
