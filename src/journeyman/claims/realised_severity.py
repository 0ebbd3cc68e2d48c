"""How often a channel of a world model strikes where it can, seen from what is shown (spec J4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from journeyman.foresee.draws import Draws
    from journeyman.foresee.world_models.logged import Visit
    from journeyman.foresee.world_models.model import WorldModel
    from journeyman.foresee.worlds.world import World

BASE_ERROR = 0.2
"""Of the transitions, under overclaim: there must be something to claim too much of."""


class Struck(NamedTuple):
    """`hits` of `n` predictions in which the channel could strike; each strikes with probability `nominal`."""

    hits: int
    n: int
    nominal: float


def world_model(channel: str, severity: float) -> str:
    """Its name, with that channel alone (and what overclaim needs)."""
    value = f"{severity:.0f}" if channel == "stale" else f"{severity:g}"
    base = f"exact+transition={BASE_ERROR:g}" if channel == "overclaim" else "exact"
    return f"{base}+{channel}={value}" if severity else base


def nominal(channel: str, severity: float) -> float:
    """Chance that the channel strikes in a prediction as `struck` asks for it."""
    if channel in ("stale", "overclaim"):
        return 1.0  # not by chance: as old, and as sure, as it says, each time
    return 1.0 - (1.0 - severity) ** 3 if channel == "horizon" else severity


def struck(name: str, channel: str, severity: float, *, n: int, seed: int) -> Struck:
    """One prediction from a state on the way of half random, half planned actions in each of `n` test instances.

    What is counted is what is shown against what is true, not what the world model says of itself: transition, another
    outcome of an action; horizon, of two actions, neither of which is settled; observation, other symbols; stale, the
    outcome of the state so many actions ago; compliance, no loss where there is one; overclaim, a confidence that is as much
    nearer to 1 as it should be. Raises UsageError for what is no world, channel or severity.
    """
    from journeyman.foresee.draws import Draws
    from journeyman.foresee.world_models.clone import clone
    from journeyman.foresee.world_models.logged import walk
    from journeyman.foresee.world_models.open import open_world_model
    from journeyman.foresee.worlds.registry import open_world

    world, draws = open_world(name), Draws(seed)
    model, own = open_world_model(world_model(channel, severity), world), clone(world)
    hits = trials = 0
    for number, instance in enumerate(world.instances(n)):
        found = _once(channel, severity, model, own, walk(own, instance, draws, number), instance.id, draws, number)
        if found is not None:
            hits += found
            trials += 1
    return Struck(hits, trials, nominal(channel, severity))


def _once(
    channel: str, severity: float, model: WorldModel, world: World, visits: list[Visit], instance: str, draws: Draws,
    number: int,
) -> bool | None:  # fmt: skip
    """Whether it struck; None where it cannot."""
    from journeyman.foresee.world_models.exact import Exact
    from journeyman.foresee.world_models.hope import hoped
    from journeyman.foresee.world_models.model import Asked
    from journeyman.foresee.worlds.world import Labelled

    assert isinstance(world, Labelled)
    at = draws.below(len(visits), "policy", "state", number)
    state, action = visits[at].state, visits[at].action
    actions: tuple[int, ...] = (action,)
    if channel in ("transition", "overclaim", "horizon") and len(world.possible(state, action)) < 2:
        return None
    if channel == "horizon":
        if at + 1 == len(visits) or len(world.possible(visits[at + 1].state, visits[at + 1].action)) < 2:
            return None
        actions = (action, visits[at + 1].action)
    if channel == "stale" and at < severity:
        return None
    if channel == "compliance":
        falls = [one for one in range(len(world.about.actions)) if not _kept(world, state, one)]
        if not falls:
            return None
        actions = (falls[0],)
    history = (*(visit.state for visit in visits[:at]), state)
    hope = "safe" if channel == "compliance" else ""
    asked = Asked(draws, instance, call=0, history=history, hope=hope)
    shown, exact = model.predict(state, actions, asked), Exact(world)
    if channel == "stale":
        return shown.digest == exact.predict(history[-1 - round(severity)], actions, asked).digest
    if channel == "compliance":
        return hoped(shown.digest, hope)
    if channel == "overclaim":
        honest = 1.0 - BASE_ERROR
        return abs(shown.confidence - (honest + severity * (1.0 - honest))) < 1e-9
    true = exact.predict(state, actions, asked)
    if channel == "observation":
        return shown.observation.symbols != true.observation.symbols
    return shown.digest != true.digest


def _kept(world: World, state: bytes, action: int) -> bool:
    """Whether nothing is lost by an action."""
    from journeyman.foresee.world_models.hope import hoped

    world.restore(state)
    world.step(action)
    return hoped(world.digest(), "safe")
