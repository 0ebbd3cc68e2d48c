"""Sampling: the own decoder against transformers' generate, in tokens a second and tokens a core-second.

    python benchmarks/distill_decode.py                                  # a random 2.7 M model on the CPU, a table
    python benchmarks/distill_decode.py --device cuda --dtype bfloat16 --shape 0.6B --batch 64 --new 512

Models are random and Qwen3-shaped. "full" forces every row to the limit; "varied" lets rows end by chance, so that lengths
spread, and counts only tokens that belong to responses. Both engines see equal weights, prompts and seeds, take turns, and
the best of the repeats counts. Core-seconds are those of the process, all threads.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from journeyman.distill.model import LanguageModel
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.rollout.sampling import Sampling

# width, MLP width, layers, heads, width of a head, vocabulary
SHAPES = {
    "0.3M": (96, 256, 3, 4, 32, 96),
    "2.7M": (192, 640, 6, 6, 32, 96),
    "0.6B": (1024, 3072, 28, 16, 128, 151_936),
}


class _Ends:
    """As much of a tokenizer as sampling needs."""

    eos_token_id, pad_token_id = 1, 0

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def get_vocab(self) -> dict[str, int]:
        return {"<last>": self.size - 1}


def random_model(shape: str, *, device: str, dtype: str, ends: tuple[int, ...]) -> LanguageModel:
    """A random Qwen3 of this shape; `ends` are its end-of-sequence tokens."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    from journeyman.distill.model import wrap

    width, mlp, layers, heads, head_width, vocab = SHAPES[shape]
    config = Qwen3Config(
        hidden_size=width, intermediate_size=mlp, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=heads // 2, head_dim=head_width, vocab_size=vocab, max_position_embeddings=8192,
        tie_word_embeddings=True, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    torch.manual_seed(0)
    model = Qwen3ForCausalLM(config).to(device=device, dtype=getattr(torch, dtype)).eval()
    return replace(wrap(shape, model, _Ends(vocab)), eos_ids=ends)


def measure(
    model: LanguageModel, engine: str, prompts: Sequence[Sequence[int]], n: int, new: int
) -> tuple[float, float, int]:
    """Seconds, core-seconds and response tokens of one call."""
    sampler = sampler_for(model, engine)
    wall, cores = time.perf_counter(), time.process_time()
    rollouts = sampler.sample(prompts, n, Sampling(max_tokens=new), seed=0)
    tokens = int(rollouts.lengths.sum())
    return time.perf_counter() - wall, time.process_time() - cores, tokens


def main() -> None:
    """Print a table, or with --json one line a row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="2.7M")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--n", type=int, default=4, help="samples a prompt (batch 1: one)")
    parser.add_argument("--prompt", type=int, default=24, help="longest prompt, in tokens")
    parser.add_argument("--new", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    if not asked.json:
        heads = f"{'own tok/s':>10} {'generate':>10} {'ratio':>6} {'own tok/core-s':>15} {'generate':>10}"
        print(f"{'rows':>5} {'lengths':>8} {heads}")
    for lengths, ends in (("full", (10**6,)), ("varied", (1, 2, 3))):
        model = random_model(asked.shape, device=asked.device, dtype=asked.dtype, ends=ends)
        for batch in asked.batch:
            row = compare(model, lengths, batch, asked)
            if asked.json:
                print(json.dumps(row))
            else:
                print(
                    f"{batch:>5} {lengths:>8} {row['own_tok_s']:>10,.0f} {row['generate_tok_s']:>10,.0f} "
                    f"{row['own_tok_s'] / row['generate_tok_s']:>6.2f} {row['own_tok_core_s']:>15,.0f} "
                    f"{row['generate_tok_core_s']:>10,.0f}"
                )


def compare(model: LanguageModel, lengths: str, batch: int, asked: Any) -> dict[str, Any]:
    """The best of the repeats of both engines, which take turns."""
    n = 1 if batch == 1 else asked.n
    draw = torch.Generator().manual_seed(batch)
    many = max(1, batch // n)
    spread = [asked.prompt - (at * asked.prompt // 2) // many for at in range(many)]
    prompts = [torch.randint(4, model.vocab, (length,), generator=draw).tolist() for length in spread]
    row: dict[str, Any] = {"shape": asked.shape, "device": asked.device, "rows": many * n, "lengths": lengths}
    best: dict[str, tuple[float, float]] = {}
    for repeat in range(asked.repeats + 1):
        for engine in ("own", "generate"):
            wall, cores, tokens = measure(model, engine, prompts, n, asked.new)
            row["tokens"] = tokens
            if repeat:  # the first is for warming up
                before = best.get(engine, (float("inf"), float("inf")))
                best[engine] = (min(before[0], wall), min(before[1], cores))
    for engine, (wall, cores) in best.items():
        row[f"{engine}_tok_s"], row[f"{engine}_tok_core_s"] = row["tokens"] / wall, row["tokens"] / cores
    return row


if __name__ == "__main__":
    main()
