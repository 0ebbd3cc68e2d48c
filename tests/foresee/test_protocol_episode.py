"""One episode: what is granted and refused, what it costs, what is shown, and that a call changes nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from protocol_doubles import ACT, LEFT, RIGHT, SIMULATE, Corridor, Meddles, Rules, Says, Wrong, scene

from journeyman.errors import EpisodeFailed, PromptTooLong, UsageError, WorldTouched
from journeyman.foresee.agents.agent import Reply
from journeyman.foresee.agents.prompts import VOCABULARY
from journeyman.foresee.draws import Draws
from journeyman.foresee.governors.governor import ALLOW, Point, Ruling
from journeyman.foresee.protocol.caps import EMPTY_TURNS
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.protocol.episode import play


def played(agent: Says, cap: int = 8, **rest: Any) -> Episode:
    setting = scene(Corridor(cap), **rest)
    return play(setting, setting.world.instances(1)[0], agent, Draws(3))


def contexts(episode: Episode) -> str:
    return "".join(decision.context for decision in episode.decisions)


# --- the transition rule (spec a.2) ---------------------------------------------------------------------------------------


def test_a_call_predicts_and_leaves_the_real_state_an_act_moves_it() -> None:
    agent = Says(SIMULATE, ACT)
    episode = played(agent)
    assert (episode.success, episode.reason, episode.calls, episode.real) == (True, "success", 1, 3)
    assert contexts(episode) == "WEEE"
    call, first, *_, last = episode.decisions
    assert call.state == call.after == first.state
    assert first.after != first.state
    assert call.predicted == call.true == {"at": [0, 4], "terminal": False, "success": False}
    assert (call.actions, call.call, call.model, call.by) == ((RIGHT,), 0, "exact", "agent")
    assert (last.terminal, last.success) == (True, True)
    for before, after in zip(episode.decisions, episode.decisions[1:], strict=False):
        assert before.after == after.state


def test_the_record_has_the_instance_and_the_seed_and_the_agent_does_not_see_how_far_it_is() -> None:
    agent = Says(ACT)
    episode = played(agent)
    assert (episode.instance, episode.seed, episode.world, episode.cell) == ("corridor/test/0", 3, "corridor", "test")
    assert (episode.optimal, episode.labels) == (3, {"band": "3"})
    assert agent.brief is not None
    assert (agent.brief.instance.cap, agent.brief.instance.optimal, agent.brief.instance.labels) == (8, None, {})


def test_several_actions_are_done_one_by_one_until_the_episode_ends() -> None:
    episode = played(Says("<act>Right, Right</act>", "<act>Right, Right, Left</act>"))
    assert (episode.success, episode.real) == (True, 3)
    assert episode.decisions[-1].actions == (RIGHT,)
    assert episode.decisions[-1].wished == (RIGHT, RIGHT, LEFT)


def test_a_fall_is_lost() -> None:
    episode = played(Says("<act>Left, Left, Left</act>"))
    assert (episode.success, episode.reason, episode.real) == (False, "lost", 3)


def test_a_world_model_that_touches_the_world_is_named() -> None:
    world = Corridor()
    setting = scene(world, model=Meddles(world))
    with pytest.raises(WorldTouched, match="'meddles' changed the real state of instance 'corridor/test/0' in call 0"):
        play(setting, world.instances(1)[0], Says(SIMULATE), Draws(0))


# --- modes (spec a.3) -----------------------------------------------------------------------------------------------------


def test_invisible_has_no_simulator_in_words_or_grammar() -> None:
    agent = Says(SIMULATE, ACT)
    episode = played(agent, mode="invisible")
    assert contexts(episode) == "PEEE"
    assert episode.calls == 0
    assert agent.brief is not None
    told = "\n".join([agent.brief.system, *(event.text for event in agent.heard)]).lower()
    assert not [word for word in VOCABULARY if word in told]


def test_force_refuses_an_act_without_a_call_and_takes_no_action_for_it() -> None:
    agent = Says(ACT, SIMULATE, ACT, ACT, SIMULATE, ACT, SIMULATE, ACT)
    episode = played(agent, mode="force")
    assert contexts(episode) == "RWERWEWE"
    assert (episode.real, episode.calls, episode.success) == (3, 3, True)
    refused = episode.decisions[0]
    assert refused.state == refused.after
    assert refused.refusal.startswith("REFUSED. Simulate first")
    assert refused.wished == (RIGHT,)
    assert [turn.must_simulate for turn in agent.turns] == [True, True, False, True, True, False, True, False]


def test_force_lets_act_when_no_calls_are_left_in_all() -> None:
    # 3 calls an action are granted in all, and 5 before each: an agent that uses all it can has none for its last action.
    class Eager(Says):
        def reply(self, turn: Any) -> str:
            super().reply(turn)
            return SIMULATE if turn.calls_left_now else ["<act>Right</act>", "<act>Left</act>"][turn.real_left % 2]

    episode = played(Eager(ACT), cap=4, mode="force")
    assert contexts(episode) == "WWWWWE" + "WWWWWE" + "WWE" + "E"
    assert (episode.calls, episode.real, episode.reason) == (12, 4, "real cap")


# --- caps (spec a.6) ------------------------------------------------------------------------------------------------------


def test_five_calls_before_an_action_and_three_times_the_cap_in_all() -> None:
    agent = Says(SIMULATE)
    episode = played(agent, cap=4)
    assert contexts(episode) == "WWWWW" + "R" * 11
    assert (episode.reason, episode.calls, episode.real) == ("turn cap", 5, 0)
    assert "no more calls before the next action" in episode.decisions[5].refusal
    assert [turn.calls_left_now for turn in agent.turns[:6]] == [5, 4, 3, 2, 1, 0]
    assert agent.turns[0].calls_left == 12


def test_the_real_cap_ends_an_episode_within_a_turn() -> None:
    episode = played(Says("<act>Right, Left</act>"), cap=3)
    assert (episode.reason, episode.real, episode.success) == ("real cap", 3, False)
    assert episode.decisions[-1].actions == (RIGHT,)


def test_a_batch_is_a_call_for_each_alternative_and_needs_room_for_all() -> None:
    four = "<simulate>Left, Left | Right, Right | Right, Left | Left, Right</simulate>"
    agent = Says("<simulate>Left | Right</simulate>", four)
    episode = played(agent, cap=3)
    assert contexts(episode)[:3] == "WWR"
    one, two = episode.decisions[:2]
    assert (one.call, two.call, one.batch, two.batch) == (0, 1, 0, 0)
    assert (one.actions, two.actions) == ((LEFT,), (RIGHT,))
    assert (one.wished, two.wished) == (None, None)
    shown = [event for event in agent.turns[1].new if event.kind == "hypothetical"]
    assert [event.call for event in shown] == [0, 1]
    assert "alternative 1 of 2" in shown[0].text
    assert "Calls left: 3 before" in shown[1].text


# --- replies that cannot be read ------------------------------------------------------------------------------------------


def test_one_more_try_and_then_a_turn_in_which_nothing_is_done() -> None:
    agent = Says("what?", ACT, "eh", "hm", ACT)
    episode = played(agent, cap=4)
    assert contexts(episode) == "PEPPEE"
    assert (episode.real, episode.success) == (4, True)
    assert [decision.real for decision in episode.decisions] == [0, 0, 1, 1, 2, 3]
    assert agent.turns[1].new[0].kind == "remark"
    assert "could not be read" in agent.turns[1].new[0].text
    assert "nothing is done" in agent.turns[4].new[0].text


def test_an_agent_that_cannot_be_read_at_all_is_given_up() -> None:
    agent = Says("no idea")
    episode = played(agent, cap=20)
    assert (episode.reason, episode.real, len(agent.turns)) == ("unreadable", EMPTY_TURNS, 2 * EMPTY_TURNS)


def test_a_prompt_for_which_there_is_no_room_ends_the_episode() -> None:
    class Full(Says):
        def reply(self, turn: Any) -> Any:
            super().reply(turn)
            raise PromptTooLong("the context has no room")

    episode = played(Full(ACT))
    assert (episode.reason, episode.success, contexts(episode)) == ("unreadable", False, "P")
    assert episode.decisions[0].refusal == "the context has no room"


# --- answers --------------------------------------------------------------------------------------------------------------


def test_an_answer_gives_up_where_nothing_is_asked() -> None:
    episode = played(Says("<answer>no way</answer>"))
    assert (episode.reason, episode.success, episode.answer, contexts(episode)) == ("answered", False, "no way", "A")


def test_an_answer_is_right_or_wrong_where_a_question_is_asked() -> None:
    class Quiz(Corridor):
        def right(self, answer: str) -> bool:
            return answer == "B"

    for mode, given, right in (("normal", "B", True), ("normal", "A", False), ("force", "B", True)):
        agent = Says(f"<answer>{given}</answer>", SIMULATE, f"<answer>{given}</answer>")
        setting = scene(Quiz(), mode=mode)
        episode = play(setting, setting.world.instances(1)[0], agent, Draws(0))
        assert (episode.reason, episode.success) == ("answered", right)
        assert contexts(episode) == ("RWA" if mode == "force" else "A")


# --- governors ------------------------------------------------------------------------------------------------------------


def test_a_veto_is_told_and_costs_nothing() -> None:
    governor = Rules(lambda point: Ruling("veto", why="Too dear.", values={"cost": 0.5}))
    agent = Says(SIMULATE, ACT)
    episode = played(agent, governor=governor)
    assert contexts(episode) == "REEE"
    assert episode.calls == 0
    assert "Too dear." in agent.turns[1].new[0].text
    assert episode.decisions[0].ruling == {"verdict": "veto", "why": "Too dear.", "values": {"cost": 0.5}}
    assert episode.decisions[1].ruling["verdict"] == "veto", "of an act a veto says nothing"
    assert governor.ends == [True]


def test_a_governor_has_something_simulated_and_the_agent_is_asked_again() -> None:
    def rule(point: Point) -> Ruling:
        return Ruling("simulate", (LEFT,), others=((RIGHT,),), propensity=0.25) if not point.asked else ALLOW

    governor = Rules(rule)
    agent = Says(ACT)
    episode = played(agent, governor=governor)
    assert contexts(episode) == "WWE" * 3
    first = episode.decisions[0]
    assert (first.by, first.actions, first.wished) == ("governor", (LEFT,), (RIGHT,))
    assert first.ruling == {"verdict": "simulate", "actions": [LEFT], "others": [[RIGHT]], "propensity": 0.25}
    assert "You did not ask for it" in agent.turns[1].new[0].text
    assert [point.asked for point in governor.points[:2]] == [(), ((LEFT,), (RIGHT,))]
    assert [one[0] for one in governor.heard_of[:2]] == [(LEFT,), (RIGHT,)]


def test_in_force_the_mode_goes_before_the_governor() -> None:
    agent = Says(SIMULATE, ACT, SIMULATE, ACT, SIMULATE, ACT)
    episode = played(agent, mode="force", governor=Rules(lambda point: Ruling("veto")))
    assert contexts(episode) == "WEWEWE"
    assert episode.decisions[0].ruling == {"verdict": "allow", "why": "the mode asks for a call"}


def test_a_governor_that_never_has_enough_meets_the_caps() -> None:
    episode = played(Says(ACT), governor=Rules(lambda point: Ruling("simulate", (LEFT,))), cap=4)
    assert contexts(episode) == "WWWWWE" + "WWWWWE" + "WWE"
    assert episode.calls == 12
    assert episode.success


def test_a_governor_that_knows_the_world_is_given_a_clone_at_the_real_state() -> None:
    seen = []

    class Knows(Rules):
        needs_world = True

        def rule_knowing(self, point: Point, world: Any) -> Ruling:
            seen.append(world.at)
            world.step(LEFT)  # free to be used
            return ALLOW

    assert played(Says(ACT), governor=Knows()).success
    assert seen == [3, 4, 5]
    setting = scene(governor=Knows())
    with pytest.raises(UsageError, match="need a clone"):
        play(dataclasses.replace(setting, clone=None), setting.world.instances(1)[0], Says(ACT), Draws(0))


def test_what_was_simulated_and_then_done_is_learned_from() -> None:
    governor = Rules()
    said = "<reading>at=0,4 terminal=no</reading>\n<act>Right</act>"
    misread = "<reading>at=0,9</reading>\n<act>Right</act>"
    agent = Says(SIMULATE, said, SIMULATE, misread, "<simulate>Right, Left</simulate>", ACT)
    episode = played(agent, governor=governor)
    assert contexts(episode) == "WEWEWE"
    # The last prediction ended with its first action, so what was done is all of it.
    assert [(c.actions, c.agreed) for c in governor.checked] == [((RIGHT,), True)] * 3
    assert [c.reading for c in governor.checked] == [True, False, None]
    assert [decision.disagreed for decision in episode.decisions] == [None, False] * 3


def test_a_wrong_prediction_is_noticed_when_its_action_is_done() -> None:
    world = Corridor()
    governor = Rules()
    agent = Says("<simulate>Right, Right</simulate>", ACT, ACT, SIMULATE, "<act>Left</act>", ACT)
    setting = scene(world, model=Wrong(world), governor=governor)
    episode = play(setting, world.instances(1)[0], agent, Draws(0))
    # Two actions later it is found out; the second call's action was not done.
    assert [decision.disagreed for decision in episode.decisions] == [None, None, True, None, None, None, None]
    assert [(c.model, c.actions, c.depth, c.agreed) for c in governor.checked] == [("wrong", (RIGHT, RIGHT), 2, False)]
    assert governor.points[-1].disagreed == 1.0
    call = episode.decisions[0]
    assert call.realised == {"shift": 1.0}
    assert (call.predicted["at"], call.true["at"]) == ([0, 4], [0, 5])


# --- the record -----------------------------------------------------------------------------------------------------------


def test_costs_and_texts_are_kept_once_a_reply() -> None:
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(text)
        return f"d{len(kept)}"

    usage = {"tokens_in": 10, "tokens_out": 2, "micro_usd": 7}
    batch = Reply("<confidence>0.5</confidence><simulate>Left | Right</simulate>", usage)
    agent = Says(batch, Reply("<act>Right, Right, Right</act>", usage))
    setting = scene()
    episode = play(setting, setting.world.instances(1)[0], agent, Draws(0), keep=keep)
    assert [decision.text for decision in episode.decisions] == ["d1", "d1", "d2"]
    assert [decision.tokens_in for decision in episode.decisions] == [10, 0, 10]
    assert [decision.confidence for decision in episode.decisions] == [0.5, 0.5, None]
    assert (episode.tokens_in, episode.tokens_out, episode.micro_usd) == (20, 4, 14)


def test_the_minds_values_are_recorded() -> None:
    class Minded(Says):
        class mind:  # noqa: N801 - an attribute that happens to be a class
            @staticmethod
            def values() -> dict[tuple[int, ...], float]:
                return {(LEFT,): 0.25, (RIGHT, RIGHT): 1.0}

    episode = played(Minded(SIMULATE, ACT))
    assert all(decision.values == {"0": 0.25, "1,1": 1.0} for decision in episode.decisions)


def test_what_raises_is_named_with_its_line() -> None:
    class Broken(Says):
        def reply(self, turn: Any) -> str:
            raise ValueError("out of ideas")

    said = r"the agent failed in instance 'corridor/test/0': ValueError: out of ideas .*line \d+"
    with pytest.raises(EpisodeFailed, match=said):
        played(Broken())

    class Dark(Corridor):
        def digest(self) -> dict[str, Any]:
            return {"at": 1}

    setting = scene(Dark())
    with pytest.raises(EpisodeFailed, match="digest lacks 'terminal'"):
        play(setting, setting.world.instances(1)[0], Says(ACT), Draws(0))
