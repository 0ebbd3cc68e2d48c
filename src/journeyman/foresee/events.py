"""What an evaluation writes to its log, and how it is read back.

A run is this sequence (key in parentheses; an episode's key is CELL/SEED/INSTANCE, the cell by its number in the header):

    session ()                              volatile: process, host, versions; one for each process that worked on the run
    reserve (E/call/n), call (E/call/n) + settle (E/call/n)      attempt n of episode E at a model, answered
    reserve (E/call/n), settle (E/call/n)                        the same, not answered
    episode (E)                             a finished episode with all its decisions; volatile: the seconds of each reply
    stopped ()                              volatile: why it was left before its end
    finished ()                             the last of the run

What stands together with a `+` is one commit. With one worker, or with agents that wait for nothing, two equal runs have
equal bodies; with several workers they have the same episodes in another order. An episode that was under way when the
process died has left nothing but the replies it paid for, and is played again.
"""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from journeyman.errors import RunCorrupt, RunError
from journeyman.foresee.cell import Cell
from journeyman.foresee.evaluation.plan import Plan
from journeyman.foresee.protocol.decision import Episode
from journeyman.ledger import Budget, Reserved, Settled
from journeyman.runlog import RunLog

VERB = "foresee"
SESSION = "session"
RESERVE = "reserve"
SETTLE = "settle"
CALL = "call"
EPISODE = "episode"
STOPPED = "stopped"
FINISHED = "finished"

PLAYED = "all episodes are played"


class About(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a run was asked to do, and with what.

    Attributes:
        instances: their ids, in order. fingerprint: of the world's first states, by which a changed world is noticed.
        models: what is known of the language models: name, price, longest reply, settings.
        caps: of tokens, micro_usd and wall_s; a run that goes on may get others.
        versions: of the packages that results may depend on.
    """

    plan: Plan
    instances: tuple[str, ...]
    fingerprint: str
    models: tuple[dict[str, Any], ...] = ()
    caps: Budget = Budget()
    versions: dict[str, str] = {}


class CallBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """A model's reply and what it cost.

    `digest` names the prompt; `reply` is the digest of a blob (JSON). `input`, `output`, `reasoning` and `cached` are
    tokens, None where the endpoint did not say; `micro_usd` is None where nobody knows.
    """

    model: str
    digest: str
    reply: str
    outcome: str
    finish: str = ""
    input: int | None = None
    output: int | None = None
    reasoning: int = 0
    cached: int = 0
    micro_usd: int | None = None


# --- writing ----------------------------------------------------------------------------------------------------------


def header_of(about: About) -> dict[str, Any]:
    """The header of a run."""
    header: dict[str, Any] = msgspec.to_builtins(about)
    return header


def session_body(parallel: int, models_file: Path | None) -> dict[str, Any]:
    """Who works on the run now. `models_file`: if one was named."""
    from journeyman import __version__

    return {
        "pid": os.getpid(), "host": socket.gethostname(), "platform": platform.platform(), "journeyman": __version__,
        "parallel": parallel, "models_file": None if models_file is None else str(models_file),
    }  # fmt: skip


def episode_key(cell: int, seed: int, instance: str) -> str:
    """Names an episode in the log."""
    return f"{cell}/{seed}/{instance}"


def ledger_event(event: Reserved | Settled) -> tuple[str, str, dict[str, Any]]:
    """Kind, key and body under which the log keeps a ledger's event."""
    body: dict[str, Any] = {kind: n for kind in ("tokens", "micro_usd") if (n := getattr(event.spend, kind))}
    if isinstance(event, Reserved):
        return RESERVE, event.key, body
    return SETTLE, event.key, body if event.known else {**body, "known": False}


# --- reading ----------------------------------------------------------------------------------------------------------

_episode = msgspec.msgpack.Decoder(Episode).decode


def about(log: RunLog) -> About:
    """What the run was asked to do. Raises RunError for a run of another verb."""
    if log.verb != VERB:
        raise RunError(f"the run '{log.run_id}' is of '{log.verb}', not of '{VERB}'")
    try:
        return msgspec.convert(log.header, About)
    except msgspec.MsgspecError as error:
        raise RunCorrupt(f"the header of the run in {log.folder} cannot be read: {error}") from error


def cells(log: RunLog) -> tuple[Cell, ...]:
    """What it compares."""
    return about(log).plan.cells


def keyed_episodes(log: RunLog) -> Iterator[tuple[str, Episode]]:
    """Finished episodes with their keys, in the order in which they ended."""
    for _, _, key, body, _ in log.rows(EPISODE):
        try:
            yield key, _episode(body or b"")
        except msgspec.MsgspecError as error:
            raise RunCorrupt(f"the episode {key} of the run in {log.folder} cannot be read: {error}") from error


def episodes(log: RunLog) -> list[Episode]:
    """Finished episodes by cell, seed and instance, whatever the order in which they ended."""
    asked = about(log)
    place = {instance: number for number, instance in enumerate(asked.instances)}
    seeds = {seed: number for number, seed in enumerate(asked.plan.seeds)}

    def order(found: tuple[str, Episode]) -> tuple[int, int, int]:
        key, episode = found
        return int(key.partition("/")[0]), seeds[episode.seed], place[episode.instance]

    return [episode for _, episode in sorted(keyed_episodes(log), key=order)]


def models_file(log: RunLog) -> Path | None:
    """The models.toml that was named last."""
    named = [event.volatile.get("models_file") for event in log.events(SESSION) if event.volatile is not None]
    found = [Path(name) for name in named if name is not None]
    return found[-1] if found else None


def finished(log: RunLog) -> bool:
    """Whether all episodes are played."""
    return any(True for _ in log.rows(FINISHED, page=1))
