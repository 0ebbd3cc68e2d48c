"""A question to the world model: whether it may be asked, where it starts, and its answer; the world is not touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.draws import Draws
from journeyman.foresee.protocol.blame import Blame
from journeyman.foresee.protocol.branches import Branches, Node
from journeyman.foresee.protocol.caps import Taken
from journeyman.foresee.protocol.reality import Reality
from journeyman.foresee.protocol.repair import Repair
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.world_models.model import Asked, Prediction
from journeyman.foresee.worlds.world import Digest, Snapshot, state_hash


@dataclass(frozen=True)
class Question:
    """What is to be simulated: alternatives, each a call. `origin`: the call to go on from; None: from the real state."""

    alternatives: Sequence[Actions]
    origin: int | None = None
    by_governor: bool = False


@dataclass(frozen=True)
class Refused:
    """A question that is not asked. `why`: a key of `prompts.REFUSALS`; `detail`: a sentence more."""

    why: str
    detail: str = ""


def asks(question: Question, branches: Branches, real: Reality, taken: Taken, *, once: bool) -> Granted | Refused:
    """The question, granted or refused. `once`: what was simulated from this state already is not simulated again."""
    alternatives, room = question.alternatives, taken.calls_left_now
    if question.by_governor:
        alternatives = alternatives[:room]
    elif len(alternatives) > room:
        if room:
            return Refused("too many", f"You asked for {len(alternatives)}; left: {room}.")
        return Refused("calls now" if taken.calls_left else "calls")
    start = None
    if question.origin is not None:
        start = branches.from_here(question.origin, real.state)
        if start is None or not start.prediction.snapshot:
            return Refused("origin")
        if start.over:
            return Refused("over")
    before = () if start is None else (start.rest or start.path)
    if once:
        known = [branches.known(real.state, (*before, *actions)) for actions in alternatives]
        if known and all(known):
            return Refused("again", f"It was call {', '.join(str(node.call) for node in known if node is not None)}.")
        alternatives = [actions for actions, node in zip(alternatives, known, strict=True) if node is None]
    return Granted(tuple(alternatives), len(question.alternatives) == 1, start, before, branches, real, taken)


@dataclass(frozen=True)
class Granted:
    """A question that is asked now. `alone`: it compares nothing. `before`: from the real state to where it starts."""

    alternatives: Sequence[Actions]
    alone: bool
    start: Node | None
    before: Actions
    branches: Branches
    real: Reality
    taken: Taken

    def predict(
        self, actions: Actions, scene: Scene, instance: str, draws: Draws, repair: Repair | None, *, hope: str, blame: Blame
    ) -> tuple[Node, int]:
        """One call, and how often the same was asked of this real state before.

        Raises WorldTouched: the world model changed the real state.
        """
        real, start, path = self.real, self.start, (*self.before, *actions)
        base = real.snapshots[-1] if start is None else start.prediction.snapshot
        again = self.branches.times(real.state, path)
        # A world model is told how often it was asked the same of the state that it is given.
        same = again if start is None else self.branches.times(state_hash(base), actions)
        call = self.taken.call(alone=self.alone)
        asked = Asked(draws, instance, call, real.history, hope, scene.format, same, len(self.before))
        prediction = None if repair is None else repair.predict(base, actions, asked, real.clone())
        model = f"the world model '{scene.model.name}'"
        if prediction is None:
            prediction = blame(model, scene.model.predict, base, actions, asked)
        real.assert_untouched(call, actions)
        if start is not None:  # it is right only if what it went on from is
            prediction = replace(prediction, confidence=prediction.confidence * start.prediction.confidence)
        true = self._true(path, base, asked, prediction, scene, repaired=repair is not None)
        walked = (*self.before, *actions[: prediction.done])
        node = Node(call, None if start is None else start.call, actions, path, walked, real.state, prediction, true, walked)
        self.branches.add(node)
        return node, again

    def _true(
        self, path: Actions, base: Snapshot, asked: Asked, prediction: Prediction, scene: Scene, *, repaired: bool
    ) -> Digest:
        """What the exact clone says of the same actions from the real state."""
        if scene.exact is None:
            return {}
        if scene.exact is scene.model and base is self.real.snapshots[-1] and not repaired:
            return prediction.digest
        unseen = replace(asked, format=scene.exact_format)
        return scene.exact.predict(self.real.snapshots[-1], path, unseen).digest
