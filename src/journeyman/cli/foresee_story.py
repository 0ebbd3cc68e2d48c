"""An episode of foresee in the terminal, decision by decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from journeyman.report.text import one_line, rich_text

if TYPE_CHECKING:
    from rich.console import Console

    from journeyman.foresee.attribution.staging import Logged
    from journeyman.foresee.page.frames import Shot
    from journeyman.foresee.page.reopened import Reopened
    from journeyman.foresee.page.steps import Step, Words

_STYLES = {"call": "cyan", "act": "green", "refused": "yellow", "unread": "magenta", "answer": "blue"}
_SIGNS = {"call": "?", "act": "●", "refused": "✕", "unread": "~", "answer": "="}
_ASCII = {"●": "*", "✕": "x", "✗": "X"}


def print_story(run: Reopened, one: Logged, out: Console) -> None:
    """An episode, decision by decision."""
    from journeyman.cli.foresee_progress import users_prints_aside
    from journeyman.foresee.page.attributed import attributed
    from journeyman.foresee.page.steps import outcome, remarks, steps_of
    from journeyman.report.terminal import heading, is_ascii_only, print_hanging

    with users_prints_aside():
        steps, shots = steps_of(one.episode), run.shots(one)
    ascii_only = is_ascii_only(out)
    out.print(heading(f"{one.episode.instance} in cell {one.cell}: {run.cells[one.cell].key}"), soft_wrap=True)
    out.print(rich_text("; ".join([outcome(one.episode), *remarks(steps)]) + "."), soft_wrap=True)
    if shots.note:
        print_hanging(out, rich_text("! ", "yellow"), rich_text(shots.note, "yellow"))
    out.print()
    digits = len(str(max(0, len(steps) - 1)))
    for step, shot in zip(steps, shots.shots, strict=True):
        _print_step(step, shot, run.words, out, digits, ascii_only=ascii_only)
    found = attributed(run.attribution, one.episode)
    if found is not None:
        out.print()
        for said in found.said:
            print_hanging(out, rich_text("attribution: ", "bold"), rich_text(one_line(said, limit=600)))
        for index, did in found.decisive.items():
            print_hanging(out, rich_text(f"decision {index}: ", "bold"), rich_text(one_line(did, limit=600)))


def _print_step(step: Step, shot: Shot, words: Words, out: Console, digits: int, *, ascii_only: bool) -> None:
    from journeyman.foresee.page.steps import MISUSE, aside, content_words, title
    from journeyman.report.terminal import print_hanging

    decision = step.decision

    def plain(text: str) -> str:
        return _ascii(text) if ascii_only else text

    sign = "!" if step.kind == "act" and decision.terminal and not decision.success else _SIGNS[step.kind]
    style = "bold red" if sign == "!" else _STYLES[step.kind]
    label = rich_text(f"{decision.index:>{digits}} ", "dim").append_text(rich_text(f"{plain(sign)} ", style))
    under = rich_text(" " * label.cell_len)
    body = rich_text(plain(title(step, words)), "bold")
    print_hanging(out, label, body)

    def more(text: str, style: str = "") -> None:
        print_hanging(out, under, rich_text(one_line(plain(text), limit=600), style))

    if said := aside(step, words):
        more(said, "dim")
    if step.kind == "call":
        _print_call(step, more)
    if shot.after is not None and shot.after.digest:
        more(f"now {content_words(shot.after.digest)}")
    if decision.disagreed is not None:
        came = "otherwise than predicted" if decision.disagreed else "as predicted"
        more(f"what had been simulated came out {came}", "red" if decision.disagreed else "green")
    if step.kind in ("refused", "unread") and decision.refusal and not decision.ruling.get("why"):
        more(decision.refusal, "yellow")
    if why := decision.ruling.get("why"):
        more(f"governor, {decision.ruling.get('verdict')}: {why}", "dim")
    for kind in step.misuse:
        more(f"{kind}: {MISUSE[kind]}", "red")


def _print_call(step: Step, more: Callable[..., None]) -> None:
    from journeyman.foresee.page.steps import content_words, value_words

    decision = step.decision
    more(f"imagined {content_words(decision.predicted)}")
    if step.wrong:
        other = {
            name: value for name, value in decision.true.items()
            if value_words(value) != value_words(decision.predicted.get(name))
        }  # fmt: skip
        more(f"✗ wrong: the exact simulator shows {content_words(other)}" if other else "✗ it was shown wrongly", "red")
    if step.contradicts and step.reading is not None:
        more(f"the agent read {content_words(step.reading)}", "red")


def _ascii(text: str) -> str:
    for sign, instead in _ASCII.items():
        text = text.replace(sign, instead)
    for arrow in "←↓→↑":
        text = text.replace(f"{arrow} ", "")
    return text.replace("×", "x")
