"""The models of an earlier run, which answer what they answered then: no network, nothing paid."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from pathlib import Path

from journeyman.errors import UsageError
from journeyman.models import Cost, Model, Price, Prompt
from journeyman.models.recorded import Record, Recorded
from journeyman.optimize import events
from journeyman.optimize.calls import paid_reply
from journeyman.optimize.state import NO_BUDGET
from journeyman.runlog import RunLog, find_run

_MORE_THAN_ANY = Cost(2**62, 2**62)
"""What a call reserves that the budget refused in the original: the same happens to it again."""


def recording_of(ref: str, runs: Path) -> list[Model]:
    """The models of the run that `ref` names (a name in `runs`, or a folder). Raises as `open_recording`, and RunError."""
    with RunLog.open(find_run(ref, runs)) as log:
        return open_recording(log)


def open_recording(log: RunLog) -> list[Model]:
    """One recorded model for each of the run's, in the same order. The log may be closed afterwards.

    They are charged as the originals were, so that a budget ends a replay where it ended the run, and cost nothing.

    Raises UsageError for a run in which no model answered.
    """
    begun = {model["name"]: model for model in log.header.get("answering", ())}
    records: dict[str, dict[str, Record]] = {name: {} for name in begun}
    reserved: dict[str, Cost] = {}
    worst: dict[str, Cost] = {}
    refused: set[str] = set()
    for event in log.events():
        if event.kind == events.RESERVE and "/call/" in event.key:
            body = event.body or {}
            reserved[event.key] = Cost(body.get("tokens", 0), body.get("micro_usd", 0))
        elif event.kind == events.CALL:
            key, said = paid_reply(log, event.body or {})
            records.setdefault(said.model, {})[key] = Record(said.digest, said.completion)
            worst[key] = reserved[event.key]
        elif event.kind == events.FAILED and (event.body or {})["kind"] == NO_BUDGET:
            refused.add(event.key)
    if not any(records.values()):
        raise UsageError(f"no model answered in the run {log.run_id!r}, so there is nothing to replay")
    return [
        Recorded(
            name, kept, worst=functools.partial(_worst_of, worst, refused),
            sees=begun.get(name, {}).get("sees", False), price=Price(0.0, 0.0),
            max_tokens=begun.get(name, {}).get("max_tokens", 0),
        )
        for name, kept in records.items()
    ]  # fmt: skip


def _worst_of(worst: Mapping[str, Cost], refused: Collection[str], prompt: Prompt) -> Cost:
    if prompt.key.partition("/")[0] in refused and prompt.key not in worst:
        return _MORE_THAN_ANY
    return worst.get(prompt.key, Cost())
