"""What a call is worth, from decisions in which a coin decided whether there was one (spec d.2.6).

Where a governor flips a coin (`Ruling.propensity` below 1), calling and not calling are randomised, so that comparing them
is an experiment: harder instances are on both sides alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from journeyman.errors import UsageError
from journeyman.foresee.governors.doubly_robust import cross_fitted
from journeyman.foresee.governors.features import FEATURES, read
from journeyman.foresee.protocol.decision import Decision, Episode
from journeyman.foresee.score.interval import Numbers, measure, part_of, sample
from journeyman.foresee.score.logistic import ridge
from journeyman.foresee.score.measured import Measured, missing

GAINS = ("tau", "uplift", "evsi")
"""Figures of a ruling that foretell the gain of a call, the first that is there."""
FOLDS = 5
LEAST = 20
"""Coins that fell each way before a difference is computed."""


class Coin(msgspec.Struct, frozen=True):
    """A decision that a coin made.

    Attributes:
        instance: of the episode. index: of the decision in it.
        called: whether there was a call. chance: of a call, in (0, 1).
        success: of the episode.
        x: what was known before: the features that the governor kept with its ruling, else real actions and calls so far,
            value of the best turn and its lead over the next, confidence stated; then the optimal length. 0: not known.
        predicted: the gain that the ruling foretold, by one of `GAINS`; None where it names none.
    """

    instance: str
    index: int
    called: bool
    chance: float
    success: bool
    x: tuple[float, ...]
    predicted: float | None = None


def coins_of(episodes: Sequence[Episode]) -> list[Coin]:
    """All decisions that a coin made, in order."""
    return [coin for episode in episodes for coin in _coins(episode)]


def scores_of(coins: Sequence[Coin]) -> Numbers | str:
    """The doubly robust score of each decision, shape [n]; its models are fitted on other instances (cross-fitting).

    Or why there is none, as a sentence that begins with a small letter.
    """
    if not coins:
        return "no coin decided on a call: no ruling has a propensity below 1"
    with_call = sum(coin.called for coin in coins)
    if min(with_call, len(coins) - with_call) < LEAST:
        return f"of {len(coins)} coins {with_call} fell for a call; {LEAST} on each side are the least"
    wide = max(len(coin.x) for coin in coins)
    x = np.array([[*coin.x, *[0.0] * (wide - len(coin.x))] for coin in coins])
    try:
        return cross_fitted(
            x, np.array([coin.success for coin in coins], dtype=float),
            np.array([coin.called for coin in coins], dtype=float),
            np.array([coin.chance for coin in coins]), [coin.instance for coin in coins],
            lambda x, y: lambda at: ridge(x, y, at), folds=FOLDS,
        )  # fmt: skip
    except UsageError as error:
        return str(error)


def encouragement(coins: Sequence[Coin]) -> dict[str, Measured]:
    """`uplift/call`: mean effect of a call on success at a decision that a coin made, with its interval over instances."""
    scores = scores_of(coins)
    if isinstance(scores, str):
        return {"uplift/call": missing(scores, n=len(coins), of="decisions")}
    rows: dict[str, dict[str, float]] = {}
    for coin, score in zip(coins, scores, strict=True):
        row = rows.setdefault(coin.instance, {"score": 0.0, "coins": 0.0})
        row["score"] += score
        row["coins"] += 1
    sums = sample([rows[key] for key in sorted(rows)])
    return {"uplift/call": measure(sums, part_of("score", "coins"), count="coins", of="decisions")}


def _coins(episode: Episode) -> list[Coin]:
    found = []
    calls = 0
    for decision in episode.decisions:
        coin = _coin(episode, decision, calls)
        if coin is not None:
            found.append(coin)
        calls += decision.context == "W"
    return found


def _coin(episode: Episode, decision: Decision, calls: int) -> Coin | None:
    chance = decision.ruling.get("propensity")
    if chance is None or not 0 < chance < 1 or (decision.batch is not None and decision.batch != decision.index):
        return None
    figures = decision.ruling.get("values") or {}
    # The ruling's own word first: what was to be called may have been refused for another reason.
    called = figures["called"] == 1.0 if "called" in figures else decision.context == "W"
    kept = read(figures)
    values = sorted(decision.values.values(), reverse=True)
    known = [kept[name] for name in FEATURES] if kept is not None else [
        float(decision.real), float(calls), values[0] if values else 0.0,
        values[0] - values[1] if len(values) > 1 else 0.0, decision.confidence or 0.0,
    ]  # fmt: skip
    return Coin(
        episode.instance, decision.index, called, float(chance) if called else 1.0 - float(chance), episode.success,
        (*known, float(episode.optimal or 0)), next((figures[name] for name in GAINS if name in figures), None),
    )  # fmt: skip
