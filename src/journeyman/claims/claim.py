"""A claim of a paper as a test that can be run again: setting, criterion fixed beforehand, measured result, verdict.

What ran with stand-ins (small models, random numbers, scripted agents) tests a *mechanism*: that the cause gives the
effect. Only what ran with real models tests the *claim*. The words of a verdict are made here and nowhere else, so that a
mechanism can never read as if the claim held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from journeyman.errors import UsageError

if TYPE_CHECKING:
    from markupsafe import Markup

Kind = Literal["mechanism", "claim"]
Outcome = Literal["reproduced", "contradicted", "undecided"]
Words = Literal[
    "holds in mechanism", "does not reproduce in mechanism", "holds", "does not reproduce", "undecided"
]

LEAST_SEEDS = 3

_WORDS: dict[tuple[str, str], Words] = {
    ("mechanism", "reproduced"): "holds in mechanism",
    ("mechanism", "contradicted"): "does not reproduce in mechanism",
    ("claim", "reproduced"): "holds",
    ("claim", "contradicted"): "does not reproduce",
}


@dataclass(frozen=True)
class Arm:
    """One condition of the experiment: its name in tables and figures, and its settings as plain data."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """One arm with one seed: what a claim's `run` is given.

    Attributes:
        models: role -> folder or hub name of a real model; empty: the stand-ins that the claim itself provides.
        effort: share of the full amount of work (steps, samples), above 0 and up to 1.
    """

    arm: Arm
    seed: int
    models: Mapping[str, str] = field(default_factory=dict)
    effort: float = 1.0

    def share(self, whole: int, *, least: int = 1) -> int:
        """`whole` steps or samples at this effort, at least `least`."""
        return max(least, round(self.effort * whole))


@dataclass(frozen=True)
class Measured:
    """What came out: arm -> seed -> plain data, in the order of the claim's arms and of the seeds."""

    cells: Mapping[str, Mapping[int, Mapping[str, Any]]]

    @property
    def seeds(self) -> list[int]:
        """The seeds that every arm has."""
        return sorted(set.intersection(*(set(by_seed) for by_seed in self.cells.values())))

    def values(self, arm: str, name: str) -> list[float]:
        """A number of one arm, for each seed in order. Raises KeyError for a name that was not measured."""
        return [float(self.cells[arm][seed][name]) for seed in self.seeds]

    def curves(self, arm: str, name: str) -> list[list[tuple[float, float]]]:
        """A list of (x, y) of one arm, for each seed in order."""
        return [[(float(x), float(y)) for x, y in self.cells[arm][seed][name]] for seed in self.seeds]


@dataclass(frozen=True)
class Judgement:
    """What a claim's `judge` says: whether the criterion is met, in a sentence with its figures."""

    outcome: Outcome
    sentence: str
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ClaimVerdict:
    """The last word: `words` say which kind of test it was."""

    words: Words
    sentence: str
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Claim:
    """A claim and its test.

    Attributes:
        id: short name, E0, E1, ...
        title: what it is about, in a few words.
        statement: what the paper says, in our words.
        source: the paper, with section, figure or equation.
        stated: what stands before the statement on its page; another word where no paper says it.
        setting: what is done here: models, data, arms, sizes.
        criterion: what must come out for the claim to hold; written before anything was run.
        arms: the conditions that are compared.
        run: measures one cell: plain data (numbers, texts, lists). A module's function: it runs in a process of its own.
        judge: holds what was measured against the criterion.
        draw: the figure's panels.
        seeds: how many repetitions a verdict needs.
        roles: what `--model ROLE=NAME` can replace by real models; empty where there is nothing to replace.
        stand_ins: role -> lab model that plays it where no real one is named; what was measured with another is not it.
        minutes: of one cell with the stand-ins on one core, roughly.
        tabled: of results that are nested, the names of the numbers, and of [value, low, high], that the page's table
            shows; empty: those that are not nested.
        rests_on: folders of the package, by name, whose code decides what `run` measures; a change there is measured anew.
        version: changed when `run` measures something else, so that what was measured before is not mistaken for it.
    """

    id: str
    title: str
    statement: str
    source: str
    setting: str
    criterion: str
    arms: Sequence[Arm]
    run: Callable[[Cell], Mapping[str, Any]]
    judge: Callable[[Measured], Judgement]
    draw: Callable[[Measured], Sequence[Markup]]
    seeds: int = LEAST_SEEDS
    roles: Sequence[str] = ()
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    minutes: float = 1.0
    version: int = 1
    stated: str = "The paper says"
    tabled: Sequence[str] = ()
    rests_on: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.seeds < LEAST_SEEDS:
            raise UsageError(f"claim {self.id} asks for {self.seeds} seeds; a verdict needs at least {LEAST_SEEDS}")
        names = [arm.name for arm in self.arms]
        if not names or len(set(names)) != len(names):
            raise UsageError(f"claim {self.id} needs arms with names that differ, not {names}")


def kind_of(claim: Claim, models: Mapping[str, str]) -> Kind:
    """What a run with these models tests. Raises UsageError for a role that the claim does not have."""
    for role in models:
        if role not in claim.roles:
            there = f"its roles are {', '.join(claim.roles)}" if claim.roles else "it takes no models"
            raise UsageError(f"claim {claim.id} has no role {role!r}; {there}")
    return "claim" if claim.roles and set(models) == set(claim.roles) else "mechanism"


def verdict_of(claim: Claim, measured: Measured, models: Mapping[str, str], effort: float) -> ClaimVerdict:
    """The verdict in words that say what kind of test it was.

    With fewer seeds than the claim asks for, or less than the whole effort, it is undecided, whatever came out.
    """
    found = claim.judge(measured)
    seeds = len(measured.seeds)
    if seeds < claim.seeds:
        said = f"{seeds} seed{'s' * (seeds != 1)} where {claim.seeds} are asked for. So far: {found.sentence}"
        return ClaimVerdict("undecided", said, found.figures)
    if effort < 1.0:
        said = f"Only {100 * effort:.3g} % of the work the criterion was written for. So far: {found.sentence}"
        return ClaimVerdict("undecided", said, found.figures)
    words = _WORDS.get((kind_of(claim, models), found.outcome), "undecided")
    return ClaimVerdict(words, found.sentence, found.figures)
