"""What a call is worth, from decisions in which a coin decided whether there was one (spec d.2.6).

Where a governor flips a coin (`Ruling.propensity` below 1), calling and not calling are randomised, so that comparing them
is an experiment: harder instances are on both sides alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from journeyman.errors import UsageError
from journeyman.foresee.protocol.decision import Decision, Episode
from journeyman.foresee.score.interval import Numbers, measure, part_of, sample
from journeyman.foresee.score.logistic import ridge
from journeyman.foresee.score.measured import Measured, missing

FOLDS = 5
LEAST = 20
"""Coins that fell each way before a difference is computed."""
FEATURES = ("real", "calls", "best", "gap", "confidence", "length")


class Coin(msgspec.Struct, frozen=True):
    """A decision that a coin made.

    Attributes:
        instance: of the episode. index: of the decision in it.
        called: whether there was a call. chance: of a call, in (0, 1).
        success: of the episode.
        x: what was known before, as `FEATURES`: real actions and calls so far, value of the best turn and its lead over the
            next, confidence stated, and optimal length; 0 where it is not known.
        predicted: the gain that the ruling foretold (`uplift`), None where it names none.
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


def doubly_robust(called: Numbers, chance: Numbers, success: Numbers, with_call: Numbers, without: Numbers) -> Numbers:
    """A score for each decision whose mean is the effect of a call: unbiased if either the chances or the models are right.

    tau = m1 - m0 + z (y - m1) / e - (1 - z) (y - m0) / (1 - e), with z `called` (0 or 1), e `chance`, y `success`,
    m1 `with_call`, m0 `without`; all of shape [n].

    J. M. Robins, A. Rotnitzky and L. P. Zhao: Estimation of regression coefficients when some regressors are not always
    observed. JASA 89 (1994) 846-866. Raises UsageError: a chance of 0 or 1, where nothing is random.
    """
    if np.any((chance <= 0) | (chance >= 1)):
        raise UsageError("a call with a chance of 0 or 1 was not random, so it says nothing of the other side")
    score: Numbers = (
        with_call - without + called * (success - with_call) / chance
        - (1 - called) * (success - without) / (1 - chance)
    )  # fmt: skip
    return score


def scores_of(coins: Sequence[Coin]) -> Numbers:
    """The doubly robust score of each decision; its models are fitted on other instances (`FOLDS` folds, cross-fitting).

    Shape [n]. Folds go by instance, in the order of their ids, so that no model has seen an instance it speaks of.
    """
    called = np.array([coin.called for coin in coins], dtype=float)
    chance = np.array([coin.chance for coin in coins])
    success = np.array([coin.success for coin in coins], dtype=float)
    x = np.array([coin.x for coin in coins]).reshape(len(coins), len(FEATURES))
    places = {name: i % FOLDS for i, name in enumerate(sorted({coin.instance for coin in coins}))}
    fold = np.array([places[coin.instance] for coin in coins])
    models = {True: np.empty(len(coins)), False: np.empty(len(coins))}
    for k in range(FOLDS):
        here = fold == k
        if not here.any():
            continue
        for side in (True, False):
            there = (fold != k) & (called == float(side))
            models[side][here] = ridge(x[there], success[there], x[here]) if there.any() else 0.5
    return doubly_robust(called, chance, success, models[True], models[False])


def encouragement(coins: Sequence[Coin]) -> dict[str, Measured]:
    """`uplift/call`: mean effect of a call on success at a decision that a coin made, with its interval over instances."""
    with_call = sum(coin.called for coin in coins)
    if not coins:
        return {"uplift/call": missing("no coin decided on a call: no ruling has a propensity below 1", of="decisions")}
    if min(with_call, len(coins) - with_call) < LEAST:
        why = f"of {len(coins)} coins {with_call} fell for a call; {LEAST} on each side are the least"
        return {"uplift/call": missing(why, n=len(coins), of="decisions")}
    rows: dict[str, dict[str, float]] = {}
    for coin, score in zip(coins, scores_of(coins), strict=True):
        row = rows.setdefault(coin.instance, {"score": 0.0, "coins": 0.0})
        row["score"] += score
        row["coins"] += 1
    sums = sample([rows[key] for key in sorted(rows)])
    return {"uplift/call": measure(sums, part_of("score", "coins"), why="", count="coins", of="decisions")}


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
    called = decision.context == "W"
    values = sorted(decision.values.values(), reverse=True)
    figures = decision.ruling.get("values") or {}
    x = (
        float(decision.real), float(calls), values[0] if values else 0.0,
        values[0] - values[1] if len(values) > 1 else 0.0, decision.confidence or 0.0, float(episode.optimal or 0),
    )  # fmt: skip
    return Coin(
        episode.instance, decision.index, called, float(chance) if called else 1.0 - float(chance), episode.success, x,
        figures.get("uplift"),
    )  # fmt: skip
