"""What language models are told: mode invisible gives nothing away, and differs from normal by the simulator alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.foresee.agents.grammar import Said, Unreadable, parse
from journeyman.foresee.agents.prompts import (
    REFUSALS,
    VOCABULARY,
    Wording,
    branches_text,
    hypothetical_text,
    lost_turn_text,
    real_text,
    reask_text,
    refusal_text,
    simulator_section,
    system_text,
    wording_of,
)
from journeyman.foresee.worlds.registry import names, open_world
from journeyman.foresee.worlds.world import About, Observation

PUSHED = About("push-6", "You push.", "Push.", {"$": "a box"}, ("Up", "Down"), per_turn=1)
ICE = Observation("You stand on ice.", "PS\n_G")

wordings = st.builds(
    Wording,
    order=st.sampled_from(["last", "first"]), tone=st.sampled_from(["neutral", "encouraging"]),
    cost=st.sampled_from([0.0, 0.02]), claim=st.sampled_from(["none", "exact", "fallible"]),
    think=st.sampled_from(["free", "none"]), confidence=st.booleans(), reading=st.booleans(),
)  # fmt: skip


def abouts():
    return [open_world(name).about for name in names()] + [PUSHED]


@settings(max_examples=100, deadline=None)
@given(
    wordings, st.sampled_from(["normal", "force"]), st.sampled_from(["restart", "continue", "branches"]),
    st.sampled_from(["symbols", "image", "text"]), st.none() | st.floats(0, 1), st.booleans(),
)  # fmt: skip
def test_without_the_simulator_section_the_prompt_is_the_invisible_one_byte_by_byte(
    wording, mode, memory, format, reliable, asks
):
    for about in abouts():
        told = {"memory": memory, "wording": wording, "reliable": reliable}
        whole = system_text(about, 24, mode, format=format, asks=asks, **told)
        section = simulator_section(about, 24, mode, **told)
        assert whole.count(section) == 1
        assert section.startswith("# Simulator\n")
        assert section.endswith("\n\n")
        assert "\n# " not in section
        invisible = system_text(about, 24, "invisible", format=format, asks=asks, **told)
        assert whole.replace(section, "").encode() == invisible.encode()


@settings(max_examples=60, deadline=None)
@given(wordings, st.text(max_size=30), st.booleans())
def test_nothing_that_is_told_in_mode_invisible_gives_the_simulator_away(wording, reply, asks):
    for about in abouts():
        texts = [
            system_text(about, 24, "invisible", wording=wording, asks=asks, reliable=0.9),
            real_text(ICE, about, actions=(0, 1), left=22, mode="invisible", calls_left=9, calls_left_now=5),
            lost_turn_text(),
        ]
        for said in (parse("<simulate>0</simulate>", about, "invisible"), parse("", about, "invisible")):
            assert isinstance(said, Unreadable)
            texts.append(reask_text(said.why, "invisible"))
        for text in texts:
            assert [word for word in VOCABULARY if word in text.lower()] == []


def test_the_words_would_be_found():
    normal = system_text(PUSHED, 24, "normal").lower()
    assert sum(word in normal for word in VOCABULARY) >= 5


def test_real_events_are_the_same_in_all_modes_but_for_the_last_line():
    told = {"actions": (0,), "left": 23, "calls_left": 70, "calls_left_now": 5}
    invisible = real_text(ICE, PUSHED, mode="invisible", **told)
    assert invisible == "OBSERVATION. You did: Up.\nYou stand on ice.\nPS\n_G\nActions left: 23."
    for mode in ("normal", "force"):
        normal = real_text(ICE, PUSHED, mode=mode, **told)
        assert normal == f"{invisible}\nCalls left: 5 before the next action, 70 in all."


def test_a_prediction_says_loudly_what_it_is():
    text = hypothetical_text(ICE, PUSHED, actions=(0, 1), call=3, calls_left=2, calls_left_now=4, done=1)
    assert text.splitlines() == [
        "HYPOTHETICAL (call 3): Up, Down, from the real state. The real state is unchanged.",
        "You stand on ice.", "PS", "_G", "It would end after 1 of these 2 actions.",
        "Calls left: 2 before the next action, 2 in all.",
    ]  # fmt: skip
    first = hypothetical_text(
        ICE, PUSHED, actions=(0,), call=3, calls_left=2, calls_left_now=2, alternative=(1, 2), origin=1
    )
    assert first.startswith("HYPOTHETICAL (call 3, alternative 1 of 2): Up, going on from call 1.")
    assert "Calls left" not in first
    unasked = hypothetical_text(
        ICE, PUSHED, actions=(0,), call=0, calls_left=2, calls_left_now=2, by_governor=True, stated="at=0,1"
    )
    assert "You did not ask for it" in unasked
    assert "In symbols: at=0,1" in unasked


@pytest.mark.parametrize(
    ("wording", "words"),
    [
        (Wording(claim="exact"), "an exact copy of the world"),
        (Wording(claim="fallible"), "may be wrong"),
        (Wording(tone="encouraging"), "it is recommended"),
        (Wording(cost=0.02), "lowers your score by 0.02"),
        (Wording(reading=True), "<reading>at=... terminal=... success=...</reading>"),
        (Wording(confidence=True), "<confidence>0.5</confidence>"),
        (Wording(think="none"), "nothing else"),
    ],
)
def test_each_ablation_changes_its_words_and_no_others(wording, words):
    usual, changed = system_text(PUSHED, 24, "normal"), system_text(PUSHED, 24, "normal", wording=wording)
    assert words in changed
    assert words not in usual
    different = set(usual.splitlines()) ^ set(changed.splitlines())
    assert len(different) <= 2


def test_the_order_of_options_is_an_ablation():
    last, first = (system_text(PUSHED, 24, "normal", wording=Wording(order=order)) for order in ("last", "first"))
    assert last.index("# Acting") < last.index("# Simulator")
    assert first.index("# Simulator") < first.index("# Acting")
    assert sorted(last.splitlines()) == sorted(first.splitlines())


def test_force_says_that_it_must_be_used_whatever_the_tone():
    text = system_text(PUSHED, 24, "force", wording=Wording(tone="encouraging"))
    assert "You must simulate before each <act>" in text
    assert "recommended" not in text


def test_examples_of_the_prompt_are_understood():
    for about in abouts():
        text = system_text(about, 24, "normal", memory="continue")
        examples = [found[0] for found in re.finditer(r"<(simulate|act|answer)( [^>]*)?>[^<]+</\1>", text)]
        assert len(examples) == 5
        for example in examples:
            assert isinstance(parse(example, about, "normal", memory="continue"), Said)


def test_refusals_say_that_nothing_changed():
    for why in REFUSALS:
        assert refusal_text(why).startswith("REFUSED. ")
        assert "Nothing has changed" in refusal_text(why)
    assert refusal_text("again", "It is call 2.").endswith("\nIt is call 2.")


def test_branches_are_a_table():
    text = branches_text([(0, "Up", "at=1,2 terminal=no", "not done"), (1, "Down", "at=3,2 terminal=yes", "not done")])
    assert text.splitlines()[2] == "0 | Up | at=1,2 terminal=no | not done"


def test_a_maker_says_how_its_agents_are_told():
    class Maker:
        wording = Wording(confidence=True, reading=True)

    assert wording_of(Maker()).fields("normal") == ("confidence", "reading")
    assert wording_of(Maker()).fields("invisible") == ("confidence",)
    assert wording_of(object()) == Wording()
