"""Training runs written event by event into real logs, as the trainer writes them: one that works, one that fails."""

from __future__ import annotations

import math
import os
import random
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.train_spec import TrainSpec, to_plain
from journeyman.runlog import RunLog

VERDICT = {
    "name": "no_new_capability", "sentence": "the teacher scores .59, the student .61: nothing to learn",
    "figures": {"student_score": 0.61, "teacher_score": 0.59}, "remedy": "journeyman distill check S BETTER",
}  # fmt: skip
FINDINGS = {
    "identity": {"name": "identity", "passed": True, "measured": {"divergence": 0.0}, "threshold": "below 0.001 nats",
                 "cause": "", "remedy": ""},
    "temperature": {"name": "temperature", "passed": False, "measured": {"change": 0.0}, "threshold": "above 0.01 nats",
                    "cause": "The engine ignores the temperature.", "remedy": "Use --engine own."},
    "served": {"name": "served", "passed": None, "measured": {}, "threshold": "", "cause": "No server is used.",
               "remedy": ""},
}  # fmt: skip
SPEC = TrainSpec(
    "models/student", "models/twin", "prompts.jsonl", steps=60, prompts_per_step=8, rollouts_per_prompt=4, lr=3e-4,
    loss=LossSpec(form="full"), sampling=Sampling(max_tokens=64), grader="bracket", engine="own", device="cpu",
)  # fmt: skip


def plain_text(text: str) -> str:
    return text


def metrics_at(step: int, steps: int, works: bool, rng: random.Random) -> dict[str, float]:
    """Curves as in the paper: what rises and falls where it works, and stays flat where it does not."""
    t = step / steps
    noise = 1 + 0.06 * rng.gauss(0, 1)
    fall = math.exp(-4 * t) if works else 1 - 0.15 * t
    divergence = (0.1 if works else 0.012) * fall * noise
    rise = 0.2 * (1 - math.exp(-3 * t)) if works else 0.01 * t
    return {
        "loss": divergence, "divergence/full": divergence, "divergence/sampled": divergence * (1 + 0.3 * rng.gauss(0, 1)),
        "gradient/norm": (0.45 if works else 0.07) * fall * noise, "overlap/ratio": 0.72 + rise,
        "overlap/chance_corrected": 0.70 + rise, "overlap/mass_weighted": 0.97 + 0.02 * t, "overlap/mass_student": 0.98,
        "overlap/mass_teacher": 0.975, "overlap/advantage": -0.02 * fall, "overlap/advantage_logged": -0.03 * fall,
        "entropy/student": 0.6 - 0.1 * t, "entropy/teacher": 0.5, "entropy/gap": 0.1 * fall,
        "entropy/gap_of_means": 0.09 * fall, "teacher/rank_mean": 1.4 - 0.2 * t, "teacher/rank_median": 1.0,
        "teacher/in_top_k": 0.99, "response/length": 40 + 4 * t,
        "response/truncated": 0.05, "unheard/of": 1.0 + t,
        "score/rollouts": 0.6 + (0.38 * (1 - fall) - 0.02 * rng.random() if works else 0.0),
    }  # fmt: skip


def write_training(
    folder: Path, *, steps: int = 60, works: bool = True, ended: bool = True, spec: TrainSpec = SPEC, seed: int = 0,
    say: Callable[[str], str] = plain_text, evaluate: bool = True,
) -> RunLog:  # fmt: skip
    """A run of `steps` updates, evaluated every 20; the log stays open. `say` is put into every text that may be foreign."""
    spec = replace(spec, steps=60, seed=seed)
    rng = random.Random(seed)
    header = {
        "spec": to_plain(spec), "student": {"name": say("models/student"), "digest": "aa11", "parameters": 330_000},
        "teacher": {"name": say("models/twin"), "digest": "bb22", "parameters": 330_000},
        "prompts": {"path": "prompts.jsonl", "digest": "cc33", "count": 512}, "seed": seed, "versions": {"torch": "2.13.0"},
    }  # fmt: skip
    log = RunLog.create(folder, verb="distill", header=header)
    log.append("session", "", None, {"pid": os.getpid(), "host": socket.gethostname(), "from_step": 0})
    for name, finding in FINDINGS.items():
        log.append("finding", name, {**finding, "cause": say(str(finding["cause"])) if finding["cause"] else ""})
    if evaluate:
        log.append("evaluation", "teacher", {"step": 0, "teacher": scores(1.0)})
        log.append("evaluation", "0", {"step": 0, "student": scores(0.61)})
    for step in range(1, steps + 1):
        metrics = metrics_at(step, 60, works, rng)
        rows = {
            name: [value * (1 + 0.5 * b / 8) * metrics[name] if b < 6 + step // 20 else None
                   for b, value in enumerate([1.0] * 8)]
            for name in ("entropy/student", "entropy/teacher", "divergence/full", "overlap/ratio")
        }  # fmt: skip
        seconds = {"rollout": 0.5, "teacher": 0.1, "update": 0.3}
        log.append(
            "step", str(step), {"step": step, "metrics": metrics, "by_position": rows, "tokens": 1280},
            {"wall_s": 1.0, "phases": seconds, "memory_mb": 512.0 + step},
        )  # fmt: skip
        if step == 1 or step % 20 == 0:
            log.append("sample", str(step), {"step": step, "rollouts": [sample(rng, say, row) for row in range(4)]})
            if evaluate:
                score = metrics["score/rollouts"] if works else 0.6
                log.append("evaluation", str(step), {"step": step, "student": scores(score)})
            log.append("checkpoint", str(step), {"step": step, "folder": f"checkpoints/{step}", "digest": "dd"})
        if step % 20 == 0:
            good = {"name": "ready", "sentence": "divergence falls and overlap rises", "figures": {}, "remedy": ""}
            told = good if works else {**VERDICT, "sentence": say(str(VERDICT["sentence"]))}
            log.append("verdict", str(step), told)
    if ended:
        log.append("finished", "", {"reason": "all steps were made", "step": steps})
    return log


def scores(avg: float) -> dict[str, Any]:
    return {
        "avg": avg, "pass_n": min(1.0, avg + 0.2), "mean_length": 41.5, "truncated": 0.02, "n": 4,
        "prompts": 50, "low": max(0.0, avg - 0.04), "high": min(1.0, avg + 0.04),
    }  # fmt: skip


def sample(rng: random.Random, say: Callable[[str], str], row: int) -> dict[str, Any]:
    words = [*"3+4", "so", "we", "get", "7", "then", *"7*2", "thus", "we", "get", "14", "hence", "answer", "[", "14", "]"]
    tokens = [f"{word} " for word in words] + [say("</s>")]

    def values(scale: float) -> list[float]:
        return [scale * rng.random() ** 3 for _ in tokens]

    return {
        "prompt": say("What is ( 3 + 4 ) * 2 mod 23 ?"), "text": "".join(tokens), "tokens": tokens,
        "values": {"divergence": values(0.5), "entropy/student": values(1.5), "entropy/teacher": values(1.2),
                   "overlap/ratio": [round(1 - rng.random() / 2, 2) for _ in tokens]},
        "finished": row != 3, "correct": (True, False, None, True)[row],
    }  # fmt: skip
