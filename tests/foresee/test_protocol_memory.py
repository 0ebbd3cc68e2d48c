"""Calls that go on from earlier ones, and the tree of what was simulated (spec J7)."""

from __future__ import annotations

import pytest
from protocol_doubles import ACT, LEFT, RIGHT, SIMULATE, Corridor, Rules, Says, Wrong, scene

from journeyman.foresee.draws import Draws
from journeyman.foresee.governors.governor import ALLOW, Point, Ruling
from journeyman.foresee.protocol.branches import Branches, Node, agrees
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.world_models.model import Prediction
from journeyman.foresee.worlds.world import Observation


def played(agent: Says, memory: str, **rest: object) -> Episode:
    setting = scene(memory=memory, **rest)
    return play(setting, setting.world.instances(1)[0], agent, Draws(0))


def contexts(episode: Episode) -> str:
    return "".join(decision.context for decision in episode.decisions)


def test_a_call_goes_on_from_where_an_earlier_one_ended() -> None:
    agent = Says(SIMULATE, '<simulate from="0">Right</simulate>', '<simulate from="1">Right</simulate>', ACT)
    episode = played(agent, "continue")
    calls = episode.decisions[:3]
    assert [call.predicted["at"] for call in calls] == [[0, 4], [0, 5], [0, 6]]
    assert [call.true for call in calls] == [call.predicted for call in calls]
    assert [call.origin for call in calls] == [None, 0, 1]
    assert all(call.actions == (RIGHT,) for call in calls)
    shown = agent.turns[3].new[0]
    assert shown.actions == (RIGHT, RIGHT, RIGHT), "an event has all actions from the real state"
    assert "going on from call 1" in shown.text
    # All three predictions come true, one with each action.
    assert [decision.disagreed for decision in episode.decisions[3:]] == [False, False, False]


def test_a_continued_call_is_as_deep_as_its_way_and_no_surer_than_what_it_goes_on_from() -> None:
    asked = []

    class Notes(Wrong):
        def predict(self, snapshot, actions, asked_):  # type: ignore[no-untyped-def]
            asked.append(asked_.depth)
            return super().predict(snapshot, actions, asked_)

    agent = Says("<simulate>Right, Left</simulate>", '<simulate from="0">Left</simulate>', ACT, ACT)
    governor = Rules()
    played(agent, "branches", model=Notes(Corridor()), governor=governor)
    assert asked == [0, 2]
    assert [confidence for _, _, confidence in governor.heard_of] == pytest.approx([0.7, 0.49])
    assert "1 | Right, Left, Left | You are elsewhere. | not tried, 49% sure" in agent.turns[2].present[-1].text


def test_the_truth_of_a_continued_call_is_told_from_the_real_state_not_from_the_imagined_one() -> None:
    class Further(Wrong):
        """Its imagined states are wrong, too."""

        def predict(self, snapshot, actions, asked):  # type: ignore[no-untyped-def]
            told = super().predict(snapshot, actions, asked)
            return Prediction(told.observation, told.digest, bytes([told.digest["at"][1]]), told.done)

    agent = Says(SIMULATE, '<simulate from="0">Right</simulate>', ACT)
    episode = played(agent, "continue", model=Further(Corridor()))
    assert [call.predicted["at"] for call in episode.decisions[:2]] == [[0, 3], [0, 3]]
    assert [call.true["at"] for call in episode.decisions[:2]] == [[0, 4], [0, 5]]


def test_restart_does_not_read_from_and_calls_that_are_gone_cannot_be_gone_on_from() -> None:
    assert contexts(played(Says(SIMULATE, '<simulate from="0">Right</simulate>', ACT), "restart"))[:2] == "WP"
    over = '<simulate from="0">Left</simulate>'
    agent = Says("<simulate>Right, Right, Right</simulate>", over, '<simulate from="7">Left</simulate>', ACT)
    episode = played(agent, "continue")
    assert contexts(episode)[:3] == "WRR"
    assert "where the episode would have ended" in episode.decisions[1].refusal
    assert "no such call" in episode.decisions[2].refusal
    # Another way was taken: what was imagined before it leads nowhere any more.
    gone = played(Says(SIMULATE, "<act>Left</act>", over, ACT), "continue")
    assert contexts(gone)[:3] == "WER"


def test_a_call_that_the_agent_follows_can_still_be_gone_on_from() -> None:
    agent = Says("<simulate>Right, Right</simulate>", ACT, '<simulate from="0">Left</simulate>', ACT)
    episode = played(agent, "continue")
    assert contexts(episode)[:3] == "WEW"
    assert episode.decisions[2].predicted["at"] == [0, 4]
    assert episode.decisions[2].true["at"] == [0, 4]


def test_branches_refuse_what_was_simulated_and_point_to_it() -> None:
    agent = Says(SIMULATE, SIMULATE, "<simulate>Right | Left</simulate>", '<simulate from="1">Right</simulate>', ACT)
    episode = played(agent, "branches")
    assert contexts(episode)[:4] == "WRWW"
    assert "It was call 0." in episode.decisions[1].refusal
    assert (episode.decisions[2].actions, episode.decisions[2].batch) == ((LEFT,), None), "of a batch, only what is new"
    assert episode.decisions[3].predicted["at"] == [0, 3]


def test_in_branches_a_way_that_is_followed_stays_known() -> None:
    agent = Says("<simulate>Right, Right</simulate>", ACT, SIMULATE, ACT)
    episode = played(agent, "branches")
    assert contexts(episode)[:3] == "WER"
    assert "It was call 0." in episode.decisions[2].refusal


def test_branches_show_the_real_turns_and_a_table() -> None:
    agent = Says(SIMULATE, "<simulate>Left</simulate>", ACT, "<simulate>Left</simulate>", ACT)
    played(agent, "branches")
    first, second, third, fourth, fifth, *_ = agent.turns
    assert [event.kind for event in first.present] == ["real"]
    assert [event.kind for event in second.present] == ["real", "hypothetical", "remark"]
    assert second.said == ()
    table = third.present[-1].text
    assert "0 | Right | You are at 4. | not tried, 100% sure" in table
    assert "1 | Left | You are at 2. | not tried, 100% sure" in table
    # After an action: one real turn is said; what was simulated elsewhere is not shown here.
    assert [reply for _, reply in fourth.said] == [ACT]
    assert [event.kind for event in fourth.said[0][0]] == ["real"]
    assert [event.kind for event in fourth.present] == ["real"]
    assert "2 | Left | You are at 3." in fifth.present[-1].text
    assert "Right | You are at 4" not in fifth.present[-1].text
    # Programs are given the same events as without a table.
    assert [event.kind for event in third.new] == ["hypothetical"]


def test_coming_back_brings_back_what_is_known_there_and_whether_it_was_so() -> None:
    agent = Says(SIMULATE, ACT, "<act>Left</act>", SIMULATE, ACT)
    episode = played(agent, "branches")
    assert contexts(episode)[:4] == "WEER"
    assert "0 | Right | You are at 4. | came out so, 100% sure" in agent.turns[3].present[-1].text


def test_a_governor_that_repeats_itself_holds_nobody_up() -> None:
    governor = Rules(lambda point: Ruling("simulate", (RIGHT,)))
    episode = played(Says(ACT), "branches", governor=governor)
    assert contexts(episode) == "WEWEWE"
    assert episode.decisions[1].ruling["why"] == "the agent sees it in its table already"


def test_in_restart_the_same_may_be_asked_again_and_is_counted() -> None:
    asked = []

    class Notes(Wrong):
        def predict(self, snapshot, actions, asked_):  # type: ignore[no-untyped-def]
            asked.append((asked_.call, asked_.again, len(asked_.history)))
            return super().predict(snapshot, actions, asked_)

    agent = Says(SIMULATE, SIMULATE, "<simulate>Left</simulate>", ACT, SIMULATE, ACT)
    played(agent, "restart", model=Notes(Corridor()))
    assert asked == [(0, 0, 1), (1, 1, 1), (2, 0, 1), (3, 0, 2)]
    again = [event.again for event in agent.heard if event.kind == "hypothetical"]
    assert again == [0, 1, 0, 0]


# --- the tree itself ------------------------------------------------------------------------------------------------------


def node(call: int, path: tuple[int, ...], at: int, root: str = "s") -> Node:
    prediction = Prediction(Observation(""), {"at": at, "terminal": False}, b"x", len(path))
    return Node(call, None, path, path, path, root, prediction, {}, path)


def test_predictions_are_settled_when_their_way_has_been_gone() -> None:
    tree = Branches()
    one, two, other = node(0, (RIGHT,), 1), node(1, (RIGHT, RIGHT), 2), node(2, (LEFT,), 9)
    for each in (one, two, other):
        tree.add(each)
    assert tree.step(RIGHT, {"at": 1, "terminal": False}, "t") == [one]
    assert (one.confirmed, other.rest, two.rest) == (True, None, (RIGHT,))
    assert tree.known("t", (RIGHT,)) is two
    assert tree.step(RIGHT, {"at": 5, "terminal": False}, "u") == [two]
    assert (two.confirmed, tree.checked, tree.wrong, tree.disagreed) == (False, 2, 1, 0.5)


def test_a_way_that_really_ends_early_refutes_what_went_on() -> None:
    tree = Branches()
    long = node(0, (RIGHT, RIGHT, RIGHT), 3)
    tree.add(long)
    assert tree.step(RIGHT, {"at": 1, "terminal": True}, "t") == [long]
    assert long.confirmed is False


def test_a_reading_agrees_in_what_it_names() -> None:
    digest = {"at": [2, 3], "terminal": False}
    assert agrees({"at": (2, 3)}, digest) is True
    assert agrees({"at": [2, 3], "terminal": True}, digest) is False
    assert agrees({"color": "red"}, digest) is None


def test_a_governor_is_asked_about_each_point_with_what_was_asked_there() -> None:
    points: list[Point] = []
    governor = Rules(lambda point: points.append(point) or ALLOW)
    played(Says(SIMULATE, '<simulate from="0">Left</simulate>', ACT), "continue", governor=governor)
    assert [point.asked for point in points[:3]] == [(), ((RIGHT,),), ((RIGHT,), (RIGHT, LEFT))]
    assert [point.calls_left_now for point in points[:3]] == [5, 4, 3]


# --- comparing is favored (spec J6) ---------------------------------------------------------------------------------------


def test_a_call_that_compares_nothing_may_count_double() -> None:
    one, two = SIMULATE, "<simulate>Left | Right</simulate>"
    agent = Says(one, two, one, one, ACT)
    episode = played(agent, "restart", single=2)
    assert contexts(episode)[:6] == "WWWWRE"
    assert [turn.calls_left_now for turn in agent.turns[:5]] == [5, 3, 1, 0, 0], "the last call may always be a single one"
    assert (episode.calls, episode.extra, episode.charged) == (4, 1, 5)
    assert agent.brief is not None
    assert "each counts as a call. A single one counts as 2." in agent.brief.system
