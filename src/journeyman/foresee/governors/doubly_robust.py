"""What a call is worth, from logs in which a coin sometimes forced or forbade it (spec d.2.6 and J2).

    tau_d = m1(x) - m0(x) + 1[z=1] (y - m1(x)) / e(x) - 1[z=0] (y - m0(x)) / (1 - e(x))

Its expectation is the effect of the call at x if either the propensity e or both outcome models m are right (Robins,
Rotnitzky and Zhao 1994); here e is logged, so it is right whatever m is, and m only takes away variance. The models of a
point are fitted without its own instance (cross-fitting, Chernozhukov and others 2018), or they would have seen its y.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from journeyman.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Predict = Callable[[Array], Array]
    Fit = Callable[[Array, Array], Predict]


def scores(y_N: Array, z_N: Array, e_N: Array, m0_N: Array, m1_N: Array) -> Array:
    """Doubly robust scores of N points.

    Args:
        y_N: outcome, 1 if the episode was solved. z_N: 1 if a call was made.
        e_N: probability, in (0, 1), with which a call was made there.
        m0_N, m1_N: predicted outcome without and with a call.

    Raises UsageError: a propensity of 0 or 1, which leaves one side unseen.
    """
    import numpy as np

    if not np.all((e_N > 0.0) & (e_N < 1.0)):
        raise UsageError("a propensity of 0 or 1 says nothing of the other choice; log with a coin that can fall both ways")
    treated: Array = z_N * (y_N - m1_N) / e_N
    untreated: Array = (1.0 - z_N) * (y_N - m0_N) / (1.0 - e_N)
    found: Array = m1_N - m0_N + treated - untreated
    return found


def cross_fitted(
    x_NF: Array, y_N: Array, z_N: Array, e_N: Array, groups: Sequence[str], fit: Fit, *, folds: int = 5
) -> Array:
    """Scores whose outcome models never saw their own group (all points of one instance).

    Args:
        groups: of each point. `fit`: from points and outcomes to a function that predicts outcomes.

    Raises UsageError: fewer groups than folds, or a fold outside of which nothing was called or everything was.
    """
    import numpy as np

    fold_N = fold_of(groups, folds)
    m0_N, m1_N = np.zeros_like(y_N), np.zeros_like(y_N)
    for fold in range(folds):
        out, in_ = fold_N == fold, fold_N != fold
        for arm, m_N in ((0.0, m0_N), (1.0, m1_N)):
            chosen = in_ & (z_N == arm)
            if not chosen.any():
                raise UsageError("the logs hold points with a call only, or without one only; log with 'encourage:0.15'")
            m_N[out] = fit(x_NF[chosen], y_N[chosen])(x_NF[out])
    return scores(y_N, z_N, e_N, m0_N, m1_N)


def fold_of(groups: Sequence[str], folds: int) -> NDArray[np.int64]:
    """The fold of each point, by its group in order of first appearance. Raises UsageError: fewer groups than folds."""
    import numpy as np

    order = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    if len(order) < folds:
        raise UsageError(f"{folds}-fold cross-fitting needs as many instances; the logs hold {len(order)}")
    return np.asarray([order[group] % folds for group in groups])
