"""Teachers: exact in process, aligned and looked at when served, kept on disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from journeyman.distill.model import LanguageModel, open_model
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.rollout.rollouts import Batch, pack
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.rollout.score import log_probs_of
from journeyman.distill.server import Server
from journeyman.distill.teacher.in_process import InProcess
from journeyman.distill.teacher.open import open_teacher
from journeyman.distill.teacher.served import Served
from journeyman.distill.teacher.signal import HiddenSignal, ServedSignal
from journeyman.distill.teacher.store import Stored
from journeyman.errors import ModelRejected, ModelUnavailable, ModelUnsuitable
from journeyman.testing.vllm import Faults, VllmServer

PROMPTS = [[1, 5, 6, 7], [1, 8], [1, 9, 10, 11, 12, 13, 4, 4]]


@pytest.fixture
def teacher(tiny: Callable[..., Path]) -> LanguageModel:
    """Another model than the student, of another width."""
    return open_model(tiny("teacher", seed=5, hidden=48, padded_to=48))


@pytest.fixture
def batch(tiny: Callable[..., Path]) -> Batch:
    """Rollouts of the student."""
    student = open_model(tiny("student"))
    return pack(sampler_for(student).sample(PROMPTS, 3, Sampling(max_tokens=25), seed=0), student.pad_id)


@pytest.fixture
def server(teacher: LanguageModel) -> Iterator[VllmServer]:
    """Serves the teacher."""
    with VllmServer(teacher) as running:
        yield running


@torch.no_grad()
def exact(teacher: LanguageModel, batch: Batch) -> torch.Tensor:
    """Log-probabilities [N, V] by transformers' own forward of each row by itself, unpadded."""
    found = []
    for row, length in enumerate(batch.mask.sum(1).tolist()):
        logits = teacher.model(input_ids=batch.ids[row : row + 1, :length]).logits[0, :, : len(teacher.tokenizer)]
        begin = length - int(batch.lengths[row])
        found.append(torch.log_softmax(logits[begin - 1 : length - 1], -1))
    return torch.cat(found)


def test_a_teacher_in_process_is_exact_without_gradient(teacher: LanguageModel, batch: Batch) -> None:
    teacher.model.train().requires_grad_(True)
    found = InProcess(teacher).signal(batch)
    assert not found.hidden.requires_grad
    assert teacher.model.training
    with torch.no_grad():
        logp = torch.log_softmax(found.head.logits(found.hidden), -1)
    torch.testing.assert_close(logp, exact(teacher, batch), atol=1e-5, rtol=1e-5)


def test_passes_of_a_few_rows_give_the_same_states(teacher: LanguageModel, batch: Batch) -> None:
    widths: list[tuple[int, int]] = []
    teacher.model.model.embed_tokens.register_forward_hook(lambda m, i, o: widths.append(tuple(i[0].shape)))
    whole = InProcess(teacher).signal(batch).hidden
    assert len(widths) == 1
    widths.clear()
    parts = InProcess(teacher, tokens=60).signal(batch).hidden
    assert len(widths) > 3
    assert all(rows == 1 or rows * width <= 60 for rows, width in widths)
    torch.testing.assert_close(parts, whole, atol=1e-5, rtol=1e-5)


def test_rows_of_a_batch_are_selected_with_their_tokens(teacher: LanguageModel, batch: Batch) -> None:
    some = batch.select([4, 1])
    assert some.ids[some.rows, some.columns + 1].tolist() == some.tokens.tolist()
    logp = log_probs_of(teacher, batch).split(batch.lengths.tolist())
    torch.testing.assert_close(log_probs_of(teacher, some), torch.cat([logp[4], logp[1]]), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("k", [0, 1, 5])
def test_a_served_teacher_scores_the_same_tokens(
    teacher: LanguageModel, batch: Batch, server: VllmServer, k: int
) -> None:
    found = open_teacher(server.url, k=k).signal(batch)
    assert isinstance(found, ServedSignal)
    logp = exact(teacher, batch)
    torch.testing.assert_close(found.logq_token, logp.gather(1, batch.tokens[:, None]).squeeze(1), atol=1e-5, rtol=0)
    assert found.temperature == 1.0
    if k == 0:
        assert found.ids is None
        return
    values, ids = logp.topk(k)
    torch.testing.assert_close(found.logq, values, atol=1e-5, rtol=0)
    assert torch.equal(found.ids, ids)


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (Faults(dropped=True), "without prompt_logprobs, so there is no signal"),
        (Faults(zeros=True), "are exactly 0, .* filled up with zeros"),
        (Faults(constant=-3.5), r"are -3\.5000: that is a constant, not a teacher"),
        (Faults(constant=-9999.0), "the probability 0"),
    ],
)
def test_answers_that_are_no_scores_are_explained(server: VllmServer, batch: Batch, faults: Faults, said: str) -> None:
    served = Served(server.url, k=0)
    server.faults = faults
    with pytest.raises(ModelUnsuitable, match=said):
        served.signal(batch)


class Answers(Server):
    """A server whose replies pass through a function first."""

    def __init__(self, url: str, change: Callable[[list[object]], list[object]]) -> None:
        super().__init__(url)
        self.change = change

    def post(self, path: str, body: dict[str, object]) -> dict[str, object]:
        """As the server says, changed."""
        reply = super().post(path, body)
        reply["choices"][0]["prompt_logprobs"] = self.change(reply["choices"][0]["prompt_logprobs"])
        return reply


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda listed: listed[1:], "scores 9 positions of 10 tokens, .*not aligned"),
        (lambda listed: [*listed[1:], None], "the first one included"),
        (lambda listed: [None, *listed[:0:-1]], "does not score token"),
        (lambda listed: [None, *({"5": {"logprob": -1.0}} for _ in listed[1:])], "its answer is about other tokens"),
    ],
)
def test_answers_that_are_not_aligned_are_explained(
    server: VllmServer, change: Callable[[list[object]], list[object]], said: str
) -> None:
    served = Served(server.url, k=0, server=Answers(server.url, change))
    with pytest.raises(ModelUnsuitable, match=said):
        served.score([1, 5, 6, 7, 8, 9, 10, 11, 12, 13])


def test_a_shift_by_one_shows_against_the_servers_own_samples(server: VllmServer) -> None:
    served = Served(server.url)
    apart, tokens = served.self_agreement(PROMPTS[0])
    assert tokens > 3
    assert apart < 1e-5
    server.faults = Faults(shifted=True)
    assert served.self_agreement(PROMPTS[0])[0] > 1.0


def test_more_tokens_than_the_server_tells_are_refused_with_the_way_out(server: VllmServer, batch: Batch) -> None:
    with pytest.raises(ModelRejected, match=r"prompt logprobs of 25, .* max allowed: 20.*--max-logprobs"):
        Served(server.url, k=25).signal(batch)


def test_opening_compares_vocabularies(tiny: Callable[..., Path], teacher: LanguageModel) -> None:
    student = open_model(tiny("student"))
    assert isinstance(open_teacher(teacher, student=student), InProcess)
    other = open_model(tiny("student"))
    other.tokenizer.add_tokens(["wherefore"])
    with pytest.raises(ModelUnsuitable, match=r"'wherefore' \(33 / absent\)"):
        open_teacher(teacher, student=other)
    with pytest.raises(ModelUnavailable):
        Served("http://127.0.0.1:9/v1", server=Server("http://127.0.0.1:9/v1", attempts=1))


@pytest.mark.parametrize("kind", ["in process", "served"])
def test_stored_scores_are_not_asked_for_again(
    tmp_path: Path, teacher: LanguageModel, server: VllmServer, batch: Batch, kind: str
) -> None:
    def opened() -> Stored:
        found = open_teacher(teacher if kind == "in process" else server.url, k=3, store=tmp_path / "scores")
        assert isinstance(found, Stored)
        return found

    first = opened()
    part = first.signal(batch.select([0, 2]))
    assert (first.asked, first.known) == (2, 0)
    again = opened()
    whole = again.signal(batch)
    assert (again.asked, again.known) == (7, 2)
    lengths = batch.lengths.tolist()
    if isinstance(whole, HiddenSignal):
        assert isinstance(part, HiddenSignal)
        rows = whole.hidden.split(lengths)
        assert torch.equal(torch.cat([rows[0], rows[2]]), part.hidden)
        torch.testing.assert_close(whole.hidden, InProcess(teacher).signal(batch).hidden, atol=1e-5, rtol=1e-5)
    else:
        assert isinstance(part, ServedSignal)
        logq = whole.logq_token.split(lengths)
        assert torch.equal(torch.cat([logq[0], logq[2]]), part.logq_token)
        assert whole.ids.shape == whole.logq.shape == (sum(lengths), 3)


def test_scores_of_other_weights_are_others(tmp_path: Path, tiny: Callable[..., Path], batch: Batch) -> None:
    one = Stored(InProcess(open_model(tiny("teacher", seed=5, hidden=48, padded_to=48))), tmp_path)
    one.signal(batch)
    changed = open_model(tiny("teacher", seed=5, hidden=48, padded_to=48))
    with torch.no_grad():
        changed.model.model.norm.weight += 0.1
    other = Stored(InProcess(changed), tmp_path)
    other.signal(batch)
    assert (other.asked, other.known) == (9, 0)


def test_a_damaged_file_is_scored_again(tmp_path: Path, teacher: LanguageModel, batch: Batch) -> None:
    Stored(InProcess(teacher), tmp_path).signal(batch)
    damaged = sorted(tmp_path.rglob("*.safetensors"))[0]
    damaged.write_bytes(damaged.read_bytes()[:30])
    again = Stored(InProcess(teacher), tmp_path)
    again.signal(batch)
    assert (again.asked, again.known) == (1, 8)
    assert damaged.stat().st_size > 100


WRITER = """
import sys, torch
from journeyman.distill.teacher.store import Stored
store = Stored.__new__(Stored)
from pathlib import Path
store.folder = Path(sys.argv[1])
print("ready", flush=True)
for number in range(10**6):
    store._write(f"{number:064x}", {"logq_token": torch.full((50_000,), float(number))})
"""


def test_a_kill_leaves_whole_scores_only(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    deadline = time.monotonic() + 30
    while len(list(tmp_path.rglob("*.safetensors"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    reader = Stored.__new__(Stored)
    reader.folder = tmp_path
    names = sorted(path.parent.name + path.stem for path in tmp_path.rglob("*.safetensors") if path.name[0] != ".")
    assert len(names) >= 5
    for name in names:
        found = reader._read(name)
        assert found is not None
        assert torch.equal(found["logq_token"], torch.full((50_000,), float(int(name, 16))))
