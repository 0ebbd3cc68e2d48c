"""Which episodes to look at: of each cell those that tell most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from journeyman.foresee.attribution.staging import Logged
from journeyman.foresee.cell import Cell, baseline
from journeyman.foresee.page.steps import Step, remarks, steps_of

Why = Literal["helped", "hurt", "misuse", "failure", "success"]

MEANING: dict[Why, str] = {
    "helped": "succeeds with the world model, fails without",
    "hurt": "fails with the world model, succeeds without",
    "misuse": "calls that were misread or did no good",
    "failure": "fails with and without, or there is nothing to compare with",
    "success": "succeeds with calls, without misuse",
}


@dataclass(frozen=True)
class Telling:
    """An episode worth a look. `without`: the same agent on the same instance with nothing to ask. `said`: what is to be
    noticed, in words."""

    one: Logged
    why: Why
    said: str
    without: Logged | None = None


def short_names(cells: Sequence[Cell]) -> list[str]:
    """Names of cells without what all of them share and what says nothing."""
    asking = [cell for cell in cells if cell.mode != "invisible"]
    names = []
    for cell in cells:
        parts = [cell.agent] if len({one.agent for one in cells}) > 1 else []
        if cell.mode != "invisible":
            parts += [cell.world_model] if len({one.world_model for one in asking}) > 1 else []
        parts.append(cell.mode)
        parts += [cell.governor] if cell.governor != "none" else []
        parts += [f"memory {cell.memory}"] if cell.memory != "restart" else []
        names.append(" | ".join(parts))
    return names


def telling(cells: Sequence[Cell], episodes: Sequence[Logged], *, each: int = 1) -> list[Telling]:
    """For each cell, up to `each` episodes of each kind, in the order of cells and kinds; none is there twice.

    Of a kind, those come first that show most: more kinds of misuse and of other remarks, then fewer decisions.
    """
    by_cell: list[dict[tuple[int, int], Logged]] = [{} for _ in cells]
    for one in episodes:
        by_cell[one.cell][one.episode.seed, one.number] = one
    found: list[Telling] = []
    for number, cell in enumerate(cells):
        against = baseline(cell, cells)
        bare = {} if against is None or against == cell else by_cell[cells.index(against)]
        found += _of_cell(list(by_cell[number].values()), bare, each)
    return found


def _of_cell(mine: list[Logged], bare: dict[tuple[int, int], Logged], each: int) -> list[Telling]:
    kinds: dict[Why, list[tuple[tuple[int, ...], Telling]]] = {kind: [] for kind in MEANING}
    for one in mine:
        without = bare.get((one.episode.seed, one.number))
        steps = steps_of(one.episode)
        said = "; ".join(remarks(steps))
        for kind in _kinds(one, without, steps):
            kinds[kind].append((_rank(steps, one), Telling(one, kind, said, without)))
    taken: set[str] = set()
    found = []
    for ranked in kinds.values():
        free = [that for _, that in sorted(ranked, key=lambda pair: pair[0]) if that.one.key not in taken][:each]
        taken |= {that.one.key for that in free}
        found += free
    return found


def _kinds(one: Logged, without: Logged | None, steps: Sequence[Step]) -> list[Why]:
    episode = one.episode
    found: list[Why] = []
    if without is not None and episode.success != without.episode.success:
        found.append("helped" if episode.success else "hurt")
    if any(step.misuse for step in steps):
        found.append("misuse")
    if not episode.success and "hurt" not in found:
        found.append("failure")
    if episode.success and not found and episode.calls:
        found.append("success")
    return found


def _rank(steps: Sequence[Step], one: Logged) -> tuple[int, ...]:
    """Least first."""
    shown = {kind for step in steps for kind in step.misuse}
    shown |= {kind for step in steps if (kind := step.kind) in ("call", "refused", "unread")}
    shown |= {"wrong"} if any(step.wrong for step in steps) else set()
    return -len(shown), len(steps), one.number, one.episode.seed
