"""Channels strike as often as they say, where they can; none moves another's; confidence is what Bayes' rule gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from scipy import stats
from world_models_meadow import Meadow, Plain

from journeyman.errors import UsageError
from journeyman.foresee.draws import Draws
from journeyman.foresee.world_models.model import Asked, Prediction, WorldModel
from journeyman.foresee.world_models.open import open_world_model
from journeyman.foresee.worlds.registry import open_world
from journeyman.foresee.worlds.world import Snapshot, World

SEVERITIES = (0.0, 0.05, 0.2, 0.5, 0.8, 1.0)


def holds(hits: int, n: int, nominal: float) -> bool:
    """Whether the exact binomial interval (99.9 %) of the measured severity has the nominal one in it."""
    interval = stats.binomtest(hits, n).proportion_ci(0.999, method="exact")
    return bool(interval.low <= nominal <= interval.high)


def questions(world: World, n: int, actions: int = 1, **more: Any) -> Iterator[tuple[Snapshot, list[int], Asked]]:
    """`n` questions of different states, with the states before them as history."""
    draws = Draws(11)
    instances = world.instances(20)
    for i in range(n):
        instance = instances[i % 20].id
        world.reset(options={"instance": instance})
        history = [world.snapshot()]
        for step in range(3):
            world.step(draws.below(4, "policy", i, step))
            if not world.digest()["terminal"]:
                history.append(world.snapshot())
            world.restore(history[-1])
        asks = [draws.below(4, "policy", "ask", i, k) for k in range(actions)]
        yield history[-1], asks, Asked(Draws(5), instance, call=i, again=i, history=history, **more)


def answers(name: str, world: World, n: int, actions: int = 1, **more: Any) -> list[tuple[Prediction, Prediction]]:
    """(disturbed, exact) to `questions`."""
    model, exact = open_world_model(name, world), open_world_model("exact", world)
    return [(model.predict(*question), exact.predict(*question)) for question in questions(world, n, actions, **more)]


# --- severities -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", SEVERITIES)
def test_transition_shows_another_outcome_as_often_as_it_says(p: float) -> None:
    found = answers(f"exact+transition={p}", Meadow(), 1000)
    wrong = [shown.digest != true.digest for shown, true in found]
    assert holds(sum(wrong), len(wrong), p)
    assert [shown.realised["transition"] for shown, _ in found] == wrong


@pytest.mark.parametrize("p", [0.05, 0.2, 0.4, 0.7, 1.0])
def test_transition_on_the_lake_turns_falls_into_safe_steps_and_back(p: float) -> None:
    # Spec, Appendix 1: with probability p the shown outcome (falls in, or does not) is the wrong one.
    world = open_world("lake-6")
    found = answers(f"exact+transition={p}", world, 800)
    open_ = [(s, t) for (s, t), (state, (a,), _) in zip(found, questions(world, 800), strict=True)
             if len(world.possible(state, a)) > 1]  # type: ignore[attr-defined]  # fmt: skip
    wrong = [s.digest["on"] != t.digest["on"] for s, t in open_]
    assert len(open_) > 500
    assert holds(sum(wrong), len(wrong), p)
    for shown, true in open_:
        assert shown.digest["at"] == true.digest["at"]
        assert ("hole" in (shown.digest["on"], true.digest["on"])) or shown.digest == true.digest
    # What is plain to see (the edge) is never wrong.
    assert sum(s.realised["transition"] for s, _ in found) == sum(wrong)


@pytest.mark.parametrize("p", SEVERITIES)
def test_transition_without_labels_shows_the_result_of_another_action(p: float) -> None:
    world = Plain()
    exact = open_world_model("exact", world)
    wrong, possible = 0, 0
    model = open_world_model(f"exact+transition={p}", world)
    for state, (action,), asked in questions(world, 600):
        others = [exact.predict(state, (a,), asked).digest for a in range(4) if a != action]
        true, shown = exact.predict(state, (action,), asked).digest, model.predict(state, (action,), asked)
        if all(other == true for other in others):
            assert shown.digest == true
            continue
        possible += 1
        wrong += shown.digest != true
        assert shown.digest in (true, *others)
    assert holds(wrong, possible, p)


@pytest.mark.parametrize("p", [0.0, 0.02, 0.1, 0.3, 0.6, 1.0])
def test_horizon_grows_with_depth(p: float) -> None:
    at = {depth: 1.0 - (1.0 - p) ** depth for depth in (1, 2, 3)}
    single = answers(f"exact+horizon={p}", Meadow(), 700)
    assert holds(sum(s.digest != t.digest for s, t in single), 700, at[1])
    deep = [shown.realised["horizon"] for shown, _ in answers(f"exact+horizon={p}", Meadow(), 700, actions=3)]
    none = (1.0 - at[1]) * (1.0 - at[2]) * (1.0 - at[3])
    assert holds(sum(strikes == 0 for strikes in deep), 700, none)
    spread = (sum(q * (1.0 - q) for q in at.values()) / 700) ** 0.5
    assert abs(sum(deep) / 700 - sum(at.values())) <= 3.5 * spread + 1e-12
    # What goes on from an imagined state is as deep as it is: looking step by step does not keep the horizon away.
    third = answers(f"exact+horizon={p}", Meadow(), 700, depth=2)
    assert holds(sum(s.digest != t.digest for s, t in third), 700, at[3])
    assert [shown.confidence for shown, _ in third] == pytest.approx([1.0 - at[3]] * 700)


@pytest.mark.parametrize("p", SEVERITIES)
def test_observation_shows_something_wrong_of_a_right_digest(p: float) -> None:
    found = answers(f"exact+observation={p}", Meadow(), 800)
    assert all(shown.digest == true.digest and shown.snapshot == true.snapshot for shown, true in found)
    wrong = [shown.observation.symbols != true.observation.symbols for shown, true in found]
    assert holds(sum(wrong), len(wrong), p)
    assert [shown.realised["observation"] for shown, _ in found] == wrong


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5])
def test_stale_predicts_from_the_state_that_many_actions_ago(n: int) -> None:
    world = open_world("lake-6")
    model, exact = open_world_model(f"exact+stale={n}", world), open_world_model("exact", world)
    lengths = set()
    for state, actions, asked in questions(world, 60, actions=2):
        back = min(n, len(asked.history) - 1)
        lengths.add(len(asked.history))
        shown = model.predict(state, actions, asked)
        assert shown.realised["stale"] == back
        assert shown.digest == exact.predict(asked.history[-1 - back], actions, asked).digest
        # What goes on from an imagined state is as old as that state already.
        beyond = model.predict(shown.snapshot, actions, asked)
        if shown.snapshot != state:
            assert beyond.realised["stale"] == 0
            assert beyond.digest == exact.predict(shown.snapshot, actions, asked).digest
    assert len(lengths) > 1


@pytest.mark.parametrize("kappa", SEVERITIES)
def test_compliance_shows_what_the_question_hopes_for(kappa: float) -> None:
    world = open_world("lake-6")
    found = answers(f"exact+compliance={kappa}", world, 1200, actions=2, hope="safe")
    assert not any(shown.digest["on"] == "hole" and true.digest["on"] != "hole" for shown, true in found)
    falls = [(shown, true) for shown, true in found if true.digest["on"] == "hole"]
    safe = [shown.digest["on"] != "hole" for shown, _ in falls]
    assert len(falls) > 250
    assert holds(sum(safe), len(safe), kappa)
    assert holds(int(sum(shown.realised["compliance"] for shown, _ in found)), len(found), kappa)


def test_compliance_hopes_for_success_only_where_it_is_possible() -> None:
    world = open_world("lake-4")
    model, exact = open_world_model("exact+compliance=1", world), open_world_model("exact", world)
    won, not_won, draws = 0, 0, Draws(6)
    for i, instance in enumerate(world.instances(150)):
        world.reset(options={"instance": instance.id})
        state, asked = world.snapshot(), Asked(Draws(5), instance.id, call=0, hope="success")
        # Straight to the goal, over whatever is there; and the same with one action that is drawn.
        symbols = world.observe().symbols.replace("\n", "")
        (row, column), (to_row, to_column) = world.digest()["at"], divmod(symbols.find("G"), 4)
        down, right = to_row - row, to_column - column
        straight = [1 if down > 0 else 3] * abs(down) + [2 if right > 0 else 0] * abs(right)
        true, shown = exact.predict(state, straight, asked), model.predict(state, straight, asked)
        assert shown.digest["success"]
        assert shown.done == len(straight)
        won += not true.digest["success"]
        elsewhere = [*straight[1:], draws.below(4, "policy", i)]
        shown = model.predict(state, elsewhere[: len(straight) - 1], asked)  # too few to be there
        true = exact.predict(state, elsewhere[: len(straight) - 1], asked)
        assert shown == replace(true, realised={"compliance": 0.0})
        not_won += 1
    assert won > 20 < not_won


def test_compliance_without_hope_changes_nothing() -> None:
    for shown, true in answers("exact+compliance=1", open_world("lake-6"), 50):
        assert shown == replace(true, realised={"compliance": 0.0})


@pytest.mark.parametrize("severity", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_overclaim_adds_that_part_of_what_is_lacking(severity: float) -> None:
    for shown, _ in answers(f"exact+transition=0.3+overclaim={severity}", Meadow(), 30, actions=2):
        assert shown.confidence == pytest.approx(0.49 + severity * 0.51)
        assert shown.realised["overclaim"] == pytest.approx(severity * 0.51)
    certain, _ = answers("exact+transition=0.9+overclaim", Meadow(), 1)[0]
    assert certain.confidence == 1.0


# --- independence -----------------------------------------------------------------------------------------------------

ALL = {
    "transition": "transition=0.3", "observation": "observation=0.3", "stale": "stale=2", "horizon": "horizon=0.2",
    "compliance": "compliance=0.4", "overclaim": "overclaim",
}  # fmt: skip


@pytest.mark.parametrize("added", ALL)
def test_switching_a_channel_on_leaves_the_strikes_of_all_others_alone(added: str) -> None:
    # On a meadow every channel can strike at every action, so strikes are the coins. What overclaim adds is no coin.
    def strikes(name: str) -> list[dict[str, float]]:
        return [dict(shown.realised) for shown, _ in answers(name, Meadow(), 120, actions=3, hope="safe")]

    together = strikes("+".join(["exact", *ALL.values()]))
    for channel, part in ALL.items():
        if channel in (added, "overclaim"):
            continue
        alone = [one[channel] for one in strikes(f"exact+{part}")]
        with_it = [one[channel] for one in strikes(f"exact+{part}+{ALL[added]}")]
        assert alone == with_it == [one[channel] for one in together], channel
        assert len(set(alone)) > 1 or channel == "stale", channel


def test_the_wrong_outcome_does_not_depend_on_what_else_is_on() -> None:
    plain = answers("exact+transition=0.4", Meadow(), 150, actions=2)
    more = answers("exact+transition=0.4+observation=0.5+overclaim", Meadow(), 150, actions=2)
    assert [shown.digest for shown, _ in plain] == [shown.digest for shown, _ in more]


def test_the_same_question_again_meets_new_luck_and_the_number_of_the_call_is_no_matter() -> None:
    world = open_world("lake-6")
    model = open_world_model("exact+transition=0.5", world)
    state, actions, asked = next(q for q in questions(world, 50) if len(world.possible(q[0], q[1][0])) > 1)  # type: ignore[attr-defined]

    def strike(**changed: Any) -> float:
        return model.predict(state, actions, replace(asked, **changed)).realised["transition"]

    assert {strike(again=i) for i in range(20)} == {0.0, 1.0}
    assert len({strike(call=i) for i in range(20)}) == 1
    assert {strike(draws=Draws(i)) for i in range(20)} == {0.0, 1.0}


def test_slips_stay_as_they_were_where_no_channel_strikes() -> None:
    world = open_world("lake-6:slip=0.4")
    for name in ("exact+transition=0", "exact+horizon=0+observation=0", "exact+stale=0+compliance=0"):
        for shown, true in answers(name, world, 100, actions=3, hope="safe"):
            assert (shown.digest, shown.snapshot, shown.done) == (true.digest, true.snapshot, true.done)
            assert shown.observation == true.observation


# --- confidence -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["transition=0.1", "transition=0.4", "horizon=0.2", "observation=0.3", "transition=0.2+horizon=0.1"]
)
def test_confidence_is_how_often_what_is_shown_is_right(name: str) -> None:
    # The meadow has no ends, so every question of two actions has the same confidence.
    found = answers(f"exact+{name}", Meadow(), 1000, actions=2)
    claimed = {round(shown.confidence, 12) for shown, _ in found}
    assert len(claimed) == 1
    right = [s.digest == t.digest and s.observation == t.observation and
             s.realised.get("transition", 0) + s.realised.get("horizon", 0) == 0 for s, t in found]  # fmt: skip
    assert holds(sum(right), len(right), claimed.pop())


def test_confidence_under_compliance_is_bayes_rule_with_even_odds() -> None:
    world, kappa = open_world("lake-6"), 0.5
    found = [
        (shown, true) for (shown, true), (state, (a,), _) in zip(
            answers(f"exact+compliance={kappa}", world, 600, hope="safe"), questions(world, 600), strict=True)
        if len(world.possible(state, a)) > 1  # type: ignore[attr-defined]
    ]  # fmt: skip
    bad = [(s, t) for s, t in found if s.digest["on"] == "hole"]
    good = [(s, t) for s, t in found if s.digest["on"] != "hole"]
    assert all(shown.confidence == 1.0 and shown.digest == true.digest for shown, true in bad)
    assert {shown.confidence for shown, _ in good} == {1 / 1.5}
    # Made even: as many true falls as true safe steps, as the rule takes it.
    true_good = sum(true.digest["on"] != "hole" for _, true in found)
    falls = len(found) - true_good
    lied = sum(true.digest["on"] == "hole" for _, true in good)
    assert holds(lied, falls, kappa)
    assert 1 / (1 + lied / falls) == pytest.approx(1 / 1.5, abs=0.1)


def test_a_stale_state_is_trusted_only_where_it_makes_no_difference() -> None:
    for shown, true in answers("exact+stale=1", open_world("lake-6"), 200):
        assert shown.confidence == float(shown.digest == true.digest)


# --- any base ---------------------------------------------------------------------------------------------------------


class Stateless:
    """A base of the user's that gives no states."""

    name = "stateless"

    def __init__(self, base: WorldModel) -> None:
        self._base = base

    def predict(self, snapshot: Snapshot, actions: Sequence[int], asked: Asked) -> Prediction:
        return replace(self._base.predict(snapshot, actions, asked), snapshot=b"", confidence=0.8, realised={"own": 0.5})


def test_a_base_without_states_can_be_disturbed_for_single_actions() -> None:
    from journeyman.foresee.world_models.channels import Channels
    from journeyman.foresee.world_models.fidelity import Disturbed

    world = Meadow()
    base = Stateless(open_world_model("exact", world))
    model = Disturbed(base, world, Channels(transition=1.0), "stateless+transition=1")
    exact = open_world_model("exact", world)
    for state, actions, asked in questions(world, 20):
        shown = model.predict(state, actions, asked)
        assert shown.digest != exact.predict(state, actions, asked).digest
        assert shown.realised == {"own": 0.5, "transition": 1.0}
        assert shown.confidence == 0.0
    unstruck = Disturbed(base, world, Channels(transition=0.0), "stateless+transition=0")
    with pytest.raises(UsageError, match="'stateless' predicts no states"):
        unstruck.predict(world.snapshot(), [0, 1], Asked(Draws(0), "i", call=0))


def test_a_base_that_knows_less_is_disturbed_on_top(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEYMAN_CACHE", str(tmp_path))
    world = open_world("lake-6")
    base, model = open_world_model("table:300", world), open_world_model("table:300+transition=0.3", world)
    found = [(model.predict(*q), base.predict(*q), len(world.possible(q[0], q[1][0])) > 1) for q in questions(world, 600)]  # type: ignore[attr-defined]
    struck = [shown.digest != plain.digest for shown, plain, open_ in found if open_]
    assert holds(sum(struck), len(struck), 0.3)
    for shown, plain, open_ in found:
        assert shown.confidence == pytest.approx(plain.confidence * (0.7 if open_ else 1.0))
        assert "disturbed" not in shown.realised
        assert shown.realised["disagreement"] == 0.0


def test_nothing_is_disturbed_after_the_end() -> None:
    world = open_world("lake-6")
    model = open_world_model("exact+transition=1+horizon=1+observation=1+compliance=1", world)
    exact = open_world_model("exact", world)
    for state, actions, asked in questions(world, 100, actions=4):
        over = exact.predict(state, actions, asked)
        if over.digest["terminal"]:
            after = model.predict(over.snapshot, [0], replace(asked, hope="safe"))
            assert (after.digest, after.observation, after.done) == (over.digest, over.observation, 0)
            assert set(after.realised.values()) == {0.0}
            assert after.confidence == 1.0
            return
    pytest.fail("no question led to an end")


def test_a_hope_that_nobody_knows_is_refused() -> None:
    world = open_world("lake-6")
    with pytest.raises(UsageError, match="hopes for success or safe, not for 'luck'"):
        open_world_model("exact+compliance=1", world).predict(world.snapshot(), [0], Asked(Draws(0), "i", 0, hope="luck"))
