"""What a caller is shown while episodes are played: above all how often each cell succeeds so far."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from journeyman.ledger import Budget, Spend


@dataclass(frozen=True)
class Standing:
    """A cell so far: episodes played, of how many, successes, calls and real actions in them."""

    cell: str
    played: int
    episodes: int
    successes: int
    calls: int
    real: int

    @property
    def success_rate(self) -> float | None:
        """Share of the episodes played, 0 to 1; None before the first."""
        return self.successes / self.played if self.played else None


@dataclass(frozen=True)
class Progress:
    """A snapshot after an episode.

    `left_s`: seconds that the rest takes at the pace so far; None before the first. `spent` and `budget`: tokens and money.
    `run`: the folder of the log.
    """

    cells: tuple[Standing, ...]
    spent: Spend
    budget: Budget
    left_s: float | None
    run: Path = Path()

    @property
    def played(self) -> int:
        """Episodes in the log."""
        return sum(cell.played for cell in self.cells)

    @property
    def episodes(self) -> int:
        """Episodes in all."""
        return sum(cell.episodes for cell in self.cells)
