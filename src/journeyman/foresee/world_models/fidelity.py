"""A world model that is disturbed on purpose, by channels of known severity (spec J4).

    exact+transition=0.2+observation=0.1+stale=2+horizon=0.1+compliance=0.5+overclaim

The channels work in this order: the state it starts from (stale), what happens (transition, horizon), the outcome that is
shown (compliance), its picture (observation), the confidence that is claimed (overclaim). Each draws from keys of its own,
so switching one on or off leaves the others' coins as they were.

The confidence is honest unless overclaim is on: the probability that what is shown is what would happen, by Bayes' rule,
for one who sees it, knows the severities but not how the coins fell, and held all that is possible equally likely before.
Transition and horizon: the product of 1 - p over the shown actions at which anything else is possible. Observation: 1 - p.
Compliance: 1 / (1 + kappa) where the hoped-for outcome is shown, else 1. Stale: 1 where the older state leads to the same
outcome, else 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from journeyman.errors import UsageError
from journeyman.foresee.world_models.channels import Channels, Luck
from journeyman.foresee.world_models.clone import clone
from journeyman.foresee.world_models.damage import Last, damaged
from journeyman.foresee.world_models.hope import HOPES, find_hoped, hoped
from journeyman.foresee.world_models.model import Asked, Prediction, WorldModel
from journeyman.foresee.worlds.world import Digest, Labelled, Snapshot, World, state_hash


class _Start(NamedTuple):
    """Where a prediction begins: the state, how many real actions ago it was, and the probability that this is no matter."""

    state: Snapshot
    back: int
    right: float


@dataclass(frozen=True)
class _Walk:
    """A prediction with what it was made of. `last`: its last action; None where nothing was carried out or the base gives
    no states. `struck`: channel -> actions at which it put another outcome."""

    prediction: Prediction
    last: Last | None
    confidence: float
    struck: dict[str, float] = field(default_factory=dict)


class Disturbed:
    """`base` with channels.

    `Prediction.realised` has every channel that is on: transition and horizon say at how many actions they struck, stale
    how many real actions old the state was, observation 0 or 1 whether it changed what is shown, compliance 0 or 1 whether
    its coin fell and the hoped-for outcome is shown, overclaim how much was added to the confidence. What the base
    realised is there, too.

    Raises UsageError: compliance in a world without labels, observation in one without symbols; from `predict`, a base that
    gives no states where they are needed, or an unknown hope.
    """

    def __init__(self, base: WorldModel, world: World, channels: Channels, name: str) -> None:
        self._base, self._on, self._name = base, channels, name
        self._world = clone(world)
        self._labelled = self._world if isinstance(self._world, Labelled) else None
        if channels.compliance is not None and self._labelled is None:
            raise UsageError(f"'{name}': compliance needs a world whose outcomes have labels, not {world.about.name}")
        if channels.observation is not None and "symbols" not in world.about.formats:
            raise UsageError(f"'{name}': observation needs a world that shows itself in symbols, not {world.about.name}")

    @property
    def name(self) -> str:
        return self._name

    def predict(self, snapshot: Snapshot, actions: Sequence[int], asked: Asked) -> Prediction:
        """The base's prediction, disturbed."""
        on, luck = self._on, Luck(asked, state_hash(snapshot), actions)
        start = self._start(snapshot, actions, asked)
        walk = self._walk(start.state, actions, asked, luck)
        realised: dict[str, float] = {**walk.prediction.realised, **walk.struck}
        confidence = start.right * walk.confidence
        if on.stale is not None:
            realised["stale"] = start.back
        if on.compliance is not None:
            walk, trust, struck = self._complied(walk, start.state, actions, asked, luck)
            confidence *= trust
            realised["compliance"] = struck
        prediction = walk.prediction
        if on.observation is not None:
            wrong = None
            confidence *= 1.0 - on.observation if prediction.done else 1.0
            if prediction.done and luck.uniform("observation") < on.observation:
                wrong = damaged(self._world, self._last(walk, start, actions, asked), prediction.observation, luck)
            if wrong is not None:
                prediction = replace(prediction, observation=wrong)
            realised["observation"] = float(wrong is not None)
        if on.overclaim is not None:
            realised["overclaim"] = on.overclaim * (1.0 - confidence)
            confidence = min(1.0, confidence + realised["overclaim"])
        return replace(prediction, confidence=confidence, realised=realised)

    def _start(self, snapshot: Snapshot, actions: Sequence[int], asked: Asked) -> _Start:
        """An older state, if the call begins at the present real one: an imagined state that is gone on from has its age
        from the call that imagined it."""
        back = min(self._on.stale or 0, len(asked.history) - 1)
        if back <= 0 or asked.history[-1] != snapshot:
            return _Start(snapshot, 0, 1.0)
        older = asked.history[-1 - back]
        if older == snapshot:
            return _Start(older, back, 1.0)
        plain = _without_picture(asked)
        same = self._base.predict(older, actions, plain).digest == self._base.predict(snapshot, actions, plain).digest
        return _Start(older, back, float(same))

    def _walk(self, state: Snapshot, actions: Sequence[int], asked: Asked, luck: Luck) -> _Walk:
        """What is predicted from there, with other outcomes where transition or horizon strike."""
        on = self._on
        if on.transition is None and on.horizon is None:
            whole = self._base.predict(state, actions, asked)
            first = Last(state, actions[0], whole.snapshot) if whole.done == 1 and whole.snapshot else None
            return _Walk(whole, first, whole.confidence)
        struck = {channel: 0.0 for channel, _ in on.slips(1)}
        confidence, last = 1.0, None
        realised: dict[str, float] = {}
        for depth, action in enumerate(actions, 1):
            seen = asked if depth == len(actions) else _without_picture(asked)
            step = self._base.predict(state, (action,), seen)
            if not step.done:  # it was over before
                return _Walk(replace(step, done=depth - 1), last, confidence, struck)
            confidence *= step.confidence
            for channel, size in step.realised.items():
                realised[channel] = max(size, realised.get(channel, 0.0))
            if self._open(state, action):
                fell = []
                for channel, p in on.slips(asked.depth + depth):
                    confidence *= 1.0 - p
                    fell += [channel] if luck.uniform(channel, depth) < p else []
                other = self._another(state, action, step, seen, luck, depth) if fell else None
                if other is not None:
                    step = other
                    for channel in fell:
                        struck[channel] += 1.0
            last = Last(state, action, step.snapshot) if step.snapshot else None
            if step.digest["terminal"] or depth == len(actions):
                break
            state = _state(step, self._base.name)
        if seen is not asked:
            self._world.restore(_state(step, self._base.name))
            step = replace(step, observation=self._world.observe(asked.format))
        return _Walk(replace(step, done=depth, realised=realised), last, confidence, struck)

    def _open(self, state: Snapshot, action: int) -> bool:
        """Whether anything else is possible there, for all that is plain to see."""
        if self._labelled is not None:
            return len(self._labelled.possible(state, action)) > 1
        return len(self._world.about.actions) > 1

    def _another(
        self, state: Snapshot, action: int, step: Prediction, asked: Asked, luck: Luck, depth: int
    ) -> Prediction | None:
        """Another outcome than `step`; None where there is none."""
        world = self._world
        if self._labelled is not None:
            possible = self._labelled.possible(state, action)
            others = [self._labelled.imagine(state, action, label) for label in possible]
            others = [after for after in others if after != step.snapshot and self._digest(after) != step.digest]
            return self._shown(others[luck.below(len(others), "another", depth)], asked.format, step) if others else None
        actions = len(world.about.actions)
        first = luck.below(actions - 1, "another", depth)
        for turn in range(actions - 1):
            other = (action + 1 + (first + turn) % (actions - 1)) % actions
            instead = self._base.predict(state, (other,), asked)
            if instead.digest != step.digest:
                return instead
        return None

    def _complied(
        self, walk: _Walk, start: Snapshot, actions: Sequence[int], asked: Asked, luck: Luck
    ) -> tuple[_Walk, float, float]:
        """The walk, or the one that is hoped for; what that leaves of its confidence; and whether it was put in place."""
        kappa, hope = self._on.compliance or 0.0, asked.hope
        if not hope or not walk.prediction.done:
            return walk, 1.0, 0.0
        if hope not in HOPES:
            raise UsageError(f"a question hopes for {' or '.join(HOPES)}, not for '{hope}'")
        struck = float(luck.uniform("compliance") < kappa)
        if hoped(walk.prediction.digest, hope):
            return walk, 1.0 / (1.0 + kappa), struck
        if not struck:
            return walk, 1.0, 0.0
        plain = _without_picture(asked)
        found = find_hoped(
            self._world, start, actions, hope,
            lambda state, action: _state(self._base.predict(state, (action,), plain), self._base.name),
        )  # fmt: skip
        if found is None:
            return walk, 1.0, 0.0
        instead = replace(self._shown(found.state, asked.format, walk.prediction), done=found.done)
        last = Last(found.before, actions[found.done - 1], found.state)
        return replace(walk, prediction=instead, last=last), 1.0 / (1.0 + kappa), 1.0

    def _last(self, walk: _Walk, start: _Start, actions: Sequence[int], asked: Asked) -> Last:
        """The last action with the states around it, found out where the walk was predicted in one piece."""
        if walk.last is not None:
            return walk.last
        after, done = _state(walk.prediction, self._base.name), walk.prediction.done
        before = self._base.predict(start.state, actions[: done - 1], _without_picture(asked))
        return Last(_state(before, self._base.name), actions[done - 1], after)

    def _digest(self, state: Snapshot) -> Digest:
        self._world.restore(state)
        return self._world.digest()

    def _shown(self, state: Snapshot, format: str, instead_of: Prediction) -> Prediction:
        self._world.restore(state)
        return replace(
            instead_of, observation=self._world.observe(format), digest=self._world.digest(), snapshot=state
        )  # fmt: skip


def _state(prediction: Prediction, name: str) -> Snapshot:
    """The state that was predicted. Raises UsageError where there is none."""
    if not prediction.snapshot:
        raise UsageError(f"'{name}' predicts no states, which these channels need; return Prediction.snapshot")
    return prediction.snapshot


def _without_picture(asked: Asked) -> Asked:
    """The same question, asked in symbols where in pictures: for what nobody looks at."""
    return replace(asked, format="symbols") if asked.format == "image" else asked
