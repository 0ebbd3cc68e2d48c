"""Several small networks trained side by side in NumPy: one hidden layer, softmax over labels.

Written out here because that is shorter than taking scikit-learn's apart: these are trained together as one batch of
matrices, always know all labels, and are arrays that can be kept and evaluated without a package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


class Weights(NamedTuple):
    """Of m networks with f features, h hidden units, l labels: (m, f, h), (m, 1, h), (m, h, l), (m, 1, l)."""

    w1: Numbers
    b1: Numbers
    w2: Numbers
    b2: Numbers


@dataclass(frozen=True)
class Training:
    """How they are trained. `steps`: of Adam, each on `batch` rows. `rate`: its step size. `decay`: weight of half the
    squared matrices in the loss."""

    hidden: int = 32
    steps: int = 1500
    batch: int = 128
    rate: float = 1e-2
    decay: float = 1e-4


def probabilities(weights: Weights, x: Numbers) -> Numbers:
    """Of all labels. `x`: (m, n, f), or (n, f) for all networks; result (m, n, l), rows add up to 1."""
    return _softmax(np.maximum(x @ weights.w1 + weights.b1, 0.0) @ weights.w2 + weights.b2)


def loss_and_gradient(weights: Weights, x: Numbers, y: NDArray[np.int64], decay: float) -> tuple[float, Weights]:
    """Cross-entropy in nats plus decay / 2 times the squared matrices, summed over the networks; and its gradient.

    `x`: (m, n, f). `y`: (m, n) numbers of labels. The mean over n is taken.
    """
    m, n, _ = x.shape
    before = x @ weights.w1 + weights.b1
    hidden = np.maximum(before, 0.0)
    p = _softmax(hidden @ weights.w2 + weights.b2)
    rows = np.arange(m)[:, None], np.arange(n)[None, :], y
    squared = float((weights.w1**2).sum() + (weights.w2**2).sum())
    loss = float(-np.log(p[rows] + 1e-300).sum() / n + decay / 2 * squared)
    d_out = p
    d_out[rows] -= 1.0
    d_out /= n
    d_hidden = (d_out @ weights.w2.transpose(0, 2, 1)) * (before > 0)
    return loss, Weights(
        x.transpose(0, 2, 1) @ d_hidden + decay * weights.w1,
        d_hidden.sum(axis=1, keepdims=True),
        hidden.transpose(0, 2, 1) @ d_out + decay * weights.w2,
        d_out.sum(axis=1, keepdims=True),
    )


def train(x: Numbers, y: NDArray[np.int64], labels: int, members: int, training: Training, seed: int) -> Weights:
    """`members` networks, each on its own bootstrap sample of `x` (n, f) and `y` (n,), by Adam (Kingma and Ba 2015).

    He's initialization; the step size falls linearly to a tenth. The same seed gives the same weights.
    """
    rng = np.random.default_rng(seed)
    n, f = x.shape
    weights = Weights(
        rng.normal(0.0, np.sqrt(2.0 / max(f, 1)), (members, f, training.hidden)), np.zeros((members, 1, training.hidden)),
        rng.normal(0.0, np.sqrt(2.0 / training.hidden), (members, training.hidden, labels)), np.zeros((members, 1, labels)),
    )  # fmt: skip
    drawn = rng.integers(max(n, 1), size=(members, n))
    first, second = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    for step in range(1, training.steps + 1):
        rows = np.take_along_axis(drawn, rng.integers(n, size=(members, min(training.batch, n))), axis=1)
        _, gradient = loss_and_gradient(weights, x[rows], y[rows], training.decay)
        rate = training.rate * (1.0 - 0.9 * step / training.steps)
        for w, g, m1, m2 in zip(weights, gradient, first, second, strict=True):
            m1 += 0.1 * (g - m1)
            m2 += 0.001 * (g * g - m2)
            w -= rate * (m1 / (1.0 - 0.9**step)) / (np.sqrt(m2 / (1.0 - 0.999**step)) + 1e-8)
    return weights


def _softmax(z: Numbers) -> Numbers:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    found: Numbers = e / e.sum(axis=-1, keepdims=True)
    return found
