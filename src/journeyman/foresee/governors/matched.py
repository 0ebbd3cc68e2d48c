"""The rate of a coin that is to fall as often as another governor called in a run that was logged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from journeyman.errors import JourneymanError, UsageError
from journeyman.foresee.governors.chance import matched_rate

if TYPE_CHECKING:
    from journeyman.foresee.protocol.decision import Episode


def rate_of_run(asked: str) -> float:
    """The rate for `asked`, RUN/GOVERNOR: a run's folder and a governor of one of its cells, as it was named there.

    Raises UsageError: no such run, no cell with this governor, or nothing played yet.
    """
    return matched_rate(_episodes(asked))


def _episodes(asked: str) -> Iterator[Episode]:
    # Runs belong to a layer above; a name that points to one is the only use that governors make of it.
    from journeyman.foresee import events
    from journeyman.runlog import RunLog

    for folder, governor in _divided(asked):
        try:
            with RunLog.open(folder) as log:
                cells = {str(n) for n, cell in enumerate(events.cells(log)) if cell.governor == governor}
                if not cells:
                    known = ", ".join(sorted({cell.governor for cell in events.cells(log)}))
                    raise UsageError(f"no cell of the run {folder} has the governor '{governor}'; it has {known}")
                yield from (episode for key, episode in events.keyed_episodes(log) if key.partition("/")[0] in cells)
        except UsageError:
            raise
        except JourneymanError as error:
            raise UsageError(f"a coin cannot be matched to {folder}: {error}") from None
        return
    raise UsageError(f"'{asked}' names no run and governor; write random:matched=RUN/GOVERNOR with the run's folder")


def _divided(asked: str) -> Iterator[tuple[Path, str]]:
    """Where a folder that is there ends and a governor begins; a governor's own name may have slashes."""
    parts = asked.split("/")
    for end in range(1, len(parts)):
        folder = Path("/".join(parts[:end]) or "/")
        if (folder / "run.sqlite").is_file():
            yield folder, "/".join(parts[end:])
