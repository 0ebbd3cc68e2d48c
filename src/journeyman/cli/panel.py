"""The live panel of `run watch`: as many lines as the terminal has, and no more."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from journeyman.cli.course import Against, plot_of
from journeyman.cli.words import count, money, ref_of, step_words
from journeyman.report.number import alike, duration, number, share, signed
from journeyman.report.terminal import meter
from journeyman.report.terminal_plot import LEAST_HEIGHT, draw_plot
from journeyman.report.text import one_line

if TYPE_CHECKING:
    from rich.text import Text

    from journeyman.optimize.story import Step
    from journeyman.optimize.watched import Watched
    from journeyman.runs import Run

EVENTS = 8
HIGHEST_PLOT = 32
TALL = 20  # rows from which the rates may take two lines
SIDE_BY_SIDE = 76  # columns from which meters stand in two columns
_BAR = 20


def panel_lines(
    run: Run, watched: Watched, against: Against, *, width: int, height: int, ascii_only: bool
) -> list[Text]:
    """At most `height` lines, each to be cut at `width`: what the run is, its caps, its best, the plot, its last events."""
    head = [*_title(run, watched, width, ascii_only), *_meters(watched, width, ascii_only)]
    if watched.live.seed is None:
        head.append(_text("checking the seed"))
        return head[:height]
    head += [
        _best(run, watched, width),
        *_rates(watched, width, 2 if height >= TALL else 1),
        *_at_work(watched),
    ]
    left = height - len(head)
    events = min(EVENTS, max(3, left // 3), len(watched.live.settled))
    rows = min(HIGHEST_PLOT, left - events - 2)
    lines = list(head)
    plot = plot_of(watched.live.settled, against, unit=str(run.header.get("unit", "")))
    if rows >= LEAST_HEIGHT + 1 and plot.best:
        lines += [_text(""), *draw_plot(plot, width=width, height=rows, ascii_only=ascii_only)]
    room = height - len(lines) - 1
    if room > 0:
        last = watched.live.settled[-min(EVENTS, room) :]
        lines += [_text(""), *(_event(step, width) for step in reversed(last))]
    return lines[:height]


def _text(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _title(run: Run, watched: Watched, width: int, ascii_only: bool) -> list[Text]:
    title = _text(one_line(str(run.header.get("task", ""))), "bold").append(f"  {run.run_id}", "not bold dim")
    said, command, style = writer_words(run, watched)
    status = _text(("* " if ascii_only else "● ") + said, style)
    # A command that is cut cannot be used, so it has lines of its own.
    lines = [_text(command[i : i + width], "bold") for i in range(0, len(command), width)]
    room = width - title.cell_len - status.cell_len
    if room >= 3:
        return [title.append(" " * room).append_text(status), *lines]
    return [title, status, *lines]


def writer_words(run: Run, watched: Watched) -> tuple[str, str, str]:
    """Who works on the run; the command with which to go on, where nobody does; and a style."""
    live = watched.live
    if watched.writer is not None:
        return f"process {watched.writer} works on it", "", "green"
    if watched.elsewhere:
        return (
            f"process {live.sitting.pid} on {one_line(watched.elsewhere)} worked on it; not seen from here",
            "",
            "yellow",
        )
    how = "was stopped" if live.interrupted else "is gone"
    who = f"process {live.sitting.pid}" if live.sitting.pid else "its process"
    return f"{who} {how}; go on with", f"journeyman run resume {ref_of(run.folder)}", "bold yellow"


def _meters(watched: Watched, width: int, ascii_only: bool) -> list[Text]:
    """A meter for every cap there is."""
    budget, spent = watched.live.budget, watched.live.spent
    found: list[tuple[str, float, str]] = []
    for name, used, cap in (
        ("evaluations", spent.evaluations, budget.evaluations), ("proposals", spent.proposals, budget.proposals),
        ("tokens", spent.tokens, budget.tokens),
    ):  # fmt: skip
        if cap is not None:
            found.append((name, used / cap if cap else 1.0, f"{count(used)} of {count(cap)}"))
    if budget.micro_usd is not None:
        part = spent.micro_usd / budget.micro_usd if budget.micro_usd else 1.0
        found.append(("money", part, f"{money(spent.micro_usd)} of {money(budget.micro_usd)}"))
    left = watched.time_left_s()
    if left is not None:
        deadline = watched.live.sitting.deadline
        until = f", until {time.strftime('%H:%M', time.localtime(deadline))}" if deadline is not None else ""
        whole = watched.elapsed_s + left
        found.append(("time", watched.elapsed_s / whole if whole else 1.0, f"{duration(left)} left{until}"))
    columns = 2 if width >= SIDE_BY_SIDE and len(found) > 2 else 1
    each = width // columns
    said = max((len(words) for _, _, words in found), default=0)
    room = max(4, min(_BAR if columns == 2 else 2 * _BAR, each - 11 - said - 6))
    cells = []
    for name, part, words in found:
        cell = (
            _text(f"{name:<11}  ").append_text(meter(part, room, ascii_only=ascii_only)).append(f"  {words}")
        )
        cells.append(cell)
    lines = []
    for i in range(0, len(cells), columns):
        line = _text("")
        for cell in cells[i : i + columns]:
            line.append_text(cell)
            line.pad_right(max(0, each - len(cell)))
        line.rstrip()
        lines.append(line)
    return lines


def _best(run: Run, watched: Watched, width: int) -> Text:
    live = watched.live
    assert live.seed is not None
    if live.best is None:
        return _text("the seed has no score", "red")
    seed, best = alike([live.seed.score, live.best.score])
    unit = f" {one_line(str(run.header.get('unit', '')), limit=12)}".rstrip()
    if live.best.index == 0:
        return _text("best  ").append(f"{seed}{unit}", "bold").append(": the seed; nothing beat it so far")
    gain = (live.best.score or 0.0) - (live.seed.score or 0.0)
    since = live.spent.evaluations - live.best.evaluations_so_far
    text = _text("best  ").append(f"{best}{unit}", "bold cyan")
    parts = [
        (f"seed {seed}", "yellow"),
        (f"gain {signed(gain if live.maximize else -gain)}", ""),
        (f"#{live.best.index} by {one_line(live.best.proposer, limit=30)}", ""),
        (f"{since} evaluations ago" if since else "just now", "dim"),
    ]
    return _with_parts(text, parts, width)


def _rates(watched: Watched, width: int, most: int) -> list[Text]:
    """How it goes, on at most `most` lines."""
    live, rates = watched.live, watched.rates()
    parts = []
    if rates.per_minute is not None and watched.writer is not None:
        parts.append(f"{number(rates.per_minute, digits=2)} evaluations/min")
    expected = watched.expected_s()
    if expected is not None and watched.writer is not None:
        parts.append(f"about {duration(expected)} left")
    if live.spent.micro_usd:
        cost = f"{money(live.spent.micro_usd)} spent" if live.budget.micro_usd is None else ""
        hourly = f"{money(round(1e6 * rates.usd_per_hour))}/h" if rates.usd_per_hour is not None else ""
        parts.append(", ".join(word for word in (cost, hourly) if word))
    if live.tally.failed:
        parts.append(f"failed {live.tally.failed} of {live.tally.proposals} proposals")
    if live.tally.verified:
        parts.append(f"feasible {share(live.tally.feasible, live.tally.verified)}")
    if live.spent.tokens and live.budget.tokens is None:
        parts.append(f"{count(live.spent.tokens)} tokens")
    lines = [_text("now ")]
    for part in parts:
        if lines[-1].cell_len + 2 + len(part) > width and len(lines) < most:
            lines.append(_text("    "))
        if lines[-1].cell_len + 2 + len(part) <= width:
            lines[-1].append(f"  {part}")
    return lines


def _with_parts(text: Text, parts: Sequence[tuple[str, str]], width: int) -> Text:
    """`text` and those of `parts` (words, style) that fit whole, the first ones first."""
    from rich.cells import cell_len

    for words, style in parts:
        if text.cell_len + cell_len(words) + 3 <= width:
            text.append("   ").append(words, style)
    return text


def _at_work(watched: Watched) -> list[Text]:
    """What is under way, in one line; nothing where nobody works."""
    under_way = watched.live.under_way()
    if not under_way:
        if watched.writer is not None and watched.spent_up():
            return [_text("work  the last step: seed and best on held-out, pictures")]
        return [_text("work  –")]
    stages: dict[str, list[str]] = {}
    for each in under_way:
        stages.setdefault(each.stage, []).append(f"#{each.index}")
    said = "; ".join(
        f"{', '.join(names[:6])}{' …' if len(names) > 6 else ''} {stage}" for stage, names in stages.items()
    )
    return [
        _text(
            f"work  {said}" + ("" if watched.writer is not None or watched.elsewhere else " when it stopped")
        )
    ]


def _event(step: Step, width: int) -> Text:
    style = (
        "bold cyan"
        if step.improved
        else "magenta"
        if step.failed
        else ""
        if step.score is not None
        else "yellow"
    )
    return _text(one_line(step_words(step), limit=max(20, width)), style)
