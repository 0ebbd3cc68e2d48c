"""An episode as a judge reads it: each decision on a line, what was real and what was imagined told apart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from journeyman.foresee.draws import Draws
from journeyman.foresee.protocol.decision import Decision, Episode
from journeyman.foresee.worlds.world import About, Digest, World, state_hash

WORDS = 240
"""Characters of a reply that are shown."""


def transcript(episode: Episode, world: World, replies: Mapping[int, str] | None = None) -> str:
    """The episode in lines that begin with the decision's number, "[3]", after a line with the first state.

    `replies`: number of a decision -> what the agent said. `world` is left in some other state.
    """
    about = world.about
    real = real_digests(episode, world)
    lines = [f"at the beginning: REAL: {_plain(real[-1])}"] if -1 in real else []
    for decision in episode.decisions:
        lines.append(f"[{decision.index}] {_told(decision, about, real)}")
        said = " ".join((replies or {}).get(decision.index, "").split())
        if said:
            lines.append(f"    the agent wrote: {said[:WORDS]}{'...' if len(said) > WORDS else ''}")
    return "\n".join(lines)


def real_digests(episode: Episode, world: World) -> dict[int, Digest]:
    """Symbolic content of the real state after each decision that acted, and at the beginning (-1).

    It is found by doing the real actions again; from the first state that is not the logged one on there is none.
    """
    world.reset(options={"instance": episode.instance, "draws": Draws(episode.seed)})
    first = next((decision.state for decision in episode.decisions if decision.state), "")
    if state_hash(world.snapshot()) != first:
        return {}
    found = {-1: world.digest()}
    for decision in episode.decisions:
        if decision.context != "E":
            continue
        for action in decision.actions:
            world.step(action)
        if state_hash(world.snapshot()) != decision.after:
            break
        found[decision.index] = world.digest()
    return found


def _told(decision: Decision, about: About, real: Mapping[int, Digest]) -> str:
    stated = f"; the agent read the last prediction as {_plain(decision.reading)}" if decision.reading else ""
    done = named(decision.actions, about)
    if decision.context == "W":
        asker = "the governor" if decision.by == "governor" else "the agent"
        told = f"HYPOTHETICAL call {decision.call}: {asker} had {done} simulated; shown: {_plain(decision.predicted)}"
        if decision.true:
            told += f"; truth: {'the same' if decision.true == decision.predicted else _plain(decision.true)}"
        return told + stated
    if decision.context == "E":
        after = _plain(real[decision.index]) if decision.index in real else "not known"
        return f"REAL: the agent did {done}; now: {after}{stated}"
    if decision.context == "A":
        return f"REAL: the agent answered {decision.answer}{stated}"
    if decision.context == "R":
        return f"REFUSED: {decision.refusal or 'the wish was not granted'}{stated}"
    return f"NOT READABLE: {decision.refusal or 'the reply had no action'}"


def named(actions: Sequence[int], about: About) -> str:
    """Actions in words."""
    return ", ".join(about.actions[a] if 0 <= a < len(about.actions) else str(a) for a in actions) or "nothing"


def _plain(content: Mapping[str, Any]) -> str:
    return json.dumps(dict(content), separators=(", ", ": "))
