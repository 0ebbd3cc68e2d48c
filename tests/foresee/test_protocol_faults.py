"""What agents, worlds and world models do wrong: one sentence that names them, and a run that can go on or be read."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from protocol_doubles import ACT, SIMULATE, Corridor, Says, scene

from journeyman.errors import EpisodeFailed, UsageError
from journeyman.foresee.agents.agent import Brief, Reply, Turn
from journeyman.foresee.draws import Draws
from journeyman.foresee.evaluate import evaluate, resume
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.protocol.episode import play
from journeyman.runs import list_runs


class Gives:
    """An agent whose every reply is this thing, or raises it."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def begin(self, brief: Brief) -> None:
        """Nothing to prepare."""

    def reply(self, turn: Turn) -> Any:
        if isinstance(self.thing, BaseException):
            raise self.thing
        return self.thing


def played(agent: Any, **rest: Any) -> Episode:
    setting = scene(Corridor(), **rest)
    return play(setting, setting.world.instances(1)[0], agent, Draws(0))


@pytest.mark.parametrize(
    ("thing", "sentence"),
    [
        (None, r"the agent's reply\(\) gave None; it gives a text, or a Reply with one"),
        (b"<act>Left</act>", "gave b'<act>Left</act>'; it gives a text"),
        (Reply(5), "gave a Reply with a text that is 5"),  # type: ignore[arg-type]
        (Reply(ACT, {"tokens_in": 1.5}), "gave a usage with tokens_in=1.5; it holds whole numbers from 0 up"),  # type: ignore[dict-item]
        (Reply(ACT, {"tokens_in": -1}), "gave a usage with tokens_in=-1"),
        (SystemExit(3), "the agent failed in instance 'corridor/test/0': SystemExit: 3"),
    ],
)
def test_an_agent_that_gives_no_reply_is_named(thing: Any, sentence: str) -> None:
    with pytest.raises(EpisodeFailed, match=sentence):
        played(Gives(thing))


def test_half_a_surrogate_pair_is_no_reason_to_lose_a_run(tmp_path: Path) -> None:
    """A model's reply may hold one; no file does."""
    make = partial(Gives, "<answer>\ud800</answer>")
    result = evaluate(Corridor(), agents=make, modes="normal", instances=1, runs=tmp_path)
    assert [(e.reason, e.answer) for e in result.episodes] == [("answered", "?")]


@pytest.mark.parametrize(
    "reading", ["at=" + "9" * 30, "at=" + "[" * 1500, "at=" + "(" * 1500, '{"at":"\\ud800"}', '{"a":' * 1400]
)
def test_a_reading_that_no_log_could_hold_is_not_readable(reading: str, tmp_path: Path) -> None:
    """The agent is asked again; the run goes on and can be read."""
    replies = (f"<reading>{reading}</reading>{SIMULATE}", SIMULATE, ACT)
    result = evaluate(Corridor(), agents=lambda: Says(*replies), modes="normal", instances=1, runs=tmp_path)
    (episode,) = result.episodes
    assert "".join(d.context for d in episode.decisions)[:2] == "PW"
    assert episode.decisions[0].refusal.startswith("<reading>")


def test_a_batch_beyond_the_calls_that_are_left_is_told_how_many_there_are() -> None:
    four = "<simulate>Left | Right | Left, Left | Right, Right</simulate>"
    agent = Says(four, four, "<simulate>Right</simulate>", "<simulate>Right</simulate>", ACT)
    episode = played(agent)
    contexts = "".join(d.context for d in episode.decisions)
    assert contexts[:7] == "WWWWRWR"
    assert episode.decisions[4].refusal == (
        "REFUSED. These are more calls than are left before the next action. Nothing has changed.\n"
        "You asked for 4; left: 1."
    )
    assert episode.decisions[6].refusal.startswith("REFUSED. There are no more calls before the next action: act now.")


def test_a_world_with_fewer_instances_than_were_asked_for_is_noticed_at_once(tmp_path: Path) -> None:
    class Few(Corridor):
        def instances(self, n: int | None = None, split: str = "test") -> list[Any]:
            return super().instances(min(n or 3, 3), split)

    with pytest.raises(UsageError, match="corridor gave 3 test instances where 10 were asked for"):
        evaluate(Few(), agents=lambda: Says(ACT), instances=10, runs=tmp_path)
    assert not list_runs(runs=tmp_path)


def test_what_no_log_can_hold_ends_the_run_with_a_sentence(tmp_path: Path) -> None:
    class Odd(Corridor):
        def digest(self) -> dict[str, Any]:
            return {**super().digest(), "shown": {1, 2} if self.at == 5 else complex(self.at)}

    with pytest.raises(EpisodeFailed, match=r"'corridor/test/0' .* is no plain data: Encoding objects of type complex"):
        evaluate(Odd(), agents=lambda: Says(SIMULATE, ACT), modes="normal", instances=1, runs=tmp_path)


def test_a_run_that_a_fault_has_ended_says_how_to_go_on_and_goes_on(tmp_path: Path) -> None:
    broken = True

    class Fails(Says):
        def reply(self, turn: Turn) -> Any:
            assert self.brief is not None
            if broken and self.brief.instance.id.endswith("/2"):
                raise ZeroDivisionError("by chance")
            return super().reply(turn)

    def make() -> Fails:
        return Fails(ACT)

    with pytest.raises(EpisodeFailed, match=r"by chance .* once that is mended, nothing is lost; go on with: ") as found:
        evaluate(Corridor(), agents=make, modes="normal", instances=4, runs=tmp_path)
    broken = False
    (run,) = list_runs(runs=tmp_path)
    assert str(run.folder) in str(found.value)
    result = resume(run.folder, world=Corridor(), agents=[make])
    assert [e.instance for e in result.episodes] == [f"corridor/test/{i}" for i in range(4)]
