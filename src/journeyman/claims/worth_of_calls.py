"""F2: the governor that weighs what a call could change against its cost is never far behind the better of both habits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.foresee_arm import (
    COST,
    RESTS_ON,
    Setting,
    apart,
    block,
    lines,
    mean_apart,
    over,
    shown,
    staged,
    told,
)

if TYPE_CHECKING:
    from markupsafe import Markup

    from journeyman.claims.foresee_arm import Stage
    from journeyman.foresee.agents.agent import Brief
    from journeyman.foresee.governors.governor import Checked, Governor, Point, Ruling
    from journeyman.foresee.governors.margins import Margins
    from journeyman.foresee.protocol.decision import Episode

WORLD, LEARNING, INSTANCES = "lake-6", 400, 166
"""Episodes of a governor that learns while it is used, and of all else, for each seed."""
FIDELITIES = (1.0, 0.8, 0.6)
OURS, GIVEN, STEPS = "voi", "voi, reliability given", "voi, single steps"
PART_OF_ALWAYS, MOST_CALLS, MOST_LOST, ENOUGH = 0.95, 0.3, 0.01, 20


def run(cell: Cell) -> Mapping[str, Any]:
    """Never, always and three forms of the governor at one fidelity; and what its first call adds, with a safe margin and
    without."""
    fidelity: float = cell.arm.settings["fidelity"]
    many, which = (block(cell.seed, cell.share(n, least=10)) for n in (LEARNING, INSTANCES))
    never = _stage("never", fidelity).play(many, cell.seed)
    found: dict[str, Any] = {}
    for name, governor in {
        "never": "never", "always": "always", OURS: "voi", GIVEN: f"voi:reliability={fidelity:g}", STEPS: "voi:depth=1",
    }.items():  # fmt: skip
        episodes = _stage(governor, fidelity).play(which if name in (GIVEN, STEPS) else many, cell.seed)
        found[name] = {**told(episodes, never), "net less never": apart(episodes, never, COST)}
    error = margins_of(fidelity, which, cell.seed)
    margin = 2.0 * (error.epsilon or 0.0) + (error.delta or 0.0)
    found |= {"epsilon": error.epsilon, "delta": error.delta, "margin": margin}
    for name, settings in {
        "first call": f"voi:reliability={fidelity:g}",
        "first safe call": f"voi:reliability={fidelity:g},epsilon={error.epsilon or 0.0},delta={error.delta or 0.0}",
    }.items():
        values = gains(_stage("never", fidelity), settings, never[: len(which)], which, cell.seed)
        found[name] = {"calls": len(values), "values": [value for _, value in values], "gain": mean_apart(values)}
    return found


def _stage(governor: str, fidelity: float, split: str = "test") -> Stage:
    model = "exact" if fidelity == 1.0 else f"exact+transition={1.0 - fidelity:g}"
    return staged(WORLD, Setting(world_model=model, governor=governor, reliable=fidelity), split)


def margins_of(fidelity: float, which: Sequence[int], seed: int) -> Margins:
    """epsilon of values without calls, delta of what is shown, on instances of the other split."""
    from journeyman.foresee.governors.margins import Margins, margins

    alone = margins(_stage("never", fidelity, "train").play(which, seed))
    called = margins(_stage(f"voi:cost=0,reliability={fidelity:g}", fidelity, "train").play(which, seed))
    return Margins(alone.epsilon, called.delta, alone.values, called.predictions)


def gains(
    stage: Stage, settings: str, never: Sequence[Episode], which: Sequence[int], seed: int
) -> list[tuple[str, float]]:
    """(instance, success less cost with the first call that the governor would make and none after, less success without
    any), of the instances on which there is such a call."""
    from journeyman.foresee.governors.open import open_governor
    from journeyman.foresee.governors.voi import Voi

    opened = open_governor(settings)
    assert isinstance(opened, Voi)
    once = stage.under(First(opened)).play(which, seed)
    return [
        (one.instance, one.success - other.success - COST * one.calls)
        for one, other in zip(once, never, strict=True) if one.calls
    ]  # fmt: skip


class First:
    """A governor's first call of an episode, and no other."""

    learns = False

    def __init__(self, governor: Governor) -> None:
        self.name, self._governor = f"first of {governor.name}", governor

    def begin(self, brief: Brief) -> None:
        self._governor.begin(brief)

    def rule(self, point: Point) -> Ruling:
        """As the governor would while nothing was called; after that no call."""
        from journeyman.foresee.governors.gate import ruling

        return ruling(point, None, "the first call was made") if point.calls else self._governor.rule(point)

    def learn(self, checked: Checked) -> None:
        """Nothing is learned: reliability is given."""

    def ended(self, success: bool) -> None:
        """Nothing is kept."""


def judge(measured: Measured) -> Judgement:
    """The criterion, on all seeds together."""
    net = {(arm, name): over(measured, arm, name, "net") for arm in measured.cells for name in ("never", "always", OURS)}
    best, low = _arm(1.0), _arm(0.6)
    part = net[best, OURS][0] / net[best, "always"][0]
    calls, less = over(measured, low, OURS, "calls"), over(measured, low, OURS, "net less never")
    missed = []
    if part < PART_OF_ALWAYS:
        missed.append(f"{100 * part:.1f} % of always-calling's net")
    if calls[0] >= MOST_CALLS:
        missed.append(f"{calls[0]:.2f} calls at reliability 0.6")
    if less[0] < -MOST_LOST:
        missed.append(f"{shown(less, sign=True)} against never at reliability 0.6")
    figures = {
        "net with an exact simulator, of always-calling's": part, "calls at reliability 0.6": calls[0],
        "net less never's at reliability 0.6": less[0],
    }  # fmt: skip
    said, every = [], []
    for arm in measured.cells:
        made = [(f"{arm}/{key}", value) for key, value in _pooled(measured, arm, "first safe call")]
        if not made:
            said.append(f"none at {arm}")
            continue
        gain = mean_apart(made)
        figures[f"{arm}: first safe call, net gain"] = gain[0]
        figures[f"{arm}: first safe calls"] = len(made)
        said.append(f"{shown(gain, sign=True)} at {arm} ({len(made)} calls)")
        every += made
        if gain[0] < 0.0 and len(made) >= ENOUGH:
            missed.append(f"calls above the margin lose at {arm}")
    for arm in measured.cells:
        made = _pooled(measured, arm, "first call")
        if made:
            figures[f"{arm}: first call without a margin, net gain"] = mean_apart(made)[0]
    if not every or mean_apart(every)[1] <= 0.0:
        missed.append("all calls above the margin together gain nothing that is sure")
    sentence = (
        f"With an exact simulator it nets {100 * part:.1f} % of always-calling's {net[best, 'always'][0]:.3f}; at "
        f"reliability 0.6 it calls {calls[0]:.2f} times an episode and nets {shown(less, sign=True)} against never. What a "
        f"first call above cost and safe margin adds: {', '.join(said)}."
        + (f" Not met: {'; '.join(missed)}." if missed else "")
    )
    return Judgement("contradicted" if missed else "reproduced", sentence, figures)


def _pooled(measured: Measured, arm: str, name: str) -> list[tuple[str, float]]:
    """The gains of all seeds, each of an instance of its own."""
    return [
        (f"{seed}/{i:04}", float(value))
        for seed in measured.seeds for i, value in enumerate(measured.cells[arm][seed][name]["values"])
    ]  # fmt: skip


def draw(measured: Measured) -> Sequence[Markup]:
    """Net value and calls over what is wrong of the predictions."""
    names = ("never", "always", OURS, GIVEN, STEPS)
    return [
        _panel(measured, names, "net", "success less 0.02 a call"),
        _panel(measured, names, "calls", "calls an episode"),
    ]


def _panel(measured: Measured, names: Sequence[str], what: str, y_name: str) -> Markup:
    curves = {name: [(100.0 * (1.0 - f), _arm(f), (name, what)) for f in FIDELITIES] for name in names}
    return lines(measured, curves, x_name="wrong predictions [%]", y_name=y_name)


def _arm(fidelity: float) -> str:
    return f"reliability {fidelity:g}"


CLAIM = Claim(
    id="F2",
    title="a governor that weighs what a call can change calls where it pays, and almost never where it does not",
    statement=(
        "A call is worth making if the value of what it can change exceeds its cost. A governor by that rule nets as much "
        "as always calling where the simulator is exact, hardly calls where it is little better than a coin, and with a "
        "margin of twice the error of its values and once that of its outcomes never loses against acting now."
    ),
    source="our specification, J1; the rule is that of Russell and Wefald (1991)",
    stated="The claim",
    setting=(
        f"lake-6, {LEARNING} instances a seed (which three seeds share in part; {INSTANCES} where reliability is given, "
        "and for single steps), a scripted agent with a calibrated belief that misperceives 15 % of the tiles and never "
        "calls by itself; simulator right with probability 1, 0.8 and 0.6 at each step; a call costs 0.02. The governor "
        "learns reliability while it is used. The errors of values and outcomes are estimated on lakes of the other split; "
        "then an episode is played with the first call that is worth its cost and the margin, and without any."
    ),
    criterion=(
        f"All seeds together: with the exact simulator the governor nets at least {100 * PART_OF_ALWAYS:.0f} % of "
        f"always-calling; at reliability 0.6 it calls less than {MOST_CALLS:g} times an episode and nets at most "
        f"{100 * MOST_LOST:.0f} point less than never calling; the net gain of first calls above cost and safe margin, of "
        "all reliabilities together, is above 0 with a 95 % interval that leaves out 0, and its mean is below 0 at no "
        f"reliability at which there are at least {ENOUGH} of them."
    ),
    arms=tuple(Arm(_arm(fidelity), {"fidelity": fidelity}) for fidelity in FIDELITIES),
    tabled=("net", "calls", "gain", "epsilon", "delta"),
    rests_on=RESTS_ON,
    run=run,
    judge=judge,
    draw=draw,
    minutes=0.42,
)
