"""Logistic regression without a penalty, by Newton's method, with standard errors that know of repeated instances."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from journeyman.foresee.score.interval import Numbers

_STEPS = 50
_CLOSE = 1e-9
_SEPARATED = 15.0  # log odds of a fitted row beyond which a likelihood without a maximum is creeping there


class Fit(msgspec.Struct, frozen=True):
    """Coefficients (the constant first) with their standard errors, in log odds a unit; or why there are none."""

    coefficients: tuple[float, ...] = ()
    errors: tuple[float, ...] = ()
    why: str = ""


def fit(x: Numbers, y: Numbers, clusters: Sequence[str] = ()) -> Fit:
    """The maximum of the likelihood of P(y = 1) = 1 / (1 + exp(-(b0 + x b))).

    Args:
        x: shape [n, k]. y: shape [n], 0 or 1.
        clusters: n names; where some are equal, errors are of the sandwich over clusters (K.-Y. Liang and S. L. Zeger:
            Longitudinal data analysis using generalized linear models. Biometrika 73 (1986) 13-22) times G / (G - 1), else
            from the information matrix.
    """
    if len(y) <= x.shape[1] + 1:
        return Fit(why=f"{len(y)} episodes are too few for {x.shape[1] + 1} coefficients")
    if y.min() == y.max():
        return Fit(why=f"every episode {'succeeds' if y[0] else 'fails'}")
    for column in x.T:
        if column.min() == column.max():
            return Fit(why="a quantity is the same in every episode")
    # Columns on one scale, so that the matrix is well behaved; undone at the end.
    middle, spread = x.mean(axis=0), x.std(axis=0)
    design = np.column_stack([np.ones(len(y)), (x - middle) / spread])
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        p = _probability(design @ beta)
        information = (design * (p * (1 - p))[:, None]).T @ design
        if np.linalg.cond(information) > 1e12:
            return Fit(why="the quantities cannot be told apart, or one of them tells success from failure by itself")
        step = np.linalg.solve(information, design.T @ (y - p))
        beta = beta + step * min(1.0, 5.0 / max(1e-300, float(np.abs(step).max())))
        if float(np.abs(step).max()) < _CLOSE:
            break
    else:
        return Fit(why="one of the quantities tells success from failure by itself, so its coefficient has no bound")
    if float(np.abs(design @ beta).max()) > 2 * _SEPARATED and _separated(design @ beta, y):
        return Fit(why="one of the quantities tells success from failure by itself, so its coefficient has no bound")
    p = _probability(design @ beta)
    covariance = np.linalg.inv((design * (p * (1 - p))[:, None]).T @ design)
    if len(set(clusters)) < len(clusters):
        covariance = covariance @ _meat(design * (y - p)[:, None], clusters) @ covariance
    # Back to the units that came in: b = beta / spread, b0 = beta0 - sum of beta * middle / spread.
    back = np.diag(np.concatenate([[1.0], 1 / spread]))
    back[0, 1:] = -middle / spread
    return Fit(tuple(map(float, back @ beta)), tuple(map(float, np.sqrt(np.diag(back @ covariance @ back.T)))))


def ridge(x: Numbers, y: Numbers, at: Numbers, penalty: float = 1.0) -> Numbers:
    """P(y = 1) at the rows of `at`, from a logistic regression with an L2 penalty on standardised columns.

    For nuisance functions, which must be sane with few rows: where y is all one value, its smoothed share.
    """
    middle, spread = x.mean(axis=0), x.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    design = np.column_stack([np.ones(len(y)), (x - middle) / spread])
    weights = np.diag([1e-3, *[penalty] * x.shape[1]])
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        p = _probability(design @ beta)
        information = (design * (p * (1 - p))[:, None]).T @ design + weights
        step = np.linalg.solve(information, design.T @ (y - p) - weights @ beta)
        beta = beta + step * min(1.0, 5.0 / max(1e-300, float(np.abs(step).max())))
        if float(np.abs(step).max()) < 1e-8:
            break
    found: Numbers = _probability(np.column_stack([np.ones(len(at)), (at - middle) / spread]) @ beta)
    return found


def _probability(odds: Numbers) -> Numbers:
    return 1.0 / (1.0 + np.exp(-np.clip(odds, -500, 500)))


def _separated(odds: Numbers, y: Numbers) -> bool:
    return bool(odds[y == 1].min() > 0 > odds[y == 0].max())


def _meat(scores: Numbers, clusters: Sequence[str]) -> Numbers:
    names, places = np.unique(np.asarray(clusters), return_inverse=True)
    summed: NDArray[np.float64] = np.zeros((len(names), scores.shape[1]))
    np.add.at(summed, places, scores)
    return summed.T @ summed * len(names) / max(1, len(names) - 1)
