"""Replies: what is written is read back, what people and models write instead is understood or refused with a reason."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Wish
from journeyman.foresee.agents.grammar import DEEPEST, Said, Unreadable, deepest, parse, write
from journeyman.foresee.agents.reading import read_reading, write_reading
from journeyman.foresee.worlds.world import About

LAKE = About("lake-6", "You walk.", "Walk.", {"P": "you"}, ("Left", "Down", "Right", "Up"), per_turn=2)

actions = st.lists(st.integers(0, 3), min_size=1, max_size=DEEPEST).map(tuple)
turns = st.lists(st.integers(0, 3), min_size=1, max_size=2).map(tuple)
confidences = st.none() | st.floats(0, 1)
calls = st.builds(
    lambda alternatives, confidence, origin: Wish(
        "simulate", alternatives[0], confidence=confidence, others=tuple(alternatives[1:]), origin=origin
    ),
    st.lists(actions, min_size=1, max_size=4, unique=True), confidences, st.none() | st.integers(0, 999),
)  # fmt: skip
acts = st.builds(lambda a, c: Wish("act", a, confidence=c), turns, confidences)
answers = st.builds(
    lambda a, c: Wish("answer", answer=a, confidence=c),
    st.text(st.characters(exclude_characters="<`", exclude_categories=("Cs",)), min_size=1)
    .map(str.strip)
    .filter(bool),
    confidences,
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8,
)  # fmt: skip
readings = st.dictionaries(st.sampled_from(["at", "on", "terminal", "success", "boxes", "At x", "<"]), plain, min_size=1)


@settings(max_examples=300, deadline=None)
@given(calls | acts | answers, st.none() | readings, st.sampled_from(["", "I think so.", "At (2, 3), 5 < 7."]))
def test_what_is_written_is_read_back(wish, reading, thought):
    text = write(wish, LAKE, reading=reading, thought=thought)
    assert parse(text, LAKE, "normal", memory="continue") == Said(wish, reading)


@settings(max_examples=200, deadline=None)
@given(readings)
def test_readings_are_read_back(reading):
    assert read_reading(write_reading(reading)) == reading


@settings(max_examples=300, deadline=None)
@example("<ACT>imulat</ACT>")
@given(
    st.text()
    | st.lists(
        st.sampled_from(["<act>", "</act>", "<simulate>", "</simulate>", "Left", ",", "|", "<think>", "</think>", "<answer>",
                         "</answer>", "<reading>", "</reading>", "at=1,2", "<confidence>", "0.5", "</confidence>", "\n"]),
        max_size=12,
    ).map("".join)
)  # fmt: skip
def test_any_text_is_understood_or_refused_with_a_reason(text):
    said = parse(text, LAKE, "normal")
    assert isinstance(said, Said) or said.why
    unseeing = parse(text, LAKE, "invisible")
    if isinstance(unseeing, Said):
        assert unseeing.wish.kind != "simulate"
    else:  # it may quote what it was told, and says nothing of it by itself
        assert "imulat" not in unseeing.why or "imulat" in text


def test_names_that_could_be_mistaken_are_written_as_numbers():
    odd = About("odd", "", "", {}, ("go(1,2)", "Push | pull", "1", "[x]", "left", "LEFT"), per_turn=6)
    text = write(Wish("act", (2, 4, 5)), odd)
    assert text == "<act>1, left, LEFT</act>"
    assert parse(text, odd, "normal") == Said(Wish("act", (2, 4, 5)))
    assert write(Wish("act", (0, 3)), odd) == "<act>0, 3</act>"
    with pytest.raises(UsageError, match="action 1 of 'odd' has no name"):  # its number is the name of another
        write(Wish("act", (1,)), odd)


@pytest.mark.parametrize(
    "text",
    [
        "<act>Right</act>",
        "I go right.\n< ACT > right \n</ Act >\nthat is all",
        "```xml\n<act>2</act>\n```",
        "<act>`Right`</act>",
        "<act>\n```\n[right]\n```\n</act>",
        "<think>perhaps <act>Left</act> or <simulate>Up</simulate></think> no: <act>Right.</act>",
        "perhaps <act>Left</act></think><act>Right</act>",
        "If x < 3 and y > 2, then\n<act>RIGHT,</act>",
    ],
)
def test_what_is_tolerated(text):
    assert parse(text, LAKE, "normal") == Said(Wish("act", (2,)))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "none of <simulate>...</simulate>, <act>...</act> or <answer>...</answer>"),
        ("Right", "none of"),
        ("<act>Left</act><act>Left</act>", "2 of them (<act> and <act>)"),
        ("<simulate>Left</simulate> then <act>Left</act>", "2 of them (<simulate> and <act>)"),
        ("<act>Left", "<act> is not closed"),
        ("<act>Left <act>Left</act>", "<act> is there more than once"),
        ("<act>Jump</act>", "'Jump' is no action; the actions are Left, Down, Right, Up"),
        ("<act>4</act>", "'4' is no action"),
        ("<act> , </act>", "names no action"),
        ("<act>Left, Left, Left</act>", "3 actions; a turn has at most 2"),
        ("<act>Left | Down</act>", "'Left | Down' is no action"),
        ("<act when='now'>Left</act>", "takes nothing but its content, not 'when='now''"),
        ("<simulate>0,0,0,0,0,0</simulate>", "6 actions; a simulation has at most 5"),
        ("<simulate>0|1|2|3|0,0</simulate>", "5 alternatives; 4 are the most"),
        ("<simulate>0|1|Left</simulate>", "the same alternative twice"),
        ("<simulate>0|</simulate>", "names no action"),
        ('<simulate from="2">0</simulate>', "every simulation begins at the real state"),
        ("<simulate depth=2>0</simulate>", "does not understand 'depth=2'"),
        ("<answer> </answer>", "<answer> is empty"),
        ("<act>Left</act><confidence>1.5</confidence>", "'1.5' is no confidence"),
        ("<act>Left</act><confidence>high</confidence>", "'high' is no confidence"),
        ("<act>Left</act><confidence>1</confidence><confidence>1</confidence>", "<confidence> is there more than once"),
        ("<act>Left</act><reading>it fell</reading>", "not understood at 'it fell'"),
        ("<act>Left</act><reading></reading>", "<reading> is empty"),
        ("<act>Left</act><reading>on=ice on=hole</reading>", "states 'on' twice"),
        ("<think>I wonder <act>Left</act>", "has no end"),
    ],
)  # fmt: skip
def test_what_is_refused_and_why(text, why):
    said = parse(text, LAKE, "normal")
    assert isinstance(said, Unreadable)
    assert why in said.why


PIECES = ["<act>", "<think>", "<simulate>Left", "</think>", "< act ", "<reading>a=", "<", "a=", " ", "<reading>a=1 "]


@pytest.mark.parametrize("piece", PIECES)
def test_a_reply_of_any_length_is_read_in_a_time_that_grows_with_it(piece):
    """Anything that takes the square of the length would run for hours, past the time limit of a test."""
    spaces = " " * 300_000
    for text in (
        piece * (300_000 // len(piece)),
        f"{piece}{spaces}", f"<{spaces}", f"<{spaces}/{spaces}", f"<simulate from={spaces}>Left</simulate>",
        f"<act>Left{spaces}!</act>", f"<confidence>{spaces}a</confidence><act>0</act>",
    ):  # fmt: skip
        assert isinstance(parse(text, LAKE, "normal", memory="continue"), Unreadable)
    for body in (piece * 50_000, f"a=1{spaces}!", f"{spaces}a={spaces}"):
        parse(f"<reading>{body}</reading><act>Left</act>", LAKE, "normal")


def test_a_call_goes_on_from_another_where_there_is_memory():
    for opening in ('<simulate from="3">', "<simulate from = 3 >", "<Simulate FROM='#3'>"):
        said = parse(f"{opening}Up</simulate>", LAKE, "normal", memory="continue")
        assert said == Said(Wish("simulate", (3,), origin=3))


def test_invisible_knows_no_simulation():
    said = parse("<simulate>Left</simulate>", LAKE, "invisible")
    assert isinstance(said, Unreadable)
    assert said.why.startswith("it has a tag that does not exist here; it needs exactly one of <act>...</act> or <answer>")
    both = parse("<simulate>Left</simulate><act>Left</act>", LAKE, "invisible")
    assert isinstance(both, Unreadable)


def test_fields_that_are_asked_for_must_be_there():
    said = parse("<act>Left</act>", LAKE, "normal", fields=("confidence",))
    assert said == Unreadable("it lacks <confidence>...</confidence>")
    said = parse("<act>Left</act><confidence>80%</confidence>", LAKE, "normal", fields=("confidence",))
    assert said == Said(Wish("act", (0,), confidence=0.8))


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("at=2,3 terminal=no success=No", {"at": [2, 3], "terminal": False, "success": False}),
        ("At: (2, 3), terminal: yes, on: hole.", {"at": [2, 3], "terminal": True, "on": "hole"}),
        ("at = [2, 3]; solved = 1", {"at": [2, 3], "solved": 1}),
        ("boxes=2,3;4,5 dead=no", {"boxes": [[2, 3], [4, 5]], "dead": False}),
        ("boxes=(2,3), (4,5) dead=no", {"boxes": [[2, 3], [4, 5]], "dead": False}),
        ("boxes=[[2,3]] solved=0", {"boxes": [[2, 3]], "solved": 0}),
        ('{"at": [1, 1], "terminal": false}', {"at": [1, 1], "terminal": False}),
    ],
)  # fmt: skip
def test_readings_as_people_write_them(text, reading):
    assert read_reading(text) == reading


def test_what_cannot_be_written():
    with pytest.raises(UsageError, match="are no actions of 'lake-6'"):
        write(Wish("act", (4,)), LAKE)
    with pytest.raises(UsageError, match="holds a tag"):
        write(Wish("act", (0,)), LAKE, thought="shall I <act>?")
    with pytest.raises(UsageError, match="1 to 4 different alternatives"):
        write(Wish("simulate", (0,), others=((0,),)), LAKE)
    with pytest.raises(UsageError, match="plain data"):
        write(Wish("act", (0,)), LAKE, reading={"at": object()})


def test_a_simulation_is_as_deep_as_a_turn_at_least():
    assert deepest(LAKE) == DEEPEST
    assert deepest(About("w", "", "", {}, ("a",), per_turn=9)) == 9
