"""Where a run stands, read from its log: what is played, what is paid, what was in flight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from journeyman.errors import RunCorrupt
from journeyman.foresee import events
from journeyman.foresee.evaluation.calls import PaidReply, paid_reply
from journeyman.foresee.evaluation.plan import Plan
from journeyman.foresee.evaluation.progress import Standing
from journeyman.foresee.protocol.decision import Episode
from journeyman.ledger import Reserved, Settled, Spend
from journeyman.runlog import RunLog


class Tallies:
    """Counts of each cell. `done`: (cell, seed, number of the instance) of the episodes in the log."""

    def __init__(self, cells: int) -> None:
        self.done: set[tuple[int, int, int]] = set()
        self._counts = [[0, 0, 0, 0] for _ in range(cells)]

    def add(self, cell: int, episode: Episode) -> None:
        """One more episode."""
        for place, more in enumerate((1, int(episode.success), episode.calls, episode.real)):
            self._counts[cell][place] += more

    def standings(self, plan: Plan) -> tuple[Standing, ...]:
        """Each cell so far."""
        whole = plan.instances * len(plan.seeds)
        return tuple(
            Standing(cell.key, played, whole, successes, calls, real)
            for cell, (played, successes, calls, real) in zip(plan.cells, self._counts, strict=True)
        )


@dataclass(frozen=True)
class Replayed:
    """What the log says.

    Attributes:
        ledger_events: open reservations one by one, everything settled as one sum.
        elapsed_s: working seconds of earlier sittings.
        paid: replies of language models for episodes that are not finished, by key of the call; `attempts`: of each episode,
            ledger entries that its calls have made.
        said: of finished episodes, by cell, seed and number of the instance, the agent's replies, as `said_in` gives them.
    """

    tallies: Tallies
    ledger_events: Sequence[Reserved | Settled] = ()
    elapsed_s: float = 0.0
    paid: Mapping[str, PaidReply] = field(default_factory=dict)
    attempts: Mapping[str, int] = field(default_factory=dict)
    said: Mapping[tuple[int, int, int], Sequence[tuple[str, str]]] = field(default_factory=dict)


def replay(log: RunLog, plan: Plan, instances: Sequence[str]) -> Replayed:
    """Read the log of a run. `instances`: their ids, in order. Raises RunCorrupt for a log that no evaluation wrote."""
    try:
        return _replay(log, plan, {instance: number for number, instance in enumerate(instances)})
    except (msgspec.MsgspecError, KeyError, ValueError, IndexError) as error:
        raise RunCorrupt(f"the log of the run in {log.folder} has an event that cannot be read: {error}") from error


def _replay(log: RunLog, plan: Plan, numbers: Mapping[str, int]) -> Replayed:
    tallies = Tallies(len(plan.cells))
    open_: dict[str, Spend] = {}
    known, unknown = Spend(), Spend()
    attempts: Counter[str] = Counter()
    calls: dict[str, dict[str, dict[str, object]]] = {}
    said: dict[tuple[int, int, int], Sequence[tuple[str, str]]] = {}
    elapsed_s = 0.0
    for event in log.events():
        body, volatile = event.body or {}, event.volatile or {}
        if event.kind in (events.EPISODE, events.CALL, events.STOPPED):
            elapsed_s = float(volatile.get("at_s", elapsed_s))
        if event.kind == events.RESERVE:
            open_[event.key] = _spend(body)
            attempts[event.key.partition("/call/")[0]] += 1
        elif event.kind == events.SETTLE:
            del open_[event.key]
            if body.get("known", True):
                known = known + _spend(body)
            else:
                unknown = unknown + _spend(body)
        elif event.kind == events.CALL:
            calls.setdefault(event.key.partition("/call/")[0], {})[event.key] = body
        elif event.kind == events.EPISODE:
            calls.pop(event.key, None)
            episode = msgspec.convert(body, Episode)
            cell = int(event.key.partition("/")[0])
            place = cell, episode.seed, numbers[episode.instance]
            tallies.done.add(place)
            tallies.add(cell, episode)
            said[place] = said_in(episode)
    ledger: list[Reserved | Settled] = []
    for name, spend, sure in (("known", known, True), ("unknown", unknown, False)):
        ledger += [Reserved(f"before/{name}", spend), Settled(f"before/{name}", spend, sure)]
    ledger += [Reserved(key, spend) for key, spend in open_.items()]
    paid = {key: paid_reply(log, body) for bodies in calls.values() for key, body in bodies.items()}
    return Replayed(tallies, ledger, elapsed_s, paid, attempts, said)


def said_in(episode: Episode) -> list[tuple[str, str]]:
    """Of each reply, the digest of its text and what it hoped for."""
    return [(one.text, one.hope) for one in episode.replies]


def _spend(body: Mapping[str, object]) -> Spend:
    return msgspec.convert({kind: body.get(kind, 0) for kind in ("tokens", "micro_usd")}, Spend)
