"""A learned gate as plain data: coefficients or small trees in a JSON file, used without the library that fitted them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from journeyman.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class Linear(msgspec.Struct, frozen=True, tag="linear"):
    """intercept + sum over columns of coefficient * (x - mean) / scale, kept within floor and ceiling if there are any."""

    mean: list[float]
    scale: list[float]
    coefficients: list[float]
    intercept: float
    floor: float | None = None
    ceiling: float | None = None

    def one(self, x: list[float]) -> float:
        """The prediction for one point."""
        parts = zip(x, self.mean, self.scale, self.coefficients, strict=True)
        value = self.intercept + sum(c * (v - m) / s for v, m, s, c in parts)
        if self.floor is not None:
            value = max(value, self.floor)
        return value if self.ceiling is None else min(value, self.ceiling)

    def predict(self, x_NF: Array) -> Array:
        """Predictions for N points."""
        import numpy as np

        scaled = (x_NF - np.asarray(self.mean)) / np.asarray(self.scale)
        found: Array = self.intercept + scaled @ np.asarray(self.coefficients)
        return found if self.floor is None and self.ceiling is None else np.clip(found, self.floor, self.ceiling)


class Tree(msgspec.Struct, frozen=True):
    """A binary tree by node number, 0 the root: left where x[feature] <= threshold. A leaf has the feature -1."""

    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    value: list[float]

    def one(self, x: list[float]) -> float:
        node = 0
        while self.feature[node] >= 0:
            node = self.left[node] if x[self.feature[node]] <= self.threshold[node] else self.right[node]
        return self.value[node]


class Trees(msgspec.Struct, frozen=True, tag="trees"):
    """start + rate * the sum of all trees' values."""

    start: float
    rate: float
    trees: list[Tree]

    def one(self, x: list[float]) -> float:
        """The prediction for one point."""
        return self.start + self.rate * sum(tree.one(x) for tree in self.trees)

    def predict(self, x_NF: Array) -> Array:
        """Predictions for N points."""
        import numpy as np

        return np.asarray([self.one(row) for row in np.asarray(x_NF, dtype=float).tolist()])


class Uplift(msgspec.Struct, frozen=True):
    """A learned tau and what it was learned from.

    Attributes:
        features: names of the columns, then one column for each of `worlds`.
        model: predicts a score; tau is intercept + slope * score.
        points, instances: how many of each it was learned from. effect: their mean effect.
    """

    features: list[str]
    worlds: list[str]
    model: Linear | Trees
    intercept: float
    slope: float
    points: int
    instances: int
    effect: float
    kind: Literal["uplift"] = "uplift"

    def tau(self, x: Mapping[str, float], world: str) -> float:
        """What a call adds to the probability of success at a point with these features, in -1..1."""
        columns = [*(x[name] for name in self.features), *(float(world == each) for each in self.worlds)]
        return min(max(self.intercept + self.slope * self.model.one(columns), -1.0), 1.0)


def ridge(x_NF: Array, y_N: Array, *, floor: float | None = None, ceiling: float | None = None) -> Linear:
    """Ridge regression on standardized columns; the penalty is chosen by leave-one-out error."""
    import numpy as np
    from sklearn.linear_model import RidgeCV

    mean, scale = x_NF.mean(axis=0), x_NF.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    fitted = RidgeCV(alphas=np.logspace(0, 4, 9)).fit((x_NF - mean) / scale, y_N)
    return Linear(mean.tolist(), scale.tolist(), fitted.coef_.tolist(), float(fitted.intercept_), floor, ceiling)


def grow(x_NF: Array, y_N: Array) -> Trees:
    """Gradient boosting of 80 trees of depth 2; a leaf holds 2 % of the points or 20, for the target is noisy."""
    from sklearn.ensemble import GradientBoostingRegressor

    rate = 0.05
    leaf = max(20, len(y_N) // 50)
    fitted = GradientBoostingRegressor(
        n_estimators=80, max_depth=2, learning_rate=rate, subsample=0.7, min_samples_leaf=leaf, random_state=0
    ).fit(x_NF, y_N)
    return Trees(float(y_N.mean()), rate, [_tree(one.tree_) for one in fitted.estimators_[:, 0]])


def _tree(tree: object) -> Tree:
    """A fitted regression tree as plain lists."""
    leaf = [left < 0 for left in tree.children_left.tolist()]  # type: ignore[attr-defined]
    feature = [-1 if end else f for end, f in zip(leaf, tree.feature.tolist(), strict=True)]  # type: ignore[attr-defined]
    return Tree(
        feature, tree.threshold.tolist(), tree.children_left.tolist(), tree.children_right.tolist(),  # type: ignore[attr-defined]
        tree.value[:, 0, 0].tolist(),  # type: ignore[attr-defined]
    )  # fmt: skip


def save(model: Uplift, path: Path) -> None:
    """Write the model as a JSON file. Raises UsageError: the place cannot be written."""
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(model), indent=1) + b"\n")
    except OSError as error:
        raise UsageError(f"the learned gate cannot be written to {path}: {error.strerror}") from None


def load(path: Path) -> Uplift:
    """The model in a file that `save` wrote. Raises UsageError: no such file, or it holds no learned gate."""
    try:
        model = msgspec.json.decode(path.read_bytes(), type=Uplift)
    except OSError as error:
        raise UsageError(f"the learned gate {path} cannot be read: {error.strerror}; learn one first") from None
    except msgspec.DecodeError as error:
        raise UsageError(f"{path} holds no learned gate: {error}") from None
    if fault := _fault(model):
        raise UsageError(f"{path} holds no learned gate that can be used: {fault}")
    return model


def _fault(model: Uplift) -> str:
    """What would make a prediction fail, or ""."""
    from journeyman.foresee.governors.features import FEATURES

    width = len(model.features) + len(model.worlds)
    if unknown := [name for name in model.features if name not in FEATURES]:
        return f"nothing is known of the feature '{unknown[0]}'"
    if isinstance(model.model, Linear):
        lengths = {len(model.model.mean), len(model.model.scale), len(model.model.coefficients)}
        if lengths != {width} or 0.0 in model.model.scale:
            return f"its coefficients do not fit {width} columns"
        return ""
    for tree in model.model.trees:
        size = len(tree.feature)
        if not size or {len(tree.threshold), len(tree.left), len(tree.right), len(tree.value)} != {size}:
            return "a tree's lists differ in length"
        inner = [node for node in range(size) if tree.feature[node] >= 0]
        # Children come after their parent, so every walk ends.
        if any(not node < child < size for node in inner for child in (tree.left[node], tree.right[node])):
            return "a tree's branches lead nowhere"
        if any(tree.feature[node] >= width for node in inner):
            return f"a tree asks for a column beyond its {width}"
    return ""
