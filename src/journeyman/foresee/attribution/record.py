"""What attribution found, as it is kept beside a run in `attribution.json`.

An episode's page reads `Attribution.read(folder)`; `failure_of` and `success_of` find what it says of one episode.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from journeyman.errors import RunError
from journeyman.foresee.attribution.agreement import Agreement, Between
from journeyman.foresee.attribution.codebook import Code
from journeyman.foresee.attribution.judge import Judged
from journeyman.foresee.attribution.proportion import Difference, Share
from journeyman.foresee.protocol.repair import Repairable

FILE_NAME = "attribution.json"
VERSION = 1


class Arm(msgspec.Struct, frozen=True, omit_defaults=True):
    """Replays of one episode with the same stages repaired.

    Attributes:
        repaired: the stages, in the order of the chain; () nothing.
        success: how many of the replays succeeded, with an interval of the share.
        diverged: number of the first decision that is not the logged one; None: none is, or replays of an agent that does
            not repeat itself, of which the log is only one.
    """

    repaired: tuple[Repairable, ...]
    success: Share
    diverged: int | None = None


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an episode failed.

    Attributes:
        singles: stages whose repair alone flips it to success (with K replays: the interval of the difference to replays
            without repair is above 0).
        pairs: where no single does, the pairs that do.
        whole: whether all five repairs together flip it; where they do not, no stage is to blame.
        necessary: stage -> chance of success that its repair alone adds.
        sufficient: stage -> chance of success that it takes away where all others are repaired. Empty: not asked for.
        blame: Shapley value of each stage's repair; they add up to what all five together add. Empty: not asked for.
        arms: what was replayed.
    """

    cell: str
    instance: str
    seed: int
    singles: tuple[Repairable, ...]
    pairs: tuple[tuple[Repairable, Repairable], ...] = ()
    whole: bool | None = None
    necessary: dict[Repairable, Difference] = {}
    sufficient: dict[Repairable, Difference] = {}
    blame: dict[Repairable, float] = {}
    arms: tuple[Arm, ...] = ()

    @property
    def first(self) -> Repairable | None:
        """The earliest of the singles."""
        return self.singles[0] if self.singles else None


class Removed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call of a successful episode was left out.

    Attributes:
        decision: that made it, and its call number.
        success: of the replays without it.
        decisive: whether success is lost without it.
        code: what it did, of a decisive one: S1 alternatives were compared, S2 it showed that what was wanted loses or does
            nothing, S3 it showed that what was wanted is good.
    """

    decision: int
    call: int
    success: Share
    decisive: bool
    code: Code | None = None


class Success(msgspec.Struct, frozen=True, omit_defaults=True):
    """What its calls were worth to a successful episode.

    Attributes:
        calls: how many it made.
        without: replays without any call.
        made_by_calls: whether success is lost without them.
        removed: each call alone left out, where success is lost without any.
    """

    cell: str
    instance: str
    seed: int
    calls: int
    without: Share
    made_by_calls: bool
    removed: tuple[Removed, ...] = ()


class StageShare(msgspec.Struct, frozen=True):
    """One stage over the failures of a cell.

    Attributes:
        flips: failures that its repair alone flips. alone: of them, those that no other single repair flips.
        split: sum over failures of 1 / (number of singles) where it is among them: an equal split.
        blame: mean Shapley value; None where it was not asked for.
        sufficient: failures that remain with all other stages repaired, of those that all five repairs flip, where
            asked for.
    """

    stage: Repairable
    flips: Share
    alone: Share
    split: float
    blame: float | None
    sufficient: Share


class CellShares(msgspec.Struct, frozen=True):
    """A cell in one view.

    Attributes:
        failures, successes: episodes that were replayed.
        stages: the five, in the chain's order.
        pairs: failures that only pairs flip. beyond: failures that not even all five repairs flip.
        unflipped: failures that neither single nor pair flips, but all five (or more than two) do.
        called: successes with calls. made_by_calls: of them, those that are lost without.
        codes: of decisive calls in successes.
        planted: the one stage at which the cell's agent or world model has a fault by its settings; None: none or several.
    """

    cell: str
    failures: int
    stages: tuple[StageShare, ...]
    pairs: int
    unflipped: int
    beyond: int
    successes: int
    called: int
    made_by_calls: Share
    codes: dict[str, int]
    planted: Repairable | None = None


class Attribution(msgspec.Struct, frozen=True, omit_defaults=True):
    """The file.

    Attributes:
        run: its id.
        replays: cell -> K, 1 for agents that repeat themselves.
        tokens, micro_usd: what the replays took at language models; judges have their own.
        notes: what a reader must know, in sentences.
    """

    run: str
    replays: dict[str, int] = {}
    shares: tuple[CellShares, ...] = ()
    failures: tuple[Failure, ...] = ()
    successes: tuple[Success, ...] = ()
    judged: tuple[Judged, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    between: tuple[Between, ...] = ()
    tokens: int = 0
    micro_usd: int = 0
    notes: tuple[str, ...] = ()
    version: int = VERSION

    def failure_of(self, cell: str, instance: str, seed: int) -> Failure | None:
        """What was found of this episode, if it failed and was replayed."""
        return next((f for f in self.failures if (f.cell, f.instance, f.seed) == (cell, instance, seed)), None)

    def success_of(self, cell: str, instance: str, seed: int) -> Success | None:
        """What was found of this episode, if it succeeded with calls and was replayed."""
        return next((s for s in self.successes if (s.cell, s.instance, s.seed) == (cell, instance, seed)), None)

    def judged_of(self, cell: str, instance: str, seed: int) -> list[Judged]:
        """What judges said of this episode."""
        return [j for j in self.judged if (j.cell, j.instance, j.seed) == (cell, instance, seed)]


def read_attribution(folder: Path) -> Attribution | None:
    """What is kept beside the run in `folder`; None: nothing was attributed yet.

    Raises RunError: the file is there and is not what it should be.
    """
    path = folder / FILE_NAME
    try:
        found: Any = msgspec.json.decode(path.read_bytes())
        if isinstance(found, dict) and found.get("version", VERSION) > VERSION:
            raise RunError(f"{path} was written by a newer version of Journeyman (format {found['version']})")
        return msgspec.convert(found, Attribution)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, TypeError) as error:
        raise RunError(f"{path} is no attribution of a run: {error}; remove it and run 'foresee attribute' again") from error


def write_attribution(folder: Path, found: Attribution) -> Path:
    """Keep it beside the run: a reader finds the old file or the new one, never a half. Raises RunError."""
    path = folder / FILE_NAME
    scratch = path.with_name(f".{FILE_NAME}-{os.getpid()}")
    try:
        scratch.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise RunError(f"{path} cannot be written: {error.strerror or error}") from error
    return path
