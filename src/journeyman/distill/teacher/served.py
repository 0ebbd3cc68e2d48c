"""A teacher on a vLLM server: it scores exact token ids through `prompt_logprobs`.

What it tells is the log-probability of each of the student's tokens, and its own k likeliest tokens at each position. It
cannot be asked about tokens that the student chose but did not sample, so the student's top-k is out of reach; which loss
is biased how is in docs/distill-engines.md. The numbers are at temperature 1, whatever is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from journeyman.distill.rollout.rollouts import Batch
from journeyman.distill.server import NEUTRAL, Server
from journeyman.distill.teacher.signal import ServedSignal
from journeyman.errors import ModelUnsuitable

_FEW = 32
_MASKED = -9000.0


class Served:
    """A `Teacher` behind HTTP. `name` is its address with the model's name.

    Args:
        url: "http://host:port/v1#name".
        k: its own likeliest tokens to ask for at each position; 0: only the student's token. A vLLM server allows 20
            unless it was started with a larger --max-logprobs.
        server: in place of one made from `url`, for other patience.

    Raises UsageError and ModelUnavailable where there is no such server or model.
    """

    def __init__(self, url: str, *, k: int = 20, server: Server | None = None) -> None:
        self.server = server or Server(url)
        self.k = k
        self.name = f"{self.server.root}/v1#{self.server.model}"

    @property
    def identity(self) -> str:
        """What stored scores are kept under: the address, since a server does not tell which weights it has."""
        return f"{self.name} k={self.k}"

    def signal(self, batch: Batch) -> ServedSignal:
        """log q of `batch.tokens` [N], and with k > 0 the teacher's own top k: ids and logq [N, k], likeliest first.

        Raises:
            ModelUnavailable, ModelRejected: no answer, or a refusal, in one sentence.
            ModelUnsuitable: an answer that is no score of these tokens: shifted, dropped, zero-filled or constant.
        """
        lengths = batch.mask.sum(dim=1).tolist()
        sequences = [batch.ids[row, :length].tolist() for row, length in enumerate(lengths)]
        scored = self.server.each(self.score, sequences)
        own, ids, values = [], [], []
        for row, (length, found) in enumerate(zip(lengths, scored, strict=True)):
            for entry in found[length - int(batch.lengths[row]) : length]:
                own.append(entry[0])
                ids.append(entry[1])
                values.append(entry[2])
        _look(own, self.name)
        device = batch.ids.device
        logq = torch.tensor(own, device=device)
        if not self.k:
            return ServedSignal(logq)
        return ServedSignal(logq, torch.tensor(ids, device=device), torch.tensor(values, device=device))

    def score(self, sequence: Sequence[int]) -> list[tuple[float, list[int], list[float]]]:
        """For each token of `sequence`: its log-probability given those before it, and the top k there with theirs.

        The first has none before it: its entry is (0.0, [], []) and means nothing.
        """
        body = {**NEUTRAL, "model": self.server.model, "prompt": list(sequence), "max_tokens": 1, "temperature": 0.0}
        reply = self.server.post("/v1/completions", {**body, "prompt_logprobs": self.k})
        choices = reply.get("choices") or [{}]
        listed = choices[0].get("prompt_logprobs")
        if not listed:
            raise ModelUnsuitable(
                f"{self.name} answers without prompt_logprobs, so there is no signal of the teacher: it must be vLLM, "
                "and nothing between it and us (a proxy, a gateway) may drop the field"
            )
        if len(listed) != len(sequence) or listed[0] is not None:
            raise ModelUnsuitable(
                f"{self.name} scores {len(listed)} positions of {len(sequence)} tokens, "
                f"{'' if listed[0] is None else 'the first one included, '}though the first has nothing before it: "
                "its scores are not aligned with the tokens"
            )
        found: list[tuple[float, list[int], list[float]]] = [(0.0, [], [])]
        for at in range(1, len(sequence)):
            found.append(self._entry(listed[at], int(sequence[at]), at))
        return found

    def self_agreement(self, prompt: Sequence[int], tokens: int = 16) -> tuple[float, int]:
        """How far the server's scores are from the log-probabilities it sampled with: (largest difference in nats, tokens).

        It continues `prompt` greedily and then scores its own tokens. Near 0 in a healthy server; large where scores are
        shifted by one, come from other weights, or pass a temperature.
        """
        body = {**NEUTRAL, "model": self.server.model, "temperature": 0.0, "max_tokens": tokens, "prompt": list(prompt)}
        reply = self.server.post("/v1/completions", {**body, "logprobs": 1, "return_token_ids": True})
        choice = (reply.get("choices") or [{}])[0]
        ids = choice.get("token_ids") or []
        sampled = (choice.get("logprobs") or {}).get("token_logprobs") or []
        if not ids or len(ids) != len(sampled):
            raise ModelUnsuitable(f"{self.name} sends no token ids; it must be vLLM 0.10.2 or newer")
        scored = self.score([*prompt, *ids])[len(prompt) :]
        return max(abs(entry[0] - value) for entry, value in zip(scored, sampled, strict=True)), len(ids)

    def _entry(self, listed: Any, token: int, at: int) -> tuple[float, list[int], list[float]]:
        if not isinstance(listed, dict) or str(token) not in listed:
            raise ModelUnsuitable(
                f"{self.name} does not score token {token} at position {at}: its answer is about other tokens; "
                "is it another tokenizer, or a server that tokenizes the prompt again?"
            )
        own = _logprob(listed[str(token)])
        if own <= _MASKED:
            raise ModelUnsuitable(
                f"{self.name} gives token {token} the probability 0: its vocabulary is masked or smaller than the student's"
            )
        if not self.k:
            return own, [], []
        ranked = sorted(((_logprob(value), -int(i)) for i, value in listed.items()), reverse=True)[: self.k]
        if len(ranked) < self.k:
            raise ModelUnsuitable(f"{self.name} names {len(ranked)} tokens at position {at}, asked for {self.k}")
        return own, [-i for _, i in ranked], [value for value, _ in ranked]


def _logprob(value: Any) -> float:
    return float(value["logprob"] if isinstance(value, dict) else value)


def _look(own: Sequence[float], name: str) -> None:
    """Real scores of different tokens are not all equal."""
    if len(own) < _FEW or max(own) != min(own):
        return
    if own[0] == 0.0:
        raise ModelUnsuitable(
            f"all {len(own)} scores of {name} are exactly 0, that is probability 1 for each of the student's tokens: "
            "the scores were lost on the way and filled up with zeros"
        )
    raise ModelUnsuitable(f"all {len(own)} scores of {name} are {own[0]:.4f}: that is a constant, not a teacher")
