"""What metrics cost: a loss pass and a whole step with an observer and without, in core-seconds.

    python benchmarks/distill_metrics.py                                 # V = 151,936 and a small pair on the CPU, a table
    python benchmarks/distill_metrics.py --tokens 2048 --repeats 5 --json
    python benchmarks/distill_metrics.py --device cuda --tokens 8192 --hidden 2048

The loss pass is forward and backward from random hidden states and heads. The step is rollouts, the teacher's pass, loss,
backward and AdamW on two random models. Runs with and without take turns; the best of the repeats counts. "share" is the
part of tokens that is looked at. Form `eq5` reads k rows of the head only: there, looking at a token costs the whole head.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import torch
from distill_decode import random_model

from journeyman.distill.diagnostics.in_pass import Observer
from journeyman.distill.losses.divergence import divergence
from journeyman.distill.losses.heads import Head
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.losses.weights import token_weights
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.rollout.rollouts import pack
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.teacher.in_process import InProcess

VOCABULARY = 151_936
LOSSES = (
    (LossSpec(form="full"), 1.0),
    (LossSpec(), 1.0),
    (LossSpec(form="sampled"), 1.0),
    (LossSpec(variant="eq5"), 1.0),
    (LossSpec(variant="eq5"), 0.05),
)


def loss_pass(asked: Any, spec: LossSpec, share: float) -> Callable[[bool], None]:
    """Forward and backward of N tokens in rollouts of 64; the argument says whether metrics are on."""
    draw = torch.Generator().manual_seed(0)
    lengths = torch.full((max(1, asked.tokens // 64),), 64)
    n = int(lengths.sum())
    positions = torch.arange(64).repeat(len(lengths)).to(asked.device)
    heads = [torch.randn(VOCABULARY, asked.hidden, generator=draw).mul_(0.1).to(asked.device) for _ in range(2)]
    hidden = [torch.randn(n, asked.hidden, generator=draw).to(asked.device) for _ in range(2)]
    tokens = torch.randint(VOCABULARY, (n,), generator=draw).to(asked.device)
    weights = token_weights(lengths, "token-mean").to(asked.device)

    def run(on: bool) -> None:
        state, head = (tensor.clone().requires_grad_() for tensor in (hidden[0], heads[0]))
        observer = Observer(tokens, lengths, positions, share=share) if on else None
        found = divergence(state, Head(head), hidden[1], Head(heads[1]), tokens, weights, spec, observe=observer)
        found.loss.backward()
        if observer is not None:
            observer.metrics()

    return run


def whole_step(asked: Any) -> Callable[[bool], None]:
    """Sample, score, update: 16 responses of 64 tokens at most, a student of 0.3 M and a teacher of 2.7 M parameters."""
    student, taught = (random_model(shape, device=asked.device, dtype="float32", ends=(1,)) for shape in ("0.3M", "2.7M"))
    student.model.requires_grad_(True)
    optimizer = torch.optim.AdamW(student.model.parameters(), lr=1e-6)
    teacher, sampler = InProcess(taught), sampler_for(student)
    draw = torch.Generator().manual_seed(0)
    prompts = [torch.randint(4, 96, (24,), generator=draw).tolist() for _ in range(4)]

    def run(on: bool) -> None:
        rollouts = sampler.sample(prompts, 4, Sampling(max_tokens=64), seed=0)
        batch = pack(rollouts, student.pad_id)
        signal = teacher.signal(batch)
        observer = Observer(batch.tokens, batch.lengths, batch.positions, finished=rollouts.finished) if on else None
        hidden = student.hidden(batch.ids, batch.mask)[batch.rows, batch.columns]
        weights = token_weights(batch.lengths, "token-mean")
        found = divergence(
            hidden, student.head(), signal.hidden, signal.head, batch.tokens, weights, LossSpec(), observe=observer
        )
        found.loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if observer is not None:
            observer.metrics()
            observer.by_position()

    return run


def compare(run: Callable[[bool], None], asked: Any) -> tuple[float, float]:
    """Core-seconds without and with metrics (seconds on an accelerator): the best of the repeats after a first one."""
    best = [float("inf")] * 2
    for repeat in range(asked.repeats + 1):
        for on in (False, True):
            clock = time.process_time if asked.device == "cpu" else _clock
            began = clock()
            run(on)
            taken = clock() - began
            if repeat:
                best[on] = min(best[on], taken)
    return best[0], best[1]


def _clock() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


def main() -> None:
    """Print a table, or with --json one line a row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    cases: list[tuple[str, float, Callable[[], Callable[[bool], None]]]] = [
        (f"loss {spec.form} {spec.variant}", share, lambda spec=spec, share=share: loss_pass(asked, spec, share))  # type: ignore[misc]
        for spec, share in LOSSES
    ]
    cases.append(("whole step, small pair", 1.0, lambda: whole_step(asked)))
    if not asked.json:
        print(f"{'what':>24} {'share':>6} {'without':>9} {'with':>9} {'cost':>7}")
    for what, share, make in cases:
        without, with_metrics = compare(make(), asked)
        row = {"what": what, "share": share, "without_s": without, "with_s": with_metrics, "tokens": asked.tokens}
        extra = with_metrics / without - 1
        print(json.dumps(row) if asked.json else f"{what:>24} {share:>6} {without:>9.3f} {with_metrics:>9.3f} {extra:>7.1%}")


if __name__ == "__main__":
    main()
