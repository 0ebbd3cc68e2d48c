"""Rollouts of other trainers: files in exactly the forms that verl, TRL and prime-rl write."""

from __future__ import annotations

import copy
import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import torch

from journeyman.distill.check.pair import observe
from journeyman.distill.diagnose import diagnose
from journeyman.distill.foreign.layout import frame_of, lay_out
from journeyman.distill.foreign.read import read_foreign
from journeyman.distill.foreign.record import Record
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.model import LanguageModel, open_model, save
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.teacher.in_process import InProcess
from journeyman.errors import DataInvalid, UsageError


def verl_line(step: int, **more: Any) -> str:
    row = {"input": "user 1 + 2 assistant", "output": "so 3", "gts": "3", "score": 1.0, "step": step, **more}
    return json.dumps(row, ensure_ascii=False)


def prime_line(step: int = 3, **more: Any) -> str:
    row = {
        "schema_version": 1, "step": step, "export_step": step, "rank": 0, "micro_step": 0, "micro_sequence_idx": 0,
        "export_sequence_idx": 0, "run_id": None, "env_name": "sums",
        "token_ids": [1, 5, 6, 7, 8, 2], "position_ids": [0, 1, 2, 3, 4, 5],
        "loss_mask": [False, False, False, True, True, True], "advantages": [0.0, 0.0, 0.0, 0.1, 0.1, 0.1],
        "losses": [{}, {}, {}, {}, {}, {}], "rewards": [0.0, 0.0, 0.0, 1.0, 1.0, 1.0],
        "inference_logprobs": [0.0, 0.0, 0.0, -0.5, -0.25, -0.125],
        "trainer_logprobs": [0.0, -2.0, -2.0, -0.4, -0.25, -0.125], "entropy": [0.1] * 6, "mismatch_kl": [0.0] * 6,
        "log_importance_ratio": [None] * 6, "importance_ratio": [None] * 6, "prob_delta": [None] * 6,
        "is_masked": [None] * 6, "is_masked_high": [None] * 6, "is_masked_low": [None] * 6, **more,
    }  # fmt: skip
    return json.dumps(row, separators=(",", ":"), allow_nan=False)


def prime_step(root: Path, step: int, *, stable: bool = True, **more: Any) -> None:
    folder = root / "token_exports" / f"step_{step}"
    folder.mkdir(parents=True)
    (folder / "rank_0.jsonl").write_text(prime_line(step, **more) + "\n")
    if stable:
        (folder / "STABLE").touch()


def trl_table(root: Path, step: int, columns: dict[str, list[Any]]) -> None:
    folder = root / "completions"
    folder.mkdir(exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / f"completions_{step:05d}.parquet")


def test_verl_writes_one_file_a_step_and_ten_comes_after_nine(tmp_path: Path) -> None:
    for step in (10, 9):
        (tmp_path / f"{step}.jsonl").write_text(verl_line(step) + "\n" + verl_line(step, score=0.0) + "\n")
    found = read_foreign(tmp_path)
    assert found.source == "verl"
    assert found.steps() == [9, 10]
    assert [record.step for record in found.records] == [9, 9, 10, 10]
    assert [record.correct for record in found.at(9)] == [True, False]
    assert found.records[0].answer == "3"
    assert found.records[0].logp is None
    assert "special tokens" in found.notes[0]


def test_a_reward_that_punishes_says_by_acc_what_was_right(tmp_path: Path) -> None:
    lines = [verl_line(1, score=-1.0), verl_line(1, score=-0.2, acc=True), verl_line(1, score=0.5, acc=0.0)]
    (tmp_path / "1.jsonl").write_text("\n".join(lines) + "\n")
    assert [record.correct for record in read_foreign(tmp_path).records] == [False, True, False]


def test_older_verl_has_no_right_answers(tmp_path: Path) -> None:
    row = json.loads(verl_line(4))
    del row["gts"]
    (tmp_path / "4.jsonl").write_text(json.dumps(row) + "\n")
    assert read_foreign(tmp_path / "4.jsonl").records[0].answer is None


def test_trl_writes_a_table_a_step(tmp_path: Path) -> None:
    for step in (5, 10):
        trl_table(tmp_path, step, {"step": [step] * 2, "prompt": ["1 + 2", "3"], "completion": ["so 3", "we get 3"]})
    found = read_foreign(tmp_path)
    assert found.source == "trl"
    assert found.steps() == [5, 10]
    assert [record.response for record in found.at(5)] == ["so 3", "we get 3"]
    assert found.records[0].correct is None


def test_trl_reward_trainers_add_columns_and_chats(tmp_path: Path) -> None:
    chat = [[{"role": "user", "content": "1 + 2"}]] * 2
    said = [[{"role": "assistant", "content": "3"}], [{"role": "assistant", "content": "4"}]]
    columns = {"step": [1, 1], "prompt": chat, "completion": said, "accuracy_reward": [1.0, 0.0], "advantage": [0.7, -0.7]}
    trl_table(tmp_path, 1, columns)
    found = read_foreign(tmp_path)
    assert [record.correct for record in found.records] == [True, False]
    assert found.records[0].prompt == "1 + 2"
    assert found.records[1].response == "4"


def test_the_same_table_as_logged_to_wandb(tmp_path: Path) -> None:
    table = {"columns": ["step", "prompt", "completion"], "data": [[7, "1 + 2", "so 3"]]}
    (tmp_path / "completions_7_abc.table.json").write_text(json.dumps(table))
    found = read_foreign(tmp_path)
    assert found.source == "trl"
    assert found.steps() == [7]
    assert found.records[0].response == "so 3"


def test_prime_rl_exports_tokens_and_both_log_probabilities(tmp_path: Path) -> None:
    prime_step(tmp_path, 3)
    prime_step(tmp_path, 4, stable=False)
    found = read_foreign(tmp_path)
    assert found.source == "prime-rl"
    assert found.steps() == [3]
    (record,) = found.records
    assert record.prompt_ids == (1, 5, 6)
    assert record.response_ids == (7, 8, 2)
    assert record.logp == (-0.5, -0.25, -0.125)
    assert record.scored == (-0.4, -0.25, -0.125)
    assert record.correct is True
    assert "1 files of unfinished steps" in found.notes[0]


def test_prime_rl_of_several_turns_is_read_to_the_end_of_the_first(tmp_path: Path) -> None:
    prime_step(tmp_path, 1, loss_mask=[False, True, True, False, True, True])
    found = read_foreign(tmp_path)
    assert found.records[0].response_ids == (5, 6)
    assert "several trained stretches" in found.notes[0]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("1.jsonl", verl_line(1) + "\n" + verl_line(1)[:20], "1.jsonl, line 2: not JSON"),
        ("1.jsonl", verl_line(1, output=3), "line 1: field 'output' is int"),
        ("1.jsonl", verl_line(1, score="good"), "field 'score' is 'good'"),
        ("1.jsonl", '{"question": "1 + 2"}', "fields question are not those of verl, trl or prime-rl"),
        ("1.jsonl", "[1, 2]", "list, not an object"),
        ("1.jsonl", "", "is empty"),
        ("rank_0.jsonl", prime_line(schema_version=2), "schema_version is 2; version 1 is known"),
        ("rank_0.jsonl", prime_line(loss_mask=[False] * 6), "0 of them true"),
        ("rank_0.jsonl", prime_line(inference_logprobs=[0.0]), "'inference_logprobs' is shorter"),
    ],
)
def test_a_damaged_file_is_named_with_its_line_and_field(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataInvalid, match=said):
        read_foreign(tmp_path / name)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="does not exist"):
        read_foreign(tmp_path / "nothing")
    with pytest.raises(DataInvalid, match="holds no rollouts"):
        read_foreign(tmp_path)
    with pytest.raises(UsageError, match="use auto, verl, trl, prime-rl"):
        read_foreign(tmp_path, "slime")
    with pytest.raises(DataInvalid, match="no finished step"):
        read_foreign(tmp_path, "prime-rl")


def test_a_prompt_gets_back_the_special_tokens_that_its_dump_lost(tiny: Callable[..., Path]) -> None:
    model = open_model(tiny("layout"))
    frame = frame_of(model)
    assert frame is not None
    assert frame.shown_before == "user"
    assert frame.shown_after == "assistant"
    rendered = model.tokenizer.apply_chat_template(
        [{"role": "user", "content": "1 + 2"}], tokenize=False, add_generation_prompt=True
    )
    ids = model.tokenizer(rendered, add_special_tokens=False)["input_ids"]
    shown = model.tokenizer.decode(ids, skip_special_tokens=True)
    laid = lay_out([Record(1, prompt=shown, response="so 3"), Record(1, prompt=shown, response="we get 3")], model)
    assert list(laid.rollouts.prompts[0]) == list(ids)
    assert len(laid.rollouts.prompts) == 1
    assert laid.rollouts.lengths.tolist() == [3, 3]
    assert laid.rollouts.finished.tolist() == [True, False]
    assert laid.rollouts.response(0)[-1] in model.eos_ids
    assert "tokenized again" in laid.notes[0]
    assert len(laid.notes) == 1


def test_a_prompt_that_fits_no_template_is_read_raw_and_said_so(tiny: Callable[..., Path]) -> None:
    model = open_model(tiny("layout"))
    laid = lay_out([Record(1, prompt="1 + 2", response="so 3")], model)
    assert list(laid.rollouts.prompts[0]) == model.tokenizer("1 + 2")["input_ids"]
    assert "1 of 1 prompts do not fit" in laid.notes[1]


def test_exported_tokens_are_taken_as_they_are(tmp_path: Path, tiny: Callable[..., Path]) -> None:
    model = open_model(tiny("layout"))
    prime_step(tmp_path, 3)
    laid = lay_out(read_foreign(tmp_path).records, model)
    assert laid.rollouts.response(0) == [7, 8, 2]
    assert laid.rollouts.finished.tolist() == [True]
    assert laid.rollouts.logp.tolist() == [[-0.5, -0.25, -0.125]]
    assert laid.notes == ()


def test_nothing_that_fits_is_an_error(tiny: Callable[..., Path]) -> None:
    model = open_model(tiny("layout"))
    with pytest.raises(DataInvalid, match="none of 1 records"):
        lay_out([Record(1, prompt="1", response=" ".join(["so"] * 300))], model)


def towards(student: LanguageModel, teacher: LanguageModel, share: float, folder: Path) -> Path:
    """A checkpoint of a run that has come so far from student to teacher."""
    mixed = copy.deepcopy(student.model)
    with torch.no_grad():
        for weight, goal in zip(mixed.parameters(), teacher.model.parameters(), strict=True):
            weight.lerp_(goal, share)
    return save(replace(student, model=mixed), folder)


@pytest.mark.parametrize("layout", ["checkpoint-{}", "global_step_{}/actor/huggingface"])
def test_each_checkpoint_scores_the_rollouts_that_it_sampled(
    layout: str, tiny: Callable[..., Path], tmp_path: Path
) -> None:
    student, teacher = (open_model(tiny("layout", seed=seed)) for seed in (0, 1))
    saved = tmp_path / "checkpoints"
    wanted: list[float] = []
    for at, step in enumerate((0, 5, 10)):
        sampled = open_model(towards(student, teacher, 0.45 * at, saved / layout.format(step)))
        rollouts = sampler_for(sampled).sample([[1, 23, 5, 14, 6, 2, 1, 24]], 16, Sampling(max_tokens=8), step)
        wanted.append(observe(sampled, InProcess(teacher), rollouts, LossSpec(), k_metric=4).metrics["divergence/full"])
        for row in range(len(rollouts)):
            ids, logp = rollouts.response(row), rollouts.logp[row, : int(rollouts.lengths[row])].tolist()
            prompt = list(rollouts.prompts[0])
            blank = [0.0] * len(prompt)
            more = {
                "token_ids": prompt + ids, "position_ids": list(range(len(prompt) + len(ids))),
                "loss_mask": [False] * len(prompt) + [True] * len(ids), "inference_logprobs": blank + logp,
                "trainer_logprobs": blank + logp, "rewards": blank + [1.0] * len(ids),
            }  # fmt: skip
            folder = tmp_path / "token_exports" / f"step_{step + 1}"
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / "rank_0.jsonl").open("a") as file:
                file.write(prime_line(step + 1, **more) + "\n")
            (folder / "STABLE").touch()
    said: list[str] = []
    found = diagnose(tmp_path, saved, teacher, grader="exact", on_progress=said.append)
    assert found.steps == (1, 6, 11)
    assert [line.split(" with")[0] for line in said] == [f"scoring rollouts of step {step}" for step in (1, 6, 11)]
    assert found.figures.course["divergence/full"] == pytest.approx(wanted, rel=1e-4)
    assert wanted == sorted(wanted, reverse=True)
    assert all(finding.passed for finding in found.findings), "each was sampled by the model that scores it"
    # What repairs is asked of a folder that is a model, with the grader of this call.
    assert found.verdict.remedy == "" or shlex.quote(str(saved / layout.format(10))) in found.verdict.remedy


def test_a_student_that_is_no_folder_is_said_to_be_none(tmp_path: Path) -> None:
    prime_step(tmp_path, 3)
    with pytest.raises(DataInvalid, match="there is no folder"):
        diagnose(tmp_path, tmp_path / "nowhere")
