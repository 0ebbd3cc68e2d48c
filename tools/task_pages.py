"""Write docs/tasks: a page for each built-in task and an index, from the task folders and the numbers of
benchmarks/classical.json.

    python tools/task_pages.py                 texts only
    python tools/task_pages.py --pictures      and the pictures of the seed's and the reference's design

Pictures are drawn by each task's own verifier, from designs that went through the sandbox like any other.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from classical_standing import Line, mark, mean_share, share  # noqa: E402

from journeyman.report.number import number  # noqa: E402
from journeyman.report.table import Table, markdown  # noqa: E402
from journeyman.verify import DEV, HELD_OUT, Candidate, Task, Verifier, list_tasks  # noqa: E402
from journeyman.verify.designs import has_designs, reference_candidate  # noqa: E402
from journeyman.verify.gate import control_candidate  # noqa: E402

PAGES = ROOT / "docs" / "tasks"
NUMBERS = ROOT / "benchmarks" / "classical.json"

CATEGORIES = {
    "computing": "Computing systems and quantum",
    "operations": "Operations research",
    "control": "Robotics, control and energy",
    "optics": "Optics and communication",
    "physical": "Physical sciences and engineering design",
    "classics": "Classics, to compare with what one has read",
}


def main() -> None:
    """Write every page that differs from what is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", action="store_true", help="draw the pictures anew")
    options = parser.parse_args()
    tasks = list_tasks()
    PAGES.mkdir(parents=True, exist_ok=True)
    if options.pictures:
        for task in tasks:
            for name, data in pictures(task):
                (PAGES / name).write_bytes(data)
                print(f"{name}: {len(data) // 1024} kB")
    wanted = pages(tasks)
    for name, text in wanted.items():
        (PAGES / name).write_text(text, "utf-8")
    for left in sorted(path.name for path in PAGES.glob("*.md") if path.name not in wanted):
        (PAGES / left).unlink()
    print(f"{len(wanted)} pages in {PAGES.relative_to(ROOT)}")


def pages(tasks: Sequence[Task]) -> dict[str, str]:
    """Every page by its file name; `index.md` leads to the others."""
    measured = msgspec.json.decode(NUMBERS.read_bytes(), type=list[Line]) if NUMBERS.is_file() else []
    lines = {line.task: line for line in measured}
    made = {f"{slug(task)}.md": task_page(task, lines.get(task.id)) for task in tasks}
    return {"index.md": index(tasks, lines), **made}


def slug(task: Task) -> str:
    """The task's name in file names."""
    return task.id.split("/")[-1].replace("_", "-")


def index(tasks: Sequence[Task], lines: dict[str, Line]) -> str:
    """The table of all tasks, by category."""
    parts = [
        "# The built-in tasks",
        "",
        "Each task is an engineering problem with a verifier of its own that no candidate meets, a plain seed to start",
        "from, and two frozen marks on every instance: 0 is a simple baseline, 1 a long run of a classical method. *Way* is",
        "how far the embedded proposer comes in 100 evaluations, from the seed (0 %) to the reference (100 %), on held-out",
        "instances ([how this was measured](../../benchmarks/classical.md)). These pages are made by",
        "`python tools/task_pages.py`.",
        "",
    ]
    for category, title in CATEGORIES.items():
        chosen = [task for task in tasks if task.file.category == category]
        if chosen:
            rows = [
                (_link(task), f"`{task.id}`", task.exchange, *_counts(task), *_way(lines.get(task.id)))
                for task in chosen
            ]
            columns = ("task", "name", "exchange", "dev", "held-out", "way", "classical search")
            parts += [f"## {title}", "", markdown(Table(columns, rows, numbers=frozenset({"dev", "held-out", "way"})))]
    return "\n".join(parts)


def task_page(task: Task, line: Line | None) -> str:
    """One task: pictures, anchors, numbers, review, sources, and the brief that a proposer is given."""
    file = task.file
    parts = [
        f"# {task.title}",
        "",
        f"`{task.id}` · {CATEGORIES.get(file.category, file.category)} · [all tasks](index.md)",
        "",
        *_shown(task),
        "## Anchors",
        "",
        *_how_found(task),
        markdown(_anchors(task)),
        "## How far classical search comes",
        "",
        *_reached(task, line),
        "## What was checked, and what stays weak",
        "",
        f"Reviewed by {file.review.reviewer}.",
        "",
        *(f"- {sentence}" for sentence in file.review.checklist),
        "",
        "## Sources",
        "",
        *(f"- {source}" for source in file.sources),
        "",
        "## The brief",
        "",
        "What every proposer is given, word for word.",
        "",
        _below(task.statement),
    ]
    return "\n".join(parts)


def pictures(task: Task) -> Iterator[tuple[str, bytes]]:
    """The picture of the seed's and of the reference's design on the first dev instance."""
    with Verifier(task) as verifier:
        for what, candidate in (("seed", task.seed), ("reference", _best_known(task))):
            drawn = verifier.draw(candidate, instance=task.instances(DEV)[0])
            for name, data in list(drawn.items())[:1]:
                yield f"{slug(task)}-{what}{Path(name).suffix}", data


def _best_known(task: Task) -> Candidate:
    return reference_candidate(task) if has_designs(task) else control_candidate(task, "oracle")


def _shown(task: Task) -> list[str]:
    what = "The reference's design" if has_designs(task) else "The design of the gate's oracle (the reference left none)"
    found = {kind: sorted(PAGES.glob(f"{slug(task)}-{kind}.*")) for kind in ("seed", "reference")}
    parts = []
    for kind, caption in (("seed", "The seed's design"), ("reference", what)):
        if found[kind]:
            parts += [f"{caption}, on `{task.instances(DEV)[0].name}`:", "", f"![{caption}]({found[kind][0].name})", ""]
    return parts


def _how_found(task: Task) -> list[str]:
    reference = task.file.reference
    unit = f", in {task.file.unit}" if task.file.unit else ""
    better = "smaller" if task.file.direction == "minimize" else "larger"
    said = [f"The objective{unit}: {better} is better. The scale between the two marks is {task.file.scale}.", ""]
    if task.file.scale == "ratio":
        said = [f"The score is the objective itself{unit}; {better} is better.", ""]
    if reference.baseline:
        said.append(f"- **0**: {reference.baseline}")
    if reference.method:
        said.append(f"- **1**: {reference.method}")
    if reference.seconds is not None:
        said.append(f"- That took {number(reference.seconds)} CPU seconds for one instance, on one core.")
    return [*said, ""]


def _anchors(task: Task) -> Table:
    rows = []
    for split in (DEV, HELD_OUT):
        for instance in task.instances(split):
            anchors = instance.anchors
            marks = (anchors.baseline, anchors.reference, anchors.bound) if anchors else (None, None, None)
            rows.append((f"`{instance.name}`", split, *("–" if mark is None else f"{mark:.8g}" for mark in marks)))
    columns = ("instance", "split", "baseline", "reference", "bound")
    return Table(columns, rows, numbers=frozenset({"baseline", "reference", "bound"}))


def _reached(task: Task, line: Line | None) -> list[str]:
    if line is None:
        return ["Not measured yet.", ""]
    rows = [("seed program", number(line.seed_dev), number(line.seed))]
    rows += [(f"`numeric`, seed {n.seed}", number(n.dev), number(n.final)) for n in line.numeric]
    if line.program is not None:
        rows.append(("the gate's oracle, a textbook program", "–", number(line.program)))
    final = "held-out" if line.split == HELD_OUT else "dev again (no held-out split)"
    columns = ("candidate (`numeric`: after 100 evaluations)", "dev", final)
    way = mean_share(line)
    said = "a finalist had no score" if way is None else f"`numeric` goes {100 * way:.0f} % of the way to the reference"
    by_program = share(line, line.program)
    if by_program is not None:
        said += f", the program {100 * by_program:.0f} %"
    return [
        markdown(Table(columns, rows, numbers=frozenset(columns[1:]))),
        *(["These numbers are of another version of the task.", ""] if line.digest != task.digest else []),
        f"Classical search alone: {mark(line)} ({said}). One evaluation takes {line.evaluation_s:.2f} s on one core.",
        "",
    ]


def _link(task: Task) -> str:
    return f"[{task.title}]({slug(task)}.md)"


def _way(line: Line | None) -> tuple[str, str]:
    if line is None:
        return "–", "not measured"
    way = mean_share(line)
    return ("–" if way is None else f"{100 * way:.0f} %"), mark(line)


def _counts(task: Task) -> tuple[str, str]:
    return str(len(task.instances(DEV))), str(len(task.instances(HELD_OUT)) or "–")


def _below(statement: str) -> str:
    """The statement without its title, its headings two levels down; what stands in a code block is left alone."""
    kept, in_code = [], False
    for text in statement.strip().splitlines():
        in_code ^= text.startswith("```")
        if not in_code and text.startswith("# "):
            continue
        kept.append(re.sub(r"^(#+) ", r"#\1 ", text) if not in_code else text)
    return "\n".join(kept).strip() + "\n"


if __name__ == "__main__":
    main()
