"""Cells, pairs and what access changes: the identity, permutation, several seeds, other instances."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_episodes import episode, family, outcomes

from journeyman.errors import UsageError
from journeyman.foresee.cell import Cell
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.score.association import by_calls
from journeyman.foresee.score.groups import cell_name, groups_of, paired
from journeyman.foresee.score.names import NAMES
from journeyman.foresee.score.scores import CellScores, Scores, score, score_runs

TABLES = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def cell(found: Scores, mode: str = "normal", governor: str = "none", world_model: str = "exact") -> CellScores:
    (one,) = [
        c for c in found.cells
        if c.name.mode == mode and c.name.governor == governor and (mode == "invisible" or c.name.world_model == world_model)
    ]  # fmt: skip
    return one


def value(found: CellScores, name: str) -> float:
    number = found.metrics[name].value
    assert number is not None, found.metrics[name].why
    return number


@given(TABLES)
@settings(max_examples=40)
def test_the_effect_is_helps_less_hurts(rows: list[tuple[bool, bool]]) -> None:
    found = cell(score(outcomes(rows, ["normal", "invisible"])))
    delta = value(found, "access/delta")
    assert delta == pytest.approx(value(found, "access/helps") - value(found, "access/hurts"))
    assert delta == pytest.approx(sum(a - b for a, b in rows) / len(rows))
    # All called, so the conditional readings are the same, and nothing changes without a call.
    assert value(found, "access/helps_given_call") == value(found, "access/helps") == value(found, "access/helps_called")
    assert found.metrics["access/flips_uncalled"].value is None


def test_conditional_readings_differ_where_some_did_not_call() -> None:
    rows = [(True, False)] * 6 + [(False, True)] * 2 + [(True, True)] * 12
    played = outcomes(rows, ["normal", "invisible"])
    played = [msgspec.structs.replace(e, calls=0) if e.instance in ("i00000", "i00006") else e for e in played]
    found = cell(score(played))
    assert value(found, "access/delta") == pytest.approx(0.2)
    assert value(found, "access/helps_called") == pytest.approx(5 / 20)
    assert value(found, "access/helps_given_call") == pytest.approx(5 / 18)
    assert value(found, "access/hurts_given_call") == pytest.approx(1 / 18)
    assert value(found, "access/flips_uncalled") == 1.0
    restricted = value(found, "access/helps_given_call") - value(found, "access/hurts_given_call")
    assert restricted != pytest.approx(0.2), "a restricted denominator breaks the identity"


def test_where_no_pair_differs_the_effect_still_has_an_interval() -> None:
    found = cell(score(outcomes([(True, True)] * 100, ["normal", "invisible"]))).metrics["access/delta"]
    assert found.value == 0
    assert found.low is not None
    assert -0.04 < found.low < 0


def test_where_all_pairs_go_one_way_the_effect_has_an_interval_too() -> None:
    won = cell(score(outcomes([(True, False)] * 40, ["normal", "invisible"]))).metrics["access/delta"]
    lost = cell(score(outcomes([(False, True)] * 40, ["normal", "invisible"]))).metrics["access/delta"]
    assert (won.value, won.high) == (1.0, 1.0)
    assert won.low is not None
    assert 0.85 < won.low < 0.95
    assert (lost.value, lost.low, lost.high) == (-1.0, -1.0, -won.low)


def test_the_order_of_episodes_means_nothing() -> None:
    played = family(25)
    mixed = random.Random(3).sample(played, len(played))
    first, second = score(played), score(mixed)
    by_key = {c.key: c for c in second.cells}
    for one in first.cells:
        assert one.metrics == by_key[one.key].metrics
        assert one.calls == by_key[one.key].calls
    assert {(f.world_model, f.governor): f.area for f in first.families} == {
        (f.world_model, f.governor): f.area for f in second.families
    }


@given(st.permutations(range(12)))
@settings(max_examples=10)
def test_names_of_instances_mean_nothing_but_their_pairs(order: list[int]) -> None:
    rows = [(bool(i % 2), bool(i % 3)) for i in range(12)]
    found = cell(score(outcomes(rows, ["normal", "invisible"])))
    other = cell(score(outcomes([rows[i] for i in order], ["normal", "invisible"])))
    for name in ("access/delta", "access/helps", "access/hurts", "access/p", "success/rate"):
        assert found.metrics[name].value == other.metrics[name].value


def test_every_cell_has_every_metric_and_none_is_without_a_reason() -> None:
    found = score(family(25))
    assert len(found.cells) == 10
    for one in found.cells:
        assert tuple(one.metrics) == NAMES
        for name, metric in one.metrics.items():
            assert metric.value is not None or metric.why, f"{name} of {one.key}"
            assert metric.value is None or metric.low is None or metric.low <= metric.value <= (metric.high or 0)
    computed = {name for one in found.cells for name, metric in one.metrics.items() if metric.value is not None}
    assert computed == set(NAMES), "no metric is there that is never computed"


def test_what_cannot_be_computed_is_none_and_never_zero() -> None:
    alone = cell(score(outcomes([(True,), (False,)], ["normal"])))
    for name in ("access/delta", "access/helps", "ceiling/efficiency", "gate/precision", "force/over_normal", "uplift/call"):
        assert alone.metrics[name].value is None
        assert alone.metrics[name].why
    assert "not played in mode invisible" in alone.metrics["access/delta"].why
    assert cell(score(outcomes([(True,)] * 3, ["invisible"])), "invisible").metrics["usage/instances"].value is None


def test_several_seeds_of_an_instance_are_no_further_instances() -> None:
    rows = [(bool(i % 3), bool(i % 4)) for i in range(24)]
    once = outcomes(rows, ["normal", "invisible"])
    thrice = [msgspec.structs.replace(e, seed=seed) for e in once for seed in range(3)]
    single, several = cell(score(once)), cell(score(thrice))
    assert several.instances == 24
    assert several.episodes == 72
    assert several.metrics["access/p"] == msgspec.structs.replace(single.metrics["access/p"], n=72)
    assert (several.metrics["access/delta"].low, several.metrics["access/delta"].high) == (
        single.metrics["access/delta"].low, single.metrics["access/delta"].high,
    )  # fmt: skip
    assert several.metrics["success/rate"].low is None
    assert several.metrics["success/rate_resampled"].low is not None
    assert "played several times" in several.remarks[0]


def test_pairs_need_the_same_instance_and_seed_or_else_the_same_instance() -> None:
    (a,) = groups_of([episode("x", seed=0), episode("x", seed=1), episode("y", seed=0)])
    (b,) = groups_of([episode("x", seed=1, mode="invisible"), episode("z", seed=0, mode="invisible")])
    assert [(p.instance, p.seed, q.seed) for p, q in paired(a, b)] == [("x", 1, 1)]
    (c,) = groups_of([episode("x", seed=7, mode="invisible")])
    assert [(p.seed, q.seed) for p, q in paired(a, c)] == [(0, 7)]
    (d,) = groups_of([episode("w", mode="invisible")])
    assert paired(a, d) == []
    found = score([*a.episodes, *d.episodes]).cells[0]
    assert "on other instances" in found.metrics["access/delta"].why


def test_what_has_no_partner_is_said() -> None:
    played = outcomes([(True, False)] * 5, ["normal", "invisible"])
    found = cell(score([*played, episode("other")]))
    assert found.metrics["access/delta"].n == 5
    assert found.remarks == ["1 of 6 episodes have no partner in mode invisible and are in no pair"]


def test_worlds_and_agents_are_kept_apart() -> None:
    here = outcomes([(True, False)] * 8, ["normal", "invisible"])
    there = outcomes([(False, True)] * 8, ["normal", "invisible"], world="push-6")
    other = outcomes([(False,)] * 8, ["normal"], agent="other")
    found = score([*here, *there, *other])
    deltas = {(c.world, c.name.agent): c.metrics["access/delta"].value for c in found.cells if c.name.mode == "normal"}
    assert deltas == {("lake-6", "scripted"): 1.0, ("push-6", "scripted"): -1.0, ("lake-6", "other"): None}


def test_force_is_held_against_both_other_modes() -> None:
    rows = [(True, True, False)] * 3 + [(True, False, False)] * 5 + [(False, False, True)] * 2
    found = score(outcomes(rows, ["normal", "force", "invisible"]))
    normal, force = cell(found), cell(found, "force")
    assert value(normal, "force/over_normal") == value(force, "force/over_normal") == pytest.approx(-0.5)
    assert value(normal, "force/over_invisible") == value(force, "access/delta") == pytest.approx(0.1)
    assert value(normal, "access/delta") == pytest.approx(0.6)


def test_what_a_governed_cell_is_held_against_has_no_governor() -> None:
    played = outcomes([(False, True)] * 6, ["invisible", "normal"], governor="none")
    played += outcomes([(True,)] * 6, ["force"]) + outcomes([(True,)] * 6, ["force"], governor="voi:cost=0.02")
    played += outcomes([(True,)] * 6, ["normal"], governor="voi:cost=0.02")
    found = cell(score(played), governor="voi:cost=0.02")
    assert found.always == "scripted | exact | force | none"


def test_names_of_cells_are_read_back() -> None:
    for asked in (
        Cell("scripted:a=1", "exact+transition=0.2", "normal", "voi:cost=0.02"), Cell("cmd:./a | tee b", mode="force"),
        Cell("m", memory="branches"), Cell("m", "table", "invisible"),
    ):  # fmt: skip
        name = cell_name(asked.key, asked.mode)
        assert (name.agent, name.world_model, name.mode, name.governor, name.memory) == (
            asked.agent, asked.world_model, asked.mode, asked.governor, asked.memory,
        )  # fmt: skip
        assert name.key == asked.key
    assert cell_name("whatever", "force").agent == "whatever"


def test_runs_are_pooled_unless_they_played_the_same_otherwise() -> None:
    first = outcomes([(True, False)] * 6, ["normal", "invisible"])
    second = [msgspec.structs.replace(e, seed=1) for e in first]
    together = score_runs([("A", first), ("B", second)])
    assert [c.episodes for c in together.cells] == [12, 12]
    again = score_runs([("A", first), ("B", first)])
    assert [c.episodes for c in again.cells] == [6, 6], "equal episodes are the same ones"
    changed = [msgspec.structs.replace(e, success=False) if e.mode == "normal" else e for e in first]
    apart = score_runs([("A", first), ("B", changed)])
    assert {c.key.partition(":")[0] for c in apart.cells if c.name.mode == "normal"} == {"A", "B"}
    (contrast,) = apart.contrasts
    assert (contrast.about, contrast.delta.value) == ("run", -1.0)
    assert all(c.metrics["access/delta"].value is not None for c in apart.cells if c.name.mode == "normal")


def test_one_cell_may_be_what_all_are_held_against() -> None:
    played = outcomes([(True, False)] * 6, ["normal", "invisible"])
    played += outcomes([(False,)] * 6, ["normal"], governor="never")
    found = score(played, against="never")
    deltas = {(one.first.split(" | ")[2], one.delta.value) for one in found.contrasts}
    assert deltas == {("normal", 1.0), ("invisible", 0.0)}
    assert [one.about for one in score(played).contrasts] == ["governor"]
    with pytest.raises(UsageError, match="no cell has 'nobody' in its name; there are: scripted"):
        score(played, against="nobody")
    with pytest.raises(UsageError, match="could mean 3 cells"):
        score(played, against="scripted")


def test_nothing_is_no_score() -> None:
    with pytest.raises(UsageError, match="no episode to score"):
        score([])
    with pytest.raises(UsageError, match="must be more than 0"):
        score([episode()], budget=0)


def test_success_by_calls_stands_beside_the_same_instances_alone() -> None:
    def one(i: int, calls: int, solved: bool, alone: bool) -> tuple[Episode, Episode]:
        return episode(f"{i}", success=solved, calls=calls), episode(f"{i}", success=alone, mode="invisible")

    pairs = [one(0, 0, True, True), one(1, 4, False, False), one(2, 3, True, False), one(3, 40, False, True)]
    rows = by_calls([pair[0] for pair in pairs], pairs)
    assert [(r.least, r.most, r.n, r.rate, r.without) for r in rows] == [
        (0, 0, 1, 1.0, 1.0), (3, 4, 2, 0.5, 0.0), (34, 40, 1, 0.0, 1.0),
    ]  # fmt: skip


def test_the_control_takes_the_difficulty_out_of_the_association() -> None:
    """Hard instances invite calls, and calls do nothing: the raw coefficient is negative, the controlled one is not."""
    rng = random.Random(0)
    played = []
    for i in range(600):
        length = rng.randint(3, 12)
        calls = sum(rng.random() < length / 15 for _ in range(8))
        solved = rng.random() < 1.1 - 0.08 * length
        played.append(episode(f"{i:03d}", success=solved, calls=calls, optimal=length))
    found = score(played).cells[0].metrics
    raw, given_length = found["association/raw"], found["association/given_length"]
    assert raw.high is not None
    assert raw.high < 0
    assert given_length.low is not None
    assert given_length.high is not None
    assert given_length.low < 0 < given_length.high
    assert found["association/given_invisible"].value is None
