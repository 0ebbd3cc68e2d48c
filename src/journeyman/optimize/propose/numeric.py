"""Tune the numbers of a candidate by CMA-ES: needs no model, and is the proposer to beat before paying for one.

    jm.optimize("operations/job_shop", proposer="numeric", evaluations=100)

The numbers are found in the editable region (see `literal`), each becomes a coordinate (see `axis`), and one CMA-ES for
each chain of the search proposes points around the seed. A parent that another proposer made begins a CMA-ES of its own,
around its numbers. A candidate without a score ranks last. When a strategy stands still it is begun again from the best
point it saw with twice the population (IPOP).

The strategy learns from whole generations in the order in which verdicts come, so any number of candidates may be under
way: those drawn before the last generation was complete are still used.

A. Auger, N. Hansen: A restart CMA evolution strategy with increasing population size. CEC 2005.
R. Hamano, S. Saito, M. Nomura, S. Shirakawa: CMA-ES with margin. GECCO 2022 (integers and choices).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from journeyman.errors import ProposalFailed, UsageError
from journeyman.optimize.propose.axis import Axis, axis_of
from journeyman.optimize.propose.literal import Template, parse
from journeyman.optimize.propose.scan import Value
from journeyman.optimize.trial import SEED, Proposal, Request, Trial
from journeyman.verify import Candidate, Task
from journeyman.verify.task import Parameter

if TYPE_CHECKING:
    import numpy as np

_SIGMA = 0.25
_MANY = 100
"""Coordinates from which on only a diagonal covariance is learned: a full one costs too much and learns too slowly."""
_TEMPLATES = 16


class Numeric:
    """Tunes the numbers of the file `main`.

    What it remembers follows from `observe` alone: each of its candidates carries its point and the strategy it was
    drawn from in `Trial.data`.

    Args:
        main: path of the file.
        parameters: declared ranges, by path; empty: what the text itself says.
        maximize: whether larger scores are better.
    """

    name = "numeric"
    waits = False

    def __init__(
        self, main: str, *, maximize: bool, parameters: Mapping[str, Parameter] | None = None
    ) -> None:
        self._main = main
        self._sign = -1.0 if maximize else 1.0
        self._parameters = parameters or {}
        self._templates: OrderedDict[str, Template] = OrderedDict()
        self._seed: Template | None = None
        self._strategies: dict[str, _Strategy] = {}

    @classmethod
    def for_task(cls, task: Task) -> Numeric:
        """The proposer for a task. Raises UsageError if its seed has no number to tune."""
        made = cls(task.main, maximize=task.better(1.0, 0.0), parameters=task.parameters)
        if not made._template(task.seed).literals:
            raise UsageError(
                f"the proposer 'numeric' finds no number to tune in {task.main!r} of task {task.id!r}; mark some with a "
                "comment like '# tune: 0.1 .. 2', or use another proposer"
            )
        return made

    def propose(self, request: Request, rng: np.random.Generator) -> Proposal:
        """The parent with other numbers."""
        parent = request.parents[0]
        own = parent.data.get(self.name)
        chain = str(request.hint.get("chain", 0))
        data: dict[str, Any] = {}
        if self._seed is not None and (parent.index == SEED or (own is not None and "from" not in own)):
            key, template = chain, self._seed
        else:
            template = self._template(parent.candidate, parent.digest)
            # What another proposer made is a beginning of its own, and goes on record; its descendants go on from there.
            key = f"{chain}/{parent.index}" if own is None else own["strategy"]
            data["from"] = list(template.values if own is None else own["from"])
        if not template.literals:
            raise ProposalFailed("nothing_to_tune", f"{self._main} has no number to tune")
        strategy = self._strategy(key, template, data.get("from"))
        point = strategy.ask(int(rng.integers(2**31)))
        values = strategy.values(point)
        data.update(strategy=key, restart=strategy.restarts, point=point)
        candidate = parent.candidate.replace(self._main, template.render(values))
        return Proposal(candidate, note=_note(template, values), data={"numeric": data})

    def observe(self, trial: Trial) -> None:
        """Learn from one of its own; the seed shows where to begin."""
        if trial.index == SEED:
            self._seed = self._template(trial.candidate, trial.digest)
            return
        data = trial.data.get(self.name)
        if data is None:
            return
        key = data["strategy"]
        if key not in self._strategies and "from" in data:
            self._strategy(key, self._template(trial.candidate, trial.digest), data["from"])
        strategy = self._strategy(key, self._seed, None) if "from" not in data else self._strategies[key]
        loss = None if trial.score is None else self._sign * trial.score
        strategy.tell(trial.index, data["restart"], data["point"], loss, repeated=trial.same_as is not None)

    def _strategy(self, key: str, template: Template | None, start: Sequence[Value] | None) -> _Strategy:
        known = self._strategies.get(key)
        if known is None:
            assert template is not None
            known = self._strategies[key] = _Strategy(template, start)
        return known

    def _template(self, candidate: Candidate, digest: str | None = None) -> Template:
        digest = digest or candidate.digest
        known = self._templates.get(digest)
        if known is None:
            known = parse(self._main, candidate.text(self._main), self._parameters)
            self._templates[digest] = known
            if len(self._templates) > _TEMPLATES:
                self._templates.popitem(last=False)
        return known


class _Strategy:
    """CMA-ES with restarts on the literals of one template, begun at the values `start` (None: the template's own)."""

    def __init__(self, template: Template, start: Sequence[Value] | None) -> None:
        import numpy as np

        literals = template.literals
        self.start = tuple(start) if start is not None else template.values
        centred = [replace(literal, value=value) for literal, value in zip(literals, self.start, strict=True)]
        self._axes: list[Axis] = [axis_of(literal) for literal in centred]
        self._best_point = np.array(
            [axis.coordinate(v) for axis, v in zip(self._axes, self.start, strict=True)]
        )
        self._best_loss = math.inf
        self.restarts = 0
        self._population = 4 + math.floor(3 * math.log(len(self._axes)))
        self._generation: list[tuple[np.ndarray, float | None]] = []
        self._told: set[int] = set()
        self._repeated = 0
        self._improved_at = 0
        self._cma: Any = None
        self._begin()

    def ask(self, seed: int) -> list[float]:
        """A new point; the same seed gives the same while nothing was told."""
        self._cma.reseed_rng(seed)
        drawn = self._cma.ask()
        # With a margin the strategy gives the point on the grid and the one it learns from; values are rounded here anyway.
        point = drawn[1] if isinstance(drawn, tuple) else drawn
        return [float(u) for u in point]

    def values(self, point: Sequence[float]) -> list[Value]:
        """The literals' values at a point."""
        return [axis.value(u) for axis, u in zip(self._axes, point, strict=True)]

    def tell(
        self, index: int, restart: int, point: Sequence[float], loss: float | None, *, repeated: bool
    ) -> None:
        """Learn from trial `index`. `loss` is to be small; None if there is no score."""
        import numpy as np

        if index in self._told:
            return
        self._told.add(index)
        if loss is not None and loss < self._best_loss:
            self._best_loss, self._best_point = loss, np.array(point)
            self._improved_at = self._cma.generation
        if restart != self.restarts:
            return
        self._generation.append((np.array(point), loss))
        self._repeated += repeated
        if len(self._generation) == self._cma.population_size:
            self._learn()

    def _learn(self) -> None:
        losses = [loss for _, loss in self._generation if loss is not None]
        worst = max(losses, default=0.0)
        # No score ranks behind every score of the generation, however bad that is.
        last = worst + max(1.0, abs(worst))
        self._cma.tell([(point, last if loss is None else loss) for point, loss in self._generation])
        patience = 10 + math.ceil(30 * len(self._axes) / self._cma.population_size)
        stuck = self._repeated == len(self._generation) or self._cma.generation - self._improved_at > patience
        self._generation, self._repeated = [], 0
        if stuck or (losses and self._cma.should_stop()):
            self.restarts += 1
            self._population *= 2
            self._begin()

    def _begin(self) -> None:
        import cmaes
        import numpy as np

        steps = np.array([axis.step for axis in self._axes])
        bounds = np.array([(0.0, axis.width) if axis.bounded else (-np.inf, np.inf) for axis in self._axes])
        # The point on a grid that is learned from may lie outside of what it stands for.
        mean = np.clip(self._best_point, *bounds.T)
        shared = {"population_size": self._population, "seed": 0}
        if (steps > 0).any():
            self._cma = cmaes.CMAwM(mean, _SIGMA, bounds, steps, **shared)
        elif len(self._axes) > _MANY:
            self._cma = cmaes.SepCMA(mean, _SIGMA, bounds, **shared)
        else:
            self._cma = cmaes.CMA(mean, _SIGMA, bounds, **shared)
        self._generation, self._repeated = [], 0
        self._improved_at = 0


def _note(template: Template, values: Sequence[Value]) -> str:
    shown = [
        f"{literal.name} {_short(value)}" for literal, value in zip(template.literals, values, strict=True)
    ]
    return ", ".join(shown[:6]) + (f" and {len(shown) - 6} more" if len(shown) > 6 else "")


def _short(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
