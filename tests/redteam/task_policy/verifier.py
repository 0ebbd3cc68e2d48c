"""Mean squared error of a point that follows a hidden path, pushed by the policy; its answers are kept for the test."""

from __future__ import annotations

import json
from typing import Any

from journeyman.verify import Instance, Outcome, feasible, infeasible


def score(instance: Instance, worker: Any) -> Outcome:
    path, gain = instance.hidden["reference"], instance.public["gain"]
    worker.call("reset", instance.public)
    at, errors, answers = 0.0, [], []
    for step, goal in enumerate(path):
        answer = worker.call("act", {"step": step, "error": goal - at})
        answers.append(answer)
        u = answer.get("u") if isinstance(answer, dict) else answer
        if type(u) not in (int, float) or not abs(u) <= 1:
            return infeasible(
                f"the answer at step {step} is no number from -1 to 1", artifacts=_kept(answers)
            )
        at += gain * u
        errors.append((goal - at) ** 2)
    return feasible(sum(errors) / len(errors), artifacts=_kept(answers))


def _kept(answers: list[Any]) -> dict[str, bytes]:
    return {"design.json": json.dumps(answers).encode()}
