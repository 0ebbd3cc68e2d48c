"""F9: what an agent gains from a world model goes with its wrong decisions, not with its wrong predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured
from journeyman.claims.foresee_arm import AGENT, RESTS_ON, Setting, played, shown, told
from journeyman.claims.over_seeds import mean

if TYPE_CHECKING:
    import numpy as np
    from markupsafe import Markup
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

WORLD, INSTANCES, STATES = "lake-6", 166, 400
ERRORS = ("one-step prediction error", "decision error")
CHANNELS, TABLE, ENSEMBLE, PICTURES = "simulator with errors", "table", "ensemble", "wrong pictures"
MODELS: dict[str, tuple[str, ...]] = {
    CHANNELS: (
        "exact", *(f"exact+transition={p:g}" for p in (0.05, 0.1, 0.2, 0.3, 0.4)),
        *(f"exact+observation={p:g}" for p in (0.1, 0.2, 0.4, 0.6)), *(f"exact+stale={k}" for k in (1, 2, 4)),
    ),
    TABLE: tuple(f"table:transitions={n}" for n in (10, 30, 100, 300, 1000, 3000)),
    ENSEMBLE: tuple(f"ensemble:transitions={n}" for n in (10, 30, 100, 300, 1000)),
}  # fmt: skip
RESAMPLES = 10_000


def run(cell: Cell) -> Mapping[str, Any]:
    """Each world model of a kind: both of its errors, and what an agent gains by it."""
    from journeyman.foresee.world_models.measure import measure
    from journeyman.foresee.worlds.registry import open_world

    n, world = cell.share(INSTANCES, least=6), open_world(WORLD)
    without = played(WORLD, Setting("scripted:perception=0.15", mode="invisible"), cell, n)
    found = {}
    for name in MODELS[cell.arm.settings["kind"]]:
        model = f"{name},seed={cell.seed}" if ":" in name else name
        error = measure(model, world, states=cell.share(STATES, least=40), depth=1, seed=cell.seed)
        assert error.wrong_decisions is not None
        scores = told(played(WORLD, Setting("scripted:perception=0.15", model), cell, n), without)
        found[name] = {
            ERRORS[0]: error.depths[0].shown.value, ERRORS[1]: error.wrong_decisions.value, "value lost": error.lost,
            "gain": scores["gain"][0], "calls": scores["calls"][0],
        }  # fmt: skip
    return {"models": found}


def rows_of(measured: Measured) -> dict[str, dict[str, float]]:
    """World model -> figure -> its mean over the seeds."""
    found = {}
    for arm in measured.cells:
        for name in measured.cells[arm][measured.seeds[0]]["models"]:
            each = [measured.cells[arm][seed]["models"][name] for seed in measured.seeds]
            found[name] = {figure: mean([float(one[figure]) for one in each]) for figure in each[0]}
    return found


def judge(measured: Measured) -> Judgement:
    """The criterion, on the means of the seeds, with world models drawn anew."""
    rows = rows_of(measured)
    found = correlations(rows)
    apart = found["apart"]
    symbols = correlations({name: row for name, row in rows.items() if "observation" not in name})
    met = found[ERRORS[1]][2] < 0.0 and apart[1] > 0.0
    figures = {f"rank correlation of the gain with {name}": found[name][0] for name in ERRORS}
    figures["how much closer decision error is"] = apart[0]
    figures |= {f"the same without wrong pictures, {name}": symbols[name][0] for name in (*ERRORS, "apart")}
    listed = ", ".join(f"{shown(found[name], 2, sign=True)} with {name}" for name in ERRORS)
    sentence = (
        f"Rank correlation of the gain, {len(rows)} world models: {listed}; decision error is closer by "
        f"{shown(apart, 2, sign=True)}. Without those that show wrong pictures: {symbols[ERRORS[0]][0]:+.2f} with "
        f"prediction error, {symbols[ERRORS[1]][0]:+.2f} with decision error."
    )
    return Judgement("reproduced" if met else "contradicted", sentence, figures)


def correlations(rows: Mapping[str, Mapping[str, float]]) -> dict[str, list[float]]:
    """Spearman's rank correlation of the gain with each error, and the one with prediction error less the one with decision
    error ("apart": above 0 where decision error is the closer): [value, low, high], bootstrap over world models."""
    import numpy as np

    gain, *errors = (np.array([row[name] for row in rows.values()]) for name in ("gain", *ERRORS))
    rng = np.random.default_rng(0)
    picks = np.vstack([np.arange(len(gain)), rng.integers(len(gain), size=(RESAMPLES, len(gain)))])
    each = {name: _spearman(gain[picks], error[picks]) for name, error in zip(ERRORS, errors, strict=True)}
    each["apart"] = each[ERRORS[0]] - each[ERRORS[1]]
    found = {}
    for name, values in each.items():
        known = values[1:][np.isfinite(values[1:])]
        low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (-1.0, 1.0)
        found[name] = [float(np.nan_to_num(values[0])), float(low), float(high)]
    return found


def _spearman(x_RN: Numbers, y_RN: Numbers) -> Numbers:
    """Of each row; NaN where all of one side are equal."""
    import numpy as np
    from scipy.stats import rankdata

    x, y = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (rankdata(x_RN, axis=1), rankdata(y_RN, axis=1)))
    size = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    found: Numbers = np.divide((x * y).sum(axis=1), size, out=np.full(len(x), np.nan), where=size > 0)
    return found


def draw(measured: Measured) -> Sequence[Markup]:
    """The gain against each error, a dot a world model."""
    return [_scatter(measured, name) for name in ERRORS]


def _scatter(measured: Measured, error: str) -> Markup:
    from journeyman.report.draw.axis import Scale, extent, frame, labels
    from journeyman.report.draw.svg import dot, drawing, line, text

    width, height = 420.0, 270.0
    rows = rows_of(measured)
    kind = {name: arm for arm in measured.cells for name in measured.cells[arm][measured.seeds[0]]["models"]}
    kind |= {name: PICTURES for name in kind if "observation" in name}
    kinds = list(dict.fromkeys([*measured.cells, PICTURES]))
    x = Scale(0.0, 100 * max(row[error] for row in rows.values()) + 1.0, 56, width - 16)
    y = Scale(*extent([100 * row["gain"] for row in rows.values()] + [0.0]), height - 44, 52)
    at = x.ticks(5)
    drawn = frame(x, y, x_ticks=at, x_labels=labels(at), x_label=f"{error} [%]", y_label="")
    drawn.append(text(4, 18, "helps less hurts [points]", class_="name", anchor="start"))
    drawn.append(line(x.start, y.at(0.0), x.end, y.at(0.0), "seed"))
    place = 8.0
    for i, name in enumerate(kinds):
        drawn += [dot(place, 34, 4, f"s{i}", name), text(place + 8, 38, name, class_="level", anchor="start")]
        place += 24 + 6.5 * len(name)
    for name, row in rows.items():
        said = f"{name}: {100 * row['gain']:+.1f} points at {100 * row[error]:.1f} %"
        drawn.append(dot(x.at(100 * row[error]), y.at(100 * row["gain"]), 4, f"s{kinds.index(kind[name])}", said))
    return drawing(width, height, f"helps less hurts against {error} of {len(rows)} world models", *drawn)


CLAIM = Claim(
    id="F9",
    title="an agent's gain goes with the decision error of its world model, not with its prediction error",
    statement=(
        "A world model may be wrong where no decision depends on it. What an agent gains by asking it follows the share of "
        "states in which its best-looking action is worth less than the best by more than 0.05, rather than the share of "
        "predictions that are wrong; picture quality did not predict success in World-in-World either."
    ),
    source="our specification, J8; World-in-World, arXiv 2510.18135",
    stated="The claim",
    setting=(
        f"lake-6. {sum(map(len, MODELS.values()))} world models: the exact one with wrong outcomes, wrong pictures or an "
        "older state, tables of counts and ensembles of small networks learned from 10 to 3000 transitions of the train "
        "split. Errors of single predictions in 400 states of half random, half planned ways; the gain is helps less hurts "
        "of an agent that asks before each action and trusts what it sees to 0.9, on 498 paired instances."
    ),
    criterion=(
        "On the means of the seeds, with the world models drawn anew 10 000 times: the rank correlation of the gain with "
        "decision error is below 0, and closer to -1 than that with one-step prediction error, both with 95 % intervals "
        "that leave out 0."
    ),
    arms=tuple(Arm(kind, {"kind": kind}) for kind in MODELS),
    tabled=("gain", *ERRORS),
    rests_on=RESTS_ON,
    run=run,
    judge=judge,
    draw=draw,
    roles=(AGENT,),
    minutes=0.3,
)
