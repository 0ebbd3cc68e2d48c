"""What a search asked for in a fixed course of scores, on record: a change of its behaviour is seen.

After a deliberate change, write the records anew:

    python tests/optimize/golden_parents.py
"""

from __future__ import annotations

import json
import operator
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from journeyman.optimize.search import Search
from journeyman.optimize.search.islands import Islands
from journeyman.optimize.search.pool import Pool
from journeyman.testing.searches import a_trial

RECORD = Path(__file__).parent / "golden_parents.json"

SEARCHES: dict[str, Callable[[], Search]] = {
    "islands": lambda: Islands(operator.gt, seed=42, islands=3, migration_every=8),
    "pool": lambda: Pool(operator.gt, seed=42, proposers=("a", "b"), migration_every=8),
}


def course(search: Search, asks: int = 80) -> list[dict[str, Any]]:
    """Parents and hint of each ask; two asks are under way at a time, one trial in ten has no score."""
    rng = random.Random(7)
    search.tell(a_trial(0, 0.0, ()))
    asked: list[dict[str, Any]] = []
    waiting: list[int] = []
    for index in range(1, asks + 1):
        request = search.ask(index)
        assert request is not None
        asked.append({"parents": [parent.index for parent in request.parents], **request.hint})
        waiting.append(index)
        if len(waiting) == 2:
            told = waiting.pop(rng.randrange(2))
            score = None if rng.random() < 0.1 else round(rng.gauss(told / 40, 1.0), 3)
            search.tell(a_trial(told, score))
    return asked


if __name__ == "__main__":
    records = {name: course(make()) for name, make in SEARCHES.items()}
    lines = [
        f' "{name}": [\n  ' + ",\n  ".join(map(json.dumps, asked)) + "\n ]" for name, asked in records.items()
    ]
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n")
