"""Planted faults (spec J5, Appendix 1): how often replays find the stage that is at fault, and find it alone.

Agents and world models with one fault each play the same lakes; every failure is replayed with each stage repaired. The
peer is the pilot experiment of the specification, with an agent of its own; it had no fault of the query. Times are those of
the processor, playing included.

    python benchmarks/foresee_attribution.py [--json] [--instances 400] [--stage gate ...] [--svg FILE]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import rows

from journeyman.foresee.attribution.confusion import Planted
from journeyman.foresee.attribution.figure import draw_confusion
from journeyman.foresee.attribution.planted import planted
from journeyman.foresee.protocol.repair import STAGES
from journeyman.report.draw.sheet import sheet

PILOT = {"gate": 97.9, "simulator": 98.7, "reading": 98.2, "action": 93.7}
"""Per cent of the failures that the true stage's repair flips and no other does."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--instances", type=int, default=400)
    parser.add_argument("--stage", action="append", choices=STAGES)
    parser.add_argument("--svg", type=Path)
    return parser.parse_args()


def measure() -> list[rows.Row]:
    options = arguments()
    table: list[rows.Row] = []
    begun = time.process_time()

    def add(found: Planted) -> None:
        nonlocal begun
        seconds, begun = time.process_time() - begun, time.process_time()
        rows.say(f"{found.stage}: {found.failures} failures of {found.played} in {seconds:.0f} s")
        if not found.failures:
            return
        of = f"planted {found.stage}, {found.failures} failures"
        inside, alone = (100 * share.hits / share.n for share in (found.inside, found.alone))
        table.append(rows.row(f"{of}: the true stage flips", "%", inside, target="100"))
        table.append(
            rows.row(f"{of}: no other does", "%", alone, PILOT.get(found.stage), "pilot", "90", more_is_better=True)
        )
        table.append(rows.row(f"{of}: a failure attributed", "ms", 1000 * seconds / found.failures))

    found, _ = planted(options.stage or STAGES, instances=options.instances, sufficiency=False, on_stage=add)
    if options.svg:
        title = f"Planted faults and the repairs that flip them, {options.instances} lakes each"
        options.svg.write_bytes(sheet([draw_confusion(found)], title=title))
    return table


if __name__ == "__main__":
    rows.main(measure)
