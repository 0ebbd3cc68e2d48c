"""The flat view of rollouts: which hidden state predicts which token."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.model import open_model
from journeyman.distill.rollout.rollouts import Rollouts, pack
from journeyman.errors import ModelNotFound, UsageError


def two_responses() -> Rollouts:
    return Rollouts(
        prompts=[[1, 5, 6], [1, 7]],
        prompt_of=torch.tensor([0, 1]),
        ids=torch.tensor([[8, 9, 2, 0], [10, 11, 12, 13]]),
        lengths=torch.tensor([3, 4]),
        finished=torch.tensor([True, False]),
    )


def test_packing_names_the_state_before_each_token() -> None:
    batch = pack(two_responses(), pad_id=0)
    assert batch.ids.tolist() == [[1, 5, 6, 8, 9, 2], [1, 7, 10, 11, 12, 13]]
    assert batch.tokens.tolist() == [8, 9, 2, 10, 11, 12, 13]
    assert batch.ids[batch.rows, batch.columns + 1].tolist() == batch.tokens.tolist()
    assert batch.columns.tolist() == [2, 3, 4, 1, 2, 3, 4]
    assert batch.positions.tolist() == [0, 1, 2, 0, 1, 2, 3]


def test_packed_rows_are_a_selection() -> None:
    batch = pack(two_responses(), pad_id=0, rows=[1])
    assert batch.ids.tolist() == [[1, 7, 10, 11, 12, 13]]
    assert batch.tokens.tolist() == [10, 11, 12, 13]


def test_hidden_states_and_head_give_the_models_own_logits(tiny: Callable[..., Path]) -> None:
    opened = open_model(tiny("one", padded_to=64))
    batch = pack(two_responses(), opened.pad_id)
    ours = opened.head().logits(opened.hidden(batch.ids, batch.mask))
    theirs = opened.model(input_ids=batch.ids, attention_mask=batch.mask).logits
    assert ours.shape[-1] == len(opened.tokenizer) < theirs.shape[-1] == 64
    torch.testing.assert_close(ours, theirs[..., : ours.shape[-1]])
    ids = torch.tensor([3, 1, 4]).expand(*ours.shape[:-1], 3)
    gathered = opened.head().logits(opened.hidden(batch.ids, batch.mask), ids)
    torch.testing.assert_close(gathered, ours.gather(-1, ids))


def test_a_folder_without_a_model_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="holds no model"):
        open_model(tmp_path)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"k": 0}, "at least 1 token"),
        ({"temperature": 0.0}, "positive"),
        ({"form": "exact"}, "use one of"),
        ({"form": "full", "strategy": "teacher"}, "no token set"),
        ({"variant": "eq5", "weight": "teacher"}, "weight 'teacher'"),
        ({"variant": "eq5", "renormalise": False}, "raw weights"),
        ({"tail": True}, "nothing is rescaled"),
        ({"beta": 1.0}, "between 0 and 1"),
    ],
)
def test_a_loss_without_meaning_is_refused_with_its_reason(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        LossSpec(**wrong)  # type: ignore[arg-type]
