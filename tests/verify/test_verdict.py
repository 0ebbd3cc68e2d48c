from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.errors import TaskError
from journeyman.verify import (
    POLICY,
    Anchors,
    InstanceVerdict,
    Metric,
    Status,
    Verdict,
    as_design,
    feasible,
    infeasible,
)
from journeyman.verify.design import NotADesign
from journeyman.verify.score import normalised
from journeyman.verify.verdict import clip, combine

FINITE = st.floats(-1e6, 1e6)
POSITIVE = st.floats(1e-3, 1e6)


def test_every_status_has_a_policy_and_no_score_but_ok() -> None:
    assert set(POLICY) == set(Status)
    assert [s for s in Status if POLICY[s].retried] == [Status.INFRASTRUCTURE_ERROR]
    assert [s for s in Status if not POLICY[s].charged] == [Status.INFRASTRUCTURE_ERROR]
    with pytest.raises(TypeError):
        POLICY[Status.OK] = POLICY[Status.TIMEOUT]  # type: ignore[index]


@given(st.lists(st.tuples(st.sampled_from(list(Status)), FINITE), min_size=1, max_size=6))
def test_a_verdict_is_ok_only_if_every_instance_is(parts: list[tuple[Status, float]]) -> None:
    instances = tuple(
        InstanceVerdict(str(i), status, score=score if status is Status.OK else None)
        for i, (status, score) in enumerate(parts)
    )
    verdict = combine("dev", instances, level="none", repeat=0, wall_s=0.0)
    if all(status is Status.OK for status, _ in parts):
        assert verdict.score == pytest.approx(sum(score for _, score in parts) / len(parts))
    else:
        assert verdict.score is None
        assert verdict.status in {status for status, _ in parts} - {Status.OK}


def test_the_machine_is_blamed_before_the_verifier_and_the_verifier_before_the_candidate() -> None:
    def status(*found: Status) -> Status:
        made = tuple(InstanceVerdict(s.value, s) for s in found)
        return combine("dev", made, level="", repeat=0, wall_s=0).status

    assert (
        status(Status.TIMEOUT, Status.INFRASTRUCTURE_ERROR, Status.VERIFIER_ERROR)
        is Status.INFRASTRUCTURE_ERROR
    )
    assert status(Status.INFEASIBLE, Status.VERIFIER_ERROR) is Status.VERIFIER_ERROR
    assert status(Status.OK, Status.INFEASIBLE) is Status.INFEASIBLE


def test_the_same_fault_on_all_instances_is_said_once() -> None:
    made = tuple(InstanceVerdict(n, Status.INFEASIBLE, feedback="too heavy") for n in "abc")
    assert combine("dev", made, level="", repeat=0, wall_s=0).feedback == "all instances: too heavy"


@given(POSITIVE, POSITIVE, POSITIVE)
def test_normalised_scores_meet_their_anchors(baseline: float, reference: float, x: float) -> None:
    if math.isclose(baseline, reference, rel_tol=1e-6):
        return
    anchors = Anchors(baseline, reference)
    for scale in ("linear", "log"):
        assert normalised(baseline, anchors, scale) == pytest.approx(0.0, abs=1e-9)
        assert normalised(reference, anchors, scale) == pytest.approx(1.0)
        # Strictly better objectives score higher, whichever direction is better.
        nearer = x + (reference - baseline) * 0.1
        if nearer > 0:
            assert normalised(nearer, anchors, scale) > normalised(x, anchors, scale)
    assert normalised(x, anchors, "ratio") == x
    assert normalised(x, None, "linear") == x


@pytest.mark.parametrize(
    ("anchors", "scale", "direction"),
    [
        (Anchors(1.0, 1.0), "linear", "minimize"),
        (Anchors(1.0, 2.0), "linear", "minimize"),
        (Anchors(2.0, 1.0), "linear", "maximize"),
        (Anchors(2.0, math.nan), "linear", "minimize"),
        (Anchors(2.0, -1.0), "log", "minimize"),
    ],
)
def test_impossible_anchors_are_refused(anchors: Anchors, scale: str, direction: str) -> None:
    with pytest.raises(TaskError, match="here"):
        anchors.check("here", scale, direction)  # type: ignore[arg-type]


def test_outcomes_hold_finite_numbers_only() -> None:
    assert feasible(-3).objective == -3.0
    assert infeasible("too long", feedback="by 3 mm").feedback == "too long\nby 3 mm"
    for bad in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match="finite"):
            feasible(bad)
        with pytest.raises(ValueError, match="finite"):
            feasible(1.0, metrics={"mass": bad})


class Beam(msgspec.Struct, forbid_unknown_fields=True):
    lengths: list[float]
    count: int


@pytest.mark.parametrize(
    "value",
    [None, [], {"lengths": [1.0]}, {"lengths": [True], "count": 1}, {"lengths": [1.0], "count": True},
     {"lengths": [math.nan], "count": 1}, {"lengths": [1.0, math.inf], "count": 1}, {"lengths": "12", "count": 1},
     {"lengths": [1.0], "count": 1.5}, {"lengths": [1.0], "count": 1, "score": 9}],
)  # fmt: skip
def test_what_is_no_design_is_refused_with_a_reason(value: object) -> None:
    with pytest.raises(NotADesign, match="not a design"):
        as_design(value, Beam)


def test_a_design_is_read() -> None:
    assert as_design({"lengths": [1, 2.5], "count": 3}, Beam) == Beam([1.0, 2.5], 3)


@given(st.text(max_size=300), st.integers(60, 120))
def test_clipped_text_keeps_both_ends(text: str, limit: int) -> None:
    cut = clip(text, limit)
    assert cut == text if len(text) <= limit else cut.startswith(text[:5]) and cut.endswith(text[-5:])
    assert len(cut) <= limit + 10


def test_verdicts_survive_the_wire() -> None:
    verdict = Verdict(
        Status.OK,
        -2.5,
        "dev",
        (InstanceVerdict("a", Status.OK, -2.5),),
        {"m": Metric(1, "kg")},
        artifacts={"p": b"x"},
    )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(verdict), type=Verdict) == verdict
