"""One step of on-policy distillation: ours, TRL's `DistillationTrainer` and its GKD, on one pair of small models.

Student 1.2 M and teacher 2.7 M parameters, Qwen3-shaped with random weights, a vocabulary of 86 characters, 16 prompts with
one response of 64 tokens each, exact reverse KL, float32. A step is all of it: sampling, scoring, update, metrics, and
for ours the durable write to the log. Every trainer runs in a process of its own, in turns; its first two steps are left
out, the median of the others counts, and of the rounds the best. TRL runs with gradient checkpointing (its default) and
without; ours without, as its preset for small models has it.

    python benchmarks/distill_step.py [--json] [--rounds 2] [--steps 10] [--threads 2]

TRL's rows need an environment of their own:

    python -m venv .venv-trl && .venv-trl/bin/pip install torch==2.13.0 trl==1.16.0
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import rows

ROOT = Path(__file__).parent.parent
TRL = ROOT / ".venv-trl" / "bin" / "python"
PEER = Path(__file__).parent / "peers" / "distill_step_trl.py"
PEERS = {
    "distillation": "TRL DistillationTrainer (default)",
    "distillation-plain": "TRL DistillationTrainer, checkpointing off",
    "gkd": "TRL GKDTrainer (default)",
    "gkd-plain": "TRL GKDTrainer, checkpointing off",
}
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ +-*/=()[]{}<>.,:;!?'#%"
BATCH, TOKENS, WARM = 16, 64, 2


def arguments() -> argparse.Namespace:
    """The command line; `--worker` names the folder on which this process measures ours."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", default="")
    for name, value in (("rounds", 2), ("steps", 10), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    return parser.parse_args()


def make_pair(folder: Path) -> None:
    """Student, teacher and prompts on disk."""
    import torch
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    vocabulary = {c: i for i, c in enumerate(["<pad>", "<eos>", *ALPHABET])}
    plain = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    plain.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="<pad>", eos_token="<eos>")
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    for name, seed, hidden, layers, inner in (("student", 1, 160, 4, 416), ("teacher", 2, 192, 6, 512)):
        config = Qwen3Config(
            vocab_size=len(vocabulary), hidden_size=hidden, num_hidden_layers=layers, intermediate_size=inner,
            num_attention_heads=hidden // 32, num_key_value_heads=hidden // 32, head_dim=32, max_position_embeddings=256,
            tie_word_embeddings=False, pad_token_id=0, bos_token_id=1, eos_token_id=1,
        )  # fmt: skip
        torch.manual_seed(seed)
        model = Qwen3ForCausalLM(config)
        # Never the end, so that every response has its 64 tokens in every trainer: one coordinate of all states is large,
        # and the head takes it as a reason against padding and end.
        model.model.embed_tokens.weight.data[:, 0] = 1
        model.model.norm.weight.data[1:] *= 8
        model.lm_head.weight.data[:, 0] = 0
        model.lm_head.weight.data[:2, 0] = -9
        model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
    lines = [json.dumps({"prompt": f"{n % 97} + {n * 7 % 89} = ", "answer": str(n % 97 + n * 7 % 89)}) for n in range(512)]
    (folder / "prompts.jsonl").write_text("\n".join(lines) + "\n")


def worker(folder: Path, steps: int, threads: int) -> dict[str, Any]:
    """Ours: seconds and core-seconds of each step, from the end of the one before."""
    import torch

    from journeyman.distill.presets import preset
    from journeyman.distill.train import train
    from journeyman.distill.train_spec import changed

    torch.set_num_threads(threads)
    spec = changed(
        preset("lab", str(folder / "student"), str(folder / "teacher"), str(folder / "prompts.jsonl")),
        {
            "prompts_per_step": BATCH, "rollouts_per_prompt": 1, "sampling.max_tokens": TOKENS, "steps": steps + WARM,
            "lr": 1e-4, "template": "raw", "grader": "", "save_every": 0, "eval_every": 0, "watch_every": 0,
            "sample_rows": 0, "k_metric": 16,
        },
    )  # fmt: skip
    marks = [(time.perf_counter(), time.process_time())]
    phases: list[dict[str, float]] = []
    tokens = []

    def mark(progress: Any) -> None:
        marks.append((time.perf_counter(), time.process_time()))
        phases.append(progress.cost.phases)
        tokens.append(progress.step.tokens)

    with tempfile.TemporaryDirectory() as runs:
        train(spec, folder=Path(runs) / "run", on_step=mark)
    return {**spans(marks), "tokens": statistics.mean(tokens), "phases": phases[-1]}


def spans(marks: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Median seconds and core-seconds between marks, the first ones left out."""
    later = marks[WARM:]
    return {
        name: statistics.median(b[at] - a[at] for a, b in pairwise(later))
        for at, name in enumerate(("wall_s", "core_s"))
    }


def in_process(command: list[str], threads: int) -> dict[str, Any]:
    """What a process of its own prints last, as JSON."""
    rows.say(" ".join(command[1:]))
    env = {**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def measure(options: argparse.Namespace) -> list[rows.Row]:
    """Ours and the peers in turns; the best round of each."""
    best: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_pair(folder)
        counts = ["--steps", str(options.steps), "--threads", str(options.threads)]
        commands = {"ours": [sys.executable, __file__, "--worker", str(folder), *counts]}
        if TRL.exists():
            commands |= {name: [str(TRL), str(PEER), str(folder), name, *counts[1::2]] for name in PEERS}
        for _ in range(options.rounds):
            for name, command in commands.items():
                found = in_process(command, options.threads)
                rows.say(f"{name}: {found}")
                if name not in best or found["wall_s"] < best[name]["wall_s"]:
                    best[name] = found
    ours = best.pop("ours")
    if not best:
        return [rows.row("one OPD step", "s", ours["wall_s"])]
    table = []
    for name, found in best.items():
        target = "< TRL's" if name.startswith("distillation") else ""
        for unit, key in (("s", "wall_s"), ("core-s", "core_s")):
            table.append(rows.row(f"one OPD step, {unit}", unit, ours[key], found[key], PEERS[name], target))
    return table


if __name__ == "__main__":
    given = arguments()
    if given.worker:
        print(json.dumps(worker(Path(given.worker), given.steps, given.threads)))
    else:
        rows.main(lambda: measure(given))
