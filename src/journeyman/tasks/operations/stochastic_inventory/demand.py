"""The demand of a period as a distribution over whole numbers, built from the few numbers that are published.

A period has no demand at all with probability 1 - chance; else its demand has probability f(d) for d = 0 .. d_max, with
d_max = ceil(mean + 8 sd) and f cut there and divided by its sum. f is one of

    normal             f(d) ~ Phi((d + 1/2 - mean) / sd) - Phi((d - 1/2 - mean) / sd)
    negative_binomial  f(0) = 1,  f(d + 1) = f(d) (d + r) / (d + 1) mean / (r + mean),  r = mean^2 / (sd^2 - mean)

before the division. `mean` and `sd` are those of the uncut law; the cut moves them a little.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

WIDTH_SD = 8.0
"""How many standard deviations above the mean the largest possible demand lies."""


def normal(mean: float, sd: float) -> Vector:
    """Probabilities of 0, 1, ... for a normal law rounded to whole numbers and cut below 0."""
    edges = np.arange(largest(mean, sd) + 2) - 0.5
    below = np.array([0.5 * math.erfc((mean - edge) / (sd * math.sqrt(2.0))) for edge in edges])
    mass = np.diff(below)
    return np.asarray(mass / mass.sum(), dtype=float)


def negative_binomial(mean: float, sd: float) -> Vector:
    """Probabilities of 0, 1, ... for a negative binomial law; needs sd^2 > mean > 0."""
    r = mean**2 / (sd**2 - mean)
    mass = [1.0]
    for d in range(largest(mean, sd)):
        mass.append(mass[-1] * (d + r) / (d + 1) * mean / (r + mean))
    return np.array(mass) / math.fsum(mass)


FAMILIES = {"normal": normal, "negative_binomial": negative_binomial}


def largest(mean: float, sd: float) -> int:
    """The largest demand that has a probability."""
    return math.ceil(mean + WIDTH_SD * sd)


def distributions(public: dict[str, Any]) -> tuple[Vector, ...]:
    """One vector of probabilities for each period; index d is a demand of d units."""
    family = FAMILIES[public["family"]]
    laws = []
    for chance, mean, sd in zip(public["chance"], public["mean"], public["sd"], strict=True):
        law = chance * family(mean, sd)
        law[0] += 1.0 - chance
        laws.append(law)
    return tuple(laws)
