"""Every candidate: what was asked, what came back, what was changed, what the verifier said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from journeyman.optimize.shown.ancestry import Chosen
from journeyman.optimize.shown.design import instance_table
from journeyman.optimize.shown.difference import difference
from journeyman.optimize.shown.headline import dollars, spoken, thousands
from journeyman.optimize.shown.prompts import Beginning, as_text, readable, shared_beginnings, split_off
from journeyman.optimize.story import OPEN, REPEATED, Call, Step, Story
from journeyman.optimize.trial import SEED
from journeyman.report.blocks import Block, Diff, Fold, Heading, Links, Source, Text
from journeyman.report.number import duration, number

_TEXT = 40_000  # characters of one prompt, reply or difference
_INSTANCES = 30
_REQUEST = "request"
"""Name under which a proposer that runs a program puts what it asked on record."""


def entry_blocks(story: Story, chosen: Chosen) -> list[Block]:
    """The section of all candidates."""
    prompts = {index: _prompts(story, index) for index in chosen.indices}
    beginnings = shared_beginnings([text for texts in prompts.values() for text in texts])
    shown = set(chosen.indices)
    blocks: list[Block] = []
    if chosen.left_out:
        blocks.append(
            Text(
                f"{len(chosen.indices)} of {chosen.of} are shown: every improvement and what it came from, the last ones, "
                f"and some of each kind of failure. {chosen.left_out} are left out; all are written by "
                f"'journeyman run export {story.result.run_id} --to FOLDER'."
            )
        )
    for beginning in beginnings:
        length = thousands(len(beginning.text))
        summary = [
            ("id", f"Beginning {beginning.name}"),
            ("by", f"of {beginning.count} prompts, {length} characters"),
        ]
        blocks.append(
            Fold(summary, [Source(beginning.text, _TEXT, f"beginning {beginning.name}")], beginning.anchor)
        )
    blocks += [_entry(story, index, prompts[index], beginnings, shown) for index in chosen.indices]
    return blocks


def _entry(
    story: Story, index: int, prompts: Sequence[str], beginnings: Sequence[Beginning], shown: set[int]
) -> Fold:
    step = story.step(index)
    inside: list[Block] = [*_origin(step, shown)]
    if step.failed:
        inside += [Heading("Why there is no candidate"), Source(story.failure(index), _TEXT, "failure")]
    if step.calls:
        for call, prompt in zip(step.calls, prompts, strict=True):
            inside += _call(call, prompt, beginnings, alone=len(step.calls) == 1)
    else:
        inside += _record(story, step, prompts, beginnings)
    if step.has_candidate:
        if step.parents and step.same_as is None:
            inside += _change(story, step)
        inside += _verdict(story, step)
    return Fold(_summary(step), inside, f"c{index}")


def _summary(step: Step) -> list[tuple[str, str]]:
    if step.score is not None:
        chip = ("chip better", "best so far") if step.improved else ("chip", "ok")
        chip = ("chip", "the same again") if step.kind == REPEATED else chip
    elif step.kind == OPEN:
        chip = ("chip", "under way")
    else:
        chip = ("chip bad", spoken(step.kind if step.failed else str(step.status)))
    by = ", ".join(dict.fromkeys(name for name in (step.proposer, step.model) if name and step.index != SEED))
    name = "seed" if step.index == SEED else f"#{step.index}"
    parts = [("id", name), ("score", number(step.score)), chip, ("by", by), ("note", step.note)]
    return [(class_, text) for class_, text in parts if text]


def _origin(step: Step, shown: set[int]) -> list[Block]:
    """Where it came from, with links, and what it took."""
    sources = [
        (target, "made from" if order == 0 else "also shown") for order, target in enumerate(step.parents)
    ]
    if step.same_as is not None:
        sources.append((step.same_as, "the same files as"))
    links: list[tuple[str, str, str]] = []
    absent: list[str] = []
    said = ""
    for target, how in sources:
        name = "the seed" if target == SEED else f"#{target}"
        if target not in shown:
            absent.append(name)
            continue
        before = "," if how == said else how if not links else f"; {how}"
        links.append((before, name, f"c{target}"))
        said = how
    blocks: list[Block] = [Links(links)] if links else []
    if absent:
        blocks.append(Text(f"Of what it came from, {', '.join(absent)} is not on this page.", soft=True))
    about = "; ".join(part for part in (step.line, _paid(step.calls)) if part)
    if about:
        blocks.append(Text(about, soft=True))
    return blocks


def _paid(calls: Iterable[Call]) -> str:
    calls = list(calls)
    if not calls:
        return ""
    money = [call.micro_usd for call in calls if call.micro_usd is not None]
    seconds = [call.latency_s for call in calls if call.latency_s is not None]
    parts = [
        f"{len(calls)} call{'s' if len(calls) > 1 else ''}",
        f"{thousands(sum(c.tokens for c in calls))} tokens",
    ]
    parts += [dollars(sum(money))] if money else []
    parts += [duration(sum(seconds))] if seconds else []
    return ", ".join(parts)


def _prompts(story: Story, index: int) -> list[str]:
    """The prompts of a step, one for each call; of a proposer that runs a program, its request."""
    step = story.step(index)
    if step.calls:
        return [as_text(call.prompt()) for call in step.calls]
    if _REQUEST in step.transcript:
        return [readable(story.transcript(index)[_REQUEST])]
    return []


def _call(call: Call, prompt: str, beginnings: Sequence[Beginning], *, alone: bool) -> list[Block]:
    which = "" if alone else f" {call.number}"
    blocks: list[Block] = [Heading(f"Prompt{which}"), *_prompt(prompt, beginnings)]
    reply = call.reply()
    ended = spoken(call.outcome) + (
        f", {call.finish}" if call.finish and call.finish not in ("stop", call.outcome) else ""
    )
    blocks.append(Heading(f"Reply{which} of {call.model} ({ended})"))
    if reply.refusal:
        blocks.append(Source(reply.refusal, _TEXT, "refusal"))
    if reply.reasoning:
        summary = [("by", f"its reasoning, {thousands(len(reply.reasoning))} characters")]
        blocks.append(Fold(summary, [Source(reply.reasoning, _TEXT, "reasoning")]))
    blocks.append(
        Source(reply.text, _TEXT, "reply") if reply.text else Text("There is no text in it.", soft=True)
    )
    return blocks


def _prompt(prompt: str, beginnings: Sequence[Beginning]) -> list[Block]:
    beginning, rest = split_off(prompt, beginnings)
    blocks: list[Block] = []
    if beginning is not None:
        length = f"{thousands(len(beginning.text))} characters"
        blocks.append(Links([("It begins with", f"beginning {beginning.name}, {length}", beginning.anchor)]))
    if rest:
        blocks.append(Source(rest, _TEXT, "prompt"))
    return blocks


def _record(story: Story, step: Step, prompts: Sequence[str], beginnings: Sequence[Beginning]) -> list[Block]:
    """What a proposer that runs a program put on record."""
    blocks: list[Block] = []
    for prompt in prompts:
        blocks += [Heading("Request"), *_prompt(prompt, beginnings)]
    for name, blob in story.transcript(step.index).items() if step.transcript else ():
        if name != _REQUEST:
            blocks += [Heading(name.capitalize()), Source(readable(blob), _TEXT, name)]
    return blocks


def _change(story: Story, step: Step) -> list[Block]:
    parent = step.parents[0]
    title = f"Change from {'the seed' if parent == SEED else f'#{parent}'}"
    text = difference(
        story.candidate(parent), story.candidate(step.index), f"candidate-{parent}", f"candidate-{step.index}"
    )
    return [Heading(title), Diff(text, _TEXT, title) if text else Text("Nothing was changed.", soft=True)]


def _verdict(story: Story, step: Step) -> list[Block]:
    verdict = story.verdict(step.index)
    if verdict is None:
        return []
    if step.kind == REPEATED:
        return [Text("It took the verdict of the earlier one and cost no evaluation.", soft=True)]
    said = (
        f"{spoken(verdict.status)}, score {number(verdict.score)}" if verdict.ok else spoken(verdict.status)
    )
    level = f", isolation {verdict.level}" if verdict.level else ""
    cached = ", from the cache" if verdict.cached else ""
    blocks: list[Block] = [Heading("Verdict"), Text(f"{said}, in {duration(verdict.wall_s)}{level}{cached}.")]
    if verdict.instances:
        blocks.append(instance_table([verdict], most=_INSTANCES))
    if verdict.feedback:
        blocks += [Heading("Feedback"), Source(verdict.feedback, _TEXT, "feedback")]
    return blocks
