"""F4: reliability that is learned while it is used ends the calls soon after a simulator has become bad, unannounced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.foresee_arm import RESTS_ON, Setting, mean_lines, staged
from journeyman.claims.over_seeds import mean, said

if TYPE_CHECKING:
    from markupsafe import Markup

    from journeyman.foresee.agents.agent import Brief
    from journeyman.foresee.governors.governor import Checked, Point, Ruling
    from journeyman.foresee.governors.voi import Voi
    from journeyman.foresee.world_models.model import Asked, Prediction, WorldModel
    from journeyman.foresee.worlds.world import Digest

WORLD = "lake-6"
BEFORE, MOST_AFTER = 80, 400
"""Episodes before the drop, of which the last three quarters count; and after it, at most."""
CHECKS, LATE, FALL = 50, 30, 0.8
"""Checked predictions after which the calls must have fallen, those from which on it is looked, and by what share."""
GOVERNORS = {"walks": "voi", "single steps": "voi:depth=1", "not learning": "voi:reliability=0.95"}
LAST = 50
"""Episodes that are looked at where so many predictions are never checked, because hardly any are made."""
STEP = 10


def run(cell: Cell) -> Mapping[str, Any]:
    """Episodes in order under one governor; the simulator drops from 1.0 to 0.6 on the way."""
    from journeyman.foresee.draws import Draws
    from journeyman.foresee.governors.open import open_governor
    from journeyman.foresee.governors.voi import Voi

    stage = staged(WORLD, Setting(reliable=None))
    opened = open_governor(cell.arm.settings["governor"])
    assert isinstance(opened, Voi)
    governor = Counting(opened)
    model = Dropping(stage.scene.model, staged(WORLD, Setting(world_model="exact+transition=0.4")).scene.model)
    order = sorted(range(len(stage.instances)), key=lambda i: Draws(cell.seed).uniform("policy", "order", i))
    n = cell.share(BEFORE, least=20)
    live = stage.under(governor, model)
    before = [one.calls for one in live.play(order[:n], cell.seed)][n // 4 :]
    model.dropped, governor.checks = True, 0
    after: list[tuple[int, int]] = []  # predictions checked when the episode began, its calls
    for i in order[n : n + cell.share(MOST_AFTER, least=40)]:
        if governor.checks >= 2 * CHECKS:
            break
        checks = governor.checks
        (one,) = live.play([i], cell.seed)
        after.append((checks, one.calls))
    usual = mean(before)
    late = [calls for checks, calls in after if LATE <= checks < CHECKS] or [calls for _, calls in after[-LAST:]]
    bins = [(start, [c for k, c in after if start <= k < start + STEP]) for start in range(0, 2 * CHECKS, STEP)]
    return {
        "calls before": usual, "calls after": mean(late), "episodes looked at": len(late), "checked": governor.checks,
        "fall": 1.0 - mean(late) / max(usual, 1e-9),
        "curve": [[0, usual], *([start + STEP, mean(calls)] for start, calls in bins if calls)],
    }  # fmt: skip


class Dropping:
    """A world model that is another one from some moment on, under the same name."""

    name = "exact"

    def __init__(self, good: WorldModel, bad: WorldModel) -> None:
        self.dropped = False
        self._models = (good, bad)

    def predict(self, snapshot: bytes, actions: Sequence[int], asked: Asked) -> Prediction:
        """As the one of the two that it is now."""
        return self._models[self.dropped].predict(snapshot, actions, asked)


class Counting:
    """A governor that counts what it could check."""

    learns = True

    def __init__(self, governor: Voi) -> None:
        self.name, self.checks, self._governor = governor.name, 0, governor

    def begin(self, brief: Brief) -> None:
        """An episode begins."""
        self._governor.begin(brief)

    def rule(self, point: Point) -> Ruling:
        """As the governor does."""
        return self._governor.rule(point)

    def heard(self, actions: Sequence[int], digest: Digest, confidence: float) -> None:
        """A prediction was shown."""
        self._governor.heard(tuple(actions), digest, confidence)

    def learn(self, checked: Checked) -> None:
        """A simulated action was done."""
        self.checks += 1
        self._governor.learn(checked)

    def ended(self, success: bool) -> None:
        """The episode is over."""
        self._governor.ended(success)


def judge(measured: Measured) -> Judgement:
    """The criterion, on the mean of the seeds."""
    falls = {arm: measured.values(arm, "fall") for arm in GOVERNORS}
    missed = [arm for arm in list(GOVERNORS)[:2] if mean(falls[arm]) < FALL]
    if mean(falls["not learning"]) >= FALL:
        missed.append("the calls fall as far where nothing is learned")
    listed = "; ".join(
        f"{arm}: from {said(measured.values(arm, 'calls before'))} to {said(measured.values(arm, 'calls after'))} calls an "
        f"episode, {100 * abs(mean(values)):.0f} % {'fewer' if mean(values) >= 0 else 'more'}"
        for arm, values in falls.items()
    )
    figures = {f"{arm}: fall of calls": mean(values) for arm, values in falls.items()}
    not_met = f" Not met: {'; '.join(missed)}." if missed else ""
    sentence = f"After {LATE} to {CHECKS} checked predictions, {listed}.{not_met}"
    return Judgement("contradicted" if missed else "reproduced", sentence, figures)


def draw(measured: Measured) -> Sequence[Markup]:
    """Calls an episode over the predictions that were checked since the drop."""
    x_name = "predictions checked since the drop"
    return [mean_lines(measured, "curve", list(GOVERNORS), x_name=x_name, y_name="calls an episode")]


CLAIM = Claim(
    id="F4",
    title="an unannounced drop of the simulator's fidelity ends the calls within fifty checked predictions",
    statement=(
        "A governor that compares predictions with what really happened notices that its simulator has become unreliable, "
        "although nobody says so: calls an episode fall by at least 80 % within 50 checked predictions after a drop of "
        "fidelity from 1.0 to 0.6."
    ),
    source="our specification, J3",
    stated="The claim",
    setting=(
        f"lake-6, a scripted agent that never calls by itself and is told nothing. {BEFORE} episodes with an exact "
        "simulator, then the same under the same name with a wrong outcome in 40 % of the steps. The governor that weighs "
        "calls by their value, with calls of up to five actions and of one; and, to compare, with a reliability that stays "
        "at 0.95. The episodes that count are those that begin between the 30th and the 50th checked prediction after the "
        f"drop, or the last {LAST} where fewer are checked."
    ),
    criterion=(
        "On the mean of the seeds the calls an episode of both learning governors have fallen by at least "
        f"{100 * FALL:.0f} %, and by less where reliability is not learned."
    ),
    arms=tuple(Arm(name, {"governor": governor}) for name, governor in GOVERNORS.items()),
    rests_on=RESTS_ON,
    run=run,
    judge=judge,
    draw=draw,
    minutes=0.1,
)
