"""How cells are called in tables, and how a measured value is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from journeyman.foresee.score.measured import Measured
from journeyman.foresee.score.scores import CellScores, Scores
from journeyman.report.number import NONE, number


def label(cell: CellScores, scores: Scores) -> str:
    """A cell's agent with as much of its name as tells it from the other cells; its mode and world stand beside it."""
    name = cell.name
    parts = [name.agent]
    if name.mode != "invisible":
        others = {other.name.world_model for other in scores.cells if other.name.mode != "invisible"}
        parts += [name.world_model] if len(others) > 1 else []
        parts += [name.governor] if name.governor != "none" else []
        parts += [name.memory] if name.memory != "restart" else []
    text = " | ".join(part for part in parts if part)
    letter = cell.key.partition(": ")[0] if cell.key != name.key else ""
    return f"{letter}: {text}" if letter else text


def labels(scores: Scores) -> dict[str, str]:
    """Cell's key -> `label` with its mode, for where no column says it."""
    return {cell.key: f"{label(cell, scores)}, {cell.name.mode}" for cell in scores.cells}


def told_apart(names: Sequence[str]) -> list[str]:
    """Names without the parts (between " | ") that all of them have; a single one stays whole."""
    parts = [name.split(" | ") for name in names]
    common = set(parts[0]).intersection(*parts[1:]) if len(set(names)) > 1 else set()
    return [" | ".join(part for part in one if part not in common) or one[0] for one in parts]


def value_words(found: Measured, *, digits: int = 3) -> str:
    """`0.633 [0.507, 0.744]`; a dash where there is no value."""
    if found.value is None:
        return NONE
    said = _short(found.value, digits)
    if found.low is None or found.high is None:
        return said
    return f"{said} [{_short(found.low, digits)}, {_short(found.high, digits)}]"


def points_words(found: Measured) -> str:
    """A difference of shares in points: `+6.7 [-8.3, +21.7]`."""
    if found.value is None:
        return NONE
    said = f"{100 * found.value:+.1f}"
    if found.low is None or found.high is None:
        return said
    return f"{said} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"


def p_words(p: float | None) -> str:
    """`0.031`, or `<0.001`."""
    if p is None:
        return NONE
    return "<0.001" if p < 0.0005 else f"{p:.3f}"


@dataclass
class Reasons:
    """Why there are dashes in a table, to be said below it. `cells`: reason -> columns."""

    cells: dict[str, list[str]] = field(default_factory=dict)

    def of(self, column: str, found: Measured) -> Measured:
        """`found`; where it has no value, its reason is kept."""
        if found.value is None and column not in self.cells.setdefault(found.why, []):
            self.cells[found.why].append(column)
        return found

    def note(self, *sentences: str, most: int = 6) -> str:
        """The sentences, then the reasons."""
        said = [f"{NONE} at {', '.join(columns)}: {why}" for why, columns in self.cells.items()]
        if len(said) > most:
            said = [*said[:most], f"More reasons, which --json has: {len(said) - most}"]
        return " ".join([*sentences, *([". ".join(said) + "."] if said else [])])


def with_access(scores: Scores) -> list[CellScores]:
    """All cells but those of mode invisible."""
    return [cell for cell in scores.cells if cell.name.mode != "invisible"]


def known(cell: CellScores, name: str) -> bool:
    """Whether the metric has a value."""
    return cell.metrics[name].value is not None


def metric_rows(
    scores: Scores, cells: Sequence[CellScores], columns: Sequence[str], names: Sequence[str]
) -> tuple[list[list[str]], Reasons]:
    """A row a cell: agent, world, mode, then these metrics."""
    why = Reasons()
    rows = []
    for cell in cells:
        found = [why.of(column, cell.metrics[name]) for column, name in zip(columns, names, strict=True)]
        written = [
            points_words(one) if name.startswith("frontier/") else value_words(one)
            for name, one in zip(names, found, strict=True)
        ]
        rows.append([label(cell, scores), cell.world, cell.name.mode, *written])
    return rows, why


def _short(value: float, digits: int) -> str:
    return f"{value:.3f}" if abs(value) < 10 else number(value, digits=digits + 1)
