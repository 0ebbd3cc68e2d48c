"""One process under torchrun: makes the runs that it is told, one after the other.

    python parallel_driver.py RUNS        RUNS: JSON list of [spec, folder, step at which to break off, or 0]

A run that broke off is gone on with at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from journeyman.distill import batches, parallel
from journeyman.distill.train import resume, train
from journeyman.distill.train_spec import from_plain


class Broken(Exception):
    """Ends a run in all processes at the beginning of a step."""


@contextmanager
def breaking(stop: int) -> Iterator[None]:
    """Break off at step `stop`."""
    whole = batches.prompts_of

    def prompts_of(step: int, *rest: Any) -> list[int]:
        if step == stop:
            raise Broken
        return whole(step, *rest)

    batches.prompts_of = prompts_of
    try:
        yield
    finally:
        batches.prompts_of = whole


def main(runs: list[tuple[dict[str, Any], str, int]]) -> None:
    """Make the runs."""
    torch.set_num_threads(1)
    with parallel.joined("cpu"):
        for plain, folder, stop in runs:
            try:
                with breaking(stop):
                    train(from_plain(plain), folder=folder)
            except Broken:
                resume(Path(folder))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
