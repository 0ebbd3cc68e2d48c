"""Every pair that the lab declares, through `check`: is its verdict the one that the pair was made for?

    python benchmarks/distill_pairs.py [--seeds 1] [--json FILE]

64 problems, four responses each, one thread; limits as shipped. docs/distill-verdicts.md has the last measured tables.
Models that are not there yet are built first.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from journeyman.distill.check.check import check
from journeyman.distill.lab.prompts import lab_prompts
from journeyman.distill.lab.together import build_models
from journeyman.distill.lab.tokenizer import template_file
from journeyman.distill.lab.zoo import PAIRS, Pair
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.rollout.sampling import Sampling

PROBLEMS, K = 64, 4
LIMIT = {"chains": 96, "nineteen": 96, "long": 96}
DEPTHS = (4, 16, 32, 48, 64)


def checked(pair: Pair, folders: dict[str, Path], seed: int) -> dict[str, Any]:
    """What `check` says of a pair, with the figures of the table."""
    begun = time.process_time()
    other = "T1" if pair.template == "T0" else "T0"
    report = check(
        folders[pair.student], folders[pair.teacher], lab_prompts(pair.language, "evaluation", PROBLEMS, seed),
        grader="bracket", spec=LossSpec(form="full", k=K), sampling=Sampling(max_tokens=LIMIT[pair.language]), seed=seed,
        template=str(template_file(pair.template)), templates=[str(template_file(other))],
        depths=DEPTHS if pair.language == "long" else (),
    )  # fmt: skip
    figures = report.figures
    return {
        **asdict(pair), "seed": seed, "verdict": report.verdict.name,
        "faults": [finding.name for finding in report.findings if finding.passed is False],
        "student_score": figures.student_score, "teacher_score": figures.teacher_score, "divergence": figures.divergence,
        "entropy": figures.entropy_student, "mass_student": figures.mass_student, "mass_teacher": figures.mass_teacher,
        "overlap": figures.overlap, "gains": figures.gain_by_depth, "truncated": figures.truncated,
        "cpu_s": time.process_time() - begun,
    }  # fmt: skip


def row(found: dict[str, Any]) -> str:
    """A line of the table."""
    setting = "held out" if found["held_out"] else found["template"] if found["template"] != "T0" else ""
    right = "" if found["verdict"] == found["expected"] else f" (made for: {found['expected']})"
    share = found["divergence"] / found["entropy"]
    cells = (
        f"{found['student']} ← {found['teacher']}", setting, f"{found['student_score']:.2f}, {found['teacher_score']:.2f}",
        f"{found['divergence']:.3f}", f"{share:.2f}", f"{found['mass_student']:.3f}, {found['mass_teacher']:.3f}",
        f"{found['overlap']:.2f}", found["verdict"] + right,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def confusion(rows: list[dict[str, Any]]) -> str:
    """Rows: what a pair was made for. Columns: what was said of it."""
    counted = Counter((found["expected"], found["verdict"]) for found in rows)
    columns = sorted({verdict for _, verdict in counted})
    lines = ["| made for | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for made in sorted({made for made, _ in counted}):
        lines.append(f"| {made} | " + " | ".join(str(counted[made, said] or "·") for said in columns) + " |")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=1, help="each pair with seeds 0 .. N-1 for problems and responses")
    options.add_argument("--json", type=Path, help="write all figures here")
    given = options.parse_args()
    folders = build_models(sorted({name for pair in PAIRS for name in (pair.student, pair.teacher)}))
    torch.set_num_threads(1)
    print("| student ← teacher | | scores | divergence, nats | of the entropy | mass shared | overlap | verdict |")
    print("|---|---|---|---|---|---|---|---|")
    rows: list[dict[str, Any]] = []
    for seed in range(given.seeds):
        for pair in PAIRS:
            rows.append(checked(pair, folders, seed))
            if seed == 0:
                print(row(rows[-1]), flush=True)
    for name, held_out in (("Limits were fixed with some of these in view", False), ("Held out", True)):
        print(f"\n{name}, {given.seeds} seeds:\n\n{confusion([found for found in rows if found['held_out'] is held_out])}")
    print(f"\n{sum(found['cpu_s'] for found in rows) / len(rows):.1f} s of processor time a pair.")
    if given.json is not None:
        given.json.write_text(json.dumps(rows, indent=1, default=str) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
