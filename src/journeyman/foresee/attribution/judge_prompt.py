"""What a judge is asked (spec f.2; the wording is ours, the paper's is not known)."""

from __future__ import annotations

from collections.abc import Mapping

from journeyman.foresee.attribution.codebook import CODES, QUESTIONS, Governed, codes_of
from journeyman.foresee.attribution.transcript import transcript
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.worlds.world import World
from journeyman.models import Message, Prompt

SYSTEM = (
    "You label episodes of an agent that could consult a simulator before it acted. Lines marked REAL changed the world; "
    "lines marked HYPOTHETICAL did not. Judge only by the lines you are given."
)
MAX_TOKENS = 2048
"""Of a verdict, reasoning included."""


def stages_of(exact: bool) -> tuple[Governed, ...]:
    """The stages that a judge may name: an exact world model is never at fault."""
    return ("input", "meaning", "action") if exact else ("input", "simulator", "meaning", "action")


def judge_prompt(
    episode: Episode, world: World, *, exact: bool, without: bool | None, replies: Mapping[int, str] | None = None,
    key: str = "",
) -> Prompt:  # fmt: skip
    """The question about one episode.

    Args:
        exact: whether the world model was the exact clone, and so never wrong.
        without: how the same instance ended in mode invisible; None: it was not played there.
        replies: number of a decision -> what the agent said.
        key: of the prompt.
    """
    about = world.about
    told = {True: "success", False: "failure", None: "not played"}
    legend = "; ".join(f"{symbol} {meaning}" for symbol, meaning in about.legend.items())
    lines = transcript(episode, world, replies)
    world.reset(options={"instance": episode.instance})
    grid = world.observe(about.formats[0] if "symbols" not in about.formats else "symbols").symbols
    stages = "\n".join(f"- {stage}: {QUESTIONS[stage]}" for stage in stages_of(exact))
    codes = "\n".join(f"- {code}: {CODES[code]}" for code in codes_of(episode.success))
    parts = [
        f"# World and goal\n{about.role} {about.rules}",
        f"Legend: {legend}." if legend else "",
        f"First state:\n{grid}" if grid else "",
        f"# Episode (mode {episode.mode})\n{lines}",
        f"# Outcome\nThis episode: {told[episode.success]} ({episode.reason}). The same problem without a simulator: "
        f"{told[without]}.",
        f"# Stages\n{stages}",
        f"# Codes\n{codes}",
        "# Your answer\nOne JSON object and nothing else:\n"
        '{"matters": "yes" | "no" | "unclear", "turn": NUMBER or null, "stage": STAGE, "code": CODE, "evidence": SENTENCE}\n'
        "matters: do the calls, or calls that were not made, matter for the outcome? turn: the decisive line's number, null "
        "only if none is. stage and code: the ones that fit best. evidence: one sentence that quotes the number of a turn.",
    ]
    text = "\n\n".join(part for part in parts if part)
    return Prompt((Message("system", SYSTEM), Message("user", text)), key=key, max_tokens=MAX_TOKENS, temperature=0.0)


def ask_again(prompt: Prompt, said: str, why: str) -> Prompt:
    """The question once more, with the reply that could not be taken and the reason."""
    more = (
        Message("assistant", said or "(nothing)"),
        Message("user", f"This cannot be taken: {why}. Answer again with one JSON object and nothing else."),
    )
    return Prompt(
        (*prompt.messages, *more), key=f"{prompt.key}/again", max_tokens=prompt.max_tokens, temperature=prompt.temperature
    )
