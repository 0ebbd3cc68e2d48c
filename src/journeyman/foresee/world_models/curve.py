"""How a learned world model gets better with the transitions it was trained on (spec J8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from journeyman.foresee.world_models.measure import Measured, measure
from journeyman.foresee.worlds.world import World

if TYPE_CHECKING:
    from journeyman.report.table import Table

SIZES = (50, 100, 200, 500, 1000, 2000, 5000)


@dataclass(frozen=True)
class Learning:
    """One training: how many transitions, which seed, and what came of it."""

    transitions: int
    seed: int
    measured: Measured


def learning_curve(
    kind: str, world: World, *, sizes: Sequence[int] = SIZES, seeds: Sequence[int] = (0, 1, 2), states: int = 400
) -> list[Learning]:
    """`kind` ("table" or "ensemble", or either with settings) trained on more and more transitions, measured in the same
    states each time.

    Raises UsageError: as `open_world_model` and `measure`.
    """
    joint = "," if ":" in kind else ":"
    return [
        Learning(size, seed, measure(f"{kind}{joint}transitions={size},seed={seed}", world, states=states))
        for size in sizes
        for seed in seeds
    ]


def curve_table(found: Sequence[Learning]) -> Table:
    """A row a size: means over the seeds, with the lowest and highest of the shares in brackets."""
    from journeyman.report.table import Table

    columns = ("transitions", "seeds", "wrong at 1", "wrong at the deepest", "ECE", "wrong decision")
    rows = []
    for size in sorted({one.transitions for one in found}):
        of = [one.measured for one in found if one.transitions == size]
        decisions = [m.wrong_decisions.value for m in of if m.wrong_decisions is not None]
        rows.append((
            str(size), str(len(of)), _spread([m.depths[0].shown.value for m in of]),
            _spread([m.depths[-1].shown.value for m in of]), f"{sum(m.calibration.ece for m in of) / len(of):.3f}",
            _spread(decisions) if decisions else "–",
        ))  # fmt: skip
    title = f"{found[0].measured.world}, learned from few and many" if found else ""
    return Table(columns, rows, title, frozenset(columns), "per cent: mean [lowest, highest] over the seeds")


def _spread(shares: Sequence[float]) -> str:
    return f"{100 * sum(shares) / len(shares):.1f} [{100 * min(shares):.1f}, {100 * max(shares):.1f}]"
