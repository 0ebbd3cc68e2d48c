"""`journeyman foresee learn`: what runs teach governors: what calls are worth, what a stated confidence means, margins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from journeyman.cli.call import make_app
from journeyman.cli.out import Json, Runs, stderr, stdout, write_json
from journeyman.report.text import one_line, rich_text

if TYPE_CHECKING:
    from journeyman.foresee.governors.lesson import Lesson

app = make_app()


@app.command()
def learn(
    given: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs of 'foresee', or files of episodes.")],
    uplift: Annotated[
        Path | None, typer.Option("--uplift", metavar="FILE", help="Keep what calls are worth, for uplift:FILE.")
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option("--calibration", metavar="FILE", help="Keep what a confidence means, for voi:calibration=FILE."),
    ] = None,
    runs: Runs = None,
    json: Json = False,
) -> int:
    """Learn from runs what a governor needs, and say how well it is known.

    Of runs with the governor encourage:0.15 (or uplift:FILE): what a call adds, from what is seen at a decision point. Of
    runs whose agents state a confidence: how often that comes true. Of all: epsilon and delta, the errors of the values and
    of the outcomes that value of information reckons with. Take runs on --split train, so that test stays unseen.
    """
    from journeyman.foresee.governors.lesson import learn_from
    from journeyman.foresee.score.compare import episodes_of
    from journeyman.report.table import print_table

    episodes = [episode for one in given for episode in episodes_of(one, folder=runs)]
    with stderr().status(rich_text(f"learning from {len(episodes)} episodes")):
        lesson = learn_from(episodes, uplift=uplift, calibration=calibration)
    if json:
        write_json(lesson)
        return 0
    print_table(lesson.table(), stdout())
    for sentence in _next(lesson):
        stderr().print(rich_text(one_line(sentence, limit=400)), soft_wrap=True)
    return 0


def _next(lesson: Lesson) -> list[str]:
    said = []
    if lesson.uplift_file:
        said.append(f"next: journeyman foresee WORLD --governor uplift:{lesson.uplift_file}")
    if lesson.calibration_file:
        said.append(f"next: journeyman foresee WORLD --governor voi:calibration={lesson.calibration_file}")
    if not said:
        said.append("nothing was kept; say --uplift FILE or --calibration FILE")
    return said
