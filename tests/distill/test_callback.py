"""Our metrics inside another trainer: the plain function against a full check, the callback in a real Trainer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from journeyman.distill.callback import DistillCallback, log_metrics
from journeyman.distill.check.commands import Names
from journeyman.distill.check.pair import observe
from journeyman.distill.check.thresholds import Thresholds
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.model import LanguageModel, open_model
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.rollout.rollouts import pack
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.teacher.in_process import InProcess
from journeyman.distill.watch import Watch
from journeyman.errors import UsageError

Tiny = Callable[..., Path]
PROMPTS = [Prompt((("user", text),), text) for text in ("1 + 2", "3 - 1", "4 * 5")]


@pytest.fixture(scope="module")
def two(tiny: Tiny) -> tuple[LanguageModel, LanguageModel]:
    return open_model(tiny("callback", seed=0, padded_to=64)), open_model(tiny("callback", seed=1, padded_to=48))


@pytest.mark.parametrize("shifted", [False, True])
def test_logits_and_mask_of_any_trainer_give_the_metrics_of_a_check(
    two: tuple[LanguageModel, LanguageModel], shifted: bool
) -> None:
    student, teacher = two
    prompts = [[1, 5, 6, 7], [1, 8]]
    rollouts = sampler_for(student).sample(prompts, 2, Sampling(max_tokens=12), 0)
    batch = pack(rollouts, student.pad_id)
    logits = [model.model(input_ids=batch.ids, attention_mask=batch.mask).logits for model in two]
    # Columns beyond the tokenizer are padding: no probability, as a trainer that masks them has it.
    size = min(student.head().size, teacher.head().size)
    logits = [values[..., :size] for values in logits]
    mask = torch.zeros_like(batch.ids, dtype=torch.bool)
    mask[batch.rows, batch.columns + 1] = True
    if shifted:
        logits = [torch.cat([values[:, :1] * 0, values[:, :-1]], 1) for values in logits]
    found = log_metrics(logits[0], logits[1], batch.ids, mask, k_metric=4, shifted=shifted)
    wanted = observe(student, InProcess(teacher), rollouts, LossSpec(k=4), k_metric=4).metrics
    for name in ("divergence/full", "overlap/ratio", "entropy/student", "entropy/gap", "overlap/advantage"):
        assert found[name] == pytest.approx(wanted[name], abs=1e-5), name


def test_shapes_that_do_not_fit_are_refused() -> None:
    logits, tokens = torch.randn(2, 5, 9), torch.zeros(2, 5, dtype=torch.int64)
    with pytest.raises(UsageError, match="must be equal"):
        log_metrics(logits, logits[:, :4], tokens, torch.ones(2, 5))
    with pytest.raises(UsageError, match="no response token"):
        log_metrics(logits, logits, tokens, torch.zeros(2, 5))


class Rows(torch.utils.data.Dataset[dict[str, Any]]):
    """A few token sequences to fine-tune on."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, at: int) -> dict[str, Any]:
        ids = torch.tensor([1, 5 + at, 6, 7, 8, 2])
        return {"input_ids": ids, "labels": ids, "attention_mask": torch.ones_like(ids)}


def trained(
    tiny: Tiny, folder: Path, callback: DistillCallback, steps: int, *, attached: bool = False, report_to: str = "none"
) -> Any:
    student = open_model(tiny("callback", seed=0, padded_to=64), trainable=True)
    arguments = transformers.TrainingArguments(
        output_dir=str(folder), max_steps=steps, per_device_train_batch_size=2, learning_rate=1e-3, logging_steps=1,
        report_to=report_to, save_strategy="no", use_cpu=True, disable_tqdm=True, dataloader_pin_memory=False, seed=0,
    )  # fmt: skip
    trainer = transformers.Trainer(
        model=student.model, args=arguments, train_dataset=Rows(), processing_class=student.tokenizer,
        callbacks=[] if attached else [callback],
    )  # fmt: skip
    if attached:
        assert callback.attach(trainer).attach(trainer) is callback
    trainer.train()
    return trainer


def test_a_real_trainer_logs_the_pair_and_trains_as_without(
    two: tuple[LanguageModel, LanguageModel], tiny: Tiny, tmp_path: Path
) -> None:
    callback = DistillCallback(two[1], PROMPTS, every=2, sampling=Sampling(max_tokens=8))
    trainer = trained(tiny, tmp_path / "a", callback, 4)
    logged = [row for row in trainer.state.log_history if "overlap/ratio" in row]
    assert [row["step"] for row in logged] == [2, 4]
    assert len(callback.course["divergence/full"]) == len(callback.course["loss"]) == 2
    assert callback.course["divergence/full"][0] != callback.course["divergence/full"][1]
    assert trainer.model.training
    plain = trained(tiny, tmp_path / "b", DistillCallback(two[1], PROMPTS, every=100), 4)
    for ours, theirs in zip(trainer.model.parameters(), plain.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_attached_it_logs_where_the_trainer_logs(
    two: tuple[LanguageModel, LanguageModel], tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "board"))
    callback = DistillCallback(two[1], PROMPTS, every=2, sampling=Sampling(max_tokens=8))
    trainer = trained(tiny, tmp_path, callback, 4, attached=True, report_to="tensorboard")
    history = trainer.state.log_history
    assert [row["step"] for row in history if "overlap/ratio" in row] == [2, 4]
    assert [row["step"] for row in history if "loss" in row] == [1, 2, 3, 4], "the trainer logs as before"
    board = EventAccumulator(str(tmp_path / "board"))
    board.Reload()
    shown = board.Scalars("train/overlap/ratio")
    assert [point.step for point in shown] == [2, 4]
    assert [point.value for point in shown] == pytest.approx(callback.course["overlap/ratio"])


def test_a_watch_that_stops_ends_the_trainer(two: tuple[LanguageModel, LanguageModel], tiny: Tiny, tmp_path: Path) -> None:
    told: list[str] = []
    eager = Thresholds(course_steps=2, quiet=1e9, mass_fall=1e9, divergence_growth=1e9, overlap_fall=1e9)
    watch = Watch("stop", Names("s", "t", "p"), eager, told.append)
    callback = DistillCallback(two[1], PROMPTS, every=1, sampling=Sampling(max_tokens=8), watch=watch)
    trainer = trained(tiny, tmp_path, callback, 12)
    assert trainer.state.global_step == 4
    assert callback.verdicts[0][1].name == "no_new_capability"
    assert "learn from this teacher" in told[0]


def test_a_trainer_without_a_tokenizer_is_told_so(two: tuple[LanguageModel, LanguageModel]) -> None:
    with pytest.raises(UsageError, match="pass tokenizer"):
        DistillCallback(two[1], PROMPTS).look(two[0].model)
    with pytest.raises(UsageError, match="every 1 step"):
        DistillCallback(two[1], PROMPTS, every=0)
