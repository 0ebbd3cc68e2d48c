"""Every metric by name: what it counts and which way is better. Formulas and sources are in docs/foresee-metrics.md."""

from __future__ import annotations

from typing import Literal

import msgspec

Better = Literal["up", "down", ""]


class Metric(msgspec.Struct, frozen=True):
    """A metric of a cell. `unit`: "share" (0..1), "points" (a difference of shares), or what it counts."""

    name: str
    unit: str
    better: Better
    said: str


def _of(family: str, *rows: tuple[str, str, Better, str]) -> list[Metric]:
    return [Metric(f"{family}/{name}", unit, better, said) for name, unit, better, said in rows]


METRICS: tuple[Metric, ...] = (
    *_of("success",
        ("rate", "share", "up", "success rate, Wilson's interval"),
        ("rate_resampled", "share", "up", "success rate, bootstrap interval over instances")),
    *_of("usage",
        ("instances", "share", "", "episodes with a call"),
        ("decisions", "share", "", "calls among calls and real actions"),
        ("steps", "calls a real action", "", "calls to each real action")),
    *_of("access",
        ("delta", "points", "up", "success with access less success without"),
        ("helps", "share", "up", "solved with access, not without"),
        ("hurts", "share", "down", "solved without access, not with it"),
        ("p", "p value", "", "McNemar's exact test"),
        ("helps_called", "share", "up", "helped, and called"),
        ("hurts_called", "share", "down", "hurt, and called"),
        ("helps_given_call", "share of called", "up", "helped, of instances with a call"),
        ("hurts_given_call", "share of called", "down", "hurt, of instances with a call"),
        ("flips_uncalled", "share of uncalled", "", "differs although nothing was called"),
        ("detectable", "points", "", "smallest change that these pairs can show")),
    *_of("force",
        ("over_normal", "points", "up", "success when forced to call, less success by choice"),
        ("over_invisible", "points", "up", "success when forced to call, less success without a world model")),
    *_of("misuse",
        ("calls", "share of calls", "down", "calls with at least one fault"),
        ("cases", "share of called", "down", "episodes with a call of which one has a fault"),
        ("contradiction", "share of calls", "down", "stated reading disagrees with the prediction"),
        ("neglect", "share of calls", "down", "shown to fail, and done next"),
        ("wasted", "share of calls", "down", "could not have changed the decision"),
        ("loop", "share of calls", "down", "asked again with nothing done in between"),
        ("undetermined", "share of calls", "", "calls that the log does not tell all of")),
    *_of("association",
        ("raw", "log odds a call", "", "success against calls"),
        ("given_length", "log odds a call", "", "the same, given the optimal length"),
        ("given_invisible", "log odds a call", "", "the same, given success without a world model")),
    *_of("uplift",
        ("call", "points", "up", "effect of a call where a coin decided, doubly robust")),
    *_of("ceiling",
        ("oracle", "share", "", "success of a perfect choice between never and always"),
        ("efficiency", "share of the gain", "up", "part of that gain a policy gets")),
    *_of("gate",
        ("precision", "share of called", "up", "instances called on that need a call"),
        ("recall", "share of needed", "up", "instances that need a call, called on"),
        ("harm_rate", "share of harmful", "down", "instances that a call harms, called on"),
        ("random_precision", "share", "", "precision of calling by a coin"),
        ("unnecessary", "share", "", "instances solved either way"),
        ("needed", "share", "", "instances solved only with calls"),
        ("harmful", "share", "", "instances solved only without"),
        ("hopeless", "share", "", "instances solved neither way")),
    *_of("calibration",
        ("confidence_ece", "points", "down", "stated confidence against success"),
        ("confidence_brier", "squared", "down", "the same, mean squared error"),
        ("values_ece", "points", "down", "the mind's value of the turn taken against success"),
        ("values_brier", "squared", "down", "the same, mean squared error"),
        ("p_useful_ece", "points", "down", "the governor's chance that a call is of use against need"),
        ("p_useful_brier", "squared", "down", "the same, mean squared error"),
        ("reliability_ece", "points", "down", "the governor's reliability against what is true"),
        ("reliability_brier", "squared", "down", "the same, mean squared error"),
        ("uplift_ece", "points", "down", "the governor's gain of a call against the doubly robust score")),
    *_of("value",
        ("net_0", "successes", "up", "success less costs, a call at 0"),
        ("net_0.005", "successes", "up", "success less costs, a call at 0.005"),
        ("net_0.02", "successes", "up", "success less costs, a call at 0.02"),
        ("net_0.05", "successes", "up", "success less costs, a call at 0.05")),
    *_of("frontier",
        ("over_random", "points", "up", "success above never and always mixed by a coin, at equal calls"),
        ("over_confidence", "points", "up", "success above the confidence threshold, at equal calls")),
    *_of("cost",
        ("calls", "calls", "", "calls an episode"),
        ("real", "actions", "", "real actions an episode"),
        ("kilotokens", "thousand tokens", "", "tokens in and out an episode"),
        ("usd", "USD", "", "money an episode")),
    *_of("protocol",
        ("refused", "share of decisions", "down", "wishes that were not granted"),
        ("unreadable", "share of decisions", "down", "replies that could not be read")),
)  # fmt: skip

NAMES: tuple[str, ...] = tuple(metric.name for metric in METRICS)
"""In the order in which they are shown."""
