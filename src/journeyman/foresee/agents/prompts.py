"""The words that language models are told (spec g): the system text of each mode, and a text for each event.

    wording = wording_of(make)                                 # how this maker's agents want to be told
    system = system_text(world.about, instance.cap, mode, wording=wording, ...)        # for `Brief.system`
    fields = wording.fields(mode)                                                      # for `Brief.fields`
    real_text(...), hypothetical_text(...), refusal_text(...), reask_text(...)         # for `Event.text`

The text of mode invisible is that of normal without `simulator_section`, byte for byte, and the text of a real event is the
same in all modes but for its last line. So a difference between modes is one of access, not of wording. Nothing that is
told in mode invisible has a word of `VOCABULARY` in it. `protocol` calls these functions; who only wants them read passes
the numbers that a `Turn` has.
"""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.foresee.agents.agent import Mode
from journeyman.foresee.agents.grammar import WIDEST, deepest, forms
from journeyman.foresee.agents.wording import USUAL
from journeyman.foresee.agents.wording import Wording as Wording
from journeyman.foresee.agents.wording import wording_of as wording_of
from journeyman.foresee.worlds.world import About, Observation

VOCABULARY = (
    "simulat", "hypothe", "predict", "imagin", "foresee", "foresight", "world model", "what if", "look ahead", "look-ahead",
    "rollout", "dry run", "try out", "counterfactual", "would happen", "would be seen", "call", "unreal", "real",
)  # fmt: skip
"""Words by which a text would give away that there is something to ask. Compared in small letters, as parts of words."""

CALLS_NOW = 5
"""Calls before each real action, at most (spec a.6)."""
CALLS_PER_ACTION = 3
"""Calls in all, at most, as a multiple of the cap on real actions (spec a.6)."""


def system_text(
    about: About, cap: int, mode: Mode, *, memory: str = "restart", wording: Wording = USUAL, format: str = "symbols",
    asks: bool = False, reliable: float | None = None, calls_now: int = CALLS_NOW, calls: int | None = None, single: int = 1,
) -> str:  # fmt: skip
    """The system message.

    Args:
        cap: real actions of the episode.
        memory: of the cell.
        format: of observations: "symbols", "image" or "text".
        asks: whether the world asks a question (`worlds.world.Asking`).
        reliable: share of predictions that were right in tests, where that is announced, in 0..1.
        calls_now, calls: most calls before each real action and in all; None: `CALLS_PER_ACTION` times `cap`.
        single: what a call about one alternative alone counts as.
    """
    parts = [_world(about, cap, format), _acting(about, asks)]
    if mode != "invisible":
        section = simulator_section(
            about, cap, mode, memory=memory, wording=wording, reliable=reliable, calls_now=calls_now, calls=calls,
            single=single,
        )  # fmt: skip
        parts.insert(1 if wording.order == "first" else 2, section)
    return "".join([*parts, _replying(wording)])


def simulator_section(
    about: About, cap: int, mode: Mode, *, memory: str = "restart", wording: Wording = USUAL,
    reliable: float | None = None, calls_now: int = CALLS_NOW, calls: int | None = None, single: int = 1,
) -> str:  # fmt: skip
    """The part of `system_text` that mode invisible lacks, with the empty line after it. Arguments as there."""
    most = CALLS_PER_ACTION * cap if calls is None else calls
    lines = [
        "# Simulator",
        "There is a simulator of this world. Asking it changes nothing: the real state stays as it is and no action is used "
        "up. What it shows is hypothetical.",
        f"<simulate>{_example(about)}</simulate> asks what would be seen after these actions, 1 to {deepest(about)} of "
        f"them, one after the other. <simulate>{_example(about, ' | ')}</simulate> compares alternatives, 2 to {WIDEST} of "
        "them, side by side; each counts as a call." + (f" A single one counts as {single}." if single > 1 else ""),
    ]
    if memory == "restart":
        lines.append("Every simulation begins at the real state of that moment, not where an earlier one ended.")
    else:
        lines.append(
            "A simulation begins at the real state of that moment. "
            f'<simulate from="2">{about.actions[0]}</simulate> goes on from where call 2 ended, as long as no action was '
            "taken since."
        )
    lines.append("The result comes as an ordinary observation, under the heading HYPOTHETICAL and with the call's number.")
    if wording.claim != "none":
        lines.append(
            "The simulator is an exact copy of the world: what it shows is what would happen."
            if wording.claim == "exact"
            else "The simulator may be wrong: what would really happen can differ from what it shows."
        )
    if reliable is not None:
        lines.append(f"In tests, {reliable:.0%} of what it showed was right.")
    if mode == "force":
        lines.append("You must simulate before each <act>: one without a simulation since the last <act> is refused.")
    elif wording.tone == "encouraging":
        lines.append("You need not use it, but it is recommended: look before you do what cannot be undone.")
    else:
        lines.append("Whether you use it is up to you.")
    lines.append(f"There are at most {calls_now} calls before each <act>, and {most} in all.")
    if wording.cost:
        lines.append(f"Each call lowers your score by {wording.cost:g}; success is worth 1.")
    if wording.reading:
        names = " ".join(f"{name}=..." for name in wording.state.split())
        lines.append(
            f"After a simulation, state in your reply what it showed: <reading>{names}</reading>, places as row,column from "
            "0, the rest as yes or no or a number."
        )
    return "\n".join(lines) + "\n\n"


def real_text(
    observation: Observation, about: About, *, actions: Sequence[int], left: int, mode: Mode,
    calls_left: int = 0, calls_left_now: int = 0,
) -> str:  # fmt: skip
    """A real event: what was done (nothing, of the first), what is seen, how many actions and calls are left."""
    done = f"You did: {named(actions, about)}." if actions else "This is the beginning."
    return _joined(
        f"OBSERVATION. {done}", *_seen(observation), f"Actions left: {left}.", _calls(mode, calls_left, calls_left_now)
    )


def hypothetical_text(
    observation: Observation, about: About, *, actions: Sequence[int], call: int, calls_left: int, calls_left_now: int,
    alternative: tuple[int, int] | None = None, origin: int | None = None, done: int | None = None,
    by_governor: bool = False, stated: str = "",
) -> str:  # fmt: skip
    """A prediction.

    Args:
        actions: that were simulated.
        call: its number, as `from` refers to it.
        alternative: (number from 1, of how many) in a batch; what is left is told with the last one alone.
        origin: number of the call that it goes on from; None: from the real state.
        done: of the actions, how many were carried out before the episode would end; None: all.
        by_governor: nobody asked for it; it is shown before the agent is asked again.
        stated: the symbolic content in words, where it is attached.
    """
    which = f", alternative {alternative[0]} of {alternative[1]}" if alternative else ""
    start = "from the real state" if origin is None else f"going on from call {origin}"
    header = f"HYPOTHETICAL (call {call}{which}): {named(actions, about)}, {start}. The real state is unchanged."
    unasked = "You did not ask for it; it is shown to you before you act." if by_governor else ""
    short = f"It would end after {done} of these {len(actions)} actions." if done is not None and done < len(actions) else ""
    budget = "" if alternative and alternative[0] < alternative[1] else _calls("normal", calls_left, calls_left_now)
    return _joined(header, unasked, *_seen(observation), short, f"In symbols: {stated}" if stated else "", budget)


REFUSALS = {
    "force": "REFUSED. Simulate first: there was no simulation since the last action. Nothing has changed.",
    "calls now": "REFUSED. There are no more calls before the next action: act now. Nothing has changed.",
    "calls": "REFUSED. There are no more calls in this episode: act. Nothing has changed.",
    "too many": "REFUSED. These are more calls than are left before the next action. Nothing has changed.",
    "veto": "REFUSED. This simulation is not granted: act now. Nothing has changed.",
    "origin": "REFUSED. There is no such call to go on from since the last action. Nothing has changed.",
    "over": "REFUSED. What you want to go on from is where the episode would have ended. Nothing has changed.",
    "again": "REFUSED. You have simulated this already; see the earlier result. Nothing has changed.",
}
"""Why a wish is not granted, by a short name."""


def refusal_text(why: str, detail: str = "") -> str:
    """A refusal: `why` is a key of `REFUSALS`, `detail` a sentence more, such as the number of the earlier call."""
    return _joined(REFUSALS[why], detail)


def reask_text(why: str, mode: Mode) -> str:
    """After a reply that could not be read: `why` as `grammar.Unreadable` says it. The last chance of this turn."""
    return f"Your reply could not be read: {why}. Reply again, with exactly one of {forms(mode)}."


def lost_turn_text() -> str:
    """After a second reply that could not be read: the turn passes without an action (spec a.6)."""
    return "Your reply could not be read again, so this turn passes and nothing is done."


def branches_text(rows: Sequence[tuple[int, str, str, str]]) -> str:
    """What was simulated so far, as a table (spec J7): (call, candidate, what it showed, status) a row."""
    lines = ["Simulated so far:", "call | actions | showed | status"]
    return "\n".join([*lines, *(" | ".join(map(str, row)) for row in rows)])


def named(actions: Sequence[int], about: About) -> str:
    """Actions by name, with commas."""
    return ", ".join(about.actions[action] for action in actions)


def _world(about: About, cap: int, format: str) -> str:
    lines = ["# World", f"{about.role} {about.rules}".strip()]
    if format == "symbols" and about.legend:
        lines += ["You see it as a grid of symbols:", *(f"{symbol}  {what}" for symbol, what in about.legend.items())]
    elif format == "image":
        seen = f" What may be in it: {'; '.join(dict.fromkeys(about.legend.values()))}." if about.legend else ""
        lines.append(f"You see it as a picture.{seen}")
    lines.append(f"You have {cap} actions.")
    return "\n".join(lines) + "\n\n"


def _acting(about: About, asks: bool) -> str:
    several = f", up to {about.per_turn} in a turn with commas between them" if about.per_turn > 1 else ", one in a turn"
    return (
        "# Acting\n"
        f"The actions are {', '.join(about.actions)}{several}.\n"
        f"<act>{_example(about, most=about.per_turn)}</act> carries actions out.\n"
        "<answer>...</answer> ends the episode with "
        f"{'your answer to the question' if asks else 'what it says: use it only to give up'}; it does not act.\n\n"
    )


def _replying(wording: Wording) -> str:
    lines = ["# Replying"]
    if wording.think == "free":
        lines.append("Think as long as you like, then end your reply with exactly one of these tags, and with no other.")
    else:
        lines.append("Reply with exactly one of these tags and nothing else.")
    if wording.confidence:
        lines.append(
            "Beside it, state how likely you are to succeed, as a number from 0 to 1: <confidence>0.5</confidence>."
        )
    return "\n".join(lines) + "\n"


def _example(about: About, between: str = ", ", most: int = 2) -> str:
    return between.join(about.actions[: min(2, most)])


def _seen(observation: Observation) -> tuple[str, ...]:
    return observation.text, observation.symbols


def _calls(mode: Mode, left: int, now: int) -> str:
    return "" if mode == "invisible" else f"Calls left: {min(now, left)} before the next action, {left} in all."


def _joined(*lines: str) -> str:
    return "\n".join(line for line in lines if line)
