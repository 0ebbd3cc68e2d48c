"""`journeyman distill train` and `distill resume`: begin or go on with a run, show it, write its page."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeyman.cli.out import stderr, stdout, write_json
from journeyman.report.text import rich_text

if TYPE_CHECKING:
    from journeyman.distill.result import TrainResult
    from journeyman.distill.train_spec import TrainSpec

REPORT = "report.html"


class OnFailure(StrEnum):
    """What a verdict of failure during the run does."""

    WARN = "warn"
    STOP = "stop"
    OFF = "off"


def spec_of(
    student: str, teacher: str, prompts: str, preset: str | None, changes: Mapping[str, Any], watch: OnFailure | None
) -> TrainSpec:
    """What is to be done. Raises UsageError for a setting that does not exist or means nothing."""
    from journeyman.distill.presets import preset as preset_of
    from journeyman.distill.train_spec import made

    wanted = {**({} if watch is None else _failing(watch)), **changes}
    if preset is None:
        return made(student, teacher, prompts, wanted)
    return preset_of(preset, student, teacher, prompts, wanted)


def _failing(watch: OnFailure) -> dict[str, Any]:
    if watch is OnFailure.OFF:
        return {"watch_every": 0}
    return {"on_failure": "stop" if watch is OnFailure.STOP else "continue"}


def train_run(
    spec: TrainSpec, *, check: bool, sinks: Sequence[str], runs: str | None, quiet: bool, json: bool
) -> int:
    """Train, with progress on stderr; then the table, or the document, and the page."""
    from journeyman.distill.events import VERB
    from journeyman.distill.report.story import short_name
    from journeyman.distill.sinks import open_sinks, parse_sinks
    from journeyman.distill.train import train
    from journeyman.distill.train_spec import to_plain
    from journeyman.runlog import new_run_folder, runs_root

    parse_sinks(sinks)
    folder = new_run_folder(Path(runs) if runs is not None else runs_root(), VERB).absolute()
    title = " ← ".join(short_name(name) for name in (spec.student, spec.teacher) if name)

    def work(on_step: Callable[[Any], None]) -> TrainResult:
        with contextlib.ExitStack() as stack:
            opened = None

            def follow(progress: Any) -> None:
                nonlocal opened
                # Opened with the first step: a run that cannot begin leaves nothing behind.
                if opened is None and sinks:
                    opened = stack.enter_context(open_sinks(sinks, folder, name=folder.name, settings=to_plain(spec)))
                if opened is not None:
                    opened.take(progress)
                on_step(progress)

            return train(spec, folder=folder, on_step=follow, watch=watch_of(spec), check=check)

    return _followed(folder, title, work, quiet=quiet, json=json)


def resume_run(folder: Path, *, quiet: bool, json: bool) -> int:
    """Go on with the training in `folder`."""
    from journeyman.distill.events import about
    from journeyman.distill.report.story import short_name
    from journeyman.distill.train import resume
    from journeyman.runlog import RunLog

    with RunLog.open(folder) as log:
        spec = about(log).spec
    title = " ← ".join(short_name(name) for name in (spec.student, spec.teacher) if name)
    return _followed(
        folder, title, lambda on_step: resume(folder, on_step=on_step, watch=watch_of(spec)), quiet=quiet, json=json
    )


def say_forecast(spec: TrainSpec, *, json: bool) -> int:
    """What the training would take in memory and hours. Nothing is begun."""
    from journeyman.distill.forecast import forecast

    found = forecast(spec, processes=int(os.environ.get("WORLD_SIZE", "1")))
    if json:
        write_json({**{name: getattr(found, name) for name in found.__dataclass_fields__}, "usd": 0.0})
        return 0
    out = stdout()
    for line in str(found).splitlines():
        out.print(rich_text(line), soft_wrap=True)
    out.print("Nothing was begun.")
    return 0


def watch_of(spec: TrainSpec) -> Any:
    """Who judges the course of a run; None where nobody is to, or where there is no teacher to be judged."""
    if not spec.watch_every or spec.method != "opd":
        return None
    from journeyman.distill.check.commands import Names
    from journeyman.distill.watch import Watch

    settings = kept_settings(grader=spec.grader, template=spec.template, enable_thinking=spec.enable_thinking)
    return Watch(names=Names(spec.student, spec.teacher, spec.prompts, settings))


def kept_settings(*, grader: str, template: str, enable_thinking: bool | None) -> tuple[tuple[str, str], ...]:
    """The options that a command which repairs takes over, where they are not the defaults."""
    kept = [("--grader", grader)] if grader not in ("", "math") else []
    kept += [("--template", template)] if template != "chat" else []
    if enable_thinking is not None:
        kept.append(("--enable-thinking" if enable_thinking else "--no-thinking", ""))
    return tuple(kept)


def _followed(
    folder: Path, title: str, work: Callable[[Callable[[Any], None]], TrainResult], *, quiet: bool, json: bool
) -> int:
    from journeyman.cli.distill_progress import shown
    from journeyman.cli.distill_show import print_training, training_document
    from journeyman.distill.report.story import story_of
    from journeyman.runlog import RunLog

    if int(os.environ.get("RANK", "0")):
        # One of several processes of torchrun: the first one shows and writes.
        work(lambda progress: None)
        return 0
    with _page_of(folder), shown(title, folder=folder, quiet=quiet) as follow:
        work(follow)
    with RunLog.open(folder) as log:
        story = story_of(log)
    if json:
        write_json(training_document(story))
    else:
        print_training(story, stdout())
    return 0


@contextlib.contextmanager
def _page_of(folder: Path) -> Iterator[None]:
    """Write the run's page however the block ends, if the run has begun."""
    from journeyman.distill.report.page import write_report
    from journeyman.runlog import RunLog

    try:
        yield
    finally:
        if (folder / "run.sqlite").is_file():
            with RunLog.open(folder) as log:
                write_report(log, folder / REPORT)
            stderr().print(rich_text(f"page: {folder / REPORT}"), soft_wrap=True)
