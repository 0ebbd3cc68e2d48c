"""The replies of a run's episodes, to be said again."""

from __future__ import annotations

from journeyman.errors import UsageError
from journeyman.foresee import events
from journeyman.foresee.agents.agent import Reply
from journeyman.foresee.agents.recorded import Line
from journeyman.foresee.protocol.decision import Episode
from journeyman.runlog import RunLog, find_run, runs_root


def lines_of_run(run: str, cell: int | None = None) -> tuple[str, list[Line]]:
    """The name of a cell's agent, and all its replies in order.

    Args:
        run: as `find_run` takes it: an id, the beginning of one, a folder, "last".
        cell: its number in the run; None where the run has one alone.

    Raises:
        UsageError: several cells and none was chosen, no such cell, or its replies were not kept.
        RunNotFound and its kin: no such run.
    """
    with RunLog.open(find_run(run, runs_root())) as log:
        cells = events.cells(log)
        if cell is None and len(cells) > 1:
            listed = "; ".join(f"{number} is {one.key}" for number, one in enumerate(cells))
            raise UsageError(f"the run '{run}' has {len(cells)} cells; write recorded:{run},cell=0 ({listed})")
        number = cell or 0
        if number >= len(cells):
            raise UsageError(f"the run '{run}' has no cell {number}; its cells are 0 to {len(cells) - 1}")
        lines = []
        for key, episode in events.keyed_episodes(log):
            if key.partition("/")[0] == str(number):
                lines += _lines(log, episode)
        if not lines:
            raise UsageError(
                f"the run '{run}' keeps no replies of {cells[number].agent}; ask for that agent itself: it says them again"
            )
        return cells[number].agent, lines


def texts_of(log: RunLog, episode: Episode) -> dict[int, str]:
    """Decision -> the reply that it began with, where replies were kept."""
    return {one.index: text_of(log, one.text) for one in episode.replies if one.text}


def said_again(log: RunLog, text: str, hope: str) -> Reply:
    """A reply with the text of this digest."""
    return Reply(text_of(log, text), extra={"hope": hope} if hope else {})


def text_of(log: RunLog, digest: str) -> str:
    """A reply that was kept; "" for one that was not."""
    return log.blob(digest).decode() if digest else ""


def _lines(log: RunLog, episode: Episode) -> list[Line]:
    lines = []
    for decision in episode.replies:
        if decision.text:
            usage = {"tokens_in": decision.tokens_in, "tokens_out": decision.tokens_out, "micro_usd": decision.micro_usd}
            used = {name: count for name, count in usage.items() if count}
            text = text_of(log, decision.text)
            lines.append(Line(episode.instance, text, decision.state, episode.seed, used, decision.hope))
    return lines
