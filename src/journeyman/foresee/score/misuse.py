"""Calls that were misread or did no good, by program (spec d.2.5): contradiction, neglect, wasted call, loop.

Each is a function of an episode that judges its calls in order: True, False, or None where the log cannot tell. A call is
misused if at least one of the four is True.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from journeyman.foresee.protocol.branches import agrees
from journeyman.foresee.protocol.decision import Decision, Episode
from journeyman.foresee.score.interval import Sample, measure, part_of, sample
from journeyman.foresee.score.measured import Measured, missing
from journeyman.foresee.score.wasted import wasted

KINDS = ("contradiction", "neglect", "wasted", "loop")
NAMES = ("misuse/calls", "misuse/cases", "misuse/undetermined", *(f"misuse/{kind}" for kind in KINDS))
Judged = tuple[bool | None, ...]


def contradiction(episode: Episode) -> Judged:
    """The agent's stated reading of the prediction disagrees with its symbolic content.

    The reading is that of the first reply after the call that states one, before the next call; it is compared with what
    was shown (`predicted`, not what is true), under the names that both have. None: nothing stated, no common name, or
    no digest in the log. Of a batch a reading speaks of the last alternative.
    """
    found: list[bool | None] = []
    calls = [decision for decision in episode.decisions if decision.context == "W"]
    for call, reading in zip(calls, readings_of(episode), strict=True):
        agreed = None if reading is None else agrees(reading, call.predicted)
        found.append(None if agreed is None else not agreed)
    return tuple(found)


def readings_of(episode: Episode) -> list[Mapping[str, Any] | None]:
    """For each call, in order: what the agent stated of it, in the first reply after it that states anything."""
    found: list[Mapping[str, Any] | None] = []
    open_ = False
    for decision in episode.decisions:
        # A reply with a call states its reading of the call before it; the decisions of a batch share one reply.
        replied = decision.batch is None or decision.batch == decision.index
        if decision.reading is not None and replied and open_:
            found[-1], open_ = decision.reading, False
        if decision.context == "W":
            found.append(None)
            open_ = True
    return found


def neglect(episode: Episode) -> Judged:
    """The next real action is the one that the prediction showed to fail.

    It fails if the prediction ends without success, or in a state that can no longer be won (`dead`). The next real
    actions are those after the call up to the next call or the length of what was simulated, whichever comes first; they
    must be the simulated ones from the first to the last, or to the end of the episode. A later call from the same real
    state with the same actions takes the place of an earlier one. None: the log does not say what was predicted.
    """
    decisions = episode.decisions
    calls = [i for i, decision in enumerate(decisions) if decision.context == "W"]
    paths = _paths(decisions)
    found: list[bool | None] = []
    for i in calls:
        fails = _fails(decisions[i].predicted)
        if not fails:
            found.append(fails)
            continue
        done: list[int] = []
        over = False
        for later in range(i + 1, len(decisions)):
            decision = decisions[later]
            if decision.context == "E":
                done += decision.actions[: len(paths[i]) - len(done)]
                over = decision.terminal
                if len(done) >= len(paths[i]):
                    break
            elif decision.context == "W" and (done or paths[later] == paths[i]):
                break
        reached = len(done) >= len(paths[i]) or (over and bool(done))
        found.append(reached and tuple(done) == paths[i][: len(done)])
    return tuple(found)


def loop(episode: Episode) -> Judged:
    """The same actions were simulated before from the same real state, with no real action in between."""
    asked: set[tuple[int, ...]] = set()
    found: list[bool | None] = []
    paths = _paths(episode.decisions)
    for i, decision in enumerate(episode.decisions):
        if decision.context == "E":
            asked.clear()
        elif decision.context == "W":
            found.append(paths[i] in asked)
            asked.add(paths[i])
    return tuple(found)


def misuse(episodes: Sequence[Episode]) -> dict[str, Measured]:
    """`misuse/*`: shares of calls with each fault, of calls and of episodes with a call that have any of them."""
    if not any(episode.calls for episode in episodes):
        return {name: missing("the world model was never called", of="calls") for name in NAMES}
    rows: dict[str, dict[str, float]] = {}
    names = ["calls", "misused", "undetermined", "cases", "misused_cases"]
    names += [f"{part}_{kind}" for kind in KINDS for part in ("known", "is")]
    bases: dict[str, int] = {}
    for episode in episodes:
        row = rows.setdefault(episode.instance, dict.fromkeys(names, 0.0))
        judgements = judged(episode, bases)
        for call in judgements:
            row["calls"] += 1
            row["misused"] += True in call
            row["undetermined"] += None in call and True not in call
            for kind, flag in zip(KINDS, call, strict=True):
                row[f"known_{kind}"] += flag is not None
                row[f"is_{kind}"] += flag is True
        row["cases"] += bool(judgements)
        row["misused_cases"] += any(True in call for call in judgements)
    sums = sample([rows[key] for key in sorted(rows)], single=len(rows) == len(episodes))
    if not sums.sums["calls"][0]:
        return {name: missing("the calls themselves are not in the log", of="calls") for name in NAMES}
    open_ = int(sums.sums["undetermined"][0])
    found = {
        "misuse/calls": measure(sums, part_of("misused", "calls"), count="calls", of="calls"),
        "misuse/cases": measure(
            sums, part_of("misused_cases", "cases"), count="cases", of="episodes with a call", share=True
        ),
        "misuse/undetermined": measure(sums, part_of("undetermined", "calls"), count="calls", of="calls"),
    }
    for name in ("misuse/calls", "misuse/cases") if open_ else ():
        blind = open_ == int(sums.sums["calls"][0])
        found[name] = missing(f"of no call does the log tell all: {_lacking(sums)}", of="calls") if blind else _noted(
            found[name], f"a lower bound: of {open_} calls the log does not tell all"
        )
    for kind in KINDS:
        one = measure(sums, part_of(f"is_{kind}", f"known_{kind}"), why=_UNKNOWN[kind], count=f"known_{kind}", of="calls")
        found[f"misuse/{kind}"] = _noted(one, _basis_words(bases)) if kind == "wasted" and one.value is not None else one
    return found


def judged(episode: Episode, bases: dict[str, int] | None = None) -> list[tuple[bool | None, ...]]:
    """For each call, in order: the four judgements as in `KINDS`. `bases` counts what `wasted` went by."""
    spent = wasted(episode)
    if bases is not None:
        for _, basis in spent:
            bases[basis] = bases.get(basis, 0) + 1
    by_kind = [contradiction(episode), neglect(episode), tuple(flag for flag, _ in spent), loop(episode)]
    return list(zip(*by_kind, strict=True))


_UNKNOWN = {
    "contradiction": "no reading of a prediction was stated, or no prediction is in the log",
    "neglect": "no prediction with terminal and success is in the log",
    "wasted": "neither a mind's figures nor the rule can tell of any call",
    "loop": "there is no call",
}
_BASES = {
    "mind": "by what the mind foresaw", "values": "by the mind's values", "rule": "by the rule", "": "cannot be told",
}  # fmt: skip


def _lacking(sums: Sample) -> str:
    return "; ".join(_UNKNOWN[kind] for kind in KINDS if not sums.sums[f"known_{kind}"][0])


def _basis_words(bases: Mapping[str, int]) -> str:
    return ", ".join(f"{bases[name]} {said}" for name, said in _BASES.items() if bases.get(name))


def _noted(found: Measured, why: str) -> Measured:
    return msgspec.structs.replace(found, why="; ".join(filter(None, [found.why, why])))


def _fails(predicted: Mapping[str, Any]) -> bool | None:
    """Whether a prediction shows a failure; None where it does not say."""
    if predicted.get("dead") is True:
        return True
    terminal, success = predicted.get("terminal"), predicted.get("success")
    if terminal is False or success is True:
        return False
    return True if terminal is True and success is False else None


def _paths(decisions: Sequence[Decision]) -> dict[int, tuple[int, ...]]:
    """Place of each call's decision -> all actions from the real state, those of the calls it went on from first."""
    by_call: dict[int, tuple[int, ...]] = {}
    found: dict[int, tuple[int, ...]] = {}
    for i, decision in enumerate(decisions):
        if decision.context == "W":
            begun = by_call.get(decision.origin, ()) if decision.origin is not None else ()
            found[i] = begun + decision.actions
            if decision.call is not None:
                by_call[decision.call] = found[i]
    return found
