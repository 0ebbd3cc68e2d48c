"""Send a run's numbers elsewhere while it trains: TensorBoard event files, Weights & Biases.

    with open_sinks(["tensorboard"], folder, name="my-run", settings=to_plain(spec)) as sinks:
        train(spec, on_step=sinks.take)

The run's own log has everything anyway; a sink is for people who watch many runs in one place. Both packages are optional.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from journeyman.distill.events import Evaluated, Progress
from journeyman.errors import MissingExtra, UsageError

KINDS = ("tensorboard", "wandb")


class Sink(Protocol):
    """Takes scalars by step."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Values of one step; each step once, in order."""
        ...

    def close(self) -> None:
        """Write what is still in memory."""
        ...


class Sinks:
    """Several sinks as one: a context manager whose `take` is an `on_step`."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)

    def take(self, progress: Progress) -> None:
        """The metrics of a step, its costs under `time/`, and the scores of an evaluation under `evaluation/`."""
        values = dict(progress.step.metrics)
        values |= {f"time/{name}_s": seconds for name, seconds in progress.cost.phases.items()}
        if progress.cost.wall_s > 0:
            values["time/step_s"] = progress.cost.wall_s
            values["time/tokens_per_s"] = progress.step.tokens / progress.cost.wall_s
        if progress.cost.memory_mb:
            values["memory_mb"] = progress.cost.memory_mb
        if progress.evaluated is not None:
            values |= scores_of(progress.evaluated)
        finite = {name: value for name, value in values.items() if math.isfinite(value)}
        for sink in self._sinks:
            sink.scalars(progress.step.step, finite)

    def close(self) -> None:
        """Close all of them."""
        for sink in self._sinks:
            sink.close()

    def __enter__(self) -> Sinks:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_sinks(names: Sequence[str], folder: Path, *, name: str, settings: Mapping[str, Any]) -> Sinks:
    """The sinks called `names`: "tensorboard", "tensorboard:DIR", "wandb" or "wandb:PROJECT".

    Args:
        names: none, one or several.
        folder: of the run; TensorBoard's files go to `folder`/tensorboard unless DIR says otherwise.
        name: of the run, as it is shown there.
        settings: what the run was asked to do.

    Raises:
        UsageError: an unknown sink.
        MissingExtra: its package is not installed.
    """
    parse_sinks(names)
    opened: list[Sink] = []
    for each in names:
        kind, _, where = each.partition(":")
        if kind == "tensorboard":
            opened.append(TensorBoard(Path(where) / name if where else folder / "tensorboard"))
        else:
            opened.append(WeightsAndBiases(where or "journeyman", name, settings, folder))
    return Sinks(opened)


def parse_sinks(names: Sequence[str]) -> None:
    """Refuse what cannot be opened, before anything is begun. Raises as `open_sinks`."""
    import importlib.util

    for each in names:
        kind = each.partition(":")[0]
        if kind not in KINDS:
            raise UsageError(f"there is no sink {each!r}; use one of {', '.join(KINDS)}")
        if importlib.util.find_spec(kind) is None:
            raise MissingExtra(f"the sink {kind!r} needs a package that is not installed; run: pip install {kind}")


class TensorBoard:
    """Event files that `tensorboard --logdir` reads, written without tensorflow. Raises MissingExtra without the package."""

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ImportError as error:
            raise MissingExtra("TensorBoard is not installed; run: pip install tensorboard") from error
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = EventFileWriter(str(folder))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """One event with all values of the step."""
        import time

        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        summary = Summary(value=[Summary.Value(tag=name, simple_value=value) for name, value in values.items()])
        self._writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))

    def close(self) -> None:
        """Flush the file and end its thread."""
        self._writer.close()


class WeightsAndBiases:
    """A run of Weights & Biases; `WANDB_MODE=offline` keeps it on this machine. Raises MissingExtra without the package."""

    def __init__(self, project: str, name: str, settings: Mapping[str, Any], folder: Path) -> None:
        try:
            import wandb
        except ImportError as error:
            raise MissingExtra("Weights & Biases is not installed; run: pip install wandb") from error
        self._run = wandb.init(project=project, name=name, config=dict(settings), dir=str(folder), resume="allow", id=name)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Log the values of the step."""
        self._run.log(dict(values), step=step)

    def close(self) -> None:
        """End the run there."""
        self._run.finish()


def scores_of(evaluated: Evaluated) -> dict[str, float]:
    """An evaluation of the student as scalars."""
    found = {
        f"evaluation/{name}": float(value)
        for name, value in evaluated.student.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    if evaluated.gap_recovery is not None:
        found["evaluation/gap_recovery"] = evaluated.gap_recovery
    return found
