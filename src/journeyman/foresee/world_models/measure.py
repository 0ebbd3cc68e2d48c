"""How good a world model is: against what really happens, by its own confidence, and by the decisions it leads to (spec J8).

    measure("table:transitions=200", world)

Decision error is the figure to plot an agent's benefit against: a model may be wrong where no decision depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from journeyman.errors import UsageError
from journeyman.foresee.draws import Draws
from journeyman.foresee.world_models.calibration import Calibration, calibration
from journeyman.foresee.world_models.clone import clone
from journeyman.foresee.world_models.logged import Visit, label_of, walk
from journeyman.foresee.world_models.model import Asked, Prediction, WorldModel
from journeyman.foresee.world_models.open import open_world_model
from journeyman.foresee.world_models.worth import action_worth, knows_worth, predicted_worth
from journeyman.foresee.worlds.world import Instance, Labelled, World

if TYPE_CHECKING:
    from journeyman.report.table import Table

DEPTH = 8
MATTERS = 0.05
"""A loss of true value above this makes a decision wrong (spec J8)."""
DISCOUNT = 0.97
"""Of a success for each action until then, as in the spec's pilots (Appendix 1)."""


@dataclass(frozen=True)
class Share:
    """`hits` of `n` independent cases, with Wilson's 95 % interval."""

    hits: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.hits / self.n


@dataclass(frozen=True)
class AtDepth:
    """Of predictions of `depth` actions: in what share the digest is wrong, and in what share what is shown (the digest or
    the symbols)."""

    depth: int
    wrong: Share
    shown: Share


@dataclass(frozen=True)
class Measured:
    """A world model against the exact one, in one state of each of `states` test instances.

    Attributes:
        wrong_labels: share of single actions of which another label is shown than happens, slips aside; None: no labels.
        depths: errors at 1, 2 ... actions, of states from which the episode went on for so long.
        calibration: of the confidence, over questions of all depths, whether or not the episode went on; right is what is
            shown rightly.
        wrong_decisions: share of states in which the action that looks best one step ahead, by what is predicted and the
            exact planner after it, is worth less than the best by more than `MATTERS`; None: no planner.
        lost: mean of what is lost so; None likewise.
        realised: channel -> mean of what was realised, over the predictions of all depths.
    """

    model: str
    world: str
    states: int
    wrong_labels: Share | None
    depths: tuple[AtDepth, ...]
    calibration: Calibration
    wrong_decisions: Share | None
    lost: float | None
    realised: dict[str, float]


@dataclass(frozen=True)
class _Case:
    """A state that is not over, how it was come to, and what happens from there; of that, the first `lasting` actions were
    taken before the episode was over, the others change nothing. `number` keys its draws."""

    instance: Instance
    number: int
    before: Sequence[Visit]
    ahead: Sequence[Visit]
    lasting: int


def measure(
    model: str | WorldModel, world: World, *, states: int = 400, depth: int = DEPTH, hope: str = "safe", seed: int = 0
) -> Measured:
    """Measure `model` in `states` states of the test split, one of each instance.

    States and actions come from episodes of half random, half planned actions. The live `world` is left alone.

    Args:
        depth: most actions of a prediction.
        hope: of all questions, which channels may comply with; "" for none.

    Raises UsageError: a name that there is no world model of, numbers below 1, or more states than instances.
    """
    if states < 1 or depth < 1:
        raise UsageError(f"measuring needs at least 1 state and depth 1, not {states} and {depth}")
    if isinstance(model, str):
        model = open_world_model(model, world)
    own, draws = clone(world), Draws(seed)
    cases = [_case(own, instance, draws, i, depth) for i, instance in enumerate(world.instances(states))]
    wrong: list[list[bool]] = [[] for _ in range(depth)]
    shown: list[list[bool]] = [[] for _ in range(depth)]
    labels: list[bool] = []
    confidences: list[float] = []
    right: list[bool] = []
    sums: dict[str, float] = {}
    for case in cases:
        for k in range(1, len(case.ahead) + 1):
            actions = [visit.action for visit in case.ahead[:k]]
            prediction = model.predict(case.ahead[0].state, actions, _asked(case, draws, hope))
            digest_wrong, shown_wrong = _faults(own, case.ahead[k - 1], prediction)
            if k <= case.lasting:
                wrong[k - 1].append(digest_wrong)
                shown[k - 1].append(shown_wrong)
            confidences.append(prediction.confidence)
            right.append(not shown_wrong)
            for channel, size in prediction.realised.items():
                sums[channel] = sums.get(channel, 0.0) + size
            if k == 1 and isinstance(own, Labelled):
                state, action = case.ahead[0].state, actions[0]
                labels.append(label_of(own, state, action, prediction.digest) != own.label(state, action))
    losses = [_loss(own, model, case, draws, hope) for case in cases] if knows_worth(own) else []
    return Measured(
        model=model.name, world=world.about.name, states=states,
        wrong_labels=_share(labels) if labels else None,
        depths=tuple(
            AtDepth(k + 1, _share(wrong[k]), _share(shown[k])) for k in range(depth) if wrong[k]
        ),
        calibration=calibration(confidences, right),
        wrong_decisions=_share([loss > MATTERS for loss in losses]) if losses else None,
        lost=sum(losses) / len(losses) if losses else None,
        realised={channel: total / len(confidences) for channel, total in sums.items()},
    )  # fmt: skip


def measured_table(found: Sequence[Measured]) -> Table:
    """One row a model: shares in per cent with their intervals."""
    from journeyman.report.table import Table

    deepest = max((one.depths[-1].depth for one in found), default=1)
    middle = [k for k in (1, 2, 4, 8) if k <= deepest]
    columns = ("world model", "wrong label", *(f"wrong at {k}" for k in middle), "ECE", "Brier", "wrong decision", "lost")
    rows = [
        (
            one.model, _percent(one.wrong_labels),
            *(_percent(next((d.shown for d in one.depths if d.depth == k), None)) for k in middle),
            f"{one.calibration.ece:.3f}", f"{one.calibration.brier:.3f}",
            _percent(one.wrong_decisions), "–" if one.lost is None else f"{one.lost:.3f}",
        )
        for one in found
    ]  # fmt: skip
    note = (
        "per cent with 95 % intervals; wrong at k: what is shown of k actions; ECE, Brier: of the confidence; "
        f"wrong decision: the best-looking action is worth less than the best by more than {MATTERS:g}; lost: mean of that"
    )
    title = f"{found[0].world}, {found[0].states} states" if found else ""
    return Table(columns, rows, title, frozenset(columns[1:]), note)


def _case(world: World, instance: Instance, draws: Draws, number: int, depth: int) -> _Case:
    visits = walk(world, instance, draws, number)
    at = draws.below(len(visits), "policy", "state", number)
    ahead = visits[at : at + depth]
    lasting = len(ahead)
    while len(ahead) < depth:
        state, action = ahead[-1].after, draws.below(len(world.about.actions), "policy", "beyond", number, len(ahead))
        world.restore(state)
        if not world.digest()["terminal"]:
            world.step(action)
            lasting = len(ahead) + 1
        ahead.append(Visit(state, action, world.snapshot()))
    return _Case(instance, number, visits[:at], ahead, lasting)


def _asked(case: _Case, draws: Draws, hope: str) -> Asked:
    history = (*(visit.state for visit in case.before), case.ahead[0].state)
    return Asked(draws, case.instance.id, call=0, history=history, hope=hope)


def _faults(world: World, last: Visit, prediction: Prediction) -> tuple[bool, bool]:
    """Whether the digest is wrong, and whether what is shown is."""
    world.restore(last.after)
    wrong = dict(prediction.digest) != dict(world.digest())
    symbols = prediction.observation.symbols
    return wrong, wrong or bool(symbols and symbols != world.observe("symbols").symbols)


def _loss(world: World, model: WorldModel, case: _Case, draws: Draws, hope: str) -> float:
    """True value that is lost by the action that looks best; of several such, a random one."""
    state = case.ahead[0].state
    looks = [
        predicted_worth(world, state, action, model.predict(state, (action,), _asked(case, draws, hope)), DISCOUNT)
        for action in range(len(world.about.actions))
    ]
    best = [action for action, worth in enumerate(looks) if worth >= max(looks) - 1e-9]
    true = action_worth(world, state, DISCOUNT)
    return max(true) - true[best[draws.below(len(best), "policy", "tie", case.number)]]


def _share(hits: Sequence[bool]) -> Share:
    from scipy import stats

    interval = stats.binomtest(sum(hits), len(hits)).proportion_ci(0.95, method="wilson")
    return Share(sum(hits), len(hits), float(interval.low), float(interval.high))


def _percent(share: Share | None) -> str:
    if share is None:
        return "–"
    return f"{100 * share.value:.1f} [{100 * share.low:.1f}, {100 * share.high:.1f}]"
