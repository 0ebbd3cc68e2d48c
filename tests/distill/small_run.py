"""A training run of tiny models that takes a fraction of a second, for tests of the trainer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from journeyman.distill.train_spec import TrainSpec, changed

SMALL: dict[str, Any] = {
    "prompts_per_step": 4,
    "rollouts_per_prompt": 2,
    "sampling.max_tokens": 10,
    "lr": 1e-2,
    "steps": 6,
    "gradient_checkpointing": False,
    "grader": "exact",
    "save_every": 2,
    "eval_every": 3,
    "tokens_per_micro_batch": 64,
    "k_metric": 4,
    "loss.k": 4,
    "bins": 5,
    "sample_rows": 2,
    "device": "cpu",
}

EVALUATED: dict[str, Any] = {
    "evaluation.n": 2,
    "evaluation.sampling.max_tokens": 8,
    "evaluation.limit": 3,
}


def prompts_file(folder: Path, count: int = 12) -> Path:
    """Additions with their answers; a new file at each call with another count."""
    path = folder / f"prompts-{count}.jsonl"
    rows = [{"question": f"{n % 5} + {n // 5}", "answer": str(n % 5 + n // 5)} for n in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def small_spec(student: Path, teacher: Path | str, prompts: Path, **changes: Any) -> TrainSpec:
    """A spec of six steps; `changes` are named with two underscores for a dot (`loss__k`)."""
    spec = TrainSpec(str(student), str(teacher), str(prompts), method=changes.pop("method", "opd"))
    return changed(spec, {**SMALL, **{name.replace("__", "."): value for name, value in changes.items()}})


def grader_file(folder: Path, words: tuple[str, ...] = ("so", "thus", "then", "hence")) -> str:
    """A grader that finds a response right if one of these words is in it: random models manage that now and then."""
    path = folder / "has_word.py"
    path.write_text(f"def right(response, answer):\n    return any(word in response.split() for word in {words!r})\n")
    return f"{path}:right"
