"""The published table: its own consistency, what verdicts make of it, and the page that says so."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from journeyman.distill.check.published import Outcome, confusion, page, read_published
from journeyman.distill.check.verdicts import judge

DOCS = Path(__file__).parents[2] / "docs" / "distill-verdicts.md"
ARMS = read_published()


def test_every_arm_has_its_own_name_and_a_source() -> None:
    assert len({arm.name for arm in ARMS}) == len(ARMS) >= 60
    assert all(arm.section or arm.by != "paper" for arm in ARMS)
    assert {arm.tag for arm in ARMS} <= {"P", "T", "F", "R"}
    assert sum(arm.by == "replication" for arm in ARMS) == 28


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_outcomes_follow_their_rule(arm: object) -> None:
    """What is written in the table's last column is what its numbers say by the rule that the docstring states."""
    from journeyman.distill.check.published import Arm

    assert isinstance(arm, Arm)
    assert arm.outcome in get_args(Outcome)
    if arm.collapsed:
        assert arm.outcome == "worse"
    elif arm.recovery is not None:
        expected = "learned" if arm.recovery >= 0.5 else "partly" if arm.recovery >= 0.2 else "little"
        assert arm.outcome == expected
    elif arm.before is not None and arm.after is not None and arm.after < arm.before - 0.03:
        assert arm.outcome == "worse"


def test_no_verdict_of_failure_meets_an_arm_that_tuned_nothing_and_learned_but_where_the_page_says_so() -> None:
    learned = {arm.name: judge(arm.figures).name for arm in ARMS if not arm.tuned and arm.outcome == "learned"}
    alarms = {name: verdict for name, verdict in learned.items() if verdict not in ("ready", "undecided")}
    assert alarms == {
        "pattern-grpo": "entropy_unstable",
        "template-dapo": "prompts_not_the_teachers",
        "r-template-dapo": "prompts_not_the_teachers",
        "r-length-10240": "beyond_useful_depth",
        "r-length-15360": "beyond_useful_depth",
    }


def test_reversal_is_foreseen_by_both_scores() -> None:
    reverse = [arm for arm in ARMS if "reverse" in arm.name]
    assert len(reverse) == 4
    assert {judge(arm.figures).name for arm in reverse} == {"no_new_capability"}
    assert {arm.outcome for arm in reverse} == {"worse"}


def test_every_collapse_that_had_a_figure_for_it_was_foreseen() -> None:
    collapsed = [arm for arm in ARMS if arm.collapsed]
    assert len(collapsed) >= 6
    assert {judge(arm.figures).name for arm in collapsed} == {"entropy_unstable", "beyond_useful_depth"}


def test_the_matrix_counts_every_arm_once() -> None:
    assert sum(confusion(ARMS).values()) == len(ARMS)


def test_the_page_holds_what_the_verdicts_say_now() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert page().strip() in text, "run `python -m journeyman.distill.check.published` and put its output into the page"
