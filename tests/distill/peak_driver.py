"""Trains a step of a model of some millions of parameters, with gradient checkpointing and without; prints for each the
peak of memory beside its prediction, in GB, as a JSON list.

    python peak_driver.py FOLDER '{"layers": 8, "hidden": 256, "vocabulary": 8192}'
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from small_run import prompts_file

from journeyman.distill.forecast import forecast
from journeyman.distill.train import train
from journeyman.distill.train_spec import TrainSpec, changed


def status_gb(name: str) -> float:
    """A line of /proc/self/status, in 1e9 bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(name + ":")).split()[1]) * 1024 / 1e9


def save_model(folder: Path, given: dict[str, int]) -> Path:
    """A Qwen3-shaped model with random weights that nearly never ends a response: each word is about as likely."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    words = ["<pad>", "</s>", "<unk>", "0", "1", "2", "3", "4", "+"]
    words += [f"w{n}" for n in range(given["vocabulary"] - len(words))]
    plain = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=plain, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    width = given["hidden"]
    config = Qwen3Config(
        vocab_size=len(words), hidden_size=width, intermediate_size=3 * width, num_hidden_layers=given["layers"],
        num_attention_heads=width // 32, num_key_value_heads=width // 64, head_dim=32, max_position_embeddings=512,
        tie_word_embeddings=False, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    torch.manual_seed(0)
    Qwen3ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def main(folder: Path, given: dict[str, int]) -> None:
    """What the module says."""
    torch.set_num_threads(1)
    model = save_model(folder / "model", given)
    spec = changed(
        TrainSpec(str(model), str(model), str(prompts_file(folder))),
        {
            "sampling.max_tokens": 120, "max_prompt_tokens": 32, "prompts_per_step": 4, "rollouts_per_prompt": 4, "steps": 1,
            "tokens_per_micro_batch": 3072, "loss_chunk": 128, "grader": "", "template": "raw", "device": "cpu",
            "save_every": 0, "metric_share": 0.1, "lr": 1e-5,
        },
    )  # fmt: skip
    train(changed(spec, {"sampling.max_tokens": 2, "prompts_per_step": 1}), folder=folder / "warm")
    before = status_gb("VmRSS")
    found = []
    # The smaller one first: memory that a process has had once may stay its own.
    for checkpointing in (True, False):
        one = changed(spec, {"gradient_checkpointing": checkpointing})
        Path("/proc/self/clear_refs").write_text("5")
        peaks: list[float] = []
        train(one, folder=folder / f"run-{checkpointing}", on_step=lambda progress, to=peaks: to.append(status_gb("VmHWM")))
        told = forecast(one, tokens_per_s=1)
        found.append({"measured_gb": peaks[-1] - before, "predicted_gb": told.peak_gb, **told.memory_gb})
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
