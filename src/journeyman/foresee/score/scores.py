"""All scores of a set of episodes: cells, what each is measured against, and what is drawn from several of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from journeyman.errors import UsageError
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.score.access import access, gap
from journeyman.foresee.score.association import CallsRow, association, by_calls
from journeyman.foresee.score.calibration import Bin, calibration, curve, foretold
from journeyman.foresee.score.ceiling import ceiling
from journeyman.foresee.score.contrasts import Contrast, contrasts
from journeyman.foresee.score.dose import Dose, doses
from journeyman.foresee.score.encouragement import coins_of, encouragement
from journeyman.foresee.score.frontier import Family, confidence_rivals, families, over
from journeyman.foresee.score.groups import (
    CellName,
    Group,
    always_of,
    groups_of,
    invisible_of,
    normal_of,
    paired,
    pooled,
)
from journeyman.foresee.score.leaderboard import Board, leaderboard
from journeyman.foresee.score.measured import Measured, missing
from journeyman.foresee.score.misuse import misuse
from journeyman.foresee.score.names import NAMES
from journeyman.foresee.score.success import success, totals
from journeyman.foresee.score.usage import usage
from journeyman.foresee.score.value import Prices, value


class CellScores(msgspec.Struct, frozen=True):
    """One cell in one world.

    Attributes:
        key: names it in tables; the cell's key, with its run's letter where two runs have it.
        invisible, always: keys of the cells it is measured against: the same agent without a world model, and with one
            that it must ask (mode force, else governor "always"); "" where there is none.
        metrics: every name of `names.NAMES`.
        calls: success by number of calls. curves: of what is foretold ("confidence", ...), where it is.
        remarks: sentences on what was left out.
    """

    key: str
    world: str
    name: CellName
    episodes: int
    instances: int
    invisible: str
    always: str
    metrics: dict[str, Measured]
    calls: list[CallsRow]
    curves: dict[str, list[Bin]]
    remarks: list[str]


class Scores(msgspec.Struct, frozen=True):
    """Everything that the tables and figures show. `prices`: at which success and its costs were added up."""

    cells: list[CellScores]
    contrasts: list[Contrast]
    boards: list[Board]
    families: list[Family]
    doses: list[Dose]
    prices: Prices

    @property
    def worlds(self) -> list[str]:
        """In the order in which they come."""
        return list(dict.fromkeys(cell.world for cell in self.cells))


def score(
    episodes: Iterable[Episode], *, prices: Prices | None = None, budget: float | None = None, against: str = ""
) -> Scores:
    """Every score of these episodes.

    Args:
        prices: of calls, real actions and tokens; calls are always ranked at `value.CALL_PRICES`, too.
        budget: mean calls up to which frontiers are compared; None: those of the cell that calls most.
        against: a part of the name of the cell that all others are held against; "": each against the one that differs
            from it in one thing.

    Raises UsageError: no episode, a negative price, a budget that is not above 0, or no one cell called `against`.
    """
    return score_groups(groups_of(episodes), prices=prices, budget=budget, against=against)


def score_runs(
    runs: Sequence[tuple[str, Iterable[Episode]]], *, prices: Prices | None = None, budget: float | None = None,
    against: str = "",
) -> Scores:  # fmt: skip
    """As `score`, of several runs (letter, episodes) that may have cells in common."""
    groups = pooled([(letter, groups_of(found)) for letter, found in runs])
    return score_groups(groups, prices=prices, budget=budget, against=against)


def score_groups(
    groups: Sequence[Group], *, prices: Prices | None = None, budget: float | None = None, against: str = ""
) -> Scores:
    """As `score`, of episodes that are sorted into cells already."""
    if not groups:
        raise UsageError("there is no episode to score")
    if budget is not None and not budget > 0:
        raise UsageError(f"frontiers are compared up to {budget:g} calls; it must be more than 0")
    prices = prices or Prices()
    cells = [_cell(group, groups, prices) for group in groups]
    by_place = {i: cell.metrics for i, cell in enumerate(cells)}
    return Scores(
        cells, contrasts(groups, against), leaderboard(groups, by_place, prices), families(groups, budget=budget),
        doses(groups, by_place), prices,
    )  # fmt: skip


def _cell(group: Group, groups: Sequence[Group], prices: Prices) -> CellScores:
    mode = group.name.mode
    invisible = None if mode == "invisible" else invisible_of(group, groups)
    always = None if mode == "invisible" else always_of(group, groups)
    pairs = paired(group, invisible) if invisible is not None else []
    trios = paired(group, invisible, always) if invisible is not None and always is not None else []
    sums = totals(group.episodes)
    coins = coins_of(group.episodes)
    said = foretold(group.episodes, trios, coins)
    no_pair, no_trio = _why(group, invisible, always)
    found: dict[str, Measured] = {
        **success(sums),
        **usage(sums, mode),
        **access(pairs, no_pair),
        **_force(group, groups, invisible, always),
        **misuse(group.episodes),
        **association(group.episodes, pairs),
        **encouragement(coins),
        **ceiling(trios, no_trio),
        **calibration(said),
        **value(sums, prices),
        "frontier/over_confidence": _over_confidence(group, groups, invisible),
    }
    if group is always:
        found["frontier/over_random"] = missing("this is always-calling itself")
    if mode == "invisible":
        found = {**found, **{name: missing(IN_INVISIBLE, of=found[name].of) for name in NAMES if _of_calls(name)}}
    return CellScores(
        key=group.key, world=group.world, name=group.name, episodes=len(group.episodes), instances=len(group.instances),
        invisible=invisible.key if invisible else "", always=always.key if always else "",
        metrics={name: found[name] for name in NAMES}, calls=by_calls(group.episodes, pairs) if mode != "invisible" else [],
        curves={kind: curve(one, kind) for kind, one in said.items() if one}, remarks=_remarks(group, pairs, invisible),
    )  # fmt: skip


IN_INVISIBLE = "in mode invisible there is no world model to call"


def _of_calls(name: str) -> bool:
    return name.partition("/")[0] in ("usage", "misuse", "association", "uplift")


def _why(group: Group, invisible: Group | None, always: Group | None) -> tuple[str, str]:
    """Why there are no pairs, and no trios, should there be none."""
    if group.name.mode == "invisible":
        return "this is the cell without access", IN_INVISIBLE
    if invisible is None:
        none = "the agent was not played in mode invisible"
        return none, none
    apart = "the agent was played in mode invisible on other instances"
    if always is None:
        return apart, "the agent was played neither in mode force nor under a governor 'always'"
    return apart, "the cells have no instance in common"


def _force(
    group: Group, groups: Sequence[Group], invisible: Group | None, always: Group | None
) -> dict[str, Measured]:
    """`force/*`, of the mode force against the two others."""
    none = "the agent was not played in mode force"
    forced = group if group.name.mode == "force" else always
    if forced is None or forced.name.mode != "force":
        return {name: missing(none) for name in ("force/over_normal", "force/over_invisible")}
    normal = normal_of(forced, groups) if forced is group else group
    return {
        "force/over_normal": _gap(forced, normal, "normal"),
        "force/over_invisible": _gap(forced, invisible, "invisible"),
    }


def _gap(forced: Group, other: Group | None, mode: str) -> Measured:
    if other is None:
        return missing(f"the agent was not played in mode {mode}")
    return gap(paired(forced, other), "the two modes have no instance in common")


def _over_confidence(group: Group, groups: Sequence[Group], invisible: Group | None) -> Measured:
    if group.name.mode == "invisible":
        return missing(IN_INVISIBLE)
    rivals = confidence_rivals(group, groups)
    if invisible is None:
        return missing("the agent was not played in mode invisible")
    if not rivals:
        return missing("no other cell of the agent has a governor 'confidence'; play one at several thresholds")
    found = over(group, rivals, invisible)
    most = max(_calls(rival) for rival in rivals)
    if found.value is not None and _calls(group) > most * 1.05 + 0.05:
        why = f"the thresholds that were played call at most {most:.2f} times, this {_calls(group):.2f}; play a lower one"
        return msgspec.structs.replace(found, why=why)
    return found


def _calls(group: Group) -> float:
    return sum(episode.calls for episode in group.episodes) / len(group.episodes)


def _remarks(group: Group, pairs: Sequence[tuple[Episode, ...]], invisible: Group | None) -> list[str]:
    said = []
    if invisible is not None and pairs:
        alone = len(group.episodes) - len(pairs)
        if alone > 0:
            said.append(f"{alone} of {len(group.episodes)} episodes have no partner in mode invisible and are in no pair")
    if not group.single:
        said.append("instances were played several times: intervals are over instances")
    return said
