"""What its calls were worth to an episode that succeeded: leave them out, and see whether success is lost."""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.attribution.codebook import Code
from journeyman.foresee.attribution.evidence import of_no_use
from journeyman.foresee.attribution.proportion import share_of
from journeyman.foresee.attribution.record import Removed, Success
from journeyman.foresee.attribution.replay import Resampled, Staged, play_again
from journeyman.foresee.attribution.transcript import real_digests
from journeyman.foresee.draws import Draws
from journeyman.foresee.governors.governor import ALLOW, Governor, Knowing, Point, Ruling
from journeyman.foresee.protocol.decision import Decision, Episode
from journeyman.foresee.world_models.model import Asked, Prediction
from journeyman.foresee.worlds.world import Snapshot, World

Question = tuple[str, Actions]
"""A real state and what was simulated there."""


class Without:
    """Hooks of an episode in which some questions, or all, are not answered: the agent is told to act.

    Args:
        governor: of the episode; what it asks is left out, too.
        left_out: the questions; None: all.
    """

    def __init__(self, governor: Governor | None, left_out: frozenset[Question] | None) -> None:
        self._governor, self._left_out = governor, left_out

    def gate(self, point: Point, world: World) -> Ruling | None:
        """The governor's ruling, unless it or the agent asks what is left out."""
        ruling = self._ruled(point, world)
        if ruling.verdict == "simulate":
            asked: Sequence[Actions] = (ruling.actions, *ruling.others)
        else:
            asked = point.wish.alternatives if ruling.verdict == "allow" else ()
        if asked and (self._left_out is None or any((point.state, actions) in self._left_out for actions in asked)):
            return Ruling("veto", why="left out") if point.wish.kind == "simulate" else ALLOW
        return ruling

    def _ruled(self, point: Point, world: World) -> Ruling:
        if self._governor is None:
            return ALLOW
        if isinstance(self._governor, Knowing):
            return self._governor.rule_knowing(point, world)
        return self._governor.rule(point)

    def query(self, point: Point, actions: Actions, world: World) -> Actions | None:
        """As it was."""
        return None

    def predict(self, snapshot: Snapshot, actions: Sequence[int], asked: Asked, world: World) -> Prediction | None:
        """As it was."""
        return None

    def attach(self) -> bool:
        """As it was."""
        return False

    def action(self, point: Point, actions: Actions, world: World) -> Actions | None:
        """As it was."""
        return None


def credit(staged: Staged, replays: int = 1) -> Success:
    """What the calls of a successful episode were worth: all left out, and where that loses it, each question alone.

    Success is lost where the replay fails, of several where at most half of them succeed. In mode force calls cannot be
    left out; do not ask.
    """
    episode = staged.episode
    without = _succeeded(staged, None, replays)
    lost = 2 * without <= replays
    removed: list[Removed] = []
    seen: set[Question] = set()
    for decision in episode.decisions if lost else ():
        question = (decision.state, decision.actions)
        if decision.context != "W" or decision.call is None or question in seen:
            continue
        seen.add(question)
        hits = _succeeded(staged, frozenset({question}), replays)
        decisive = 2 * hits <= replays
        code = code_of(episode, decision, staged.scene.world) if decisive else None
        removed.append(Removed(decision.index, decision.call, share_of(hits, replays), decisive, code))
    share = share_of(without, replays)
    return Success(episode.cell, episode.instance, episode.seed, episode.calls, share, lost, tuple(removed))


def code_of(episode: Episode, call: Decision, world: World) -> Code:
    """What a decisive call did: S2 it showed that its actions lose or do nothing; else S1 where something else was simulated
    at the same state, too, before the next real action; else S3."""
    real = real_digests(episode, world)
    before = next((real[i] for i in range(call.index, -2, -1) if i in real), {})
    if of_no_use(call.predicted, before):
        return "S2"
    others = {d.actions for d in episode.decisions if d.context == "W" and (d.state, d.real) == (call.state, call.real)}
    return "S1" if len(others) > 1 else "S3"


def _succeeded(staged: Staged, left_out: frozenset[Question] | None, replays: int) -> int:
    """How many of the replays do."""
    seed = staged.episode.seed
    hits = 0
    for sample in range(replays):
        governor = staged.governor()
        draws = Draws(seed) if replays == 1 else Resampled(seed, sample)
        hits += play_again(staged, Without(governor, left_out), draws, governor).success
    return hits
