"""A logged run with its world and world models opened again, so that its episodes can be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from journeyman.errors import JourneymanError, UsageError
from journeyman.foresee import events
from journeyman.foresee.attribution.record import Attribution, read_attribution
from journeyman.foresee.attribution.staging import Logged, logged, texts_of
from journeyman.foresee.cell import Cell
from journeyman.foresee.page.frames import Shot, Shots, shots_of
from journeyman.foresee.page.steps import Words
from journeyman.foresee.world_models.model import WorldModel
from journeyman.foresee.world_models.open import open_world_model
from journeyman.foresee.worlds.world import World
from journeyman.runlog import RunLog


@dataclass
class Reopened:
    """A run to be looked at.

    Attributes:
        log: open for reading. about: what was played. episodes: all that are finished. attribution: where there is one.
        world: None where it cannot be opened any more; `why` says why in a sentence.
    """

    log: RunLog
    about: events.About
    episodes: Sequence[Logged]
    attribution: Attribution | None
    world: World | None
    why: str = ""
    _models: dict[str, WorldModel | str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Of the run."""
        return self.log.folder

    @property
    def cells(self) -> tuple[Cell, ...]:
        """What was compared."""
        return self.about.plan.cells

    @property
    def words(self) -> Words:
        """Names of the world's actions."""
        return Words(tuple(self.world.about.actions)) if self.world is not None else Words()

    def shots(self, one: Logged) -> Shots:
        """What was to be seen in one of its episodes."""
        if self.world is None:
            return Shots([Shot() for _ in one.episode.decisions], self.why)
        cell = self.cells[one.cell]
        model: WorldModel | str = "" if cell.mode == "invisible" else self._model(cell.world_model)
        exact = self._model("exact")
        found = shots_of(
            one.episode, self.world, None if isinstance(model, str) else model, None if isinstance(exact, str) else exact
        )
        if isinstance(model, str) and model and one.episode.calls:
            return Shots(found.shots, f"{found.note} {model}".strip())
        return found

    def texts(self, one: Logged) -> dict[int, str]:
        """Decision -> the reply that it began with, where replies were kept."""
        return texts_of(self.log, one.episode)

    def _model(self, name: str) -> WorldModel | str:
        """The world model, or why there is none."""
        assert self.world is not None
        if name not in self._models:
            if name in self.about.plan.given:
                self._models[name] = f"The world model '{name}' was given as an object, so its predictions cannot be drawn."
            else:
                try:
                    self._models[name] = open_world_model(name, self.world)
                except JourneymanError as error:
                    self._models[name] = f"Predictions cannot be drawn: {error}."
        return self._models[name]


def reopen(log: RunLog) -> Reopened:
    """The run with its world. Raises RunError and its kin: it is of another verb or cannot be read; UsageError: it has no
    finished episode yet."""
    about = events.about(log)
    found = logged(log)
    if not found:
        raise UsageError(f"the run '{log.run_id}' has no finished episode yet; go on with 'journeyman run resume'")
    world, why = _world(about)
    return Reopened(log, about, found, read_attribution(log.folder), world, why)


def _world(about: events.About) -> tuple[World | None, str]:
    from journeyman.foresee.worlds.registry import open_world

    name = about.plan.world
    if "world" in about.plan.given:
        return None, f"The world '{name}' was given as an object, so nothing of it can be drawn again."
    try:
        return open_world(name), ""
    except JourneymanError as error:
        return None, f"Nothing can be drawn: the world '{name}' cannot be opened any more: {error}."
