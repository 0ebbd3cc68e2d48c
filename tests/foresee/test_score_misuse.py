"""Misuse by program: each of its four kinds on episodes made by hand, and what a log that lacks something gives."""

from __future__ import annotations

from typing import Any

import pytest
from score_episodes import FALLS, HOLDS, act, call, episode

from journeyman.foresee.protocol.decision import Decision, Episode
from journeyman.foresee.score.misuse import KINDS, contradiction, judged, loop, misuse, neglect, readings_of
from journeyman.foresee.score.scores import score
from journeyman.foresee.score.wasted import wasted


def played(*decisions: Decision, **rest: Any) -> Episode:
    return episode("x", decisions, **rest)


def test_a_reading_is_of_the_last_prediction_before_it() -> None:
    first, second = {"terminal": True, "success": False}, {"terminal": False}
    one = played(
        call(0, (2,), predicted=FALLS, call=0), call(1, (1,), predicted=HOLDS, call=1, reading=first),
        act(2, (1,), reading=second), act(3, (1,), reading={"terminal": True}),
    )  # fmt: skip
    assert readings_of(one) == [first, second]
    assert contradiction(one) == (False, False)


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ({"terminal": False}, True),
        ({"terminal": True, "success": False}, False),
        ({"terminal": True, "at": [9, 9]}, True),
        ({"at": (1, 2)}, False),
        ({"color": "red"}, None),
        (None, None),
    ],
)
def test_a_contradiction_is_a_reading_that_the_prediction_does_not_bear_out(stated: Any, found: bool | None) -> None:
    assert contradiction(played(call(0, predicted=FALLS, true=HOLDS), act(1, (1,), reading=stated))) == (found,)


def test_a_reading_is_held_against_what_was_shown_and_not_against_what_is_true() -> None:
    one = played(call(0, predicted=FALLS, true=HOLDS), act(1, (1,), reading=FALLS))
    assert contradiction(one) == (False,)


def test_the_alternatives_of_a_batch_share_the_reading_of_the_call_before() -> None:
    one = played(
        call(0, (1,), call=0, predicted=FALLS),
        call(1, (2,), call=1, batch=1, predicted=HOLDS, reading={"terminal": True}),
        call(2, (3,), call=2, batch=1, predicted=FALLS),
        act(3, (2,), reading={"terminal": False}),
    )  # fmt: skip
    assert contradiction(one) == (False, None, True), "it speaks of the last alternative"


def test_neglect_is_doing_next_what_was_shown_to_fail() -> None:
    assert neglect(played(call(0, (2,), predicted=FALLS), act(1, (2,)))) == (True,)
    assert neglect(played(call(0, (2,), predicted=FALLS), act(1, (1,)))) == (False,)
    assert neglect(played(call(0, (2,), predicted=HOLDS), act(1, (2,)))) == (False,)
    assert neglect(played(call(0, (2,), predicted=FALLS), call(1, (1,)), act(2, (2,)))) == (True, False)
    assert neglect(played(call(0, (2,), predicted=FALLS))) == (False,)
    assert neglect(played(call(0, (2,), predicted=FALLS), act(1, (1,)), act(2, (2,)))) == (False,), "only the next counts"


def test_neglect_of_a_sequence_needs_all_of_it() -> None:
    shown = call(0, (1, 2), predicted=FALLS)
    assert neglect(played(shown, act(1, (1,)), act(2, (2,)))) == (True,)
    assert neglect(played(shown, act(1, (1, 2, 3)))) == (True,)
    assert neglect(played(shown, act(1, (1,)), act(2, (3,)))) == (False,)
    assert neglect(played(shown, act(1, (1,)))) == (False,), "it turned back in time"
    assert neglect(played(shown, act(1, (1,), terminal=True))) == (True,), "it fell before the end of the sequence"
    assert neglect(played(shown, act(1, (1,)), call(2, (2,)), act(3, (2,)))) == (False, False), "it looked again"


def test_a_later_answer_to_the_same_question_takes_the_place_of_the_earlier() -> None:
    one = played(call(0, (2,), predicted=FALLS), call(1, (2,), predicted=HOLDS), act(2, (2,)))
    assert neglect(one) == (False, False)
    one = played(call(0, (2,), predicted=HOLDS), call(1, (2,), predicted=FALLS), act(2, (2,)))
    assert neglect(one) == (False, True)


@pytest.mark.parametrize(
    ("predicted", "found"),
    [
        ({"terminal": True, "success": True}, False),
        ({"terminal": False, "success": False, "dead": True}, True),
        ({"terminal": True}, None),
        ({"terminal": False}, False),
        ({}, None),
    ],
)
def test_what_shows_a_failure(predicted: dict[str, Any], found: bool | None) -> None:
    assert neglect(played(call(0, (2,), predicted=predicted), act(1, (2,)))) == (found,)


def test_a_call_from_an_imagined_state_is_the_way_there_and_on() -> None:
    one = played(
        call(0, (1,), call=0), call(1, (2,), call=1, origin=0, predicted=FALLS), act(2, (1,)), act(3, (2,)),
    )  # fmt: skip
    assert neglect(one) == (False, True)
    again = played(call(0, (1,), call=0), call(1, (1,), call=1, origin=0), call(2, (1, 1), call=2), call(3, (1,), call=3))
    assert loop(again) == (False, False, True, True)


def test_a_loop_is_the_same_question_with_nothing_done_in_between() -> None:
    assert loop(played(call(0, (2,)), call(1, (1,)), call(2, (2,)), act(3), call(4, (2,)))) == (False, False, True, False)


def test_what_a_mind_foresaw_decides_whether_the_governors_call_was_wasted() -> None:
    def governed(**values: float) -> Decision:
        return call(0, by="governor", ruling={"verdict": "simulate", "values": values}, values={"1": 0.2, "2": 0.5})

    for values, found in (({"evsi": 0.0}, True), ({"evsi": 0.03}, False), ({"flips": 0.0, "evsi": 0.03}, True)):
        assert wasted(played(governed(**values), act(1))) == ((found, "mind"),)
    own = call(0, ruling={"verdict": "allow", "values": {"evsi": 0.0}})
    assert wasted(played(own, act(1))) == ((None, ""),), "the figures are of another call"


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"2": 0.4}, True),
        ({"2": 1.0, "1": 0.3}, True),
        ({"2": 0.4, "1": 0.0}, True),
        ({"2": 0.4, "1": 0.3}, False),
        ({"2": 0.2, "1": 0.3}, False),
        ({"0": 0.4, "1": 0.3}, None),
        ({}, None),
    ],
)
def test_values_say_whether_any_outcome_could_change_the_choice(values: dict[str, float], found: bool | None) -> None:
    basis = "" if found is None else "values"
    assert wasted(played(call(0, (2,), values=values), act(1))) == ((found, basis),)


def test_without_a_mind_a_call_is_wasted_if_nothing_follows_or_the_answer_was_known() -> None:
    assert wasted(played(act(0), call(1))) == ((True, "rule"),)
    assert wasted(played(call(0), call(1), act(2))) == ((None, ""), (True, "rule"))
    assert wasted(played(call(0), call(1), act(2), world="lake-6:slip=0.1")) == ((None, ""), (None, ""))
    noisy = [call(i) for i in range(2)]
    noisy = [Decision(**{f: getattr(d, f) for f in d.__struct_fields__} | {"model": "exact+transition=0.2"}) for d in noisy]
    assert wasted(played(*noisy, act(2)))[1] == (None, ""), "a noisy answer may differ the second time"
    assert wasted(played(call(0), Decision(index=1, real=0, context="A", answer="B"))) == ((None, ""),)


def test_a_call_is_misused_if_any_of_the_four_holds() -> None:
    good = played(call(0, (1,), values={"1": 0.5, "2": 0.4}), act(1, (1,), reading=HOLDS))
    bad = episode("y", [call(0, (2,), predicted=FALLS, values={"1": 0.5, "2": 0.4}), act(1, (2,), reading=HOLDS)])
    found = misuse([good, bad])
    assert {name: one.value for name, one in found.items()} == {
        "misuse/calls": 0.5, "misuse/cases": 0.5, "misuse/contradiction": 0.5, "misuse/neglect": 0.5, "misuse/wasted": 0.0,
        "misuse/loop": 0.0, "misuse/undetermined": 0.0,
    }  # fmt: skip
    assert dict(zip(KINDS, judged(bad)[0], strict=True)) == {
        "contradiction": True, "neglect": True, "wasted": False, "loop": False,
    }  # fmt: skip
    assert found["misuse/wasted"].why.endswith("2 by the mind's values")


def test_what_the_log_does_not_tell_is_a_lower_bound_or_no_number() -> None:
    known = episode("a", [call(0, (2,), predicted=FALLS), act(1, (2,))])
    open_ = episode("b", [call(0, (2,)), act(1, (2,))])
    found = misuse([known, open_])
    assert found["misuse/calls"].value == 0.5
    assert found["misuse/calls"].why == "a lower bound: of 1 calls the log does not tell all"
    assert found["misuse/contradiction"].value is None
    blind = misuse([episode("c", [call(0, (2,), predicted={}), act(1, (2,))])])
    assert blind["misuse/calls"].value is None
    assert "no reading of a prediction was stated" in blind["misuse/calls"].why
    assert misuse([episode("d", calls=3)])["misuse/calls"].why == "the calls themselves are not in the log"
    assert misuse([episode("e", [act(0)])])["misuse/loop"].why == "the world model was never called"


def test_misuse_is_a_metric_of_a_cell() -> None:
    found = score([episode(f"{i}", [call(0, (2,), predicted=FALLS), act(1, (2,))]) for i in range(5)]).cells[0].metrics
    assert found["misuse/neglect"].value == 1.0
    assert found["misuse/cases"].method == "wilson"
