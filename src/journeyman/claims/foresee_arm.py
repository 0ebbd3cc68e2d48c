"""Arms of claims about foresight: agents, world models, modes and governors on the same instances, scored in pairs.

With stand-ins the agents are scripted, and each of three seeds has draws and up to 166 instances of its own, so that seeds
are independent and their intervals can be put together. With a real agent `evaluate` plays the first instances and keeps a
run of each cell, with every reply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Cell, Measured
from journeyman.errors import UsageError

if TYPE_CHECKING:
    from markupsafe import Markup

    from journeyman.foresee.agents.agent import Maker
    from journeyman.foresee.evaluation.opened import Opened
    from journeyman.foresee.governors.governor import Governor
    from journeyman.foresee.protocol.decision import Episode
    from journeyman.foresee.protocol.scene import Scene
    from journeyman.foresee.score.measured import Measured as Score
    from journeyman.foresee.world_models.model import WorldModel
    from journeyman.foresee.worlds.world import Instance
    from journeyman.report.draw.lines import Level

AGENT = "agent"
"""The role of the agent, where a real one can play it."""
CALLS_NEVER = "scripted:perception=0.15,call=never"
"""Misperceives 15 % of the tiles, holds a calibrated belief and leaves calls to a governor (spec Appendix 1)."""
COST = 0.02
"""Of a call in the net value, in successes (spec Appendix 1)."""
RESTS_ON = tuple(f"foresee/{name}" for name in ("agents", "attribution", "governors", "protocol", "world_models", "worlds"))
"""Code that decides how episodes come out."""
BLOCK = 166
"""Instances of a seed: three seeds share the 500 of a split, so that no instance is played for two of them."""
_WAITING = 8
"""Episodes at once of an agent that waits for a model or a program."""
_TOLD = ("success", "helps", "hurts", "gain", "calls", "called", "net")


@dataclass(frozen=True)
class Setting:
    """What is played. `reliable`: share of right predictions that the agent is told of, in 0..1; None: of none."""

    agent: str = CALLS_NEVER
    world_model: str = "exact"
    mode: str = "normal"
    governor: str = "none"
    reliable: float | None = None


@dataclass(frozen=True)
class Stage:
    """A setting, opened to be played, on all instances of a split."""

    scene: Scene
    make: Maker
    instances: Sequence[Instance]

    def under(self, governor: Governor | None = None, model: WorldModel | None = None) -> Stage:
        """With another governor, or a world model in place of the one that was opened."""
        return replace(self, scene=replace(self.scene, governor=governor, model=model or self.scene.model))

    def play(self, which: Sequence[int], seed: int) -> list[Episode]:
        """The instances of these numbers, in order; a governor keeps what it learns."""
        from journeyman.foresee.draws import Draws
        from journeyman.foresee.protocol.episode import play

        return [play(self.scene, self.instances[i], self.make(), Draws(seed)) for i in which]


def staged(world: str, setting: Setting, split: str = "test") -> Stage:
    """Raises UsageError and its kin for a name that is none."""
    from journeyman.foresee.cell import Cell as Played

    opened = _opened(world, split)
    cell = Played(setting.agent, setting.world_model, setting.mode, setting.governor)
    return Stage(replace(opened.scene(cell), reliable=setting.reliable), opened.maker(setting.agent), opened.instances)


def block(seed: int, n: int) -> list[int]:
    """Numbers of the `n` instances of a seed; those of three seeds overlap where `n` is above `BLOCK`."""
    from journeyman.foresee.worlds.instance_ids import PER_SPLIT

    return [(seed % 3 * BLOCK + i) % PER_SPLIT for i in range(min(n, PER_SPLIT))]


def played(world: str, setting: Setting, cell: Cell, n: int, *, times: int = 1) -> list[Episode]:
    """A claim's cell under one setting: the seed's instances, each `times` with other draws; or the real agent's run.

    Raises UsageError: a scripted agent is named as the real one, or what is wrong with its name.
    """
    if cell.models:
        from journeyman.foresee.agents.agent import waits
        from journeyman.foresee.evaluate import evaluate

        name = cell.models[AGENT]
        if name.partition(":")[0] == "scripted" or name.startswith("scripted/"):
            raise UsageError(f"'{name}' is a stand-in, and what it does is no test of the claim; name a real agent")
        parallel = _WAITING if waits(_opened(world, "test").maker(name)) else 1
        seeds = [cell.seed * times + again for again in range(times)]
        return evaluate(
            world, agents=name, world_models=setting.world_model, modes=setting.mode,
            governors=setting.governor, instances=n, seeds=seeds, reliable=setting.reliable,
            parallel=parallel,
        ).episodes  # fmt: skip
    stage = staged(world, setting)
    return [
        episode for again in range(times)
        for episode in stage.under(stage.scene.governor).play(block(cell.seed, n), cell.seed * times + again)
    ]  # fmt: skip


def told(episodes: Sequence[Episode], without: Sequence[Episode], cost: float = COST) -> dict[str, list[float]]:
    """Scores against the same episodes without a world model, each as [value, low, high] with a 95 % interval.

    success, helps, hurts, gain (helps less hurts) and called (share of episodes with a call) are shares, calls a number an
    episode, net the success less `cost` a call.
    """
    from journeyman.foresee.score.access import access
    from journeyman.foresee.score.interval import measure, part_of
    from journeyman.foresee.score.success import success, totals
    from journeyman.foresee.score.value import Prices, net

    sums, found = totals(episodes), access(pairs(episodes, without), "nothing is paired")
    every = success(sums)
    named: dict[str, Score] = {
        "success": every["success/rate_resampled"], "helps": found["access/helps"], "hurts": found["access/hurts"],
        "gain": found["access/delta"], "calls": every["cost/calls"],
        "called": measure(sums, part_of("called", "n"), share=True), "net": net(sums, Prices(call=cost)),
    }  # fmt: skip
    return {name: plain(named[name]) for name in _TOLD}


def pairs(first: Sequence[Episode], second: Sequence[Episode]) -> list[tuple[Episode, ...]]:
    """Episodes of the same instance and seed."""
    there = {(one.instance, one.seed): one for one in second}
    return [(one, there[one.instance, one.seed]) for one in first if (one.instance, one.seed) in there]


def apart(first: Sequence[Episode], second: Sequence[Episode], cost: float = 0.0) -> list[float]:
    """Mean of success less `cost` a call of the first, less that of the second, in pairs: [value, low, high]."""
    return mean_apart([
        (one.instance, one.success - other.success - cost * (one.calls - other.calls)) for one, other in pairs(first, second)
    ])  # fmt: skip


def mean_apart(values: Sequence[tuple[str, float]], level: float = 0.95) -> list[float]:
    """Mean of (instance, value) with its bootstrap interval over instances: [value, low, high]; [] where there is none."""
    import numpy as np

    from journeyman.foresee.score.interval import measure, part_of, sample

    rows: dict[str, dict[str, float]] = {}
    for instance, value in values:
        row = rows.setdefault(instance, {"sum": 0.0, "n": 0.0})
        row["sum"] += value
        row["n"] += 1
    if not rows:
        return []
    sums = sample([rows[key] for key in sorted(rows)])
    if level == 0.95:
        return plain(measure(sums, part_of("sum", "n")))
    mean = float(part_of("sum", "n")(sums.sums)[0])
    ends = np.quantile(part_of("sum", "n")(sums.drawn), [0.5 - level / 2, 0.5 + level / 2])
    return [mean, *map(float, ends)]


def plain(score: Score) -> list[float]:
    """[value, low, high]; where nothing varied, all three are the value. Raises ValueError: there is no value."""
    if score.value is None:
        raise ValueError(score.why)
    value = float(score.value)
    return [value, value if score.low is None else float(score.low), value if score.high is None else float(score.high)]


def pooled(triples: Sequence[Sequence[float]]) -> list[float]:
    """[value, low, high] of the mean of independent measurements, such as those of several seeds."""
    from journeyman.foresee.score.interval import mean_of
    from journeyman.foresee.score.measured import Measured as Score

    return plain(mean_of([Score(value, low, high) for value, low, high in triples]))


def over(measured: Measured, arm: str, *path: str) -> list[float]:
    """[value, low, high] over the seeds of what a cell keeps under these names, one in the other."""
    found = []
    for seed in measured.seeds:
        at: Any = measured.cells[arm][seed]
        for name in path:
            at = at[name]
        found.append(at)
    return pooled(found)


def shown(triple: Sequence[float], digits: int = 3, sign: bool = False) -> str:
    """`0.648 [0.601, 0.690]`."""
    form = f"{'+' if sign else ''}.{digits}f"
    return f"{triple[0]:{form}} [{triple[1]:{form}}, {triple[2]:{form}}]"


def lines(
    measured: Measured, curves: Mapping[str, Sequence[tuple[float, str, Sequence[str]]]], *, x_name: str, y_name: str,
    bounds: tuple[float | None, float | None] = (None, None), levels: Sequence[Level] = (),
) -> Markup:  # fmt: skip
    """A panel of curves with their intervals. `curves`: name -> (x, arm, names under which its cells keep the value)."""
    from journeyman.report.draw.lines import Series, draw_lines

    series = []
    for i, (name, at) in enumerate(curves.items()):
        found = [(x, over(measured, arm, *path)) for x, arm, path in at]
        series.append(Series(
            name, f"s{i % 7}", [(x, one[0]) for x, one in found], [(x, one[1], one[2]) for x, one in found], dots=True
        ))  # fmt: skip
    words = "; ".join(f"{one.name} from {one.points[0][1]:.3g} to {one.points[-1][1]:.3g}" for one in series if one.points)
    return draw_lines(
        series, x_name=x_name, y_name=y_name, bounds=bounds, levels=levels, label=f"{y_name}: {words}", width=420,
        height=250, smooth=False,
    )  # fmt: skip


def mean_lines(
    measured: Measured, name: str, arms: Sequence[str], *, x_name: str, y_name: str, levels: Sequence[Level] = ()
) -> Markup:
    """A panel of what cells keep as [[x, y]]: the mean of the seeds that have a point there, and their range; from 0 up."""
    from journeyman.report.draw.lines import Series, draw_lines

    series = []
    for i, arm in enumerate(arms):
        at: dict[float, list[float]] = {}
        for curve in measured.curves(arm, name):
            for x, y in curve:
                at.setdefault(x, []).append(y)
        points = [(x, sum(ys) / len(ys)) for x, ys in sorted(at.items())]
        series.append(Series(arm, f"s{i}", points, [(x, min(ys), max(ys)) for x, ys in sorted(at.items())], dots=True))
    words = "; ".join(f"{one.name} from {one.points[0][1]:.3g} to {one.points[-1][1]:.3g}" for one in series if one.points)
    return draw_lines(
        series, x_name=x_name, y_name=y_name, bounds=(0.0, None), levels=levels, label=f"{y_name}: {words}", width=420,
        height=250, smooth=False,
    )  # fmt: skip


@lru_cache(maxsize=4)
def _opened(world: str, split: str) -> Opened:
    from journeyman.foresee.cell import Cell as Played
    from journeyman.foresee.evaluation.opened import Opened
    from journeyman.foresee.evaluation.plan import Given, Plan
    from journeyman.foresee.worlds.registry import open_world

    return Opened(Plan(world, (Played("scripted"),), len(open_world(world).instances(split=split)), split), Given())
