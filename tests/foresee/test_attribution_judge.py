"""Judges: what they are shown, how their answers are taken, what they cost, and how far they agree."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.errors import ModelUnavailable, UsageError
from journeyman.foresee.agents.agent import Brief, Turn
from journeyman.foresee.attribution.agreement import between, governed, with_replays
from journeyman.foresee.attribution.codebook import CODES, GOVERNED, Governed
from journeyman.foresee.attribution.judge import Case, Judged, judge, worst_case
from journeyman.foresee.attribution.judge_prompt import ask_again, judge_prompt, stages_of
from journeyman.foresee.attribution.transcript import real_digests, transcript
from journeyman.foresee.attribution.verdict import LONGEST, Verdict, read_verdict
from journeyman.foresee.draws import Draws
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.world_models.exact import Exact
from journeyman.foresee.worlds.lake import Lake
from journeyman.ledger import Budget, Ledger
from journeyman.models import ModelSpec, Price, Prompt
from journeyman.models.endpoint import open_endpoint
from journeyman.models.scripted import Reply, Scripted
from journeyman.testing.endpoint import Behaviour, EndpointServer

GOOD = {"matters": "yes", "turn": 2, "stage": "action", "code": "F5", "evidence": "In turn 2 it did what turn 1 shows fail."}
EXACT = stages_of(True)


class Lines:
    """An agent that says its lines."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = iter(lines)

    def begin(self, brief: Brief) -> None:
        """Nothing to prepare."""

    def reply(self, turn: Turn) -> str:
        """The next line."""
        return next(self._lines)


@pytest.fixture(scope="module")
def lost() -> tuple[Episode, Lake]:
    """An agent on a small lake that sees itself fall and does it: call, call, fall."""
    world = Lake(4)
    for instance in world.instances():
        world.reset(options={"instance": instance.id})
        start = world.snapshot()
        falls = [a for a in range(4) if world.label(start, a) == "fall"]
        moves = [a for a in range(4) if world.label(start, a) == "move"]
        if falls and moves:
            break
    name = world.about.actions
    lines = [
        f"<simulate>{name[moves[0]]}</simulate>",
        f"<reading>terminal=no success=no</reading><simulate>{name[falls[0]]}</simulate>",
        f"Never mind.\n<reading>terminal=yes success=no</reading><act>{name[falls[0]]}</act>",
    ]
    scene = Scene(world, Exact(world), cell="lines", exact=Exact(world), clone=Lake(4))
    return play(scene, instance, Lines(lines), Draws(0)), world


def says(**changed: Any) -> str:
    return json.dumps({**GOOD, **changed})


def taken(text: str, *, success: bool = False, turns: int = 3, stages: tuple[Governed, ...] = EXACT) -> Verdict:
    return read_verdict(text, success=success, turns=turns, stages=stages)


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_the_transcript_tells_real_from_hypothetical_and_has_the_truth(lost: tuple[Episode, Lake]) -> None:
    episode, world = lost
    lines = transcript(episode, world, {2: "Never mind.\n  I  go on."}).splitlines()
    assert [line.split(":")[0] for line in lines[:4]] == [
        "at the beginning", "[0] HYPOTHETICAL call 0", "[1] HYPOTHETICAL call 1", "[2] REAL"
    ]  # fmt: skip
    assert "truth: the same" in lines[2]
    assert '"terminal": true' in lines[2]
    assert '"on": "hole"' in lines[3]
    assert 'read the last prediction as {"terminal": true' in lines[3]
    assert lines[4] == "    the agent wrote: Never mind. I go on."
    real = real_digests(episode, world)
    assert set(real) == {-1, 2}
    assert real[2]["on"] == "hole"


def test_no_truth_is_claimed_where_the_world_is_another(lost: tuple[Episode, Lake]) -> None:
    episode, world = lost
    other = next(i for i in world.instances() if i.id != episode.instance)
    moved = Episode(**{**{n: getattr(episode, n) for n in Episode.__struct_fields__}, "instance": other.id})
    assert real_digests(moved, world) == {}
    assert "now: not known" in transcript(moved, world)


def test_the_question_has_all_that_the_specification_asks_for(lost: tuple[Episode, Lake]) -> None:
    episode, world = lost
    prompt = judge_prompt(episode, world, exact=True, without=True, key="a/b")
    asked = prompt.messages[-1].text
    assert "This episode: failure (lost). The same problem without a simulator: success." in asked
    assert all(f"- {code}: {CODES[code]}" in asked for code in ("F1", "F2", "F3", "F4", "F5"))
    assert "- S1" not in asked
    assert "- simulator:" not in asked
    assert world.about.role in asked
    world.reset(options={"instance": episode.instance})
    assert world.observe().symbols in asked
    fallible = judge_prompt(episode, world, exact=False, without=None).messages[-1].text
    assert "- simulator:" in fallible
    assert "without a simulator: not played" in fallible
    assert stages_of(False) == GOVERNED


# --- how an answer is taken -------------------------------------------------------------------------------------------


def test_a_right_answer_is_taken_bare_and_fenced() -> None:
    assert taken(says()) == Verdict(**GOOD)  # type: ignore[arg-type]
    assert taken(f"```json\n{says()}\n```") == taken(f"  {says()}\n")
    assert taken(says(matters="no", turn=None, evidence="Turn 0 was fine.")).turn is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not one JSON object alone"),
        ("The stage is action.", "not one JSON object alone"),
        (f"{says()} I am sure.", "not one JSON object alone"),
        (f"{says()}{says()}", "not one JSON object alone"),
        (f"```\n{says()}\n```\n```\n{says()}\n```", "2 fenced blocks"),
        ("[]", "not as asked"),
        (says(matters="maybe"), "not as asked"),
        (says(turn="2"), "not as asked"),
        (says(turn=True), "not as asked"),
        (says(note="more"), "unknown field"),
        (json.dumps({k: v for k, v in GOOD.items() if k != "turn"}), "missing required field"),
        (says(code="F9"), "not as asked"),
        (says(code="S1"), "the episode is a failure"),
        (says(stage="simulator"), "here it is one of input, meaning, action"),
        (says(turn=None), "turn is null"),
        (says(turn=3, evidence="turn 3"), "turns 0 to 2"),
        (says(turn=-1, evidence="turn -1"), "turns 0 to 2"),
        (says(evidence=" "), "0 characters"),
        (says(evidence="2" * (LONGEST + 1)), "601 characters"),
        (says(evidence="It ignored what it saw."), "does not quote the number of turn 2"),
        (says(evidence="See turn 12."), "does not quote the number of turn 2"),
    ],
)
def test_a_wrong_answer_is_not_taken(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        taken(text)


def test_codes_of_a_success_are_the_other_ones() -> None:
    assert taken(says(code="S2"), success=True).code == "S2"
    with pytest.raises(UsageError, match="it is one of S1, S2, S3"):
        taken(says(), success=True)
    assert taken(says(stage="simulator"), stages=stages_of(False)).stage == "simulator"


@given(st.text(max_size=200))
def test_whatever_is_said_it_is_a_verdict_or_a_sentence(text: str) -> None:
    with pytest.raises(UsageError):
        taken(text)


# --- asking -----------------------------------------------------------------------------------------------------------


def cases(lost: tuple[Episode, Lake], n: int = 1) -> list[Case]:
    episode, world = lost
    return [
        Case("lines", f"{episode.instance}/{i}", 0, judge_prompt(episode, world, exact=True, without=None, key=f"{i}/"),
             False, len(episode.decisions), EXACT)
        for i in range(n)
    ]  # fmt: skip


def scripted(reply: Callable[[Prompt], str], price: Price | None = None, name: str = "judge") -> Scripted:
    return Scripted(name, lambda prompt: Reply(reply(prompt)), price=price)


def test_an_answer_that_cannot_be_taken_is_asked_for_once_more_with_the_reason(lost: tuple[Episode, Lake]) -> None:
    asked: list[Prompt] = []

    def reply(prompt: Prompt) -> str:
        asked.append(prompt)
        return says() if len(asked) == 2 else says(code="S1")

    found = judge(scripted(reply), cases(lost), Ledger(Budget()))
    assert [(j.asked, j.fault, j.verdict and j.verdict.code) for j in found.judged] == [(2, "", "F5")]
    assert asked[1].messages[:2] == asked[0].messages
    assert asked[1].messages[2].text == says(code="S1")
    assert "the code is S1, but the episode is a failure" in asked[1].messages[3].text
    assert asked[1].key == f"{asked[0].key}/again"


def test_a_second_wrong_answer_is_kept_as_a_fault(lost: tuple[Episode, Lake]) -> None:
    found = judge(scripted(lambda prompt: "I would say action."), cases(lost, 3), Ledger(Budget()))
    assert len(found.judged) == 3
    assert {(j.asked, j.verdict) for j in found.judged} == {(2, None)}
    assert "not one JSON object alone" in found.judged[0].fault


def test_answers_come_in_the_order_of_the_cases_and_are_not_paid_for_twice(lost: tuple[Episode, Lake]) -> None:
    price = Price(1.0, 1.0)
    first = judge(scripted(lambda prompt: says(), price), cases(lost, 5), Ledger(Budget()), parallel=4)
    assert [j.instance for j in first.judged] == [c.instance for c in cases(lost, 5)]
    # All five ask the same, so one known answer serves them all.
    known = {("judge", first.judged[0].prompt): first.judged[0]}
    ledger = Ledger(Budget())
    again = judge(scripted(lambda prompt: says(code="F3"), price), cases(lost, 5), ledger, known=known)
    assert len(again.judged) == 5
    assert ledger.spent.tokens == 0


def test_the_budget_is_never_overrun_and_what_is_left_is_said(lost: tuple[Episode, Lake]) -> None:
    price = Price(2.0, 10.0)
    model = scripted(lambda prompt: says(), price)
    some = cases(lost, 6)
    one = model.worst_case(some[0].prompt).micro_usd
    paid: list[Judged] = []
    ledger = Ledger(Budget(micro_usd=one + 1000))
    found = judge(model, some, ledger, parallel=1, on_judged=paid.append)
    assert 0 < len(found.judged) < 6
    assert found.left == 6 - len(found.judged)
    assert "micro_usd" in found.why
    assert paid == found.judged
    assert ledger.spent.micro_usd == sum(j.micro_usd for j in found.judged) <= one + 1000
    assert ledger.open == {}
    none = judge(model, some, Ledger(Budget(micro_usd=10)), parallel=3)
    assert (none.judged, none.left) == ([], 6)


def test_the_worst_case_is_above_what_two_questions_cost(lost: tuple[Episode, Lake]) -> None:
    model = scripted(lambda prompt: "x" * 20_000, Price(2.0, 10.0))
    some = cases(lost, 2)
    ledger = Ledger(Budget())
    judge(model, some, ledger)
    most = worst_case(model, some)
    assert 0 < ledger.spent.micro_usd <= most.micro_usd
    assert 0 < ledger.spent.tokens <= most.tokens


def test_a_judge_that_fails_ends_the_judging_and_keeps_what_was_said(lost: tuple[Episode, Lake]) -> None:
    count = iter(range(10))

    def reply(prompt: Prompt) -> str:
        if next(count) == 2:
            raise ModelUnavailable("gone")
        return says()

    paid: list[Judged] = []
    with pytest.raises(ModelUnavailable):
        judge(scripted(reply), cases(lost, 6), Ledger(Budget()), parallel=1, on_judged=paid.append)
    assert len(paid) == 2


def test_a_real_endpoint_is_asked_and_metered(lost: tuple[Episode, Lake]) -> None:
    replies = [Behaviour.ok("Action, surely."), Behaviour.status(503), Behaviour.ok(says())]
    with EndpointServer(replies) as server:
        spec = ModelSpec(endpoint=server.url, model="judge-1", max_tokens=500, price=Price(1.0, 2.0), backoff_s=0.01)
        with open_endpoint("loopback", spec) as model:
            ledger = Ledger(Budget())
            found = judge(model, cases(lost), ledger)
    assert len(server.requests) == 3
    assert [m["role"] for m in server.requests[2].body["messages"]] == ["system", "user", "assistant", "user"]
    assert found.judged[0].verdict == Verdict(**GOOD)  # type: ignore[arg-type]
    assert found.judged[0].tokens == ledger.spent.tokens > 0
    assert found.judged[0].micro_usd == ledger.spent.micro_usd > 0


def test_the_second_question_keeps_what_the_first_one_asked(lost: tuple[Episode, Lake]) -> None:
    prompt = cases(lost)[0].prompt
    again = ask_again(prompt, "", "it is empty")
    assert again.messages[2].text == "(nothing)"
    assert (again.max_tokens, again.temperature) == (prompt.max_tokens, prompt.temperature)


# --- agreement --------------------------------------------------------------------------------------------------------


def judged(judge: str, instance: int, stage: str | None, code: str = "F5", matters: str = "yes", **more: Any) -> Judged:
    verdict = None if stage is None else Verdict(matters, 1, stage, code, "Turn 1.")  # type: ignore[arg-type]
    return Judged(judge, "cell", str(instance), 0, f"p{instance}", more.pop("success", False), verdict, **more)


def test_agreement_with_replays() -> None:
    flips = {
        ("cell", "0", 0): ("gate",), ("cell", "1", 0): ("query", "reading"), ("cell", "2", 0): ("action",),
        ("cell", "3", 0): (), ("cell", "4", 0): ("reading",), ("cell", "5", 0): ("simulator", "action"),
    }  # fmt: skip
    said = [
        judged("a", 0, "input", tokens=10, micro_usd=7), judged("a", 1, "meaning"), judged("a", 2, "meaning"),
        judged("a", 3, "input"), judged("a", 4, None, fault="no JSON", tokens=5), judged("a", 5, "action"),
        judged("a", 6, "action"), judged("a", 7, "input", code="S1", success=True),
        judged("b", 0, "action"),
    ]  # fmt: skip
    a, b = with_replays(said, flips)
    assert (a.inside.hits, a.inside.n) == (3, 4)
    assert (a.alone.hits, a.alone.n) == (1, 2)
    assert a.counts["input"] == {"input": 1, "simulator": 0, "meaning": 1, "action": 0}
    assert a.counts["none"]["input"] == 1
    assert list(a.counts) == ["input", "simulator", "action", "none"]
    assert (a.unread, a.tokens, a.micro_usd) == (1, 15, 7)
    assert a.kappa.n == 4
    assert (b.inside.hits, b.inside.n) == (0, 1)


def test_agreement_of_two_judges() -> None:
    said = [judged("a", i, "input" if i % 2 else "action", "F1" if i % 2 else "F5") for i in range(10)]
    said += [judged("b", i, "input" if i % 2 else "action", "F1", matters="no" if i < 5 else "yes") for i in range(12)]
    said += [judged("b", 20, None)]
    (found,) = between(said)
    assert (found.first, found.second) == ("a", "b")
    assert (found.stage.value, found.stage.n) == (1.0, 10)
    assert found.code.agreed == 5
    assert found.matters.value == 0.0


def test_stages_of_replays_as_judges_name_them() -> None:
    assert governed(["gate", "query", "action"]) == ("input", "action")
    assert governed(["reading", "simulator"]) == ("simulator", "meaning")
    assert governed([]) == ()
