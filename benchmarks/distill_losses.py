"""Time and memory of a distillation loss at a real vocabulary: ours, a plain one, and TRL's chunked function.

Reverse KL of 4 x 512 tokens over V = 151,936 from hidden states of width 256, float32, forward and backward to hidden
states *and* head. Every variant runs in a process of its own, in turns, and the median of the rounds counts. Core-seconds
are the processor time of the whole process between the start of the forward pass and the end of the backward pass; memory
is the peak of resident memory over what was there before, head's gradient included (0.145 GiB here).

    python benchmarks/distill_losses.py [--json] [--rounds 3] [--threads 1] [--tokens 2048] [--vocabulary 151936]

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
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import rows

ROOT = Path(__file__).parent.parent
TRL = ROOT / ".venv-trl" / "bin" / "python"
OURS = ("naive", "exact", "code", "gathered")


def arguments() -> argparse.Namespace:
    """The command line; `--worker` names the variant that this process measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", default="")
    for name, value in (("rounds", 3), ("threads", 1), ("tokens", 2048), ("vocabulary", 151_936), ("width", 256)):
        parser.add_argument(f"--{name}", type=int, default=value)
    return parser.parse_args()


def inputs(tokens: int, vocabulary: int, width: int) -> tuple[Any, ...]:
    """The same numbers in every process: hidden states and head of the student, then the teacher's."""
    import torch

    torch.manual_seed(0)
    hidden, weight = torch.randn(tokens, width), 0.1 * torch.randn(vocabulary, width)
    hidden_t, weight_t = hidden + 0.3 * torch.randn(tokens, width), weight + 0.03 * torch.randn(vocabulary, width)
    return hidden.requires_grad_(), weight.requires_grad_(), hidden_t, weight_t


def measured(step: Callable[[slice], Any], hidden: Any, weight: Any) -> dict[str, float]:
    """One warm-up on a few tokens, then all of them: core-seconds, peak memory, and what came out."""
    step(slice(0, 8)).backward()
    hidden.grad = weight.grad = None
    before = memory_gib("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    started, wall = time.process_time(), time.perf_counter()
    loss = step(slice(None))
    loss.backward()
    return {
        "core_s": time.process_time() - started,
        "wall_s": time.perf_counter() - wall,
        "gib": memory_gib("VmHWM") - before,
        "loss": float(loss.detach()),
        "hidden_norm": float(hidden.grad.norm()),
        "head_norm": float(weight.grad.norm()),
    }


def memory_gib(field: str) -> float:
    """A field of this process's status: VmRSS now, VmHWM at its peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 2**20
    raise RuntimeError(f"no {field} in /proc/self/status: this benchmark needs Linux")


def worker(options: argparse.Namespace) -> None:
    """Measure one of our variants and print it as JSON."""
    import torch

    from journeyman.distill.losses.divergence import divergence
    from journeyman.distill.losses.heads import Head
    from journeyman.distill.losses.spec import LossSpec

    torch.set_num_threads(options.threads)
    hidden, weight, hidden_t, weight_t = inputs(options.tokens, options.vocabulary, options.width)
    sampled = torch.zeros(options.tokens, dtype=torch.int64)

    def naive(at: slice) -> Any:
        logp = torch.log_softmax(hidden[at] @ weight.T, -1)
        with torch.no_grad():
            logq = torch.log_softmax(hidden_t[at] @ weight_t.T, -1)
        return (logp.exp() * (logp - logq)).sum(-1).mean()

    spec = {"exact": LossSpec(form="full"), "code": LossSpec(), "gathered": LossSpec(variant="eq5")}.get(options.worker)

    def ours(at: slice) -> Any:
        assert spec is not None
        weights = torch.full((len(hidden[at]),), 1 / len(hidden[at]))
        return divergence(hidden[at], Head(weight), hidden_t[at], Head(weight_t), sampled[at], weights, spec).loss

    print(json.dumps(measured(naive if spec is None else ours, hidden, weight)))


def process(python: Path | str, script: Path, variant: str, options: argparse.Namespace) -> dict[str, float]:
    """One variant in a process of its own."""
    sizes = [f"--{name}={getattr(options, name)}" for name in ("threads", "tokens", "vocabulary", "width")]
    environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads), "OMP_WAIT_POLICY": "PASSIVE"}
    command = [str(python), str(script), f"--worker={variant}", *sizes]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    rows.say(f"{variant}: {result['core_s']:.2f} core-s, {result['wall_s']:.2f} s, {result['gib']:.3f} GiB")
    return result


def measure() -> Sequence[rows.Row]:
    """Rows of core-seconds and memory."""
    options = arguments()
    variants = {name: (sys.executable, Path(__file__)) for name in OURS}
    if TRL.exists():
        variants["trl"] = (str(TRL), Path(__file__).parent / "peers" / "distill_losses_trl.py")
    else:
        rows.say("no .venv-trl: TRL is left out; the head of this file says how to make it")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in variants}
    for _ in range(options.rounds):
        for name, (python, script) in variants.items():
            found[name].append(process(python, script, name, options))
    for name in ("exact", "trl"):
        for key in ("loss", "hidden_norm", "head_norm"):
            if name in found and abs(found[name][0][key] / found["naive"][0][key] - 1) > 1e-3:
                raise SystemExit(f"{name} computes something else than the naive form: {key} {found[name][0][key]}")

    def median(name: str, key: str) -> float | None:
        return statistics.median(run[key] for run in found[name]) if name in found else None

    def pair(what: str, ours: str, peer: str, peer_name: str, targets: tuple[str, str]) -> list[rows.Row]:
        return [
            rows.row(f"{what}, {size}", unit, median(ours, key) or 0.0, median(peer, key), peer_name, target)
            for (unit, key), target in zip((("core-s", "core_s"), ("GiB", "gib")), targets, strict=True)
        ]

    size = f"V = {options.vocabulary:,}, {options.tokens:,} tokens, forward and backward"
    exact = "exact reverse KL"
    return [
        *pair(exact, "exact", "trl", "TRL 1.16", ("at most 0.6 of TRL's", "at most 0.5 GiB")),
        *pair(exact, "exact", "naive", "log-softmax in one piece", ("", "")),
        *pair("student top-16, released code's form", "code", "exact", "ours, exact", ("", "")),
        *pair(
            "student top-16, Eq 5, gathered rows", "gathered", "exact", "ours, exact",
            ("at most 0.25 of exact's", "at most 0.2 GiB"),
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    if arguments().worker:
        worker(arguments())
    else:
        rows.main(measure)
