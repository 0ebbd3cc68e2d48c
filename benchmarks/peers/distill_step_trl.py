"""TRL's trainers on the pair that distill_step.py made. Usage: distill_step_trl.py FOLDER TRAINER STEPS THREADS"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

BATCH, TOKENS, WARM = 16, 64, 2


def main(folder: Path, trainer: str, steps: int, threads: int) -> dict:
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback

    torch.set_num_threads(threads)
    marks: list = []

    class Marks(TrainerCallback):
        def on_step_end(self, *args, **kwargs):
            marks.append((time.perf_counter(), time.process_time()))

    prompts = [json.loads(line) for line in (folder / "prompts.jsonl").read_text().splitlines()]
    student, teacher = (AutoModelForCausalLM.from_pretrained(folder / name, dtype=torch.float32) for name in ("student", "teacher"))
    tokenizer = AutoTokenizer.from_pretrained(folder / "student")
    with tempfile.TemporaryDirectory() as out:
        common = dict(
            output_dir=out, per_device_train_batch_size=BATCH, gradient_accumulation_steps=1, max_steps=steps + WARM,
            learning_rate=1e-4, lr_scheduler_type="constant", logging_steps=1, save_strategy="no", report_to="none",
            use_cpu=True, bf16=False, fp16=False, disable_tqdm=True, seed=0,
        )
        if trainer.endswith("-plain"):
            common["gradient_checkpointing"] = False
        if trainer.startswith("distillation"):
            from trl import DistillationConfig, DistillationTrainer

            made = DistillationTrainer(
                model=student, teacher_model=teacher,
                args=DistillationConfig(**common, max_completion_length=TOKENS, temperature=1.0, beta=1.0),
                train_dataset=Dataset.from_list([{"prompt": row["prompt"]} for row in prompts]),
                processing_class=tokenizer, callbacks=[Marks()],
            )
        else:
            from trl.experimental.gkd import GKDConfig, GKDTrainer

            turns = [
                {"messages": [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": row["answer"]}]}
                for row in prompts
            ]
            made = GKDTrainer(
                model=student, teacher_model=teacher,
                args=GKDConfig(**common, max_new_tokens=TOKENS, temperature=1.0, lmbda=1.0, beta=1.0, max_length=128),
                train_dataset=Dataset.from_list(turns), processing_class=tokenizer, callbacks=[Marks()],
            )
        made.train()
    later = marks[WARM - 1 :]
    names = ("wall_s", "core_s")
    return {n: statistics.median(b[i] - a[i] for a, b in zip(later, later[1:])) for i, n in enumerate(names)}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
