"""Planted faults (spec J5, Appendix 1): the true stage is always found, and nearly always alone."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from journeyman.foresee.attribution.attribute import attribute
from journeyman.foresee.attribution.confusion import Planted, confusion
from journeyman.foresee.attribution.figure import draw_confusion
from journeyman.foresee.attribution.planted import PLANTED, planted
from journeyman.foresee.attribution.proportion import share_of
from journeyman.foresee.attribution.record import Failure
from journeyman.foresee.attribution.tables import confusion_table
from journeyman.foresee.attribution.wanted import Wanted
from journeyman.foresee.evaluate import evaluate
from journeyman.foresee.protocol.repair import STAGES, Repairable
from journeyman.report.table import aligned

INSTANCES = 60


@pytest.fixture(scope="module")
def found() -> tuple[list[Planted], dict[Repairable, list[Failure]]]:
    return planted(instances=INSTANCES, sufficiency=False)


@pytest.mark.parametrize("stage", STAGES)
def test_the_true_stage_is_always_in_the_set_and_nearly_always_alone(
    found: tuple[list[Planted], dict[Repairable, list[Failure]]], stage: Repairable
) -> None:
    row = next(row for row in found[0] if row.stage == stage)
    assert row.failures >= 3
    assert row.inside.hits == row.failures
    assert row.alone.hits >= 0.9 * row.failures
    assert row.holds


def test_every_failure_of_a_planted_fault_ends_with_all_stages_repaired(
    found: tuple[list[Planted], dict[Repairable, list[Failure]]],
) -> None:
    assert all(failure.whole for failures in found[1].values() for failure in failures)


def test_the_rates_are_those_of_the_reference() -> None:
    assert PLANTED["gate"].agent.endswith("drop=0.5")
    assert PLANTED["simulator"].world_model == "exact+transition=0.4"
    assert PLANTED["reading"].agent.endswith("misread=0.4")
    assert PLANTED["action"].agent.endswith("ignore=0.5")
    assert {cell.mode for cell in PLANTED.values()} == {"normal"}


def failure(*singles: Repairable) -> Failure:
    return Failure("cell", "i", 0, singles)


def test_the_confusion_is_counted_and_drawn() -> None:
    failures: dict[Repairable, list[Failure]] = {
        "gate": [failure("gate")] * 9 + [failure("gate", "query")], "action": [failure("reading"), failure()],
    }  # fmt: skip
    gate, query, action = confusion({"gate": 50, "query": 40, "action": 30}, failures)
    assert (gate.failures, gate.inside.hits, gate.alone.hits, gate.holds) == (10, 10, 9, True)
    assert gate.flips == {"gate": 10, "query": 1, "simulator": 0, "reading": 0, "action": 0}
    assert (query.failures, query.inside, query.holds) == (0, share_of(0, 0), False)
    assert (action.inside.hits, action.holds) == (0, False)
    assert not confusion({"gate": 9}, {"gate": [failure("gate")] * 8 + [failure("gate", "query")]})[0].holds
    table = aligned(confusion_table([gate, query, action]))
    assert "10 of 10, 100 %" in table
    drawn = str(draw_confusion([gate, query, action]))
    assert "planted gate, repaired query: 1 of 10" in drawn
    assert drawn.count("<rect") == 15
    assert msgspec.json.decode(msgspec.json.encode(gate), type=Planted) == gate


def test_a_question_beside_the_point_is_found_out_where_two_ways_are_worth_the_same(tmp_path: Path) -> None:
    # On these lakes what was asked instead is worth as much as what was wanted, so that only the agent's own choice tells.
    result = evaluate(
        "lake-6", agents="scripted:perception=0.15,trust=1,query=0.5", modes="normal", instances=132, runs=tmp_path
    )
    (cell,) = attribute(result.run, Wanted(successes=False, sufficiency=False)).shares
    (query,) = [one for one in cell.stages if one.stage == "query"]
    assert cell.failures > 15
    assert query.flips.hits == cell.failures
