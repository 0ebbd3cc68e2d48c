"""What was to be seen at each decision of a logged episode: the world and its predictions, shown again.

The log holds hashes, not pictures. The world is deterministic given the episode's seed, and world models are, given their
keyed draws; so the actions are done again and each question is asked again, and what comes is held against the hashes of the
log. A frame that is not the logged one is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from journeyman.errors import JourneymanError
from journeyman.foresee.draws import Draws
from journeyman.foresee.protocol.asking import Question, Refused, asks
from journeyman.foresee.protocol.blame import Blame
from journeyman.foresee.protocol.branches import Branches, Node
from journeyman.foresee.protocol.caps import Taken, caps_of
from journeyman.foresee.protocol.decision import Decision, Episode
from journeyman.foresee.protocol.reality import Reality
from journeyman.foresee.protocol.record import observation_hash
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.world_models.model import Asked, Prediction, WorldModel
from journeyman.foresee.worlds.seen import plain
from journeyman.foresee.worlds.world import Digest, Instance, Observation, Snapshot, World

_HOPES = ("", "safe", "success")


@dataclass(frozen=True)
class Frame:
    """One state as it is seen. `image`: a PNG file, `symbols`: a grid, either empty where the world has none. `digest`: its
    symbolic content."""

    image: bytes = b""
    symbols: str = ""
    text: str = ""
    digest: Digest = field(default_factory=dict)


@dataclass(frozen=True)
class Shot:
    """What was to be seen at one decision. None: it cannot be shown again, or there was nothing.

    Attributes:
        real: the real state before it. after: the one after real actions.
        imagined: what was predicted, of a call. exact: what the exact clone shows of the same actions.
        wrong: whether these two differ, in content or to the eye; None: not known.
        foreseen: of real actions, numbers of the calls that were settled by them, whether each came out so, and its frame.
    """

    real: Frame | None = None
    after: Frame | None = None
    imagined: Frame | None = None
    exact: Frame | None = None
    wrong: bool | None = None
    foreseen: tuple[tuple[int, bool, Frame | None], ...] = ()


@dataclass(frozen=True)
class Shots:
    """One for each decision. `note`: what could not be shown again, in a sentence; "": all could."""

    shots: Sequence[Shot]
    note: str = ""


@dataclass
class Again:
    """A world model, asked again: with all that the log leaves open, until it says what the log has.

    `wanted`: the decision whose prediction is looked for. `found`: whether the last one is that, `asked` and `base`: how it
    came about.
    """

    model: WorldModel
    formats: Sequence[str]
    wanted: Decision | None = None
    found: bool = False
    asked: Asked | None = None
    base: Snapshot = b""
    missed: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        """As it was opened."""
        return self.model.name

    def predict(self, snapshot: Snapshot, actions: Sequence[int], asked: Asked) -> Prediction:
        """The logged prediction; another one where it does not come again."""
        first: Prediction | None = None
        hopes = _HOPES if self.wanted is None else (self.wanted.hope, *_HOPES)
        for hope in dict.fromkeys(hopes):
            for format in self.formats:
                again = replace(asked, hope=hope, format=format)
                prediction = self.model.predict(snapshot, actions, again)
                first = first or prediction
                if self._is_it(prediction):
                    self.found, self.asked, self.base = True, again, snapshot
                    return prediction
        assert first is not None
        self.found, self.asked, self.base = False, asked, snapshot
        if self.wanted is None:
            return first
        self.missed.append(self.wanted.index)
        return replace(first, digest=self.wanted.predicted)

    def _is_it(self, prediction: Prediction) -> bool:
        wanted = self.wanted
        if wanted is None or not _same(prediction.digest, wanted.predicted):
            return False
        return not wanted.observation or observation_hash(prediction.observation) == wanted.observation


def shots_of(episode: Episode, world: World, model: WorldModel | None, exact: WorldModel | None) -> Shots:
    """Play a logged episode's actions and questions again, and look.

    Args:
        world: is reset and changed. model: the cell's world model; None: it cannot be opened. exact: the exact clone;
            None: the world cannot be copied.

    Never raises for what a world or a world model does: `Shots.note` says what was missed.
    """
    try:
        show = _Show(episode, world, model, exact)
    except JourneymanError as error:
        return Shots([Shot() for _ in episode.decisions], f"Nothing can be shown again: {error}.")
    try:
        for decision in episode.decisions:
            if not show.take(decision):
                break
    except JourneymanError as error:
        show.notes.append(f"From decision {len(show.shots)} on nothing can be shown again: {error}.")
    rest = [Shot() for _ in episode.decisions[len(show.shots) :]]
    return Shots((*show.shots, *rest), " ".join(show.told()))


class _Show:
    """The state of affairs while an episode is shown again."""

    def __init__(self, episode: Episode, world: World, model: WorldModel | None, exact: WorldModel | None) -> None:
        formats = list(dict.fromkeys(world.about.formats))
        self.shown_as = [one for one in ("image", "symbols") if one in formats] or formats[:1]
        self.again = None if model is None else Again(model, [*formats, "text"] if "text" not in formats else formats)
        cheap = "symbols" if "symbols" in formats else formats[0]
        # What it took is not asked of the log again: an instance of its name alone, without a cap, is enough.
        instance = Instance(episode.instance, cap=10**9)
        scene = Scene(world, self.again or _Nobody(), exact=exact, format=cheap, exact_format=cheap)
        self.scene, self.instance, self.exact = scene, instance, exact
        self.draws, self.blame = Draws(episode.seed), Blame(instance.id)
        self.world = world
        self.branches, self.taken = Branches(), Taken(caps_of(instance))
        self.real = Reality(scene, instance, self.draws, self.blame)
        self.imagined: dict[int, Frame | None] = {}
        self.shots: list[Shot] = []
        self.notes: list[str] = []

    def take(self, decision: Decision) -> bool:
        """Show one decision; False where the world is not where it was."""
        if decision.state and decision.state != self.real.state:
            self.notes.append(
                f"The world has changed since: from decision {decision.index} on it is not where it was, and is not shown."
            )
            return False
        real = self._look()
        if decision.context == "W":
            self.shots.append(self._call(decision, real))
        elif decision.context == "E":
            self.shots.append(self._act(decision, real))
        else:
            self.shots.append(Shot(real))
        return True

    def told(self) -> list[str]:
        """What could not be shown."""
        missed = [] if self.again is None else self.again.missed
        if missed:
            said = ", ".join(map(str, missed[:8])) + (" and more" if len(missed) > 8 else "")
            self.notes.append(f"The world model did not say again what the log has, so predictions are not drawn: {said}.")
        return self.notes

    def _look(self) -> Frame:
        seen = {format: self.blame("the world", self.world.observe, format) for format in self.shown_as}
        return _frame(seen, self.real.digest)

    def _call(self, decision: Decision, real: Frame) -> Shot:
        again = self.again
        if again is None:
            self.taken.calls += 1
            return Shot(real)
        again.wanted = decision
        question = Question((decision.actions,), decision.origin, by_governor=True)
        granted = asks(question, self.branches, self.real, self.taken, once=False)
        if isinstance(granted, Refused):
            self.taken.calls += 1
            return Shot(real)
        node, _ = granted.predict(
            decision.actions, self.scene, self.instance.id, self.draws, None, hope="", blame=self.blame
        )
        imagined = self._again(again, decision, node) if again.found else None
        if decision.call is not None:
            self.imagined[decision.call] = imagined
        exact = self._exact(decision, node, again)
        return Shot(real, imagined=imagined, exact=exact, wrong=_wrong(decision, imagined, exact))

    def _again(self, again: Again, decision: Decision, node: Node) -> Frame:
        """The prediction in every format that is shown."""
        assert again.asked is not None
        seen = {again.asked.format: node.prediction.observation}
        for format in self.shown_as:
            if format in seen:
                continue
            asked = replace(again.asked, format=format)
            other = self.blame("the world model", again.model.predict, again.base, decision.actions, asked)
            if _same(other.digest, decision.predicted):
                seen[format] = other.observation
        return _frame(seen, decision.predicted)

    def _exact(self, decision: Decision, node: Node, again: Again) -> Frame | None:
        if self.exact is None or not decision.true or again.asked is None:
            return None
        seen = {}
        for format in self.shown_as:
            asked = replace(again.asked, format=format, hope="")
            one = self.blame("the exact model", self.exact.predict, self.real.snapshots[-1], node.asked, asked)
            if not _same(one.digest, decision.true):
                return None
            seen[format] = one.observation
        return _frame(seen, decision.true)

    def _act(self, decision: Decision, real: Frame) -> Shot:
        settled: list[Node] = []
        for action in decision.actions:
            self.real.step(action)
            settled += self.branches.step(action, self.real.digest, self.real.state)
        self.taken.acted(len(decision.actions))
        foreseen = tuple((node.call, bool(node.confirmed), self.imagined.get(node.call)) for node in settled)
        return Shot(real, after=self._look(), foreseen=foreseen)


class _Nobody:
    """Stands where no world model can be opened; it is not asked."""

    name = "none"

    def predict(self, snapshot: Snapshot, actions: Sequence[int], asked: Asked) -> Prediction:
        """Raises AssertionError."""
        raise AssertionError("nobody is asked")


def _frame(seen: Mapping[str, Observation], digest: Digest) -> Frame:
    """One frame of one state's observations, by format."""
    image = next((one.image for one in seen.values() if one.image), b"")
    symbols = next((one.symbols for one in seen.values() if one.symbols), "")
    text = next((one.text for one in seen.values() if one.text), "")
    return Frame(image, symbols, text, digest)


def _wrong(decision: Decision, imagined: Frame | None, exact: Frame | None) -> bool | None:
    if not decision.true:
        return None
    if not _same(decision.predicted, decision.true):
        return True
    if imagined is None or exact is None:
        return False
    return (imagined.symbols, imagined.text) != (exact.symbols, exact.text) or bool(
        imagined.image and exact.image and not imagined.symbols and imagined.image != exact.image
    )


def _same(one: Digest, other: Mapping[str, Any]) -> bool:
    """Whether two contents are equal, whatever went through the log in between."""
    return bool(plain(dict(one)) == plain(dict(other)))
