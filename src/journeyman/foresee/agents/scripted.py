"""An agent without a language model whose faults have known sizes: the reference for every measure (spec J9).

    new = scripted("scripted:perception=0.15,trust=0.99,misread=0.1")
    agent = new()                     # one for each episode

It sees the world with errors, holds a belief of what is there (`mind`), asks the world model as far as it is inclined to,
believes the answers as far as it trusts them, and acts on the best of its plans. Each step of that can go wrong at a rate of
its own; see `faults.Settings`. What it replies is in the grammar that language models use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Brief, Event, Reply, Turn, Wish
from journeyman.foresee.agents.faults import Coins, Settings
from journeyman.foresee.agents.grammar import deepest, write
from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.agents.minds import mind_for
from journeyman.foresee.agents.thinking import Misreading, Thinking
from journeyman.foresee.setting import filled, split


def scripted(asked: str) -> Callable[[], Scripted]:
    """Makes agents of these settings, one for each episode. `asked`: "scripted" or "scripted:setting=value,...".

    Raises UsageError: a setting or a value that it does not have.
    """
    name, given = split(asked)
    settings = filled(Settings, given, what=name, first="perception")
    return lambda: Scripted(settings)


class Scripted:
    """Plays one episode on a lake or in a room with boxes, which it must see in symbols.

    In mode invisible it only acts. In normal it calls as `Settings.call` says. In force it calls once before each action,
    for the action that it wants. After a call is refused it acts. What others had simulated it believes like its own calls.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        self._calling = self._settings.calling()
        self.mind: Thinking | None = None
        """Its belief; None before the episode begins."""

    def begin(self, brief: Brief) -> None:
        """Raises UsageError: a world for which there is no mind."""
        settings = self._settings
        self._brief, self._coins = brief, Coins(brief.draws, brief.instance.id)
        self._trust, self._own_misread = settings.trusted(brief.reliable)
        self._depth = min(settings.depth, deepest(brief.about))
        self.mind = mind_for(brief, settings.perception, self._own_misread, settings.discount)
        self._seen = False
        self._visits: dict[str, int] = {}
        self._at: tuple[str, int] = ("", 0)
        self._asked: list[Actions] = []  # since the last real action
        self._asks = 0
        self._reading: dict[str, Any] | None = None
        self._held: Any = None  # the belief of before these calls

    def reply(self, turn: Turn) -> Reply:
        """The next wish, with confidence and, after a prediction, its reading."""
        for event in turn.new:
            self._hear(event)
        mind = self._thinking()
        mind.may_still(turn.real_left)
        refused = any(event.kind == "refusal" for event in turn.new) and not turn.must_simulate
        call = None if refused else self._call(turn)
        if call is None:
            wish, extra = Wish("act", self._act(), confidence=self._confidence()), {}
        else:
            wish = Wish("simulate", call, confidence=self._confidence())
            extra = {"hope": mind.hope(call)} if self._strikes("query", self._settings.leading, "leading") else {}
        return Reply(write(wish, self._brief.about, reading=self._reading), extra=extra)

    # --- what it takes in ---------------------------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        if event.observation is None:
            return
        if event.kind == "real":
            self._real(event)
        elif event.kind == "hypothetical":
            self._hypothetical(event)

    def _real(self, event: Event) -> None:
        mind, coins = self._thinking(), self._coins
        assert event.observation is not None
        if self._seen:
            mind.happened(tuple(event.actions), event.observation)
        else:
            rate = self._settings.perception
            mind.look(event.observation, Misreading(
                lambda tile: coins.strikes("perception", rate, tile),
                lambda n, tile: coins.one_of(n, "perception", tile, "instead"),
            ))  # fmt: skip
            self._seen = True
        visits = self._visits.get(event.state, 0)
        self._visits[event.state] = visits + 1
        self._at, self._asked, self._asks = (event.state, visits), [], 0
        self._reading, self._held = None, mind.belief

    def _hypothetical(self, event: Event) -> None:
        mind, settings = self._thinking(), self._settings
        assert event.observation is not None
        actions = tuple(event.actions)
        key = (event.state, ",".join(map(str, actions)), event.again)
        if event.digest is not None:
            shown = mind.read_digest(actions, event.digest)
        else:
            shown = mind.read(actions, event.observation)
            if self._coins.strikes("reading", settings.misread, *key) and (others := mind.others(actions, shown)):
                shown = others[self._coins.one_of(len(others), "reading", *key, "instead")]
        self._asked.append(actions)
        self._reading = mind.stated(shown)
        if self._coins.strikes("reading", settings.mixing, *key, "mixing"):
            mind.confuse(shown)
        else:
            mind.learn(actions, shown, self._trust, 0.0 if event.digest is not None else self._own_misread)

    # --- what it wants ------------------------------------------------------------------------------------------------

    def _call(self, turn: Turn) -> Actions | None:
        """What to simulate now; None: nothing."""
        if self._brief.mode == "invisible" or turn.calls_left < 1 or turn.calls_left_now < 1:
            return None
        mind, settings, calling = self._thinking(), self._settings, self._calling
        wanted = mind.question(self._depth)
        if not turn.must_simulate:
            if self._brief.mode == "force" or _covers(self._asked, wanted):
                return None
            if calling.doubt is not None and mind.irreversible(mind.best()) <= calling.doubt:
                return None
            if not self._strikes("gate", calling.propensity, "want"):
                return None
            if self._strikes("gate", settings.drop, "drop"):
                return None
        self._asks += 1
        self._asked.append(wanted)
        others = [call for call in mind.questions() if call[0] != wanted[0]]
        if others and self._strikes("query", settings.query, "other"):
            return others[self._coins.one_of(len(others), "query", *self._at, self._asks, "instead")]
        return wanted

    def _act(self) -> Actions:
        mind = self._thinking()
        if self._asked and self._coins.strikes("action", self._settings.ignore, *self._at):
            return mind.best(self._held)
        return mind.best()

    def _confidence(self) -> float:
        return round(min(max(max(self._thinking().values().values(), default=0.0), 0.0), 1.0), 6)

    def _strikes(self, stage: Any, rate: float, what: str) -> bool:
        """A coin about the next call from here."""
        return self._coins.strikes(stage, rate, *self._at, self._asks, what)

    def _thinking(self) -> Thinking:
        if self.mind is None:
            raise UsageError("a scripted agent is asked for a reply before its episode began; call begin first")
        return self.mind


def _covers(asked: Sequence[Actions], wanted: Actions) -> bool:
    return any(one[: len(wanted)] == wanted for one in asked)
