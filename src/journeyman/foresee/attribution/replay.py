"""Logged episodes, played again: unchanged, which must give the same to the last bit, or with stages repaired.

An agent that repeats itself is deterministic given its draws, so one replay says it all; the decisions before the first
repair that takes effect are those of the log, which is checked. Language models do not repeat themselves: there, each set
of repairs is replayed K times, against K replays without repair; the log is none of these, since it was chosen for failing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from dataclasses import dataclass

import msgspec

from journeyman.errors import ReplayDiffers, UsageError
from journeyman.foresee.agents.agent import Calls, Maker
from journeyman.foresee.attribution.blame import key_of
from journeyman.foresee.attribution.proportion import share_of
from journeyman.foresee.attribution.record import Arm
from journeyman.foresee.attribution.repairs import Intervention, Repairs, in_chain, intended
from journeyman.foresee.draws import Draws, Key
from journeyman.foresee.governors.governor import Governor
from journeyman.foresee.protocol.decision import Decision, Episode
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.protocol.repair import Repair, Repairable
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.worlds.world import Instance

LEAST = 8
"""Replays of an agent that does not repeat itself (spec J5)."""


def _none() -> Governor | None:
    return None


@dataclass(frozen=True)
class Staged:
    """A logged episode, with all that it takes to play it again.

    Attributes:
        scene: with the exact model and a clone of the world; its governor is not used.
        governor: gives the cell's governor as it was when the episode began; None for a cell without.
        calls: gives a replay's way to the agent's language models; None: they are asked directly.
    """

    episode: Episode
    instance: Instance
    scene: Scene
    make: Maker
    governor: Callable[[], Governor | None] = _none
    calls: Callable[[], Calls] | None = None


@dataclass(frozen=True)
class Replay:
    """A replay. `diverged`: number of its first decision that is not the logged one; None: all are the same."""

    episode: Episode
    diverged: int | None
    interventions: tuple[Intervention, ...] = ()


@dataclass(frozen=True)
class Resampled(Draws):
    """The same luck everywhere but in the agent's own choices (stage "policy": temperature, ties), which are drawn anew."""

    sample: int = 0

    def _bits(self, stage: str, key: tuple[Key, ...]) -> int:
        return super()._bits(stage, (*key, f"sample {self.sample}") if stage == "policy" else key)


def play_again(staged: Staged, repair: Repair | None, draws: Draws, governor: Governor | None) -> Episode:
    """One more episode of the same cell and instance."""
    scene = dataclasses.replace(staged.scene, governor=governor)
    calls = staged.calls() if staged.calls is not None else None
    return play(scene, staged.instance, staged.make(), draws, repair=repair, calls=calls)


def repairs_of(staged: Staged, stages: Collection[Repairable]) -> Repairs:
    """Repairs for one replay of this episode. Raises UsageError: nobody can say what would really happen."""
    scene = staged.scene
    if scene.exact is None or scene.clone is None:
        raise UsageError(f"'{scene.world.about.name}' cannot be copied, so its episodes cannot be replayed with repairs")
    return Repairs(
        stages, scene.model, scene.exact, intended=intended(staged.episode), governed=staged.governor is not _none
    )


def replay(staged: Staged, stages: Collection[Repairable] = (), *, draws: Draws | None = None) -> Replay:
    """Play it again with these stages repaired; without any, exactly as it was.

    Args:
        draws: others than the episode's own.

    Raises ReplayDiffers: it went another way before any repair took effect, so that agent, world or model do not repeat
    themselves (only with the episode's own draws).
    """
    repairs = repairs_of(staged, stages) if stages else None
    again = play_again(staged, repairs, draws or Draws(staged.episode.seed), staged.governor())
    found = Replay(again, divergence(staged.episode, again), tuple(repairs.interventions) if repairs is not None else ())
    if draws is None:
        _check(staged.episode, found)
    return found


def arm(staged: Staged, stages: Collection[Repairable], replays: int = 1) -> Arm:
    """One replay with these stages repaired, or `replays` of an agent that does not repeat itself.

    Raises ReplayDiffers as `replay`, of one replay.
    """
    if replays == 1:
        once = replay(staged, stages)
        return Arm(in_chain(stages), share_of(int(once.episode.success), 1), once.diverged)
    seed = staged.episode.seed
    hits = sum(replay(staged, stages, draws=Resampled(seed, sample)).episode.success for sample in range(replays))
    return Arm(in_chain(stages), share_of(hits, replays))


def divergence(logged: Episode, again: Episode) -> int | None:
    """Number of the first decision in which two episodes differ; costs, texts and what is kept of rulings aside."""
    for number, (ours, theirs) in enumerate(zip(logged.decisions, again.decisions, strict=False)):
        if plain(ours) != plain(theirs):
            return number
    ours_n, theirs_n = len(logged.decisions), len(again.decisions)
    if ours_n != theirs_n:
        return min(ours_n, theirs_n)
    return None if (logged.success, logged.reason) == (again.success, again.reason) else ours_n


def plain(decision: Decision) -> Decision:
    """A decision without what equal replays may differ in: costs, whether texts are kept or an "allow" is written down."""
    ruling = {} if decision.ruling == {"verdict": "allow"} else decision.ruling
    return msgspec.structs.replace(decision, text="", ruling=ruling, tokens_in=0, tokens_out=0, micro_usd=0)


def _check(logged: Episode, found: Replay) -> None:
    """That the replay is the log until a repair takes effect."""
    if found.diverged is None:
        return
    calls = sum(decision.context == "W" for decision in logged.decisions[: found.diverged])
    decisions = found.episode.decisions
    real = decisions[found.diverged].real if found.diverged < len(decisions) else found.episode.real
    first = found.interventions[0] if found.interventions else None
    if first is None or (first.calls, first.real) > (calls, real):
        stages = key_of({one.stage for one in found.interventions})
        raise ReplayDiffers(
            f"the replay of '{logged.instance}' in '{logged.cell}' is not the logged one: {_said(logged, found)}, before "
            f"any repair took effect (repaired: {stages}). An agent that does not repeat itself is replayed with --replays "
            f"{LEAST}; if it should, its world, model or agent has changed since"
        )


def _said(logged: Episode, found: Replay) -> str:
    """What differs first, in words."""
    at = found.diverged or 0
    if at >= len(logged.decisions) or at >= len(found.episode.decisions):
        return f"it has {len(found.episode.decisions)} decisions, the log {len(logged.decisions)}"
    ours, theirs = plain(logged.decisions[at]), plain(found.episode.decisions[at])
    name = next(name for name in Decision.__struct_fields__ if getattr(ours, name) != getattr(theirs, name))
    return f"in decision {at}, '{name}' is {_short(getattr(theirs, name))}, the log has {_short(getattr(ours, name))}"


def _short(value: object) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:57]}..."
