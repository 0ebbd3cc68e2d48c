"""`journeyman demo`: the main jobs on real input, with no key and no GPU."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from journeyman.cli.call import make_app
from journeyman.cli.out import Json, Runs, stderr, stdout, write_json

if TYPE_CHECKING:
    from journeyman.distill.demo import Shown
    from journeyman.foresee.demo import Shown as Foreseen

app = make_app()

# A task a field that needs no simulator package. Evaluations, and verifications at once: enough for a visible gain, and less
# than three minutes on two cores in all. Where time is what is measured, one verification at a time: a second one would be
# measured with it.
BUILT_IN = {
    "operations/job_shop": (60, 2),
    "physical/lattice_tower": (60, 2),
    "control/uav_inspection": (40, 2),
    "optics/adaptive_optics_lag": (40, 2),
    "computing/sha256": (20, 1),
}
SIMULATOR = (250, 2)
EXAMPLE = "examples/my_simulator"


@app.command()
def demo(runs: Runs = None, json: Json = False) -> int:
    """Optimize five tasks and an example simulator; distill two small pairs; foresee a lake.

    About four minutes on two cores; no key, no GPU, no network. Exit status 1 unless every best design is better than its
    seed on held-out instances (the simulator has none: there, on the one problem it is), both pairs of student and teacher
    do what the check said of them, and a world model hurts an agent left to itself and helps it governed.
    """
    from journeyman.cli.ending import REPORT, write_report_of
    from journeyman.cli.progress import shown
    from journeyman.cli.result import document, result_table
    from journeyman.errors import JourneymanError
    from journeyman.optimize import Result, optimize
    from journeyman.report.table import print_table
    from journeyman.report.text import rich_text

    begun = time.monotonic()
    results: list[Result] = []
    failures: dict[str, str] = {}
    with wrapped_example() as simulator:
        jobs: dict[str, tuple[int, int]] = {**BUILT_IN, EXAMPLE: SIMULATOR}
        for label, (evaluations, parallel) in jobs.items():
            task = simulator if label == EXAMPLE else label
            try:
                with shown(label) as follow:
                    results.append(
                        optimize(task, evaluations=evaluations, parallel=parallel, runs=runs, on_progress=follow)
                    )
                write_report_of(results[-1])
            except JourneymanError as error:
                failures[label] = str(error)
                stderr().print(rich_text(f"{label}: {error}", "red"), soft_wrap=True)
    failures |= {r.task: "nothing better than the seed was found" for r in results if not r.improved}
    pairs = distilled(runs, failures)
    foresight = foreseen(runs, failures)
    seconds = time.monotonic() - begun
    if json:
        from journeyman.cli import foresee_demo
        from journeyman.cli.distill_demo import demo_document

        write_json({
            "results": [document(r) for r in results], "pairs": [demo_document(one) for one in pairs],
            "foresight": None if foresight is None else foresee_demo.demo_document(foresight),
            "failures": failures, "seconds": seconds,
        })  # fmt: skip
        return 1 if failures else 0
    out = stdout()
    print_table(result_table(results), out)
    if pairs:
        from journeyman.cli.distill_demo import print_demo

        out.print()
        print_demo(pairs, out)
        out.print()
    if foresight is not None:
        from journeyman.cli import foresee_demo

        foresee_demo.print_demo(foresight, out)
        out.print()
    for label, sentence in failures.items():
        out.print(rich_text(f"✗ {label}: {sentence}", "red"), soft_wrap=True)
    if not failures:
        both = ", both pairs did what the check said of them" if pairs else ""
        both += ", and foresight paid where it was governed" if foresight is not None else ""
        out.print(rich_text(f"✓ every best design is better than its seed{both} ({seconds:.0f} s)", "green"), soft_wrap=True)
    out.print("A page of each, for the browser:", soft_wrap=True)
    for result in results:
        out.print(rich_text(f"  {result.run / REPORT}"), soft_wrap=True)
    for one in pairs:
        out.print(rich_text(f"  {one.page}"), soft_wrap=True)
    if foresight is not None:
        out.print(rich_text(f"  {foresight.page}"), soft_wrap=True)
    return 1 if failures else 0


def foreseen(runs: str | None, failures: dict[str, str]) -> Foreseen | None:
    """What `foresee demo` shows; None, with a word, where the extra is not installed. Adds to `failures`."""
    import importlib.util

    from journeyman.report.text import rich_text

    if any(importlib.util.find_spec(name) is None for name in ("gymnasium", "PIL")):
        said = "foresee: left out, its packages are not installed; run: pip install 'journeyman[foresee]'"
        stderr().print(rich_text(said, "yellow"), soft_wrap=True)
        return None
    from journeyman.cli.foresee_demo import run_demo
    from journeyman.errors import JourneymanError

    try:
        shown = run_demo(runs)
    except JourneymanError as error:
        failures["foresee"] = str(error)
        return None
    unseen = [sentence for sentence, seen in shown.checks() if not seen]
    if unseen:
        failures["foresee"] = f"it did not come out so: {unseen[0]}"
    return shown


def distilled(runs: str | None, failures: dict[str, str]) -> list[Shown]:
    """The two pairs of `distill demo`; none, with a word, where the extra is not installed. Adds to `failures`."""
    import importlib.util

    from journeyman.report.text import rich_text

    if any(importlib.util.find_spec(name) is None for name in ("torch", "transformers")):
        said = "distill: left out, its packages are not installed; run: pip install 'journeyman[distill]'"
        stderr().print(rich_text(said, "yellow"), soft_wrap=True)
        return []
    from journeyman.cli.distill_demo import run_demo
    from journeyman.errors import JourneymanError

    try:
        pairs = run_demo(runs)
    except JourneymanError as error:
        failures["distill"] = str(error)
        return []
    for one in pairs:
        if not one.as_expected:
            failures[f"{one.student} ← {one.teacher}"] = "did not do what the check said of it"
    return pairs


@contextmanager
def wrapped_example() -> Iterator[Path]:
    """The task folder that `journeyman task wrap` makes of examples/my_simulator, while the block lasts."""
    from journeyman import wrap_task

    example = example_folder()
    # By a relative path the simulator is copied into the task, as it is for a user who wraps one in place.
    command = f"{shlex.quote(sys.executable)} {shlex.quote(os.path.relpath(example / 'sim.py'))} {{design}} {{out}}"
    with tempfile.TemporaryDirectory(prefix="journeyman-demo-") as scratch:
        task = wrap_task(
            command,
            example / "params.toml",
            minimize="mass_kg",
            constraints=("stress_mpa<=250", "deflection_mm<=40", "buckling_safety>=2"),
            bounds={
                "height_root": "60..400", "height_tip": "40..400", "width": "40..300", "flange": "2..30", "web": "2..30"
            },
            to=Path(scratch) / "my_simulator",
        )  # fmt: skip
        yield task.folder


def example_folder() -> Path:
    """examples/my_simulator: inside an installed package, else beside the sources."""
    import journeyman

    package = Path(journeyman.__file__).parent
    return next(
        folder
        for folder in (package / "examples" / "my_simulator", package.parents[1] / "examples" / "my_simulator")
        if folder.is_dir()
    )
