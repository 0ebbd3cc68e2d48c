"""The models of an earlier run, which answer what they answered then: no network, nothing paid."""

from __future__ import annotations

from pathlib import Path

from journeyman.errors import UsageError
from journeyman.models import Model
from journeyman.models.recorded import Record, Recorded
from journeyman.optimize import events
from journeyman.optimize.calls import paid_reply
from journeyman.runlog import RunLog, find_run


def open_recording(ref: str, runs: Path) -> list[Model]:
    """One recorded model for each that answered in the run that `ref` names (a name or a folder), in the order of the run.

    Raises RunError for what is no run, UsageError for one in which no model answered.
    """
    with RunLog.open(find_run(ref, runs)) as log:
        records: dict[str, dict[str, Record]] = {name: {} for name in models_of(log)}
        for event in log.events(events.CALL):
            key, said = paid_reply(log, event.body or {})
            records.setdefault(said.model, {})[key] = Record(said.digest, said.completion)
        if not any(records.values()):
            raise UsageError(f"no model answered in the run {log.run_id!r}, so there is nothing to replay")
    return [Recorded(name, kept) for name, kept in records.items()]


def models_of(log: RunLog) -> list[str]:
    """The names of a run's models, as it was begun."""
    return [model["name"] for model in log.header.get("models", ())]
