"""One proposal of a run in the terminal: where it came from, what was asked and answered, what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from journeyman.cli.show import difference, print_diff
from journeyman.cli.words import count, money, outcome_words, ref_of
from journeyman.errors import UsageError
from journeyman.report.number import NONE, duration, number
from journeyman.report.table import Table, print_table
from journeyman.report.terminal import heading, text_lines
from journeyman.report.text import rich_text, visible

if TYPE_CHECKING:
    from rich.console import Console

    from journeyman.optimize.story import Call, Step, Story
    from journeyman.verify import Verdict

TEXT_LINES = 16
MEASURED = 3  # metrics of an instance that stand in its row


def step_of(story: Story, index: int) -> Step:
    """The step of proposal `index`. Raises UsageError if the run has none."""
    if index not in story:
        last = story.steps[-1].index
        raise UsageError(
            f"the run {story.result.run_id!r} has no proposal {index}; they are numbered from 0 (the seed) to {last}"
        )
    return story.step(index)


def print_trial(story: Story, index: int, out: Console, *, full: bool = False) -> None:
    """Print proposal `index`; long texts are cut unless `full`."""
    step = step_of(story, index)
    result = story.result
    name = "the seed" if index == 0 else f"proposal {index}{f' by {step.proposer}' if step.proposer else ''}"
    out.print(heading(f"{result.task}, {name}: {outcome_words(step).splitlines()[0]}"), soft_wrap=True)
    for line in _facts(story, step):
        out.print(rich_text(line), soft_wrap=True)
    again = f"run show {ref_of(result.run)} --trial {index}"
    _print_calls(step, out)
    verdict = story.verdict(index)
    if verdict is not None:
        out.print()
        print_table(_instances(verdict), out)
        _print_text("Feedback", verdict.feedback, out, full, f"{again} --full")
    if step.failed:
        _print_text("Why it gave no candidate", step.message, out, full, f"{again} --full")
    if step.has_candidate and step.parents:
        parent = step.parents[0]
        changed = difference(story, parent, index)
        print_diff(f"Against its parent, {_named(story, parent)}", changed, out, full, f"{again} --full")
    for title, text, option in _texts(story, step):
        _print_text(title, text, out, full, f"{again} --{option}")


def print_prompts(story: Story, index: int, out: Console) -> None:
    """Everything proposal `index` asked, whole."""
    found = [
        (title, text) for title, text, option in _texts(story, step_of(story, index)) if option == "prompt"
    ]
    _print_whole(found, out, f"proposal {index} of {story.result.run_id!r} has no prompt on record")


def print_replies(story: Story, index: int, out: Console) -> None:
    """Everything proposal `index` was answered, whole."""
    found = [
        (title, text) for title, text, option in _texts(story, step_of(story, index)) if option == "reply"
    ]
    _print_whole(found, out, f"proposal {index} of {story.result.run_id!r} has no reply on record")


def trial_document(story: Story, index: int) -> dict[str, Any]:
    """The same as plain data, nothing cut."""
    step = step_of(story, index)
    files = story.candidate(index).files if step.has_candidate else {}
    parent = step.parents[0] if step.parents and step.has_candidate else None
    return {
        "index": step.index, "kind": step.kind, "status": step.status, "score": step.score, "improved": step.improved,
        "proposer": step.proposer, "parents": step.parents, "note": step.note, "message": step.message,
        "same_as": step.same_as, "evaluations": step.evaluations_so_far, "seconds": step.at_s,
        "verdict": story.verdict(index),
        "calls": [
            {
                "number": call.number, "model": call.model, "outcome": call.outcome, "finish": call.finish,
                "input": call.input, "output": call.output, "reasoning": call.reasoning, "cached": call.cached,
                "usd": None if call.micro_usd is None else call.micro_usd / 1e6, "latency_s": call.latency_s,
                "attempts": call.attempts, "prompt": call.prompt(), "reply": call.reply(),
            }
            for call in step.calls
        ],
        "transcript": {name: data.decode("utf-8", "replace") for name, data in story.transcript(index).items()},
        "diff": "" if parent is None else difference(story, parent, index),
        "files": {path: data.decode("utf-8", "replace") for path, data in files.items()},
    }  # fmt: skip


def _facts(story: Story, step: Step) -> list[str]:
    lines = []
    if step.parents:
        first, *others = (_named(story, parent) for parent in step.parents)
        lines.append(f"improves {first}{'; beside it ' + ', '.join(others) if others else ''}")
    if step.note:
        lines.append(f"note: {step.note}")
    if step.index and step.kind != "under way":
        lines.append(f"settled after {step.evaluations_so_far} evaluations, {duration(step.at_s)} of work")
    if step.calls:
        known = [call.micro_usd for call in step.calls if call.micro_usd is not None]
        cost = money(sum(known)) if known else "money unknown"
        lines.append(f"cost: {count(sum(call.tokens for call in step.calls))} tokens, {cost}")
    return lines


def _named(story: Story, index: int) -> str:
    if index not in story:
        return f"#{index}"
    step = story.step(index)
    said = number(step.score) if step.score is not None else str(step.status or step.kind)
    return f"{'the seed' if index == 0 else f'#{index}'} ({said})"


def _print_calls(step: Step, out: Console) -> None:
    if not step.calls:
        return
    columns = ("model", "call", "ended", "tokens in", "tokens out", "money", "latency", "attempts")
    rows = [
        (
            call.model, str(call.number), _ended(call), _tokens(call.input), _tokens(call.output),
            NONE if call.micro_usd is None else money(call.micro_usd), duration(call.latency_s), str(call.attempts),
        )
        for call in step.calls
    ]  # fmt: skip
    out.print()
    print_table(Table(columns, rows, title="Calls", numbers=frozenset(columns) - {"model", "ended"}), out)


def _ended(call: Call) -> str:
    words = call.outcome.replace("_", " ")
    return f"{words} ({call.finish})" if call.finish and call.finish != "stop" else words


def _tokens(tokens: int | None) -> str:
    return NONE if tokens is None else count(tokens)


def _instances(verdict: Verdict) -> Table:
    """The verdict on every instance, its whole in the last row."""
    names = list(dict.fromkeys(name for i in verdict.instances for name in i.metrics))[:MEASURED]
    units = {name: i.metrics[name].unit for i in verdict.instances for name in names if name in i.metrics}
    # Without anchors the score is the objective, and one column says it.
    anchored = any(i.score != i.objective for i in verdict.instances)
    rows = [
        (
            i.instance, i.status.value, number(i.score), *([number(i.objective)] if anchored else []),
            *(number(i.metrics[n].value) if n in i.metrics else NONE for n in names), duration(i.wall_s),
        )
        for i in verdict.instances
    ]  # fmt: skip
    measured = [f"{n} [{units[n]}]" if units.get(n) else n for n in names]
    columns = ("instance", "status", "score", *(["objective"] if anchored else []), *measured, "time")
    blanks = [""] * (len(columns) - 4)
    rows.append(("all", verdict.status.value, number(verdict.score), *blanks, duration(verdict.wall_s)))
    title = f"Verdict on {verdict.split}" + (f" (isolation: {verdict.level})" if verdict.level else "")
    return Table(columns, rows, title=title, numbers=frozenset(columns[2:]))


def _texts(story: Story, step: Step) -> list[tuple[str, str, str]]:
    """What was asked and answered: title, text, and the option that shows it whole."""
    found = []
    for call in step.calls:
        of = f" {call.number}" if len(step.calls) > 1 else ""
        asked = []
        for said in call.prompt():
            images = "".join(f"\n[picture: {image.media_type}, {image.digest[:12]}]" for image in said.images)
            asked.append(f"[{said.role}]\n{said.text}{images}")
        found.append((f"Prompt{of} to {call.model}", "\n\n".join(asked), "prompt"))
        reply = call.reply()
        answered = [
            f"[reasoning]\n{reply.reasoning}" if reply.reasoning else "",
            f"[refusal]\n{reply.refusal}" if reply.refusal else "",
            f"[answer]\n{reply.text}" if reply.reasoning and reply.text else reply.text,
        ]
        text = "\n\n".join(part for part in answered if part) or "(nothing)"
        found.append((f"Reply{of} of {call.model}", text, "reply"))
    for name, data in story.transcript(step.index).items():
        option = "prompt" if name.startswith(("prompt", "request", "stdin")) else "reply"
        found.append((f"On record: {name}", data.decode("utf-8", "replace"), option))
    return found


def _print_text(title: str, text: str, out: Console, full: bool, command: str) -> None:
    if not text.strip():
        return
    lines, hidden = text_lines(text, most=None if full else TEXT_LINES)
    out.print()
    out.print(heading(title))
    for line in lines:
        out.print(rich_text(line), soft_wrap=True)
    if hidden:
        out.print(rich_text(f"… {hidden} more lines: journeyman {command}", "dim"), soft_wrap=True)


def _print_whole(found: list[tuple[str, str]], out: Console, otherwise: str) -> None:
    if not found:
        raise UsageError(otherwise)
    for i, (title, text) in enumerate(found):
        if len(found) > 1:
            if i:
                out.print()
            out.print(heading(title))
        for line in visible(text).splitlines():
            out.print(rich_text(line), soft_wrap=True)
