"""Squared distance of the eight returned numbers to the hidden ones; what else was returned is kept for the test to see."""

from __future__ import annotations

import json
from typing import Any

from journeyman.verify import Instance, Outcome, feasible, infeasible

LEFT_HERE = "@CANARY@"


def score(instance: Instance, design: Any) -> Outcome:
    kept = {"design.json": json.dumps(design, default=lambda a: a.tolist()).encode()}
    x = design.get("x") if isinstance(design, dict) else None
    if hasattr(x, "tolist"):
        x = x.tolist()
    target = instance.hidden["target"]
    if not isinstance(x, list) or not all(type(v) in (int, float) for v in x):
        return infeasible("the design has no list of numbers 'x'", artifacts=kept)
    if len(x) != len(target):
        return infeasible(f"the design has {len(x)} numbers instead of {len(target)}", artifacts=kept)
    if max(map(abs, x)) > 1e6:
        return infeasible("a number of the design is beyond a million", artifacts=kept)
    return feasible(sum((a - b) ** 2 for a, b in zip(x, target, strict=True)), artifacts=kept)
