"""Which episodes of a run are attributed, and how thoroughly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from journeyman.errors import UsageError
from journeyman.foresee.attribution.staging import Logged
from journeyman.foresee.cell import Cell


@dataclass(frozen=True)
class Wanted:
    """What is attributed.

    Attributes:
        cells: numbers of the run's cells; () all but those in mode invisible.
        episodes: at most so many failures and so many successes of each cell; None: all.
        successes: whether successes with calls are looked at, too.
        sufficiency: replay with all but one stage repaired, too. all_subsets: all 32, for Shapley values.
        replays: K; None: 1 for agents that repeat themselves, else 8.

    Raises UsageError: a number that cannot be.
    """

    cells: tuple[int, ...] = ()
    episodes: int | None = None
    successes: bool = True
    sufficiency: bool = True
    all_subsets: bool = False
    replays: int | None = None

    def __post_init__(self) -> None:
        if self.episodes is not None and self.episodes < 1:
            raise UsageError(f"episodes is {self.episodes}; it is 1 or more")
        if self.replays is not None and self.replays < 1:
            raise UsageError(f"replays is {self.replays}; it is 1 for agents that repeat themselves, 8 or more for others")


def chosen(episodes: Sequence[Logged], cells: Sequence[Cell], wanted: Wanted) -> list[Logged]:
    """The episodes that are attributed, in the order of `episodes`.

    All failures, and of successes those with calls, in modes in which calls can be left out. Raises UsageError: a cell that
    is not there, or in which there is nothing to ask.
    """
    for number in wanted.cells:
        if not 0 <= number < len(cells):
            raise UsageError(f"the run has no cell {number}; its cells are 0 to {len(cells) - 1}")
        if cells[number].mode == "invisible":
            raise UsageError(f"cell {number} is in mode invisible: there is no call that could be to blame")
    found: list[Logged] = []
    taken: dict[tuple[int, bool], int] = {}
    for one in episodes:
        cell, success = cells[one.cell], one.episode.success
        if cell.mode == "invisible" or (wanted.cells and one.cell not in wanted.cells):
            continue
        if success and not (wanted.successes and one.episode.calls and cell.mode != "force"):
            continue
        count = taken.get((one.cell, success), 0)
        if wanted.episodes is None or count < wanted.episodes:
            taken[one.cell, success] = count + 1
            found.append(one)
    return found
