"""Sampling on a vLLM server over HTTP: token ids go there, token ids and log-probabilities come back.

    sampler = Served("http://127.0.0.1:8000/v1#student", student)
    rollouts = sampler.sample(prompts, n=4, sampling=Sampling(), seed=0)
    sampler.refresh("runs/distill-1/checkpoints/step-20", step=20)

The server has weights of its own. They are the student's of some step: `refresh` gives it new ones from a folder that it
can read, and each `Rollouts` names that step (`weights_step`), so that rollouts which are too old can be told.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from journeyman.distill.model import LanguageModel, save
from journeyman.distill.rollout.draw import mixed
from journeyman.distill.rollout.lengths import cut, rooms
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.server import NEUTRAL, Server
from journeyman.errors import ModelRejected, ModelUnavailable, ModelUnsuitable

LogprobsMode = Literal["raw", "processed"]


class Served:
    """A `Sampler` on a vLLM server (0.10.2 or newer, for token ids in replies).

    A seed goes with every request, one for each prompt. vLLM repeats itself exactly only where it was told to
    (VLLM_BATCH_INVARIANT=1); else equal seeds give nearly equal rollouts.

    Args:
        url: "http://host:port/v1#name".
        model: the student, for its context, its end-of-sequence tokens and its padding; its weights are not used.
        logprobs_mode: what the server's --logprobs-mode is: "raw" (vLLM's default), before temperature, or "processed",
            after temperature and cuts. Rollouts have log-probabilities where these are the ones meant by `Rollouts.logp`
            (raw: temperature 1; processed: nothing cut off), else None.
        server: in place of one made from `url`, for other patience.
    """

    def __init__(
        self, url: str, model: LanguageModel, *, logprobs_mode: LogprobsMode = "raw", server: Server | None = None
    ) -> None:
        self.server = server or Server(url)
        self.model = model
        self.logprobs_mode = logprobs_mode
        self.step = -1
        self._adapter = ""
        self._published: Path | None = None

    def sample(self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int) -> Rollouts:
        """See `Sampler.sample`. Raises also ModelRejected, with the server's words.

        ModelUnsuitable: the server ended a response with a token that ends none of the student's, or sends no token ids.
        """
        room = rooms(prompts, n, sampling, self.model)
        greedy = sampling.temperature == 0
        body = {
            **NEUTRAL,
            "model": self._adapter or self.server.model,
            "n": 1 if greedy else n,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k or -1,
            "stop_token_ids": list(self.model.eos_ids),
            "logprobs": 1,
            "return_token_ids": True,
            "skip_special_tokens": False,
        }

        def ask(at: int) -> list[tuple[list[int], list[float]]]:
            own = {"prompt": list(prompts[at]), "max_tokens": room[at], "seed": mixed(seed, at)}
            choices = self.server.post("/v1/completions", {**body, **own}).get("choices", [])
            if len(choices) != body["n"]:
                raise ModelUnavailable(f"{self.server.root} sent {len(choices)} of {body['n']} responses asked for")
            read = [self._read(choice, room[at]) for choice in choices]
            return read * n if greedy else read

        rows = [row for found in self.server.each(ask, range(len(prompts))) for row in found]
        longest = max(len(ids) for ids, _ in rows)
        ids = torch.full((len(rows), longest), self.model.pad_id, dtype=torch.int64)
        logp = torch.zeros((len(rows), longest))
        for row, (tokens, values) in enumerate(rows):
            ids[row, : len(tokens)] = torch.tensor(tokens)
            logp[row, : len(values)] = torch.tensor(values)
        asked = list(room)
        rollouts = cut(prompts, n, ids.to(self.model.device), logp.to(self.model.device), asked, self.model)
        return Rollouts(
            rollouts.prompts, rollouts.prompt_of, rollouts.ids, rollouts.lengths, rollouts.finished,
            rollouts.logp if self._meant(sampling) else None, self.step,
        )  # fmt: skip

    def refresh(self, folder: str | Path, step: int) -> None:
        """Give the server the weights in `folder`, which it must see under the same path; rollouts are of `step` then.

        An adapter folder is loaded under a name of its own, and the one before it is dropped: needs --enable-lora and
        VLLM_ALLOW_RUNTIME_LORA_UPDATING=1. A whole model replaces the server's in place: needs VLLM_SERVER_DEV_MODE=1,
        and all requests of others end up on the new weights, too.

        Raises:
            ModelUnavailable, ModelRejected: the server did not take it; rollouts stay those of the step before.
        """
        path = Path(folder).resolve()
        if (path / "adapter_config.json").is_file():
            name = f"step-{step}"
            self._asked("/v1/load_lora_adapter", {"lora_name": name, "lora_path": str(path)},
                        "start it with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=1")  # fmt: skip
            before, self._adapter = self._adapter, name
            if before and before != name:
                self.server.post("/v1/unload_lora_adapter", {"lora_name": before})
        else:
            remedy = "start it with VLLM_SERVER_DEV_MODE=1"
            reload = {"method": "reload_weights", "kwargs": {"weights_path": str(path)}}
            self._asked("/collective_rpc", reload, remedy)
            self._asked("/reset_prefix_cache", {}, remedy)
        self.step = step

    def publish(self, folder: str | Path, step: int) -> None:
        """Write the student's weights of now to a folder of this step inside of `folder`, `refresh` with it, drop the last.

        What a trainer does before it samples step after step: without it rollouts come from weights that grow old.
        """
        before, self._published = self._published, save(self.model, Path(folder) / f"step-{step}")
        self.refresh(self._published, step)
        if before is not None and before != self._published:
            shutil.rmtree(before, ignore_errors=True)

    def _asked(self, path: str, body: dict[str, Any], remedy: str) -> None:
        try:
            self.server.post(path, body)
        except ModelRejected as error:
            raise ModelRejected(f"the server does not take new weights: {error}; {remedy}") from error

    def _meant(self, sampling: Sampling) -> bool:
        """Whether the server's log-probabilities are those after temperature and before any cut."""
        if sampling.temperature == 0:
            return self.logprobs_mode == "raw"
        if self.logprobs_mode == "raw":
            return sampling.temperature == 1
        return sampling.top_p == 1 and sampling.top_k == 0

    def _read(self, choice: dict[str, Any], room: int) -> tuple[list[int], list[float]]:
        ids = choice.get("token_ids")
        if not ids:
            raise ModelUnsuitable(f"{self.server.root} sends no token ids; it must be vLLM 0.10.2 or newer")
        values = (choice.get("logprobs") or {}).get("token_logprobs") or []
        if len(values) != len(ids) or None in values:
            raise ModelUnsuitable(f"{self.server.root} sends {len(values)} log-probabilities for {len(ids)} tokens")
        ended = ids[-1] in self.model.eos_ids
        if not ended and len(ids) < room:
            raise ModelUnsuitable(
                f"{self.server.root} ended a response after {len(ids)} of {room} tokens with token {ids[-1]} "
                f"(finish_reason {choice.get('finish_reason')!r}), which does not end one for '{self.model.name}' "
                f"(it ends with {', '.join(map(str, self.model.eos_ids))}); the two need one generation_config and context"
            )
        return [int(i) for i in ids], [float(v) for v in values]
